// Reviews of a study: begun by a manager from a file of references, screened and extracted by the people who are signed in.
import { Button, FileInput, NativeSelect, Paper, Stack, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { currentToken, useMay, useSession } from '../session/session';
import { actOnReview, getReviews, type Row } from '../shared/api';
import { post } from '../shared/trial';
import { Empty, Failure, Loaded } from '../shared/states';
import { Extraction } from './Extraction';
import { Screening } from './Screening';

/** "Exercise for back pain" → "exercise-for-back-pain" */
export const idOf = (title: string) => title.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40).replace(/-+$/, '') || 'review';

function Begin({ done }: { done: (id: string) => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [title, setTitle] = useState('');
  const [ris, setRis] = useState<File | null>(null);
  const [form, setForm] = useState<File | null>(null);
  const begin = useMutation({
    mutationFn: async () => post<{ id: string }>('/api/reviews', { id: idOf(title), title, ris: await ris!.text(), ...(form ? { form: await form.text() } : {}) }),
    onSuccess: async ({ id }) => { await client.invalidateQueries({ queryKey: ['reviews'] }); done(id); },
  });
  const submit = (event: FormEvent) => { event.preventDefault(); if (title && ris) begin.mutate(); };
  return (
    <Paper p="lg" className="surface" component="section" aria-label={t('evidence.begin.title')} my="md">
      <Title order={2} fz="1.1rem" mb="sm">{t('evidence.begin.title')}</Title>
      <form onSubmit={submit}>
        <Stack gap="sm" maw={520}>
          <TextInput size="md" required label={t('evidence.begin.name')} value={title} onChange={(e) => setTitle(e.currentTarget.value)} />
          <FileInput size="md" required placeholder={t('evidence.begin.choose')} label={t('evidence.begin.ris')} description={t('evidence.begin.risText')} accept=".ris,.txt" value={ris} onChange={setRis} />
          <FileInput size="md" clearable placeholder={t('evidence.begin.choose')} label={t('evidence.begin.form')} description={t('evidence.begin.formText')} accept=".yaml,.yml" value={form} onChange={setForm} />
          {begin.isError && <Failure error={begin.error} />}
          <div><Button type="submit" size="md" disabled={!title || !ris} loading={begin.isPending}>{t('evidence.begin.go')}</Button></div>
        </Stack>
      </form>
    </Paper>
  );
}

export function StudyReview({ tab }: { tab: 'screening' | 'extraction' }) {
  const { t } = useTranslation();
  const may = useMay();
  const viewer = useSession().user?.name ?? '';
  const [chosen, setChosen] = useState('');
  const reviews = useQuery({ queryKey: ['reviews'], queryFn: getReviews });
  const list = reviews.data ?? [];
  const id = (list.find((r) => r.id === chosen) ?? list[0])?.id;
  const state = useQuery<Row>({ queryKey: ['review', id, viewer], queryFn: () => actOnReview(id!, viewer, {}, currentToken()), enabled: id !== undefined });
  return (
    <Loaded query={reviews}>
      {() => (
        <>
          {list.length > 1 && <NativeSelect size="md" mb="md" maw={520} label={t('evidence.begin.which')} value={id} onChange={(e) => setChosen(e.currentTarget.value)} data={list.map((r) => ({ value: r.id, label: r.title }))} />}
          {id === undefined && !may('review.set') && <Empty>{t('evidence.noReview')}</Empty>}
          {id !== undefined && <Loaded query={state}>{(data) => (tab === 'screening' ? <Screening id={id} viewer={viewer} state={data} /> : <Extraction id={id} viewer={viewer} state={data} />)}</Loaded>}
          {tab === 'screening' && may('review.set') && <Begin done={setChosen} />}
        </>
      )}
    </Loaded>
  );
}

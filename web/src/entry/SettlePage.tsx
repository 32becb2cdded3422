// Two people keyed the same paper: only what differs, side by side; a third looks at the paper and decides, with a reason.
import { Button, Group, Paper, Radio, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import type { Json, Row } from '../shared/api';
import { said } from '../shared/format';
import { Page } from '../shared/Page';
import { Empty, Failure, Loaded } from '../shared/states';
import { type FormDoc, get, type Item, part, post, type Words } from '../shared/trial';
import { formPath } from './useEntry';
import { codesOf, fieldOf, inWords, isEmpty, toSend } from './values';

interface Difference { item: string; label?: Words; first: Json; second: Json; first_missing?: string | null; second_missing?: string | null }
interface Differences { differences: Difference[]; items?: Item[]; form?: { label: Words; items: Item[] } }
type Choice = 'first' | 'second' | 'other' | '';

function Settle({ data, items, subject, visit, form }: { data: Differences; items: Item[]; subject: string; visit: string; form: string }) {
  const { t, i18n } = useTranslation('trial');
  const say = (w: Words) => said(w, i18n.language);
  const [, go] = useLocation();
  const client = useQueryClient();
  const [choice, setChoice] = useState<Record<string, Choice>>({});
  const [other, setOther] = useState<Record<string, string>>({});
  const [reason, setReason] = useState<Record<string, string>>({});
  const [tried, setTried] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const whole = (d: Difference) => (choice[d.item] ?? '') !== '' && (reason[d.item] ?? '').trim() !== '' && (choice[d.item] !== 'other' || !isEmpty(other[d.item]));
  const submit = async () => {
    setTried(true);
    if (!data.differences.every(whole)) return;
    setError(null);
    try {
      await post(`${formPath(subject, visit, form)}/settle`, {
        settle: data.differences.map((d) => {
          const item = items.find((i) => i.id === d.item);
          const settled: Row = { item: d.item, choice: choice[d.item] ?? '', reason: (reason[d.item] ?? '').trim() };
          if (choice[d.item] === 'other') settled.value = item ? toSend([fieldOf(item)], { [d.item]: other[d.item] ?? '' })[d.item] ?? null : other[d.item] ?? null;
          return settled;
        }),
      });
      void client.invalidateQueries({ predicate: (q) => ['person', 'people', 'today', 'form'].includes(String(q.queryKey[0])) });
      go(`/people/${part(subject)}#${visit}`);
    } catch (e) { setError(e); }
  };
  if (data.differences.length === 0) return <Empty>{t('settle.none')}</Empty>;
  return (
    <>
      {data.differences.map((d) => {
        const item = items.find((i) => i.id === d.item);
        const field = item ? fieldOf(item) : undefined;
        const bad = tried && !whole(d);
        const value = (v: Json, why?: string | null) => (isEmpty(v) && why ? t(`missing.${why}` as 'missing.not_done', { defaultValue: why }) : inWords(field, v, say));
        return (
          <Paper key={d.item} p="md" className="surface settle" mb="sm" data-settle={d.item} style={bad ? { borderColor: 'var(--lumbar-bad)' } : undefined}>
            <Radio.Group label={<strong>{say(d.label ?? field?.label ?? d.item)}</strong>} value={choice[d.item] ?? ''} onChange={(v) => setChoice({ ...choice, [d.item]: v as Choice })}>
              <div className="settle-choices">
                <Radio value="first" label={`${t('settle.first')}: ${value(d.first, d.first_missing)}`} />
                <Radio value="second" label={`${t('settle.second')}: ${value(d.second, d.second_missing)}`} />
                <Radio value="other" label={t('settle.other')} />
              </div>
            </Radio.Group>
            {choice[d.item] === 'other' && <TextInput mt="xs" maw={320} label={t('settle.paper')} description={field && codesOf(field).length > 0 ? codesOf(field).map((c) => `${c.code} = ${say(c.label)}`).join(', ') : undefined} value={other[d.item] ?? ''} onChange={(e) => setOther({ ...other, [d.item]: e.currentTarget.value })} />}
            <TextInput mt="xs" label={t('settle.reason')} value={reason[d.item] ?? ''} error={bad ? t('settle.whole') : undefined} onChange={(e) => setReason({ ...reason, [d.item]: e.currentTarget.value })} />
          </Paper>
        );
      })}
      {error !== null && <Failure error={error} />}
      <Group mt="md"><Button onClick={() => void submit()}>{t('settle.do', { count: data.differences.length })}</Button></Group>
    </>
  );
}

export function SettlePage({ subject, visit, form }: { subject: string; visit: string; form: string }) {
  const { t, i18n } = useTranslation('trial');
  const path = formPath(subject, visit, form);
  const doc = useQuery({ queryKey: ['form', subject, visit, form, 'settle'], queryFn: () => get<FormDoc>(path), gcTime: 0 });
  const differences = useQuery({ queryKey: ['differences', subject, visit, form], queryFn: () => get<Differences>(`${path}/differences`), staleTime: 0 });
  return (
    <Page title={t('settle.title')} lede={<><Link href={`/people/${part(subject)}#${visit}`}>{subject}</Link> · {visit} · {doc.data ? said(doc.data.form.label, i18n.language) : form}</>}>
      <Text mb="md" maw="46rem">{t('settle.lede')}</Text>
      <Loaded query={differences}>{(data) => <Settle data={data} items={data.items ?? data.form?.items ?? doc.data?.form.items ?? []} subject={subject} visit={visit} form={form} />}</Loaded>
    </Page>
  );
}

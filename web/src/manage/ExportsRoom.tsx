// What leaves the study: snapshots with their tables and hashes, exports as jobs with progress, documents for paper.
import { Button, Group, NativeSelect, Paper, Progress, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay, useSession } from '../session/session';
import type { Row } from '../shared/api';
import { Act } from '../shared/Dialog';
import { isRow } from '../shared/format';
import { Failure, Loaded } from '../shared/states';
import { get, part, post, query, remove } from '../shared/trial';
import { studyIn, useProtocol, useSites } from '../shared/useSites';
import { momentOf } from '../shared/when';

const rowsIn = (answer: unknown, name: string): Row[] => (Array.isArray(answer) ? answer as Row[] : isRow(answer as Row) && Array.isArray((answer as Row)[name]) ? (answer as Row)[name] as Row[] : []);

function Snapshots() {
  const { t } = useTranslation('trial');
  const may = useMay();
  const client = useQueryClient();
  const snapshots = useQuery({ queryKey: ['snapshots'], queryFn: () => get<unknown>('/api/snapshots').then((a) => rowsIn(a, 'snapshots')), staleTime: 0 });
  return (
    <Paper p="md" className="surface" mb="md">
      <Group justify="space-between" mb="xs"><Title order={2}>{t('exports.snapshots')}</Title>
        {may('snapshot.make') && <Act label={t('exports.make')} variant="filled" title={t('exports.make')} text={t('exports.makeText')} action={t('exports.makeDo')} send={(v) => post('/api/snapshots', v)} done={() => void client.invalidateQueries({ queryKey: ['snapshots'] })} fields={[{ name: 'label', label: t('exports.label'), required: true }]} />}</Group>
      <Loaded query={snapshots}>
        {(list) => (list.length === 0 ? <p className="quiet">{t('exports.none')}</p> : (
          <div style={{ display: 'grid', gap: '.5rem' }}>
            {list.map((s) => (
              <details key={String(s.id)} className="fold" data-snapshot={String(s.id)}>
                <summary>{String(s.label ?? s.id)} <span className="quiet">· {momentOf(String(s.made ?? s.at ?? ''))} · {String(s.by ?? '')}</span></summary>
                <Text size="sm" className="break">SHA-256 <code>{String(s.sha256 ?? '')}</code></Text>
                <ul>{(Array.isArray(s.tables) ? s.tables.filter(isRow) : []).map((x) => <li key={String(x.name)}><a href={`/api/snapshots/${part(String(s.id))}/${part(String(x.name))}.csv`}>{String(x.name)}.csv</a> <span className="quiet">{t('exports.rows', { count: Number(x.rows ?? 0) })}</span></li>)}</ul>
              </details>
            ))}
          </div>
        ))}
      </Loaded>
    </Paper>
  );
}

function Job({ id, onEnd, onDone }: { id: string; onEnd: () => void; onDone: () => void }) {
  const { t } = useTranslation('trial');
  const job = useQuery({ queryKey: ['job', id], queryFn: () => get<Row>(`/api/jobs/${part(id)}`), staleTime: 0, refetchInterval: (q) => (['done', 'failed', 'cancelled'].includes(String(q.state.data?.state)) ? false : 700) });
  const ended = job.data?.state === 'done';
  useEffect(() => { if (ended) onDone(); }, [ended]); // once, when it is done
  return (
    <Loaded query={job}>
      {(data) => {
        const share = typeof data.progress === 'number' ? (data.progress <= 1 ? data.progress * 100 : data.progress) : 0;
        return (
          <div role="status" className="job" data-job={String(data.state)}>
            {data.state === 'done' ? <Text fw={600}>{t('exports.done')}</Text>
              : data.state === 'failed' ? <Failure error={new Error(String(data.message ?? (isRow(data.error) ? data.error.message : '') ?? t('exports.failed')))} />
                : <><Progress value={share} aria-label={t('exports.running')} /><Group mt={6}><Text size="sm">{t('exports.running')}</Text><Button variant="default" size="compact-md" onClick={() => void remove(`/api/jobs/${part(id)}`).then(onEnd)}>{t('dialog.cancel')}</Button></Group></>}
          </div>
        );
      }}
    </Loaded>
  );
}

export function ExportsRoom() {
  const { t } = useTranslation('trial');
  const may = useMay();
  const client = useQueryClient();
  const made = useQuery({ queryKey: ['exports'], queryFn: () => get<unknown>('/api/exports').then((a) => rowsIn(a, 'exports')), enabled: may('export'), staleTime: 0 });
  const [what, setWhat] = useState('csv');
  const [job, setJob] = useState('');
  const [error, setError] = useState<unknown>(null);
  const start = async () => {
    setError(null);
    try {
      const made = await post<Row>('/api/exports', { what });
      setJob(String(made.job ?? made.id ?? ''));
    } catch (e) { setError(e); }
  };
  return (
    <>
      <Snapshots />
      {may('export') && (
        <Paper p="md" className="surface" mb="md">
          <Title order={2} mb={4}>{t('exports.title')}</Title>
          <Text c="dimmed" mb="sm">{t('exports.text')}</Text>
          <Group align="flex-end"><NativeSelect label={t('exports.what')} value={what} onChange={(e) => setWhat(e.currentTarget.value)} data={[{ value: 'csv', label: t('exports.csv') }]} /><Button onClick={() => void start()}>{t('exports.start')}</Button></Group>
          {error !== null && <Failure error={error} />}
          {job && <Job key={job} id={job} onEnd={() => setJob('')} onDone={() => void client.invalidateQueries({ queryKey: ['exports'] })} />}
          <Loaded query={made}>{(list) => <>{list.map((x) => <details key={String(x.id)} className="fold" data-export={String(x.id)} style={{ marginTop: '.5rem' }}><summary>{String(x.what).toUpperCase()} <span className="quiet">· {momentOf(String(x.at ?? ''))} · {String(x.by ?? '')}</span></summary><ul>{(Array.isArray(x.files) ? x.files.filter(isRow) : []).map((f) => <li key={String(f.name)}><a href={`/api/exports/${part(String(x.id))}/${part(String(f.name))}`} download>{String(f.name)}</a> <span className="quiet">{t('exports.rows', { count: Number(f.rows ?? 0) })}</span></li>)}</ul></details>)}</>}</Loaded>
        </Paper>
      )}
    </>
  );
}

const KINDS = ['manual', 'diary', 'consent', 'crf', 'booklet'] as const;

export function DocumentsRoom() {
  const { t } = useTranslation('trial');
  const { study, user } = useSession();
  const protocol = useProtocol();
  const spoken = studyIn(protocol.data).participant_languages;
  const languages = [...new Set([...(Array.isArray(spoken) ? spoken.map(String) : []), ...(study?.languages ?? []), 'en'])];
  const [lang, setLang] = useState('');
  const chosen = lang || languages[0] || 'en';
  const site = useSites();
  const own = user?.sites?.length ? user.sites : site.all.map((s) => s.id);
  const [wording, setWording] = useState(own.length === 1 ? own[0]! : '');
  return (
    <Paper p="md" className="surface">
      <Title order={2} mb={4}>{t('study.room.documents')}</Title>
      <Text c="dimmed" mb="sm">{t('documents.text')}</Text>
      <Group align="flex-end" mb="md">
        <NativeSelect label={t('documents.language')} value={chosen} onChange={(e) => setLang(e.currentTarget.value)} data={languages.map((l) => ({ value: l, label: t(`language.${l}` as 'language.en', { defaultValue: l }) }))} w={260} />
        <NativeSelect label={t('documents.wording')} value={wording} onChange={(e) => setWording(e.currentTarget.value)} data={[{ value: '', label: t('documents.neutral') }, ...own.map((s) => ({ value: s, label: site.short(s) }))]} w={{ base: '100%', xs: 320 }} />
      </Group>
      <ul className="steps">{KINDS.map((k) => <li key={k}><a className="document-link" href={`/api/documents/${k}.pdf${query({ lang: chosen, site: k === 'crf' ? wording : undefined })}`} target="_blank" rel="noopener"><strong>{t(`documents.${k}`)}</strong><span className="quiet"> {t(`documents.${k}Text`)} · PDF</span></a></li>)}</ul>
    </Paper>
  );
}


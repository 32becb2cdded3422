// Beside the form: what became of the focused question (every value before and after, who, when, why) and its queries.
import { Button, Paper, Stack, Text, Textarea, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../session/session';
import { said } from '../shared/format';
import { Mark } from '../shared/Mark';
import { Failure, Waiting } from '../shared/states';
import { get, type HistoryEntry, part, post, type Query, query, type Words } from '../shared/trial';
import { momentOf } from '../shared/when';
import { type Field, inWords } from './values';

/** One query with its thread, and what one may do with it. */
export function QueryCard({ q, onDone, where }: { q: Query; onDone: () => void; where?: string }) {
  const { t } = useTranslation('trial');
  const may = useMay();
  const [text, setText] = useState('');
  const [error, setError] = useState<unknown>(null);
  const act = async (action: string) => {
    setError(null);
    try {
      await post(`/api/queries/${part(q.id)}`, { action, text: text.trim() });
      setText('');
      onDone();
    } catch (e) { setError(e); }
  };
  const actions = q.state === 'closed' ? ['reopen'] : q.state === 'answered' ? ['close', 'reopen'] : ['answer', 'close'];
  const allowed = actions.filter((a) => (a === 'answer' ? may('query.answer') : may('query.close')));
  return (
    <div className="query" data-query={q.id}>
      <div className="q-head"><Mark state={q.state} /><span className="quiet">{q.by ?? q.rule ?? ''} {momentOf(q.opened_at)}</span></div>
      {where && <div className="quiet">{where}</div>}
      <p className="query-text">{q.text}</p>
      {q.thread && q.thread.length > 0 && <ol className="thread">{q.thread.map((step, i) => <li key={i}><span className="quiet">{momentOf(step.at)} {step.by} · {t(`query.${step.action}` as 'query.answer', { defaultValue: step.action })}</span><div>{step.text}</div></li>)}</ol>}
      {allowed.length > 0 && (
        <Stack gap={6}>
          <Textarea size="sm" autosize minRows={1} aria-label={t('query.words')} placeholder={t('query.words')} value={text} onChange={(e) => setText(e.currentTarget.value)} />
          <div style={{ display: 'flex', gap: '.4rem', flexWrap: 'wrap' }}>{allowed.map((a) => <Button key={a} size="compact-md" variant="default" disabled={a !== 'close' && text.trim() === ''} onClick={() => void act(a)}>{t(`query.${a}` as 'query.answer')}</Button>)}</div>
        </Stack>
      )}
      {error !== null && <Failure error={error} />}
    </div>
  );
}

function History({ subject, visit, form, field }: { subject: string; visit: string; form: string; field: Field }) {
  const { t, i18n } = useTranslation('trial');
  const say = (w: Words) => said(w, i18n.language);
  const history = useQuery({ queryKey: ['history', subject, visit, form, field.id], queryFn: () => get<{ entries: HistoryEntry[] }>(`/api/people/${part(subject)}/history${query({ visit, form, item: field.id })}`), staleTime: 0 });
  if (history.isPending) return <Waiting />;
  if (history.isError) return <Failure error={history.error} />;
  const entries = history.data.entries;
  if (entries.length === 0) return <Text size="sm" c="dimmed">{t('side.noHistory')}</Text>;
  return (
    <ol className="thread">
      {entries.map((e) => (
        <li key={e.seq}>
          <span className="quiet">{momentOf(e.at)} · {e.user} ({e.role})</span>
          {e.changes.map((c, i) => <div key={i}><s className="before">{inWords(field, c.before, say)}</s> → <strong>{inWords(field, c.after, say)}</strong></div>)}
          {e.reason && <div className="quiet">{t('side.why')} {e.reason}</div>}
        </li>
      ))}
    </ol>
  );
}

export function SidePanel({ subject, visit, form, field, queries, canRaise, blind }: { subject: string; visit: string; form: string; field: Field | undefined; queries: Query[]; canRaise: boolean; blind: boolean }) {
  const { t, i18n } = useTranslation('trial');
  const client = useQueryClient();
  const [text, setText] = useState('');
  const [error, setError] = useState<unknown>(null);
  const done = () => void client.invalidateQueries({ predicate: (q) => ['form-queries', 'queries', 'today'].includes(String(q.queryKey[0])) });
  const mine = queries.filter((q) => (field ? q.item === field.id : !q.item));
  const raise = async () => {
    setError(null);
    try {
      await post('/api/queries', { subject, visit, form, item: field?.id ?? '', text: text.trim() });
      setText('');
      done();
    } catch (e) { setError(e); }
  };
  if (!field) return <Paper p="md" className="surface side"><Text c="dimmed">{t('side.pick')}</Text></Paper>;
  return (
    <Paper p="md" className="surface side" component="aside" tabIndex={0} aria-label={t('side.label')}>
      <Title order={2} fz="1.05rem">{said(field.label, i18n.language)}</Title>
      <Text size="sm" c="dimmed" mb="xs"><code>{field.id}</code>{field.reveals_arm ? ` · ${t('side.reveals')}` : ''}</Text>
      <Title order={3} fz=".95rem" mt="sm">{t('side.queries')}</Title>
      {mine.length === 0 && <Text size="sm" c="dimmed">{t('side.noQueries')}</Text>}
      {mine.map((q) => <QueryCard key={q.id} q={q} onDone={done} />)}
      {canRaise && (
        <Stack gap={6} mt="xs">
          <Textarea size="sm" autosize minRows={1} label={t('query.raise')} value={text} onChange={(e) => setText(e.currentTarget.value)} />
          <Button size="compact-md" variant="default" disabled={text.trim() === ''} onClick={() => void raise()} style={{ alignSelf: 'start' }}>{t('query.raiseDo')}</Button>
          {error !== null && <Failure error={error} />}
        </Stack>
      )}
      {!blind && <Title order={3} fz=".95rem" mt="md">{t('side.history')}</Title>}
      {!blind && <History subject={subject} visit={visit} form={form} field={field} />}
    </Paper>
  );
}

// Titles and abstracts, then full texts, by two people who do not see each other's decision; a third settles differences. Kappa and the flow beside it.
import { Button, Group, NativeSelect, Paper, Stack, Text, Textarea, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { currentToken, useSession } from '../session/session';
import { actOnReview, type Json, reviewDocumentUrl, type Row } from '../shared/api';
import { formatNumber } from '../shared/format';
import { IconDownload } from '../shared/icons';
import { Picture } from '../shared/Picture';
import { Empty, Failure } from '../shared/states';
import { useOperation } from '../shared/useOperation';
import { numberOf, partOf, rowsOf, textOf } from './review';

export const PEOPLE = ['R1', 'R2', 'R3'] as const;

/** Sends one event as this person, and shows the state that follows. */
export function useAct(id: string, viewer: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (act: Record<string, Json>) => actOnReview(id, viewer, act, currentToken()),
    onSuccess: (state) => client.setQueryData(['review', id, viewer], state),
  });
}

function Agreement({ state }: { state: Row }) {
  const { t } = useTranslation();
  const rows = rowsOf(state.agreement);
  if (rows.length === 0) return <Text className="quiet">{t('evidence.screen.noKappa')}</Text>;
  return (
    <dl className="facts small" data-live="kappa">
      {rows.map((row) => (
        <div key={textOf(row, 'stage')}>
          <dt>{t(`evidence.screen.${textOf(row, 'stage')}` as 'evidence.screen.title')}</dt>
          <dd>κ {row.kappa === null ? '–' : formatNumber(numberOf(row, 'kappa'), 2)} {row.lower !== null && <span className="limits">{formatNumber(numberOf(row, 'lower'), 2)} {t('result.to')} {formatNumber(numberOf(row, 'upper'), 2)}</span>}<br /><span className="quiet">{t('evidence.screen.agreed', { same: numberOf(row, 'both_include') + numberOf(row, 'both_exclude'), n: numberOf(row, 'n') })}</span></dd>
        </div>
      ))}
    </dl>
  );
}

const stageAt = (record: Row, stage: string) => partOf(partOf(record, 'stages'), stage);

/** What this person has to do: the next reference of a stage, or the next difference to settle. */
function nextOf(records: Row[], viewer: string): { record: Row; stage: 'title' | 'full_text'; settle: boolean } | null {
  const mine = (record: Row, stage: string) => rowsOf(stageAt(record, stage)?.decisions).some((d) => d.who === viewer);
  const count = (record: Row, stage: string) => numberOf(stageAt(record, stage), 'count') || 0;
  const stageOf = (record: Row): 'title' | 'full_text' => (textOf(stageAt(record, 'title'), 'outcome') === 'include' ? 'full_text' : 'title');
  for (const record of records) {
    const stage = stageOf(record);
    if (record.standing === 'to_settle' && !mine(record, stage)) return { record, stage, settle: true };
  }
  for (const record of records) {
    const stage = stageOf(record);
    if ((record.standing === 'to_screen' || record.standing === 'to_read') && !mine(record, stage) && count(record, stage) < 2) return { record, stage, settle: false };
  }
  return null;
}

function Card({ id, viewer, next, reasons }: { id: string; viewer: string; next: NonNullable<ReturnType<typeof nextOf>>; reasons: string[] }) {
  const { t } = useTranslation();
  const act = useAct(id, viewer);
  const [reason, setReason] = useState('');
  const { record, stage, settle } = next;
  const decide = (decision: string) => act.mutate({ event: { what: settle ? 'settle' : 'screen', record: textOf(record, 'id'), stage, decision, reason } }, { onSuccess: () => setReason('') });
  const decisions = rowsOf(stageAt(record, stage)?.decisions);
  const needs = settle || stage === 'full_text';
  return (
    <Paper p="lg" className="surface" component="article" aria-label={textOf(record, 'title')} data-record={textOf(record, 'id')}>
      <Text className="quiet">{t(`evidence.screen.${stage}` as 'evidence.screen.title')} · {textOf(record, 'id')}</Text>
      <Title order={2} fz="1.1rem" my="xs">{textOf(record, 'title')}</Title>
      <Text size="sm" className="quiet">{[textOf(record, 'journal'), String(record.year ?? '')].filter(Boolean).join(', ')}</Text>
      <Text my="sm" style={{ maxWidth: '46rem' }}>{textOf(record, 'abstract') || t('evidence.screen.noAbstract')}</Text>
      {settle && (
        <ul className="things">{decisions.map((d) => <li key={textOf(d, 'who')}><strong>{textOf(d, 'who')}</strong>: {t(`evidence.screen.${textOf(d, 'decision')}` as 'evidence.screen.include')}{textOf(d, 'reason') && ` (${textOf(d, 'reason')})`}</li>)}</ul>
      )}
      {needs && (settle
        ? <Textarea label={t('evidence.screen.why')} value={reason} onChange={(e) => setReason(e.currentTarget.value)} mb="sm" autosize minRows={2} />
        : <NativeSelect label={t('evidence.screen.reason')} value={reason} onChange={(e) => setReason(e.currentTarget.value)} mb="sm" data={[{ value: '', label: '–' }, ...reasons.map((r) => ({ value: r, label: r }))]} />)}
      <Group>
        <Button size="md" disabled={settle && !reason} loading={act.isPending} onClick={() => decide('include')}>{t('evidence.screen.include')}</Button>
        <Button size="md" variant="default" disabled={(settle || stage === 'full_text') && !reason} loading={act.isPending} onClick={() => decide('exclude')}>{t('evidence.screen.exclude')}</Button>
        {!settle && stage === 'title' && <Button size="md" variant="default" loading={act.isPending} onClick={() => decide('unsure')}>{t('evidence.screen.unsure')}</Button>}
      </Group>
      {act.isError && <Failure error={act.error} />}
    </Paper>
  );
}

function Flow({ state }: { state: Row }) {
  const { i18n, t } = useTranslation();
  const flow = useOperation({ operation: 'meta.prisma', parameters: { language: i18n.language.startsWith('zh') ? 'zh' : 'en' }, data: { flow: { name: 'flow.json', text: JSON.stringify(state.flow ?? {}) } } });
  return (
    <details className="fold"><summary>{t('evidence.screen.flow')}</summary>
      {flow.isError && <Failure error={flow.error} />}
      {flow.data?.pictures?.[0] && <Picture picture={flow.data.pictures[0]} />}
    </details>
  );
}

export function Screening({ id, viewer, state }: { id: string; viewer: string; state: Row }) {
  const { t } = useTranslation();
  const session = useSession();
  const all = session.mode === 'demo' || session.may?.includes('review.set') === true; // may see everybody's decisions
  const decides = session.mode === 'demo' || session.may?.includes('review') === true;
  const records = rowsOf(state.records);
  const next = decides ? nextOf(records, viewer) : null;
  const standing = partOf(state, 'standing') ?? {};
  const reasons = Array.isArray(state.reasons) ? state.reasons.map(String) : [];
  const known = ['to_screen', 'to_settle', 'to_read', 'included', 'excluded', 'excluded_full_text', 'duplicate'];
  return (
    <div className="evidence-grid">
      <section aria-label={t('evidence.screen.next')}>
        {next ? <Card key={`${textOf(next.record, 'id')}${next.stage}`} id={id} viewer={viewer} next={next} reasons={reasons} /> : <Empty>{t('evidence.screen.done', { viewer })}</Empty>}
      </section>
      <Stack gap="md">
        <Paper p="md" className="surface" component="section" aria-label={t('evidence.screen.standing')}>
          <Title order={2} fz="1rem" mb="xs">{t('evidence.screen.standing')}</Title>
          <dl className="facts small">{known.filter((k) => k in standing).map((k) => <div key={k}><dt>{t(`evidence.standing.${k}` as 'evidence.standing.included')}</dt><dd>{String(standing[k])}</dd></div>)}</dl>
          <Title order={2} fz="1rem" mt="md" mb="xs">{t('evidence.screen.kappa')}</Title>
          <Agreement state={state} />
          {all && <a href={reviewDocumentUrl(id)} download className="status" style={{ marginTop: '.75rem' }}><IconDownload size={18} />{t('evidence.screen.document')}</a>}
        </Paper>
        {(session.mode === 'demo' || session.may?.includes('analyse')) && <Flow state={state} />}
      </Stack>
    </div>
  );
}

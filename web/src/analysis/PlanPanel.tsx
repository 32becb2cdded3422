// The plan: is it locked, what has been done with it, and the four acts, each with what it asks for.
import { Alert, Badge, Button, Group, Modal, Paper, Stack, Text, Textarea, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, getPlan, type Plan, planAct, type ResultDocument, type Row, type Snapshot } from '../shared/api';
import { DataTable } from '../shared/DataTable';
import { isRow, isTable } from '../shared/format';
import { IconDownload, IconLock, IconPlay, IconShuffle, IconUnlock, IconWarning } from '../shared/icons';
import { useLabel } from '../shared/label';
import { Picture } from '../shared/Picture';
import { ResultCard } from '../shared/ResultCard';
import { Empty, Failure, Loaded, Waiting } from '../shared/states';
import { Headline } from './Headline';

type Signing = 'lock' | 'amend';

function State({ plan }: { plan: Plan }) {
  const { t } = useTranslation();
  const Icon = plan.locked ? IconLock : IconUnlock;
  return (
    <Stack gap={4}>
      <Group gap="sm">
        <span className="status" data-kind={plan.locked && !plan.changed ? 'good' : 'warn'}><Icon size={18} />{plan.locked ? t('analysis.locked') : t('analysis.notLocked')}</span>
        {plan.locked && <span className="quiet">{t('analysis.lockedBy', { who: plan.locked_by, when: plan.locked_when })}</span>}
        {plan.changed && <Badge color="orange" variant="outline">{t('analysis.changed')}</Badge>}
      </Group>
      <div className="quiet" style={{ overflowWrap: 'anywhere', fontSize: '.85rem' }}>{t('analysis.hash')} <code>{plan.sha256}</code></div>
    </Stack>
  );
}

function Ledger({ plan }: { plan: Plan }) {
  const { t } = useTranslation();
  if (plan.entries.length === 0) return <Text className="quiet">{t('analysis.ledgerEmpty')}</Text>;
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={t('analysis.ledger')}>
      <table className="data">
        <caption>{t('analysis.ledger')}</caption>
        <thead><tr>{(['when', 'what', 'who', 'why'] as const).map((k) => <th key={k} scope="col">{t(`analysis.${k}`)}</th>)}</tr></thead>
        <tbody>
          {plan.entries.map((e) => (
            <tr key={e.hash}><td>{e.when}</td><td>{t(`analysis.kinds.${e.kind}`)}{e.changed && ` (${e.changed.join(', ')})`}</td><td>{e.by ?? '–'}</td><td>{e.reason ?? ''}</td></tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Who and why, and for an amendment the new text. */
function SignDialog({ act, plan, close, sign }: { act: Signing; plan: Plan; close: () => void; sign: (body: Record<string, string>) => void }) {
  const { t } = useTranslation();
  const [by, setBy] = useState('');
  const [reason, setReason] = useState('');
  const [text, setText] = useState(plan.text);
  const ready = by.trim() !== '' && (act === 'lock' || (reason.trim() !== '' && text !== plan.text));
  return (
    <Modal opened onClose={close} title={t(`analysis.${act}`)} size={act === 'amend' ? 'xl' : 'md'}>
      <Stack>
        <Text>{t('analysis.signText')}</Text>
        <TextInput data-autofocus size="md" label={t('analysis.by')} value={by} onChange={(e) => setBy(e.currentTarget.value)} withAsterisk />
        <TextInput size="md" label={t('analysis.reason')} value={reason} onChange={(e) => setReason(e.currentTarget.value)} withAsterisk={act === 'amend'} />
        {act === 'amend' && <Textarea label={t('analysis.amendText')} value={text} onChange={(e) => setText(e.currentTarget.value)} autosize minRows={12} maxRows={24} spellCheck={false} styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '.85rem' } }} />}
        <Group justify="flex-end">
          <Button variant="default" size="md" onClick={close}>{t('analysis.cancel')}</Button>
          <Button size="md" disabled={!ready} onClick={() => sign(act === 'amend' ? { by, reason, text } : { by, reason })}>{t('analysis.sign')}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

const COLUMNS = ['family', 'title', 'visit', 'strategy', 'subgroup', 'n', 'estimate', 'lower', 'upper', 'p', 'p_adjusted', 'shown', 'status'];

/** The answer first; the whole report is a file beside it. */
function PlanResult({ result }: { result: ResultDocument }) {
  const { t } = useTranslation();
  const rehearsed = result.operation.endsWith('rehearse');
  const primary = isRow(result.results.primary) ? (result.results.primary as Row) : undefined;
  const label = useLabel();
  const picture = result.pictures?.find((p) => p.name === 'primary');
  const multiplicity = isRow(result.results.multiplicity) ? (result.results.multiplicity as Row).hypotheses : undefined;
  const tables = ([['multiplicity', multiplicity], ['sensitivity', result.results.sensitivity], ['secondary', result.results.secondary]] as const)
    .flatMap(([name, rows]): [string, Row[]][] => (isTable(rows) ? [[name, rows]] : []));
  const report = (end: string) => result.artifacts?.find((a) => a.name === `report.${end}`);
  return (
    <div className={rehearsed ? 'rehearsal' : undefined}>
      {rehearsed && <Alert icon={<IconWarning />} title={t('analysis.rehearsal')} variant="default" my="md">{t('analysis.rehearsalText')}</Alert>}
      <Group my="sm">
        {report('html') && <Button component="a" href={report('html')!.href} target="_blank" rel="noopener" variant="default">{t('analysis.reportHtml')}</Button>}
        {report('pdf') && <Button component="a" href={report('pdf')!.href} download="report.pdf" variant="default" leftSection={<IconDownload size={16} />}>{t('analysis.reportPdf')}</Button>}
      </Group>
      <ResultCard result={result} hidePictures headline={<Headline contrast={primary} />}>
        <Stack gap="md">
          {picture && <Picture picture={picture} />}
          {tables.map(([name, rows]) => <DataTable key={name} rows={rows} caption={label(name)} columns={COLUMNS.filter((c) => rows.some((r) => r[c] !== undefined && r[c] !== null))} />)}
        </Stack>
      </ResultCard>
    </div>
  );
}

export function PlanPanel({ snapshot }: { snapshot: Snapshot }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const plan = useQuery({ queryKey: ['plan'], queryFn: getPlan, retry: false });
  const [signing, setSigning] = useState<Signing | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: ['plan'] });
  const run = useMutation({ mutationFn: (act: 'rehearse' | 'run') => planAct(act, { snapshot: snapshot.id }), onSettled: refresh });
  const sign = useMutation({ mutationFn: ({ act, body }: { act: Signing; body: Record<string, string> }) => planAct(act, body), onSettled: refresh });
  if (plan.error instanceof ApiError && plan.error.status === 404) return <Empty>{t('analysis.noPlan')}</Empty>;
  return (
    <Loaded query={plan}>
      {(p) => (
        <>
          <Paper p={{ base: 'md', sm: 'lg' }} className="surface no-print" component="section" aria-labelledby="plan">
            <Title order={2} id="plan" fz="1.2rem">{t('analysis.plan')}: {p.name}</Title>
            <p className="lede">{t('analysis.planText')}</p>
            <Stack gap="md">
              <State plan={p} />
              <Group>
                {p.rehearsal_allowed && <Button size="md" variant={p.final_allowed ? 'default' : 'filled'} leftSection={<IconShuffle size={18} />} loading={run.isPending && run.variables === 'rehearse'} onClick={() => run.mutate('rehearse')}>{t('analysis.rehearse')}</Button>}
                {p.lock_allowed && <Button size="md" variant="default" leftSection={<IconLock size={18} />} onClick={() => setSigning('lock')}>{t('analysis.lock')}</Button>}
                {p.final_allowed && !snapshot.masked && <Button size="md" leftSection={<IconPlay size={18} />} loading={run.isPending && run.variables === 'run'} onClick={() => run.mutate('run')}>{t('analysis.runFinal')}</Button>}
                {p.amend_allowed && <Button size="md" variant="default" onClick={() => setSigning('amend')}>{t('analysis.amend')}</Button>}
              </Group>
              {!p.rehearsal_allowed && !p.lock_allowed && !p.final_allowed && <Text className="quiet">{t('analysis.mayNot')}</Text>}
              {(!p.final_allowed || snapshot.masked) && <Text className="quiet">{t('analysis.finalNeeds')}</Text>}
              <Ledger plan={p} />
              <details className="fold"><summary>{t('analysis.planFile')}</summary><pre className="plan-text" tabIndex={0}>{p.text}</pre></details>
            </Stack>
          </Paper>
          {signing && <SignDialog act={signing} plan={p} close={() => setSigning(null)} sign={(body) => { sign.mutate({ act: signing, body }); setSigning(null); }} />}
          <div aria-live="polite">
            {sign.isError && <Failure error={sign.error} />}
            {run.isPending && <Waiting what={run.variables === 'run' ? t('analysis.running') : t('analysis.rehearsing')} />}
            {run.isError && <Failure error={run.error} />}
            {run.data && !run.isPending && <PlanResult result={run.data} />}
          </div>
        </>
      )}
    </Loaded>
  );
}

// The primary model by itself, on the snapshot's participants: one click.
import { Button, Group, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Call, runAs, type Snapshot } from '../shared/api';
import { isTable } from '../shared/format';
import { IconPlay } from '../shared/icons';
import { ResultCard } from '../shared/ResultCard';
import { Empty, Failure, Waiting } from '../shared/states';
import { useOperation } from '../shared/useOperation';
import { AddToReport } from './AddToReport';
import { Headline } from './Headline';

const OUTCOMES = ['odi_12m', 'odi_407d'] as const;

/** The plan's primary model, with the names of the trial's data. */
export function primaryCall(snapshot: string, table: string, outcome: string, form: 'raw' | 'change'): Call {
  const left = form === 'raw' ? outcome : `I(${outcome} - odi_0)`;
  return {
    operation: 'analyse.ancova',
    parameters: { formula: `${left} ~ arm + odi_0 + sex + centre`, treatment: 'arm', reference: 'CONTROL' },
    data: { data: { snapshot, table } },
  };
}

export function PrimaryPanel({ snapshot }: { snapshot: Snapshot }) {
  const { t } = useTranslation();
  const people = snapshot.tables.find((table) => table.columns.includes('odi_0') && table.columns.includes('centre'));
  const outcomes = OUTCOMES.filter((o) => people?.columns.includes(o));
  const [outcome, setOutcome] = useState<string>(outcomes[0] ?? 'odi_12m');
  const [form, setForm] = useState<'raw' | 'change'>('raw');
  const [asked, setAsked] = useState<Call | null>(null);
  const run = useOperation(asked);
  if (!people || outcomes.length === 0) return <Empty>{t('home.noPeople')}</Empty>;
  if (!people.columns.includes('arm')) return <Empty>{t('analysis.primaryMasked')}</Empty>;
  const call = primaryCall(snapshot.id, people.name, outcome, form);
  const current = JSON.stringify(asked) === JSON.stringify(call);
  const first = run.data && isTable(run.data.results.contrasts) ? run.data.results.contrasts[0] : undefined;
  return (
    <>
      <Paper p={{ base: 'md', sm: 'lg' }} className="surface no-print" component="section" aria-labelledby="primary">
        <Title order={2} id="primary" fz="1.2rem">{t('analysis.primary')}</Title>
        <p className="lede">{t('analysis.primaryText')}</p>
        <Stack gap="sm">
          <Group>
            <SegmentedControl size="md" aria-label={t('analysis.outcome')} value={outcome} onChange={setOutcome}
              data={outcomes.map((o) => ({ value: o, label: t(`analysis.${o}`) }))} />
            <SegmentedControl size="md" aria-label={t('analysis.form')} value={form} onChange={(v) => setForm(v as 'raw')}
              data={[{ value: 'raw', label: t('analysis.raw') }, { value: 'change', label: t('analysis.change') }]} />
          </Group>
          <code className="command">{String(call.parameters.formula)}</code>
          <Group>
            <Button size="md" leftSection={<IconPlay size={18} />} onClick={() => setAsked(call)} loading={run.isFetching}>{t('analysis.run')}</Button>
            <Text className="quiet">{t('analysis.same')}</Text>
          </Group>
        </Stack>
      </Paper>
      <div aria-live="polite">
        {run.isFetching && !run.data && <Waiting />}
        {run.isError && <Failure error={run.error} />}
        {run.data && current && (
          <ResultCard result={run.data} as={(accept) => runAs(call, accept)} first={['contrasts', 'means']} headline={<Headline contrast={first} />}
            actions={<AddToReport card={{ op: call.operation, title: t('analysis.primary'), parameters: call.parameters, data: call.data, note: '' }} />} />
        )}
      </div>
    </>
  );
}

// Models by hand: a logistic model and a ROC curve on the demo's participants.
import { Alert, Button, MultiSelect, Paper, Select, SimpleGrid, Stack, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Call, runAs } from '../shared/api';
import { columnOf, isNumeric, type Table } from '../shared/csv';
import { IconInfo, IconPlay } from '../shared/icons';
import { ResultCard } from '../shared/ResultCard';
import { Empty, Failure, Waiting } from '../shared/states';
import { useOperation } from '../shared/useOperation';

/** Columns with exactly the two values 0 and 1. */
export function binaryColumns(table: Table): string[] {
  return table.header.filter((name) => {
    const seen = new Set(columnOf(table, name).filter((v) => v.trim() !== ''));
    return seen.size === 2 && seen.has('0') && seen.has('1');
  });
}

/** Columns known at baseline that a model may use: neither the outcome's future nor a name of the person. */
export function featureColumns(table: Table, outcome: string): string[] {
  const later = /^(id|stratum|randomised_on|last_visit|reason|adherence|recurrence.*|response|.*_(10w|6w|\d+m|407d))$/;
  return table.header.filter((name) => name !== outcome && !later.test(name));
}

const isNumericColumn = (table: Table, name: string) => {
  const values = columnOf(table, name).filter((v) => v.trim() !== '' && v !== 'NA');
  return values.length > 0 && values.every(isNumeric) && new Set(values).size > 2;
};

function Result({ call, title }: { call: Call | null; title: string }) {
  const run = useOperation(call);
  if (!call) return null;
  if (run.isError) return <Failure error={run.error} />;
  if (!run.data) return <Waiting />;
  return <ResultCard result={run.data} title={title} as={(accept) => runAs(call, accept)} />;
}

function Models({ data, table }: { data: string; table: Table }) {
  const { t } = useTranslation();
  const outcomes = binaryColumns(table);
  const [outcome, setOutcome] = useState(outcomes.includes('response') ? 'response' : (outcomes[0] ?? ''));
  const features = featureColumns(table, outcome);
  const numeric = features.filter((f) => isNumericColumn(table, f));
  const [chosen, setChosen] = useState(() => ['arm', 'age', 'sex', 'ff', 'odi_0'].filter((f) => features.includes(f)));
  const [score, setScore] = useState(numeric.includes('odi_0') ? 'odi_0' : (numeric[0] ?? ''));
  const [compare, setCompare] = useState<string | null>(numeric.includes('ff') ? 'ff' : null);
  const [fit, setFit] = useState<Call | null>(null);
  const [roc, setRoc] = useState<Call | null>(null);
  if (outcomes.length === 0) return <Empty>{t('model.noOutcome')}</Empty>;
  const run = () => {
    setFit({ operation: 'predict.logistic', parameters: { outcome, features: chosen.join(',') }, data: { data: { demo: data } } });
    setRoc({ operation: 'predict.roc', parameters: { outcome, score, ...(compare ? { compare } : {}) }, data: { data: { demo: data } } });
  };
  return (
    <>
      <Paper p={{ base: 'md', sm: 'lg' }} className="surface no-print" component="section" aria-label={t('model.choose')}>
        <Stack gap="md">
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Select size="md" label={t('model.outcome')} description={t('model.outcomeText')} data={outcomes} value={outcome} allowDeselect={false} onChange={(v) => v && setOutcome(v)} />
            <MultiSelect size="md" label={t('model.features')} description={t('model.featuresText')} data={features} value={chosen} onChange={setChosen} searchable />
            <Select size="md" label={t('model.score')} description={t('model.scoreText')} data={numeric} value={score} allowDeselect={false} onChange={(v) => v && setScore(v)} />
            <Select size="md" label={t('model.compare')} description={t('model.compareText')} data={numeric.filter((n) => n !== score)} value={compare} onChange={setCompare} clearable clearButtonProps={{ 'aria-label': t('form.clear') }} />
          </SimpleGrid>
          <div><Button size="md" leftSection={<IconPlay size={18} />} onClick={run} disabled={chosen.length === 0 || !score}>{t('model.run')}</Button></div>
        </Stack>
      </Paper>
      {!fit && <Empty>{t('model.nothing')}</Empty>}
      <div aria-live="polite" style={{ display: 'grid', gap: '0 1.25rem', gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 28rem), 1fr))', alignItems: 'start' }}>
        <Result call={roc} title={t('model.roc')} />
        <Result call={fit} title={t('model.logistic')} />
      </div>
    </>
  );
}

/** By hand: one model and one curve at a time. */
export function QuickModels({ data, table }: { data: string; table: Table }) {
  const { t } = useTranslation();
  return (
    <>
      <Alert icon={<IconInfo />} variant="light" color="lumbar" mb="md" styles={{ message: { color: 'var(--mantine-color-text)' }, icon: { color: 'var(--mantine-color-anchor)' } }}>{t('model.caution')}</Alert>
      <Title order={2} mb="sm">{t('model.choose')}</Title>
      <Models data={data} table={table} />
    </>
  );
}

// One table of studies with a tick each; the forest and the pooled numbers follow every change.
import { Button, Checkbox, Group, NativeSelect, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Call, type DataSet, getDemo, getDemoText, runAs, type Row } from '../shared/api';
import { parseCsv, type Table, writeCsv } from '../shared/csv';
import { Aligned } from '../shared/DataTable';
import { decimalsFor, formatNumber, isRow, isTable } from '../shared/format';
import { Picture } from '../shared/Picture';
import { Facts, ResultCard } from '../shared/ResultCard';
import { Empty, Failure, Loaded, Waiting } from '../shared/states';
import { useOperation } from '../shared/useOperation';
import { type Design, designOf, without } from './studies';

const METHODS = ['REML', 'DL', 'PM', 'ML', 'FE'];
const TESTS = ['z', 'knha', 't'];
const KEYS = ['k', 'estimate', 'se', 'lower', 'upper', 'statistic', 'p', 'pi_lower', 'pi_upper', 'tau2', 'tau2_lower', 'tau2_upper', 'I2', 'H2', 'Q', 'Q_df', 'Q_p'];

function Effects({ rows, effect, out, toggle }: { rows: Row[]; effect: string; out: ReadonlySet<number>; toggle: (row: number) => void }) {
  const { t } = useTranslation();
  const keys = ['yi'] as const;
  const decimals = keys.map((key) => decimalsFor(rows.map((r) => r[key]).filter((v) => typeof v === 'number')));
  return (
    <div className="table-frame">
      <table className="data">
        <caption>{t('evidence.studies')}</caption>
        <thead><tr><th scope="col">{t('evidence.in')}</th><th scope="col" className="number">{effect}</th></tr></thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i} data-off={out.has(i)}>
              <td><Checkbox size="sm" checked={!out.has(i)} onChange={() => toggle(i)} label={String(row.study ?? `#${i + 1}`)} /></td>
              {keys.map((key, c) => (
                <td key={key} className="number">{typeof row[key] === 'number' ? <Aligned text={formatNumber(row[key], decimals[c]!)} fraction={decimals[c]! + 1} /> : t('evidence.notEstimable')}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Pooled({ set, table, design }: { set: DataSet; table: Table; design: Design }) {
  const { t } = useTranslation();
  const [out, setOut] = useState<ReadonlySet<number>>(new Set());
  const [method, setMethod] = useState('REML');
  const [test, setTest] = useState('z');
  const [measure, setMeasure] = useState(design.measures[0]!);
  const toggle = (row: number) => setOut((old) => { const next = new Set(old); if (!next.delete(row)) next.add(row); return next; });
  const few = table.rows.length - out.size < 2;
  const asked = { ...design.parameters, measure };
  const forestCall: Call = {
    operation: 'meta.forest', parameters: { ...asked, method, test },
    data: { data: out.size === 0 ? { demo: set.id } : { name: set.name, text: writeCsv(without(table, out)) } },
  };
  const effects = useOperation({ operation: 'meta.effect', parameters: asked, data: { data: { demo: set.id } } });
  const forest = useOperation(few ? null : forestCall);
  const rows = effects.data && isTable(effects.data.results.rows) ? effects.data.results.rows : [];
  return (
    <>
      <Paper p="md" className="surface no-print" mb="md" component="section" aria-label={t('evidence.settings')}>
        <Group align="end" gap="lg">
          {design.measures.length > 1 && <NativeSelect size="md" label={t('evidence.measure')} data={design.measures.map((m) => ({ value: m, label: t(`evidence.measures.${m}` as 'evidence.measures.RR') }))} value={measure} onChange={(e) => setMeasure(e.currentTarget.value)} />}
          <NativeSelect size="md" label={t('evidence.method')} data={METHODS.map((m) => ({ value: m, label: m === 'FE' ? t('evidence.equal') : m }))} value={method} onChange={(e) => setMethod(e.currentTarget.value)} />
          <NativeSelect size="md" label={t('evidence.test')} data={TESTS.map((v) => ({ value: v, label: t(`evidence.test_${v}` as 'evidence.test_z') }))} value={test} onChange={(e) => setTest(e.currentTarget.value)} />
          <Button size="md" variant="default" disabled={out.size === 0} onClick={() => setOut(new Set())}>{t('evidence.all')}</Button>
        </Group>
      </Paper>
      <div className="evidence-grid">
        <Paper p="md" className="surface">
          {effects.isError && <Failure error={effects.error} again={() => void effects.refetch()} />}
          {effects.isPending && <Waiting />}
          {effects.data && (
            <Stack gap="xs">
              <Effects rows={rows} effect={String(effects.data.results.label ?? t('evidence.effect'))} out={out} toggle={toggle} />
              <Text role="status" className="quiet">{t('evidence.left', { n: table.rows.length - out.size, all: table.rows.length })}</Text>
            </Stack>
          )}
        </Paper>
        <section aria-label={t('evidence.forest')} aria-busy={forest.isFetching}>
          {few && <Empty>{t('evidence.few')}</Empty>}
          {!few && forest.isError && <Failure error={forest.error} />}
          {!few && forest.isPending && <Waiting />}
          {!few && forest.data && !forest.isError && (
            <>
              {(forest.data.pictures ?? []).map((p) => <Picture key={p.name} picture={p} wide />)}
              <ResultCard result={forest.data} hidePictures headline={<Shown result={forest.data.results} measure={measure} />} title={t('evidence.numbers')} as={(accept) => runAs(forestCall, accept)}>
                <Facts facts={KEYS.filter((k) => k in forest.data.results).map((k) => [k, forest.data.results[k]!])} />
              </ResultCard>
            </>
          )}
        </section>
      </div>
    </>
  );
}

/** Ratios are pooled as logarithms; the sentence gives the ratio itself. */
function Shown({ result, measure }: { result: Row; measure: string }) {
  const { t } = useTranslation();
  const ratio = measure === 'RR' || measure === 'OR';
  if (typeof result.estimate !== 'number' || typeof result.lower !== 'number' || typeof result.upper !== 'number') return null;
  const told = isRow(result.transformed) ? result.transformed : null;
  const text = (key: 'estimate' | 'lower' | 'upper') => {
    const value = told && typeof told[key] === 'number' ? told[key] : (result[key] as number);
    return formatNumber(value, 2);
  };
  const name = measure === 'GEN' ? t('evidence.effect') : t(`evidence.measures.${measure}` as 'evidence.measures.RR');
  return <p className="headline">{t('evidence.headline', { name, estimate: text('estimate'), lower: text('lower'), upper: text('upper') })}{ratio && <span className="quiet" style={{ display: 'block', fontSize: '.9rem', fontWeight: 400 }}>{t('evidence.logs')}</span>}</p>;
}

export function SingleTable() {
  const { t } = useTranslation();
  const demo = useQuery({ queryKey: ['demo'], queryFn: getDemo });
  const set = demo.data?.datasets.find((s) => s.id === 'bcg');
  const text = useQuery({ queryKey: ['demo-text', set?.id], queryFn: () => getDemoText(set!.id), enabled: set !== undefined });
  return (
    <Loaded query={demo}>
      {() => (set ? (
        <Loaded query={text}>
          {(csv) => {
            const table = parseCsv(csv);
            const design = designOf(table);
            return (
              <>
                <Title order={2} mb="sm" fz="1.15rem">{set.title}</Title>
                {design ? <Pooled set={set} table={table} design={design} /> : <Empty>{t('evidence.noColumns')}</Empty>}
              </>
            );
          }}
        </Loaded>
      ) : <Empty>{t('evidence.noSet')}</Empty>)}
    </Loaded>
  );
}

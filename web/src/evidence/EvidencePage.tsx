// Pooled evidence: the studies as a table with a tick each; the forest and the pooled numbers follow every change.
import { Button, Checkbox, Group, NativeSelect, Paper, Stack, Switch, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Call, type DataSet, getDemo, getDemoText, getOperations, type Operation, runAs } from '../shared/api';
import { columnOf, isNumeric, parseCsv, type Table, writeCsv } from '../shared/csv';
import { decimalsFor, formatNumber } from '../shared/format';
import { Aligned } from '../shared/DataTable';
import { Page } from '../shared/Page';
import { Picture } from '../shared/Picture';
import { Facts, ResultCard } from '../shared/ResultCard';
import { Empty, Failure, Loaded, Waiting } from '../shared/states';
import { useOperation } from '../shared/useOperation';
import { nameOf, type Shape, shapeOf, without } from './studies';

const METHODS = ['REML', 'DL', 'PM', 'ML', 'FE'];
const TESTS = ['z', 'knha', 't'];
const KEYS = ['k', 'estimate', 'se', 'lower', 'upper', 'p', 'tau2', 'I2', 'Q', 'Q_df', 'Q_p', 'pi_lower', 'pi_upper'];

function StudyTable({ table, shape, out, toggle }: { table: Table; shape: Shape; out: ReadonlySet<number>; toggle: (row: number) => void }) {
  const { t } = useTranslation();
  const shown = [shape.yi, shape.vi];
  const cells = shown.map((name) => {
    const values = columnOf(table, name);
    const numbers = values.filter(isNumeric).map(Number);
    const decimals = decimalsFor(numbers);
    return values.map((v) => (isNumeric(v) ? { text: formatNumber(Number(v), decimals), fraction: decimals + 1 } : { text: v || '–', fraction: 0 }));
  });
  return (
    <div className="table-frame">
      <table className="data">
        <caption>{t('evidence.studies')}</caption>
        <thead><tr><th scope="col">{t('evidence.in')}</th><th scope="col" className="number">{t('evidence.effect')}</th><th scope="col" className="number">{t('evidence.variance')}</th></tr></thead>
        <tbody>
          {table.rows.map((_, i) => (
            <tr key={i} data-off={out.has(i)}>
              <td><Checkbox size="sm" checked={!out.has(i)} onChange={() => toggle(i)} label={nameOf(table, i, shape)} /></td>
              {cells.map((column, c) => <td key={c} className="number"><Aligned text={column[i]!.text} fraction={column[i]!.fraction} /></td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Pooled({ set, table, shape, operations }: { set: DataSet; table: Table; shape: Shape; operations: Operation[] }) {
  const { t } = useTranslation();
  const [out, setOut] = useState<ReadonlySet<number>>(new Set());
  const [method, setMethod] = useState('REML');
  const [test, setTest] = useState('z');
  const forestOp = operations.find((o) => o.name === 'meta.forest');
  const canRatio = forestOp?.params.some((p) => p.name === 'transf') ?? false;
  const [ratio, setRatio] = useState(canRatio && /log|ratio|bcg|risk|odds/i.test(`${set.id} ${set.title}`));
  const toggle = (row: number) => setOut((old) => { const next = new Set(old); if (!next.delete(row)) next.add(row); return next; });
  const kept = useMemo(() => writeCsv(named(without(table, out), shape)), [table, out, shape]);
  const few = table.rows.length - out.size < 2;
  const data: Call['data'] = { data: { name: set.name, text: kept } };
  const parameters = (op: string): Call['parameters'] => {
    const has = (name: string) => operations.find((o) => o.name === op)?.params.some((p) => p.name === name);
    return {
      yi: shape.yi, vi: shape.vi, method, test,
      ...(shape.slab && has('slab') ? { slab: shape.slab } : {}),
      ...(ratio && has('transf') ? { transf: 'exp' } : {}),
    };
  };
  const fitCall: Call = { operation: 'meta.fit', parameters: parameters('meta.fit'), data };
  const forest = useOperation(few ? null : { operation: 'meta.forest', parameters: parameters('meta.forest'), data });
  const fit = useOperation(few ? null : fitCall);
  return (
    <>
      <Paper p="md" className="surface no-print" mb="md" component="section" aria-label={t('evidence.settings')}>
        <Group align="end" gap="lg">
          <NativeSelect size="md" label={t('evidence.method')} data={METHODS} value={method} onChange={(e) => setMethod(e.currentTarget.value)} />
          <NativeSelect size="md" label={t('evidence.test')} data={TESTS.map((v) => ({ value: v, label: t(`evidence.test_${v}` as 'evidence.test_z') }))} value={test} onChange={(e) => setTest(e.currentTarget.value)} />
          {canRatio && <Switch size="md" label={t('evidence.ratio')} checked={ratio} onChange={(e) => setRatio(e.currentTarget.checked)} mb={6} />}
          <Button size="md" variant="default" disabled={out.size === 0} onClick={() => setOut(new Set())}>{t('evidence.all')}</Button>
        </Group>
      </Paper>
      <div className="evidence-grid">
        <Paper p="md" className="surface">
          <Stack gap="xs">
            <StudyTable table={table} shape={shape} out={out} toggle={toggle} />
            <Text role="status" className="quiet">{t('evidence.left', { n: table.rows.length - out.size, all: table.rows.length })}</Text>
          </Stack>
        </Paper>
        <section aria-label={t('evidence.forest')} aria-busy={forest.isFetching}>
          {few && <Empty>{t('evidence.few')}</Empty>}
          {!few && forest.isError && <Failure error={forest.error} />}
          {!few && !forest.data && !forest.isError && <Waiting />}
          {!few && forest.data && !forest.isError && (forest.data.pictures ?? []).map((p) => <Picture key={p.name} picture={p} wide />)}
          {!few && fit.isError && <Failure error={fit.error} />}
          {!few && fit.data && !fit.isError && (
            <ResultCard result={{ ...fit.data, pictures: forest.data?.pictures ?? [] }} hidePictures title={t('evidence.numbers')} as={(accept) => runAs(fitCall, accept)}>
              <Facts facts={KEYS.filter((k) => k in fit.data.results).map((k) => [k, fit.data.results[k]!])} />
            </ResultCard>
          )}
        </section>
      </div>
    </>
  );
}

/** The names shown in the page are the names in the picture. */
function named(table: Table, shape: Shape): Table {
  if (!shape.slab) return table;
  const at = table.header.indexOf(shape.slab);
  return { header: table.header, rows: table.rows.map((row, i) => row.map((cell, c) => (c === at ? nameOf(table, i, shape) : cell))) };
}

function metaSets(sets: DataSet[]): DataSet[] {
  const own = ['participants', 'visits', 'screening', 'adverse_events', 'adherence', 'allocations'];
  return sets.filter((s) => s.kind === 'table' && !own.includes(s.id));
}

export function EvidencePage() {
  const { t } = useTranslation();
  const demo = useQuery({ queryKey: ['demo'], queryFn: getDemo });
  const operations = useQuery({ queryKey: ['ops'], queryFn: getOperations });
  const sets = metaSets(demo.data?.datasets ?? []);
  const set = sets[0];
  const text = useQuery({ queryKey: ['demo-text', set?.id], queryFn: () => getDemoText(set!.id), enabled: set !== undefined });
  return (
    <Page title={t('evidence.title')} lede={t('evidence.lede')}>
      <Loaded query={demo}>
        {() => (set ? (
          <Loaded query={text}>
            {(csv) => {
              const table = parseCsv(csv);
              const shape = shapeOf(table);
              return (
                <>
                  <Title order={2} mb="sm" fz="1.15rem">{set.title}</Title>
                  {shape ? <Loaded query={operations}>{(ops) => <Pooled set={set} table={table} shape={shape} operations={ops} />}</Loaded>
                    : <Empty>{t('evidence.noColumns')}</Empty>}
                </>
              );
            }}
          </Loaded>
        ) : <Empty>{t('evidence.noSet')}</Empty>)}
      </Loaded>
    </Page>
  );
}

// One analysis, live: the forest follows while a study is unticked or a slider is dragged; subsets and permutations beside it.
import { Button, Checkbox, Group, NativeSelect, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { memo, useCallback, useDeferredValue, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Call, type ResultDocument, type Row, runAs } from '../shared/api';
import { parseCsv } from '../shared/csv';
import { formatNumber, formatP } from '../shared/format';
import { Picture } from '../shared/Picture';
import { Facts, ResultCard } from '../shared/ResultCard';
import { Empty, Failure, Waiting } from '../shared/states';
import { useOperation } from '../shared/useOperation';
import { chosen, type Contrast, contrastsOf, forestCsv, forestTable, type Mode, numberOf } from './review';

const KEYS = ['k', 'estimate', 'lower', 'upper', 'p', 'pi_lower', 'pi_upper', 'tau2', 'I2', 'Q', 'Q_p'];
/** "= 0.012" or "< 0.001". */
const pText = (p: number) => { const text = formatP(p); return text.startsWith('<') ? `< ${text.slice(1)}` : `= ${text}`; };
export interface CellName { id: string; outcome: string; comparator: string; term: string }

/** How long a hand must rest before what is not the forest follows, in milliseconds. */
const REST = 400;

/** Asked when the hand rests: the forest goes first. */
const Subsets = memo(function Subsets({ csv, few }: { csv: string; few: boolean }) {
  const { t } = useTranslation();
  const [rested] = useDebouncedValue(csv, REST);
  const data = { data: { name: 'cell.csv', text: rested } };
  const gosh = useOperation(few ? null : { operation: 'meta.gosh', parameters: { measure: 'SMD', samples: 10000, summary: true }, data });
  const permute = useOperation(few ? null : { operation: 'meta.permute', parameters: { measure: 'SMD', samples: 1000 }, data });
  if (few) return null;
  const row = (permute.data?.results.coefficients as Row[] | undefined)?.[0];
  return (
    <Paper p="md" className="surface" component="section" aria-label={t('evidence.live.subsets')}>
      <Title order={3} fz="1rem" mb="xs">{t('evidence.live.subsets')}</Title>
      {gosh.isError && <Failure error={gosh.error} />}
      {gosh.data?.pictures?.[0] && <Picture picture={gosh.data.pictures[0]} />}
      {gosh.data && <Text mt="xs" size="sm">{t('evidence.live.gosh', { n: numberOf(gosh.data.results, 'subsets'), mean: formatNumber(numberOf(gosh.data.results, 'mean_estimate'), 2), sd: formatNumber(numberOf(gosh.data.results, 'sd_estimate'), 2) })}</Text>}
      {row && <Text mt="xs" size="sm">{t('evidence.live.permutation', { p: pText(numberOf(row, 'p_permutation')), z: pText(numberOf(row, 'p')) })}</Text>}
    </Paper>
  );
});

const Ticks = memo(function Ticks({ contrasts, out, toggle }: { contrasts: Contrast[]; out: ReadonlySet<number>; toggle: (i: number) => void }) {
  return <div className="ticks">{contrasts.map((c, i) => <Checkbox key={c.study} data-study={c.study} checked={!out.has(i)} onChange={() => toggle(i)} label={c.label} />)}</div>;
});

const Pooled = memo(function Pooled({ forest, call }: { forest: ResultDocument; call: Call }) {
  const { t } = useTranslation();
  const r = forest.results;
  return (
    <ResultCard result={forest} hidePictures title={t('evidence.numbers')} as={(accept) => runAs(call, accept)}
      headline={<p className="headline">{t('evidence.headline', { name: t('evidence.measures.SMD'), estimate: formatNumber(numberOf(r, 'estimate'), 2), lower: formatNumber(numberOf(r, 'lower'), 2), upper: formatNumber(numberOf(r, 'upper'), 2) })}</p>}>
      <Facts facts={KEYS.filter((k) => k in r).map((k) => [k, r[k]!])} />
    </ResultCard>
  );
});

export function Live({ cell, results, studies, risk }: { cell: CellName; results: Row; studies: string; risk: string }) {
  const { t, i18n } = useTranslation();
  const [out, setOut] = useState<ReadonlySet<number>>(new Set());
  const [mode, setMode] = useState<Mode>('all');
  const [at, setAt] = useState(0);
  const [layout, setLayout] = useState('revman');
  const contrasts = useMemo(() => contrastsOf(results, cell, parseCsv(studies)), [results, cell, studies]);
  const table = useMemo(() => forestTable(contrasts, parseCsv(risk)), [contrasts, risk]);
  const keep = chosen(contrasts.length, mode, at, out);
  const left = keep.filter(Boolean).length;
  const csv = forestCsv(table, keep);
  const call: Call = {
    operation: 'meta.forest', data: { data: { name: 'cell.csv', text: csv } },
    parameters: { measure: 'SMD', layout, label1: t('evidence.live.label1'), label2: t(`evidence.comparator.${cell.comparator}` as 'evidence.comparator.active'), language: i18n.language.startsWith('zh') ? 'zh' : 'en', risk: table.header.slice(7) },
  };
  const asked = `${csv}${layout}${i18n.language}`;
  const forest = useOperation(left < 1 ? null : call);
  const card = useDeferredValue(forest.data); // the picture is painted first
  const cardCall = useDeferredValue(call);
  const toggle = useCallback((i: number) => setOut((old) => { const next = new Set(old); if (!next.delete(i)) next.add(i); return next; }), []);
  const most = contrasts.length;
  const told = mode === 'leave' && at > 0 ? t('evidence.live.without', { study: contrasts[at - 1]?.label }) : mode === 'cumulative' ? t('evidence.live.upTo', { n: at, year: contrasts[Math.max(0, at - 1)]?.year }) : t('evidence.left', { n: left, all: most });
  return (
    <>
      <Paper p="md" className="surface no-print" mb="md" component="section" aria-label={t('evidence.live.controls')}>
        <Group align="end" gap="lg">
          <SegmentedControl size="md" style={{ flexWrap: 'wrap', maxWidth: '100%' }} value={mode} aria-label={t('evidence.live.mode')} onChange={(v) => { setMode(v as Mode); setAt(v === 'cumulative' ? most : v === 'leave' ? 1 : 0); }}
            data={[{ value: 'all', label: t('evidence.live.all') }, { value: 'leave', label: t('evidence.live.leave') }, { value: 'cumulative', label: t('evidence.live.cumulative') }]} />
          <NativeSelect size="md" label={t('evidence.live.layout')} value={layout} onChange={(e) => setLayout(e.currentTarget.value)} data={[{ value: 'revman', label: 'RevMan' }, { value: 'jama', label: 'JAMA' }, { value: 'bmj', label: 'BMJ' }]} />
          <Button size="md" variant="default" disabled={out.size === 0} onClick={() => setOut(new Set())}>{t('evidence.all')}</Button>
        </Group>
        {mode !== 'all' && (
          <label style={{ display: 'block', marginTop: '.75rem' }}>
            <span>{mode === 'leave' ? t('evidence.live.leaveWhich') : t('evidence.live.howMany')}</span>
            <input type="range" data-live="slider" min={1} max={most} value={at} onChange={(e) => setAt(Number(e.currentTarget.value))} aria-valuetext={told} />
          </label>
        )}
        <Text role="status" mt="xs">{told}</Text>
      </Paper>
      <div>
        <section aria-label={t('evidence.forest')} style={{ marginBottom: '1.25rem' }} aria-busy={forest.isFetching} data-live="forest" data-asked={asked} data-shown={forest.data && !forest.isPlaceholderData ? asked : ''}>
          {left < 1 && <Empty>{t('evidence.few')}</Empty>}
          {forest.isError && <Failure error={forest.error} />}
          {left >= 1 && forest.isPending && <Waiting />}
          {left >= 1 && forest.data && (
            <Stack gap="md">
              {(forest.data.pictures ?? []).map((p) => <Picture key={p.name} picture={p} wide />)}
              {card && <Pooled forest={card} call={cardCall} />}
            </Stack>
          )}
        </section>
        <div className="side-by-side">
          <Paper p="md" className="surface" component="section" aria-label={t('evidence.studies')}>
            <Title order={3} fz="1rem" mb="xs">{t('evidence.studies')}</Title>
            <Ticks contrasts={contrasts} out={out} toggle={toggle} />
          </Paper>
          <Subsets csv={csv} few={left < 3} />
        </div>
      </div>
    </>
  );
}

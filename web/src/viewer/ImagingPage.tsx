// A scan with its mask beside the numbers made from both.
import { Button, Group, NativeSelect, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Call, type DataSet, type Demo, getDemo, getDemoBytes, getOperations, runAs, type Row, type Scan } from '../shared/api';
import { isTable } from '../shared/format';
import { Page } from '../shared/Page';
import { Picture } from '../shared/Picture';
import { ResultCard } from '../shared/ResultCard';
import { Empty, Failure, Loaded, Waiting } from '../shared/states';
import { useOperation } from '../shared/useOperation';
import { demoBench } from './bench';
import { levelsOf, type Muscle, musclesOf } from './labels';
import { methodsIn, MuscleTable, useMethodName, useMuscleName } from './MuscleTable';
import { elsewhere, Reading } from './Reading';
import { FALLBACK_MUSCLES } from './palette';
import { Viewer, type Volume } from './Viewer';

const KINDS = ['water', 'fat', 'image'] as const;

function measureCall(scan: Scan, adopt: boolean): Call | null {
  if (!scan.mask) return null;
  const data: Call['data'] = { mask: { demo: scan.mask } };
  if (scan.fat && scan.water) Object.assign(data, { fat: { demo: scan.fat }, water: { demo: scan.water } });
  else if (scan.image) data.image = { demo: scan.image };
  const method = scan.fat && scan.water ? 'dixon_mean,dixon_ratio,otsu' : 'otsu';
  return { operation: 'muscle.measure', parameters: { ...scan.measure, method, ...(adopt ? { 'adopt-geometry': 'mask' } : {}) }, data };
}

function useVolume(set: DataSet | undefined) {
  return useQuery({
    queryKey: ['volume', set?.id],
    queryFn: async (): Promise<Volume> => ({ name: set!.name, bytes: await getDemoBytes(set!.id) }),
    enabled: set !== undefined,
  });
}

function Legend({ muscles }: { muscles: Muscle[] }) {
  const { t } = useTranslation();
  const name = useMuscleName();
  return (
    <ul aria-label={t('imaging.legend')} style={{ listStyle: 'none', display: 'flex', flexWrap: 'wrap', gap: '.3rem 1.2rem', padding: 0, margin: 0 }}>
      {muscles.map((m) => (
        <li key={m.value} style={{ display: 'flex', alignItems: 'center', gap: '.45rem' }}>
          <span className="swatch" style={{ background: `rgb(${m.colour.join(' ')})` }} />{name(m)} <span className="quiet">({m.value})</span>
        </li>
      ))}
    </ul>
  );
}

const absent = (value: Row[string] | undefined) => value === null || value === undefined || value === '';

function Numbers({ rows, muscles, slice }: { rows: Row[]; muscles: Muscle[]; slice: number }) {
  const { t } = useTranslation();
  const method = useMethodName();
  const methods = methodsIn(rows);
  const [chosen, setChosen] = useState('');
  const fat = methods.includes(chosen) ? chosen : (methods[0] ?? '');
  const here = rows.filter((r) => r.slice === slice);
  const level = here.map((r) => r.level).find((l) => !absent(l));
  const atLevel = rows.filter((r) => absent(r.slice) && !absent(r.level) && r.level === level);
  const whole = rows.filter((r) => absent(r.slice) && absent(r.level));
  return (
    <Stack gap="lg">
      <NativeSelect size="md" label={t('imaging.fatBy')} description={t('imaging.fatByText')} value={fat} onChange={(e) => setChosen(e.currentTarget.value)}
        data={methods.map((m) => ({ value: m, label: method(m) }))} maw="22rem" className="no-print" />
      {here.length > 0 ? <MuscleTable rows={here} muscles={muscles} fat={fat} caption={t('imaging.here', { slice })} />
        : <Text className="quiet">{t('imaging.noneHere', { slice })}</Text>}
      {atLevel.length > 0 && <MuscleTable rows={atLevel} muscles={muscles} fat={fat} caption={t('imaging.level', { level: String(level) })} />}
      {whole.length > 0 && <MuscleTable rows={whole} muscles={muscles} fat={fat} caption={t('imaging.whole')} />}
    </Stack>
  );
}

function ScanView({ scan, demo }: { scan: Scan; demo: Demo }) {
  const { t } = useTranslation();
  const kinds = KINDS.filter((k) => scan[k] && (k !== 'image' || (scan.image !== scan.water && scan.image !== scan.fat)));
  const [kind, setKind] = useState<(typeof KINDS)[number]>(kinds[0] ?? 'image');
  const [adopt, setAdopt] = useState(false);
  const [opacity, setOpacity] = useState(0.5);
  const [planes, setPlanes] = useState<'axial' | 'three'>('axial');
  const [slices, setSlices] = useState(0);
  const [slice, setSlice] = useState<number | null>(null);
  const at = Math.min(slice ?? Math.floor(slices / 2), Math.max(0, slices - 1));
  const setOf = (id: string | null | undefined) => demo.datasets.find((d) => d.id === id);
  const image = useVolume(setOf(scan[kind]));
  const mask = useVolume(setOf(scan.mask));
  const call = measureCall(scan, adopt);
  const measured = useOperation(call);
  const rows = measured.data && isTable(measured.data.results.rows) ? measured.data.results.rows : [];
  const muscles = musclesOf(scan.labels, rows);
  const levels = levelsOf(rows);
  const refused = measured.isError && elsewhere(measured.error);
  const step = useCallback((by: number) => setSlice((s) => Math.max(0, Math.min(slices - 1, (s ?? Math.floor(slices / 2)) + by))), [slices]);

  return (
    <>
    <div className="side-by-side">
      <Paper p="md" className="surface stays" component="section" aria-label={t('imaging.picture')}>
        <Stack gap="sm">
          <Group justify="space-between" gap="xs">
            {kinds.length > 1 && <SegmentedControl size="sm" aria-label={t('imaging.which')} value={kind} onChange={(v) => setKind(v as 'water')} data={kinds.map((k) => ({ value: k, label: t(`imaging.${k}`) }))} />}
            <SegmentedControl size="sm" aria-label={t('imaging.planes')} value={planes} onChange={(v) => setPlanes(v as 'axial')} data={[{ value: 'axial', label: t('imaging.axial') }, { value: 'three', label: t('imaging.three') }]} />
          </Group>
          {image.isError && <Failure error={image.error} again={() => void image.refetch()} />}
          {image.data && (mask.data || !scan.mask) ? (
            <Viewer image={image.data} mask={mask.data ?? null} muscles={muscles} opacity={opacity} adopt={adopt} planes={planes} slice={at} onSlices={setSlices} step={step} />
          ) : !image.isError && <Waiting what={t('imaging.loading')} />}
          {levels.length > 1 && (
            <Group gap="xs" role="group" aria-label={t('imaging.levels')}>
              {levels.map((l) => (
                <Button key={l.level} size="compact-md" variant={l.from <= at && at <= l.to ? 'filled' : 'default'} aria-pressed={l.from <= at && at <= l.to} onClick={() => setSlice(Math.round((l.from + l.to) / 2))}>{l.level}</Button>
              ))}
            </Group>
          )}
          <label>{t('imaging.slice', { slice: at, last: Math.max(0, slices - 1) })}
            <input type="range" min={0} max={Math.max(0, slices - 1)} step={1} value={at} onChange={(e) => setSlice(Number(e.currentTarget.value))} />
          </label>
          <label>{t('imaging.opacity', { percent: Math.round(opacity * 100) })}
            <input type="range" min={0} max={1} step={0.05} value={opacity} onChange={(e) => setOpacity(Number(e.currentTarget.value))} />
          </label>
          <Legend muscles={muscles} />
          <Text className="quiet" fz="sm">{t('imaging.convention')}</Text>
        </Stack>
      </Paper>
      <section aria-label={t('imaging.numbers')} aria-live="polite">
        {measured.isFetching && !measured.data && <Waiting what={t('imaging.measuring')} />}
        {measured.isError && (
          <Failure error={measured.error}>
            {refused && !adopt && <Button onClick={() => setAdopt(true)}>{t('imaging.adopt')}</Button>}
          </Failure>
        )}
        {measured.data && !measured.isError && (
          <>
            {adopt && <Text mb="xs"><Button variant="default" onClick={() => setAdopt(false)}>{t('imaging.unadopt')}</Button></Text>}
            <ResultCard result={measured.data} hidePictures title={t('imaging.numbers')} as={(accept) => runAs(call!, accept)}>
              <Numbers rows={rows} muscles={muscles} slice={at} />
            </ResultCard>
          </>
        )}
      </section>
    </div>
    {measured.data && !measured.isError && (measured.data.pictures ?? []).length > 0 && (
      <section aria-label={t('imaging.chart')}>
        <Title order={2} fz="1.15rem" mb="xs">{t('imaging.course')}</Title>
        {measured.data.pictures!.map((p) => <Picture key={p.name} picture={p} wide />)}
      </section>
    )}
    </>
  );
}

/** Drawing on a scan of the demo: everything but keeping it. */
function DemoReading({ scan, demo }: { scan: Scan; demo: Demo }) {
  const operations = useQuery({ queryKey: ['operations'], queryFn: getOperations });
  return (
    <Loaded query={operations}>
      {(list) => <DemoBoard scan={scan} demo={demo} operations={list} />}
    </Loaded>
  );
}

const EMPTY_READING = { drawing: null, levels: null, revision: 0, done: false };

function DemoBoard({ scan, demo, operations }: { scan: Scan; demo: Demo; operations: Awaited<ReturnType<typeof getOperations>> }) {
  const bench = useMemo(() => demoBench(demo, scan, operations), [demo, scan, operations]);
  return <Reading name={scan.title} bench={bench} muscles={FALLBACK_MUSCLES} levelNames={['L1', 'L2', 'L3', 'L4', 'L5']} kept={EMPTY_READING} />;
}

export default function ImagingPage() {
  const { t } = useTranslation();
  const demo = useQuery({ queryKey: ['demo'], queryFn: getDemo });
  const [chosen, setChosen] = useState<string | null>(null);
  const [drawing, setDrawing] = useState(false);
  return (
    <Page title={t('imaging.title')} lede={t('imaging.lede')}>
      <Loaded query={demo}>
        {(d) => {
          const scan = d.scans.find((s) => s.id === chosen) ?? d.scans[0];
          if (!scan) return <Empty>{t('imaging.noScan')}</Empty>;
          return (
            <>
              {d.scans.length > 1 && (
                <NativeSelect size="md" mb="sm" maw="34rem" label={t('imaging.scan')} value={scan.id} onChange={(e) => setChosen(e.currentTarget.value)}
                  data={d.scans.map((s) => ({ value: s.id, label: s.title }))} />
              )}
              <Title order={2} fz="1.15rem">{scan.title}</Title>
              {scan.source && <p className="quiet" style={{ marginTop: 0 }}>{scan.source}</p>}
              <Group mb="sm" className="no-print">
                <Button variant={drawing ? 'default' : 'light'} onClick={() => setDrawing(!drawing)}>{t(drawing ? 'reading.close' : 'reading.open')}</Button>
              </Group>
              {drawing ? <DemoReading key={scan.id} scan={scan} demo={d} /> : <ScanView key={scan.id} scan={scan} demo={d} />}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

// Drawing the muscles of one scan: strokes, growing, filling, correcting, levels, with the numbers beside. The same page for the
// demo, which keeps nothing, and for a scan of the study, which is saved while one works.
import { Alert, Button, FileButton, Group, NativeSelect, Paper, SegmentedControl, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, type Row } from '../shared/api';
import { Empty, Failure, Loaded } from '../shared/states';
import { keep } from '../shared/download';
import { type Bench, packed, type Settings, unpacked } from './bench';
import { DrawingCanvas, type DrawingHandle, type Pen } from './DrawingCanvas';
import type { Muscle } from './labels';
import { LevelMarks } from './LevelMarks';
import { methodsIn, MuscleTable, useMethodName } from './MuscleTable';
import { type Drawable, ELSEWHERE, FALLBACK_MUSCLES, labelsText, type Levels, levelsFrom, levelsText, palette } from './palette';

/** What an earlier sitting left. */
export interface Kept { drawing: ArrayBuffer | null; levels: string | null; revision: number; done: boolean }

interface Props {
  name: string;
  bench: Bench;
  muscles: string[];
  levelNames: string[];
  kept: Kept;
  onFinished?: () => void;
}

/** Was it refused because images and drawing lie in different places? */
export const elsewhere = (error: unknown) => error instanceof ApiError && /geometr|position|origin|mm/i.test(`${error.message} ${error.hint}`);

type Mode = 'draw' | 'area' | 'erase' | 'look';
const absent = (value: Row[string] | undefined) => value === null || value === undefined || value === '';

function useNames() {
  const { t, i18n } = useTranslation();
  return useCallback((side: string, muscle: string) => {
    const plain = muscle.replaceAll('_', ' ');
    const word = (kind: 'side' | 'muscle', text: string) => (i18n.exists(`${kind}.${text}`) ? t(`${kind}.${text}` as 'side.left') : text);
    return `${word('side', side)}${i18n.language.startsWith('zh') ? '' : ' '}${word('muscle', plain)}`;
  }, [t, i18n]);
}

/** Asks for the numbers a moment after the last stroke; the latest drawing wins. */
function useMeasured(bench: Bench, colours: Drawable[], levels: Levels, adopt: boolean, drawing: () => Promise<ArrayBuffer | null>, counts: () => Map<number, number>, version: number) {
  const [rows, setRows] = useState<Row[]>([]);
  const [error, setError] = useState<unknown>(null);
  const [stale, setStale] = useState(false);
  const turn = useRef(0);
  useEffect(() => {
    if (version === 0) return undefined;
    const mine = ++turn.current;
    setStale(true);
    const timer = setTimeout(async () => {
      const drawn = new Set([...counts().keys()].filter((v) => v !== ELSEWHERE));
      const bytes = drawn.size ? await drawing() : null;
      try {
        const settings: Settings = { labels: labelsText(colours, drawn) };
        const marks = levelsText(levels);
        if (marks) settings.levels = marks;
        if (adopt) settings['adopt-geometry'] = 'mask';
        const found = bytes ? await bench.measure(bytes, settings) : [];
        if (mine !== turn.current) return;
        setRows(found);
        setError(null);
      } catch (failure) {
        if (mine === turn.current) setError(failure);
      }
      if (mine === turn.current) setStale(false);
    }, 250);
    return () => clearTimeout(timer);
    // measured again when the drawing or the levels change
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [version, levels, adopt]);
  return { rows, error, stale };
}

function Numbers({ rows, colours, slice, stale }: { rows: Row[]; colours: Drawable[]; slice: number; stale: boolean }) {
  const { t } = useTranslation();
  const method = useMethodName();
  const methods = methodsIn(rows);
  const [chosen, setChosen] = useState('');
  const fat = methods.includes(chosen) ? chosen : (methods[0] ?? '');
  const muscles: Muscle[] = colours.filter((c) => c.muscle).map((c) => ({ value: c.value, muscle: c.muscle.replaceAll('_', ' '), side: c.side, colour: c.colour }));
  const here = rows.filter((r) => r.slice === slice);
  const level = here.map((r) => r.level).find((l) => !absent(l));
  const atLevel = rows.filter((r) => absent(r.slice) && !absent(r.level) && r.level === level);
  const whole = rows.filter((r) => absent(r.slice) && absent(r.level));
  return (
    <Stack gap="md">
      <Text role="status" className="quiet" fz="sm" mih="1.4em">{stale ? t('reading.stale') : ''}</Text>
      {rows.length === 0 && !stale && <Text className="quiet">{t('reading.nothing')}</Text>}
      {methods.length > 1 && (
        <NativeSelect size="md" label={t('imaging.fatBy')} value={fat} onChange={(e) => setChosen(e.currentTarget.value)} maw="22rem"
          data={methods.map((m) => ({ value: m, label: method(m) }))} className="no-print" />
      )}
      {here.length > 0 && <MuscleTable rows={here} muscles={muscles} fat={fat} caption={t('imaging.here', { slice })} />}
      {atLevel.length > 0 && <MuscleTable rows={atLevel} muscles={muscles} fat={fat} caption={t('imaging.level', { level: String(level) })} />}
      {whole.length > 0 && <MuscleTable rows={whole} muscles={muscles} fat={fat} caption={t('imaging.whole')} />}
    </Stack>
  );
}

function MusclePicker({ colours, value, onChange }: { colours: Drawable[]; value: number; onChange: (value: number) => void }) {
  const { t } = useTranslation();
  return (
    <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
      <legend className="quiet">{t('reading.muscle')}</legend>
      <div style={{ display: 'flex', flexWrap: 'wrap', gap: '.35rem' }}>
        {colours.map((c) => (
          <Button key={c.value} size="compact-md" variant={c.value === value ? 'filled' : 'default'} aria-pressed={c.value === value} onClick={() => onChange(c.value)}
            leftSection={<span className="swatch" style={{ background: `rgb(${c.colour.join(' ')})` }} />}>{c.name}</Button>
        ))}
      </div>
    </fieldset>
  );
}

export function Reading({ name, bench, muscles, levelNames, kept, onFinished }: Props) {
  const { t } = useTranslation();
  const say = useNames();
  const colours = useMemo(() => palette(muscles.length ? muscles : FALLBACK_MUSCLES, say, t('reading.elsewhere')), [muscles, say, t]);
  const images = useQuery({ queryKey: ['reading', name], queryFn: () => bench.images(), staleTime: Infinity, gcTime: 0 });
  return (
    <Loaded query={images} what={t('imaging.loading')}>
      {(list) => <Board {...{ name, bench, levelNames, kept, onFinished, colours, list }} />}
    </Loaded>
  );
}

function Board({ name, bench, levelNames, kept, onFinished, colours, list }: Omit<Props, 'muscles'> & { colours: Drawable[]; list: Awaited<ReturnType<Bench['images']>> }) {
  const { t } = useTranslation();
  const canvas = useRef<DrawingHandle>(null);
  const strokes = useRef<ArrayBuffer | null>(null);
  const revision = useRef(kept.revision);
  const [role, setRole] = useState(list[0]?.role ?? '');
  const [mode, setMode] = useState<Mode>(kept.done ? 'look' : 'draw');
  const [muscle, setMuscle] = useState(1);
  const [size, setSize] = useState(2);
  const [opacity, setOpacity] = useState(0.5);
  const [contrast, setContrast] = useState(1);
  const [slices, setSlices] = useState(0);
  const [slice, setSlice] = useState(0);
  const [levels, setLevels] = useState<Levels>(() => levelsFrom(kept.levels));
  const [version, setVersion] = useState(0);
  const [busy, setBusy] = useState('');
  const [failure, setFailure] = useState<unknown>(null);
  const [grown, setGrown] = useState(false);
  const [adopt, setAdopt] = useState(false);
  const [saved, setSaved] = useState<string | null>(null);
  const image = list.find((i) => i.role === role) ?? list[0];
  const pen = useMemo<Pen | null>(() => (mode === 'look' || kept.done ? null : { value: mode === 'erase' ? 0 : muscle, size, filled: mode === 'area' }), [mode, muscle, size, kept.done]);
  const measured = useMeasured(bench, colours, levels, adopt, async () => canvas.current?.get() ?? null, () => canvas.current?.counts() ?? new Map(), version);
  const changed = () => { setVersion((v) => v + 1); setSaved(null); };

  const carried = useRef<ArrayBuffer | null>(kept.drawing);
  const ready = async (count: number) => {
    setSlices(count);
    setSlice((s) => (slices ? s : Math.floor(count / 2)));
    if (!carried.current) return;
    try {
      await canvas.current?.set(carried.current);
      setVersion((v) => v + 1);
    } catch (error) {
      setFailure(error);
    }
  };
  const another = async (next: string) => {
    carried.current = (await canvas.current?.get()) ?? null;
    setRole(next);
  };

  /** Runs a tool on the drawing and puts what comes back in its place. */
  const run = async (what: string, verb: string, settings: Settings, from?: ArrayBuffer | null) => {
    const before = from ?? (await canvas.current?.get());
    if (!before || busy) return;
    setBusy(what);
    setFailure(null);
    try {
      await canvas.current?.set(await bench.tool(verb, before, settings));
      changed();
    } catch (error) {
      setFailure(error);
    }
    setBusy('');
  };
  const grow = async () => {
    if (!grown) strokes.current = (await canvas.current?.get()) ?? null;
    await run('growing', 'grow', { background: String(ELSEWHERE), ...(adopt ? { 'adopt-geometry': 'mask' } : {}) }, strokes.current);
    setGrown(true);
  };
  const back = async () => {
    await canvas.current?.set(strokes.current);
    setGrown(false);
    changed();
  };

  const save = useCallback(async () => {
    const bytes = await canvas.current?.get();
    if (!bench.save || !bytes) return false;
    setBusy('saving');
    try {
      const drawn = new Set(canvas.current!.counts().keys());
      const answer = await bench.save(bytes, labelsText(colours, drawn), levelsText(levels), revision.current);
      revision.current = answer.revision;
      setSaved(new Date(answer.saved_at).toLocaleTimeString());
      setFailure(null);
      setBusy('');
      return true;
    } catch (error) {
      setFailure(error);
      setBusy('');
      return false;
    }
  }, [bench, colours, levels]);

  useEffect(() => { // saved a little after the last change
    if (!bench.save || kept.done || version === 0 || saved !== null) return undefined;
    const timer = setTimeout(() => void save(), 4000);
    return () => clearTimeout(timer);
  }, [bench, kept.done, version, saved, save]);

  const load = async (file: File | null) => {
    if (!file) return;
    setFailure(null);
    try {
      await canvas.current?.set(await unpacked(await file.arrayBuffer()));
      setGrown(false);
      changed();
    } catch (error) {
      setFailure(error);
    }
  };
  const copy = async () => {
    const bytes = await canvas.current?.get();
    if (bytes) keep('drawing.nii.gz', await packed(bytes));
  };

  const finish = async () => {
    if (!(await save())) return;
    setBusy('working');
    try {
      await bench.finish!(revision.current);
      onFinished?.();
    } catch (error) {
      setFailure(error);
    }
    setBusy('');
  };

  if (!image) return <Empty>{t('imaging.noScan')}</Empty>;
  const locked = kept.done || busy !== '';
  return (
    <div className="side-by-side">
      <Paper p="md" className="surface stays" component="section" aria-label={t('imaging.picture')}>
        <Stack gap="sm">
          <Group justify="space-between" gap="xs">
            {list.length > 1 && <SegmentedControl size="sm" aria-label={t('imaging.which')} value={role} onChange={(r) => void another(r)}
              data={list.map((i) => ({ value: i.role, label: t(`imaging.${i.role}` as 'imaging.fat') }))} />}
            <SegmentedControl size="sm" aria-label={t('reading.tools')} value={mode} onChange={(m) => setMode(m as Mode)} disabled={kept.done}
              data={(['draw', 'area', 'erase', 'look'] as const).map((m) => ({ value: m, label: t(`reading.${m}`) }))} />
          </Group>
          <DrawingCanvas ref={canvas} image={image.volume} colours={colours} pen={pen} opacity={opacity} contrast={contrast} slice={slice} onSlice={setSlice}
            onReady={(n) => void ready(n)} onDrawn={changed} label={t('reading.canvas', { slice, name })} />
          <label>{t('imaging.slice', { slice, last: Math.max(0, slices - 1) })}
            <input type="range" min={0} max={Math.max(0, slices - 1)} step={1} value={slice} onChange={(e) => setSlice(Number(e.currentTarget.value))} />
          </label>
          <div className="sliders">
            <label>{t('reading.brush', { size })}<input type="range" min={1} max={12} step={1} value={size} onChange={(e) => setSize(Number(e.currentTarget.value))} /></label>
            <label>{t('imaging.opacity', { percent: Math.round(opacity * 100) })}<input type="range" min={0} max={1} step={0.05} value={opacity} onChange={(e) => setOpacity(Number(e.currentTarget.value))} /></label>
            <label>{t('reading.contrast', { percent: Math.round(contrast * 100) })}<input type="range" min={0.5} max={4} step={0.1} value={contrast} onChange={(e) => setContrast(Number(e.currentTarget.value))} /></label>
          </div>
          <Text className="quiet" fz="sm">{t('imaging.convention')}</Text>
        </Stack>
      </Paper>
      <Stack gap="lg">
        {kept.done ? <Alert color="blue" title={t('reading.finished')} /> : (
          <Paper p="md" className="surface" component="section" aria-label={t('reading.tools')}>
            <Stack gap="md">
              <MusclePicker colours={colours} value={muscle} onChange={(v) => { setMuscle(v); if (mode === 'look' || mode === 'erase') setMode('draw'); }} />
              <Group gap="xs">
                <FileButton accept=".nii,.gz" onChange={(file) => void load(file)}>
                  {(props) => <Button variant="default" disabled={locked} {...props}>{t('reading.load')}</Button>}
                </FileButton>
                <Button variant="default" onClick={() => void copy()}>{t('reading.copy')}</Button>
              </Group>
              <Group gap="xs">
                <Button variant="default" disabled={locked} onClick={() => canvas.current?.undo()}>{t('reading.undo')}</Button>
                <Button variant="default" disabled={locked} onClick={() => void run('working', 'smooth', {})}>{t('reading.smooth')}</Button>
                <Button variant="default" disabled={locked} onClick={() => void run('working', 'largest', {})}>{t('reading.largest')}</Button>
                <Button variant="default" disabled={locked} onClick={() => { strokes.current = null; setGrown(false); void canvas.current?.set(null).then(changed); }}>{t('reading.clear')}</Button>
              </Group>
              <div>
                <Group gap="xs">
                  <Button loading={busy === 'growing'} disabled={locked} onClick={() => void grow()}>{t('reading.grow')}</Button>
                  {grown && <Button variant="default" disabled={locked} onClick={() => void back()}>{t('reading.strokes')}</Button>}
                  <Button variant="light" loading={busy === 'filling'} disabled={locked} onClick={() => void run('filling', 'fill', {})}>{t('reading.fill')}</Button>
                </Group>
                <Text className="quiet" fz="sm" mt={4}>{t('reading.growText')} {t('reading.fillText')}</Text>
              </div>
            </Stack>
          </Paper>
        )}
        {failure !== null && <Failure error={failure}>{elsewhere(failure) && !adopt && <Button onClick={() => { setAdopt(true); setFailure(null); }}>{t('imaging.adopt')}</Button>}</Failure>}
        <LevelMarks names={levelNames} levels={levels} slice={slice} disabled={kept.done} onSlice={setSlice} onChange={(l) => { setLevels(l); setSaved(null); }} />
        <section aria-label={t('reading.numbers')}>
          {measured.error !== null ? <Failure error={measured.error}>{elsewhere(measured.error) && !adopt && <Button onClick={() => setAdopt(true)}>{t('imaging.adopt')}</Button>}</Failure> : <Numbers rows={measured.rows} colours={colours} slice={slice} stale={measured.stale} />}
        </section>
        {bench.save && !kept.done ? (
          <Group gap="sm" align="center">
            <Button variant="default" loading={busy === 'saving'} onClick={() => void save()}>{t('reading.save')}</Button>
            <Button loading={busy === 'working'} disabled={measured.rows.length === 0} onClick={() => void finish()}>{t('reading.finish')}</Button>
            <Text role="status" className="quiet">{busy === 'saving' ? t('reading.saving') : saved ? t('reading.saved', { time: saved }) : version ? t('reading.unsaved') : ''}</Text>
            <Text className="quiet" fz="sm">{t('reading.finishText')}</Text>
          </Group>
        ) : !kept.done && <Text className="quiet" fz="sm">{t('reading.demo')}</Text>}
      </Stack>
    </div>
  );
}

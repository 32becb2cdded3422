// Receiving a scan: drop a folder, the series are recognised, thumbnails appear, and a person says which are read.
import { Alert, Button, FileButton, Group, Paper, Progress, SegmentedControl, SimpleGrid, Stack, Text } from '@mantine/core';
import { NVImage } from '@niivue/niivue';
import { useQuery } from '@tanstack/react-query';
import { type DragEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { currentToken } from '../session/session';
import { refusal, type ResultDocument } from '../shared/api';
import { Failure, Loaded } from '../shared/states';
import { get, part, post } from '../shared/trial';
import { guessRoles, plainName, type Role, type Series, seriesOf, type StudyScan } from './scans';

/** Files of what was dropped, folders walked through. */
async function filesOf(items: DataTransferItemList): Promise<{ path: string; file: File }[]> {
  const found: { path: string; file: File }[] = [];
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    if (entry.isFile) {
      found.push({ path: entry.fullPath, file: await new Promise<File>((ok, no) => (entry as FileSystemFileEntry).file(ok, no)) });
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) { // a folder is read in batches
      const batch = await new Promise<FileSystemEntry[]>((ok, no) => reader.readEntries(ok, no));
      if (batch.length === 0) break;
      for (const one of batch) await walk(one);
    }
  };
  for (const entry of [...items].map((i) => i.webkitGetAsEntry()).filter((e) => e !== null)) await walk(entry);
  return found;
}

/** The middle slice in grey, drawn once. */
function Thumbnail({ at, series }: { at: string; series: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { t } = useTranslation();
  useEffect(() => {
    let wanted = true;
    const draw = async () => {
      const response = await fetch(`${at}/series/${part(series === '' ? 'only' : series)}.nii.gz`);
      if (!response.ok || !wanted) return;
      const image = await NVImage.loadFromUrl({ url: await response.arrayBuffer(), name: 'series.nii.gz' });
      const [, w = 1, h = 1, d = 1] = image.hdr?.dims ?? [];
      const target = canvas.current;
      if (!wanted || !target || !image.img) return;
      target.width = w;
      target.height = h;
      const context = target.getContext('2d')!, picture = context.createImageData(w, h);
      const low = image.cal_min ?? 0, high = image.cal_max ?? 1, from = Math.floor(d / 2) * w * h;
      const slope = image.hdr?.scl_slope || 1, inter = image.hdr?.scl_inter || 0;
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) {
          const value = Number(image.img[from + (h - 1 - y) * w + x]) * slope + inter;
          const grey = Math.max(0, Math.min(255, (255 * (value - low)) / (high - low || 1)));
          picture.data.set([grey, grey, grey, 255], 4 * (y * w + x));
        }
      }
      context.putImageData(picture, 0, 0);
    };
    draw().catch(() => undefined); // the line below it says what the series is
    return () => { wanted = false; };
  }, [at, series]);
  return <canvas ref={canvas} width={4} height={3} role="img" aria-label={t('reading.seriesOf', { series })} style={{ width: '100%', background: '#000', aspectRatio: '4 / 3', objectFit: 'contain' }} />;
}

function Choose({ at, list, again }: { at: string; list: Series[]; again: () => void }) {
  const { t } = useTranslation();
  const [roles, setRoles] = useState<Record<string, Role>>(() => guessRoles(list));
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const use = async () => {
    setBusy(true);
    try {
      await post(`${at}/images`, Object.fromEntries(Object.entries(roles).filter(([, role]) => role !== '').map(([series, role]) => [role, list.length > 1 ? series : ''])));
      again();
    } catch (error) {
      setFailure(error);
    }
    setBusy(false);
  };
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {list.map((s, i) => (
          <Paper key={`${s.series}.${i}`} p="sm" className="surface">
            <Thumbnail at={at} series={list.length > 1 ? s.series : ''} />
            <Text fw={600} mt={4}>{t('reading.seriesOf', { series: s.series })} {s.description}</Text>
            <Text className="quiet" fz="sm">{s.size} · {s.spacing} mm</Text>
            {s.warnings.map((w) => <Alert key={w} color="yellow" mt="xs" title={t('reading.odd')}>{w}</Alert>)}
            <SegmentedControl fullWidth mt="xs" size="sm" aria-label={t('reading.seriesOf', { series: s.series })} value={roles[s.series] || 'none'}
              onChange={(role) => setRoles((r) => ({ ...Object.fromEntries(Object.entries(r).filter(([, other]) => other !== role)), [s.series]: role === 'none' ? '' : (role as Role) }))}
              data={[{ value: 'image', label: t('reading.asImage') }, { value: 'fat', label: t('reading.asFat') }, { value: 'water', label: t('reading.asWater') }, { value: 'none', label: t('reading.asNothing') }]} />
          </Paper>
        ))}
      </SimpleGrid>
      {failure !== null && <Failure error={failure} />}
      <Group><Button loading={busy} disabled={!Object.values(roles).some(Boolean)} onClick={() => void use()}>{t('reading.use')}</Button></Group>
    </Stack>
  );
}

export function ReceiveScan({ scan, again }: { scan: StudyScan; again: () => void }) {
  const { t } = useTranslation();
  const at = `/api/scans/${part(scan.subject)}/${part(scan.n)}`;
  const [sent, setSent] = useState<{ done: number; total: number } | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const series = useQuery({ queryKey: ['series', at, scan.files], queryFn: () => get<ResultDocument>(`${at}/series`), enabled: scan.files > 0 && sent === null, retry: false });
  const send = async (files: { path: string; file: File }[]) => {
    setFailure(null);
    setSent({ done: 0, total: files.length });
    try {
      for (const [i, { path, file }] of files.entries()) {
        const response = await fetch(`${at}/files/${part(plainName(path))}`, { method: 'PUT', body: file, headers: { 'Content-Type': 'application/octet-stream', 'X-Lumbar-Token': currentToken() } });
        if (!response.ok) throw await refusal(response);
        setSent({ done: i + 1, total: files.length });
      }
      again();
    } catch (error) {
      setFailure(error);
    }
    setSent(null);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    filesOf(event.dataTransfer.items).then(send, setFailure);
  };
  return (
    <Stack>
      <Paper p="xl" className="surface" component="section" aria-label={t('reading.receive')} onDragOver={(e) => e.preventDefault()} onDrop={drop} style={{ borderStyle: 'dashed', textAlign: 'center' }}>
        <Text mb="sm">{t('reading.drop')}</Text>
        <FileButton multiple onChange={(files) => void send(files.map((file) => ({ path: file.name, file })))}>
          {(props) => <Button {...props} loading={sent !== null}>{t('reading.choose')}</Button>}
        </FileButton>
        {sent && <Stack mt="md" gap={4}><Progress value={(100 * sent.done) / Math.max(1, sent.total)} aria-label={t('reading.sending', sent)} /><Text role="status">{t('reading.sending', sent)}</Text></Stack>}
      </Paper>
      {failure !== null && <Failure error={failure} />}
      {scan.files > 0 && sent === null && (
        <section aria-label={t('reading.recognise')}>
          <Loaded query={series}>{(d) => <Choose at={at} list={seriesOf(d.results)} again={again} />}</Loaded>
        </section>
      )}
    </Stack>
  );
}

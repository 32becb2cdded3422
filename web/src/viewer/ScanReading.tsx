// Reading one scan of the study: one's own drawing; when all readings are done, both beside each other, their agreement, the
// signature.
import { Anchor, Group, Paper, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay, useSession } from '../session/session';
import { refusal, type ResultDocument } from '../shared/api';
import { Act } from '../shared/Dialog';
import { ResultCard } from '../shared/ResultCard';
import { Empty, Loaded } from '../shared/states';
import { get, part, post } from '../shared/trial';
import { scanBench, unpacked } from './bench';
import type { Muscle } from './labels';
import { colourOf } from './labels';
import { methodsIn, MuscleTable } from './MuscleTable';
import { type Kept, Reading } from './Reading';
import type { ScanReadingRow, StudyScan } from './scans';

interface Props { scan: StudyScan; muscles: Record<string, unknown> | null; levels: string[] | null; again: () => void }

async function maskOf(at: string, place: number): Promise<ArrayBuffer> {
  const response = await fetch(`${at}/mask/${place}.nii.gz`);
  if (!response.ok) throw await refusal(response);
  return unpacked(await response.arrayBuffer());
}

async function sheetOf(at: string): Promise<{ href: string; sha256: string }> {
  const response = await fetch(`${at}/page.svg`);
  if (!response.ok) throw await refusal(response);
  return { href: URL.createObjectURL(await response.blob()), sha256: response.headers.get('X-Lumbar-SHA256') ?? '' };
}

function Own({ scan, muscles, levels, again }: Props) {
  const { token } = useSession();
  const at = `/api/scans/${part(scan.subject)}/${part(scan.n)}`;
  const mine = scan.readings.find((r) => r.mine);
  const bench = useMemo(() => scanBench(scan.subject, scan.n, Object.keys(scan.images), token ?? ''), [scan, token]);
  const names = useMemo(() => Object.keys(muscles ?? {}), [muscles]);
  const kept = useQuery({
    queryKey: ['drawing', at, mine?.revision ?? 0], staleTime: Infinity, gcTime: 0,
    queryFn: async (): Promise<Kept> => ({
      drawing: mine?.mask ? await maskOf(at, mine.place) : null, levels: mine?.levels ?? null, revision: mine?.revision ?? 0, done: mine?.state === 'done',
    }),
  });
  return <Loaded query={kept}>{(k) => <Reading name={`${scan.subject} ${scan.n}`} bench={bench} muscles={names} levelNames={levels ?? []} kept={k} onFinished={again} />}</Loaded>;
}

function Measured({ reading }: { reading: ScanReadingRow }) {
  const { t } = useTranslation();
  const rows = (reading.rows ?? []).filter((r) => r.slice === null || r.slice === undefined);
  const muscles: Muscle[] = (reading.labels ?? []).map((l) => ({ value: l.value, muscle: l.muscle.replaceAll('_', ' '), side: l.side, colour: colourOf(l.muscle.replaceAll('_', ' '), l.side, l.value) }));
  const fat = methodsIn(rows)[0] ?? '';
  const whole = rows.filter((r) => !r.level);
  return <MuscleTable rows={whole.length ? whole : rows} muscles={muscles} fat={fat} caption={`${reading.place} · ${reading.reader} · ${t('imaging.whole')}`} />;
}

function Compared({ scan, again }: Props) {
  const { t } = useTranslation();
  const may = useMay();
  const at = `/api/scans/${part(scan.subject)}/${part(scan.n)}`;
  const agreement = useQuery({ queryKey: ['agreement', at], queryFn: () => get<ResultDocument>(`${at}/agreement`), enabled: scan.readers > 1, retry: false });
  // What is signed is what is shown: the picture's SHA-256 goes back with the signature.
  const page = useQuery({ queryKey: ['page', at, scan.revision], queryFn: () => sheetOf(at), retry: false, staleTime: Infinity });
  return (
    <Stack>
      <div className="side-by-side">{scan.readings.map((r) => <Paper key={r.place} p="md" className="surface"><Measured reading={r} /></Paper>)}</div>
      {scan.readers > 1 && (
        <section aria-label={t('reading.agreement')}>
          <Title order={2} fz="1.15rem" mb="xs">{t('reading.agreement')}</Title>
          <Loaded query={agreement}>{(result) => <ResultCard result={result} title={t('reading.agreement')} />}</Loaded>
        </section>
      )}
      <section aria-label={t('reading.page')}>
        <Group justify="space-between" mb="xs">
          <Title order={2} fz="1.15rem">{t('reading.page')}</Title>
          <Anchor href={`${at}/page.pdf`} className="no-print">{t('reading.pagePdf')}</Anchor>
        </Group>
        <Loaded query={page}>{(p) => <img src={p.href} alt={t('reading.pageAlt', { name: `${scan.subject} ${scan.n}` })} className="scan-page" />}</Loaded>
      </section>
      {scan.state !== 'signed' && (
        <Group className="no-print">
          {may('scan.sign') && page.data && <Act label={t('reading.sign')} title={t('reading.sign')} action={t('reading.sign')}
            fields={[{ name: 'meaning', label: t('reading.sign'), required: true, initial: t('reading.meaning') }, { name: 'password', label: t('reading.password'), kind: 'password', required: true }]}
            text={t('reading.signText')} send={(v) => post(`${at}/sign`, { ...v, page: page.data.sha256 })} done={again} />}
          {may('scan.reopen') && scan.readings.map((r) => (
            <Act key={r.place} label={`${t('reading.reopen')}: ${r.place}`} title={t('reading.reopen')} action={t('reading.reopen')}
              fields={[{ name: 'reason', label: t('reading.reason'), kind: 'area', required: true }]} send={(v) => post(`${at}/reopen`, { place: r.place, reason: v.reason })} done={again} />
          ))}
        </Group>
      )}
    </Stack>
  );
}

export function ScanReading(props: Props) {
  const { t } = useTranslation();
  const { scan } = props;
  const mine = scan.readings.find((r) => r.mine);
  if (scan.open || scan.state === 'signed') return <Compared {...props} />;
  if (scan.may_read || mine) return <Own {...props} />;
  return <Empty>{t('reading.progress', { done: scan.done, readers: scan.readers })}</Empty>;
}

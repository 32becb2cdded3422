// What the server tells of a scan of the study, and what the pages make of it.
import type { Row } from '../shared/api';

export interface ScanReadingRow { place: number; state: 'draft' | 'done'; revision: number; mine: boolean; reader: string; labels: { value: number; muscle: string; side: string }[] | null; levels: string | null; mask?: string | null; rows?: Row[] | null }
export interface StudyScan {
  subject: string; site: string; n: string; visit: string; state: 'receiving' | 'ready' | 'signed'; revision: number; files: number; readers: number; begun: number; done: number;
  may_read: boolean; open: boolean; readings: ScanReadingRow[]; images: Record<string, { series: string | null; size: number[] | null; spacing: number[] | null; href: string }>;
  signature: { by: string; at: string; meaning: string } | null;
}
export interface ScanList { scans: StudyScan[]; muscles: Record<string, unknown> | null; levels: string[] | null }

/** One word for a row of the list: one's own reading counts before the scan's state. */
export function stateOf(scan: StudyScan): 'receiving' | 'ready' | 'signed' | 'draft' | 'done' {
  if (scan.state !== 'ready') return scan.state;
  if (scan.open) return 'done';
  const mine = scan.readings.find((r) => r.mine);
  return mine ? mine.state : 'ready';
}

/** A file's name as the server may keep it: what is below the dropped folder, without slashes. */
export const plainName = (path: string) => path.replace(/^\/+/, '').replaceAll('/', '_').replaceAll(/[^\w.\- ]/g, '_').slice(-120);

/** Series of a folder, told apart by number and description, with the roles their names suggest. */
export interface Series { series: string; description: string; size: string; spacing: string; warnings: string[] }
export function seriesOf(results: Row): Series[] {
  const volumes = Array.isArray(results.volumes) ? (results.volumes as Row[]) : [];
  const text = (list: Row[string] | undefined) => (Array.isArray(list) ? list.map((v) => (typeof v === 'number' ? Number(v.toFixed(2)) : v)).join(' × ') : '');
  return volumes.map((v) => ({
    series: String(v.series ?? ''), description: String(v.description ?? ''), size: text(v.size), spacing: text(v.spacing),
    warnings: [...(Array.isArray(v.warnings) ? v.warnings.map(String) : []), ...(typeof v.obstacle === 'string' ? [v.obstacle] : [])],
  }));
}

export type Role = 'image' | 'fat' | 'water' | '';
export function guessRoles(list: Series[]): Record<string, Role> {
  const of = (what: RegExp) => list.find((s) => what.test(s.description))?.series;
  const fat = of(/fat|_f\b|\bF\b/i), water = of(/water|_w\b|\bW\b/i);
  if (fat !== undefined && water !== undefined && fat !== water) return { [fat]: 'fat', [water]: 'water' };
  return list.length === 1 ? { [list[0]!.series]: 'image' } : {};
}

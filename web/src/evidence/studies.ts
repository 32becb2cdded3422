// The demo's small meta-analysis as rows that can be left out; which columns hold effect, variance and name.
import { isNumeric, type Table } from '../shared/csv';

export interface Shape { yi: string; vi: string; slab: string | null }

/** Columns that `meta fit` can take as they are. */
export function shapeOf(table: Table): Shape | null {
  const has = (name: string) => table.header.includes(name);
  const vi = ['vi', 'variance'].find(has);
  if (!has('yi') || !vi) return null;
  const slab = ['slab', 'study', 'author', 'trial', 'name', 'id'].find(has) ?? table.header.find((h, i) => h !== 'yi' && table.rows.some((r) => !isNumeric(r[i] ?? ''))) ?? null;
  return { yi: 'yi', vi, slab };
}

export function nameOf(table: Table, row: number, shape: Shape): string {
  const cell = (name: string) => table.rows[row]?.[table.header.indexOf(name)] ?? '';
  const name = shape.slab ? cell(shape.slab) : '';
  const year = table.header.includes('year') ? cell('year') : '';
  return name === '' ? `#${row + 1}` : year && !name.includes(year) ? `${name} ${year}` : name;
}

export function without(table: Table, out: ReadonlySet<number>): Table {
  return { header: table.header, rows: table.rows.filter((_, i) => !out.has(i)) };
}

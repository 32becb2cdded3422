// A table of studies as `meta effect`, `meta fit` and `meta forest` take it: which columns they need, which studies stay.
import type { Table } from '../shared/csv';

export interface Design { measures: string[]; parameters: Record<string, string> }

const COUNTS = [['ai', 'bi', 'ci', 'di'], ['tpos', 'tneg', 'cpos', 'cneg']];
const MEANS = ['m1i', 'sd1i', 'n1i', 'm2i', 'sd2i', 'n2i'];

/** Effects as they are, counts of two arms, or means of two arms; null when the table is none of these. */
export function designOf(table: Table): Design | null {
  const has = (name: string) => table.header.includes(name);
  const slab: Record<string, string> = has('slab') ? { slab: 'slab' } : has('author') && has('year') ? { slab: 'author,year' }
    : ['study', 'author', 'trial', 'name', 'id'].filter(has).slice(0, 1).reduce((_, name) => ({ slab: name }), {});
  const counts = COUNTS.find((names) => names.every(has));
  if (counts) {
    const [ai, bi, ci, di] = counts as [string, string, string, string];
    return { measures: ['RR', 'OR', 'RD'], parameters: { ...slab, ai, bi, ci, di } };
  }
  if (MEANS.every(has)) return { measures: ['SMD', 'MD'], parameters: { ...slab, ...Object.fromEntries(MEANS.map((m) => [m, m])) } };
  return has('yi') && has('vi') ? { measures: ['GEN'], parameters: slab } : null;
}

export function without(table: Table, out: ReadonlySet<number>): Table {
  return { header: table.header, rows: table.rows.filter((_, i) => !out.has(i)) };
}

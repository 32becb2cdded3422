// A review as the page needs it: which analyses there are, the studies of one of them as a table that `meta forest` takes, which of them a slider leaves in.
import type { DataValue, Json, Row } from '../shared/api';
import { columnOf, parseCsv, type Table, writeCsv } from '../shared/csv';
import { isRow, isTable } from '../shared/format';

export interface Contrast { study: string; label: string; year: number; row: Row }
export interface Tables { protocol: DataValue; studies: string; arms: string; outcomes: string; rob2: string; events: string }
export const FILES = { studies: 'exercise_studies.csv', arms: 'exercise_arms.csv', outcomes: 'exercise_outcomes.csv', rob2: 'exercise_rob2.csv', events: 'exercise_events.csv' } as const;
export type FileKey = keyof typeof FILES;

export function filesOf(tables: Tables): DataValue[] {
  return (Object.keys(FILES) as FileKey[]).map((key) => ({ name: FILES[key], text: tables[key] }));
}

export const rowsOf = (value: Json | undefined): Row[] => (isTable(value) ? value : []);
export const textOf = (row: Row | undefined, key: string): string => (typeof row?.[key] === 'string' ? row[key] : '');
export const numberOf = (row: Row | undefined, key: string): number => (typeof row?.[key] === 'number' ? row[key] : NaN);
export const partOf = (row: Row | undefined, key: string): Row | undefined => (isRow(row?.[key]) ? row[key] : undefined);

/** The contrasts of one main analysis, oldest first. */
export function contrastsOf(results: Row, cell: { outcome: string; comparator: string; term: string }, studies: Table): Contrast[] {
  const ids = columnOf(studies, 'study_id');
  const authors = columnOf(studies, 'author');
  const years = columnOf(studies, 'year');
  return rowsOf(results.contrasts)
    .filter((c) => c.outcome === cell.outcome && c.comparator === cell.comparator && c.term === cell.term)
    .map((row) => {
      const at = ids.indexOf(textOf(row, 'study_id'));
      const year = Number(years[at]);
      return { study: textOf(row, 'study_id'), label: at < 0 ? textOf(row, 'study_id') : `${authors[at] ?? ids[at]} ${years[at] ?? ''}`.trim(), year: Number.isFinite(year) ? year : 0, row };
    })
    .sort((a, b) => a.year - b.year || (a.study < b.study ? -1 : 1));
}

const ARMS = { m1i: 'm1', sd1i: 'sd1', n1i: 'n1', m2i: 'm2', sd2i: 'sd2', n2i: 'n2' } as const;

/** A table for meta.forest and the rest: arms, and the judgements of bias when the studies have them. */
export function forestTable(contrasts: Contrast[], risk: Table): Table {
  const ids = columnOf(risk, 'study_id');
  const domains = risk.header.filter((name) => name !== 'study_id');
  return {
    header: ['study', ...Object.keys(ARMS), ...domains],
    rows: contrasts.map(({ study, label, row }) => {
      const at = ids.indexOf(study);
      return [label, ...Object.values(ARMS).map((key) => String(row[key] ?? '')), ...domains.map((name) => (at < 0 ? '' : columnOf(risk, name)[at] ?? ''))];
    }),
  };
}

export type Mode = 'all' | 'leave' | 'cumulative';

/** Which studies a slider at `at` leaves in: all; all but one; the first `at`. */
export function chosen(count: number, mode: Mode, at: number, out: ReadonlySet<number>): boolean[] {
  return Array.from({ length: count }, (_, i) => !out.has(i) && !(mode === 'leave' && i === at - 1) && !(mode === 'cumulative' && i >= at));
}

export function forestCsv(table: Table, keep: boolean[]): string {
  return writeCsv({ header: table.header, rows: table.rows.filter((_, i) => keep[i]) });
}

/** A cell of a CSV table replaced. */
export function edit(csv: string, row: number, column: number, text: string): string {
  const table = parseCsv(csv);
  const line = table.rows[row];
  if (line) line[column] = text;
  return writeCsv(table);
}

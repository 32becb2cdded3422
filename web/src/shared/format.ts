// How numbers are shown: one number of decimals per column, a true minus, p values as journals print them.
import type { Json, Row } from './api';

const MINUS = '\u2212';

export const withMinus = (text: string) => text.replace(/^-/, MINUS);

/** "p", "Q_p", "p_permutation" … are p values; "n_p1" and "ppv" are not. */
export const isPKey = (key: string) => /(^|_)p$/i.test(key) || /^p_/.test(key);

/** Decimals that leave about four significant digits of the typical number; none when all are whole. */
export function decimalsFor(values: number[]): number {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0 || finite.every(Number.isInteger)) return 0;
  const sizes = finite.map(Math.abs).filter((v) => v > 0).sort((a, b) => a - b);
  const typical = sizes[Math.floor(sizes.length / 2)] ?? 0;
  if (typical === 0) return 0;
  return Math.min(6, Math.max(2, 2 - Math.floor(Math.log10(typical))));
}

/** A number for a table; `full` shows every digit it holds. */
export function formatNumber(value: number, decimals: number, full = false): string {
  if (!Number.isFinite(value)) return String(value);
  if (full) return withMinus(String(value));
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 0.5 * 10 ** -Math.min(decimals, 6) && !Number.isInteger(value))) {
    return withMinus(value.toExponential(2).replace('e-', `e${MINUS}`).replace('e+', 'e'));
  }
  return withMinus(value.toFixed(decimals));
}

export function formatP(value: number, full = false): string {
  if (full) return String(value);
  if (value < 0.001) return '<0.001';
  return value.toFixed(value < 0.01 ? 4 : 3);
}

/** One number standing alone. */
export function formatScalar(key: string, value: number, full = false): string {
  return isPKey(key) ? formatP(value, full) : formatNumber(value, decimalsFor([value]), full);
}

/** "10^9/L" as it is printed: 10⁹/L. */
export const unitText = (unit: string) => unit.replace(/\^(\d+)/g, (_, digits: string) => [...digits].map((d) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(d)]).join(''));

export function formatBytes(size: number): string {
  if (size < 1024) return `${size} B`;
  if (size < 1024 * 1024) return `${(size / 1024).toFixed(1)} KiB`;
  return `${(size / 1024 / 1024).toFixed(1)} MiB`;
}

/** The text before and from the decimal point, so that a column can line up. */
export function splitAtPoint(text: string): [string, string] {
  const at = text.search(/\.\d/);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)];
}

export const isRow = (value: Json | undefined): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);

const isScalar = (value: Json | undefined) => value === null || typeof value !== 'object';

/** An array of objects that is a table: what is nested in a row is shown as text. */
export const isTable = (value: Json | undefined): value is Row[] =>
  Array.isArray(value) && value.length > 0 && value.every(isRow) && value.every((r) => Object.values(r).some(isScalar));

/** Columns in the order they first appear over the rows; those that are missing everywhere stay, they were asked for. */
export function columnsOf(rows: Row[]): string[] {
  const seen = new Set<string>();
  for (const row of rows) for (const key of Object.keys(row)) seen.add(key);
  return [...seen];
}

/** A text that may come in several languages: {"en": …, "zh": …}. */
export function said(value: Json | undefined, language: string): string {
  if (value === null || value === undefined) return '';
  if (isRow(value)) {
    const short = language.split('-')[0] ?? 'en';
    return said(value[language] ?? value[short] ?? value.en ?? Object.values(value)[0], language);
  }
  if (Array.isArray(value)) return value.map((v) => said(v, language)).join(', ');
  return String(value);
}

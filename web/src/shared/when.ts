// Times as a clinic writes them: ISO dates, 24 hours, the place's own clock. Times come from the server in UTC.
let ahead = 0;
/** The server's clock counts, not that of this desk: `now` is what it said last. */
export function setClock(now: string | undefined) { const at = Date.parse(now ?? ''); if (!Number.isNaN(at)) ahead = at - Date.now(); }
export const serverNow = () => Date.now() + ahead;

const two = (n: number) => String(n).padStart(2, '0');

export function dateOf(value: string | null | undefined): string {
  if (!value) return '–';
  if (/^\d{4}(-\d{2}){0,2}$/.test(value)) return value;
  const at = new Date(value);
  return Number.isNaN(at.getTime()) ? value : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

export function clockOf(value: string | Date | null | undefined, seconds = true): string {
  if (!value) return '–';
  const at = typeof value === 'string' ? new Date(value) : value;
  if (Number.isNaN(at.getTime())) return String(value);
  return `${two(at.getHours())}:${two(at.getMinutes())}${seconds ? `:${two(at.getSeconds())}` : ''}`;
}

export const momentOf = (value: string | null | undefined) => (value ? (/^\d{4}-\d{2}-\d{2}$/.test(value) ? value : `${dateOf(value)} ${clockOf(value, false)}`) : '–');

export const today = () => dateOf(new Date(serverNow()).toISOString());

/** "now" for <input type=datetime-local>. */
export const nowLocal = () => { const at = new Date(); return `${dateOf(at.toISOString())}T${clockOf(at, false)}`; };

/** A date and time typed without a zone, in this place's zone, as UTC. */
export function utcOf(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? local : at.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** What is left until a time: {overdue, hours, minutes}. */
export function leftUntil(due: string, now = serverNow()): { overdue: boolean; days: number; hours: number; minutes: number } {
  const left = new Date(due).getTime() - now;
  const minutes = Math.floor(Math.abs(left) / 60_000);
  return { overdue: left < 0, days: Math.floor(minutes / 1440), hours: Math.floor(minutes / 60), minutes: minutes % 60 };
}

/**
 * A date that may be known in part: "2026", "2026-11", "2026-11-28" (also typed as 20261128 or 2026/11/28). Null: no date.
 */
export function partialDate(text: string): string | null {
  const t = text.trim().replace(/[./年月]/g, '-').replace(/[日-]+$/, '');
  const packed = /^(\d{4})(\d{2})(\d{2})$/.exec(t);
  const found = packed ?? /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$/.exec(t);
  if (!found) return null;
  const [, y, m, d] = found;
  if (m !== undefined && (Number(m) < 1 || Number(m) > 12)) return null;
  if (d !== undefined) {
    const at = new Date(Date.UTC(Number(y), Number(m) - 1, Number(d)));
    if (at.getUTCMonth() !== Number(m) - 1 || Number(d) < 1) return null;
  }
  return [y, m && two(Number(m)), d && two(Number(d))].filter(Boolean).join('-');
}

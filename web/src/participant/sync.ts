// Brings entries to Lumbar: each has an id of its own, so that sending twice changes nothing; what was refused says why.
import { refusal } from '../shared/api';
import { db, type Entry, type PhonePage, trueTime } from './keep';

export class Ended extends Error {}

export interface Answered { entries: { id: string; status: 'kept' | 'already' | 'refused'; message?: string | Record<string, string> }[] }

let running: Promise<number> | null = null;

async function send(token: string): Promise<number> {
  const waiting = await db.entry.where({ token, state: 'waiting' }).sortBy('recorded_at');
  if (waiting.length === 0) return 0;
  // a few at a time: a slow line gets through, and a broken one loses little
  for (let i = 0; i < waiting.length; i += 20) {
    const part = waiting.slice(i, i + 20);
    const response = await fetch(`/api/p/${encodeURIComponent(token)}/entries`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ entries: part.map(({ id, form, visit, values, recorded_at }) => ({ id, form, visit, values, recorded_at })), sent_at: trueTime() }),
    });
    if (response.status === 404 || response.status === 410 || response.status === 403) throw new Ended();
    if (!response.ok) throw await refusal(response);
    const { entries } = await response.json() as Answered;
    await db.transaction('rw', db.entry, async () => {
      for (const e of entries) {
        const message = typeof e.message === 'string' ? e.message : e.message ? Object.values(e.message)[0] : undefined;
        await db.entry.update(e.id, { state: e.status === 'refused' ? 'refused' : 'kept', message });
      }
    });
  }
  return waiting.length;
}

/** One at a time: a second call waits for the first. */
export function sync(token: string): Promise<number> {
  running ??= send(token).finally(() => { running = null; });
  return running;
}

export async function fetchPage(token: string): Promise<PhonePage> {
  const response = await fetch(`/api/p/${encodeURIComponent(token)}`, { headers: { Accept: 'application/json' } });
  if (response.status === 404 || response.status === 410 || response.status === 403) throw new Ended();
  if (!response.ok) throw await refusal(response);
  const page = await response.json() as PhonePage;
  await db.page.put({ token, page, fetched: trueTime() });
  return page;
}

/** The last entry of a day's form on this phone. */
export async function lastEntry(token: string, visit: string, form: string): Promise<Entry | undefined> {
  return (await db.entry.where({ token, visit, form }).sortBy('recorded_at')).at(-1);
}

// What the phone keeps by itself: the page as it was last fetched, entries with their true time until Lumbar has them, and drafts.
import Dexie, { type EntityTable } from 'dexie';
import type { Row } from '../shared/api';
import type { Item, Words } from '../shared/trial';

export interface DayEntry { day?: number | null; date: string; form: string; visit: string; state: string; open?: boolean; opens?: string; closes?: string; label?: Words }
export interface PhoneForm { id: string; label: Words; items: Item[]; note?: Words; instruction?: Words }
export interface PhonePage {
  study: { id?: string; title: Words; acronym?: string } | Words; languages: string[]; subject_code?: string; subject?: string; today: string; forms: PhoneForm[]; days: DayEntry[];
  thanks?: Words | null; welcome?: Words | null; contact?: Words | null; ended?: boolean; now?: string;
}
export interface Kept { token: string; page: PhonePage; fetched: string }
export type EntryState = 'waiting' | 'kept' | 'refused';
export interface Entry { id: string; token: string; form: string; visit: string; values: Row; recorded_at: string; state: EntryState; message?: string }
export interface Draft { key: string; values: Row; at: string }

export const db = new Dexie('lumbar-diary') as Dexie & { page: EntityTable<Kept, 'token'>; entry: EntityTable<Entry, 'id'>; draft: EntityTable<Draft, 'key'> };
db.version(1).stores({ page: 'token', entry: 'id, token, [token+state], [token+visit+form]', draft: 'key' });

export const draftKey = (token: string, visit: string, form: string) => `${token}|${visit}|${form}`;

/** The time on this phone's clock, with its offset, to the second: the true time of the entry. */
export function trueTime(at = new Date()): string {
  return at.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

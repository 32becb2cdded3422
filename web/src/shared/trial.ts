// What the pages of a running study ask of Lumbar: reads and writes with the session's token. When a session has ended, a
// call waits until the person has signed in again and is then sent once more, so that nothing typed is lost.
import { ApiError, refusal, type Json, type Row } from './api';
import { askToSignIn, currentToken } from '../session/session';

export type Words = string | Record<string, string>;

async function once(method: string, path: string, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-Lumbar-Token'] = currentToken();
  let payload: BodyInit | undefined;
  if (body instanceof FormData) payload = body;
  else if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    payload = JSON.stringify(body);
  }
  try {
    return await fetch(path, { method, headers, body: payload, credentials: 'same-origin' });
  } catch {
    throw new ApiError(0, 'network', 'Lumbar does not answer');
  }
}

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  let response = await once(method, path, body);
  if (response.status === 401) {
    const error = await refusal(response);
    if (error.code === 'wrong_password' || error.code === 'password') throw error; // a password asked for again, not the session's end
    await askToSignIn();
    response = await once(method, path, body);
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function answer<T>(response: Response): Promise<T> {
  if (response.status === 204) return {} as T;
  const text = await response.text();
  return (text === '' ? {} : JSON.parse(text)) as T;
}

export const get = <T>(path: string) => ask('GET', path).then((r) => answer<T>(r));
export const post = <T = Row>(path: string, body: unknown = {}) => ask('POST', path, body).then((r) => answer<T>(r));
export const put = <T = Row>(path: string, body: unknown = {}) => ask('PUT', path, body).then((r) => answer<T>(r));
export const remove = <T = Row>(path: string) => ask('DELETE', path).then((r) => answer<T>(r));

/** A part of an address. */
export const part = (text: string) => encodeURIComponent(text);

/** "?a=1&b=2" of what is set. */
export function query(values: Record<string, string | number | undefined | null>): string {
  const set = Object.entries(values).filter(([, v]) => v !== undefined && v !== null && v !== '');
  return set.length === 0 ? '' : `?${new URLSearchParams(set.map(([k, v]) => [k, String(v)])).toString()}`;
}

// -- what comes back ----------------------------------------------------------------------------------------------------

export type CellState = 'not_due' | 'due' | 'started' | 'complete' | 'verified' | 'signed' | 'frozen' | 'locked' | 'missed';

export interface Task {
  kind: string; subject?: string; visit?: string; form?: string; item?: string; due?: string; overdue_days?: number; count?: number;
  text?: { key: string; params?: Row }; link?: string;
}
export interface SiteCount { id: string; label?: Words; target?: number; n: number; per_month?: ({ month: string; n: number } | number)[] }
export interface Today {
  role: string; groups: { id: string; tasks: Task[] }[]; enrolment?: { target: number; total: number; sites: SiteCount[] };
  adherence?: AdherencePerson[]; counters?: Row;
}

export interface VisitHead { id: string; label: Words; nominal?: number | null; reveals_arm?: boolean }
export interface PersonRow {
  subject: string; site: string; state: string; adherence?: number | null; adherent?: boolean | null; cells: Record<string, CellState>;
  flags?: Record<string, number>; queries: number;
}
export interface People { visits: VisitHead[]; people: PersonRow[] }

export interface FormCard {
  form: string; label: Words; state: string; entry?: 'single' | 'double'; keyed?: boolean[]; second?: 'mine' | 'needed' | 'agreed' | 'differences' | 'settled' | null;
  missing?: number; queries?: number; revision?: number; may?: string[];
}
export interface TimelineVisit {
  visit: string; occurrence?: number | null; label: Words; day?: number | null; date?: string | null; window?: [string | null, string | null] | null;
  state: string; forms: FormCard[]; reveals_arm?: boolean; unscheduled?: boolean;
}
export interface Person {
  subject: string; site: string; state: string; protocol_version?: string;
  allocation?: { state: string; at?: string; by?: string; arm?: string; arm_label?: Words; receipt?: string } | null;
  adherence?: Adherence | number | null; timeline: TimelineVisit[]; events?: Row[]; deviations?: Row[]; withdrawals?: Row[]; consents?: Row[]; scans?: Row[];
  may?: string[]; link?: Row | null;
}
export interface Adherence { overall: number | null; adherent?: boolean; weeks?: Week[] }
export interface Week { week: number; frequency?: number | null; duration?: number | null; components?: number | null; supervision?: number | null; score: number | null; held?: number }
export interface AdherencePerson { subject: string; site: string; weeks: Week[]; overall: number | null; adherent?: boolean | null; behind?: boolean; why?: Json }

export interface Code { code: string; label: Words }
export interface Item {
  id: string; label: Words; type: string; unit?: string | null; low?: number | null; high?: number | null; expected_low?: number | null; expected_high?: number | null;
  range?: [number | null, number | null] | null; expected?: [number | null, number | null] | null; codes?: Code[] | Record<string, Words> | null; required?: boolean;
  reveals_arm?: boolean; shown_if?: boolean | string; derived_by?: string | null; group?: Words | null; note?: Words | null; help?: Words | null; identifier?: boolean; partial?: boolean; units?: Record<string, number>; accept?: Json; max_mb?: number;
}
export interface Finding { item: string; severity: 'hard' | 'soft'; message: Words; code?: string }
export interface Computed {
  shown?: Record<string, boolean>; derived?: Record<string, Json>; score?: number | null; score_label?: Words; reason?: Words | null; answered?: number; missing?: number;
  scores?: Row[];
}
export interface Query {
  id: string; subject: string; site?: string; visit: string; form: string; item?: string; item_label?: Words; text: string; state: string; by?: string; rule?: string | null;
  at?: string; opened_at?: string; age_days?: number; role?: string; thread?: { at: string; by: string; action: string; text: string }[];
}
export interface FormDoc {
  form: { id: string; label: Words; items: Item[]; note?: Words; instrument?: Words | null; entry?: string };
  subject?: string; site?: string; visit?: string; visit_label?: Words; values: Row; missing: Record<string, string>; state: string; revision: number; keying?: number;
  draft?: { values: Row; missing?: Record<string, string>; base_revision: number; saved_at: string } | null; computed?: Computed; findings?: Finding[]; queries?: Query[];
  locks?: Json; version?: string; may: string[]; verified?: Row | null; signatures?: Row[]; changed_at?: string; changed_by?: string; next?: { visit: string; form: string; label?: Words } | null;
}
export interface SaveAnswer {
  revision: number; saved_at: string; state: string; computed?: Computed; findings?: Finding[]; queries_opened?: Json; opened_queries?: Json;
}
export interface HistoryEntry {
  seq: number; at: string; user: string; role: string; kind: string; key: string; action: string; reason?: string | null; item?: string; before?: Json; after?: Json; version?: string;
}
export interface Gate { id: string; text: Words; ok: boolean; detail?: string | null }
export interface Randomise {
  ready: boolean; checks: { id: string; text: Words; kind: string; rule?: string; answer?: Json; answers?: Json; met: boolean | null; values?: Row[] }[]; consent?: Row[] | Row | null; gates: Gate[]; visits?: { visit: string; label: Words; complete: boolean }[];
  stratum: { item: string; label: Words; value: Json; value_label?: Words }[]; allocated?: Allocated | null;
}
export interface Allocated { at: string; by: string; receipt?: string; arm?: string; arm_label?: Words; arm_text?: Words; next?: Json }
export interface SafetyEvent {
  subject: string; site: string; n: number; term: string; severity?: Json; serious?: Json; aware_at?: string | null; due_at?: string | null; state?: string; versions?: Row[]; visit?: string; form?: string;
  causality?: { to: string; text: Json }[] | null; start?: string; outcome?: Json; expected?: Json; [key: string]: unknown;
}
export interface Safety { events: SafetyEvent[]; watch?: Row[]; may?: string[] }

// What the pages of a running study ask of Lumbar: reads and writes with the session's token. When a session has ended, a
// call waits until the person has signed in again and is then sent once more, so that nothing typed is lost.
import { ApiError, refusal, type Row } from './api';
import type { Enrolment, History, Matrix } from './api-types';
import { askToSignIn, currentToken } from '../session/session';

export type Words = string | { en: string; zh?: string; da?: string } | Record<string, string>;

async function once(method: string, path: string, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-Lumbar-Token'] = currentToken();
  let payload: BodyInit | undefined;
  if (body instanceof FormData || body instanceof Blob) payload = body; // both say themselves what they are
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
export const post = <T = Row>(path: string, body?: unknown) => ask('POST', path, body).then((r) => answer<T>(r));
export const put = <T = Row>(path: string, body: unknown = {}) => ask('PUT', path, body).then((r) => answer<T>(r));
export const remove = <T = Row>(path: string) => ask('DELETE', path).then((r) => answer<T>(r));

/** A part of an address. */
export const part = (text: string) => encodeURIComponent(text);

/** "?a=1&b=2" of what is set. */
export function query(values: Record<string, string | number | undefined | null>): string {
  const set = Object.entries(values).filter(([, v]) => v !== undefined && v !== null && v !== '');
  return set.length === 0 ? '' : `?${new URLSearchParams(set.map(([k, v]) => [k, String(v)])).toString()}`;
}

// -- what comes back: as the program describes it ------------------------------------------------------------------------

export type {
  AdherencePerson, Consent as ConsentStage, Allocated, Arm, CellState, Check, Computed, Finding, FormPage as FormDoc, Item, Matrix as People, Person, PersonForm as FormCard, PersonVisit as TimelineVisit, Query, Randomise, Safety, Event as SafetyEvent,
  Saved as SaveAnswer, Task, Today, Enrolment, Quality, Amendment, Misfit, Phone as PhonePage, PhoneDay, PhoneItem,
} from './api-types';
export type VisitHead = Matrix['visits'][number];
export type PersonRow = Matrix['people'][number];
export type HistoryEntry = History['entries'][number];
export type SiteCount = Enrolment['sites'][number];
export interface Code { code: string; label: Words }

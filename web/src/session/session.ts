// Who is signed in: one small store outside React, so that a call that finds the session ended can ask for the password and
// wait, while the page below keeps what was typed.
import { useSyncExternalStore } from 'react';
import { ApiError, refusal } from '../shared/api';
import { setClock } from '../shared/when';

export interface User { name: string; full_name?: string; role: string; role_label?: string | Record<string, string>; sites?: string[]; masked?: boolean; clinical?: boolean }
export interface Session {
  mode: 'demo' | 'study'; signed_in: boolean; now?: string; user?: User; token?: string; must?: string[]; idle_seconds?: number;
  study?: { id: string; title: string | Record<string, string>; acronym?: string; version?: string; state?: string; languages?: string[]; sites?: { id: string; label: string | Record<string, string> }[] };
  may?: string[];
}

interface State { session: Session | null; ended: boolean; failure: unknown }
let state: State = { session: null, ended: false, failure: null };
let waiting: { resolve: () => void; reject: (reason: unknown) => void }[] = [];
let lastAnswer = Date.now();
const listeners = new Set<() => void>();

function set(next: Partial<State>) {
  setClock(next.session?.now);
  state = { ...state, ...next };
  for (const tell of listeners) tell();
}

export const useSessionState = () => useSyncExternalStore((tell) => { listeners.add(tell); return () => listeners.delete(tell); }, () => state);

/** The signed-in session; pages of a study are shown only when there is one. */
export function useSession(): Session {
  const { session } = useSessionState();
  return session ?? { mode: 'study', signed_in: false };
}
/** The rights of the server's table (src/trial/conduct/rights.h) that pages ask for. */
export type Right =
  | 'people.read' | 'people.add' | 'identity.read' | 'identity.write' | 'consent' | 'randomise' | 'unblind.person' | 'arm.read' | 'link' | 'deviation' | 'withdraw' | 'form.write' | 'form.second' | 'form.settle'
  | 'form.verify' | 'form.sign' | 'form.freeze' | 'form.lock' | 'query.raise' | 'query.answer' | 'query.close' | 'adherence.read' | 'call' | 'safety.read' | 'safety.report' | 'board.read' | 'board.report' | 'board.recommend'
  | 'quality.read' | 'protocol.read' | 'protocol.change' | 'users' | 'sites' | 'sites.read' | 'delegation' | 'delegation.read' | 'ranges' | 'ranges.read' | 'audit.read' | 'snapshot.make' | 'snapshot.read' | 'export' | 'documents'
  | 'calendar' | 'randomisation.report' | 'analyse' | 'study.lock' | 'study.unblind' | 'study.open'
  | 'review' | 'review.read' | 'review.set'
  | 'scan.list' | 'scan.receive' | 'scan.read' | 'scan.reopen' | 'scan.sign';
export const useMay = () => {
  const { may } = useSession();
  return (...rights: Right[]) => rights.some((a) => may?.includes(a));
};

export const currentToken = () => state.session?.token ?? '';
export const idleSince = () => Date.now() - lastAnswer;
export const stillHere = () => { lastAnswer = Date.now(); };

async function call(method: string, path: string, body?: unknown): Promise<Session> {
  let response: Response;
  try {
    response = await fetch(path, {
      method, headers: { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...(method === 'GET' ? {} : { 'X-Lumbar-Token': currentToken() }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, 'network', 'Lumbar does not answer');
  }
  if (!response.ok) throw await refusal(response);
  const text = await response.text();
  return text === '' ? ({ mode: 'study', signed_in: false }) : JSON.parse(text) as Session;
}

/** What the server says of this browser. The demo has no session to ask for. */
export async function loadSession(): Promise<void> {
  try {
    const health = state.session === null ? await call('GET', '/api/health') as unknown as { demo?: boolean } : {};
    set({ session: health.demo ? { mode: 'demo', signed_in: false } : await call('GET', '/api/session'), failure: null });
  } catch (error) {
    set({ failure: error });
  }
}

/** After a sign-in over an open page: another person, or the same one with another role, starts afresh. */
export async function signIn(user: string, password: string, otp?: string): Promise<void> {
  const before = state.session?.user;
  if (currentToken() === '') { // the token of the page itself, against forged posts
    await loadSession();
  }
  const session = await call('POST', '/api/session', { user, password, ...(otp ? { otp } : {}) });
  stillHere();
  if (state.ended && before && (before.name !== session.user?.name || before.role !== session.user?.role)) {
    location.reload();
    return;
  }
  set({ session, ended: false });
  for (const { resolve } of waiting) resolve();
  waiting = [];
}

export async function signOut(): Promise<void> {
  try { await call('DELETE', '/api/session'); } finally { location.assign('/'); }
}

/** The page stays; a sign-in opens over it, and the promise is kept when it succeeded. */
export function askToSignIn(): Promise<void> {
  if (!state.ended) set({ ended: true });
  return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
}

export async function account(path: '/api/session/password' | '/api/session/otp' | '/api/session/otp/confirm', body: unknown): Promise<unknown> {
  const answer = await call('POST', path, body);
  return answer;
}

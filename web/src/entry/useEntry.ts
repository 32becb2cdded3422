// The life of a form being filled: what was typed, the check by the server, the draft that is kept by itself, the save.
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { currentToken } from '../session/session';
import { ApiError, type Json, type Row } from '../shared/api';
import { type Computed, type Finding, type FormDoc, part, post, put, remove, type SaveAnswer } from '../shared/trial';
import { changedItems, faultOf, fieldsOf, isEmpty, isShown, toSend } from './values';

export type Kept =
  | { is: 'clean' } | { is: 'typing' } | { is: 'drafting' } | { is: 'draft'; at: string } | { is: 'saving' } | { is: 'saved'; at: string } | { is: 'lost'; why: string };
export interface Conflict { values: Row; missing: Record<string, string>; revision: number; by: string; at: string }

const DRAFT_AFTER = 1200;
const CHECK_AFTER = 250;
const AGAIN_AFTER = 5000;

export const formPath = (subject: string, visit: string, form: string) => `/api/forms/${part(subject)}/${part(visit)}/${part(form)}`;

export function useEntry(doc: FormDoc, path: string, keying: number) {
  const client = useQueryClient();
  const fields = useMemo(() => fieldsOf(doc), [doc]);
  const stale = doc.draft ? doc.draft.base_revision !== doc.revision : false;
  const [values, setValues] = useState<Row>(doc.draft?.values ?? doc.values);
  const [missing, setMissing] = useState<Record<string, string>>(doc.draft?.missing ?? doc.missing ?? {});
  const [stored, setStored] = useState<{ values: Row; missing: Record<string, string>; revision: number }>({ values: doc.values, missing: doc.missing ?? {}, revision: doc.revision });
  const [state, setState] = useState(doc.state);
  const [computed, setComputed] = useState<Computed | undefined>(doc.computed);
  const [findings, setFindings] = useState<Finding[]>(doc.findings ?? []);
  const [confirmed, setConfirmed] = useState<string[]>([]);
  const [reason, setReason] = useState('');
  const [kept, setKept] = useState<Kept>(doc.draft && !stale ? { is: 'draft', at: doc.draft.saved_at } : { is: 'clean' });
  const [error, setError] = useState<unknown>(null);
  const [conflict, setConflict] = useState<Conflict | null>(
    stale ? { values: doc.values, missing: doc.missing ?? {}, revision: doc.revision, by: doc.saved_by ?? '', at: doc.saved_at ?? '' } : null);
  const [opened, setOpened] = useState(0);
  const latest = useRef({ values, missing, revision: stored.revision, waiting: false });
  latest.current.values = values;
  latest.current.missing = missing;
  latest.current.revision = stored.revision;
  const turn = useRef(0); // a draft or check that comes back after something newer was typed says nothing about it
  const draftTimer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const checkTimer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const query = keying > 0 ? `?keying=${keying}` : '';

  const changed = useMemo(() => [...new Set([...changedItems(fields, values, stored.values),
    ...fields.filter((f) => isEmpty(values[f.id]) && (missing[f.id] ?? '') !== (stored.missing[f.id] ?? '')).map((f) => f.id)])], [fields, values, missing, stored]);

  const keepDraft = useCallback(async () => {
    clearTimeout(draftTimer.current);
    const mine = turn.current;
    setKept({ is: 'drafting' });
    try {
      const { saved_at } = await put<{ saved_at: string }>(`${path}/draft${query}`, {
        values: toSend(fields, latest.current.values), missing: latest.current.missing, base_revision: latest.current.revision,
      });
      if (turn.current === mine) { latest.current.waiting = false; setKept({ is: 'draft', at: saved_at }); }
    } catch (e) {
      if (turn.current !== mine) return;
      setKept({ is: 'lost', why: !(e instanceof ApiError) || e.code === 'network' ? '' : e.code === 'store' ? 'store' : e.message });
      draftTimer.current = setTimeout(() => void keepDraft(), AGAIN_AFTER);
    }
  }, [fields, path, query]);

  const check = useCallback(async () => {
    const mine = turn.current;
    try {
      const answer = await post<{ computed: Computed; findings: Finding[] }>(`${path}/check${query}`, { values: toSend(fields, latest.current.values), missing: latest.current.missing });
      if (turn.current === mine) { setComputed(answer.computed); setFindings(answer.findings ?? []); }
    } catch { /* the draft's state says that Lumbar does not answer */ }
  }, [fields, path, query]);

  const touch = useCallback(() => {
    turn.current += 1;
    latest.current.waiting = true;
    setKept({ is: 'typing' });
    setError(null);
    clearTimeout(draftTimer.current);
    clearTimeout(checkTimer.current);
    draftTimer.current = setTimeout(() => void keepDraft(), DRAFT_AFTER);
    checkTimer.current = setTimeout(() => void check(), CHECK_AFTER);
  }, [check, keepDraft]);

  const setValue = useCallback((item: string, value: Json) => {
    setValues((all) => ({ ...all, [item]: value }));
    if (!isEmpty(value)) setMissing(({ [item]: _, ...rest }) => rest);
    setConfirmed((list) => list.filter((i) => i !== item));
    touch();
  }, [touch]);
  const setWithout = useCallback((item: string, why: string) => {
    setMissing(({ [item]: _, ...rest }) => (why === '' ? rest : { ...rest, [item]: why }));
    if (why !== '') setValues(({ [item]: _, ...rest }) => rest);
    touch();
  }, [touch]);
  const confirm = useCallback((item: string, yes: boolean) => setConfirmed((list) => (yes ? [...list.filter((i) => i !== item), item] : list.filter((i) => i !== item))), []);

  // leaving never loses: what is not yet kept goes out with the page
  useEffect(() => {
    const flush = () => {
      if (!latest.current.waiting) return;
      clearTimeout(draftTimer.current);
      void fetch(`${path}/draft${query}`, {
        method: 'PUT', keepalive: true, headers: { 'Content-Type': 'application/json', 'X-Lumbar-Token': currentToken() },
        body: JSON.stringify({ values: toSend(fields, latest.current.values), missing: latest.current.missing, base_revision: latest.current.revision }),
      }).then((r) => { if (r.ok) latest.current.waiting = false; }).catch(() => undefined);
    };
    const hidden = () => { if (document.visibilityState === 'hidden') flush(); };
    const warn = (e: BeforeUnloadEvent) => { if (latest.current.waiting) { flush(); e.preventDefault(); } };
    document.addEventListener('visibilitychange', hidden);
    addEventListener('beforeunload', warn);
    return () => {
      document.removeEventListener('visibilitychange', hidden);
      removeEventListener('beforeunload', warn);
      flush();
      clearTimeout(draftTimer.current);
      clearTimeout(checkTimer.current);
    };
  }, [fields, path, query]);

  const hard = useMemo(() => {
    const out: Record<string, true> = {};
    for (const f of fields) if (isShown(f, computed) && faultOf(f, values[f.id])?.severity === 'hard') out[f.id] = true;
    for (const f of findings) if (f.severity === 'hard' && f.item) out[f.item] = true;
    return Object.keys(out);
  }, [fields, values, findings, computed]);

  const save = useCallback(async (): Promise<boolean> => {
    clearTimeout(draftTimer.current);
    clearTimeout(checkTimer.current);
    turn.current += 1;
    const mine = turn.current;
    const before = kept;
    setKept({ is: 'saving' });
    setError(null);
    const now = latest.current;
    const soft = findings.filter((f) => f.severity === 'soft').map((f) => f.item ?? '');
    try {
      const answer = await put<SaveAnswer>(`${path}${query}`, {
        values: toSend(fields, now.values), missing: now.missing, revision: now.revision, confirmed: confirmed.filter((i) => soft.includes(i)), ...(reason.trim() ? { reason: reason.trim() } : {}),
      });
      setStored({ values: now.values, missing: now.missing, revision: answer.revision });
      setState(answer.state);
      if (answer.computed) setComputed(answer.computed);
      if (turn.current === mine) { now.waiting = false; setKept({ is: 'saved', at: answer.saved_at }); }
      setFindings(answer.findings ?? []);
      setOpened(answer.queries_opened);
      setReason('');
      setConflict(null);
      client.setQueryData(['form', doc.subject, doc.visit, doc.form.id, keying], (d: FormDoc | undefined) => (d ? { ...d, state: answer.state, draft: undefined } : d));
      void client.invalidateQueries({ predicate: (q) => ['person', 'people', 'today', 'queries', 'history', 'safety'].includes(String(q.queryKey[0])) });
      return true;
    } catch (e) {
      setKept(now.waiting ? { is: 'typing' } : before.is === 'draft' ? before : { is: 'clean' }); // what was typed is a draft still
      const body = e instanceof ApiError ? e.body : {};
      if (e instanceof ApiError && e.status === 409 && body.current) {
        const c = body.current as unknown as Conflict;
        setConflict({ values: c.values ?? {}, missing: c.missing ?? {}, revision: c.revision, by: c.by ?? '', at: c.at ?? '' });
      } else {
        if (e instanceof ApiError && Array.isArray(body.findings)) setFindings(body.findings as unknown as Finding[]);
        setError(e);
      }
      if (now.waiting) draftTimer.current = setTimeout(() => void keepDraft(), DRAFT_AFTER);
      return false;
    }
  }, [client, doc, keying, confirmed, fields, findings, keepDraft, kept, path, query, reason]);

  /** The conflict settled: what was chosen stands on top of the other's revision, not yet saved. */
  const resolve = useCallback((chosen: Row, without: Record<string, string>) => {
    if (!conflict) return;
    setStored({ values: conflict.values, missing: conflict.missing, revision: conflict.revision });
    setValues(chosen);
    setMissing(without);
    setConflict(null);
    latest.current.revision = conflict.revision;
    touch();
  }, [conflict, touch]);

  const discard = useCallback(() => {
    clearTimeout(draftTimer.current);
    turn.current += 1;
    latest.current.waiting = false;
    latest.current.values = stored.values;
    setValues(stored.values);
    setMissing(stored.missing);
    setKept({ is: 'clean' });
    void remove(`${path}/draft${query}`).then(() => check(), () => undefined);
  }, [stored, path, query, check]);

  return { fields, values, missing, stored, state, computed, findings, confirmed, reason, kept, error, conflict, changed, hard, opened, setValue, setWithout, confirm, setReason, save, resolve, discard, recheck: check };
}

export type Entry = ReturnType<typeof useEntry>;

// The participant's pages: what is open today, one form at a time, thanks. Everything works without a network.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Json, Row } from '../shared/api';
import { said } from '../shared/format';
import { type Field, faultOf, fieldOf, isEmpty, toSend } from '../entry/values';
import { type DayEntry, db, draftKey, type Entry, type PhoneForm, type PhonePage, trueTime } from './keep';
import { asked, Question } from './Questions';
import { Ended, fetchPage, lastEntry, sync } from './sync';
import { firstLanguage, keepLanguage, known, LanguageOf, nameOf, useSay, refusedIn } from './texts';

type Line = 'online' | 'offline' | 'sending';

/** The items that say which day it is: known already, never asked. */
const isDay = (f: Field, all: Field[]) => f.type === 'date' && f.required === true && all.indexOf(f) === 0;

function FormScreen({ token, day, form, onDone }: { token: string; day: DayEntry; form: PhoneForm; onDone: (saved: boolean) => void }) {
  const { say, language } = useSay();
  const fields = useMemo(() => form.items.map(fieldOf), [form]);
  const known = useMemo(() => Object.fromEntries(fields.filter((f) => isDay(f, fields)).map((f) => [f.id, day.date])) as Row, [fields, day]);
  const [values, setValues] = useState<Row | null>(null);
  const [tried, setTried] = useState(false);
  const head = useRef<HTMLHeadingElement>(null);
  const key = draftKey(token, day.visit, day.form);
  useEffect(() => {
    void (async () => {
      const draft = await db.draft.get(key);
      const last = draft ? undefined : await lastEntry(token, day.visit, day.form);
      setValues(draft?.values ?? last?.values ?? {});
      head.current?.focus();
      scrollTo(0, 0);
    })();
  }, [key, token, day]);
  if (!values) return <p>{say('loading')}</p>;
  const shown = asked(fields, values).filter((f) => !(f.id in known));
  const set = (id: string, v: Json) => { const next = { ...values, [id]: v }; setValues(next); void db.draft.put({ key, values: next, at: trueTime() }); };
  const bad = shown.filter((f) => (f.required && isEmpty(values[f.id])) || faultOf(f, values[f.id])?.severity === 'hard');
  const save = async () => {
    setTried(true);
    if (bad.length > 0) { document.querySelector(`[data-question="${bad[0]!.id}"]`)?.scrollIntoView({ block: 'center' }); document.querySelector<HTMLElement>(`[data-question="${bad[0]!.id}"] button, [data-question="${bad[0]!.id}"] input`)?.focus({ preventScroll: true }); return; }
    const kept = Object.fromEntries(shown.map((f) => [f.id, values[f.id] ?? null])) as Row;
    const entry: Entry = { id: crypto.randomUUID(), token, form: day.form, visit: day.visit, values: { ...toSend(fields, { ...kept, ...known }) }, recorded_at: trueTime(), state: 'waiting' };
    await db.transaction('rw', db.entry, db.draft, async () => { await db.entry.put(entry); await db.draft.delete(key); });
    onDone(true);
  };
  return (
    <main className="p-main">
      <button type="button" className="p-back" onClick={() => onDone(false)}>‹ {say('back')}</button>
      <h1 ref={head} tabIndex={-1}>{said(form.label, language)}</h1>
      <p className="p-when">{day.date}</p>
      {form.note && <p>{said(form.note, language)}</p>}
      {form.instruction && <p>{said(form.instruction, language)}</p>}
      {shown.map((f) => <Question key={f.id} field={f} value={values[f.id]} onValue={(v) => set(f.id, v)} tried={tried} />)}
      {tried && bad.length > 0 && <p className="p-fault" role="alert">{say('mend')}</p>}
      <div className="p-save"><span>{say('answered', { n: shown.filter((f) => !isEmpty(values[f.id])).length, all: shown.length })}</span><button type="button" className="p-go" onClick={() => void save()}>{say('save')}</button></div>
    </main>
  );
}

const whole = (state: string) => ['complete', 'verified', 'signed', 'frozen', 'locked', 'kept', 'done'].includes(state);

function DayCard({ day, form, today, entry, onOpen }: { day: DayEntry; form: PhoneForm; today: string; entry: Entry | undefined; onOpen: () => void }) {
  const { say, language } = useSay();
  const yesterday = new Date(Date.parse(`${today}T12:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
  const done = entry ? entry.state !== 'refused' : whole(day.state);
  const when = day.date === today ? say('today') : day.date === yesterday ? say('yesterday') : day.date;
  return (
    <li className="p-card" data-done={done} data-day={day.date} data-form={day.form}>
      <div><strong>{when}</strong><span>{said(form.label, language)}{day.day ? ` · ${say('day', { n: day.day })}` : ''}</span>
        {entry && <span className="p-state" data-state={entry.state}>{say(`state_${entry.state}`)}{entry.message ? `: ${refusedIn(entry.message, language)}` : ''}</span>}</div>
      <button type="button" className={done ? 'p-again' : 'p-go'} onClick={onOpen} aria-label={`${done ? `${say('done')}, ${say('change')}` : say('fillIn')}: ${said(form.label, language)}, ${when}`}>{done && <span aria-hidden>✓ </span>}{say(done ? 'done' : 'fillIn')}</button>
    </li>
  );
}

function Home({ page, entries, line, thanks, onOpen }: { page: PhonePage; entries: Entry[]; line: Line; thanks: boolean; onOpen: (d: DayEntry) => void }) {
  const { say, language } = useSay();
  const title = typeof page.study === 'object' && 'title' in page.study ? said(page.study.title as Json, language) : said(page.study as Json, language);
  const waiting = entries.filter((e) => e.state === 'waiting').length;
  const last = (d: DayEntry) => entries.filter((e) => e.visit === d.visit && e.form === d.form).at(-1);
  const local = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
  const today = line === 'offline' && local > page.today ? local : page.today;
  const open = page.days.filter((d) => (d.opens && d.closes ? d.opens <= today && today <= d.closes : d.open === true)).sort((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0));
  const formOf = (d: DayEntry) => page.forms.find((f) => f.id === d.form);
  return (
    <main className="p-main">
      <h1 tabIndex={-1}>{say('title')}</h1>
      <p className="p-when">{title} · {say('code')} {page.subject_code ?? page.subject}</p>
      {thanks && <p className="p-thanks" role="status">✓ {line === 'offline' || waiting > 0 ? say('savedOffline') : said((page.thanks ?? '') as Json, language) || say('saved')}</p>}
      {line === 'offline' && <p className="p-offline" role="status">{say('offline')}</p>}
      {page.welcome && !thanks && <p>{said(page.welcome as Json, language)}</p>}
      {open.length === 0 ? <p className="p-nothing">{say('nothing')}</p> : <ul className="p-days">{open.map((d) => { const form = formOf(d); return form && <DayCard key={`${d.visit}|${d.form}`} day={d} form={form} today={today} entry={last(d)} onOpen={() => onOpen(d)} />; })}</ul>}
      <p className="p-line" role="status" data-waiting={waiting}>{line === 'sending' ? say('sending') : waiting > 0 ? say('waiting', { n: waiting }) : entries.length > 0 ? say('sent') : ''}</p>
      {page.contact && <p><strong>{say('contact')}</strong> {said(page.contact as Json, language)}</p>}
      <p className="p-hint">{say('install')}</p>
    </main>
  );
}

function useDiary(token: string) {
  const [page, setPage] = useState<PhonePage | null>(null);
  const [entries, setEntries] = useState<Entry[]>([]);
  const [line, setLine] = useState<Line>(navigator.onLine ? 'online' : 'offline');
  const [ended, setEnded] = useState(false);
  const [never, setNever] = useState(false);
  const look = useCallback(async () => setEntries(await db.entry.where({ token }).sortBy('recorded_at')), [token]);
  const bring = useCallback(async () => {
    setLine('sending');
    try {
      await sync(token);
      setPage(await fetchPage(token));
      setLine('online');
      setNever(false);
    } catch (e) {
      if (e instanceof Ended) setEnded(true);
      setLine('offline');
    }
    await look();
  }, [token, look]);
  useEffect(() => {
    void (async () => {
      const kept = await db.page.get(token);
      if (kept) setPage(kept.page);
      await look();
      await bring();
      if (!kept && !(await db.page.get(token))) setNever(true);
    })();
    const again = () => void bring();
    const gone = () => setLine('offline');
    const seen = () => { if (document.visibilityState === 'visible') again(); };
    const timer = setInterval(() => { void db.entry.where({ token, state: 'waiting' }).count().then((n) => { if (n > 0) again(); }); }, 30_000);
    addEventListener('online', again);
    addEventListener('offline', gone);
    document.addEventListener('visibilitychange', seen);
    return () => { clearInterval(timer); removeEventListener('online', again); removeEventListener('offline', gone); document.removeEventListener('visibilitychange', seen); };
  }, [token, bring, look]);
  return { page, entries, line, ended, never, bring, look };
}

function Inner({ token }: { token: string }) {
  const { page, entries, line, ended, never, bring, look } = useDiary(token);
  const [language, setLanguage] = useState('');
  const [day, setDay] = useState<DayEntry | null>(null);
  const [thanks, setThanks] = useState(false);
  const languages = known(page?.languages ?? ['en', 'zh', 'da']);
  const chosen = language || firstLanguage(page?.languages ?? ['en', 'zh', 'da']);
  useEffect(() => { document.documentElement.lang = chosen; }, [chosen]);
  const done = (saved: boolean) => {
    setDay(null);
    setThanks(saved);
    scrollTo(0, 0);
    void look().then(() => (saved ? bring() : undefined));
  };
  const form = day && page?.forms.find((f) => f.id === day.form);
  return (
    <LanguageOf.Provider value={chosen}>
      <header className="p-head"><img src="/lumbar.svg" alt="" width={32} height={32} /><b>Lumbar</b>
        {languages.length > 1 && <LanguagePick languages={languages} chosen={chosen} set={(l) => { setLanguage(l); keepLanguage(l); }} />}</header>
      {ended || page?.ended ? <Note k="ended" more="endedText" /> : page && day && form ? <FormScreen key={`${day.visit}|${day.form}`} token={token} day={day} form={form} onDone={done} />
        : page ? <Home page={page} entries={entries} line={line} thanks={thanks} onOpen={(d) => { setThanks(false); setDay(d); }} /> : never ? <Note k="first" /> : <Note k="loading" />}
    </LanguageOf.Provider>
  );
}

function LanguagePick({ languages, chosen, set }: { languages: string[]; chosen: string; set: (l: string) => void }) {
  const { say } = useSay();
  return <div className="p-languages" role="group" aria-label={say('language')}>{languages.map((l) => <button key={l} type="button" lang={l} aria-pressed={l === chosen} onClick={() => set(l)}>{nameOf(l)}</button>)}</div>;
}

function Note({ k, more }: { k: 'ended' | 'first' | 'loading' | 'noLink'; more?: 'endedText' }) {
  const { say } = useSay();
  return <main className="p-main"><h1>{say('title')}</h1><p className="p-nothing">{say(k)}</p>{more && <p>{say(more)}</p>}</main>;
}

export function DiaryApp({ token }: { token: string }) {
  return token === '' ? <Note k="noLink" /> : <Inner token={token} />;
}

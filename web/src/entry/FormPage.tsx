// A form: one column, live checks and score, a draft that keeps itself, a save that says when; beside it history and queries.
import { Alert, Button, Group, Kbd, Paper, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useSearch } from 'wouter';
import { ApiError } from '../shared/api';
import { Act } from '../shared/Dialog';
import { said } from '../shared/format';
import { IconClock, IconError, IconInfo, IconOk, IconPen, IconWarning } from '../shared/icons';
import { Mark } from '../shared/Mark';
import { Page } from '../shared/Page';
import { refusalIn } from '../shared/refusal';
import { Empty, Failure, Loaded } from '../shared/states';
import { type FormCard, type FormDoc, get, part, type Person, post, type Query, query } from '../shared/trial';
import { clockOf, momentOf } from '../shared/when';
import { ConflictView } from './Conflict';
import { DerivedLine, Question } from './Question';
import { SidePanel } from './SidePanel';
import { type Entry, formPath, useEntry } from './useEntry';
import { countsOf, isShown } from './values';

/** What has been kept, and when; never more than is true. */
function KeptLine({ entry }: { entry: Entry }) {
  const { t, i18n } = useTranslation('trial');
  const { kept, changed } = entry;
  const look = {
    clean: ['quiet', <IconInfo key="i" size={17} />, t('kept.clean')], typing: ['quiet', <IconPen key="i" size={17} />, t('kept.typing')], drafting: ['quiet', <IconClock key="i" size={17} />, t('kept.drafting')],
    saving: ['quiet', <IconClock key="i" size={17} />, t('kept.saving')],
    draft: ['info', <IconOk key="i" size={17} />, changed.length > 0 ? t('kept.draft', { at: kept.is === 'draft' ? clockOf(kept.at) : '' }) : t('kept.clean')],
    saved: ['good', <IconOk key="i" size={17} />, t('kept.saved', { at: kept.is === 'saved' ? clockOf(kept.at) : '' })],
    lost: ['bad', <IconError key="i" size={17} />, `${t('kept.lost')}${kept.is === 'lost' && kept.why ? ` ${kept.why === 'store' ? t('kept.store') : refusalIn(kept.why, i18n.language)}` : ''}`],
  }[kept.is] as [string, React.ReactNode, string];
  return <span className="status wrap" data-kind={look[0]} data-kept={kept.is} role="status">{look[1]}{look[2]}</span>;
}

function Score({ entry }: { entry: Entry }) {
  const { t, i18n } = useTranslation('trial');
  const c = entry.computed;
  if (!c?.score_name) return null;
  const needs = /^(\d+) of (\d+) items answered, (\d+) needed$/.exec(typeof c.reason === 'string' ? c.reason : '');
  return <span className="score" aria-live="polite">{t('form.score')}: <strong>{c.score === null || c.score === undefined ? '–' : Number(c.score.toFixed(3))}</strong>{c.score === null || c.score === undefined ? <span className="quiet"> {needs ? t('form.scoreNeeds', { n: needs[1], all: needs[2], needed: needs[3] }) : said(c.reason ?? '', i18n.language)}</span> : null}</span>;
}

function SaveBar({ entry, canSave, onSave, hasNext }: { entry: Entry; canSave: boolean; onSave: (next: boolean) => void; hasNext: boolean }) {
  const { t } = useTranslation('trial');
  const counts = countsOf(entry.fields, entry.values, entry.missing, entry.computed);
  const needsReason = entry.stored.revision > 0 && entry.changed.length > 0;
  const open = counts.all - counts.answered - counts.without;
  return (
    <div className="save-bar no-print">
      <div className="save-facts">
        <KeptLine entry={entry} />
        <span>{t('form.answered', { n: counts.answered, all: counts.all })}{open > 0 && <span className="quiet"> · {t('form.open', { count: open })}</span>}</span>
        <Score entry={entry} />
      </div>
      {canSave && (
        <div className="save-act">
          {needsReason && <TextInput name="reason" label={t('form.reason')} value={entry.reason} onChange={(e) => entry.setReason(e.currentTarget.value)} placeholder={t('form.reasonText')} className="reason"
            onKeyDown={(e) => { if (e.key === 'Enter') { e.preventDefault(); onSave(false); } }} />}
          <Group gap="xs" wrap="nowrap" align="flex-end">
            <Button data-save onClick={() => onSave(false)} loading={entry.kept.is === 'saving'} variant={hasNext ? 'default' : 'filled'}>{t('form.save')}</Button>
            {hasNext && <Button onClick={() => onSave(true)} loading={entry.kept.is === 'saving'}>{t('form.saveNext')}</Button>}
          </Group>
        </div>
      )}
    </div>
  );
}

function SignAct({ path, done }: { path: string; done: () => void }) {
  const { t } = useTranslation('trial');
  return <Act label={t('form.sign')} title={t('form.sign')} text={t('form.signText')} action={t('form.sign')} send={(v) => post(`${path}/sign`, v)} done={done}
    fields={[{ name: 'meaning', label: t('form.meaning'), kind: 'choice', required: true, initial: 'reviewed', options: ['reviewed', 'approved', 'responsible'].map((m) => ({ value: m, label: t(`meaning.${m}` as 'meaning.reviewed') })) },
      { name: 'password', label: t('form.passwordAgain'), kind: 'password', required: true }]} />;
}

function StateActs({ doc, path, verified, done }: { doc: FormDoc; path: string; verified: string[]; done: () => void }) {
  const { t } = useTranslation('trial');
  const [error, setError] = useState<unknown>(null);
  const may = (what: string) => doc.may.includes(what) && doc.revision > 0;
  const act = async (what: string, body?: unknown) => {
    setError(null);
    try { await post(`${path}/${what}`, what === 'verify' ? body : undefined); done(); } catch (e) { setError(e); }
  };
  return (
    <>
      <Group gap="xs" className="no-print">
        {may('verify') && <Button variant="default" onClick={() => void act('verify', { items: verified })} disabled={verified.length === 0}>{t('form.verify', { count: verified.length })}</Button>}
        {may('sign') && <SignAct path={path} done={done} />}
        {may('freeze') && doc.state !== 'frozen' && doc.state !== 'locked' && <Button variant="default" onClick={() => void act('freeze')}>{t('form.freeze')}</Button>}
        {may('unfreeze') && <Act label={t('form.unfreeze')} title={t('form.unfreeze')} action={t('form.unfreeze')} send={(v) => post(`${path}/unfreeze`, v)} done={done} fields={[{ name: 'reason', label: t('form.why'), kind: 'area', required: true }]} />}
        {may('lock') && doc.state !== 'locked' && <Button variant="default" onClick={() => void act('lock')}>{t('form.lock')}</Button>}
        {may('unlock') && doc.state === 'locked' && (
          <Act label={t('form.unlock')} title={t('form.unlock')} action={t('form.unlock')} send={(v) => post(`${path}/unlock`, v)} done={done} fields={[{ name: 'reason', label: t('form.why'), kind: 'area', required: true }]} />
        )}
      </Group>
      {error !== null && <Failure error={error} />}
    </>
  );
}

function Signatures({ doc }: { doc: FormDoc }) {
  const { t } = useTranslation('trial');
  if (!doc.signatures?.length) return null;
  return <ul className="signatures">{doc.signatures.map((s, i) => <li key={i}><Mark state={s.void_at ? 'missed' : 'signed'} word={s.void_at ? t('form.signatureVoid') : t('state.signed')} /> {s.full_name || s.by} · {momentOf(String(s.at ?? ''))} · {t(`meaning.${String(s.meaning)}` as 'meaning.reviewed', { defaultValue: String(s.meaning ?? '') })}</li>)}</ul>;
}

/** The next form of the same visit that is mine to fill in. */
function useNext(subject: string, visit: string, form: string): { visit: string; form: string } | null {
  const person = useQuery({ queryKey: ['person', subject], queryFn: () => get<Person>(`/api/people/${part(subject)}`), staleTime: 30_000 });
  const forms = person.data?.timeline.find((v) => v.id === visit)?.forms ?? [];
  const at = forms.findIndex((f) => f.form === form);
  const open = (f: FormCard) => f.mine && f.form !== form && (f.state === 'empty' || f.state === 'started');
  const found = forms.slice(at + 1).find(open) ?? forms.slice(0, Math.max(0, at)).find(open);
  return found ? { visit, form: found.form } : null;
}

interface BodyProps { doc: FormDoc; subject: string; visit: string; form: string; keying: number; reload: () => void }

function FormBody({ doc, subject, visit, form, keying, reload }: BodyProps) {
  const { t, i18n } = useTranslation('trial');
  const [, go] = useLocation();
  const path = formPath(subject, visit, form);
  const entry = useEntry(doc, path, keying);
  const [focused, setFocused] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const done = Object.keys(doc.verified ?? {}).filter((k) => doc.verified?.[k]);
  const [verified, setVerified] = useState<string[]>(done);
  const locked = doc.state === 'locked' || doc.state === 'frozen' || entry.state === 'locked';
  const canSave = doc.may.includes(keying === 2 ? 'second' : 'save') && !locked;
  const queries = useQuery({
    queryKey: ['form-queries', subject, visit, form], initialData: doc.queries ?? [], staleTime: 0, enabled: doc.queries !== undefined && doc.revision > 0,
    queryFn: () => get<FormDoc>(path + query({ keying: keying || undefined })).then((d) => d.queries ?? []),
  });
  const live: Query[] = queries.data;
  const field = entry.fields.find((f) => f.id === focused);

  const next = useNext(subject, visit, form);
  const onSave = async (onward: boolean) => {
    setTried(true);
    if (entry.hard.length > 0) {
      document.querySelector<HTMLElement>(`[data-question="${entry.hard[0]}"] input, [data-question="${entry.hard[0]}"] textarea`)?.focus();
      return;
    }
    if (entry.stored.revision > 0 && entry.changed.length > 0 && entry.reason.trim() === '') {
      document.querySelector<HTMLElement>('[name=reason]')?.focus();
      return;
    }
    if (await entry.save()) {
      if (onward) go(next ? `/people/${part(subject)}/${part(next.visit)}/${part(next.form)}` : `/people/${part(subject)}#${visit}`);
    }
  };
  const saving = useRef(onSave);
  saving.current = onSave;
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 's') { e.preventDefault(); if (canSave) void saving.current(false); }
      if ((e.ctrlKey || e.metaKey) && e.key === 'Enter') { e.preventDefault(); if (canSave) void saving.current(true); }
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, [canSave]);
  useEffect(() => {
    const wanted = location.hash.slice(1);
    const first = document.querySelector<HTMLElement>(wanted ? `[data-question="${CSS.escape(wanted)}"] input, [data-question="${CSS.escape(wanted)}"] textarea` : '[data-question] input, [data-question] textarea');
    if (canSave || wanted) first?.focus({ preventScroll: !wanted });
    if (wanted) first?.scrollIntoView({ block: 'center' });
    if (doc.draft) void entry.recheck();
    // once, when the form opens
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  let group = '';
  return (
    <div className="form-grid">
      <div>
        {entry.conflict && <ConflictView conflict={entry.conflict} fields={entry.fields} values={entry.values} missing={entry.missing} onResolve={entry.resolve} />}
        {doc.draft && entry.kept.is === 'draft' && <Alert color="gray" icon={<IconInfo />} mb="md" className="no-print"><Group justify="space-between"><Text>{t('form.restored', { at: momentOf(doc.draft.saved_at) })}</Text><Button variant="default" onClick={entry.discard}>{t('form.discard')}</Button></Group></Alert>}
        {doc.blind && <p className="status wrap" data-kind="info"><IconInfo />{t('form.blind')}</p>}
        {locked && <p className="status" data-kind="info"><Mark state={doc.state} /> {t('form.readOnly')}</p>}
        <Paper p={{ base: 'sm', sm: 'lg' }} className="surface">
          {entry.fields.filter((f) => isShown(f, entry.computed) || f.type === 'derived').map((f) => {
            const head = f.group ? said(f.group, i18n.language) : '';
            const heading = head !== group && head !== '';
            group = head;
            return (
              <div key={f.id}>
                {heading && <h2 className="q-group">{head[0]!.toUpperCase() + head.slice(1)}</h2>}
                {f.type === 'derived' ? <DerivedLine field={f} value={entry.computed?.derived?.[f.id]} /> : (
                  <Question field={f} value={entry.values[f.id]} missing={entry.missing[f.id]} findings={entry.findings.filter((x) => x.item === f.id)} confirmed={entry.confirmed.includes(f.id)}
                    queries={live.filter((q) => q.item === f.id && q.state !== 'closed').length} readOnly={!canSave} changed={entry.stored.revision > 0 && entry.changed.includes(f.id)} uploads={path} held={doc.files?.[f.id]}
                    verified={verified.includes(f.id)} onVerify={doc.may.includes('verify') && doc.revision > 0 ? (item, yes) => setVerified((list) => (yes ? [...list, item] : list.filter((i) => i !== item))) : undefined}
                    onValue={entry.setValue} onMissing={entry.setWithout} onConfirm={entry.confirm} onFocus={setFocused} />
                )}
              </div>
            );
          })}
        </Paper>
        {entry.error !== null && <Failure error={entry.error} />}
        {tried && entry.hard.length > 0 && <p className="status wrap" data-kind="bad" role="alert"><IconError />{t('form.hard', { count: entry.hard.length })}</p>}
        {entry.opened > 0 && <p className="status wrap" data-kind="warn" role="status"><IconWarning />{t('form.queriesOpened', { count: entry.opened })}</p>}
        <Signatures doc={doc} />
        <StateActs doc={{ ...doc, revision: entry.stored.revision, state: entry.state }} path={path} verified={verified} done={reload} />
        {canSave && <Text size="sm" c="dimmed" mt="sm" className="no-print"><Kbd>Ctrl</Kbd> + <Kbd>S</Kbd> {t('form.keysSave')} · <Kbd>Ctrl</Kbd> + <Kbd>Enter</Kbd> {t('form.keysNext')} · {t('form.keysCode')}</Text>}
        <SaveBar entry={entry} canSave={canSave} onSave={(next) => void onSave(next)} hasNext={next !== null} />
      </div>
      <div className="no-print"><SidePanel subject={subject} visit={visit} form={form} field={field} queries={live} canRaise={doc.may.includes('query') && doc.revision > 0} blind={keying === 2 || doc.blind === true} /></div>
    </div>
  );
}

export function FormPage({ subject, visit, form }: { subject: string; visit: string; form: string }) {
  const { t, i18n } = useTranslation('trial');
  const search = new URLSearchParams(useSearch());
  const keying = Number(search.get('keying') ?? 0) || 0;
  const client = useQueryClient();
  const path = formPath(subject, visit, form) + query({ keying: keying || undefined });
  const key = useMemo(() => ['form', subject, visit, form, keying], [subject, visit, form, keying]);
  const doc = useQuery({ queryKey: key, queryFn: () => get<FormDoc>(path), staleTime: Infinity, gcTime: 0 });
  const [round, setRound] = useState(0);
  const reload = () => { void client.fetchQuery({ queryKey: key, queryFn: () => get<FormDoc>(path), staleTime: 0 }).then(() => setRound((n) => n + 1)); void client.invalidateQueries({ queryKey: ['person', subject] }); };
  const instruction = doc.data?.form.instruction;
  const label = doc.data ? said(doc.data.form.label, i18n.language) : form;
  const where = doc.data?.visit_label ? said(doc.data.visit_label, i18n.language) : visit;
  const gone = doc.error instanceof ApiError && doc.error.status === 404;
  const keyed = keying > 0 && doc.error instanceof ApiError && doc.error.status === 409; // nothing went wrong: there is nothing left to key
  return (
    <Page title={label} lede={(
      <>
        <Link href={`/people/${part(subject)}#${visit}`}>{subject}</Link> · {where} {doc.data && <Mark state={doc.data.state} />}
        {keying > 0 && <strong> · {t('form.keying', { n: keying })}</strong>}
      </>
    )}>
      {instruction && <p className="lede">{said(instruction, i18n.language)}</p>}
      {gone ? <Failure error={new Error(t('form.gone'))} /> : keyed ? <Empty>{refusalIn(doc.error?.message ?? '', i18n.language)}. <Link href={`/people/${part(subject)}#${visit}`}>{t('randomise.back', { subject })}</Link></Empty> : <Loaded query={doc}>{(data) => <FormBody key={`${data.revision}.${round}`} doc={data} subject={subject} visit={visit} form={form} keying={keying || (data.keying ?? 0)} reload={reload} />}</Loaded>}
    </Page>
  );
}


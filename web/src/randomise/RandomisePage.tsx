// Randomisation in three steps: what the protocol asks and how this person answers it; who and which stratum; hold to confirm.
import { Button, Group, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { Json } from '../shared/api';
import { isRow, said } from '../shared/format';
import { IconDice, IconWarning } from '../shared/icons';
import { Mark } from '../shared/Mark';
import { Page } from '../shared/Page';
import { Failure, Loaded } from '../shared/states';
import { type Allocated, get, part, post, type Randomise } from '../shared/trial';
import { studyIn, useProtocol } from '../shared/useSites';
import { momentOf } from '../shared/when';
import { HoldButton } from './HoldButton';

const metOf = (met: boolean | null | undefined) => (met === true ? 'yes' : met === false ? 'no' : 'unanswered');

function answerOf(value: Json | undefined, language: string, yesno: (item: string, value: Json) => string | null): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map((v) => answerOf(v, language, yesno)).filter(Boolean).join(', ');
  if (isRow(value)) {
    if ('value' in value) return [said(value.label, language), yesno(String(value.item ?? ''), value.value ?? null) ?? said(value.value_label ?? value.value, language)].filter(Boolean).join(': ');
    const words = said(value, language);
    return /^\[object/.test(words) ? Object.entries(value).map(([k, v]) => `${k} ${String(v)}`).join(', ') : 'en' in value ? words : Object.entries(value).map(([k, v]) => `${k} ${String(v)}`).join(', ');
  }
  return String(value);
}

function Checks({ data }: { data: Randomise }) {
  const { t, i18n } = useTranslation('trial');
  const protocol = useProtocol();
  const forms = studyIn(protocol.data).forms;
  const types = new Map((Array.isArray(forms) ? forms.filter(isRow) : []).flatMap((f) => (Array.isArray(f.items) ? f.items.filter(isRow) : []).map((i) => [String(i.id), String(i.type)] as const)));
  const yesno = (item: string, value: Json) => (types.get(item) === 'yesno' && value !== null ? t(value === 1 || value === true ? 'yes' : 'no') : null);
  return (
    <>
      <div className="table-frame" tabIndex={0} role="region" aria-label={t('randomise.step1')}>
        <table className="data checks">
          <thead><tr><th scope="col">{t('randomise.asks')}</th><th scope="col">{t('randomise.answer')}</th><th scope="col">{t('randomise.met')}</th></tr></thead>
          <tbody>
            {data.checks.map((c) => (
              <tr key={c.id} data-met={c.met}>
                <th scope="row"><span className="quiet">{c.id}</span> {said(c.text, i18n.language)} {c.kind === 'exclusion' && <span className="quiet">({t('randomise.exclusion')})</span>}</th>
                <td>{answerOf(c.values.length > 0 ? c.values : c.answer === 'unknown' ? null : c.answer, i18n.language, yesno)}</td>
                <td><Mark state={metOf(c.met)} word={c.met === true ? (c.kind === 'exclusion' ? t('randomise.absent') : t('randomise.fulfilled')) : c.met === false ? (c.kind === 'exclusion' ? t('randomise.present') : t('randomise.notFulfilled')) : t('randomise.open')} /></td>
              </tr>
            ))}
            {data.gates.map((g) => <tr key={g.id}><th scope="row">{g.id === 'site' && g.text.en === 'site' ? t('randomise.siteOpen') : said(g.text, i18n.language)}</th><td>{g.detail ?? ''}</td><td><Mark state={metOf(g.ok)} word={g.ok ? t('randomise.fulfilled') : t('randomise.notFulfilled')} /></td></tr>)}
            {data.visits.map((v) => <tr key={v.visit}><th scope="row">{t('randomise.visit', { visit: said(v.label, i18n.language) })}</th><td /><td><Mark state={metOf(v.complete)} word={v.complete ? t('state.complete') : t('randomise.notFulfilled')} /></td></tr>)}
            {data.consent.map((c) => <tr key={String(c.id)}><th scope="row">{said(c.label, i18n.language) || t('randomise.consent')}</th><td>{isRow(c.given) ? `${String(c.given.date ?? '')} · ${String(c.given.form_version ?? '')}` : ''}</td><td><Mark state={c.given ? 'yes' : 'no'} word={c.given ? t('randomise.fulfilled') : t('randomise.notFulfilled')} /></td></tr>)}
          </tbody>
        </table>
      </div>
      {!data.ready && <p className="status wrap" data-kind="bad"><IconWarning />{t('randomise.notReady')}</p>}
    </>
  );
}

function Done({ subject, answer }: { subject: string; answer: Allocated }) {
  const { t, i18n } = useTranslation('trial');
  return (
    <Paper p="lg" className="surface" role="status" data-allocated>
      <Text c="dimmed">{t('randomise.is', { subject })}</Text>
      <p className="arm" data-arm={answer.arm?.id ?? ''}>{answer.arm ? said(answer.arm.label, i18n.language) : t('state.allocated')}</p>
      {!answer.arm && <Text>{t('randomise.masked')}</Text>}
      <dl className="facts small">
        <div><dt>{t('randomise.at')}</dt><dd>{momentOf(answer.at)}</dd></div>
        <div><dt>{t('randomise.by')}</dt><dd>{answer.by}</dd></div>
        {answer.receipt && <div><dt>{t('randomise.receipt')}</dt><dd className="break">{answer.receipt}</dd></div>}
      </dl>
      {(answer.next ?? []).length > 0 && <Title order={2} mt="md">{t('randomise.next')}</Title>}
      <ul>
        {(answer.next ?? []).map((n) => <li key={n.visit}>{said(n.label, i18n.language)} <span className="quiet">{n.date}{n.every_days > 0 ? ` · ${t('randomise.every', { count: n.every_days })}` : ''}</span></li>)}
        <li><Link href={`/people/${part(subject)}`}>{t('randomise.back', { subject })}</Link></li>
      </ul>
    </Paper>
  );
}

function Steps({ subject, data, onDone }: { subject: string; data: Randomise; onDone: (a: Allocated) => void }) {
  const { t, i18n } = useTranslation('trial');
  const [step, setStep] = useState(1);
  const [password, setPassword] = useState('');
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  // one key for this person and this page: a retry after a broken line gives the same allocation
  const key = useRef(crypto.randomUUID());
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try { onDone(await post<Allocated>(`/api/people/${part(subject)}/randomise`, { key: key.current, password })); } catch (e) { setError(e); } finally { setBusy(false); }
  };
  return (
    <>
      <ol className="step-line" aria-label={t('randomise.steps')}>{[1, 2, 3].map((n) => <li key={n} aria-current={n === step ? 'step' : undefined} data-done={n < step}>{t(`randomise.step${n as 1 | 2 | 3}`)}</li>)}</ol>
      <Paper p="lg" className="surface">
        <Title order={2} mb="sm">{t(`randomise.step${step as 1 | 2 | 3}`)}</Title>
        {step === 1 && <Checks data={data} />}
        {step >= 2 && (
          <dl className="stratum">
            <div><dt>{t('randomise.who')}</dt><dd>{subject}</dd></div>
            {data.stratum.map((s) => <div key={s.item}><dt>{said(s.label, i18n.language)}</dt><dd>{said(s.value_label ?? s.value, i18n.language)}</dd></div>)}
          </dl>
        )}
        {step === 2 && <Text maw="46rem">{t('randomise.stratumText')}</Text>}
        {step === 3 && (
          <Stack gap="md" maw={460} mt="sm">
            <Text>{t('randomise.final')}</Text>
            <PasswordInput name="password" label={t('form.passwordAgain')} autoComplete="current-password" value={password} onChange={(e) => setPassword(e.currentTarget.value)} data-autofocus />
            <HoldButton disabled={password === '' || busy} onHeld={() => void confirm()}><IconDice />{busy ? t('randomise.busy') : t('randomise.hold')}</HoldButton>
            <details className="fold"><summary>{t('randomise.cannotHold')}</summary>
              <form onSubmit={(e) => { e.preventDefault(); if (typed.trim() === subject && password !== '') void confirm(); }}>
                <TextInput label={t('randomise.typeCode', { subject })} value={typed} autoComplete="off" onChange={(e) => setTyped(e.currentTarget.value)} />
                <Button type="submit" mt="sm" disabled={typed.trim() !== subject || password === '' || busy}>{t('randomise.do')}</Button>
              </form>
            </details>
          </Stack>
        )}
        {error !== null && <Failure error={error} />}
        <Group mt="lg" justify="space-between">
          {step > 1 ? <Button variant="default" onClick={() => setStep(step - 1)}>{t('randomise.previous')}</Button> : <Link href={`/people/${part(subject)}`}>{t('randomise.back', { subject })}</Link>}
          {step < 3 && <Button onClick={() => setStep(step + 1)} disabled={!data.ready}>{t('randomise.continue')}</Button>}
        </Group>
      </Paper>
    </>
  );
}

export function RandomisePage({ subject }: { subject: string }) {
  const { t } = useTranslation('trial');
  const client = useQueryClient();
  const data = useQuery({ queryKey: ['randomise', subject], queryFn: () => get<Randomise>(`/api/people/${part(subject)}/randomise`), staleTime: 0, gcTime: 0 });
  const [done, setDone] = useState<Allocated | null>(null);
  const finished = (answer: Allocated) => {
    setDone(answer);
    void client.invalidateQueries({ predicate: (q) => ['person', 'people', 'today'].includes(String(q.queryKey[0])) });
  };
  return (
    <Page title={t('randomise.title')} lede={<Link href={`/people/${part(subject)}`}>{subject}</Link>}>
      <Loaded query={data}>{(d) => (done ? <Done subject={subject} answer={done} /> : d.allocated ? <Done subject={subject} answer={d.allocated} /> : <Steps subject={subject} data={d} onDone={finished} />)}</Loaded>
    </Page>
  );
}

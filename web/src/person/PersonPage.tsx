// One person: who, where and how far; the visits in time; events, deviations, scans; everything ever changed.
import { Button, Paper, Tabs, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { DataTable } from '../shared/DataTable';
import { ApiError, type Json, type Row } from '../shared/api';
import { isRow, said } from '../shared/format';
import { Mark } from '../shared/Mark';
import { Page } from '../shared/Page';
import { Sparkline } from '../shared/Sparkline';
import { Empty, Failure, Loaded } from '../shared/states';
import { type AdherencePerson, get, type HistoryEntry, part, type Person } from '../shared/trial';
import { useMay } from '../session/session';
import { useSites } from '../shared/useSites';
import { dateOf, momentOf } from '../shared/when';
import { Acts, consentsOf } from './Acts';
import { Timeline } from './Timeline';

function Head({ person }: { person: Person }) {
  const { t, i18n } = useTranslation('trial');
  const site = useSites();
  const may = useMay();
  const followed = useQuery({ queryKey: ['adherence'], queryFn: () => get<{ people: AdherencePerson[] }>('/api/adherence'), enabled: may('adherence.read') && person.allocation.state === 'allocated', staleTime: 60_000 });
  const a = followed.data?.people.find((p) => p.subject === person.subject);
  const overall = a?.overall;
  const consent = consentsOf(person).map((c) => c.given).filter(isRow).at(-1);
  const allocation = person.allocation;
  return (
    <Paper p="md" className="surface" mb="md">
      <dl className="facts">
        <div><dt>{t('people.state')}</dt><dd><Mark state={person.state} /></dd></div>
        <div><dt>{t('people.site')}</dt><dd>{site.name(person.site)}</dd></div>
        {person.protocol_version && <div><dt>{t('person.version')}</dt><dd>{person.protocol_version}</dd></div>}
        {allocation && allocation.state === 'allocated' && <div><dt>{t('person.allocation')}</dt><dd>{allocation.arm ? said(allocation.arm.label, i18n.language) : t('state.allocated')}{allocation.at && <div className="quiet">{momentOf(allocation.at)}{allocation.by ? ` · ${allocation.by}` : ''}</div>}</dd></div>}
        {overall !== undefined && overall !== null && <div><dt>{t('matrix.adherence')}</dt><dd><Mark state={overall >= 75 ? 'adherent' : 'behind'} word={`${overall.toFixed(1)} %`} />{a && <Sparkline values={a.weeks.map((w) => w.score)} threshold={75} label={t('adherence.line')} />}</dd></div>}
        {consent && <div><dt>{t('person.consentedOn')}</dt><dd>{dateOf(String(consent.date ?? ''))}<div className="quiet">{t('person.consentVersion')} {String(consent.form_version ?? '')}</div></dd></div>}
      </dl>
    </Paper>
  );
}

const flat = (rows: Row[]): Row[] => rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, v]) => v !== null && typeof v !== 'object').map(([k, v]) => [k, /(_at|^at)$/.test(k) && typeof v === 'string' ? momentOf(v) : v])) as Row);

function Log({ title, rows, none }: { title: string; rows: Row[] | undefined; none: string }) {
  if (!rows) return null;
  return (
    <Paper p="md" className="surface" mb="md" component="section">
      <Title order={2} mb="xs">{title}</Title>
      {rows.length === 0 ? <p className="quiet">{none}</p> : <DataTable rows={flat(rows)} caption={title} />}
    </Paper>
  );
}

const IN_ONE = 40; // entries at once
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

/** A value of the audit as one reads it: times in the clock of the place, lists by the names in them. */
function brief(value: Json | undefined): string {
  if (value === null || value === undefined || value === '') return '';
  if (Array.isArray(value)) return value.map((v) => (isRow(v) && typeof v.name === 'string' ? v.name : brief(v))).join(', ');
  if (typeof value === 'object') return Object.entries(value).map(([k, v]) => `${k}: ${brief(v)}`).join('; ');
  return MOMENT.test(String(value)) ? momentOf(String(value)) : String(value);
}
const cut = (text: string) => (text.length > 160 ? `${text.slice(0, 159)}…` : text);

function HistoryRows({ entry: e }: { entry: HistoryEntry }) {
  const { t, i18n } = useTranslation('trial');
  // what stands beside the values ("@parent") and what repeats the line itself is left to the audit file
  const told = e.changes.filter((c) => c.label || !['@parent', '@site', 'at', 'by', 'made', 'sha256'].includes(c.item));
  const rows = told.length > 0 ? told.map((c) => ({ name: c.label ? said(c.label, i18n.language) : c.item === '@state' ? t('people.state') : c.item.replaceAll('_', ' '), was: brief(c.before), is: brief(c.after), state: c.item === '@state' }))
    : [{ name: '', was: '', is: e.withheld ? t('audit.withheld') : '', state: false }];
  const word = (row: { state: boolean }, text: string) => (row.state && text !== '' ? t(`state.${text}` as 'state.due', { defaultValue: text }) : cut(text));
  return (
    <>
      {rows.map((row, i) => (
        <tr key={i} data-entry={i === 0 ? e.seq : undefined}>
          {i === 0 && <td rowSpan={rows.length} className="nowrap">{momentOf(e.at)}</td>}
          {i === 0 && <td rowSpan={rows.length} className="nowrap">{e.user}{e.role !== e.user && <div className="quiet">{e.role}</div>}{e.origin && <div className="quiet">{t('audit.origin', { user: e.origin.user ?? '–', at: momentOf(e.origin.at), system: e.origin.system ?? '–' })}</div>}</td>}
          {i === 0 && <td rowSpan={rows.length}>{t(`action.${e.action}` as 'action.save', { defaultValue: e.action })}<div className="quiet">{t(`kindOf.${e.kind}` as 'kindOf.entry', { defaultValue: e.kind })} {e.key.replaceAll('|', ' · ')}</div></td>}
          <td className="what">{row.name}</td><td><s>{word(row, row.was)}</s></td><td>{word(row, row.is)}</td>
          {i === 0 && <td rowSpan={rows.length}>{e.reason ? said(e.reason, i18n.language) : ''}</td>}
        </tr>
      ))}
    </>
  );
}

export function HistoryTable({ entries }: { entries: HistoryEntry[] }) {
  const { t } = useTranslation('trial');
  const [all, setAll] = useState(false);
  return (
    <>
      <div className="table-frame" tabIndex={0} role="region" aria-label={t('person.history')}>
        <table className="data audit">
          <thead><tr>{(['when', 'who', 'what', 'question', 'before', 'after', 'why'] as const).map((h) => <th key={h} scope="col">{t(`audit.${h}`)}</th>)}</tr></thead>
          <tbody>{(all ? entries : entries.slice(0, IN_ONE)).map((e) => <HistoryRows key={e.seq} entry={e} />)}</tbody>
        </table>
      </div>
      {entries.length > IN_ONE && <Button variant="default" mt="xs" onClick={() => setAll(!all)}>{all ? t('audit.fewer') : t('audit.all', { count: entries.length })}</Button>}
    </>
  );
}

function History({ subject }: { subject: string }) {
  const { t } = useTranslation('trial');
  const history = useQuery({ queryKey: ['history', subject, ''], queryFn: () => get<{ entries: HistoryEntry[] }>(`/api/people/${part(subject)}/history`), staleTime: 0 });
  return <Loaded query={history}>{(data) => (data.entries.length === 0 ? <Empty>{t('side.noHistory')}</Empty> : <HistoryTable entries={data.entries} />)}</Loaded>;
}

export function PersonPage({ subject }: { subject: string }) {
  const { t, i18n } = useTranslation('trial');
  const person = useQuery({ queryKey: ['person', subject], queryFn: () => get<Person>(`/api/people/${part(subject)}`), staleTime: 0 });
  const [tab, setTab] = useState<string | null>('visits');
  useEffect(() => {
    const wanted = location.hash.slice(1);
    if (!person.data || !wanted) return;
    const target = document.getElementById(wanted);
    target?.scrollIntoView({ block: 'start' });
    target?.querySelector<HTMLElement>('a')?.focus({ preventScroll: true });
    // only when the person is first there
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [person.data === undefined]);
  const gone = person.error instanceof ApiError && person.error.status === 404;
  return (
    <Page title={subject} lede={<Link href="/people">{t('rail.people')}</Link>}>
      {gone ? <Failure error={new Error(t('person.gone', { subject }))} /> : (
        <Loaded query={person}>
          {(data) => (
            <>
              <Head person={data} />
              <Acts person={data} />
              <Tabs value={tab} onChange={setTab} keepMounted={false}>
                <Tabs.List mb="md">
                  <Tabs.Tab value="visits">{t('person.visits')}</Tabs.Tab>
                  <Tabs.Tab value="events">{t('person.logs')}</Tabs.Tab>
                  <Tabs.Tab value="history">{t('person.history')}</Tabs.Tab>
                </Tabs.List>
                <Tabs.Panel value="visits"><Timeline subject={subject} timeline={data.timeline} /></Tabs.Panel>
                <Tabs.Panel value="events">
                  <Log title={t('person.consents')} rows={consentsOf(data).flatMap((c) => (isRow(c.given) ? [{ ...c.given, stage: said(c.label, i18n.language) }] : []))} none={t('person.noneOf')} />
                  <Log title={t('person.events')} rows={data.events.filter(isRow)} none={t('person.noneOf')} />
                  <Log title={t('person.deviations')} rows={data.deviations.filter(isRow)} none={t('person.noneOf')} />
                  <Log title={t('person.withdrawals')} rows={data.withdrawals.filter(isRow)} none={t('person.noneOf')} />
                </Tabs.Panel>
                <Tabs.Panel value="history"><History subject={subject} /></Tabs.Panel>
              </Tabs>
            </>
          )}
        </Loaded>
      )}
    </Page>
  );
}

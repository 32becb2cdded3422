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

const brief = (value: Json | undefined): string => (value === null || value === undefined || value === '' ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value));

export function HistoryTable({ entries }: { entries: HistoryEntry[] }) {
  const { t, i18n } = useTranslation('trial');
  const [all, setAll] = useState(false);
  const rows = entries.flatMap((e) => (e.changes.length === 0 ? [{ ...e, name: '', was: '', is: e.withheld ? t('audit.withheld') : '' }]
    : e.changes.map((c) => ({ ...e, name: c.label ? said(c.label, i18n.language) : c.item, was: brief(c.before), is: brief(c.after) }))));
  const shown = all ? rows : rows.slice(0, 60);
  return (
    <>
      <div className="table-frame" tabIndex={0} role="region" aria-label={t('person.history')}>
        <table className="data audit">
          <thead><tr>{(['when', 'who', 'what', 'question', 'before', 'after', 'why'] as const).map((h) => <th key={h} scope="col">{t(`audit.${h}`)}</th>)}</tr></thead>
          <tbody>
            {shown.map((e, i) => (
              <tr key={`${e.seq}.${i}`}>
                <td className="nowrap">{momentOf(e.at)}</td><td>{e.user}<div className="quiet">{e.role}</div>{e.origin && <div className="quiet">{t('audit.origin', { user: e.origin.user ?? '–', at: momentOf(e.origin.at), system: e.origin.system ?? '–' })}</div>}</td>
                <td>{t(`action.${e.action}` as 'action.save', { defaultValue: e.action })}<div className="quiet">{e.kind} {e.key.replaceAll('|', ' · ')}</div></td>
                <td>{e.name}</td><td><s>{e.was === '–' ? '' : e.was.slice(0, 160)}</s></td><td>{e.is.slice(0, 160)}</td><td>{e.reason ? said(e.reason, i18n.language) : ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > 60 && <Button variant="default" mt="xs" onClick={() => setAll(!all)}>{all ? t('audit.fewer') : t('audit.all', { count: rows.length })}</Button>}
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

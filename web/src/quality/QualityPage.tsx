// Oversight of the data: queries, deviations, numbers of quality, adherence, and the monitor's list of what to verify.
import { Group, NativeSelect, Paper, Tabs, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { QueryCard } from '../entry/SidePanel';
import { type Right, useMay } from '../session/session';
import type { Json, Row } from '../shared/api';
import { DataTable } from '../shared/DataTable';
import { isRow, isTable, said } from '../shared/format';
import { useLabel } from '../shared/label';
import { Mark } from '../shared/Mark';
import { Page } from '../shared/Page';
import { Empty, Loaded } from '../shared/states';
import { type AdherencePerson, get, part, type Query, query } from '../shared/trial';
import { useSites } from '../shared/useSites';
import { dateOf, momentOf } from '../shared/when';
import { AdherenceTable } from '../today/AdherenceTable';

const ROOMS: { id: 'queries' | 'metrics' | 'verify' | 'deviations' | 'adherence'; any: Right[] }[] = [
  { id: 'queries', any: ['query.raise', 'query.answer', 'query.close', 'quality.read'] }, { id: 'metrics', any: ['quality.read'] }, { id: 'verify', any: ['form.verify'] },
  { id: 'deviations', any: ['quality.read'] }, { id: 'adherence', any: ['adherence.read'] },
];

const listOf = <T,>(answer: unknown, ...names: string[]): T[] => {
  if (Array.isArray(answer)) return answer as T[];
  for (const n of names) { const found = (answer as Record<string, unknown> | undefined)?.[n]; if (Array.isArray(found)) return found as T[]; }
  return [];
};

const AGES = [['7', 7], ['30', 30], ['90', 90]] as const;

function Queries() {
  const { t } = useTranslation('trial');
  const client = useQueryClient();
  const site = useSites();
  const [state, setState] = useState('open');
  const [where, setWhere] = useState('');
  const [age, setAge] = useState('');
  const queries = useQuery({ queryKey: ['queries', state, where], queryFn: () => get<unknown>(`/api/queries${query({ state, site: where })}`).then((a) => listOf<Query>(a, 'queries')), staleTime: 0 });
  const done = () => void client.invalidateQueries({ predicate: (q) => ['queries', 'today', 'quality'].includes(String(q.queryKey[0])) });
  const ageOf = (q: Query) => q.age_days;
  return (
    <>
      <Group mb="md" gap="sm">
        <NativeSelect label={t('people.state')} value={state} onChange={(e) => setState(e.currentTarget.value)} data={['open', 'answered', 'closed', ''].map((s) => ({ value: s, label: s === '' ? t('people.all') : t(`state.${s}` as 'state.open') }))} />
        {site.all.length > 1 && <NativeSelect label={t('people.site')} value={where} onChange={(e) => setWhere(e.currentTarget.value)} data={[{ value: '', label: t('people.all') }, ...site.all.map((s) => ({ value: s.id, label: site.short(s.id) }))]} />}
        <NativeSelect label={t('quality.age')} value={age} onChange={(e) => setAge(e.currentTarget.value)} data={[{ value: '', label: t('people.all') }, ...AGES.map(([v]) => ({ value: v, label: t('quality.older', { count: Number(v) }) }))]} />
      </Group>
      <Loaded query={queries}>
        {(data) => {
          const shown = data.filter((q) => age === '' || ageOf(q) > Number(age)).sort((a, b) => ageOf(b) - ageOf(a));
          return shown.length === 0 ? <Empty>{t('quality.noQueries')}</Empty> : (
            <div className="query-list">
              {shown.map((q) => (
                <Paper key={q.id} p="md" className="surface">
                  <Text fw={600}><Link href={`/people/${part(q.subject)}/${part(q.visit)}/${part(q.form)}${q.item ? `#${q.item}` : ''}`}>{q.subject} · {q.visit} · {q.form}{q.item ? ` · ${q.item}` : ''}</Link> <span className="quiet">{t('quality.days', { count: ageOf(q) })}</span></Text>
                  <QueryCard q={q} onDone={done} />
                </Paper>
              ))}
            </div>
          );
        }}
      </Loaded>
    </>
  );
}

/** Words in one language; an id beside its label gives way to it, and the id of a form whose name is known, too. */
const plainRows = (rows: Row[], language: string, forms: Record<string, string>): Row[] => rows.map((row) => {
  const keys = Object.keys(row), named = keys[keys.indexOf('label') - 1] ?? '';
  const out: Row = {};
  for (const [k, v] of Object.entries(row)) {
    if (k === 'label' && ['form', 'visit', 'rule'].includes(named)) out[named] = said(v as Json, language);
    else out[k] = isRow(v) ? said(v, language) : k === 'form' && typeof v === 'string' ? forms[v] ?? v : v;
  }
  return out;
});
const formNames = (data: Row, language: string): Record<string, string> => (isTable(data.forms) ? Object.fromEntries(data.forms.map((f) => [String(f.form), said(f.label as Json, language)])) : {});

/** A count or share stands large; a table stands as one; nothing is left out because nobody gave it a shape. */
function Numbers({ data, skip }: { data: Row; skip: string[] }) {
  const { i18n } = useTranslation('trial');
  const label = useLabel();
  const forms = formNames(data, i18n.language);
  const entries = Object.entries(data).filter(([k]) => !skip.includes(k));
  const facts = entries.filter(([, v]) => v !== null && typeof v !== 'object');
  const groups = entries.filter(([, v]) => isRow(v) && Object.values(v).every((x) => x === null || typeof x !== 'object')) as [string, Row][];
  const tables = entries.filter(([, v]) => isTable(v)) as [string, Row[]][];
  const nested = entries.filter(([k, v]) => isRow(v) && !groups.some(([g]) => g === k)) as [string, Row][];
  return (
    <>
      {facts.length > 0 && <Paper p="md" className="surface" mb="md"><dl className="facts">{facts.map(([k, v]) => <div key={k}><dt>{label(k)}</dt><dd>{String(v)}</dd></div>)}</dl></Paper>}
      {groups.map(([k, v]) => <Paper key={k} p="md" className="surface" mb="md"><Title order={2} mb="xs">{label(k)}</Title><dl className="facts small">{Object.entries(v).map(([n, x]) => <div key={n}><dt>{label(n)}</dt><dd>{x === null ? '–' : String(x)}</dd></div>)}</dl></Paper>)}
      {tables.map(([k, rows]) => <Paper key={k} p="md" className="surface" mb="md"><Title order={2} mb="xs">{label(k)}</Title><DataTable rows={plainRows(rows, i18n.language, forms)} name={label(k)} /></Paper>)}
      {nested.map(([k, v]) => <section key={k}><Title order={2} mb="xs">{label(k)}</Title><Numbers data={v} skip={[]} /></section>)}
    </>
  );
}

function Metrics() {
  const { t } = useTranslation('trial');
  const quality = useQuery({ queryKey: ['quality'], queryFn: () => get<Row>('/api/quality'), staleTime: 0 });
  return <Loaded query={quality}>{(data) => (Object.keys(data).length === 0 ? <Empty>{t('quality.noMetrics')}</Empty> : <Numbers data={data} skip={['to_verify', 'verify', 'deviations']} />)}</Loaded>;
}

function ToVerify() {
  const { t, i18n } = useTranslation('trial');
  const quality = useQuery({ queryKey: ['quality'], queryFn: () => get<Row>('/api/quality'), staleTime: 0 });
  return (
    <Loaded query={quality}>
      {(data) => {
        const list = listOf<Row>(data, 'to_verify', 'verify', 'monitor');
        return list.length === 0 ? <Empty>{t('quality.verified')}</Empty> : (
          <Paper p="md" className="surface">
            <Title order={2} mb={4}>{t('quality.verifyTitle')} <span className="count-badge">{list.length}</span></Title>
            <ul className="tasks">
              {list.map((v, i) => (
                <li key={i}><Link className="task" href={`/people/${part(String(v.subject))}/${part(String(v.visit))}/${part(String(v.form))}`}>
                  <span className="task-who">{String(v.subject)}</span><span className="task-what">{String(v.visit)} · {said((v.label ?? v.form_label ?? v.form) as Json, i18n.language)}</span>
                  <span className="task-when quiet">{typeof v.verified === 'number' && typeof v.items === 'number' ? t('quality.ofItems', { n: v.verified, all: v.items }) : String(v.site ?? '')}</span>
                </Link></li>
              ))}
            </ul>
          </Paper>
        );
      }}
    </Loaded>
  );
}

function Deviations() {
  const { t, i18n } = useTranslation('trial');
  const deviations = useQuery({ queryKey: ['quality', 'deviations'], queryFn: () => get<Row>('/api/quality').then((a) => listOf<Row>(a, 'deviations')), staleTime: 0 });
  return (
    <Loaded query={deviations}>
      {(list) => (list.length === 0 ? <Empty>{t('quality.noDeviations')}</Empty> : (
        <Paper p="md" className="surface">
          <div className="table-frame" tabIndex={0} role="region" aria-label={t('quality.room.deviations')}>
            <table className="data roomy">
              <thead><tr><th scope="col">{t('matrix.code')}</th><th scope="col">{t('deviation.kind')}</th><th scope="col">{t('deviation.severity')}</th><th scope="col">{t('deviation.visit')}</th><th scope="col">{t('deviation.text')}</th><th scope="col">{t('deviation.perProtocol')}</th><th scope="col">{t('audit.when')}</th></tr></thead>
              <tbody>
                {list.map((d, i) => (
                  <tr key={i}>
                    <th scope="row"><Link href={`/people/${part(String(d.subject))}`}>{String(d.subject)}</Link><div className="quiet">{String(d.site ?? '')}</div></th>
                    <td>{t(`deviation.${d.kind === 'visit' ? 'visitKind' : String(d.kind)}` as 'deviation.other', { defaultValue: String(d.kind ?? '') })}</td><td>{d.severity ? <Mark state={String(d.severity)} size={16} /> : '–'}</td><td>{d.visit ? String(d.visit) : '–'}</td>
                    <td>{said(d.text, i18n.language)}</td><td>{t(d.per_protocol === true ? 'yes' : 'no')}</td><td className="nowrap">{d.date ? dateOf(String(d.date)) : momentOf(String(d.at ?? ''))}<div className="quiet">{String(d.by ?? '')}</div></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Paper>
      ))}
    </Loaded>
  );
}

function AdherenceRoom() {
  const { t } = useTranslation('trial');
  const adherence = useQuery({ queryKey: ['adherence'], queryFn: () => get<{ people: AdherencePerson[] }>('/api/adherence'), staleTime: 0 });
  return <Loaded query={adherence}>{(data) => (data.people.length === 0 ? <Empty>{t('adherence.none')}</Empty> : <AdherenceTable people={data.people} full />)}</Loaded>;
}

export function QualityPage({ room }: { room: string }) {
  const { t } = useTranslation('trial');
  const may = useMay();
  const [, go] = useLocation();
  const rooms = ROOMS.filter((r) => may(...r.any));
  const here = rooms.some((r) => r.id === room) ? room : rooms[0]?.id ?? '';
  return (
    <Page title={t('rail.quality')} lede={t('quality.lede')}>
      {rooms.length === 0 ? <Empty>{t('noPermission')}</Empty> : (
        <Tabs value={here} onChange={(v) => go(`/quality/${v ?? 'queries'}`)} keepMounted={false}>
          <Tabs.List mb="md">{rooms.map((r) => <Tabs.Tab key={r.id} value={r.id}>{t(`quality.room.${r.id}`)}</Tabs.Tab>)}</Tabs.List>
          <Tabs.Panel value="queries"><Queries /></Tabs.Panel>
          <Tabs.Panel value="metrics"><Metrics /></Tabs.Panel>
          <Tabs.Panel value="verify"><ToVerify /></Tabs.Panel>
          <Tabs.Panel value="deviations"><Deviations /></Tabs.Panel>
          <Tabs.Panel value="adherence"><AdherenceRoom /></Tabs.Panel>
        </Tabs>
      )}
    </Page>
  );
}

// Scans of the study: which have arrived, who may read which, how far the readings are; and the way to receive one.
import { Button, Group, Paper, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Route, Switch, useLocation } from 'wouter';
import { useMay } from '../session/session';
import { Act } from '../shared/Dialog';
import { Mark } from '../shared/Mark';
import { Page } from '../shared/Page';
import { Empty, Loaded } from '../shared/states';
import { get, part, post } from '../shared/trial';
import { ReceiveScan } from './ReceiveScan';
import { ScanReading } from './ScanReading';
import { type ScanList, type StudyScan, stateOf } from './scans';

export const useScans = () => useQuery({ queryKey: ['scans'], queryFn: () => get<ScanList>('/api/scans') });

function Rows({ scans }: { scans: StudyScan[] }) {
  const { t } = useTranslation();
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={t('reading.list')}>
      <table className="data">
        <thead><tr><th scope="col">{t('reading.participant')}</th><th scope="col">{t('reading.visit')}</th><th scope="col">{t('reading.state')}</th>
          <th scope="col"><span className="only-heard">{t('reading.read')}</span></th></tr></thead>
        <tbody>
          {scans.map((s) => (
            <tr key={`${s.subject}|${s.n}`}>
              <th scope="row"><Link href={`/imaging/${part(s.subject)}/${part(s.n)}`}>{s.subject}</Link> <span className="quiet">{s.n}</span></th>
              <td>{s.visit}</td>
              <td>
                <Mark state={stateOf(s)} word={t(`reading.states.${stateOf(s)}` as 'reading.states.ready')} />
                {s.done > 0 && s.state !== 'signed' && <div className="quiet">{t('reading.progress', { done: s.done, readers: s.readers })}</div>}
              </td>
              <td>{s.may_read && stateOf(s) !== 'done' && <Button component={Link} href={`/imaging/${part(s.subject)}/${part(s.n)}`} size="compact-md" variant="light">{t('reading.read')}</Button>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Which person and visit: the scan begins with that. */
function Begin({ onBegun }: { onBegun: (scan: StudyScan) => void }) {
  const { t } = useTranslation();
  const people = useQuery({ queryKey: ['people'], queryFn: () => get<{ people: { subject: string; site: string }[]; visits: { id: string }[] }>('/api/people') });
  if (!people.data) return null;
  return (
    <Act label={t('reading.receive')} title={t('reading.receive')} action={t('reading.receive')}
      fields={[
        { name: 'subject', label: t('reading.participant'), kind: 'choice', required: true, options: people.data.people.map((p) => ({ value: p.subject, label: p.subject })) },
        { name: 'visit', label: t('reading.visit'), kind: 'choice', required: true, options: people.data.visits.map((v) => ({ value: v.id, label: v.id })) },
      ]}
      send={(values) => post<StudyScan>(`/api/people/${part(String(values.subject))}/scans`, { visit: values.visit })}
      done={(scan) => onBegun(scan as StudyScan)} />
  );
}

function List() {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const [, go] = useLocation();
  const [state, setState] = useState('');
  const scans = useScans();
  return (
    <Page title={t('reading.list')} lede={t('reading.listLede')}>
      <Loaded query={scans}>
        {({ scans: all }) => {
          const states = [...new Set(all.map(stateOf))];
          const shown = all.filter((s) => state === '' || stateOf(s) === state);
          return (
            <>
              <Group mb="md" className="no-print">
                {may('scan.receive') && <Begin onBegun={(s) => { void client.invalidateQueries({ queryKey: ['scans'] }); go(`/imaging/${part(s.subject)}/${part(s.n)}`); }} />}
                {states.length > 1 && states.map((s) => (
                  <Button key={s} size="compact-md" variant={s === state ? 'filled' : 'default'} aria-pressed={s === state} onClick={() => setState(s === state ? '' : s)}>
                    {t(`reading.states.${s}` as 'reading.states.ready')}
                  </Button>
                ))}
              </Group>
              {all.length === 0 ? <Empty>{t('reading.none')} {t('reading.noneText')}</Empty> : <Rows scans={shown} />}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

function One({ subject, n }: { subject: string; n: string }) {
  const { t } = useTranslation();
  const list = useScans();
  const scan = useQuery({ queryKey: ['scan', subject, n], queryFn: () => get<StudyScan>(`/api/scans/${part(subject)}/${part(n)}`) });
  return (
    <Page title={`${subject} · ${n}`} lede={t('imaging.title')}>
      <p style={{ marginTop: 0 }} className="no-print"><Link href="/imaging">{t('reading.list')}</Link> · <Link href={`/people/${part(subject)}`}>{subject}</Link></p>
      <Loaded query={scan}>
        {(data) => (
          <>
            <Paper p="sm" mb="md" className="surface">
              <Group gap="lg">
                <Mark state={stateOf(data)} word={t(`reading.states.${stateOf(data)}` as 'reading.states.ready')} />
                <Text>{t('reading.visit')}: {data.visit}</Text>
                <Text className="quiet">{t('reading.progress', { done: data.done, readers: data.readers })}</Text>
                {data.signature && <Text>{t('reading.signedBy', { by: data.signature.by, at: data.signature.at })}</Text>}
              </Group>
            </Paper>
            {data.state === 'receiving' ? <ReceiveScan scan={data} again={() => void scan.refetch()} />
              : <ScanReading key={data.revision} scan={data} muscles={list.data?.muscles ?? null} levels={list.data?.levels ?? null} again={() => void scan.refetch()} />}
          </>
        )}
      </Loaded>
    </Page>
  );
}

export default function ScansPage() {
  return (
    <Switch>
      <Route path="/imaging/:subject/:n">{({ subject, n }) => <One key={`${subject}|${n}`} subject={subject} n={n} />}</Route>
      <Route path="/imaging" component={List} />
    </Switch>
  );
}

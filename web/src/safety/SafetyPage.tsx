// Adverse events, the serious ones by their clock; the watch list; the two causalities kept apart.
import { Paper, Tabs, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useMay } from '../session/session';
import type { Json } from '../shared/api';
import { DataTable } from '../shared/DataTable';
import { Act } from '../shared/Dialog';
import { isRow, said } from '../shared/format';
import { IconClock, IconError } from '../shared/icons';
import { Mark } from '../shared/Mark';
import { Page } from '../shared/Page';
import { Empty, Loaded } from '../shared/states';
import { get, part, post, type Safety, type SafetyEvent } from '../shared/trial';
import { leftUntil, momentOf, serverNow } from '../shared/when';

/** Time left, counted down every half minute; red when it has run out. */
export function Countdown({ due, now }: { due: string; now: number }) {
  const { t } = useTranslation('trial');
  const left = leftUntil(due, now);
  const text = left.days >= 2 ? t('clock.days', { count: left.days }) : t('clock.hours', { hours: left.hours, minutes: String(left.minutes).padStart(2, '0') });
  return <span className="status clock" data-kind={left.overdue ? 'bad' : left.hours < 6 ? 'warn' : 'info'} title={momentOf(due)}>{left.overdue ? <IconError size={17} /> : <IconClock size={17} />}{left.overdue ? t('clock.over', { text }) : t('clock.left', { text })}</span>;
}

const isSerious = (e: SafetyEvent) => e.serious;
const closedOf = (e: SafetyEvent) => ['reported', 'closed'].includes(e.state ?? '');
const order = (e: SafetyEvent) => (isSerious(e) && e.due_at && !closedOf(e) ? Date.parse(e.due_at) : isSerious(e) ? 1e15 : 2e15);

function useNow() {
  const [now, setNow] = useState(serverNow);
  useEffect(() => { const timer = setInterval(() => setNow(serverNow()), 20_000); return () => clearInterval(timer); }, []);
  return now;
}

const words = (value: unknown, language: string) => (value === null || value === undefined ? '–' : typeof value === 'boolean' ? (value ? '✓' : '–') : isRow(value as Json) && 'value' in (value as object) ? (said((value as Record<string, Json>).value_label ?? (value as Record<string, Json>).value, language) || '–') : said(value as Json, language));

function Events({ data }: { data: Safety }) {
  const { t, i18n } = useTranslation('trial');
  const may = useMay();
  const now = useNow();
  const client = useQueryClient();
  const done = () => void client.invalidateQueries({ queryKey: ['safety'] });
  const sorted = [...data.events].sort((a, b) => order(a) - order(b) || b.n - a.n);
  const causes = [...new Set(data.events.flatMap((e) => e.causality.map((c) => c.to ?? '')))];
  if (sorted.length === 0) return <Empty>{t('safety.none')}</Empty>;
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={t('rail.safety')}>
      <table className="data safety">
        <thead><tr><th scope="col">{t('matrix.code')}</th><th scope="col">{t('safety.term')}</th><th scope="col">{t('safety.severity')}</th><th scope="col">{t('safety.serious')}</th>
          {causes.map((c) => <th key={c} scope="col">{t('safety.related')} {t(`cause.${c.replaceAll(' ', '_')}` as 'cause.exercise', { defaultValue: c.replaceAll('_', ' ') })}</th>)}
          <th scope="col">{t('safety.aware')}</th><th scope="col">{t('safety.clock')}</th><th scope="col"><span className="only-heard">{t('safety.act')}</span></th></tr></thead>
        <tbody>
          {sorted.map((e) => {
            const serious = isSerious(e);
            return (
              <tr key={`${e.subject}.${e.n}`} data-serious={serious}>
                <th scope="row"><Link href={`/people/${part(e.subject)}/${part(e.visit ?? `AE.${e.n}`)}/${part(e.form ?? 'ae')}`}>{e.subject}</Link><div className="quiet">{e.site} · {e.n}</div></th>
                <td>{said(e.term, i18n.language)}</td><td>{words(e.severity, i18n.language)}</td>
                <td>{serious ? <Mark state="major" word={t('safety.isSerious')} size={16} /> : t('no')}</td>
                {causes.map((c) => <td key={c}>{words(e.causality.find((x) => x.to === c), i18n.language)}</td>)}
                <td className="nowrap">{e.aware_at ? momentOf(e.aware_at) : '–'}</td>
                <td>{!serious ? '–' : closedOf(e) ? <Mark state={e.state!} size={16} /> : e.due_at ? <Countdown due={e.due_at} now={now} /> : '–'}{(e.versions?.length ?? 0) > 0 && <div className="quiet">{t('safety.versions', { count: e.versions!.length })}</div>}</td>
                <td>{serious && may('safety.report') && (
                  <Act label={(e.versions?.length ?? 0) > 0 ? t('safety.follow') : t('safety.report')} title={t('safety.reportTitle', { subject: e.subject, n: e.n })} text={t('safety.reportText')} action={t('safety.reportDo')} done={done}
                    send={(v) => post(`/api/safety/${part(e.subject)}/${e.n}/report`, { kind: v.close === true ? 'final' : (e.versions?.length ?? 0) > 0 ? 'followup' : 'initial', text: v.text ?? '', password: v.password ?? '' })}
                    fields={[{ name: 'text', label: t('safety.narrative'), kind: 'area', required: true }, { name: 'close', label: t('safety.close'), kind: 'tick' }, { name: 'password', label: t('form.passwordAgain'), kind: 'password', required: true }]} />
                )}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

export function SafetyPage() {
  const { t, i18n } = useTranslation('trial');
  const safety = useQuery({ queryKey: ['safety'], queryFn: () => get<Safety>('/api/safety'), staleTime: 0, refetchInterval: 60_000 });
  return (
    <Page title={t('rail.safety')} lede={t('safety.lede')}>
      <Loaded query={safety}>
        {(data) => (
          <Tabs defaultValue="events" keepMounted={false}>
            <Tabs.List mb="md"><Tabs.Tab value="events">{t('safety.events')} ({data.events.length})</Tabs.Tab><Tabs.Tab value="watch">{t('safety.watch')} ({data.watch?.length ?? 0})</Tabs.Tab></Tabs.List>
            <Tabs.Panel value="events"><Events data={data} /></Tabs.Panel>
            <Tabs.Panel value="watch">
              <Paper p="md" className="surface">
                <Title order={2}>{t('safety.watch')}</Title>
                <Text c="dimmed" mb="sm">{t('safety.watchText')}</Text>
                {(data.watch?.length ?? 0) === 0 ? <p className="quiet">{t('safety.watchNone')}</p>
                  : <DataTable caption={t('safety.watch')} rows={data.watch!.map((w) => Object.fromEntries(Object.entries(w).map(([k, v]) => [k, isRow(v) ? said(v, i18n.language) : v])))} />}
              </Paper>
            </Tabs.Panel>
          </Tabs>
        )}
      </Loaded>
    </Page>
  );
}

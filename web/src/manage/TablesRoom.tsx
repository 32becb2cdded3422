// Users, sites with their ethics approvals, the delegation log, laboratory ranges: lists one can add to and change.
import { Group, Modal, Paper, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Children, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../session/session';
import type { Row } from '../shared/api';
import { Act, type DialogField } from '../shared/Dialog';
import { isRow, said } from '../shared/format';
import { Mark } from '../shared/Mark';
import { Loaded } from '../shared/states';
import { get, part, post, put, type Words } from '../shared/trial';
import { studyIn, useProtocol, useSites } from '../shared/useSites';
import { dateOf, today } from '../shared/when';

const rowsIn = (answer: unknown, ...names: string[]): Row[] => {
  if (Array.isArray(answer)) return answer as Row[];
  for (const n of names) { const found = (answer as Record<string, unknown>)[n]; if (Array.isArray(found)) return found as Row[]; }
  return [];
};
const useDone = (key: string) => { const client = useQueryClient(); return () => void client.invalidateQueries({ queryKey: [key] }); };
const texts = (v: unknown) => (Array.isArray(v) ? v.map(String) : []);

function List({ title, text, add, head, children }: { title: string; text?: string; add?: React.ReactNode; head: string[]; children: React.ReactNode }) {
  const { t } = useTranslation('trial');
  return (
    <Paper p="md" className="surface" mb="md">
      <Group justify="space-between" align="start" mb="xs"><Title order={2}>{title}</Title>{add}</Group>
      {text && <Text c="dimmed" mb="sm">{text}</Text>}
      {Children.count(children) > 0 && <div className="table-frame" tabIndex={0} role="region" aria-label={title}><table className="data roomy"><thead><tr>{head.map((h, i) => <th key={i} scope="col">{h || <span className="only-heard">{t('safety.act')}</span>}</th>)}</tr></thead><tbody>{children}</tbody></table></div>}
    </Paper>
  );
}

interface Role { id: string; label: Words; masked?: boolean }

export function UsersRoom() {
  const { t, i18n } = useTranslation('trial');
  const done = useDone('users');
  const site = useSites();
  const users = useQuery({ queryKey: ['users'], queryFn: () => get<unknown>('/api/users').then((a) => rowsIn(a, 'users')), staleTime: 0 });
  const roles = useQuery({ queryKey: ['roles'], queryFn: () => get<unknown>('/api/roles').then((a) => rowsIn(a, 'roles') as unknown as Role[]) });
  const [once, setOnce] = useState('');
  const told = (answer: unknown) => { setOnce(String((answer as Row).once ?? '')); done(); };
  const roleName = (id: string) => said(roles.data?.find((r) => r.id === id)?.label ?? id, i18n.language);
  const fields = (u?: Row): DialogField[] => [
    ...(u ? [] : [{ name: 'name', label: t('account.user'), required: true, help: t('users.nameText') } as DialogField]),
    { name: 'full_name', label: t('account.name'), required: true, initial: String(u?.full_name ?? '') },
    { name: 'role', label: t('account.role'), kind: 'choice', required: true, initial: String(u?.role ?? ''), options: (roles.data ?? []).filter((r) => r.id !== 'participant').map((r) => ({ value: r.id, label: `${said(r.label, i18n.language)}${r.masked ? ` (${t('users.masked')})` : ''}` })) },
    { name: 'sites', label: t('account.sites'), kind: 'many', help: t('users.sitesText'), initial: texts(u?.sites), options: site.all.map((s) => ({ value: s.id, label: site.short(s.id) })) },
    ...(u ? [
      { name: 'state', label: t('people.state'), kind: 'choice', required: true, initial: String(u.state ?? 'active'), options: ['active', 'locked', 'left'].map((s) => ({ value: s, label: t(`state.${s}` as 'state.active') })) } as DialogField,
      { name: 'reset_password', label: t('users.reset'), kind: 'tick' } as DialogField, { name: 'reset_second_factor', label: t('users.resetOtp'), kind: 'tick' } as DialogField, { name: 'reason', label: t('form.why'), required: true } as DialogField,
    ] : [{ name: 'second_factor', label: t('users.needsOtp'), kind: 'tick' } as DialogField]),
  ];
  return (
    <Loaded query={users}>
      {(list) => (
        <>
        <Modal opened={once !== ''} onClose={() => setOnce('')} title={t('users.once')} closeButtonProps={{ 'aria-label': t('dialog.close') }} transitionProps={{ duration: 0 }}><Text mb="sm">{t('users.onceText')}</Text><code className="command" data-once>{once}</code></Modal>
        <List title={t('study.room.users')} text={t('users.text')} head={[t('account.user'), t('account.name'), t('account.role'), t('account.sites'), t('people.state'), '']}
          add={<Act label={t('users.add')} variant="filled" title={t('users.add')} action={t('users.add')} fields={fields()} send={(v) => post('/api/users', { sites: [], ...v })} done={told} />}>
          {list.map((u) => (
            <tr key={String(u.name)}><th scope="row">{String(u.name)}</th><td>{String(u.full_name ?? '')}</td><td>{roleName(String(u.role))}</td><td>{texts(u.sites).join(', ') || t('account.allSites')}</td><td><Mark state={String(u.state ?? 'active')} size={16} />{u.second_factor_set === true && <div className="quiet">{t('users.otp')}</div>}</td>
              <td><Act label={t('users.change')} title={`${t('users.change')}: ${String(u.name)}`} action={t('dialog.keep')} fields={fields(u)} done={told} send={(v) => put(`/api/users/${part(String(u.name))}`, { sites: [], ...v })} /></td></tr>
          ))}
        </List>
        </>
      )}
    </Loaded>
  );
}

export function SitesRoom() {
  const { t, i18n } = useTranslation('trial');
  const may = useMay();
  const done = useDone('sites');
  const sites = useQuery({ queryKey: ['sites'], queryFn: () => get<unknown>('/api/sites').then((a) => rowsIn(a, 'sites')), staleTime: 0 });
  const protocol = useProtocol();
  const version = String(studyIn(protocol.data).version ?? '');
  const approvals = (s: Row) => (Array.isArray(s.ethics) ? s.ethics.filter(isRow) : []);
  return (
    <Loaded query={sites}>
      {(list) => (
        <List title={t('study.room.sites')} text={t('sites.text')} head={[t('people.site'), t('people.state'), t('sites.target'), t('sites.version'), t('sites.ethics'), '']}>
          {list.map((s) => (
            <tr key={String(s.id)}>
              <th scope="row">{String(s.id)}<div className="quiet">{said(s.label, i18n.language)}</div></th>
              <td><Mark state={String(s.state ?? 'closed') === 'open' ? 'active' : String(s.state ?? 'closed') === 'paused' ? 'paused' : 'missed'} word={t(`siteState.${String(s.state ?? 'closed')}` as 'siteState.open')} size={16} /></td>
              <td className="number">{s.target === null || s.target === undefined ? '–' : String(s.target)}</td><td>{String(s.protocol_version ?? '–')}</td>
              <td>{approvals(s).length === 0 ? <span className="quiet">{t('sites.noEthics')}</span> : approvals(s).map((e, i) => <div key={i}>{t('sites.approved', { version: String(e.version ?? ''), date: dateOf(String(e.approved ?? '')) })} <span className="quiet">{String(e.reference ?? '')}{e.expires ? ` · ${t('sites.until', { date: dateOf(String(e.expires)) })}` : ''}</span></div>)}</td>
              <td>{may('sites') && (
                <Group gap="xs" wrap="nowrap">
                  <Act label={t('sites.change')} title={`${t('sites.change')}: ${String(s.id)}`} action={t('dialog.keep')} done={done} send={(v) => put(`/api/sites/${part(String(s.id))}`, v)}
                    fields={[
                      { name: 'state', label: t('people.state'), kind: 'choice', required: true, initial: String(s.state ?? 'closed'), options: ['open', 'paused', 'closed'].map((x) => ({ value: x, label: t(`siteState.${x}` as 'siteState.open') })) },
                      { name: 'target', label: t('sites.target'), kind: 'number', initial: String(s.target ?? '') }, { name: 'protocol_version', label: t('sites.version'), initial: String(s.protocol_version ?? version) }, { name: 'reason', label: t('form.why'), required: true },
                    ]} />
                  <Act label={t('sites.addEthics')} title={`${t('sites.addEthics')}: ${String(s.id)}`} action={t('dialog.keep')} done={done} send={(v) => put(`/api/sites/${part(String(s.id))}`, { ethics: [...approvals(s), v], reason: t('sites.addEthics') })}
                    fields={[{ name: 'version', label: t('sites.version'), required: true, initial: version }, { name: 'approved', label: t('sites.approvedOn'), kind: 'date', required: true, initial: today() }, { name: 'expires', label: t('sites.expires'), kind: 'date' }, { name: 'reference', label: t('sites.reference'), required: true }]} />
                </Group>
              )}</td>
            </tr>
          ))}
        </List>
      )}
    </Loaded>
  );
}

const TASKS = ['screen', 'consent', 'randomise', 'enter', 'treat', 'assess', 'sign', 'report'] as const;

export function DelegationRoom() {
  const { t } = useTranslation('trial');
  const may = useMay();
  const site = useSites();
  const done = useDone('delegation');
  const log = useQuery({ queryKey: ['delegation'], queryFn: () => get<Row>('/api/delegation'), staleTime: 0 });
  const taskWord = (task: string) => t(`delegation.task.${task}` as 'delegation.task.screen', { defaultValue: task.replaceAll('_', ' ') });
  return (
    <Loaded query={log}>
      {(answer) => {
        const list = rowsIn(answer, 'delegation', 'entries', 'delegations');
        const tasks = isRow(answer) && Array.isArray(answer.tasks) ? answer.tasks.map((x) => (isRow(x) ? String(x.id) : String(x))) : [...TASKS];
        return (
          <List title={t('study.room.delegation')} text={t('delegation.text')} head={[t('people.site'), t('account.user'), t('delegation.tasks'), t('delegation.from'), t('delegation.to'), t('delegation.signed')]}
            add={may('delegation') ? (
              <Act label={t('delegation.add')} variant="filled" title={t('delegation.add')} action={t('delegation.sign')} done={done} send={(v) => post('/api/delegation', v)}
                fields={[
                  { name: 'site', label: t('people.site'), kind: 'choice', required: true, options: site.all.map((s) => ({ value: s.id, label: site.short(s.id) })) }, { name: 'user', label: t('account.user'), required: true },
                  { name: 'tasks', label: t('delegation.tasks'), kind: 'many', required: true, options: tasks.map((x) => ({ value: x, label: taskWord(x) })) }, { name: 'from', label: t('delegation.from'), kind: 'date', required: true, initial: today() },
                  { name: 'to', label: t('delegation.to'), kind: 'date' }, { name: 'password', label: t('form.passwordAgain'), kind: 'password', required: true },
                ]} />
            ) : undefined}>
            {list.map((d, i) => <tr key={i}><th scope="row">{String(d.site)}</th><td>{String(d.user)}</td><td>{texts(d.tasks).map(taskWord).join(', ')}</td><td>{dateOf(String(d.from ?? ''))}</td><td>{d.to ? dateOf(String(d.to)) : '–'}</td><td>{String(d.signed_by ?? '')}</td></tr>)}
          </List>
        );
      }}
    </Loaded>
  );
}

export function RangesRoom() {
  const { t } = useTranslation('trial');
  const may = useMay();
  const site = useSites();
  const done = useDone('ranges');
  const ranges = useQuery({ queryKey: ['ranges'], queryFn: () => get<unknown>('/api/ranges').then((a) => rowsIn(a, 'ranges')), staleTime: 0 });
  const protocol = useProtocol();
  const forms = studyIn(protocol.data).forms;
  const items = (Array.isArray(forms) ? forms.filter(isRow) : []).flatMap((f) => (Array.isArray(f.items) ? f.items.filter(isRow) : [])).filter((i) => i.unit && (i.expected_low !== undefined || i.expected !== undefined || i.group));
  const { i18n } = useTranslation('trial');
  return (
    <Loaded query={ranges}>
      {(list) => (
        <List title={t('study.room.ranges')} text={list.length === 0 ? `${t('ranges.text')} ${t('ranges.none')}` : t('ranges.text')} head={[t('people.site'), t('audit.question'), t('ranges.from'), t('ranges.low'), t('ranges.high'), t('ranges.unit'), t('ranges.sex')]}
          add={may('ranges') ? (
            <Act label={t('ranges.add')} variant="filled" title={t('ranges.add')} action={t('dialog.keep')} done={done} send={(v) => post('/api/ranges', v)}
              fields={[
                { name: 'site', label: t('people.site'), kind: 'choice', required: true, options: site.all.map((s) => ({ value: s.id, label: site.short(s.id) })) },
                { name: 'item', label: t('audit.question'), kind: items.length > 0 ? 'choice' : 'text', required: true, options: items.map((i) => ({ value: String(i.id), label: `${said(i.label, i18n.language)} (${String(i.unit)})` })) },
                { name: 'from', label: t('ranges.from'), kind: 'date', required: true, initial: today() }, { name: 'low', label: t('ranges.low'), kind: 'number', required: true }, { name: 'high', label: t('ranges.high'), kind: 'number', required: true },
                { name: 'unit', label: t('ranges.unit'), required: true }, { name: 'sex', label: t('ranges.sex'), kind: 'choice', options: [{ value: 'F', label: t('sex.F') }, { value: 'M', label: t('sex.M') }] },
              ]} />
          ) : undefined}>
          {list.map((r, i) => <tr key={i}><th scope="row">{String(r.site)}</th><td>{String(r.item)}</td><td>{dateOf(String(r.from ?? r.from_date ?? ''))}</td><td className="number">{String(r.low ?? '')}</td><td className="number">{String(r.high ?? '')}</td><td>{String(r.unit ?? '')}</td><td>{r.sex ? t(`sex.${String(r.sex)}` as 'sex.F') : t('people.all')}</td></tr>)}
        </List>
      )}
    </Loaded>
  );
}


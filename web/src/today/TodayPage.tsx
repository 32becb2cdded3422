// What is waiting for me, in the order to do it; one click leads into the very field. Below it the state of the study.
import { Paper, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { reportName } from '../board/BoardPage';
import { useSession } from '../session/session';
import type { Row } from '../shared/api';
import { said } from '../shared/format';
import { IconNext } from '../shared/icons';
import { Mark } from '../shared/Mark';
import { Page } from '../shared/Page';
import { Empty, Loaded } from '../shared/states';
import { get, part, type SiteCount, type Task, type Today } from '../shared/trial';
import { dateOf } from '../shared/when';
import { AdherenceTable, whyOf } from './AdherenceTable';

const GROUP_LIMIT = 12;

/** The page behind a task: the very form, the settlement, the randomisation; else the person. */
export function linkOf(task: Task): string {
  const person = task.subject ? `/people/${part(task.subject)}` : null;
  if (person && task.visit && task.form) {
    const form = `${person}/${part(task.visit)}/${part(task.form)}`;
    return task.kind === 'settle' ? `${form}/settle` : task.kind === 'second_entry' ? `${form}?keying=2` : `${form}${task.item ? `#${task.item}` : ''}`;
  }
  if (person) return task.kind === 'randomise' ? `${person}/randomise` : `${person}${task.visit ? `#${task.visit}` : ''}`;
  return task.link?.replace(/^\/board\/.*/, '/board') ?? '/people';
}

function TaskLine({ task }: { task: Task }) {
  const { t, i18n } = useTranslation('trial');
  const key = task.text.key.replace(/^task\./, '');
  const params: Row = { subject: task.subject ?? '', visit: task.visit ?? '', form: task.form ?? '', item: task.item ?? '', due: dateOf(task.due), ...(task.count !== undefined ? { count: task.count } : {}) };
  for (const [k, v] of Object.entries(task.text.params)) params[k] = k === 'why' ? whyOf(v, t as unknown as (key: string, options?: Row) => string, i18n.language) : v !== null && typeof v === 'object' ? said(v, i18n.language) : v;
  const fallback = [task.kind.replaceAll('_', ' '), params.visit, params.form].filter(Boolean).map(String).join(' · ');
  // one form stands by its name, unless the visit is called the same; Chinese knows no singular of its own
  const one = key === 'visit' && task.count === 1 ? (String(params.visit).includes(String(params.form)) ? 'visit_same' : 'visit_one') : key;
  const text = t(`task.${one}` as 'task.visit', { ...params, defaultValue: fallback }) as string;
  const late = (task.overdue_days ?? 0) > 0;
  return (
    <li>
      <Link href={linkOf(task)} className="task">
        <span className="task-who">{task.subject ?? (task.count !== undefined ? task.count : task.kind === 'board_report' ? reportName(task.link?.split('/').at(-1) ?? '', t) : '')}</span>
        <span className="task-what">{text}</span>
        <span className="task-when">{late ? <Mark state="overdue" word={t('today.overdue', { count: task.overdue_days })} size={16} /> : task.due ? <span className="quiet">{dateOf(task.due)}</span> : null}</span>
        <IconNext size={16} />
      </Link>
    </li>
  );
}

function TaskGroup({ group }: { group: { id: string; tasks: Task[] } }) {
  const { t } = useTranslation('trial');
  const title = t(`today.group.${group.id}` as 'today.group.visits', { defaultValue: group.id.replaceAll('_', ' ').replace(/^./, (c) => c.toUpperCase()) });
  const [first, rest] = [group.tasks.slice(0, GROUP_LIMIT), group.tasks.slice(GROUP_LIMIT)];
  return (
    <Paper p="md" className="surface" mb="md" component="section" aria-labelledby={`g-${group.id}`}>
      <Title order={2} id={`g-${group.id}`} mb={4}>{title} <span className="count-badge">{group.tasks.length}</span></Title>
      <ul className="tasks">{first.map((task, i) => <TaskLine key={i} task={task} />)}</ul>
      {rest.length > 0 && <details><summary className="more">{t('today.more', { count: rest.length })}</summary><ul className="tasks">{rest.map((task, i) => <TaskLine key={i} task={task} />)}</ul></details>}
    </Paper>
  );
}

function Enrolment({ data }: { data: { target: number; total: number; sites: SiteCount[] } }) {
  const { t, i18n } = useTranslation('trial');
  const widest = Math.max(1, ...data.sites.map((s) => Math.max(s.n, s.target ?? 0)));
  return (
    <Paper p="md" className="surface" mb="md" component="section" aria-labelledby="enrolment">
      <Title order={2} id="enrolment" mb={4}>{t('today.enrolment')}</Title>
      <Text mb="xs">{t('today.enrolled', { n: data.total, target: data.target })}</Text>
      {data.sites.map((s) => (
        <div key={s.id} className="bar-row">
          <span>{s.id}{s.label ? ` · ${said(s.label, i18n.language)}` : ''}</span>
          <span className="bar-track" aria-hidden="true"><span className="bar-fill" style={{ width: `${(100 * s.n) / widest}%` }} />{s.target !== undefined && <span className="bar-target" style={{ left: `${(100 * s.target) / widest}%` }} />}</span>
          <span style={{ textAlign: 'right' }}>{s.target !== undefined ? t('today.ofTarget', { n: s.n, target: s.target }) : s.n}</span>
        </div>
      ))}
      <Text size="sm" c="dimmed" mt={4}>{t('today.mark')}</Text>
    </Paper>
  );
}

export function TodayPage() {
  const { t, i18n } = useTranslation('trial');
  const session = useSession();
  const data = useQuery({ queryKey: ['today'], queryFn: () => get<Today>('/api/today'), staleTime: 0, refetchInterval: 120_000 });
  return (
    <Page title={t('rail.today')} lede={t('today.lede', { name: session.user?.full_name ?? session.user?.name ?? '', role: said(session.user?.role_label ?? session.user?.role ?? '', i18n.language) })}>
      <Loaded query={data}>
        {(d) => {
          const groups = d.groups.filter((g) => g.tasks.length > 0);
          return (
            <div className="today">
              <div>
                {groups.length === 0 && <Empty>{t('today.nothing')}</Empty>}
                {groups.map((g) => <TaskGroup key={g.id} group={g} />)}
              </div>
              <div>
                {d.adherence && d.adherence.length > 0 && <AdherenceTable people={d.adherence} />}
                {d.enrolment && <Enrolment data={d.enrolment} />}
              </div>
            </div>
          );
        }}
      </Loaded>
    </Page>
  );
}

// A person's visits in time: a strip with windows and today, then each visit with its forms as cards. What repeats is folded.
import { Paper, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { said } from '../shared/format';
import { IconClock, IconQuery } from '../shared/icons';
import { Mark } from '../shared/Mark';
import { type FormCard, part, type TimelineVisit } from '../shared/trial';
import { dateOf, today } from '../shared/when';

export const keyOf = (v: TimelineVisit) => v.id;
const baseOf = (v: TimelineVisit) => v.visit;

export interface Group { id: string; visits: TimelineVisit[] }

/** Visits in their order; those that repeat stand together under their first. */
export function grouped(timeline: TimelineVisit[]): Group[] {
  const out: Group[] = [];
  for (const visit of timeline) {
    const id = baseOf(visit);
    const found = out.find((g) => g.id === id);
    if (found) found.visits.push(visit); else out.push({ id, visits: [visit] });
  }
  return out;
}

const DAY = 86_400_000;
const dayOf = (date: string) => Math.floor(Date.parse(`${date.slice(0, 10)}T00:00:00Z`) / DAY);

function Strip({ groups }: { groups: Group[] }) {
  const { t, i18n } = useTranslation('trial');
  const single = groups.filter((g) => g.visits.length === 1).map((g) => g.visits[0]!).filter((v) => v.day !== null && v.day !== undefined && v.date);
  if (single.length < 2) return null;
  const dates = [...new Set(single.map((v) => v.date!))];
  const dated = dates.map((date) => { const same = single.filter((v) => v.date === date); const wide = same.find((v) => v.window?.[0] && v.window[0] !== v.window[1]) ?? same[0]!; return { ...wide, names: same.map(baseOf).join(' · ') }; });
  const now = dayOf(today());
  const days = dated.flatMap((v) => [v.date, v.window?.[0], v.window?.[1]]).filter((d): d is string => Boolean(d)).map(dayOf);
  const low = Math.min(...days), high = Math.max(...days);
  const span = Math.max(1, high - low);
  const x = (day: number) => `${(100 * (Math.min(high, Math.max(low, day)) - low)) / span}%`;
  return (
    <div className="strip" role="img" aria-label={t('person.strip')}>
      <div className="strip-line" />
      {dated.map((v) => {
        const from = dayOf(v.window?.[0] ?? v.date!), to = dayOf(v.window?.[1] ?? v.date!);
        return (
          <div key={keyOf(v)}>
            <div className="strip-window" style={{ left: x(from), width: `calc(${(100 * (to - from)) / span}% + 2px)` }} title={`${said(v.label, i18n.language)}: ${dateOf(v.window?.[0])} – ${dateOf(v.window?.[1])}`} />
            {v.date && <div className="strip-visit" data-state={v.state} style={{ left: x(dayOf(v.date)) }}><span>{v.names}</span></div>}
          </div>
        );
      })}
      {now >= low && now <= high && <div className="strip-now" style={{ left: x(now) }}><span>{t('person.now')}</span></div>}
    </div>
  );
}

function Card({ subject, visit, card }: { subject: string; visit: TimelineVisit; card: FormCard }) {
  const { t, i18n } = useTranslation('trial');
  const to = `/people/${part(subject)}/${part(keyOf(visit))}/${part(card.form)}`;
  const second = card.entry === 'double' ? card.second : null;
  return (
    <div className="form-card" data-form={card.form} data-state={card.state} data-mine={card.mine}>
      <Link href={second === 'mine' ? `${to}?keying=2` : to} className="form-card-link">{said(card.label, i18n.language)}</Link>
      <Mark state={card.state} size={16} />
      {card.score !== null && card.score !== undefined && <span>{t('form.score')} <strong>{Number(card.score.toFixed(2))}</strong></span>}
      {card.missing > 0 && card.revision > 0 && <span className="quiet">{t('person.missing', { count: card.missing })}</span>}
      {card.queries > 0 && <span className="status" data-kind="warn"><IconQuery size={15} />{t('matrix.queries', { count: card.queries })}</span>}
      {second === 'mine' && <Link href={`${to}?keying=2`} className="status" data-kind="warn">{t('person.secondMine')}</Link>}
      {second === 'needed' && <Mark state="needed" word={t('person.secondNeeded')} size={16} />}
      {(second === 'agreed' || second === 'settled') && <Mark state={second} size={16} />}
      {second === 'differences' && <Link href={`${to}/settle`} className="status" data-kind="warn">{t('person.settle')}</Link>}
    </div>
  );
}

function Visit({ subject, visit }: { subject: string; visit: TimelineVisit }) {
  const { t, i18n } = useTranslation('trial');
  const later = visit.state === 'not_due' && (visit.day ?? 0) > 0 && visit.forms.every((f) => f.revision === 0);
  const window = visit.window?.[0] ? `${dateOf(visit.window[0])} – ${dateOf(visit.window[1])}` : '';
  return (
    <Paper p="md" className="surface visit" component="section" id={keyOf(visit)} aria-label={`${said(visit.label, i18n.language)}${visit.occurrence ? ` ${visit.occurrence}` : ''}`}>
      <div className="visit-head">
        <Title order={2} fz="1.1rem">{said(visit.label, i18n.language)}{visit.occurrence ? ` ${visit.occurrence}` : ''}</Title>
        <Mark state={visit.state} />
        <span className="quiet">{visit.date ? dateOf(visit.date) : ''}{visit.day !== null && visit.day !== undefined ? ` · ${t('person.day', { day: visit.day })}` : ''}</span>
        {window && <span className="quiet"><IconClock size={15} /> {t('person.window')} {window}</span>}
      </div>
      {later ? <details><summary className="more">{t('person.laterForms', { count: visit.forms.length })}</summary><div className="form-cards">{visit.forms.map((card) => <Card key={card.form} subject={subject} visit={visit} card={card} />)}</div></details>
        : <div className="form-cards">{visit.forms.map((card) => <Card key={card.form} subject={subject} visit={visit} card={card} />)}</div>}
    </Paper>
  );
}

function Repeated({ subject, group }: { subject: string; group: Group }) {
  const { t, i18n } = useTranslation('trial');
  const whole = ['complete', 'verified', 'signed', 'frozen', 'locked'];
  const done = group.visits.filter((v) => whole.includes(v.state)).length;
  return (
    <Paper p="md" className="surface visit" component="section" id={group.id} aria-label={said(group.visits[0]!.label, i18n.language)}>
      <div className="visit-head"><Title order={2} fz="1.1rem">{said(group.visits[0]!.label, i18n.language)}</Title><span className="quiet">{t('person.repeated', { n: done, all: group.visits.length })}</span></div>
      <ol className="days">
        {group.visits.map((v) => {
          const form = v.forms[0];
          const text = `${v.day !== null && v.day !== undefined ? t('person.day', { day: v.day }) : v.occurrence ?? ''} ${v.date ? dateOf(v.date) : ''}`;
          return <li key={keyOf(v)} data-state={v.state}>{form ? <Link href={`/people/${part(subject)}/${part(keyOf(v))}/${part(form.form)}`} title={`${text}: ${t(`state.${v.state}` as 'state.due')}`}><b>{v.occurrence ?? v.day}</b><Mark state={v.state} size={15} bare /><span className="only-heard"> {text}</span></Link> : v.occurrence}</li>;
        })}
      </ol>
    </Paper>
  );
}

export function Timeline({ subject, timeline }: { subject: string; timeline: TimelineVisit[] }) {
  const groups = grouped(timeline);
  return (
    <>
      <Strip groups={groups} />
      <div className="visits">{groups.map((g) => (g.visits.length === 1 ? <Visit key={g.id} subject={subject} visit={g.visits[0]!} /> : g.visits.length < 3 || g.visits.some((v) => v.unscheduled || v.day === null || v.day === undefined) ? g.visits.map((v) => <Visit key={keyOf(v)} subject={subject} visit={v} />) : <Repeated key={g.id} subject={subject} group={g} />))}</div>
    </>
  );
}

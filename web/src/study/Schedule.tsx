// The schedule as a matrix, visits across and forms down, with each visit's day and window.
import { useTranslation } from 'react-i18next';
import type { Json, Row } from '../shared/api';
import { isRow, said } from '../shared/format';
import { rowsOf } from './sections';

export interface Visit { id: string; label: Json; nominal: number | null; opens: number | null; closes: number | null; unscheduled: boolean; optional: boolean; repeat: Json; anchor: string | null }
export interface FormRow { id: string; label: Json; at: Set<string> }
export interface ScheduleOf { visits: Visit[]; forms: FormRow[] }

const numberOf = (value: Json | undefined) => (typeof value === 'number' ? value : null);

/** The matrix out of `study describe`, or null when there is none in it. */
export function scheduleOf(study: Row): ScheduleOf | null {
  const visits = rowsOf(study.visits).map((row): Visit => ({
    id: String(row.id), label: row.label ?? row.id ?? '', nominal: numberOf(row.nominal), opens: numberOf(row.opens), closes: numberOf(row.closes),
    unscheduled: row.unscheduled === true, optional: row.optional === true, repeat: row.repeat ?? null, anchor: typeof row.anchor === 'string' ? row.anchor : null,
  }));
  const rows = isRow(study.schedule) ? rowsOf(study.schedule.rows) : [];
  const forms = rows.map((row) => ({ id: String(row.form), label: row.label ?? row.form ?? '', at: new Set((Array.isArray(row.at) ? row.at : []).map(String)) }));
  return visits.length > 0 && forms.length > 0 ? { visits, forms } : null;
}

/** "−14 / +28" around the nominal day. */
export function windowOf(visit: Visit): string {
  if (visit.nominal === null || visit.opens === null || visit.closes === null) return '';
  const signed = (days: number) => (days < 0 ? `\u2212${-days}` : `+${days}`);
  return visit.opens === visit.closes ? '' : `${signed(visit.opens - visit.nominal)} / ${signed(visit.closes - visit.nominal)}`;
}

function When({ visit, visits }: { visit: Visit; visits: Visit[] }) {
  const { t, i18n } = useTranslation();
  const every = isRow(visit.repeat) ? numberOf(visit.repeat.every ?? visit.repeat.days) : numberOf(visit.repeat);
  const anchor = visits.find((v) => v.id === visit.anchor);
  return (
    <div className="when">
      {visit.unscheduled && t('study.unscheduled')}
      {!visit.unscheduled && visit.nominal !== null && t('study.days', { day: visit.nominal })}
      {every !== null && <div>{t('study.repeat', { count: every })}</div>}
      {anchor && <div>{t('study.anchor')} {said(anchor.label, i18n.language)}</div>}
      {windowOf(visit) && <div style={{ whiteSpace: 'nowrap' }}>{windowOf(visit)}</div>}
      {visit.optional && <div>{t('study.optional')}</div>}
    </div>
  );
}

export function Schedule({ schedule }: { schedule: ScheduleOf }) {
  const { t, i18n } = useTranslation();
  const words = (value: Json) => said(value, i18n.language);
  return (
    <>
      <p className="lede">{t('study.scheduleText')}</p>
      <div className="table-frame" tabIndex={0} role="region" aria-label={`${t('study.section.forms')} × ${t('study.section.visits')}`}>
        <table className="data matrix">
          <thead>
            <tr>
              <th scope="col">{t('study.every')}</th>
              {schedule.visits.map((v) => <th key={v.id} scope="col">{words(v.label)}<When visit={v} visits={schedule.visits} /></th>)}
            </tr>
          </thead>
          <tbody>
            {schedule.forms.map((form) => (
              <tr key={form.id}>
                <th scope="row">{words(form.label)}</th>
                {schedule.visits.map((v) => <td key={v.id}>{form.at.has(v.id) && <span role="img" aria-label={t('table.yes')}>●</span>}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

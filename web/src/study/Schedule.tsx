// The schedule as a matrix, visits across and forms down, with each visit's day, anchor and window.
import { useTranslation } from 'react-i18next';
import type { Json, Row } from '../shared/api';
import { isRow, said } from '../shared/format';

export interface Visit { id: string; label: Json; day: number | null; anchor: string; early: number | null; late: number | null; forms: Set<string> }
export interface ScheduleOf { visits: Visit[]; forms: { id: string; label: Json }[] }

const numberOf = (value: Json | undefined) => (typeof value === 'number' ? value : null);
const textsOf = (value: Json | undefined): string[] => (Array.isArray(value) ? value.map((v) => (isRow(v) ? said(v.id ?? v.form, 'en') : said(v, 'en'))) : []);

function visitOf(row: Row): Visit {
  const window = row.window;
  const [early, late] = Array.isArray(window) ? [numberOf(window[0]), numberOf(window[1])]
    : isRow(window) ? [numberOf(window.early ?? window.before ?? window.from), numberOf(window.late ?? window.after ?? window.to)]
      : [numberOf(row.early ?? row.window_before ?? row.window_early), numberOf(row.late ?? row.window_after ?? row.window_late)];
  return {
    id: said(row.id ?? row.visit, 'en'), label: row.label ?? row.title ?? row.name ?? row.id ?? row.visit ?? '', day: numberOf(row.day ?? row.nominal_day),
    anchor: said(row.anchor, 'en'), early, late, forms: new Set(textsOf(row.forms)),
  };
}

/** The matrix out of `study describe`, or null when there is none in it. */
export function scheduleOf(value: Json, study: Row): ScheduleOf | null {
  const source = isRow(value) ? value : {};
  const rows = (Array.isArray(source.visits) ? source.visits : Array.isArray(value) ? value : Array.isArray(study.visits) ? study.visits : []).filter(isRow);
  const visits = rows.map(visitOf);
  if (visits.length === 0) return null;
  const named = (Array.isArray(source.forms) ? source.forms : Array.isArray(study.forms) ? study.forms : []).filter(isRow);
  const used = new Set(visits.flatMap((v) => [...v.forms]));
  const forms = named.map((f) => ({ id: said(f.id ?? f.form, 'en'), label: f.label ?? f.title ?? f.name ?? f.id ?? '' })).filter((f) => used.has(f.id));
  for (const id of used) if (!forms.some((f) => f.id === id)) forms.push({ id, label: id });
  return forms.length === 0 ? null : { visits, forms };
}

export function Schedule({ schedule }: { schedule: ScheduleOf }) {
  const { t, i18n } = useTranslation();
  const words = (value: Json) => said(value, i18n.language);
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={t('study.section.schedule')}>
      <table className="data matrix">
        <thead>
          <tr>
            <th scope="col">{t('study.every')}</th>
            {schedule.visits.map((v) => (
              <th key={v.id} scope="col">
                {words(v.label)}
                {v.day !== null && <div className="quiet" style={{ fontWeight: 400 }}>{t('study.days', { day: v.day })}</div>}
                {v.anchor && <div className="quiet" style={{ fontWeight: 400 }}>{t('study.anchor')} {words(schedule.visits.find((o) => o.id === v.anchor)?.label ?? v.anchor)}</div>}
                {v.early !== null && v.late !== null && <div className="quiet" style={{ fontWeight: 400 }}>{t('study.window')} {`\u2212${Math.abs(v.early)} / +${v.late}`}</div>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {schedule.forms.map((form) => (
            <tr key={form.id}>
              <th scope="row">{words(form.label)}</th>
              {schedule.visits.map((v) => <td key={v.id}>{v.forms.has(form.id) ? <span role="img" aria-label={t('table.yes')}>●</span> : <span className="quiet" aria-label={t('table.no')} role="img">·</span>}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

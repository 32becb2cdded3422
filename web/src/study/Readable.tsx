// Any part of a protocol as words: facts as a list of terms, things as headed paragraphs, the schedule as a matrix.
import { Badge } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Json, Row } from '../shared/api';
import { isRow, said } from '../shared/format';
import { useLabel } from '../shared/label';
import { Schedule, scheduleOf } from './Schedule';

const isWords = (value: Json | undefined): value is Row => isRow(value) && typeof value.en === 'string' && Object.keys(value).every((k) => /^[a-z]{2}(-[A-Z]{2})?$/.test(k));
const isPlain = (value: Json | undefined) => value === null || value === undefined || typeof value !== 'object' || isWords(value);
const filled = (value: Json | undefined) => value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);

/** The words by which a thing is called. */
const NAMES = ['label', 'title', 'name', 'wording', 'text', 'about', 'topic'];

function Plain({ value }: { value: Json | undefined }) {
  const { t, i18n } = useTranslation();
  if (typeof value === 'boolean') return <>{value ? t('table.yes') : t('table.no')}</>;
  return <>{said(value, i18n.language)}</>;
}

function Facts({ row, skip = [] }: { row: Row; skip?: string[] }) {
  const label = useLabel();
  const entries = Object.entries(row).filter(([key, value]) => !skip.includes(key) && filled(value));
  if (entries.length === 0) return null;
  return (
    <dl className="terms">
      {entries.map(([key, value]) => (
        <div key={key}><dt>{label(key)}</dt><dd>{isPlain(value) ? <Plain value={value} /> : <Readable name={key} value={value} />}</dd></div>
      ))}
    </dl>
  );
}

function Thing({ row }: { row: Row }) {
  const { t } = useTranslation();
  const name = NAMES.find((key) => filled(row[key]) && isPlain(row[key]));
  const marked = row.proposal === true;
  return (
    <li>
      {name && <strong><Plain value={row[name]} /></strong>}
      {!name && filled(row.id) && <strong><Plain value={row.id} /></strong>}
      {marked && <> <Badge variant="outline" color="var(--lumbar-warn)" c="var(--lumbar-warn)">{t('study.proposal')}</Badge></>}
      <Facts row={row} skip={[name ?? 'id', ...(name ? ['id'] : []), 'proposal', 'line', 'column']} />
    </li>
  );
}

export function Readable({ name, value, study }: { name: string; value: Json; study?: Row }) {
  const schedule = name === 'schedule' && study ? scheduleOf(value, study) : null;
  if (schedule) return <Schedule schedule={schedule} />;
  if (isPlain(value)) return <p><Plain value={value} /></p>;
  if (Array.isArray(value)) {
    if (value.every(isPlain)) return <ul>{value.map((v, i) => <li key={i}><Plain value={v} /></li>)}</ul>;
    return <ul className="things">{value.map((v, i) => (isRow(v) ? <Thing key={i} row={v} /> : <li key={i}><Readable name="" value={v} /></li>))}</ul>;
  }
  return isRow(value) ? <Facts row={value} /> : null;
}

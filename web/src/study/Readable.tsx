// Any part of a protocol as words: facts as a list of terms, things as headed paragraphs.
import { Badge } from '@mantine/core';
import { createContext, useContext } from 'react';
import { useTranslation } from 'react-i18next';
import type { Json, Row } from '../shared/api';
import { isRow, said } from '../shared/format';
import { useLabel, wordOf } from '../shared/label';
import { filled, rowsOf } from './sections';

const isWords = (value: Json | undefined): value is Row => isRow(value) && Object.keys(value).length > 0
  && Object.entries(value).every(([k, v]) => /^[a-z]{2}(-[A-Z]{2})?$/.test(k) && typeof v === 'string') && ('en' in value || 'zh' in value);
const isPlain = (value: Json | undefined) => value === null || value === undefined || typeof value !== 'object' || isWords(value);

/** The words by which a thing is called. */
const NAMES = ['label', 'title', 'name', 'about', 'event', 'register'];
const ASIDE = ['id', 'source', 'proposal', 'line', 'column', 'code', 'rule', 'items'];

export function Words({ value }: { value: Json | undefined }) {
  const { t, i18n } = useTranslation();
  if (typeof value === 'boolean') return <>{value ? t('table.yes') : t('table.no')}</>;
  if (value === null || value === undefined) return <span className="quiet">{t('study.notStated')}</span>;
  return <>{wordOf(said(value, i18n.language), i18n.language)}</>;
}

/** The names of arms, visits and so on, so that a page never shows a bare code where a name exists. */
export const Names = createContext<ReadonlyMap<string, Json>>(new Map());

export function namesOf(study: Row): Map<string, Json> {
  const out = new Map<string, Json>();
  for (const key of ['visits', 'forms', 'interventions', 'arms', 'sites', 'roles']) {
    for (const row of rowsOf(study[key])) if (typeof row.id === 'string' && filled(row.label)) out.set(row.id, row.label);
  }
  return out;
}

function useNames() {
  const names = useContext(Names);
  return (value: Json | undefined): Json => (typeof value === 'string' ? names.get(value) ?? value : value ?? null);
}

/** Where the record says it, and what is ours. */
export function Origins({ row }: { row: Row }) {
  const { t } = useTranslation();
  const sources = (Array.isArray(row.source) ? row.source : filled(row.source) ? [row.source] : []).map(String);
  const word = (s: string) => (s === 'R' || s === 'S' ? t(`study.source.${s}`) : s);
  return (
    <>
      {sources.length > 0 && <span className="quiet source">{t('study.from')} {sources.map(word).join(', ')}</span>}
      {filled(row.proposal) && (
        <div className="proposal"><Badge variant="outline" color="var(--lumbar-warn)" c="var(--lumbar-warn)">{t('study.proposal')}</Badge>{' '}
          {row.proposal !== true && <span className="quiet"><Words value={row.proposal} /></span>}</div>
      )}
    </>
  );
}

export function Facts({ row, skip = [] }: { row: Row; skip?: string[] }) {
  const label = useLabel();
  const named = useNames();
  const entries = Object.entries(row).filter(([key, value]) => !skip.includes(key) && filled(value));
  if (entries.length === 0) return null;
  return (
    <dl className="terms">
      {entries.map(([key, value]) => (
        <div key={key}><dt title={key}>{label(key === 'text' ? 'wording' : key)}</dt><dd>{isPlain(value) ? <Words value={named(value)} /> : <Readable value={value} />}</dd></div>
      ))}
    </dl>
  );
}

export function Thing({ row, skip = [] }: { row: Row; skip?: string[] }) {
  const name = NAMES.find((key) => filled(row[key]) && isPlain(row[key]));
  return (
    <li>
      <strong><Words value={name ? row[name] : row.id} /></strong>{' '}<Origins row={row} />
      <Facts row={row} skip={[...(name ? [name] : []), ...ASIDE, ...skip]} />
    </li>
  );
}

export function Readable({ value }: { value: Json | undefined }) {
  const named = useNames();
  const { i18n } = useTranslation();
  if (isPlain(value)) return <p><Words value={value} /></p>;
  if (Array.isArray(value)) {
    const short = value.every((v) => v !== null && isPlain(v) && typeof v !== 'boolean') ? value.map((v) => wordOf(said(named(v), i18n.language), i18n.language)) : [];
    if (short.length > 0 && short.join('').length < 120) return <>{short.join(i18n.language.startsWith('zh') ? '、' : ', ')}</>;
    if (value.every(isPlain)) return <ul>{value.map((v, i) => <li key={i}><Words value={v} /></li>)}</ul>;
    return <ul className="things">{value.map((v, i) => (isRow(v) ? <Thing key={i} row={v} /> : <li key={i}><Readable value={v} /></li>))}</ul>;
  }
  return isRow(value) ? <><Facts row={value} skip={['source', 'proposal']} /><Origins row={value} /></> : null;
}

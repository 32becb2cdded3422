// A protocol file as `study describe` tells it, so that the same pages read both: criteria as rows, nominal days, codes spelled out.
import type { Json, Row } from '../shared/api';
import { isRow } from '../shared/format';

const rows = (value: Json | undefined): Row[] => (Array.isArray(value) ? value.filter(isRow) : []);
const number = (value: Json | undefined) => (typeof value === 'number' ? value : null);

function visitsOf(list: Row[]): Row[] {
  const nominal = (id: Json | undefined, depth = 0): number | null => {
    const visit = list.find((v) => v.id === id);
    if (!visit || depth > list.length) return null;
    const day = number(visit.day) ?? 0;
    if (visit.anchor === 'randomisation') return day;
    const from = visit.anchor === 'none' ? null : nominal(visit.anchor, depth + 1);
    return from === null ? null : from + day;
  };
  return list.map((v) => {
    const at = nominal(v.id);
    const window = Array.isArray(v.window) ? v.window.map(number) : [];
    return { ...v, nominal: at, opens: at !== null && window.length === 2 ? at + (window[0] ?? 0) : null, closes: at !== null && window.length === 2 ? at + (window[1] ?? 0) : null };
  });
}

function itemOf(item: Row, lists: Row): Row {
  const codes = typeof item.codes === 'string' ? lists[item.codes] : item.codes;
  const range = Array.isArray(item.range) ? item.range : [];
  return { ...item, low: item.low ?? range[0] ?? null, high: item.high ?? range[1] ?? null, codes: Array.isArray(codes) ? codes : isRow(codes) ? Object.entries(codes).map(([code, label]) => ({ code, label })) : null };
}

/** What is described already stays as it is. */
export function described(study: Row): Row {
  if (isRow(study.schedule)) return study;
  const lists = isRow(study.code_lists) ? study.code_lists : {};
  const visits = visitsOf(rows(study.visits));
  const forms = rows(study.forms).map((f) => ({ ...f, items: rows(f.items).map((i) => itemOf(i, lists)) }) as Row);
  const eligibility = isRow(study.eligibility)
    ? rows(study.eligibility.stages).flatMap((s) => rows(s.criteria).map((c) => ({ ...c, stage: s.id ?? '', stage_label: s.label ?? null }) as Row)) : study.eligibility ?? null;
  const schedule = { rows: forms.map((f) => ({ form: f.id ?? '', label: f.label ?? f.id ?? '', at: visits.filter((v) => Array.isArray(v.forms) && v.forms.includes(f.id ?? '')).map((v) => v.id ?? '') })) };
  const { code_lists: _, lumbar: __, eligibility: ___, ...rest } = study;
  return { ...rest, visits, forms, eligibility, schedule };
}

// What a form holds while it is filled: values by item, checks that need no server, and what changed.
import type { Json, Row } from '../shared/api';
import { isRow } from '../shared/format';
import type { Code, Computed, FormDoc, Item, Words } from '../shared/trial';
import { momentOf, partialDate } from '../shared/when';

export interface Field {
  id: string; label: Words; type: string; unit?: string; units?: Record<string, number>; codes: Code[]; low: number | null; high: number | null; expectedLow: number | null; expectedHigh: number | null;
  required?: boolean; reveals_arm?: boolean; shown_if?: boolean | string; partial?: boolean; group?: Words; note?: Json; accept?: string[]; max_mb?: number;
}

const numberOr = (...values: (number | null | undefined)[]) => values.find((v) => typeof v === 'number') ?? null;

/** One shape for the items of a page and of a phone. */
export type ItemLike = Omit<Partial<Item>, 'shown_if' | 'type' | 'label' | 'id'> & { id: string; label: Words; type: string; shown_if?: boolean | string };
export function fieldOf(item: ItemLike): Field {
  const [low, high] = item.range ?? [], [expectedLow, expectedHigh] = item.expected ?? [];
  return { ...item, codes: item.codes ?? [], low: numberOr(low), high: numberOr(high), expectedLow: numberOr(expectedLow), expectedHigh: numberOr(expectedHigh) };
}

export const YESNO: Code[] = [{ code: '1', label: { en: 'Yes', zh: '是', da: 'Ja' } }, { code: '0', label: { en: 'No', zh: '否', da: 'Nej' } }];
export const codesOf = (field: Field) => (field.codes.length > 0 ? field.codes : field.type === 'yesno' ? YESNO : []);

const isEmptyText = (value: Json | undefined) => value === null || value === undefined || value === '';
export const isEmpty = (value: Json | undefined) => value === null || value === undefined || value === '' || (isRow(value) && isEmptyText(value.value)) || (Array.isArray(value) && value.length === 0);

export type FaultKey = 'required' | 'number' | 'whole' | 'range' | 'date' | 'wholeDate' | 'expected';
export interface Fault { key: FaultKey; severity: 'hard' | 'soft'; params?: Record<string, string | number> }

/** An answer given in another unit of the protocol: {value, unit}. */
export const inUnit = (value: Json | undefined): { value: Json; unit: string } | null => (isRow(value) && typeof value.unit === 'string' ? { value: value.value ?? '', unit: value.unit } : null);
const numberOf = (value: Json | undefined) => (typeof value === 'number' ? value : Number(String(value ?? '').trim().replace(',', '.')));

/** The checks of one answer that can be made while typing; the server makes all of them again. */
export function faultOf(field: Field, value: Json | undefined): Fault | null {
  if (isEmpty(value)) return null;
  if (['number', 'integer', 'slider'].includes(field.type)) {
    const other = inUnit(value);
    const typed = other ? other.value : value;
    const n = numberOf(typed) * (other ? field.units?.[other.unit] ?? NaN : 1);
    if (!Number.isFinite(n) || String(typed).trim() === '') return { key: 'number', severity: 'hard', params: { text: String(typed) } };
    if (field.type === 'integer' && !Number.isInteger(n)) return { key: 'whole', severity: 'hard', params: { text: String(value) } };
    if ((field.low !== null && n < field.low) || (field.high !== null && n > field.high)) return { key: 'range', severity: 'hard', params: { low: field.low ?? '–', high: field.high ?? '–', unit: field.unit ?? '' } };
    if ((field.expectedLow !== null && n < field.expectedLow) || (field.expectedHigh !== null && n > field.expectedHigh)) {
      return { key: 'expected', severity: 'soft', params: { low: field.expectedLow ?? '–', high: field.expectedHigh ?? '–', unit: field.unit ?? '' } };
    }
  }
  if (field.type === 'date') {
    const date = partialDate(String(value));
    if (!date) return { key: 'date', severity: 'hard' };
    if (date.length < 10 && !field.partial) return { key: 'wholeDate', severity: 'hard' };
  }
  return null;
}

/** What is sent: numbers as numbers, dates in one form, nothing for what is empty; a text that is no number stays a text and is refused in words. */
export function toSend(fields: Field[], values: Row): Row {
  const out: Row = {};
  for (const field of fields) {
    if (field.type === 'derived') continue;
    const value = values[field.id];
    if (isEmpty(value)) continue;
    const other = inUnit(value);
    if (other) {
      const n = numberOf(other.value);
      out[field.id] = { value: Number.isFinite(n) ? n : other.value, unit: other.unit };
    } else if (['number', 'integer', 'slider'].includes(field.type) && typeof value === 'string') {
      const n = Number(value.trim().replace(',', '.'));
      out[field.id] = Number.isFinite(n) ? n : value;
    } else if (field.type === 'yesno') out[field.id] = value === true ? 1 : value === false ? 0 : Number(value);
    else if (field.type === 'date') out[field.id] = partialDate(String(value)) ?? String(value);
    else if (field.type === 'text' && typeof value === 'string') out[field.id] = value.trim();
    else out[field.id] = value as Json;
  }
  return out;
}

const plain = (value: Json | undefined) => (isEmpty(value) ? '' : Array.isArray(value) ? value.map(String).sort().join('\u0000') : value === true ? '1' : value === false ? '0' : isRow(value) ? `${String(value.value)} ${String(value.unit)}` : String(value));

/** Items whose answers differ, numbers compared as numbers. */
export function changedItems(fields: Field[], a: Row, b: Row): string[] {
  return fields.filter((f) => f.type !== 'derived' && plain(toSend([f], a)[f.id]) !== plain(toSend([f], b)[f.id])).map((f) => f.id);
}

/** Shown now? The server evaluates the rule; before its first answer an item with a rule stays hidden. */
export type Known = Pick<Computed, 'shown'> | undefined;

export function isShown(field: Field, computed: Known): boolean {
  if (!field.shown_if) return computed?.shown?.[field.id] !== false;
  return computed?.shown?.[field.id] === true;
}

/** An answer in words: the label of its code, its unit, its several parts. */
export function inWords(field: Field | undefined, value: Json | undefined, say: (words: Words) => string): string {
  if (isEmpty(value)) return '–';
  if (!field) return Array.isArray(value) ? value.join(', ') : String(value);
  const codes = codesOf(field);
  if (codes.length > 0) {
    const one = (v: Json) => { const text = v === true ? '1' : v === false ? '0' : String(v); const found = codes.find((c) => c.code === text); return found ? say(found.label) : text; };
    return Array.isArray(value) ? value.map(one).join(', ') : one(value as Json);
  }
  if (field.type === 'datetime' && typeof value === 'string') return momentOf(value);
  const other = inUnit(value);
  if (other) return `${String(other.value)} ${other.unit}`;
  return field.unit ? `${String(value)} ${field.unit}` : String(value);
}

export const countsOf = (fields: Field[], values: Row, missing: Record<string, string>, computed: Known) => {
  const open = fields.filter((f) => f.type !== 'derived' && isShown(f, computed));
  return { all: open.length, answered: open.filter((f) => !isEmpty(values[f.id])).length, without: open.filter((f) => isEmpty(values[f.id]) && missing[f.id]).length };
};

export const fieldsOf = (doc: FormDoc) => doc.form.items.map(fieldOf);

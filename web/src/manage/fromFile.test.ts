import { expect, test } from 'vitest';
import type { Row } from '../shared/api';
import { isRow } from '../shared/format';
import { described } from './fromFile';

const file: Row = {
  lumbar: 'study/1', id: 'X', code_lists: { yn: { 0: 'no', 1: 'yes' } },
  eligibility: { form: 'e', stages: [{ id: 's', label: 'Screening', criteria: [{ id: 'I1', kind: 'inclusion', rule: 'age >= 60', text: 'old' }] }] },
  visits: [{ id: 'BL', anchor: 'randomisation', day: 0, window: [-28, 0], forms: ['f'] }, { id: 'W6', anchor: 'randomisation', day: 42, forms: ['f'] }, { id: 'M1', anchor: 'W6', day: 30, window: [-7, 7], forms: [] }, { id: 'AE', anchor: 'none', unscheduled: true, forms: ['f'] }],
  forms: [{ id: 'f', label: 'Form', items: [{ id: 'a', type: 'integer', range: [0, 10] }, { id: 'b', type: 'choice', codes: 'yn' }] }],
};

test('days that count from another visit, windows, codes by name', () => {
  const d = described(file);
  const visits = (d.visits as { id: string; nominal: number | null; opens: number | null; closes: number | null }[]);
  expect(visits.map((v) => [v.id, v.nominal, v.opens, v.closes])).toEqual([['BL', 0, -28, 0], ['W6', 42, null, null], ['M1', 72, 65, 79], ['AE', null, null, null]]);
  const [form] = d.forms as { items: { low: number | null; high: number | null; codes: unknown }[] }[];
  expect([form!.items[0]!.low, form!.items[0]!.high]).toEqual([0, 10]);
  expect(form!.items[1]!.codes).toEqual([{ code: '0', label: 'no' }, { code: '1', label: 'yes' }]);
});

test('criteria stand in rows, the schedule is a matrix, what is described stays', () => {
  const d = described(file);
  expect(d.eligibility).toEqual([{ id: 'I1', kind: 'inclusion', rule: 'age >= 60', text: 'old', stage: 's', stage_label: 'Screening' }]);
  expect(isRow(d.schedule) && d.schedule.rows).toEqual([{ form: 'f', label: 'Form', at: ['BL', 'W6', 'AE'] }]);
  expect(described(d)).toBe(d);
});

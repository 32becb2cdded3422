import { expect, test } from 'vitest';
import { changedItems, countsOf, faultOf, fieldOf, inWords, isShown, toSend } from './values';

const height = fieldOf({ id: 'height', label: 'Height', type: 'number', unit: 'cm', range: [100, 220] });
const alt = fieldOf({ id: 'alt', label: 'ALT', type: 'number', range: [0, 2000], expected: [7, 50], unit: 'U/L' });
const days = fieldOf({ id: 'days', label: 'Days', type: 'integer', range: [0, 7] });
const sex = fieldOf({ id: 'sex', label: 'Sex', type: 'choice', codes: [{ code: 'F', label: { en: 'female', zh: '女' } }, { code: 'M', label: { en: 'male' } }] });
const smoked = fieldOf({ id: 'smoked', label: 'Smoked', type: 'yesno' });
const since = fieldOf({ id: 'since', label: 'Since', type: 'date', shown_if: true, partial: true });
const creat = fieldOf({ id: 'creat', label: 'Creatinine', type: 'number', unit: 'µmol/L', units: { 'mg/dL': 88.42 }, range: [10, 2000] });

test('limits and codes have one shape', () => {
  expect([height.low, height.high, alt.expectedHigh]).toEqual([100, 220, 50]);
  expect(sex.codes[0]).toEqual({ code: 'F', label: { en: 'female', zh: '女' } });
});

test('what is wrong is said while typing, and hard is told from soft', () => {
  expect(faultOf(height, '99')?.key).toBe('range');
  expect(faultOf(height, '17o')?.key).toBe('number');
  expect(faultOf(height, '170,5')).toBeNull();
  expect(faultOf(height, '')).toBeNull();
  expect(faultOf(days, 2.5)?.key).toBe('whole');
  expect(faultOf(alt, 80)).toMatchObject({ key: 'expected', severity: 'soft' });
  expect(faultOf(alt, 2001)).toMatchObject({ key: 'range', severity: 'hard' });
  expect(faultOf(since, '31.2.2026')?.key).toBe('date');
});

test('numbers are sent as numbers, what is no number as it was typed', () => {
  expect(toSend([height, days, smoked, since, sex], { height: '170,5', days: 'x', smoked: '1', since: '20260228', sex: '' })).toEqual({ height: 170.5, days: 'x', smoked: 1, since: '2026-02-28' });
});

test('the same number written in two ways is no change', () => {
  expect(changedItems([height, smoked], { height: '170.0', smoked: true }, { height: 170, smoked: 1 })).toEqual([]);
  expect(changedItems([height], { height: '171' }, { height: 170 })).toEqual(['height']);
});

test('an answer in another unit is checked in the protocol\'s own and sent as it was given', () => {
  expect(faultOf(creat, { value: '0.9', unit: 'mg/dL' })).toBeNull();
  expect(faultOf(creat, { value: '0.1', unit: 'mg/dL' })?.key).toBe('range');
  expect(faultOf(creat, { value: '', unit: 'mg/dL' })).toBeNull();
  expect(toSend([creat], { creat: { value: '0,9', unit: 'mg/dL' } })).toEqual({ creat: { value: 0.9, unit: 'mg/dL' } });
  expect(faultOf(fieldOf({ id: 'd', label: 'd', type: 'date' }), '2026-03')?.key).toBe('wholeDate');
});

test('an item with a rule waits for the answer of the rule', () => {
  expect(isShown(since, undefined)).toBe(false);
  expect(isShown(since, { shown: { since: true } })).toBe(true);
  expect(isShown(height, undefined)).toBe(true);
  expect(countsOf([height, since, days], { height: 170 }, { days: 'not_done' }, { shown: { since: false } })).toEqual({ all: 2, answered: 1, without: 1 });
});

test('answers in words', () => {
  const say = (w: unknown) => (typeof w === 'string' ? w : (w as { en: string }).en);
  expect(inWords(sex, 'F', say)).toBe('female');
  expect(inWords(height, 170, say)).toBe('170 cm');
  expect(inWords(smoked, 0, say)).toBe('No');
  expect(inWords(undefined, null, say)).toBe('–');
});

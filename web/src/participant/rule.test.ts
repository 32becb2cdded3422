import { expect, test } from 'vitest';
import { holds } from './rule';

test('the rules of both studies that a phone needs', () => {
  expect(holds('rec_new == 1', { rec_new: '1' })).toBe(true);
  expect(holds('rec_new == 1', { rec_new: 0 })).toBe(false);
  expect(holds('rec_new == 1', {})).toBe(false);
  expect(holds("drug_name ~= 'none'", { drug_name: 'none' })).toBe(false);
  expect(holds("drug_name ~= 'none'", { drug_name: 'ibuprofen' })).toBe(true);
  expect(holds("not missing('bs_seconds')", { bs_seconds: 12 })).toBe(true);
  expect(holds("not missing('bs_seconds')", {})).toBe(false);
  expect(holds("ae_serious == '1'", { ae_serious: '1' })).toBe(true);
});

test('joined rules, with their precedence', () => {
  expect(holds('a == 1 or b == 1 and c == 1', { a: 1 })).toBe(true);
  expect(holds('(a == 1 or b == 1) and c == 1', { a: 1 })).toBe(false);
  expect(holds('not a == 1 and b >= 2.5', { a: 0, b: 3 })).toBe(true);
  expect(holds('b < -1', { b: -2 })).toBe(true);
});

test('what cannot be read is said to be unknown, not false', () => {
  expect(holds('round(a, 1) == 2', { a: 2 })).toBeUndefined();
  expect(holds('a == ', { a: 2 })).toBeUndefined();
  expect(holds('a = 1', { a: 1 })).toBeUndefined();
  expect(holds('', {})).toBeUndefined();
});

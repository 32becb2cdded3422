import { expect, test } from 'vitest';
import type { PersonRow } from '../shared/trial';
import { keep, moved, NO_FILTER } from './filter';

const person = (subject: string, site: string, state: string, cells: PersonRow['cells'], queries = 0): PersonRow => ({ subject, site, state, cells, queries, flags: {} });
const people = [person('C01-001', 'C01', 'randomised', { BL: 'complete', W06: 'due' }), person('C01-002', 'C01', 'withdrawn', { BL: 'missed' }, 2), person('C02-001', 'C02', 'randomised', { BL: 'locked' })];

test('people are found by code, site, state and what is open', () => {
  expect(keep(people, NO_FILTER)).toHaveLength(3);
  expect(keep(people, { ...NO_FILTER, text: ' c02' }).map((p) => p.subject)).toEqual(['C02-001']);
  expect(keep(people, { ...NO_FILTER, site: 'C01', state: 'randomised' }).map((p) => p.subject)).toEqual(['C01-001']);
  expect(keep(people, { ...NO_FILTER, only: 'queries' }).map((p) => p.subject)).toEqual(['C01-002']);
  expect(keep(people, { ...NO_FILTER, only: 'due' }).map((p) => p.subject)).toEqual(['C01-001']);
  expect(keep(people, { ...NO_FILTER, only: 'missed' }).map((p) => p.subject)).toEqual(['C01-002']);
});

test('keys move inside the grid and stop at its edges', () => {
  expect(moved('ArrowUp', { row: 0, column: 2 }, 5, 4, 10)).toEqual({ row: 0, column: 2 });
  expect(moved('PageDown', { row: 1, column: 2 }, 5, 4, 10)).toEqual({ row: 4, column: 2 });
  expect(moved('End', { row: 1, column: 0 }, 5, 4, 10)).toEqual({ row: 1, column: 3 });
  expect(moved('Home', { row: 3, column: 3 }, 5, 4, 10, true)).toEqual({ row: 0, column: 0 });
  expect(moved('a', { row: 3, column: 3 }, 5, 4, 10)).toBeNull();
});

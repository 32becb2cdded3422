import { expect, test } from 'vitest';
import { guessRoles, plainName, type Series, seriesOf, stateOf, type StudyScan } from './scans';

const series = (number: string, description: string): Series => ({ series: number, description, size: '', spacing: '', warnings: [] });

test('a Dixon pair is recognised by its names, one series is the image, others are left to the person', () => {
  expect(guessRoles([series('4', 'T1 tra Dixon FAT'), series('5', 'T1 tra Dixon WATER')])).toEqual({ 4: 'fat', 5: 'water' });
  expect(guessRoles([series('1', 'anything')])).toEqual({ 1: 'image' });
  expect(guessRoles([series('1', 't2 tse'), series('2', 't1 tse')])).toEqual({});
});

test('names of files are plain: no folders, no odd characters', () => {
  expect(plainName('/series 4/../IM\u0000 1.dcm')).toBe('series 4_.._IM_ 1.dcm');
});

test('volumes become lines with what is odd', () => {
  const list = seriesOf({ volumes: [{ series: 4, size: [10, 20, 3], spacing: [1, 1, 4.0000001], warnings: ['one slice is missing'], obstacle: 'slices differ' }] });
  expect(list[0]).toMatchObject({ series: '4', size: '10 × 20 × 3', spacing: '1 × 1 × 4', warnings: ['one slice is missing', 'slices differ'] });
});

test('one\'s own reading counts before the scan', () => {
  const scan = { state: 'ready', open: false, readings: [{ mine: true, state: 'draft' }] } as unknown as StudyScan;
  expect(stateOf(scan)).toBe('draft');
  expect(stateOf({ ...scan, readings: [] })).toBe('ready');
  expect(stateOf({ ...scan, open: true })).toBe('done');
  expect(stateOf({ ...scan, state: 'signed' })).toBe('signed');
});

import { expect, test } from 'vitest';
import { ELSEWHERE, labelsText, levelsFrom, levelsText, palette, setLevel } from './palette';

const colours = palette(['multifidus', 'erector_spinae'], (side, muscle) => `${side} ${muscle}`, 'other tissue');

test('every muscle has a value for each side, and growing has one for the rest', () => {
  expect(colours.map((c) => c.value)).toEqual([1, 2, 3, 4, ELSEWHERE]);
  expect(colours[3]).toMatchObject({ side: 'left', muscle: 'erector_spinae' });
});

test('labels name what is drawn, in the words of muscle measure', () => {
  expect(labelsText(colours, new Set([4, 1, ELSEWHERE]))).toBe('1=right multifidus,4=left erector spinae');
});

test('levels keep their order and share no slice', () => {
  let levels = setLevel({}, 'L3', 'from', 2);
  levels = setLevel(levels, 'L3', 'to', 9);
  levels = setLevel(levels, 'L4', 'from', 8);
  levels = setLevel(levels, 'L4', 'to', 15);
  expect(levelsText(levels)).toBe('L3=2-7,L4=8-15');
  expect(levelsFrom('L3=2-7, L4=8-15')).toEqual(levels);
  expect(setLevel(levels, 'L4', 'to', 4)).toEqual({ L3: { from: 2, to: 3 }, L4: { from: 4, to: 4 } });
  expect(levelsFrom('nonsense')).toEqual({});
});

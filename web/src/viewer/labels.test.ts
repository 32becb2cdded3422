import { describe, expect, it } from 'vitest';
import { levelsOf, lookUp, musclesOf } from './labels';

describe('labels', () => {
  it('reads labels in the shapes they come in', () => {
    const expected = [[1, 'erector spinae', 'right'], [2, 'multifidus', 'left']];
    const short = (list: ReturnType<typeof musclesOf>) => list.map((m) => [m.value, m.muscle, m.side]);
    expect(short(musclesOf(['1 right erector spinae', '2=left multifidus'], []))).toEqual(expected);
    expect(short(musclesOf([{ value: 1, side: 'right', muscle: 'erector spinae' }, { value: 2, name: 'left multifidus' }], []))).toEqual(expected);
    expect(short(musclesOf(null, [{ label: 2, side: 'left', muscle: 'multifidus' }, { label: 1, side: 'right', muscle: 'erector spinae' }]))).toEqual(expected);
  });
  it('gives the sides of a muscle two shades of one hue', () => {
    const [right, left] = musclesOf(['right psoas', 'left psoas'], []);
    expect(right!.colour).not.toEqual(left!.colour);
    expect(left!.colour.every((v, i) => v >= right!.colour[i]!)).toBe(true);
  });
  it('leaves the ground clear', () => {
    expect(lookUp(musclesOf(['psoas'], []))).toMatchObject({ A: [0, 255], I: [0, 1] });
  });
  it('knows the slices of a level', () => {
    const rows = [{ slice: 3, level: 'L5' }, { slice: 1, level: 'L5' }, { slice: 7, level: 'L4' }, { slice: null, level: 'L4' }, { slice: 9, level: null }];
    expect(levelsOf(rows)).toEqual([{ level: 'L4', from: 7, to: 7 }, { level: 'L5', from: 1, to: 3 }]);
  });
});

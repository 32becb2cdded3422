import { describe, expect, it } from 'vitest';
import { nameOf, shapeOf, without } from './studies';

const table = { header: ['trial', 'author', 'year', 'yi', 'vi'], rows: [['1', 'Aronson', '1948', '-0.89', '0.33'], ['2', '', '1949', '-1.59', '0.19']] };

describe('studies', () => {
  it('finds the columns', () => {
    expect(shapeOf(table)).toEqual({ yi: 'yi', vi: 'vi', slab: 'author' });
    expect(shapeOf({ header: ['a'], rows: [] })).toBe(null);
  });
  it('names a study, also one without a name', () => {
    const shape = shapeOf(table)!;
    expect(nameOf(table, 0, shape)).toBe('Aronson 1948');
    expect(nameOf(table, 1, shape)).toBe('#2');
  });
  it('leaves studies out', () => {
    expect(without(table, new Set([0])).rows).toEqual([table.rows[1]]);
  });
});

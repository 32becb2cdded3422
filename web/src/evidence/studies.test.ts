import { describe, expect, it } from 'vitest';
import { designOf, without } from './studies';

const table = (...header: string[]) => ({ header, rows: [header.map(() => '1'), header.map(() => '2')] });

describe('studies', () => {
  it('takes effects, counts or means', () => {
    expect(designOf(table('study', 'yi', 'vi'))).toEqual({ measures: ['GEN'], parameters: { slab: 'study' } });
    expect(designOf(table('author', 'year', 'tpos', 'tneg', 'cpos', 'cneg'))).toEqual({
      measures: ['RR', 'OR', 'RD'], parameters: { slab: 'author,year', ai: 'tpos', bi: 'tneg', ci: 'cpos', di: 'cneg' },
    });
    expect(designOf(table('m1i', 'sd1i', 'n1i', 'm2i', 'sd2i', 'n2i'))?.measures).toEqual(['SMD', 'MD']);
    expect(designOf(table('age', 'sex'))).toBe(null);
  });
  it('leaves studies out', () => {
    expect(without(table('a'), new Set([0])).rows).toEqual([['2']]);
  });
});

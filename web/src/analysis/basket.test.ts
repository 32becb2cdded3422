import { describe, expect, it } from 'vitest';
import { moved, sameCard } from './basket';

const card = { op: 'analyse.ancova', title: 'a', parameters: { formula: 'y ~ x' }, data: { data: { snapshot: 's', table: 't' } }, note: '' };

describe('what is in the report', () => {
  it('knows the same analysis under another title', () => {
    expect(sameCard(card, { ...card, title: 'b', note: 'why' })).toBe(true);
    expect(sameCard(card, { ...card, parameters: { formula: 'y ~ z' } })).toBe(false);
    expect(sameCard(card, { ...card, data: { data: { snapshot: 'other', table: 't' } } })).toBe(false);
  });
  it('moves within its ends only', () => {
    expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c']);
    expect(moved(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'c', 'b']);
    expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
    expect(moved(['a', 'b'], 1, 2)).toEqual(['a', 'b']);
  });
});

import { describe, expect, it } from 'vitest';
import { parseCsv } from '../shared/csv';
import { chosen, contrastsOf, edit, forestCsv, forestTable } from './review';

const studies = parseCsv('study_id,author,year\nT1,Trial 1,2010\nT2,Trial 2,2004\n');
const contrast = (study: string, term = 'short') => ({ study_id: study, outcome: 'pain', comparator: 'active', term, m1: -2, sd1: 2, n1: 30, m2: -1, sd2: 2.1, n2: 29 });

describe('a review on the page', () => {
  it('takes the contrasts of one analysis, oldest first, with their names', () => {
    const found = contrastsOf({ contrasts: [contrast('T1'), contrast('T2'), contrast('T2', 'long')] }, { outcome: 'pain', comparator: 'active', term: 'short' }, studies);
    expect(found.map((c) => c.label)).toEqual(['Trial 2 2004', 'Trial 1 2010']);
  });
  it('gives the forest its arms and judgements', () => {
    const found = contrastsOf({ contrasts: [contrast('T1')] }, { outcome: 'pain', comparator: 'active', term: 'short' }, studies);
    const table = forestTable(found, parseCsv('study_id,D1,overall\nT1,low,high\n'));
    expect(forestCsv(table, [true])).toBe('study,m1i,sd1i,n1i,m2i,sd2i,n2i,D1,overall\nTrial 1 2010,-2,2,30,-1,2.1,29,low,high\n');
  });
  it('leaves out one study, or takes the first ones, and never those that were unticked', () => {
    expect(chosen(3, 'leave', 2, new Set())).toEqual([true, false, true]);
    expect(chosen(3, 'cumulative', 2, new Set([0]))).toEqual([false, true, false]);
    expect(chosen(3, 'all', 0, new Set())).toEqual([true, true, true]);
  });
  it('changes one cell and nothing else', () => {
    expect(edit('a,b\n1,2\n3,4\n', 1, 0, '9')).toBe('a,b\n1,2\n9,4\n');
  });
});

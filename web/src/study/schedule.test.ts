import { describe, expect, it } from 'vitest';
import type { Row } from '../shared/api';
import { scheduleOf, windowOf } from './Schedule';
import { sectionsOf } from './sections';

const study: Row = {
  id: 'X', summary: { en: 'Short' }, simulation: { n: 3 }, sites: [], roles: [{ id: 'monitor' }], contradictions: [{ id: 'a' }], own_section: { a: 1 },
  visits: [{ id: 'BL', label: { en: 'Baseline' }, nominal: 0, opens: -28, closes: 0 }, { id: 'AE', label: 'Event', nominal: null, unscheduled: true }],
  schedule: { visits: ['BL', 'AE'], rows: [{ form: 'odi', label: 'ODI', at: ['BL'] }] },
};

describe('the study', () => {
  it('puts the contradictions first and leaves out what is empty or told elsewhere', () => {
    expect(sectionsOf(study)).toEqual(['summary', 'contradictions', 'schedule', 'roles', 'own_section']);
  });
  it('makes the matrix of visits and forms', () => {
    const matrix = scheduleOf(study)!;
    expect(matrix.forms[0]!.at.has('BL')).toBe(true);
    expect(matrix.visits.map(windowOf)).toEqual(['\u221228 / +0', '']);
    expect(scheduleOf({ visits: [] })).toBe(null);
  });
});

import { describe, expect, it } from 'vitest';
import { parseCsv } from '../shared/csv';
import type { Row } from '../shared/api';
import { enrolmentOf, targetOf } from './enrolment';

const people = parseCsv('id,centre\n1,A\n2,A\n3,B\n');

describe('enrolment', () => {
  it('counts by centre and shares the whole target evenly', () => {
    expect(enrolmentOf(people, { sample_size: { total: 10 } }, 'en')).toEqual({
      enrolled: 3, target: 10, shared: true,
      sites: [{ id: 'A', name: 'A', enrolled: 2, target: 5 }, { id: 'B', name: 'B', enrolled: 1, target: 5 }],
    });
  });
  it('takes the names and targets of the protocol', () => {
    const study: Row = { sites: [{ id: 'A', label: { en: 'North', zh: '北' }, target: 4 }, { id: 'C', label: 'Closed' }] };
    expect(enrolmentOf(people, study, 'zh-CN').sites).toEqual([
      { id: 'A', name: '北', enrolled: 2, target: 4 }, { id: 'B', name: 'B', enrolled: 1, target: null },
    ]);
  });
  it('knows no target when the study states none', () => {
    expect(targetOf(undefined)).toBe(null);
    expect(targetOf({ study: { target: 314 } })).toBe(314);
  });
});

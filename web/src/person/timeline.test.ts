import { expect, test } from 'vitest';
import type { TimelineVisit } from '../shared/trial';
import { grouped, keyOf } from './Timeline';

const visit = (id: string, occurrence?: number): TimelineVisit => ({ visit: id, id: occurrence ? `${id}.${occurrence}` : id, occurrence, label: { en: id }, unscheduled: false, optional: false, state: 'due', forms: [] });

test('what repeats stands together, in the order of the first', () => {
  const groups = grouped([visit('BL'), visit('DIARY', 1), visit('MED', 1), visit('DIARY', 2), visit('W06')]);
  expect(groups.map((g) => `${g.id}:${g.visits.length}`)).toEqual(['BL:1', 'DIARY:2', 'MED:1', 'W06:1']);
});

test('the key of a visit carries its occurrence once', () => {
  expect(keyOf(visit('AE', 3))).toBe('AE.3');
  expect(keyOf(visit('M12'))).toBe('M12');
});

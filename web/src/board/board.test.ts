import { expect, test } from 'vitest';
import { byGroup } from './BoardPage';

test('counts by arm stand in a column each: none is dropped', () => {
  const rows = byGroup([{ events: { X: 1, Y: 4 }, people: { X: 1, Y: 3 }, what: 'severity', label: { en: 'mild', zh: '轻' } }], (k) => k, 'en');
  expect(rows).toEqual([{ what: 'severity: mild', 'events X': 1, 'events Y': 4, 'people X': 1, 'people Y': 3 }]);
});

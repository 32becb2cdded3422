import { expect, test } from 'vitest';
import { clockOf, dateOf, leftUntil, partialDate, utcOf } from './when';

test('a date may be known in part, and is refused when there is no such day', () => {
  expect(partialDate('2026')).toBe('2026');
  expect(partialDate('2026-3')).toBe('2026-03');
  expect(partialDate('20260228')).toBe('2026-02-28');
  expect(partialDate('2026/2/8')).toBe('2026-02-08');
  expect(partialDate('2026年2月8日')).toBe('2026-02-08');
  expect(partialDate('2026-02-30')).toBeNull();
  expect(partialDate('2026-13')).toBeNull();
  expect(partialDate('28.2.2026')).toBeNull();
  expect(partialDate('')).toBeNull();
});

test('a clock counts down and says when it has run out', () => {
  const now = Date.parse('2026-11-28T10:00:00Z');
  expect(leftUntil('2026-11-29T09:30:00Z', now)).toEqual({ overdue: false, days: 0, hours: 23, minutes: 30 });
  expect(leftUntil('2026-11-27T09:00:00Z', now)).toEqual({ overdue: true, days: 1, hours: 25, minutes: 0 });
});

test('plain dates stay as they are, in every zone', () => {
  expect(dateOf('2026-11-28')).toBe('2026-11-28');
  expect(dateOf('2026-11')).toBe('2026-11');
  expect(dateOf(null)).toBe('–');
  expect(clockOf(new Date(2026, 10, 28, 9, 5, 7))).toBe('09:05:07');
  expect(utcOf(new Date(Date.UTC(2026, 10, 28, 9, 5)).toISOString())).toBe('2026-11-28T09:05:00Z');
});

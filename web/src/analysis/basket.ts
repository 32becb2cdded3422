// The results that were put into the report. They are calls, not numbers: the report is computed again when it is made.
import { useSyncExternalStore } from 'react';
import type { Card } from '../shared/api';

const KEY = 'lumbar.report';
let cards: Card[] = read();
const listeners = new Set<() => void>();

function read(): Card[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? (kept as Card[]) : [];
  } catch {
    return [];
  }
}

function set(next: Card[]) {
  cards = next;
  sessionStorage.setItem(KEY, JSON.stringify(next));
  listeners.forEach((listener) => listener());
}

/** The same analysis of the same data: titles and remarks do not matter. */
export const sameCard = (a: Card, b: Card) => JSON.stringify([a.op, a.parameters, a.data]) === JSON.stringify([b.op, b.parameters, b.data]);

export function moved<T>(list: T[], from: number, to: number): T[] {
  if (to < 0 || to >= list.length) return list;
  const next = [...list];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

export const basket = {
  add: (card: Card) => { if (!cards.some((c) => sameCard(c, card))) set([...cards, card]); },
  remove: (at: number) => set(cards.filter((_, i) => i !== at)),
  move: (from: number, to: number) => set(moved(cards, from, to)),
  remark: (at: number, note: string) => set(cards.map((c, i) => (i === at ? { ...c, note } : c))),
};

export function useBasket(): Card[] {
  return useSyncExternalStore((listener) => { listeners.add(listener); return () => listeners.delete(listener); }, () => cards);
}

// Values of a drawing: one for each muscle and side, and one for "something else", which only growing uses.
import type { Colour } from './DrawingCanvas';
import { colourOf } from './labels';

export interface Drawable extends Colour { side: 'left' | 'right' | ''; muscle: string }

export const ELSEWHERE = 255;
export const FALLBACK_MUSCLES = ['multifidus', 'erector_spinae', 'psoas', 'quadratus_lumborum'];

/** Right and left of every muscle, in the protocol's order: 1, 2, 3, … */
export function palette(muscles: string[], name: (side: string, muscle: string) => string, elsewhere: string): Drawable[] {
  const list = muscles.flatMap((muscle, m) => (['right', 'left'] as const).map((side, s): Drawable => (
    { value: 2 * m + s + 1, colour: colourOf(muscle.replaceAll('_', ' '), side, 2 * m + s + 1), side, muscle, name: name(side, muscle) }
  )));
  return [...list, { value: ELSEWHERE, colour: [150, 150, 150], side: '', muscle: '', name: elsewhere }];
}

/** "1=right multifidus,2=left multifidus": only values that are drawn. */
export const labelsText = (colours: Drawable[], drawn: Set<number>) => colours
  .filter((c) => c.muscle && drawn.has(c.value))
  .map((c) => `${c.value}=${c.side} ${c.muscle.replaceAll('_', ' ')}`).join(',');

export type Levels = Record<string, { from: number; to: number }>;

/** "L3=8-14,L4=15-21" */
export const levelsText = (levels: Levels) => Object.entries(levels)
  .sort(([, a], [, b]) => a.from - b.from)
  .map(([level, { from, to }]) => `${level}=${from}-${to}`).join(',');

export function levelsFrom(text: string | null | undefined): Levels {
  const found: Levels = {};
  for (const part of (text ?? '').split(',')) {
    const match = /^\s*([^=]+)=(\d+)-(\d+)\s*$/.exec(part);
    if (match) found[match[1]!.trim()] = { from: Number(match[2]), to: Number(match[3]) };
  }
  return found;
}

/** A slice becomes the first or last of a level; the level never turns round, and no slice belongs to two. */
export function setLevel(levels: Levels, level: string, end: 'from' | 'to', slice: number): Levels {
  const old = levels[level] ?? { from: slice, to: slice };
  const changed = end === 'from' ? { from: slice, to: Math.max(slice, old.to) } : { from: Math.min(slice, old.from), to: slice };
  const next: Levels = {};
  for (const [name, other] of Object.entries(levels)) {
    if (name === level) continue;
    if (other.to < changed.from || other.from > changed.to) next[name] = other;
    else if (other.from < changed.from) next[name] = { from: other.from, to: changed.from - 1 };
    else if (other.to > changed.to) next[name] = { from: changed.to + 1, to: other.to };
  }
  return { ...next, [level]: changed };
}

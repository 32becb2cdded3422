// Muscles as colours that a colour-blind eye can tell apart (Okabe and Ito): one hue a muscle, the left side lighter.
import type { Row, ScanLabel } from '../shared/api';

export interface Muscle { value: number; muscle: string; side: string; colour: [number, number, number] }

const HUES: Record<string, [number, number, number]> = {
  'multifidus': [230, 159, 0],
  'erector spinae': [86, 180, 233],
  'psoas': [0, 158, 115],
  'quadratus lumborum': [204, 121, 167],
};
const SPARE: [number, number, number][] = [[240, 228, 66], [213, 94, 0], [0, 114, 178], [200, 200, 200]];

const lighter = ([r, g, b]: [number, number, number]): [number, number, number] =>
  [r, g, b].map((v) => Math.round(v + (255 - v) * 0.45)) as [number, number, number];

export function colourOf(muscle: string, side: string, value: number): [number, number, number] {
  const known = Object.entries(HUES).find(([name]) => muscle.toLowerCase().includes(name));
  const hue = known ? known[1] : SPARE[value % SPARE.length]!;
  return side === 'left' ? lighter(hue) : hue;
}

/** "right multifidus" → side and muscle. */
function split(name: string): { side: string; muscle: string } {
  const found = /^\s*(left|right)[ _]+(.+)$/i.exec(name) ?? /^\s*(.+?)[ _,]+(left|right)\s*$/i.exec(name);
  if (!found) return { side: '', muscle: name };
  return /left|right/i.test(found[1]!) ? { side: found[1]!.toLowerCase(), muscle: found[2]! } : { side: found[2]!.toLowerCase(), muscle: found[1]! };
}

/** Labels as the scan lists them, in any of the shapes a list of labels takes. */
export function musclesOf(labels: (ScanLabel | string)[] | null | undefined, rows: Row[]): Muscle[] {
  const found = new Map<number, Muscle>();
  const add = (value: number, muscle: string, side: string) => {
    if (Number.isInteger(value) && value > 0 && !found.has(value)) found.set(value, { value, muscle, side, colour: colourOf(muscle, side, value) });
  };
  for (const [i, label] of (labels ?? []).entries()) {
    if (typeof label === 'string') {
      const numbered = /^\s*(\d+)\s*[=:]?\s*(.+)$/.exec(label);
      const { side, muscle } = split(numbered ? numbered[2]! : label);
      add(numbered ? Number(numbered[1]) : i + 1, muscle, side);
    } else {
      const value = label.value ?? Number(label.label);
      const { side, muscle } = label.muscle && label.side ? { side: label.side, muscle: label.muscle } : split(label.muscle ?? label.name ?? String(label.label ?? value));
      add(value, muscle, label.side ?? side);
    }
  }
  for (const row of rows) {
    if (typeof row.label === 'number') add(row.label, String(row.muscle ?? row.label), String(row.side ?? ''));
  }
  return [...found.values()].sort((a, b) => a.value - b.value);
}

/** The same colours as the viewer's look-up table; what is not listed stays unseen. */
export function lookUp(muscles: Muscle[]) {
  const all = [{ value: 0, colour: [0, 0, 0] as [number, number, number] }, ...muscles];
  return {
    R: all.map((m) => m.colour[0]), G: all.map((m) => m.colour[1]), B: all.map((m) => m.colour[2]),
    A: all.map((m) => (m.value === 0 ? 0 : 255)), I: all.map((m) => m.value),
  };
}

export interface Level { level: string; from: number; to: number }

/** Which slices belong to which vertebral level, from the head down. */
export function levelsOf(rows: Row[]): Level[] {
  const found = new Map<string, Level>();
  for (const row of rows) {
    if (typeof row.slice !== 'number' || typeof row.level !== 'string' || row.level === '') continue;
    const old = found.get(row.level);
    found.set(row.level, { level: row.level, from: Math.min(old?.from ?? row.slice, row.slice), to: Math.max(old?.to ?? row.slice, row.slice) });
  }
  return [...found.values()].sort((a, b) => a.level.localeCompare(b.level));
}

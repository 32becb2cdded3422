// Which people of the matrix are shown.
import type { PersonRow } from '../shared/trial';

export interface Filter { text: string; site: string; state: string; only: '' | 'queries' | 'due' | 'missed' }
export const NO_FILTER: Filter = { text: '', site: '', state: '', only: '' };

export function keep(people: PersonRow[], filter: Filter): PersonRow[] {
  const text = filter.text.trim().toLowerCase();
  return people.filter((p) => (text === '' || p.subject.toLowerCase().includes(text))
    && (filter.site === '' || p.site === filter.site)
    && (filter.state === '' || p.state === filter.state)
    && (filter.only === '' || (filter.only === 'queries' ? p.queries > 0 : Object.values(p.cells).some((c) => (filter.only === 'due' ? c === 'due' || c === 'started' : c === 'missed')))));
}

export interface Place { row: number; column: number }

/** Where a key leads from a cell of a grid; null when the key is none of the grid's. */
export function moved(key: string, at: Place, rows: number, columns: number, page: number, ctrl = false): Place | null {
  const clamp = (row: number, column: number): Place => ({ row: Math.max(0, Math.min(rows - 1, row)), column: Math.max(0, Math.min(columns - 1, column)) });
  switch (key) {
    case 'ArrowUp': return clamp(at.row - 1, at.column);
    case 'ArrowDown': return clamp(at.row + 1, at.column);
    case 'ArrowLeft': return clamp(at.row, at.column - 1);
    case 'ArrowRight': return clamp(at.row, at.column + 1);
    case 'PageUp': return clamp(at.row - page, at.column);
    case 'PageDown': return clamp(at.row + page, at.column);
    case 'Home': return ctrl ? clamp(0, 0) : clamp(at.row, 0);
    case 'End': return ctrl ? clamp(rows - 1, columns - 1) : clamp(at.row, columns - 1);
    default: return null;
  }
}

// Which parts of a study make a section, and in which order a reader wants them.
import type { Json, Row } from '../shared/api';
import { isRow } from '../shared/format';

export const ORDER = [
  'summary', 'contradictions', 'gaps', 'arms', 'interventions', 'outcomes', 'eligibility', 'schedule', 'sample_size', 'randomisation', 'masking', 'consent', 'drugs',
  'adherence', 'safety', 'instruments', 'imaging', 'prediction', 'plan', 'forms', 'sites', 'roles', 'data', 'retention', 'sharing', 'proposals', 'registry', 'contacts',
] as const;

/** What the summary tells, so that it is no section of its own. */
const TOLD = ['id', 'version', 'sha256', 'title', 'acronym', 'date', 'official_title', 'summary', 'background', 'condition', 'participant_languages', 'sponsor', 'design', 'visits', 'simulation'];

export const filled = (value: Json | undefined): value is Exclude<Json, null> =>
  value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0) && !(isRow(value) && Object.keys(value).length === 0);

export function sectionsOf(study: Row): string[] {
  const others = Object.keys(study).filter((key) => filled(study[key]) && !TOLD.includes(key));
  const place = (key: string) => { const at = (ORDER as readonly string[]).indexOf(key); return at < 0 ? ORDER.length : at; };
  return ['summary', ...others.filter((k) => k !== 'summary')].sort((a, b) => place(a) - place(b));
}

export const rowsOf = (value: Json | undefined): Row[] => (Array.isArray(value) ? value.filter(isRow) : []);

// Which parts of a study make a section, and in which order a reader wants them.
import type { Json, Row } from '../shared/api';
import { isRow } from '../shared/format';

const ORDER = [
  'study', 'identity', 'summary', 'contradictions', 'primary', 'outcomes', 'endpoints', 'arms', 'eligibility', 'randomisation', 'strata', 'sites', 'schedule', 'visits', 'forms',
  'instruments', 'adherence', 'drugs', 'safety', 'roles', 'retention', 'sharing', 'plan', 'proposals', 'registry', 'contacts',
];
const LEFT_OUT = ['simulation', 'schema', 'sha256', 'hash'];

const filled = (value: Json) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0) && !(isRow(value) && Object.keys(value).length === 0);

/** Single facts gather under "summary"; every list or group is a section of its own. */
export function sectionsOf(study: Row): [string, Json][] {
  const facts: Row = {};
  const sections: [string, Json][] = [];
  for (const [key, value] of Object.entries(study)) {
    if (LEFT_OUT.includes(key) || !filled(value)) continue;
    const words = isRow(value) && 'en' in value;
    if (typeof value !== 'object' || words) facts[key] = value;
    else sections.push([key, value]);
  }
  if (Object.keys(facts).length > 0) {
    const summary = sections.find(([key]) => key === 'summary');
    if (summary && isRow(summary[1])) summary[1] = { ...facts, ...summary[1] };
    else sections.push(['summary', facts]);
  }
  const place = (key: string) => (ORDER.includes(key) ? ORDER.indexOf(key) : ORDER.length);
  return sections.sort(([a], [b]) => place(a) - place(b));
}

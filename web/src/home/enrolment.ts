// Enrolment by site against target, counted from the participants' table; targets from the protocol when it states them.
import type { Json, Row } from '../shared/api';
import { columnOf, type Table } from '../shared/csv';
import { isRow, said } from '../shared/format';

export interface SiteCount { id: string; name: string; enrolled: number; target: number | null }
export interface Enrolment { sites: SiteCount[]; enrolled: number; target: number | null; shared: boolean }

const numberOf = (value: Json | undefined) => (typeof value === 'number' ? value : null);

export function enrolmentOf(participants: Table, study: Row | undefined, language: string): Enrolment {
  const counts = new Map<string, number>();
  const centre = columnOf(participants, 'centre');
  for (const site of centre.length > 0 ? centre : columnOf(participants, 'site')) counts.set(site, (counts.get(site) ?? 0) + 1);

  const named = new Map<string, { name: string; target: number | null }>();
  for (const site of Array.isArray(study?.sites) ? study.sites : []) {
    if (!isRow(site)) continue;
    const id = said(site.id ?? site.code, language);
    named.set(id, { name: said(site.label ?? site.name ?? site.id, language), target: numberOf(site.target ?? site.planned) });
  }
  const target = targetOf(study);
  const ids = [...new Set([...named.keys(), ...counts.keys()])].filter((id) => counts.has(id) || named.get(id)?.target != null);
  const sites = ids.map((id) => ({
    id, name: named.get(id)?.name || id, enrolled: counts.get(id) ?? 0,
    // a protocol that states only the whole: each centre's even share, as a yardstick
    target: named.get(id)?.target ?? (target !== null ? Math.round(target / Math.max(1, ids.length)) : null),
  }));
  const shared = target !== null && ids.some((id) => named.get(id)?.target == null);
  return { sites, enrolled: centre.length || participants.rows.length, target, shared };
}

/** The planned number of people, wherever the study's description keeps it. */
export function targetOf(study: Row | undefined): number | null {
  if (!study) return null;
  for (const key of ['target', 'sample_size', 'planned', 'enrolment', 'enrollment']) {
    const value = study[key];
    if (typeof value === 'number') return value;
    if (isRow(value)) {
      const inner = numberOf(value.total ?? value.target ?? value.n ?? value.planned);
      if (inner !== null) return inner;
    }
  }
  for (const key of ['design', 'study']) {
    const value = study[key];
    if (isRow(value)) {
      const inner = targetOf(value);
      if (inner !== null) return inner;
    }
  }
  return null;
}

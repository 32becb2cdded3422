// Numbers that belong together share their decimals: an estimate, its standard error and its limits are read as one.
import type { Json } from './api';
import { decimalsFor } from './format';

const TOGETHER = [
  ['estimate', 'se', 'lower', 'upper', 'pi_lower', 'pi_upper', 'difference', 'difference_lower', 'difference_upper', 'margin'],
  ['auc', 'auc_se'], ['tau2', 'tau2_se', 'tau2_lower', 'tau2_upper'], ['I2', 'I2_lower', 'I2_upper'],
  ['odds_ratio', 'or_lower', 'or_upper'], ['hazard_ratio', 'hr_lower', 'hr_upper'],
  ['mean', 'sd', 'median', 'q1', 'q3', 'min', 'max'], ['csa_mm2', 'functional_csa_mm2'],
  ['rmst', 'rmst_lower', 'rmst_upper'], ['sensitivity', 'specificity'],
];

/** The decimals of each key, from the values each holds. */
export function sharedDecimals(values: Map<string, number[]>): Map<string, number> {
  const out = new Map([...values].map(([key, list]) => [key, decimalsFor(list)]));
  for (const group of TOGETHER) {
    const present = group.filter((key) => values.has(key));
    const lead = present[0];
    if (present.length < 2 || lead === undefined) continue;
    const all = present.flatMap((key) => values.get(key)!);
    const decimals = Math.min(4, Math.max(decimalsFor(all), out.get(lead)!));
    for (const key of present) out.set(key, decimals);
  }
  return out;
}

export interface Interval { key: string; value: Json; lower?: number; upper?: number }

/** An estimate with its limits as one fact: "estimate", "lower", "upper" → one; "tau2", "tau2_lower", "tau2_upper" → one. */
export function withIntervals(facts: [string, Json][]): Interval[] {
  const number = new Map(facts.filter((f): f is [string, number] => typeof f[1] === 'number'));
  const used = new Set<string>();
  const out: Interval[] = [];
  const bare = ['estimate', 'auc', 'value', 'rmst'].find((key) => number.has(key));
  for (const [key, value] of facts) {
    if (used.has(key)) continue;
    const stem = key === bare && number.has('lower') && number.has('upper') ? '' : number.has(`${key}_lower`) && number.has(`${key}_upper`) ? `${key}_` : null;
    if (stem === null) { out.push({ key, value }); continue; }
    used.add(`${stem}lower`).add(`${stem}upper`);
    out.push({ key, value, lower: number.get(`${stem}lower`)!, upper: number.get(`${stem}upper`)! });
  }
  // limits that came before the number they belong to
  const shown = out.filter((o) => !used.has(o.key));
  const pi = shown.findIndex((o) => o.key === 'pi_lower');
  if (pi >= 0 && number.has('pi_lower') && number.has('pi_upper')) {
    shown[pi] = { key: 'pi', value: null, lower: number.get('pi_lower')!, upper: number.get('pi_upper')! };
    return shown.filter((o) => o.key !== 'pi_upper');
  }
  return shown;
}

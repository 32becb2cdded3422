// What `predict train` answers, as far as the page shows it, and the plan it is asked with.
import type { Artifact, Json, ResultDocument, Row } from '../shared/api';

export interface Performance { n?: number; auc?: number; auc_lower?: number; auc_upper?: number; slope?: number; brier?: number; net_benefit_20?: number }
export interface TrainedModel { model: string; label: string; published: boolean; test?: Performance; nested?: Performance; bootstrap?: { auc_632plus?: number } }
export interface LedgerStep { scope: string; step: string; does: string; outcome: boolean; times: number; rows_max: number; people_max: number }
export interface TrainedOutcome {
  id: string; label: string; definition?: string; models: TrainedModel[];
  sample_size: { candidate_parameters: number; needed: number; have: number; affordable_parameters: number };
  ledger: { entries: number; leaks: number; steps: LedgerStep[] };
  permutation?: { mean_auc: number; null_lower: number; null_upper: number };
  columns: Record<string, Json>;
}

export const outcomesOf = (result: ResultDocument) => (result.results.outcomes ?? []) as unknown as TrainedOutcome[];
export const artifactOf = (result: ResultDocument, name: string): Artifact | undefined => result.artifacts?.find((a) => a.name === name);

/** The plan with few replicates, for a look before the whole of it runs. */
export function rehearsal(plan: string): string {
  return plan.replace(/bootstrap:\s*\d+/, 'bootstrap: 8').replace(/permutations:\s*\d+/, 'permutations: 4').replace(/refits:\s*\d+/, 'refits: 8');
}

export type StepKey = 'split' | 'reliability' | 'complete' | 'harmonise' | 'fill' | 'correlation' | 'select' | 'tune' | 'models';
const ORDER: [StepKey, RegExp][] = [
  ['split', /^split/], ['reliability', /^reliability/], ['complete', /^complete/], ['harmonise', /^harmonisation/], ['fill', /^filling/], ['correlation', /^correlation/],
  ['select', /^selection/], ['tune', /^parameters/], ['models', /^models/],
];

/** The boxes of the pipeline in order, with how often and on how many each was fitted for the final model. */
export function boxesOf(steps: LedgerStep[]): { key: StepKey; step: LedgerStep }[] {
  return ORDER.flatMap(([key, pattern]) => {
    const step = steps.find((s) => pattern.test(s.step) && (s.scope === 'final' || s.scope === '')) ?? steps.find((s) => pattern.test(s.step));
    return step ? [{ key, step }] : [];
  });
}

export interface Card { label: string; definition: string; inputs: string[]; people: number; sha256: string; status: string; intended: string; limits: string }
export function cardOf(document: Row, chinese: boolean): Card {
  const text = (object: Json | undefined, key: string): string => {
    const row = (object ?? {}) as Row;
    return String((chinese ? row[`${key}_zh`] : undefined) ?? row[key] ?? '');
  };
  const inputs = ((document.inputs ?? []) as Row[]).filter((i) => i.in_model);
  return {
    label: text(document.outcome, 'label'), definition: text(document.outcome, 'definition'), inputs: inputs.map((i) => text(i, 'label')),
    people: Number(((document.training ?? {}) as Row).rows_trained_on ?? 0), sha256: String(document.sha256 ?? ''), status: String(document.status ?? ''),
    intended: text(document, 'intended_use'), limits: text(document, 'limits'),
  };
}

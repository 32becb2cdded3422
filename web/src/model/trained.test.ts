import { describe, expect, it } from 'vitest';
import type { Row } from '../shared/api';
import { boxesOf, cardOf, rehearsal } from './trained';

describe('a rehearsal', () => {
  it('asks for few replicates and changes nothing else', () => {
    expect(rehearsal('seed: 1\nvalidation: {split: 0.7, bootstrap: 100, permutations: 20}\npublish: {refits: 100}'))
      .toBe('seed: 1\nvalidation: {split: 0.7, bootstrap: 8, permutations: 4}\npublish: {refits: 8}');
  });
});

describe('the boxes', () => {
  it('come in the order of the pipeline, those of the final fit first', () => {
    const step = (name: string, scope: string, rows: number) => ({ scope, step: name, does: 'fits', outcome: name.startsWith('selection'), times: 1, rows_max: rows, people_max: rows });
    const boxes = boxesOf([step('models', 'final', 200), step('selection (LASSO)', 'nested', 160), step('selection (LASSO)', 'final', 200), step('filling and scaling', 'final', 200)]);
    expect(boxes.map((b) => b.key)).toEqual(['fill', 'select', 'models']);
    expect(boxes[1]!.step.rows_max).toBe(200);
    expect(boxes[1]!.step.outcome).toBe(true);
  });
});

describe('the card', () => {
  it('speaks Chinese where the model does', () => {
    const document: Row = { outcome: { label: 'Response', label_zh: '反应' }, inputs: [{ label: 'Age', label_zh: '年龄', in_model: true }, { label: 'x', in_model: false }], training: { rows_trained_on: 9 } };
    expect(cardOf(document, true)).toMatchObject({ label: '反应', inputs: ['年龄'], people: 9 });
    expect(cardOf(document, false)).toMatchObject({ label: 'Response', inputs: ['Age'] });
  });
});

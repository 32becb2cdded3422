import { describe, expect, it } from 'vitest';
import type { Operation, Param } from '../shared/api';
import { commandLine, faultOf, firstValues, matches, quoted, readExample, sent, shellWords, withTerm } from './form';

const power: Operation = {
  area: 'power', verb: 'means', name: 'power.means', summary: 'sample size of two means',
  example: 'lumbar power means --delta 15 --sd 15 --alpha .025 --sides 1 --power .8',
  params: [
    { name: 'delta', type: 'number', summary: 'difference', required: true },
    { name: 'sd', type: 'number', summary: 'standard deviation', min: 0.001, max: 1000 },
    { name: 'alpha', type: 'number', summary: 'level', preset: '0.05', min: 0, max: 1 },
    { name: 'sides', type: 'choice', summary: 'sides', choices: ['1', '2'], preset: '2' },
    { name: 'power', type: 'number', summary: 'power' },
    { name: 'strict', type: 'flag', summary: 'both tails' },
    { name: 'out', type: 'text', summary: 'file', output: true },
  ],
};
const ancova: Operation = {
  area: 'analyse', verb: 'ancova', name: 'analyse.ancova', summary: 'analysis of covariance', params: [
    { name: 'data', type: 'table', summary: 'the table', required: true },
    { name: 'more', type: 'tables', summary: 'others', positional: true },
    { name: 'formula', type: 'formula', summary: 'model', required: true },
    { name: 'deltas', type: 'numbers', summary: 'steps' },
  ],
  example: "lumbar analyse ancova --data reference/analysis/trial.csv --formula 'y ~ arm + x' a.csv b.csv --json",
};
const param = (name: string): Param => [...power.params, ...ancova.params].find((p) => p.name === name)!;

describe('a form from a declaration', () => {
  it('starts from the presets and leaves outputs out', () => {
    expect(firstValues(power)).toEqual({ delta: '', sd: '', alpha: '0.05', sides: '2', power: '', strict: false });
  });
  it('says what is wrong while typing', () => {
    const fault = (name: string, text: string) => faultOf(param(name), { [name]: text }, {})?.key ?? null;
    expect(fault('delta', '')).toBe('fault.required');
    expect(fault('delta', 'ten')).toBe('fault.number');
    expect(fault('delta', '1,5')).toBe('fault.decimalComma');
    expect(fault('alpha', '1.2')).toBe('fault.range');
    expect(fault('alpha', '.025')).toBe(null);
    expect(fault('deltas', '1,2,x')).toBe('fault.number');
    expect(fault('deltas', '1, 2.5')).toBe(null);
    expect(faultOf(param('data'), {}, {})?.key).toBe('fault.requiredData');
    expect(faultOf(param('data'), {}, { data: [{ kind: 'demo', id: 'p', name: 'p.csv' }] })).toBe(null);
  });
  it('sends only what was chosen', () => {
    expect(sent(power, { ...firstValues(power), delta: ' 15 ', sides: '1', strict: true }))
      .toEqual({ delta: '15', sides: '1', strict: true });
  });
  it('writes the command line, quoted where a shell needs it', () => {
    expect(commandLine(power, { ...firstValues(power), delta: '15', sides: '1', strict: true }, {}))
      .toBe('lumbar power means --delta 15 --sides 1 --strict');
    expect(commandLine(ancova, { formula: 'y ~ arm' }, { data: [{ kind: 'demo', id: 't', name: 'trial.csv' }] }))
      .toBe("lumbar analyse ancova --data trial.csv --formula 'y ~ arm'");
    expect(quoted("it's")).toBe("'it'\\''s'");
  });
  it('reads an example back', () => {
    expect(readExample(power)?.values).toMatchObject({ delta: '15', sd: '15', alpha: '.025', sides: '1', power: '.8' });
    expect(readExample(ancova)).toEqual({
      values: { formula: 'y ~ arm + x', deltas: '' }, files: { data: ['trial.csv'], more: ['a.csv', 'b.csv'] },
    });
    expect(readExample({ ...power, example: 'lumbar meta fit' })).toBe(null);
  });
  it('splits words as a shell', () => {
    expect(shellWords(`a 'b c' "d" ''`)).toEqual(['a', 'b c', 'd', '']);
  });
  it('adds terms to a formula', () => {
    expect(withTerm('', 'y')).toBe('y ~ ');
    expect(withTerm('y ~ ', 'x')).toBe('y ~ x');
    expect(withTerm('y ~ x', 'fat %')).toBe('y ~ x + `fat %`');
  });
  it('finds operations by every word', () => {
    expect(matches(power, 'sample means')).toBe(true);
    expect(matches(power, 'sample forest')).toBe(false);
    expect(matches(power, '')).toBe(true);
  });
});

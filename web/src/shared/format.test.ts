import { describe, expect, it } from 'vitest';
import { columnsOf, decimalsFor, formatNumber, formatP, formatScalar, isPKey, isTable, said, splitAtPoint } from './format';

describe('numbers', () => {
  it('shows whole numbers without decimals and others with a sensible number', () => {
    expect(decimalsFor([3, 314])).toBe(0);
    expect(decimalsFor([16.71476])).toBe(2);
    expect(decimalsFor([0.3132])).toBe(3);
    expect(decimalsFor([])).toBe(0);
  });
  it('has a true minus and every digit when asked', () => {
    expect(formatNumber(-6.5, 2)).toBe('\u22126.50');
    expect(formatNumber(16.714759831158, 2, true)).toBe('16.714759831158');
    expect(formatNumber(0.0000012, 2)).toBe('1.20e\u22126');
    expect(formatNumber(0, 2)).toBe('0.00');
  });
  it('shows p values as journals do', () => {
    expect(formatP(0.00002)).toBe('<0.001');
    expect(formatP(0.0312)).toBe('0.031');
    expect(formatP(0.0042)).toBe('0.0042');
    expect(['p', 'Q_p', 'p_permutation'].every(isPKey)).toBe(true);
    expect(['ppv', 'n_per_arm', 'prediction'].some(isPKey)).toBe(false);
    expect(formatScalar('Q_p', 0)).toBe('<0.001');
  });
  it('splits at the decimal point', () => {
    expect(splitAtPoint('\u221212.50')).toEqual(['\u221212', '.50']);
    expect(splitAtPoint('12')).toEqual(['12', '']);
  });
});

describe('shapes of results', () => {
  it('knows a table and its columns', () => {
    expect(isTable([{ a: 1 }, { a: 2, b: null }])).toBe(true);
    expect(isTable([1, 2])).toBe(false);
    expect(isTable([])).toBe(false);
    expect(columnsOf([{ a: 1 }, { b: 2, a: 1 }])).toEqual(['a', 'b']);
  });
  it('takes the language that is there', () => {
    expect(said({ en: 'Baseline', zh: '基线' }, 'zh-CN')).toBe('基线');
    expect(said({ en: 'Baseline' }, 'zh-CN')).toBe('Baseline');
    expect(said('plain', 'en')).toBe('plain');
    expect(said(null, 'en')).toBe('');
  });
});

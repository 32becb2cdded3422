import { describe, expect, it } from 'vitest';
import { sharedDecimals, withIntervals } from './scale';

describe('numbers that belong together', () => {
  it('share their decimals', () => {
    const shared = sharedDecimals(new Map([['estimate', [16.2, 0.153]], ['se', [3.62, 0.08]], ['statistic', [4.4644]], ['n', [3]]]));
    expect(shared.get('estimate')).toBe(shared.get('se'));
    expect(shared.get('n')).toBe(0);
  });
  it('become one fact', () => {
    expect(withIntervals([['k', 13], ['lower', -1.07], ['estimate', -0.71], ['upper', -0.36], ['pi_lower', -2], ['pi_upper', 0.4], ['tau2', 0.3], ['tau2_lower', 0.1], ['tau2_upper', 1.1]]))
      .toEqual([
        { key: 'k', value: 13 }, { key: 'estimate', value: -0.71, lower: -1.07, upper: -0.36 },
        { key: 'pi', value: null, lower: -2, upper: 0.4 }, { key: 'tau2', value: 0.3, lower: 0.1, upper: 1.1 },
      ]);
  });
  it('stay apart when there is nothing to join', () => {
    expect(withIntervals([['lower', 1], ['upper', 2]])).toEqual([{ key: 'lower', value: 1 }, { key: 'upper', value: 2 }]);
  });
});

// A contrast as the sentence that a paper would print.
import { useTranslation } from 'react-i18next';
import type { Row } from '../shared/api';
import { formatNumber, formatP } from '../shared/format';

export function Headline({ contrast }: { contrast?: Row }) {
  const { t } = useTranslation();
  const p = contrast?.p ?? contrast?.p_two_sided;
  if (!contrast || [contrast.estimate, contrast.lower, contrast.upper, p].some((v) => typeof v !== 'number')) return null;
  const { estimate, lower, upper } = contrast as Record<string, number>;
  const text = (v: number) => formatNumber(v, 2);
  const shown = formatP(p as number);
  return (
    <p className="headline">{t('analysis.headline', {
      contrast: String(contrast.contrast).replace(' - ', ' \u2212 '), estimate: text(estimate!), lower: text(lower!), upper: text(upper!), level: 95,
      p: shown.startsWith('<') ? shown.replace('<', '< ') : `= ${shown}`,
    })}</p>
  );
}

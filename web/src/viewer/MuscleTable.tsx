// Muscles with their area and fat, narrow enough to stand beside the picture.
import { useTranslation } from 'react-i18next';
import type { Row } from '../shared/api';
import { Aligned } from '../shared/DataTable';
import { formatNumber } from '../shared/format';
import type { Muscle } from './labels';

const METHODS = ['dixon_mean', 'dixon_ratio', 'otsu', 'gmm2', 'gmm3', 'kmeans2', 'kmeans3'];

/** Side and muscle in the page's language, when it has a word for them. */
export function useMuscleName() {
  const { t, i18n } = useTranslation();
  const word = (kind: 'side' | 'muscle', text: string) => (i18n.exists(`${kind}.${text}`) ? t(`${kind}.${text}` as 'side.left') : text);
  return (m: Muscle) => `${m.side ? `${word('side', m.side)}${i18n.language.startsWith('zh') ? '' : ' '}` : ''}${word('muscle', m.muscle)}`;
}

function Number({ value, decimals }: { value: unknown; decimals: number }) {
  if (typeof value !== 'number') return <td className="number absent">–</td>;
  return <td className="number" title={String(value)}><Aligned text={formatNumber(value, decimals)} fraction={decimals > 0 ? decimals + 1 : 0} /></td>;
}

const Percent = ({ value }: { value: unknown }) => <Number value={typeof value === 'number' ? value * 100 : null} decimals={1} />;

/** The fat fractions that a result holds, by method. */
export const methodsIn = (rows: Row[]) => METHODS.filter((m) => rows.some((r) => typeof r[`fat_fraction_${m}`] === 'number'));

export function useMethodName() {
  const { t, i18n } = useTranslation();
  return (m: string) => (i18n.exists(`imaging.methods.${m}`) ? t(`imaging.methods.${m}` as 'imaging.methods.otsu') : m);
}

export function MuscleTable({ caption, rows, muscles, fat }: { caption: string; rows: Row[]; muscles: Muscle[]; fat: string }) {
  const { t } = useTranslation();
  const name = useMuscleName();
  const method = useMethodName();
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={caption}>
      <table className="data muscles">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{t('imaging.muscle')}</th>
            <th scope="col" className="number">{t('imaging.area')}</th>
            <th scope="col" className="number">{t('imaging.lean')}</th>
            <th scope="col" className="number" title={`fat_fraction_${fat}`}>{t('imaging.fatPercent')}<br /><span className="quiet">{method(fat)}</span></th>
          </tr>
        </thead>
        <tbody>
          {muscles.flatMap((muscle) => rows.filter((r) => r.label === muscle.value).slice(0, 1).map((row) => (
            <tr key={muscle.value}>
              <th scope="row"><span className="swatch" style={{ background: `rgb(${muscle.colour.join(' ')})` }} /> {name(muscle)}</th>
              <Number value={row.csa_mm2} decimals={0} />
              <Number value={row.functional_csa_mm2} decimals={0} />
              <Percent value={row[`fat_fraction_${fat}`]} />
            </tr>
          )))}
        </tbody>
      </table>
    </div>
  );
}

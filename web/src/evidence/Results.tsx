// The review's analyses as a grid: outcome and term by comparator; a press opens one of them, live. Below: the correlation behind imputed SDs, as a slider.
import { Paper, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Row } from '../shared/api';
import { DataTable } from '../shared/DataTable';
import { formatNumber } from '../shared/format';
import { type CellName, Live } from './Live';
import { numberOf, partOf, rowsOf, textOf } from './review';

const TERMS = ['short', 'long'];
const OUTCOMES = ['pain', 'disability'];
const COMPARATORS = ['active', 'passive'];

function CellButton({ name, row, certainty, here, open }: { name: CellName; row: Row | undefined; certainty: Row | undefined; here: boolean; open: () => void }) {
  const { t } = useTranslation();
  const k = numberOf(row, 'k');
  const level = textOf(certainty, 'certainty') || 'none';
  return (
    <td>
      <button type="button" className="cell" aria-pressed={here} onClick={open} disabled={!(k > 0)} data-cell={name.id}>
        {k > 0 ? (
          <>
            <strong>{formatNumber(numberOf(row, 'estimate'), 2)}</strong> <span className="limits">{formatNumber(numberOf(row, 'lower'), 2)} {t('result.to')} {formatNumber(numberOf(row, 'upper'), 2)}</span>
            <span className="quiet">{t('evidence.grid.k', { k, n: numberOf(row, 'n_total') })} · I² {formatNumber(numberOf(row, 'I2'), 0)} %</span>
            <span className="grade" data-level={level}>{textOf(certainty, 'symbols')} {t(`evidence.level.${level}` as 'evidence.level.high')}</span>
          </>
        ) : <span className="quiet">{t('evidence.grid.none')}</span>}
      </button>
    </td>
  );
}

export function Results({ results, studies, risk, correlation, setCorrelation }: { results: Row; studies: string; risk: string; correlation: number | null; setCorrelation: (r: number | null) => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState<CellName>({ id: 'pain_active_short', outcome: 'pain', comparator: 'active', term: 'short' });
  const cells = rowsOf(results.cells);
  const certainty = rowsOf(results.certainty);
  const sensitivity = cells.filter((c) => c.kind === 'sensitivity').map((c) => ({ analysis: c.id ?? null, k: c.k ?? null, estimate: c.estimate ?? null, lower: c.lower ?? null, upper: c.upper ?? null, tau2: c.tau2 ?? null, I2: c.I2 ?? null }));
  const found = numberOf(partOf(results, 'correlations'), name.outcome);
  return (
    <>
      <div className="table-frame">
        <table className="data cells">
          <caption>{t('evidence.grid.title')}</caption>
          <thead><tr><th scope="col">{t('evidence.grid.outcome')}</th>{COMPARATORS.map((c) => <th key={c} scope="col">{t(`evidence.comparator.${c}` as 'evidence.comparator.active')}</th>)}</tr></thead>
          <tbody>
            {OUTCOMES.flatMap((outcome) => TERMS.map((term) => (
              <tr key={outcome + term}>
                <th scope="row">{t(`evidence.outcome.${outcome}` as 'evidence.outcome.pain')}, {t(`evidence.term.${term}` as 'evidence.term.short')}</th>
                {COMPARATORS.map((comparator) => {
                  const id = `${outcome}_${comparator}_${term}`;
                  const cell = { id, outcome, comparator, term };
                  return <CellButton key={id} name={cell} row={cells.find((c) => c.id === id)} certainty={certainty.find((c) => c.cell === id)} here={name.id === id} open={() => setName(cell)} />;
                })}
              </tr>
            )))}
          </tbody>
        </table>
      </div>
      <Paper p="md" className="surface no-print" my="md">
        <label>
          <span>{t('evidence.grid.correlation', { r: formatNumber(correlation ?? found, 2) })}</span>
          <input type="range" data-live="correlation" min={0} max={95} value={Math.round(100 * (correlation ?? found))} onChange={(e) => setCorrelation(Number(e.currentTarget.value) / 100)} />
        </label>
        <Text size="sm" className="quiet">{t('evidence.grid.correlationText')} {correlation !== null && <button type="button" className="plain" onClick={() => setCorrelation(null)}>{t('evidence.grid.fromData')}</button>}</Text>
      </Paper>
      <Title order={2} fz="1.15rem" my="sm">{t(`evidence.outcome.${name.outcome}` as 'evidence.outcome.pain')}, {t(`evidence.comparator.${name.comparator}` as 'evidence.comparator.active')}, {t(`evidence.term.${name.term}` as 'evidence.term.short')}</Title>
      <Live key={name.id} cell={name} results={results} studies={studies} risk={risk} />
      {sensitivity.length > 0 && <details className="fold" style={{ marginTop: '1rem' }}><summary>{t('evidence.grid.sensitivity')}</summary><DataTable rows={sensitivity} /></details>}
    </>
  );
}

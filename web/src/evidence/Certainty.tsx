// GRADE of each main analysis with its reasons, and what may be overridden; the summary of findings in words. And the lights of bias.
import { Button, Group, NativeSelect, Paper, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Row } from '../shared/api';
import { formatNumber } from '../shared/format';
import { Picture } from '../shared/Picture';
import { Empty, Failure, Waiting } from '../shared/states';
import { useOperation } from '../shared/useOperation';
import { numberOf, partOf, rowsOf, textOf } from './review';
import { useAct } from './Screening';

const DOMAINS = ['risk_of_bias', 'inconsistency', 'indirectness', 'imprecision', 'publication_bias'] as const;
const CONCERNS = ['none', 'serious', 'very_serious'] as const;

function Override({ id, viewer, cells }: { id: string; viewer: string; cells: string[] }) {
  const { t } = useTranslation();
  const named = useCellName();
  const act = useAct(id, viewer);
  const [cell, setCell] = useState(cells[0] ?? '');
  const [domain, setDomain] = useState<string>('indirectness');
  const [level, setLevel] = useState<string>('serious');
  const [reason, setReason] = useState('');
  return (
    <Paper p="md" className="surface no-print" component="section" aria-label={t('evidence.grade.override')} my="md">
      <Group align="end">
        <NativeSelect label={t('evidence.grade.cell')} value={cell} onChange={(e) => setCell(e.currentTarget.value)} data={cells.map((c) => ({ value: c, label: named(c) }))} />
        <NativeSelect label={t('evidence.grade.domain')} value={domain} onChange={(e) => setDomain(e.currentTarget.value)} data={DOMAINS.map((d) => ({ value: d, label: t(`evidence.domain.${d}`) }))} />
        <NativeSelect label={t('evidence.grade.concern')} value={level} onChange={(e) => setLevel(e.currentTarget.value)} data={CONCERNS.map((c) => ({ value: c, label: t(`evidence.concern.${c}`) }))} />
        <TextInput label={t('evidence.screen.why')} value={reason} onChange={(e) => setReason(e.currentTarget.value)} style={{ flex: '1 1 16rem' }} />
        <Button disabled={!reason} loading={act.isPending} onClick={() => act.mutate({ event: { what: 'certainty', cell, domain, level, reason } }, { onSuccess: () => setReason('') })}>{t('evidence.grade.log')}</Button>
      </Group>
      {act.isError && <Failure error={act.error} />}
    </Paper>
  );
}

const PARTS = { outcome: ['pain', 'disability'], comparator: ['active', 'passive'], term: ['short', 'long'] } as const;

/** "pain_active_short" in words of the reader's language; an analysis of another review keeps the name its protocol gives it. */
function useCellName() {
  const { t } = useTranslation();
  return (cell: string) => {
    const [outcome, comparator, term] = cell.split('_');
    const known = PARTS.outcome.some((p) => p === outcome) && PARTS.comparator.some((p) => p === comparator) && PARTS.term.some((p) => p === term);
    if (!known) return cell.replaceAll('_', ' ');
    return [t(`evidence.outcome.${outcome as 'pain'}`), t(`evidence.comparator.${comparator as 'active'}`), t(`evidence.term.${term as 'short'}`)].join(', ');
  };
}

const ROUNDED: Record<string, number> = { egger: 3 };

/** Why a domain is of concern: the finding of its rule in the reader's language; where a person judged, their own words as well. */
function Because({ domain }: { domain: Row }) {
  const { t } = useTranslation();
  const rule = partOf(domain, 'rule') ?? {};
  const id = textOf(rule, 'id');
  const finding = t(`evidence.grade.because.${id}` as 'evidence.grade.because.egger', { number: formatNumber(numberOf(rule, 'number'), ROUNDED[id] ?? 0) });
  if (domain.overridden !== true) return finding;
  return t('evidence.grade.judged', { why: textOf(domain, 'given'), who: textOf(domain, 'who') || t('evidence.grade.protocol'), rule: finding, concern: t(`evidence.concern.${textOf(rule, 'concern')}` as 'evidence.concern.none') });
}

export function Certainty({ results, id, viewer, state }: { results: Row; id: string; viewer: string; state: Row | undefined }) {
  const { t } = useTranslation();
  const named = useCellName();
  const rows = rowsOf(results.certainty);
  const findings = rowsOf(results.findings);
  const limits = partOf(results, 'certainty_limits') ?? {};
  const logged = rowsOf(state?.certainty);
  if (rows.length === 0) return <Empty>{t('evidence.grade.none')}</Empty>;
  return (
    <>
      <div className="table-frame" tabIndex={0} role="region" aria-label={t('evidence.grade.title')}>
        <table className="data">
          <caption>{t('evidence.grade.title')}</caption>
          <thead><tr><th scope="col">{t('evidence.grade.cell')}</th><th scope="col">{t('evidence.grade.md')}</th><th scope="col">{t('evidence.grade.certainty')}</th><th scope="col">{t('evidence.grade.why')}</th></tr></thead>
          <tbody>
            {rows.map((row) => {
              const finding = findings.find((f) => f.cell === row.cell);
              return (
                <tr key={textOf(row, 'cell')}>
                  <th scope="row">{named(textOf(row, 'cell'))}<br /><span className="quiet">{t('evidence.grid.k', { k: numberOf(finding, 'studies'), n: numberOf(finding, 'participants') })}</span></th>
                  <td style={{ whiteSpace: 'nowrap' }}>{formatNumber(numberOf(finding, 'md'), 2)} <span className="limits">{formatNumber(numberOf(finding, 'md_lower'), 2)} {t('result.to')} {formatNumber(numberOf(finding, 'md_upper'), 2)}</span></td>
                  <td><span className="grade" data-level={textOf(row, 'certainty')}>{textOf(row, 'symbols')}</span><br />{t(`evidence.level.${textOf(row, 'certainty')}` as 'evidence.level.high')}</td>
                  <td><ul style={{ margin: 0, paddingLeft: '1.1rem' }}>{rowsOf(row.domains).filter((d) => d.concern !== 'none' || d.overridden === true).map((d) => <li key={textOf(d, 'domain')}><strong>{t(`evidence.domain.${textOf(d, 'domain')}` as 'evidence.domain.imprecision')}</strong>, {t(`evidence.concern.${textOf(d, 'concern')}` as 'evidence.concern.none')}: <Because domain={d} /></li>)}</ul></td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <Override id={id} viewer={viewer} cells={rows.map((r) => textOf(r, 'cell'))} />
      {logged.length > 0 && <ul className="things">{logged.map((e, i) => <li key={i}><strong>{textOf(e, 'who')}</strong>: {named(textOf(e, 'cell'))}, {t(`evidence.domain.${textOf(e, 'domain')}` as 'evidence.domain.imprecision')}, {t(`evidence.concern.${textOf(e, 'level')}` as 'evidence.concern.none')}: {textOf(e, 'reason')} <span className="quiet">{textOf(e, 'at')}</span></li>)}</ul>}
      <details className="fold"><summary>{t('evidence.grade.rules')}</summary><dl className="terms">
        <div><dt>{t('evidence.grade.start')}</dt><dd>{t(`evidence.level.${textOf(partOf(results, 'certainty_rules'), 'start')}` as 'evidence.level.high')}</dd></div>
        {DOMAINS.map((d) => <div key={d}><dt>{t(`evidence.domain.${d}`)}</dt><dd>{t(`evidence.grade.rule.${d}`, limits)}</dd></div>)}
      </dl></details>
    </>
  );
}

export function Bias({ risk }: { risk: string }) {
  const picture = useOperation({ operation: 'meta.rob', parameters: {}, data: { data: { name: 'rob2.csv', text: risk } } });
  if (picture.isError) return <Failure error={picture.error} />;
  if (!picture.data) return <Waiting />;
  return <>{(picture.data.pictures ?? []).map((p) => <Picture key={p.name} picture={p} />)}</>;
}

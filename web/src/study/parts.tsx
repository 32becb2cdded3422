// The sections that deserve a shape of their own; every other part of a protocol is read out by Readable.
import { Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Json, Row } from '../shared/api';
import { isRow, said } from '../shared/format';
import { IconWarning } from '../shared/icons';
import { Facts, Origins, Readable, Words } from './Readable';
import { Schedule, scheduleOf } from './Schedule';
import { filled, rowsOf } from './sections';

function Summary({ study }: { study: Row }) {
  const { t, i18n } = useTranslation();
  const design = isRow(study.design) ? study.design : {};
  const objectives = isRow(design.objectives) ? Object.values(design.objectives) : [];
  const facts: Row = {
    acronym: study.acronym ?? null, official_title: study.official_title ?? null, condition: study.condition ?? null, sponsor: study.sponsor ?? null,
    participant_languages: study.participant_languages ?? null, protocol_version: study.version ?? null, date: study.date ?? null,
  };
  return (
    <>
      {filled(study.summary) && <p className="lede">{said(study.summary, i18n.language)}</p>}
      {filled(study.background) && <p className="lede">{said(study.background, i18n.language)}</p>}
      {objectives.length > 0 && <><Title order={3}>{t('study.questions')}</Title><ol>{objectives.map((o, i) => <li key={i}><Words value={o} /></li>)}</ol></>}
      <Facts row={facts} />
      <Title order={3}>{t('study.design')}</Title>
      <Facts row={design} skip={['objectives', 'source']} />
      <Origins row={design} />
    </>
  );
}

/** "R, arms" → "Registry record, arms": the letters by which the protocol names its documents. */
function Where({ text }: { text: string }) {
  const { t } = useTranslation();
  return <>{text.replace(/\b([RS])\b(?=[,; ]|$)/g, (_, letter: 'R' | 'S') => t(`study.source.${letter}`)).replace(/^./, (c) => c.toUpperCase())}</>;
}

function Contradictions({ rows }: { rows: Row[] }) {
  const { t } = useTranslation();
  return (
    <>
      <p className="lede">{t('study.contradictionsText')}</p>
      {rows.map((row, i) => (
        <div key={i} className="contradiction">
          <Title order={3}><span style={{ color: 'var(--lumbar-warn)', verticalAlign: '-.2em' }}><IconWarning /></span> <Words value={row.about ?? row.id} /></Title>
          <dl className="terms">
            {rowsOf(row.readings).map((reading, k) => (
              <div key={k}><dt><Where text={String(reading.where ?? '')} /></dt><dd>“<Words value={reading.says} />”</dd></div>
            ))}
            <div><dt>{t('study.decision')}</dt><dd><strong><Words value={row.decision} /></strong></dd></div>
          </dl>
        </div>
      ))}
    </>
  );
}

function Gaps({ rows }: { rows: Row[] }) {
  const { t } = useTranslation();
  return (
    <div className="table-frame"><table className="data"><thead><tr><th scope="col">{t('study.gap')}</th><th scope="col">{t('study.decision')}</th></tr></thead>
      <tbody>{rows.map((row, i) => <tr key={i}><td><Words value={row.about} /></td><td><Words value={row.decision} /></td></tr>)}</tbody></table></div>
  );
}

function Eligibility({ rows }: { rows: Row[] }) {
  const { t } = useTranslation();
  const stages = [...new Set(rows.map((r) => String(r.stage ?? '')))];
  return (
    <>
      {stages.map((stage) => (
        <div key={stage}>
          {stages.length > 1 && <Title order={3} mt="sm"><Words value={rows.find((r) => r.stage === stage)?.stage_label ?? stage} /></Title>}
          {(['inclusion', 'exclusion'] as const).map((kind) => {
            const list = rows.filter((r) => r.stage === stage && r.kind === kind);
            return list.length > 0 && (
              <div key={kind}>
                <Title order={stages.length > 1 ? 4 : 3} fz="1rem" mt="sm">{t(`study.${kind}`)}</Title>
                <ul className="criteria">{list.map((r, i) => <li key={i}><span className="quiet">{String(r.id ?? '')}</span> <Words value={r.text ?? r.label} /> <code className="rule">{String(r.rule ?? '')}</code></li>)}</ul>
              </div>
            );
          })}
        </div>
      ))}
    </>
  );
}

function Outcomes({ outcomes, study }: { outcomes: Row; study: Row }) {
  const { t, i18n } = useTranslation();
  const visits = new Map(rowsOf(study.visits).map((v) => [String(v.id), said(v.label, i18n.language)]));
  const named = (list: Json | undefined) => (Array.isArray(list) ? list.map((v) => visits.get(String(v)) ?? String(v)).join(', ') : '');
  const primary = isRow(outcomes.primary) ? outcomes.primary : null;
  const rest = Object.entries(outcomes).filter(([k, v]) => !['primary', 'secondary', 'proposal', 'source'].includes(k) && filled(v));
  return (
    <>
      {primary && (
        <div className="primary-outcome">
          <Title order={3}>{t('study.section.primary')}: <Words value={primary.label} /></Title>
          <Facts row={{ ...primary, visits: named(primary.visits), sensitivity: named(primary.sensitivity) }} skip={['id', 'label', 'source', 'proposal']} />
          <Origins row={primary} />
        </div>
      )}
      <div className="table-frame" tabIndex={0} role="region" aria-label={t('study.secondary')}>
        <table className="data">
          <caption>{t('study.secondary')}</caption>
          <thead><tr><th scope="col">{t('study.outcome')}</th><th scope="col">{t('study.section.visits')}</th><th scope="col">{t('study.analysed')}</th></tr></thead>
          <tbody>
            {rowsOf(outcomes.secondary).map((row, i) => (
              <tr key={i}><th scope="row"><Words value={row.label} />{filled(row.definition) && <div className="quiet"><Words value={row.definition} /></div>}<Origins row={row} /></th>
                <td>{named(row.visits)}</td><td>{filled(row.analysis) ? <Words value={row.analysis} /> : ''}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
      {rest.map(([key, value]) => <div key={key}><Facts row={{ [key]: value }} /></div>)}
      <Origins row={outcomes} />
    </>
  );
}

function rangeOf(item: Row): string {
  const { low, high } = item;
  if (filled(low) && filled(high)) return `${String(low)} – ${String(high)}`;
  return filled(low) ? `≥ ${String(low)}` : filled(high) ? `≤ ${String(high)}` : '';
}

function Forms({ rows }: { rows: Row[] }) {
  const { t, i18n } = useTranslation();
  return (
    <div style={{ display: 'grid', gap: '.5rem' }}>
      {rows.map((form, i) => {
        const items = rowsOf(form.items);
        return (
          <details key={i} className="fold">
            <summary>{said(form.label ?? form.id, i18n.language)} <span className="quiet" style={{ fontWeight: 400 }}>· {t('study.items', { count: items.length })}{form.reveals_arm === true && ` · ${t('study.revealsArm')}`}</span></summary>
            <div className="table-frame" tabIndex={0} role="region" aria-label={said(form.label ?? form.id, i18n.language)}>
              <table className="data">
                <thead><tr><th scope="col">{t('study.item')}</th><th scope="col">{t('study.type')}</th><th scope="col">{t('study.unit')}</th><th scope="col">{t('study.rangeOrCodes')}</th><th scope="col">{t('study.required')}</th></tr></thead>
                <tbody>
                  {items.map((item, k) => (
                    <tr key={k}>
                      <th scope="row">{said(item.label ?? item.id, i18n.language)} <span className="quiet">{String(item.id ?? '')}</span>
                        {filled(item.shown_if) && <div className="quiet">{t('study.shownIf')} <code>{String(item.shown_if)}</code></div>}
                        {filled(item.derived_by) && <div className="quiet">{t('study.derivedBy')} <code>{String(item.derived_by)}</code></div>}</th>
                      <td>{String(item.type ?? '')}</td><td>{filled(item.unit) ? String(item.unit) : ''}</td>
                      <td>{rowsOf(item.codes).length > 0 ? rowsOf(item.codes).map((c) => `${String(c.code)} = ${said(c.label, i18n.language)}`).join('; ') : rangeOf(item)}</td>
                      <td>{item.required === true ? t('table.yes') : ''}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </details>
        );
      })}
    </div>
  );
}

function Proposals({ rows }: { rows: Row[] }) {
  const { t } = useTranslation();
  return (
    <>
      <p className="lede">{t('study.proposalsText')}</p>
      <dl className="terms">{rows.map((row, i) => <div key={i}><dt><Words value={row.what} /></dt><dd><Words value={row.proposal} /></dd></div>)}</dl>
    </>
  );
}

export function Part({ name, study }: { name: string; study: Row }) {
  const value = study[name];
  switch (name) {
    case 'summary': return <Summary study={study} />;
    case 'contradictions': return <Contradictions rows={rowsOf(value)} />;
    case 'gaps': return <Gaps rows={rowsOf(value)} />;
    case 'eligibility': return <Eligibility rows={rowsOf(value)} />;
    case 'forms': return <Forms rows={rowsOf(value)} />;
    case 'proposals': return <Proposals rows={rowsOf(value)} />;
    case 'outcomes': return isRow(value) ? <Outcomes outcomes={value} study={study} /> : <Readable value={value} />;
    case 'schedule': {
      const schedule = scheduleOf(study);
      return schedule ? <Schedule schedule={schedule} /> : <Readable value={value} />;
    }
    default: return <Readable value={value} />;
  }
}

// Adherence person by person with a small line of the weeks; who is behind, and why, comes first.
import { Paper, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { Json, Row } from '../shared/api';
import { isRow, said } from '../shared/format';
import { Mark } from '../shared/Mark';
import { Sparkline } from '../shared/Sparkline';
import { type AdherencePerson, part } from '../shared/trial';

export function whyOf(why: Json | undefined, t: (key: string, options?: Row) => string, language: string): string {
  if (!why) return '';
  if (Array.isArray(why)) return why.map((w) => whyOf(w, t, language)).filter(Boolean).join('; ');
  if (isRow(why) && typeof why.code === 'string') return `${why.week ? `${t('why.week', { week: why.week })}: ` : ''}${t(`why.${why.code}`, { ...why, component: said(why.component, language), defaultValue: why.code.replaceAll('_', ' ') })}`;
  if (isRow(why)) return typeof why.key === 'string' ? t(`why.${why.key}`, { ...(isRow(why.params) ? why.params : {}), defaultValue: why.key.replaceAll('_', ' ') }) : said(why, language);
  return t(`why.${String(why)}`, { defaultValue: String(why).replaceAll('_', ' ') });
}

export function AdherenceTable({ people, full = false }: { people: AdherencePerson[]; full?: boolean }) {
  const { t, i18n } = useTranslation('trial');
  const say = t as unknown as (key: string, options?: Row) => string;
  const sorted = [...people].sort((a, b) => Number(b.behind ?? false) - Number(a.behind ?? false) || (a.overall ?? 0) - (b.overall ?? 0));
  const last = (p: AdherencePerson) => p.weeks.filter((w) => w.score !== null).at(-1);
  const pc = (v: number | null | undefined) => (v === null || v === undefined ? '–' : (v <= 1 ? 100 * v : v).toFixed(0));
  const state = (p: AdherencePerson) => <><Mark state={p.behind ? 'behind' : 'adherent'} word={p.behind ? t('state.behind') : p.adherent ? t('state.adherent') : t('adherence.onTrack')} size={16} />{p.behind && <div className="quiet">{whyOf(full ? p.why : p.why.slice(0, 1), say, i18n.language)}</div>}</>;
  return (
    <Paper p="md" className="surface" mb="md">
      <Title order={2} mb={4}>{t('adherence.title')}</Title>
      <div className="table-frame" tabIndex={0} role="region" aria-label={t('adherence.title')}>
        <table className="data">
          <thead><tr><th scope="col">{t('matrix.code')}</th><th scope="col">{t('adherence.weeks')}</th><th scope="col" className="number">{t('adherence.overall')}</th>
            {full && (['frequency', 'duration', 'components', 'supervision'] as const).map((k) => <th key={k} scope="col" className="number">{t(`adherence.${k}`)}</th>)}
            {full && <th scope="col">{t('people.state')}</th>}</tr></thead>
          <tbody>
            {sorted.map((p) => (
              <tr key={p.subject}>
                <th scope="row"><Link href={`/people/${part(p.subject)}`}>{p.subject}</Link>{!full && <div className="state-under">{state(p)}</div>}</th>
                <td><Sparkline values={p.weeks.map((w) => w.score)} threshold={75} label={t('adherence.line')} /></td>
                <td className="number">{p.overall === null ? '–' : p.overall.toFixed(1)}</td>
                {full && (['frequency', 'duration', 'components', 'supervision'] as const).map((k) => <td key={k} className="number">{pc(last(p)?.[k])}</td>)}
                {full && <td>{state(p)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Paper>
  );
}

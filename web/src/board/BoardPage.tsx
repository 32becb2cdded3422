// The safety board's own room: reports from frozen snapshots, the closed one by arm as X and Y, and what the board recommends.
import { Button, Group, Paper, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../session/session';
import { ResultCard } from '../shared/ResultCard';
import { DataTable } from '../shared/DataTable';
import { Act } from '../shared/Dialog';
import { formatScalar, isRow, isTable, said } from '../shared/format';
import { useLabel } from '../shared/label';
import type { Json, ResultDocument, Row } from '../shared/api';
import { Mark } from '../shared/Mark';
import { Page } from '../shared/Page';
import { Failure, Loaded } from '../shared/states';
import { get, part, post } from '../shared/trial';
import { momentOf } from '../shared/when';

interface Board { reports: Row[]; recommendations?: Row[]; next?: Row | null; may?: string[] }

/** The same text in several languages. */
const isWords = (value: Row) => 'en' in value || 'zh' in value;
const countsBy = (value: Json | undefined): value is Record<string, number> => isRow(value) && Object.keys(value).length > 0 && Object.values(value).every((n) => typeof n === 'number');

/** "closed-2" → "Closed report 2". */
export function reportName(id: string, t: (key: 'board.named.open' | 'board.named.closed', options: { n: string }) => string): string {
  const found = /^(open|closed)-(\d+)$/.exec(id);
  return found ? t(`board.named.${found[1] as 'open' | 'closed'}`, { n: found[2]! }) : id;
}

/** Counts by group become a column for each group; words come first. */
export function byGroup(rows: Row[], label: (key: string) => string, language: string): Row[] {
  return rows.map((row) => {
    const words: Row = {}, numbers: Row = {};
    for (const [key, value] of Object.entries(row)) {
      if (countsBy(value)) for (const [group, n] of Object.entries(value)) numbers[`${label(key)} ${group}`] = n;
      else if (typeof value === 'number') numbers[key] = value;
      else words[key] = isRow(value) ? said(value, language) : value;
    }
    // "severity", "severe" or "related", "exercise" stand in one cell
    if (typeof words.what === 'string') {
      const more = [words.label, words.to].filter((w) => typeof w === 'string' && w !== '');
      delete words.label;
      delete words.to;
      words.what = [label(words.what), ...more].join(': ');
    }
    if ('label' in words && 'rule' in words) delete words.rule; // its name says it
    return { ...words, ...numbers };
  });
}

/** Any report: what is a table becomes one, what is a fact a line, what is grouped a section. */
export function ReportBody({ value, level = 3 }: { value: Row; level?: 3 | 4 }) {
  const { i18n } = useTranslation('trial');
  const label = useLabel();
  const facts = Object.entries(value).filter(([, v]) => v !== null && typeof v !== 'object');
  return (
    <>
      {facts.length > 0 && <dl className="facts small">{facts.map(([k, v]) => <div key={k}><dt>{label(k)}</dt><dd className={typeof v === 'string' && v.length > 30 ? 'break' : undefined}>{typeof v === 'number' ? formatScalar(k, v) : String(v)}</dd></div>)}</dl>}
      {Object.entries(value).filter(([, v]) => v !== null && typeof v === 'object').map(([k, v]) => (
        <section key={k}>
          {!isTable(v) && <Title order={level} mt="md" mb={4}>{label(k)}</Title>}
          {isTable(v) ? <div style={{ marginTop: '1rem' }}><DataTable rows={byGroup(v, label, i18n.language)} caption={label(k)} /></div> : isRow(v) ? (level === 3 || !isWords(v) ? <ReportBody value={v} level={4} /> : <p>{said(v, i18n.language)}</p>) : <p>{Array.isArray(v) ? v.map((x: Json) => said(x, i18n.language)).join(', ') || '–' : ''}</p>}
        </section>
      ))}
    </>
  );
}

function Report({ id }: { id: string }) {
  const { t } = useTranslation('trial');
  const report = useQuery({ queryKey: ['board', id], queryFn: () => get<Row>(`/api/board/reports/${part(id)}`) });
  return (
    <Loaded query={report}>
      {(data) => {
        const inner = isRow(data.report) ? data.report : data;
        return (
          <Paper p="lg" className="surface" mb="md" data-report={id}>
            <Group justify="space-between"><Title order={2}>{reportName(id, t)}</Title><Group gap="xs"><a href={`/api/board/reports/${part(id)}.pdf`}>{t('board.pdf')}</a><Button variant="default" onClick={() => window.print()}>{t('board.print')}</Button></Group></Group>
            {'operation' in inner && 'results' in inner ? <ResultCard result={inner as unknown as ResultDocument} /> : <ReportBody value={inner} />}
          </Paper>
        );
      }}
    </Loaded>
  );
}

export function BoardPage() {
  const { t } = useTranslation('trial');
  const may = useMay();
  const client = useQueryClient();
  const [open, setOpen] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState('');
  const board = useQuery({ queryKey: ['board'], queryFn: () => get<Board>('/api/board'), staleTime: 0 });
  const done = () => void client.invalidateQueries({ queryKey: ['board'] });
  const make = async (kind: string) => {
    setBusy(kind);
    setError(null);
    try {
      const made = await post<Row>('/api/board/reports', { kind });
      done();
      setOpen(String(made.id ?? ''));
    } catch (e) { setError(e); } finally { setBusy(''); }
  };
  return (
    <Page title={t('rail.board')} lede={t('board.lede')}>
      {may('board.report') && (
        <Group mb="md" className="no-print">
          <Button loading={busy === 'open'} onClick={() => void make('open')}>{t('board.makeOpen')}</Button>
          <Button loading={busy === 'closed'} onClick={() => void make('closed')}>{t('board.makeClosed')}</Button>
        </Group>
      )}
      {error !== null && <Failure error={error} />}
      <Loaded query={board}>
        {(data) => (
          <>
            <Paper p="md" className="surface" mb="md">
              <Title order={2} mb={4}>{t('board.reports')}</Title>
              {data.reports.length === 0 ? <p className="quiet">{t('board.none')}</p> : (
                <div className="table-frame" tabIndex={0} role="region" aria-label={t('board.reports')}>
                  <table className="data">
                    <thead><tr><th scope="col">{t('board.report')}</th><th scope="col">{t('board.kind')}</th><th scope="col">{t('board.made')}</th><th scope="col">{t('board.snapshot')}</th><th scope="col">SHA-256</th></tr></thead>
                    <tbody>
                      {data.reports.map((r) => (
                        <tr key={String(r.id)}>
                          <th scope="row"><Button variant="subtle" size="compact-md" onClick={() => setOpen(String(r.id))} aria-expanded={open === String(r.id)}>{reportName(String(r.id), t)}</Button></th>
                          <td>{t(`board.${String(r.kind)}` as 'board.open', { defaultValue: String(r.kind) })}</td><td>{momentOf(String(r.made ?? r.at ?? ''))}<div className="quiet">{String(r.by ?? '')}</div></td>
                          <td>{String(r.snapshot ?? '')}</td><td><code title={String(r.sha256 ?? '')}>{String(r.sha256 ?? '').slice(0, 12)}…</code></td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </div>
              )}
            </Paper>
            {open && <Report id={open} />}
            <Paper p="md" className="surface" mb="md">
              <Title order={2} mb={4}>{t('board.recommendations')}</Title>
              {(data.recommendations ?? []).length === 0 && <p className="quiet">{t('board.noRecommendation')}</p>}
              {(data.recommendations ?? []).map((r, i) => <div key={i} className="query"><Mark state="signed" word={`${String(r.signed_by ?? r.by ?? '')} · ${momentOf(String(r.at ?? ''))}`} /><p className="query-text"><strong>{t(`board.decide.${String(r.decision)}` as 'board.decide.stop', { defaultValue: String(r.decision ?? '') })}</strong> {String(r.text ?? '')}</p><Text size="sm" c="dimmed">{t('board.about')} {reportName(String(r.report ?? ''), t)}</Text></div>)}
              {may('board.recommend') && data.reports.length > 0 && (
                <Act label={t('board.recommend')} title={t('board.recommend')} action={t('board.sign')} done={done} send={(v) => post('/api/board/recommendations', v)}
                  fields={[
                    { name: 'report', label: t('board.report'), kind: 'choice', required: true, initial: String(data.reports.at(-1)?.id ?? ''), options: data.reports.map((r) => ({ value: String(r.id), label: reportName(String(r.id), t) })) },
                    { name: 'decision', label: t('board.decision'), kind: 'choice', required: true, options: (['continue', 'modify', 'pause', 'stop'] as const).map((d) => ({ value: d, label: t(`board.decide.${d}`) })) }, { name: 'text', label: t('board.text'), kind: 'area' }, { name: 'password', label: t('form.passwordAgain'), kind: 'password', required: true },
                  ]} />
              )}
            </Paper>
          </>
        )}
      </Loaded>
    </Page>
  );
}

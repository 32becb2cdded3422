// A result as a card: status, pictures, numbers, the sentences that state model, n, df and method, and where it all came from.
import { Alert, Button, Code, Group, Paper, Stack, Switch, Title } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Json, ResultDocument, Row } from './api';
import { DataTable } from './DataTable';
import { keep } from './download';
import { formatBytes, formatNumber, formatScalar, isPKey, isRow, isTable } from './format';
import { IconDownload, IconPrint, IconWarning } from './icons';
import { useLabel } from './label';
import { Picture } from './Picture';
import { sharedDecimals, withIntervals } from './scale';
import { Status } from './states';

interface Shape { facts: [string, Json][]; tables: [string, Row[]][]; long: [string, Row[]][]; groups: [string, Row][]; lists: [string, Json[]][] }

/** More rows than one reads at a glance: folded, at the end. */
const LONG = 40;

function shapeOf(results: Row, first: string[]): Shape {
  const shape: Shape = { facts: [], tables: [], long: [], groups: [], lists: [] };
  const order = [...first.filter((key) => key in results), ...Object.keys(results).filter((key) => !first.includes(key))];
  for (const key of order) {
    const value = results[key]!;
    if (isTable(value)) (value.length > LONG || key === 'curve' ? shape.long : shape.tables).push([key, value]);
    else if (Array.isArray(value)) shape.lists.push([key, value]);
    else if (isRow(value)) shape.groups.push([key, value]);
    else shape.facts.push([key, value]);
  }
  return shape;
}

function Fact({ name, value, decimals, full }: { name: string; value: Json; decimals?: number; full: boolean }) {
  const { t } = useTranslation();
  if (value === null) return <span className="quiet">{t('table.missing')}</span>;
  if (typeof value === 'number') return <span title={String(value)}>{isPKey(name) || decimals === undefined ? formatScalar(name, value, full) : formatNumber(value, decimals, full)}</span>;
  if (typeof value === 'boolean') return <>{value ? t('table.yes') : t('table.no')}</>;
  return <span style={{ overflowWrap: 'anywhere' }}>{String(value)}</span>;
}

export function Facts({ facts, full = false, small = false }: { facts: [string, Json][]; full?: boolean; small?: boolean }) {
  const label = useLabel();
  const { t } = useTranslation();
  const decimals = sharedDecimals(new Map(facts.flatMap(([key, value]) => (typeof value === 'number' ? [[key, [value]] as [string, number[]]] : []))));
  return (
    <dl className={small ? 'facts small' : 'facts'}>
      {withIntervals(facts).map(({ key, value, lower, upper }) => (
        <div key={key}>
          <dt title={key}>{label(key)}</dt>
          <dd>
            {key !== 'pi' && <Fact name={key} value={value} decimals={decimals.get(key)} full={full} />}
            {key !== 'pi' && ' '}
            {lower !== undefined && upper !== undefined && (
              <span className="limits">{formatNumber(lower, decimals.get(key === 'pi' ? 'pi_lower' : key) ?? 3, full)} {t('result.to')} {formatNumber(upper, decimals.get(key === 'pi' ? 'pi_lower' : key) ?? 3, full)}</span>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Any part of a result, by its shape. */
export function Values({ results, full, level = 3, first = [] }: { results: Row; full: boolean; level?: number; first?: string[] }) {
  const label = useLabel();
  const { t } = useTranslation();
  const { facts, tables, long, groups, lists } = shapeOf(results, first);
  const lead = tables.filter(([key]) => first.includes(key));
  const heading = Math.min(level, 6) as 3;
  return (
    <Stack gap="md">
      {lead.map(([key, rows]) => <DataTable key={key} rows={rows} caption={label(key)} full={full} />)}
      {facts.length > 0 && (facts.length <= 24
        ? <Facts facts={facts} full={full} />
        : <DataTable rows={facts.map(([name, value]) => ({ name, value }))} full={full} />)}
      {tables.filter(([key]) => !first.includes(key)).map(([key, rows]) => <DataTable key={key} rows={rows} caption={label(key)} full={full} />)}
      {groups.map(([key, row]) => (
        <section key={key} aria-label={label(key)}>
          <Title order={heading} fz="1rem" mb="xs">{label(key)}</Title>
          {level < 6 ? <Values results={row} full={full} level={level + 1} /> : <Code block>{JSON.stringify(row)}</Code>}
        </section>
      ))}
      {long.map(([key, rows]) => (
        <details key={key} className="fold">
          <summary>{label(key)} · {t('result.rows', { count: rows.length })}</summary>
          <DataTable rows={rows} caption={label(key)} full={full} />
        </details>
      ))}
      {lists.filter(([, list]) => list.length > 0).map(([key, list]) => (
        <div key={key}>
          <strong>{label(key)}</strong>{' '}
          {list.length > 60 ? t('table.values', { count: list.length })
              : list.map((v) => (typeof v === 'number' ? formatScalar(key, v, full) : typeof v === 'object' ? JSON.stringify(v) : String(v))).join(', ')}
        </div>
      ))}
    </Stack>
  );
}

interface Props {
  result: ResultDocument;
  title?: ReactNode;
  /** Asks for the same result in another format. */
  as?: (accept: string) => Promise<Blob>;
  /** Instead of every number there is. */
  children?: ReactNode;
  hidePictures?: boolean;
  /** Keys of the results to show before the others. */
  first?: string[];
  headline?: ReactNode;
  /** Stands first among the buttons: "add to report". */
  actions?: ReactNode;
}

export function ResultCard({ result, title, as, children, hidePictures = false, first, headline, actions }: Props) {
  const { t } = useTranslation();
  const [full, setFull] = useState(false);
  const stem = result.operation.replace(/[^\w]+/g, '-');
  const { pictures = [], artifacts = [], ...document } = result;
  const notes = result.notes && result.notes.length > 0 && <div className="sentences">{result.notes.map((n, i) => <p key={i}>{n}</p>)}</div>;
  return (
    <Paper component="article" p={{ base: 'md', sm: 'lg' }} className="surface result" my="md" aria-label={result.title ?? result.operation}>
      <Group justify="space-between" align="start" mb="sm">
        <div>
          <Title order={2} fz="1.2rem">{title ?? result.title ?? result.operation}</Title>
          <span className="quiet">{result.operation.replace('.', ' ')} · Lumbar {result.version}</span>
        </div>
        <Status status={result.status} />
      </Group>
      <Stack gap="md">
        {result.warnings?.length > 0 && (
          <Alert icon={<IconWarning />} title={t('result.warnings', { count: result.warnings.length })} color="var(--lumbar-warn)" variant="default">
            {result.warnings.map((w, i) => <div key={i}>{w}</div>)}
          </Alert>
        )}
        {headline}
        {!hidePictures && pictures.map((p) => <Picture key={p.name} picture={p} />)}
        {!children && notes}
        {children ?? <Values results={result.results} full={full} first={first} />}
        {children && notes}
        <Group className="no-print" gap="sm">
          {actions}
          <Switch label={t('result.full')} checked={full} onChange={(e) => setFull(e.currentTarget.checked)} size="md" display={children ? 'none' : undefined} />
          <Button variant="default" leftSection={<IconDownload size={16} />} onClick={() => keep(`${stem}.json`, JSON.stringify(document, null, 2), 'application/json')}>JSON</Button>
          {as && <Button variant="default" leftSection={<IconDownload size={16} />} onClick={() => void as('text/csv').then((b) => keep(`${stem}.csv`, b))}>CSV</Button>}
          {as && <Button variant="default" leftSection={<IconDownload size={16} />} onClick={() => void as('text/html').then((b) => keep(`${stem}.html`, b))}>HTML</Button>}
          {pictures.map((p) => (
            <Button key={p.name} variant="default" leftSection={<IconDownload size={16} />} onClick={() => keep(`${p.name}.svg`, p.svg, 'image/svg+xml')}>
              {pictures.length > 1 ? `SVG: ${p.name}` : 'SVG'}
            </Button>
          ))}
          <Button variant="default" leftSection={<IconPrint size={16} />} onClick={() => window.print()}>{t('result.print')}</Button>
        </Group>
        {artifacts.length > 0 && (
          <div>
            <strong>{t('result.files')}</strong>
            <ul>{artifacts.map((a) => <li key={a.href}><a href={a.href} download={a.name}>{a.name}</a> <span className="quiet">{formatBytes(a.size)}</span></li>)}</ul>
          </div>
        )}
        <details className="fold">
          <summary>{t('result.origin')}</summary>
          <Origin result={result} />
        </details>
      </Stack>
    </Paper>
  );
}

/** Inputs with their hashes and the parameters: enough to repeat the number elsewhere. */
function Origin({ result }: { result: ResultDocument }) {
  const { t } = useTranslation();
  const parameters = Object.entries(result.parameters ?? {}).filter(([, v]) => v !== null);
  return (
    <Stack gap="sm">
      {result.inputs?.length > 0 && (
        <div>
          <strong>{t('result.inputs')}</strong>
          {result.inputs.map((input, i) => (
            <div key={i}>{input.name}{input.rows != null && ` · ${t('result.rows', { count: input.rows })}`}
              {input.sha256 && <div className="quiet" style={{ overflowWrap: 'anywhere', fontSize: '.85rem' }}>SHA-256 <code>{input.sha256}</code></div>}
            </div>
          ))}
        </div>
      )}
      <div>
        <strong>{t('result.parameters')}</strong>
        {parameters.length === 0 ? <div className="quiet">{t('table.none')}</div>
          : <dl className="facts small">{parameters.map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{typeof v === 'object' ? JSON.stringify(v) : String(v)}</dd></div>)}</dl>}
      </div>
    </Stack>
  );
}

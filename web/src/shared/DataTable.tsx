// A table of a result: words left, numbers aligned at the decimal point, what is missing said with its reason.
import { Button } from '@mantine/core';
import { type ReactNode, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Json, Row } from './api';
import { columnsOf, formatNumber, formatP, isPKey, said, splitAtPoint } from './format';
import { useLabel } from './label';
import { sharedDecimals } from './scale';

interface Column { key: string; number: boolean; decimals: number; fraction: number }

function describeColumns(rows: Row[], keys: string[], full: boolean): Column[] {
  const numbers = new Map<string, number[]>();
  for (const key of keys) {
    const values = rows.map((r) => r[key]).filter((v) => v !== null && v !== undefined);
    if (values.length > 0 && values.every((v) => typeof v === 'number')) numbers.set(key, values);
  }
  const shared = sharedDecimals(numbers);
  return keys.map((key) => {
    const values = numbers.get(key) ?? [];
    const number = numbers.has(key);
    const decimals = shared.get(key) ?? 0;
    const fraction = number
      ? Math.max(0, ...values.map((v) => splitAtPoint(textOf(key, v, decimals, full))[1].length))
      : 0;
    return { key, number, decimals, fraction };
  });
}

function textOf(key: string, value: number, decimals: number, full: boolean): string {
  return isPKey(key) ? formatP(value, full) : formatNumber(value, decimals, full);
}

export function Aligned({ text, fraction }: { text: string; fraction: number }) {
  const [whole, rest] = splitAtPoint(text);
  // the point is narrower than a digit: about a third of an em together with the digits after it
  return <>{whole}<span className="fraction" style={{ minWidth: fraction > 0 ? `calc(${fraction - 1}ch + .3em)` : undefined }}>{rest}</span></>;
}

function Cell({ value, column, full }: { value: Json | undefined; column: Column; full: boolean }) {
  const { t, i18n } = useTranslation();
  if (value === null || value === undefined) {
    return <td className={column.number ? 'number absent' : 'absent'}><span aria-label={t('table.missing')}>–</span></td>;
  }
  if (typeof value === 'number') {
    return <td className="number" title={String(value)}><Aligned text={textOf(column.key, value, column.decimals, full)} fraction={column.fraction} /></td>;
  }
  if (typeof value === 'boolean') return <td>{value ? t('table.yes') : t('table.no')}</td>;
  if (typeof value === 'object') {
    const text = Array.isArray(value) && value.every((v) => typeof v !== 'object') ? value.join(', ') : said(value, i18n.language);
    return <td>{text === '[object Object]' ? JSON.stringify(value) : text}</td>;
  }
  return <td>{value}</td>;
}

interface Props {
  rows: Row[];
  caption?: ReactNode;
  /** What it is called to who cannot see it, where a heading above says so already. */
  name?: string;
  columns?: string[];
  full?: boolean;
  limit?: number;
}

export function DataTable({ rows, caption, name, columns, full = false, limit = 25 }: Props) {
  const { t } = useTranslation();
  const label = useLabel();
  const [all, setAll] = useState(false);
  const described = useMemo(() => describeColumns(rows, columns ?? columnsOf(rows), full), [rows, columns, full]);
  const shown = all ? rows.slice(0, 5000) : rows.slice(0, limit);
  return (
    <div>
      <div className="table-frame" tabIndex={0} role="region" aria-label={name ?? (typeof caption === 'string' ? caption : t('table.table'))}>
        <table className="data">
          {caption && <caption>{caption}</caption>}
          <thead>
            <tr>{described.map((c) => <th key={c.key} scope="col" className={c.number ? 'number' : undefined} title={c.key}>{label(c.key)}</th>)}</tr>
          </thead>
          <tbody>
            {shown.map((row, i) => <tr key={i}>{described.map((c) => <Cell key={c.key} value={row[c.key]} column={c} full={full} />)}</tr>)}
          </tbody>
        </table>
      </div>
      {rows.length > limit && (
        <Button variant="default" mt="xs" className="no-print" onClick={() => setAll(!all)}>
          {all ? t('table.fewer') : t('table.all', { count: rows.length })}
        </Button>
      )}
    </div>
  );
}

// The review's tables, to edit: what Lumbar finds odd in a cell stands beside it, and the results follow every change.
import { Button, Group, Paper, SegmentedControl, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Row } from '../shared/api';
import { parseCsv } from '../shared/csv';
import { keep } from '../shared/download';
import { IconDownload, IconError, IconOk, IconWarning } from '../shared/icons';
import { Failure } from '../shared/states';
import { useOperation } from '../shared/useOperation';
import { edit, FILES, type FileKey, numberOf, rowsOf, type Tables, textOf } from './review';

const PAGE = 40;

function Finding({ row, go }: { row: Row; go: () => void }) {
  const { t } = useTranslation();
  const severity = textOf(row, 'severity') || 'note';
  const bad = severity === 'error';
  return (
    <li>
      <span className="status" data-kind={bad ? 'bad' : severity === 'warning' ? 'warn' : 'good'}>{bad ? <IconError size={16} /> : severity === 'warning' ? <IconWarning size={16} /> : <IconOk size={16} />}{t(`evidence.check.${severity}` as 'evidence.check.error')}</span>{' '}
      {textOf(row, 'study') && <strong>{textOf(row, 'study')}: </strong>}{textOf(row, 'message')}{' '}
      {Number.isFinite(numberOf(row, 'row')) && <button type="button" className="plain" onClick={go}>{textOf(row, 'where')}</button>}
    </li>
  );
}

export function Studies({ tables, change }: { tables: Tables; change: (key: FileKey, csv: string) => void }) {
  const { t } = useTranslation();
  const [which, setWhich] = useState<FileKey>('outcomes');
  const [page, setPage] = useState(0);
  const [original] = useState(tables);
  const csv = tables[which];
  const table = useMemo(() => parseCsv(csv), [csv]);
  const check = useOperation({ operation: 'meta.check', parameters: {}, data: { data: { name: FILES[which], text: csv } } });
  const findings = rowsOf(check.data?.results.findings).filter((f) => f.severity !== 'note');
  const marks = new Map(findings.map((f) => [`${numberOf(f, 'row') - 1}.${textOf(f, 'column')}`, f]));
  const pages = Math.max(1, Math.ceil(table.rows.length / PAGE));
  const first = page * PAGE;
  return (
    <>
      <Group mb="md" gap="md">
        <SegmentedControl size="md" aria-label={t('evidence.check.which')} value={which} onChange={(v) => { setWhich(v as FileKey); setPage(0); }}
          data={(Object.keys(FILES) as FileKey[]).map((key) => ({ value: key, label: t(`evidence.table.${key}` as 'evidence.table.studies') }))} />
        <Button variant="default" leftSection={<IconDownload size={18} />} onClick={() => keep(FILES[which], csv, 'text/csv;charset=utf-8')}>{t('evidence.check.download')}</Button>
        <Button variant="default" disabled={csv === original[which]} onClick={() => change(which, original[which])}>{t('evidence.check.undo')}</Button>
      </Group>
      <Paper p="md" className="surface" mb="md" component="section" aria-label={t('evidence.check.findings')}>
        {check.isError && <Failure error={check.error} />}
        {check.data && findings.length === 0 && <span className="status" data-kind="good"><IconOk />{t('evidence.check.nothing', { n: table.rows.length })}</span>}
        {findings.length > 0 && <ul className="things" style={{ margin: 0 }} data-findings={findings.length}>{findings.slice(0, 12).map((f, i) => <Finding key={i} row={f} go={() => setPage(Math.floor((numberOf(f, 'row') - 1) / PAGE))} />)}</ul>}
        {findings.length > 12 && <Text>{t('evidence.check.more', { n: findings.length - 12 })}</Text>}
      </Paper>
      <div className="table-frame" tabIndex={0} role="region" aria-label={t(`evidence.table.${which}` as 'evidence.table.studies')}>
        <table className="data sheet">
          <thead><tr><th scope="col">#</th>{table.header.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
          <tbody>
            {table.rows.slice(first, first + PAGE).map((row, i) => (
              <tr key={first + i}>
                <th scope="row">{first + i + 1}</th>
                {table.header.map((name, c) => {
                  const mark = marks.get(`${first + i}.${name}`);
                  return (
                    <td key={name} data-mark={mark ? textOf(mark, 'severity') : undefined}>
                      <input value={row[c] ?? ''} size={Math.min(16, Math.max(5, (row[c] ?? '').length + 1))} aria-label={`${name}, ${first + i + 1}`} aria-invalid={mark?.severity === 'error' || undefined}
                        title={mark ? textOf(mark, 'message') : undefined} onChange={(e) => change(which, edit(csv, first + i, c, e.currentTarget.value))} />
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <Group mt="sm">
          <Button variant="default" disabled={page === 0} onClick={() => setPage(page - 1)}>{t('evidence.check.before')}</Button>
          <Text role="status">{t('evidence.check.page', { page: page + 1, pages })}</Text>
          <Button variant="default" disabled={page + 1 >= pages} onClick={() => setPage(page + 1)}>{t('evidence.check.next')}</Button>
        </Group>
      )}
    </>
  );
}

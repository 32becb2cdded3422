// The audit trail with filters: who changed what, when and why; page by page, the newest first.
import { Button, Group, Paper, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { HistoryTable } from '../person/PersonPage';
import { Empty, Loaded } from '../shared/states';
import { get, type HistoryEntry, query } from '../shared/trial';
import { partialDate } from '../shared/when';

const NAMES = ['user', 'subject', 'kind', 'action', 'from', 'to'] as const;

export function AuditRoom() {
  const { t } = useTranslation('trial');
  const [draft, setDraft] = useState<Record<string, string>>({});
  const [asked, setAsked] = useState<Record<string, string>>({});
  const [pages, setPages] = useState<number[]>([]);
  const before = pages.at(-1);
  const audit = useQuery({ queryKey: ['audit', asked, before], queryFn: () => get<{ entries: HistoryEntry[]; next: number | null }>(`/api/audit${query({ ...asked, before })}`), staleTime: 0 });
  const ask = () => {
    const clean = Object.fromEntries(Object.entries(draft).map(([k, v]) => [k, k === 'from' || k === 'to' ? partialDate(v) ?? '' : v.trim()]));
    setAsked(clean);
    setPages([]);
  };
  return (
    <>
      <Paper p="md" className="surface no-print" mb="md">
        <form onSubmit={(e) => { e.preventDefault(); ask(); }}>
          <Group align="flex-end" gap="sm">
            {NAMES.map((n) => <TextInput key={n} label={t(`audit.filter.${n}`)} value={draft[n] ?? ''} onChange={(e) => setDraft({ ...draft, [n]: e.currentTarget.value })} w={{ base: '100%', xs: 150 }} placeholder={n === 'from' || n === 'to' ? '2026-11-28' : undefined} />)}
            <Button type="submit">{t('audit.show')}</Button>
          </Group>
        </form>
      </Paper>
      <Loaded query={audit}>
        {(data) => (data.entries.length === 0 ? <Empty>{t('audit.none')}</Empty> : (
          <>
            <HistoryTable entries={data.entries} />
            <Group mt="md" className="no-print">
              <Button variant="default" disabled={pages.length === 0} onClick={() => setPages(pages.slice(0, -1))}>{t('audit.newer')}</Button>
              <span>{t('audit.page', { page: pages.length + 1 })}</span>
              <Button variant="default" disabled={data.next === null} onClick={() => { if (data.next !== null) setPages([...pages, data.next]); }}>{t('audit.older')}</Button>
            </Group>
          </>
        ))}
      </Loaded>
    </>
  );
}

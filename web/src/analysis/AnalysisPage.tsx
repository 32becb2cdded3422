// From a frozen snapshot to results: the plan with its state, the primary analysis, any analysis by name, and the report.
import { Badge, Group, Paper, Select, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getSnapshots, type Snapshot } from '../shared/api';
import { Page } from '../shared/Page';
import { Empty, Loaded } from '../shared/states';
import { useBasket } from './basket';
import { BasketPanel } from './BasketPanel';
import { OperationsPanel } from './OperationsPanel';
import { PlanPanel } from './PlanPanel';
import { PrimaryPanel } from './PrimaryPanel';

function Chosen({ snapshots, snapshot, choose }: { snapshots: Snapshot[]; snapshot: Snapshot; choose: (id: string) => void }) {
  const { t } = useTranslation();
  const rows = snapshot.tables.find((table) => table.name === 'participants')?.rows ?? snapshot.tables[0]?.rows ?? 0;
  return (
    <Paper p="md" className="surface no-print" mt="md">
      <Group align="end" gap="lg">
        <Select size="md" w={{ base: '100%', sm: '26rem' }} label={t('analysis.snapshot')} allowDeselect={false} value={snapshot.id} onChange={(id) => id && choose(id)}
          data={snapshots.map((s) => ({ value: s.id, label: s.label || s.id }))} />
        <div>
          <Group gap="xs"><Badge variant="outline" color={snapshot.masked ? 'gray' : 'blue'} size="lg">{snapshot.masked ? t('analysis.masked') : t('analysis.unmasked')}</Badge>
            <span className="quiet">{t('analysis.snapshotRows', { tables: snapshot.tables.length, rows })} · {t('analysis.made', { when: snapshot.made.slice(0, 10) })}</span></Group>
          {snapshot.sha256 && <div className="quiet" style={{ fontSize: '.8rem', overflowWrap: 'anywhere' }}>SHA-256 <code>{snapshot.sha256.slice(0, 16)}…</code></div>}
        </div>
      </Group>
    </Paper>
  );
}

export function AnalysisPage() {
  const { t } = useTranslation();
  const snapshots = useQuery({ queryKey: ['snapshots'], queryFn: getSnapshots, retry: false });
  const [chosen, setChosen] = useState<string | null>(null);
  const cards = useBasket();
  return (
    <Page title={t('analysis.title')} lede={t('analysis.lede')}>
      <Loaded query={snapshots}>
        {(list) => {
          const snapshot = list.find((s) => s.id === chosen) ?? list[0];
          if (!snapshot) return <Empty>{t('analysis.noSnapshot')}</Empty>;
          return (
            <>
              <Chosen snapshots={list} snapshot={snapshot} choose={setChosen} />
              <Tabs defaultValue="plan" keepMounted={false} mt="md">
                <Tabs.List className="no-print">
                  <Tabs.Tab value="plan">{t('analysis.plan')}</Tabs.Tab>
                  <Tabs.Tab value="primary">{t('analysis.primary')}</Tabs.Tab>
                  <Tabs.Tab value="more">{t('analysis.more')}</Tabs.Tab>
                  <Tabs.Tab value="report" rightSection={cards.length > 0 ? <Badge size="md" variant="outline" aria-label={t('analysis.cards', { count: cards.length })}>{cards.length}</Badge> : undefined}>{t('analysis.report')}</Tabs.Tab>
                </Tabs.List>
                <Tabs.Panel value="plan" pt="md"><PlanPanel snapshot={snapshot} /></Tabs.Panel>
                <Tabs.Panel value="primary" pt="md"><PrimaryPanel key={snapshot.id} snapshot={snapshot} /></Tabs.Panel>
                <Tabs.Panel value="more" pt="md"><OperationsPanel snapshot={snapshot} /></Tabs.Panel>
                <Tabs.Panel value="report" pt="md"><BasketPanel /></Tabs.Panel>
              </Tabs>
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

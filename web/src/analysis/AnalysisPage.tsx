// From the trial's data to its primary result: one click runs the ANCOVA of the plan, the report of the whole plan stands below.
import { Anchor, Button, Group, Paper, SegmentedControl, Stack, Tabs, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { type Call, getDemo, getDemoText, getOperations, type Row, runAs } from '../shared/api';
import { parseCsv } from '../shared/csv';
import { formatNumber, formatP, isTable } from '../shared/format';
import { addressOf } from '../operations/form';
import { IconPlay, IconPrint } from '../shared/icons';
import { Page } from '../shared/Page';
import { ResultCard } from '../shared/ResultCard';
import { Empty, Failure, Loaded, Waiting } from '../shared/states';
import { useOperation } from '../shared/useOperation';
import { Report } from './Report';

const OUTCOMES = ['odi_12m', 'odi_407d'] as const;

/** The plan's primary model, with the names of the simulated trial. */
export function primaryCall(data: string, outcome: string, form: 'raw' | 'change'): Call {
  const left = form === 'raw' ? outcome : `I(${outcome} - odi_0)`;
  return {
    operation: 'analyse.ancova',
    parameters: { formula: `${left} ~ arm + odi_0 + sex + centre`, treatment: 'arm', reference: 'CONTROL' },
    data: { data: { demo: data } },
  };
}

/** The first contrast as a sentence. */
function Headline({ contrast }: { contrast?: Row }) {
  const { t } = useTranslation();
  if (!contrast || [contrast.estimate, contrast.lower, contrast.upper, contrast.p].some((v) => typeof v !== 'number')) return null;
  const { estimate, lower, upper, p } = contrast as Record<string, number>;
  const text = (v: number) => formatNumber(v, 2);
  const shownP = formatP(p!);
  return (
    <p className="headline">{t('analysis.headline', {
      contrast: String(contrast.contrast).replace(' - ', ' \u2212 '), estimate: text(estimate!), lower: text(lower!), upper: text(upper!), level: 95,
      p: shownP.startsWith('<') ? shownP.replace('<', '< ') : `= ${shownP}`,
    })}</p>
  );
}

function Primary({ data, columns }: { data: string; columns: string[] }) {
  const { t } = useTranslation();
  const outcomes = OUTCOMES.filter((o) => columns.includes(o));
  const [outcome, setOutcome] = useState<string>(outcomes[0] ?? 'odi_12m');
  const [form, setForm] = useState<'raw' | 'change'>('raw');
  const [asked, setAsked] = useState<Call | null>(null);
  const call = primaryCall(data, outcome, form);
  const run = useOperation(asked);
  const current = JSON.stringify(asked) === JSON.stringify(call);
  return (
    <>
      <Paper p={{ base: 'md', sm: 'lg' }} className="surface no-print" component="section" aria-labelledby="primary">
        <Title order={2} id="primary">{t('analysis.primary')}</Title>
        <p className="lede">{t('analysis.primaryText')}</p>
        <Stack gap="sm">
          <Group>
            <SegmentedControl size="md" aria-label={t('analysis.outcome')} value={outcome} onChange={setOutcome}
              data={outcomes.map((o) => ({ value: o, label: t(`analysis.${o}`) }))} />
            <SegmentedControl size="md" aria-label={t('analysis.form')} value={form} onChange={(v) => setForm(v as 'raw')}
              data={[{ value: 'raw', label: t('analysis.raw') }, { value: 'change', label: t('analysis.change') }]} />
          </Group>
          <code className="command">{String(call.parameters.formula)}</code>
          <Group>
            <Button size="md" leftSection={<IconPlay size={18} />} onClick={() => setAsked(call)} loading={run.isFetching}>{t('analysis.run')}</Button>
            <Text className="quiet">{t('analysis.same')}</Text>
          </Group>
        </Stack>
      </Paper>
      <div aria-live="polite">
        {run.isFetching && !run.data && <Waiting />}
        {run.isError && <Failure error={run.error} />}
        {run.data && current && <ResultCard result={run.data} as={(accept) => runAs(call, accept)} first={['contrasts', 'means']} headline={<Headline contrast={isTable(run.data.results.contrasts) ? run.data.results.contrasts[0] : undefined} />} />}
      </div>
    </>
  );
}

export function AnalysisPage() {
  const { t } = useTranslation();
  const demo = useQuery({ queryKey: ['demo'], queryFn: getDemo });
  const people = demo.data?.datasets.find((d) => d.id === 'participants');
  const text = useQuery({ queryKey: ['demo-text', people?.id], queryFn: () => getDemoText(people!.id), enabled: people !== undefined });
  return (
    <Page title={t('analysis.title')} lede={t('analysis.lede')}
      actions={<Button component="a" href="/api/report" target="_blank" rel="noopener" variant="default" leftSection={<IconPrint size={16} />}>{t('analysis.open')}</Button>}>
      <Tabs defaultValue="report" keepMounted={false} mt="md">
        <Tabs.List className="no-print">
          <Tabs.Tab value="report">{t('analysis.report')}</Tabs.Tab>
          <Tabs.Tab value="primary">{t('analysis.primary')}</Tabs.Tab>
          <Tabs.Tab value="more">{t('analysis.more')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="report" pt="md"><Report /></Tabs.Panel>
        <Tabs.Panel value="primary" pt="md">
          <Loaded query={demo}>
            {() => (people ? (
              <Loaded query={text}>{(csv) => <Primary data={people.id} columns={parseCsv(csv).header} />}</Loaded>
            ) : <Empty>{t('home.noPeople')}</Empty>)}
          </Loaded>
        </Tabs.Panel>
        <Tabs.Panel value="more" pt="md"><More /></Tabs.Panel>
      </Tabs>
    </Page>
  );
}

/** The other analyses that exist, each one click from its form. */
function More() {
  const { t } = useTranslation();
  const operations = useQuery({ queryKey: ['ops'], queryFn: getOperations });
  return (
    <Loaded query={operations}>
      {(list) => (
        <ul>
          {list.filter((op) => op.area === 'analyse' || op.area === 'power').map((op) => (
            <li key={op.name} style={{ padding: '.25rem 0' }}><Anchor component={Link} href={addressOf(op)}>{op.area} {op.verb}</Anchor> <span className="quiet">{op.summary}</span></li>
          ))}
          {list.length === 0 && <Empty>{t('operations.nothing')}</Empty>}
        </ul>
      )}
    </Loaded>
  );
}

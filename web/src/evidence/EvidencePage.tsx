// The evidence: a review's analyses as a grid and live, its tables, screening and extraction by two people, bias, certainty.
import { Group, SegmentedControl, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useMay, useSession } from '../session/session';
import { actOnReview, ApiError, type Call, getDemo, getDemoText, getReviews, type Json, type Row } from '../shared/api';
import { Page } from '../shared/Page';
import { Empty, Failure, Loaded, Waiting } from '../shared/states';
import { useOperation } from '../shared/useOperation';
import { Bias, Certainty } from './Certainty';
import { Extraction } from './Extraction';
import { Results } from './Results';
import { FILES, filesOf, type FileKey, rowsOf, type Tables } from './review';
import { PEOPLE, Screening } from './Screening';
import { SingleTable } from './SingleTable';
import { StudyReview } from './StudyReview';
import { Studies } from './Studies';

const TABS = ['results', 'studies', 'screening', 'extraction', 'bias', 'certainty', 'table'] as const;
type Tab = (typeof TABS)[number];

/** The protocol with the judgements of certainty that people logged, so that the review uses them. */
function withOverrides(protocol: string, judgements: Row[]): string {
  if (judgements.length === 0) return protocol;
  const rows = judgements.map((e) => `    - ${JSON.stringify({ cell: e.cell, domain: e.domain, level: e.level, reason: e.reason, who: e.who } as Record<string, Json>)}`).join('\n');
  return protocol.replace(/^certainty:\n/m, `certainty:\n  overrides:\n${rows}\n`);
}

function Who({ viewer, setViewer }: { viewer: string; setViewer: (who: string) => void }) {
  const { t } = useTranslation();
  return (
    <Group mb="md" gap="sm" align="center">
      <Text id="who" fw={600}>{t('evidence.you')}</Text>
      <SegmentedControl size="md" aria-labelledby="who" value={viewer} onChange={setViewer} data={PEOPLE.map((p) => ({ value: p, label: p }))} />
      <Text size="sm" className="quiet">{t('evidence.youText')}</Text>
    </Group>
  );
}

function Review({ protocol, first, tab }: { protocol: string; first: Tables; tab: Tab }) {
  const { t } = useTranslation();
  const [tables, setTables] = useState(first);
  const [correlation, setCorrelation] = useState<number | null>(null);
  const [viewer, setViewer] = useState<string>('R1');
  const reviews = useQuery({ queryKey: ['reviews'], queryFn: getReviews, retry: false });
  const id = reviews.data?.[0]?.id;
  const state = useQuery({ queryKey: ['review', id, viewer], queryFn: () => actOnReview(id!, viewer), enabled: id !== undefined, retry: false });
  const judgements = rowsOf(state.data?.certainty);
  const text = useMemo(() => withOverrides(protocol, judgements), [protocol, judgements]);
  const call: Call = {
    operation: 'meta.review', parameters: { figures: 'none', ...(correlation === null ? {} : { correlation }) },
    data: { review: { name: 'review.yaml', text }, files: filesOf(tables) },
  };
  const review = useOperation(tab === 'results' || tab === 'certainty' ? call : null);
  const change = (key: FileKey, csv: string) => setTables((old) => ({ ...old, [key]: csv }));
  const people = tab === 'screening' || tab === 'extraction' || tab === 'certainty';
  const refused = reviews.error instanceof ApiError && reviews.error.status === 403;
  return (
    <>
      {people && id && <Who viewer={viewer} setViewer={setViewer} />}
      {review.isError && <Failure error={review.error} />}
      {tab === 'results' && (review.data ? <Results results={review.data.results} studies={tables.studies} risk={tables.rob2} correlation={correlation} setCorrelation={setCorrelation} /> : review.isPending && <Waiting />)}
      {tab === 'studies' && <Studies tables={tables} change={change} />}
      {tab === 'bias' && <Bias risk={tables.rob2} />}
      {(tab === 'screening' || tab === 'extraction') && refused && <Empty>{t('evidence.noRight')}</Empty>}
      {(tab === 'screening' || tab === 'extraction') && !refused && reviews.isError && <Failure error={reviews.error} again={() => void reviews.refetch()} />}
      {(tab === 'screening' || tab === 'extraction') && reviews.data && !id && <Empty>{t('evidence.noReview')}</Empty>}
      {(tab === 'screening' || tab === 'extraction') && id && (
        <Loaded query={state}>{(data) => (tab === 'screening' ? <Screening id={id} viewer={viewer} state={data} /> : <Extraction id={id} viewer={viewer} state={data} />)}</Loaded>
      )}
      {tab === 'certainty' && (review.data ? <Certainty results={review.data.results} id={id ?? ''} viewer={viewer} state={state.data} /> : review.isPending && <Waiting />)}
    </>
  );
}

export function EvidencePage({ tab = 'results' }: { tab?: string }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const may = useMay();
  const study = useSession().mode === 'study';
  const offered = study ? TABS.filter((name) => (name === 'table' && may('analyse')) || ((name === 'screening' || name === 'extraction') && may('review.read'))) : TABS;
  const here: Tab = offered.find((name) => name === tab) ?? offered[0] ?? 'screening';
  const demo = useQuery({ queryKey: ['demo'], queryFn: getDemo, enabled: !study });
  const has = demo.data?.datasets.some((s) => s.id === 'review_protocol') ?? false;
  const texts = useQuery({
    queryKey: ['review-files'], enabled: has,
    queryFn: async () => {
      const [protocol, ...files] = await Promise.all(['protocol', ...Object.keys(FILES)].map((key) => getDemoText(`review_${key}`)));
      const tables = Object.fromEntries(Object.keys(FILES).map((key, i) => [key, files[i]!]));
      return { protocol: protocol!, tables: { ...tables, protocol: { demo: 'review_protocol' } } as unknown as Tables };
    },
  });
  return (
    <Page title={t('evidence.title')} lede={study ? t('evidence.ledeStudy') : t('evidence.ledeReview')}>
      <Tabs value={here} onChange={(value) => go(value === 'results' ? '/evidence' : `/evidence/${value}`)} mb="md" keepMounted={false}>
        <Tabs.List>{offered.map((name) => <Tabs.Tab key={name} value={name} style={{ minHeight: 44 }}>{t(`evidence.tab.${name}`)}</Tabs.Tab>)}</Tabs.List>
        <Tabs.Panel value={here} pt="md">
          {offered.length === 0 ? <Empty>{t('evidence.noRight')}</Empty> : here === 'table' ? <SingleTable /> : study ? <StudyReview tab={here === 'extraction' ? 'extraction' : 'screening'} /> : (
            <Loaded query={demo}>
              {() => (has ? <Loaded query={texts}>{({ protocol, tables }) => <Review protocol={protocol} first={tables} tab={here} />}</Loaded> : <Empty>{t('evidence.noSet')}</Empty>)}
            </Loaded>
          )}
        </Tabs.Panel>
      </Tabs>
      {!study && <Text size="sm" className="quiet no-print">{t('evidence.invented')}</Text>}
    </Page>
  );
}

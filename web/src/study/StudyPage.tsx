// One study as readable pages, made from `study describe`: the same file that runs it.
import { Paper, SegmentedControl, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { getStudies, getStudy, type Row, type StudyEntry } from '../shared/api';
import { said } from '../shared/format';
import { Page } from '../shared/Page';
import { Empty, Loaded } from '../shared/states';
import { Part } from './parts';
import { Names, namesOf } from './Readable';
import { sectionsOf } from './sections';

function useSectionTitle() {
  const { t, i18n } = useTranslation();
  return (key: string) => (i18n.exists(`study.section.${key}`) ? t(`study.section.${key}` as 'study.section.arms')
    : key.replaceAll('_', ' ').replace(/^./, (c) => c.toUpperCase()));
}

export function Sections({ study }: { study: Row }) {
  const { t } = useTranslation();
  const title = useSectionTitle();
  const sections = sectionsOf(study);
  return (
    <Names.Provider value={namesOf(study)}>
      <nav aria-label={t('study.contents')} className="no-print" style={{ display: 'flex', flexWrap: 'wrap', gap: '.3rem 1rem', margin: '1rem 0' }}>
        {sections.map((key) => <a key={key} href={`#${key}`} style={{ padding: '.25rem 0' }}>{title(key)}</a>)}
      </nav>
      {sections.map((key) => (
        <Paper key={key} p={{ base: 'md', sm: 'lg' }} className="surface prose" mb="md" component="section" id={key} aria-labelledby={`h-${key}`}
          style={key === 'contradictions' ? { borderLeft: '5px solid var(--lumbar-warn)' } : undefined}>
          <Title order={2} id={`h-${key}`} mb="sm">{title(key)}</Title>
          <Part name={key} study={study} />
        </Paper>
      ))}
    </Names.Provider>
  );
}

const titleOf = (study: Row, language: string) => said(study.title, language);

export function StudyPage({ id }: { id: string }) {
  const { t, i18n } = useTranslation();
  const [, go] = useLocation();
  const studies = useQuery({ queryKey: ['studies'], queryFn: getStudies });
  const study = useQuery({ queryKey: ['study', id], queryFn: () => getStudy(id) });
  const name = (s: StudyEntry) => s.acronym ?? s.id.toUpperCase();
  const entry = studies.data?.find((s) => s.id === id);
  return (
    <Page title={entry ? `${t('rail.study')}: ${name(entry)}` : t('rail.study')} lede={study.data ? titleOf(study.data, i18n.language) || t('study.lede') : t('study.lede')}
      actions={(studies.data?.length ?? 0) > 1 ? (
        <SegmentedControl size="md" aria-label={t('study.choose')} value={id} onChange={(next) => go(`/study/${next}`)}
          data={studies.data!.map((s) => ({ value: s.id, label: name(s) }))} />
      ) : undefined}>
      {studies.data?.length === 0 ? <Empty>{t('study.none')}</Empty> : <Loaded query={study}>{(data) => <Sections study={data} />}</Loaded>}
    </Page>
  );
}

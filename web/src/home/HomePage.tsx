// The first page: what this is, how far the trial is, and what to look at next, in order.
import { Alert, Paper, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { getDemo, getDemoText, getHealth, getStudy } from '../shared/api';
import { parseCsv } from '../shared/csv';
import { said } from '../shared/format';
import { IconInfo, IconNext } from '../shared/icons';
import { Page } from '../shared/Page';
import { Empty, Loaded, Waiting } from '../shared/states';
import { type Enrolment, enrolmentOf } from './enrolment';

const STEPS = [
  { to: '/study/metnlbp', key: 'study' },
  { to: '/analysis', key: 'report' },
  { to: '/imaging', key: 'scan' },
  { to: '/evidence', key: 'forest' },
  { to: '/model', key: 'model' },
  { to: '/operations/power/means', key: 'power' },
  { to: '/operations', key: 'operations' },
] as const;

function Sites({ enrolment }: { enrolment: Enrolment }) {
  const { t } = useTranslation();
  const longest = Math.max(1, ...enrolment.sites.flatMap((s) => [s.enrolled, s.target ?? 0]));
  return (
    <>
      <p>{enrolment.target === null ? t('home.enrolledOnly', { n: enrolment.enrolled })
        : t('home.enrolled', { n: enrolment.enrolled, target: enrolment.target })}</p>
      <div role="list" aria-label={t('home.bySite')}>
        {enrolment.sites.map((site) => (
          <div className="bar-row" role="listitem" key={site.id}>
            <span>{site.name}</span>
            <span className="bar-track" aria-hidden="true">
              <span className="bar-fill" style={{ width: `${(100 * site.enrolled) / longest}%` }} />
              {site.target !== null && <span className="bar-target" style={{ left: `${(100 * site.target) / longest}%` }} />}
            </span>
            <span style={{ textAlign: 'right' }}>{site.target === null ? site.enrolled : t('home.ofTarget', { n: site.enrolled, target: site.target })}</span>
          </div>
        ))}
      </div>
      <p className="quiet" style={{ marginBottom: 0 }}><span aria-hidden="true" style={{ display: 'inline-block', width: 3, height: '1em', background: 'currentColor', verticalAlign: '-.15em', marginRight: 6 }} />{enrolment.shared ? t('home.shareMark') : t('home.targetMark')}</p>
    </>
  );
}

function EnrolmentCard({ set, study }: { set: string; study: string }) {
  const { i18n } = useTranslation();
  const people = useQuery({ queryKey: ['demo-text', set], queryFn: () => getDemoText(set) });
  const protocol = useQuery({ queryKey: ['study', study], queryFn: () => getStudy(study), retry: false });
  if (protocol.isPending) return <Waiting />;
  return <Loaded query={people}>{(text) => <Sites enrolment={enrolmentOf(parseCsv(text), protocol.data, i18n.language)} />}</Loaded>;
}

export function HomePage() {
  const { t, i18n } = useTranslation();
  const health = useQuery({ queryKey: ['health'], queryFn: getHealth });
  const demo = useQuery({ queryKey: ['demo'], queryFn: getDemo });
  const people = demo.data?.datasets.find((d) => d.id === 'participants');
  const study = demo.data?.study ?? 'metnlbp';
  const protocol = useQuery({ queryKey: ['study', study], queryFn: () => getStudy(study), retry: false, enabled: demo.isSuccess });
  return (
    <Page title={t('home.title')} lede={t('home.lede')}>
      {health.data?.demo && (
        <Alert icon={<IconInfo />} variant="light" color="lumbar" title={t('home.demoTitle', { count: people?.rows ?? 314 })} mb="lg"
          styles={{ title: { color: 'var(--mantine-color-text)' }, message: { color: 'var(--mantine-color-text)' }, icon: { color: 'var(--mantine-color-anchor)' } }}>
          {t('home.demoText')}
        </Alert>
      )}
      <Paper p={{ base: 'md', sm: 'lg' }} className="surface" mb="lg" component="section" aria-labelledby="enrolment">
        <Title order={2} id="enrolment">{t('home.enrolment')}{protocol.data ? ` · ${said(protocol.data.acronym ?? study.toUpperCase(), i18n.language)}` : ''}</Title>
        <Loaded query={demo}>
          {() => (people ? <EnrolmentCard set={people.id} study={study} /> : <Empty>{t('home.noPeople')}</Empty>)}
        </Loaded>
      </Paper>
      <Title order={2} mb="sm">{t('home.next')}</Title>
      <ol className="steps">
        {STEPS.map(({ to, key }, i) => (
          <li key={key}>
            <Link href={to} className="step">
              <span className="count" aria-hidden="true">{i + 1}</span>
              <span><strong>{t(`home.step.${key}.title`)}</strong><span className="what">{t(`home.step.${key}.text`)}</span></span>
              <IconNext />
            </Link>
          </li>
        ))}
      </ol>
    </Page>
  );
}

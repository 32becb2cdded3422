// A running study: the frame with the rail of one's role, and which page stands at which address.
import { AppShell, Badge, Burger, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { lazy, type ReactNode, Suspense, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { Ground, Language } from '../app/Shell';
import { BoardPage } from '../board/BoardPage';
import { FormPage } from '../entry/FormPage';
import { SettlePage } from '../entry/SettlePage';
import { StudyRooms } from '../manage/StudyRooms';
import { PeoplePage } from '../people/PeoplePage';
import { PersonPage } from '../person/PersonPage';
import { QualityPage } from '../quality/QualityPage';
import { RandomisePage } from '../randomise/RandomisePage';
import { SafetyPage } from '../safety/SafetyPage';
import { Boundary } from '../shared/Boundary';
import { said } from '../shared/format';
import { IconUser } from '../shared/icons';
import { Page } from '../shared/Page';
import { Empty, Failure, Waiting } from '../shared/states';
import { TodayPage } from '../today/TodayPage';
import { AccountPage } from './AccountPage';
import { railFor } from './rail';
import { loadSession, useSession, useSessionState } from './session';
import { SignInAgain, SignInPage } from './SignIn';

const ScansPage = lazy(() => import('../viewer/ScansPage'));
const AnalysisPage = lazy(() => import('../analysis/AnalysisPage').then((m) => ({ default: m.AnalysisPage })));
const ModelPage = lazy(() => import('../model/ModelPage').then((m) => ({ default: m.ModelPage })));
const EvidencePage = lazy(() => import('../evidence/EvidencePage').then((m) => ({ default: m.EvidencePage })));

function Frame({ children }: { children: ReactNode }) {
  const { t, i18n } = useTranslation('trial');
  const { t: frame } = useTranslation();
  const session = useSession();
  const [open, { toggle, close }] = useDisclosure(false);
  const [location] = useLocation();
  useEffect(close, [location, close]);
  const study = session.study;
  return (
    <AppShell header={{ height: 60 }} navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !open } }} padding={{ base: 'sm', sm: 'lg' }}>
      <AppShell.Header className="surface">
        <a className="skip" href="#content" onClick={(e) => { e.preventDefault(); document.getElementById('content')?.focus(); }}>{frame('frame.skip')}</a>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="sm">
          <Group gap="sm" wrap="nowrap" miw={0}>
            {session.signed_in && <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={frame('frame.menu')} aria-expanded={open} />}
            <img src="/lumbar.svg" alt="" width={30} height={30} />
            <Text fw={700} fz="lg" visibleFrom="xs">Lumbar</Text>
            {study && <Text visibleFrom="md" c="dimmed" truncate title={said(study.title, i18n.language)}>{study.acronym ?? study.id}</Text>}
            {study?.state && study.state !== 'running' && <Badge visibleFrom="md" variant="outline" color="var(--lumbar-warn)" c="var(--lumbar-warn)" size="lg">{t(`state.${study.state}` as 'state.locked')}</Badge>}
          </Group>
          <Group gap="xs" wrap="nowrap">
            {session.signed_in && (
              <Link href="/account" className="account-link" title={`${t('account.title')}: ${session.user?.full_name ?? session.user?.name ?? ''}`}>
                <IconUser /><span className="only-heard">{t('account.title')}: </span><span className="wide-only">{said(session.user?.role_label ?? session.user?.role ?? '', i18n.language)}</span>
              </Link>
            )}
            <Language />
            <Ground />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" className="surface" aria-label={frame('frame.pages')} display={session.signed_in && (session.must ?? []).length === 0 ? undefined : 'none'}>
        {session.signed_in && (session.must ?? []).length === 0 && railFor(session.may).map(({ to, key, icon: Icon }) => {
          const here = to === '/' ? location === '/' : location === to || location.startsWith(`${to}/`);
          return <Link key={to} href={to} className="rail-link" aria-current={here ? 'page' : undefined}><Icon />{t(`rail.${key}`)}</Link>;
        })}
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>{children}</AppShell.Main>
    </AppShell>
  );
}

function Missing() {
  const { t } = useTranslation();
  return <Page title={t('missing.title')}><Empty>{t('missing.text')}</Empty></Page>;
}

function Pages() {
  return (
    <Suspense fallback={<Waiting />}>
      <Switch>
        <Route path="/" component={TodayPage} />
        <Route path="/people" component={PeoplePage} />
        <Route path="/people/:subject">{({ subject }) => <PersonPage key={subject} subject={subject} />}</Route>
        <Route path="/people/:subject/randomise">{({ subject }) => <RandomisePage key={subject} subject={subject} />}</Route>
        <Route path="/people/:subject/:visit/:form">{({ subject, visit, form }) => <FormPage key={`${subject}|${visit}|${form}`} subject={subject} visit={visit} form={form} />}</Route>
        <Route path="/people/:subject/:visit/:form/settle">{({ subject, visit, form }) => <SettlePage key={`${subject}|${visit}|${form}`} subject={subject} visit={visit} form={form} />}</Route>
        <Route path="/imaging/*?" component={ScansPage} />
        <Route path="/safety" component={SafetyPage} />
        <Route path="/board" component={BoardPage} />
        <Route path="/quality"><Redirect to="/quality/queries" replace /></Route>
        <Route path="/quality/:room">{({ room }) => <QualityPage room={room} />}</Route>
        <Route path="/analysis" component={AnalysisPage} />
        <Route path="/model" component={ModelPage} />
        <Route path="/evidence"><EvidencePage /></Route>
        <Route path="/evidence/:tab">{({ tab }) => <EvidencePage tab={tab} />}</Route>
        <Route path="/study"><Redirect to="/study/protocol" replace /></Route>
        <Route path="/study/:room">{({ room }) => <StudyRooms room={room} />}</Route>
        <Route path="/account" component={AccountPage} />
        <Route component={Missing} />
      </Switch>
    </Suspense>
  );
}

export function TrialApp() {
  const { session, failure } = useSessionState();
  const [location] = useLocation();
  const signedIn = session?.signed_in === true;
  const must = session?.must ?? [];
  return (
    <Frame>
      {failure !== null && !session ? <Failure error={failure} again={() => void loadSession()} />
        : !signedIn ? <SignInPage />
          : must.length > 0 ? <AccountPage /> : <Boundary at={location}><Pages /></Boundary>}
      <SignInAgain />
    </Frame>
  );
}

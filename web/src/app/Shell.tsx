// The frame of every page: header with the study's name, language and ground; the rail on the left, a burger on a phone.
import { ActionIcon, AppShell, Badge, Burger, Group, SegmentedControl, Text, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { LANGUAGES } from '../i18n';
import { getDemo, getHealth, getStudies } from '../shared/api';
import { said } from '../shared/format';
import { IconAnalysis, IconEvidence, IconHome, IconImaging, IconModel, IconMoon, IconOperations, IconStudy, IconSun } from '../shared/icons';

const RAIL = [
  { to: '/', key: 'home', icon: IconHome },
  { to: '/imaging', key: 'imaging', icon: IconImaging },
  { to: '/analysis', key: 'analysis', icon: IconAnalysis },
  { to: '/model', key: 'model', icon: IconModel },
  { to: '/evidence', key: 'evidence', icon: IconEvidence },
  { to: '/study', key: 'study', icon: IconStudy },
  { to: '/operations', key: 'operations', icon: IconOperations },
] as const;

export function Ground() {
  const { t } = useTranslation();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const dark = scheme === 'dark';
  return (
    <ActionIcon variant="default" size={36} onClick={() => setColorScheme(dark ? 'light' : 'dark')}
      aria-label={dark ? t('frame.toLight') : t('frame.toDark')} title={dark ? t('frame.toLight') : t('frame.toDark')}>
      {dark ? <IconSun /> : <IconMoon />}
    </ActionIcon>
  );
}

export function Language() {
  const { t, i18n } = useTranslation();
  return (
    <SegmentedControl size="sm" aria-label={t('frame.language')} value={i18n.language} onChange={(code) => void i18n.changeLanguage(code)}
      data={LANGUAGES.map((l) => ({ value: l.code, label: <span lang={l.code} title={l.name}>{l.short}</span> }))} />
  );
}

export function Shell({ children }: { children: ReactNode }) {
  const { t, i18n } = useTranslation();
  const [open, { toggle, close }] = useDisclosure(false);
  const [location] = useLocation();
  const health = useQuery({ queryKey: ['health'], queryFn: getHealth });
  const demo = useQuery({ queryKey: ['demo'], queryFn: getDemo });
  const studies = useQuery({ queryKey: ['studies'], queryFn: getStudies });
  const study = studies.data?.find((s) => s.id === demo.data?.study) ?? studies.data?.[0];

  useEffect(close, [location, close]);

  return (
    <AppShell header={{ height: 60 }} navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !open } }} padding={{ base: 'sm', sm: 'lg' }}>
      <AppShell.Header className="surface">
        <a className="skip" href="#content" onClick={(e) => { e.preventDefault(); document.getElementById('content')?.focus(); }}>{t('frame.skip')}</a>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="sm">
          <Group gap="sm" wrap="nowrap" miw={0}>
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('frame.menu')} aria-expanded={open} />
            <img src="/lumbar.svg" alt="" width={30} height={30} />
            <Text fw={700} fz="lg" visibleFrom="xs">Lumbar</Text>
            {study && <Text visibleFrom="md" c="dimmed" truncate title={said(study.title, i18n.language)}>{study.acronym ?? study.id.toUpperCase()}</Text>}
            {health.data?.demo && <Badge visibleFrom="md" variant="outline" color="var(--mantine-color-anchor)" c="var(--mantine-color-anchor)" size="lg">{t('frame.demo')}</Badge>}
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Language />
            <Ground />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" className="surface" aria-label={t('frame.pages')}>
        {RAIL.map(({ to, key, icon: Icon }) => {
          const here = to === '/' ? location === '/' : location === to || location.startsWith(`${to}/`);
          return (
            <Link key={to} href={to} className="rail-link" aria-current={here ? 'page' : undefined}>
              <Icon />{t(`rail.${key}`)}
            </Link>
          );
        })}
        <Text mt="auto" fz="sm" c="dimmed" p="xs">{health.data ? `Lumbar ${health.data.version}` : ''}</Text>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>{children}</AppShell.Main>
    </AppShell>
  );
}

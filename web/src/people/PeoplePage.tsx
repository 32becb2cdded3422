// Everyone in the study at a glance, and the way to each.
import { Button, Group, NativeSelect, Paper, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useMay, useSession } from '../session/session';
import { Act } from '../shared/Dialog';
import { Mark } from '../shared/Mark';
import { Page } from '../shared/Page';
import { Empty, Loaded } from '../shared/states';
import { get, type People, post } from '../shared/trial';
import { useSites } from '../shared/useSites';
import { type Filter, keep, NO_FILTER } from './filter';
import { Matrix } from './Matrix';

const LEGEND = ['not_due', 'due', 'started', 'complete', 'verified', 'signed', 'frozen', 'locked', 'missed'];

/** The filter stays while one goes to a person and back. */
let kept: Filter = NO_FILTER;

function Filters({ filter, set, sites, states }: { filter: Filter; set: (f: Filter) => void; sites: string[]; states: string[] }) {
  const { t } = useTranslation('trial');
  const site = useSites();
  const only = ['', 'due', 'missed', 'queries'] as const;
  return (
    <Group gap="sm" align="flex-end" mb="sm" className="no-print">
      <TextInput label={t('people.find')} value={filter.text} onChange={(e) => set({ ...filter, text: e.currentTarget.value })} w={{ base: '100%', xs: 160 }} />
      {sites.length > 1 && <NativeSelect label={t('people.site')} value={filter.site} onChange={(e) => set({ ...filter, site: e.currentTarget.value })} data={[{ value: '', label: t('people.all') }, ...sites.map((s) => ({ value: s, label: site.short(s) }))]} />}
      <NativeSelect label={t('people.state')} value={filter.state} onChange={(e) => set({ ...filter, state: e.currentTarget.value })} data={[{ value: '', label: t('people.all') }, ...states.map((s) => ({ value: s, label: t(`state.${s}` as 'state.due') }))]} />
      <NativeSelect label={t('people.only')} value={filter.only} onChange={(e) => set({ ...filter, only: e.currentTarget.value as Filter['only'] })} data={only.map((o) => ({ value: o, label: t(`people.only_${o === '' ? 'all' : o}`) }))} />
      {filter !== NO_FILTER && <Button variant="subtle" onClick={() => set(NO_FILTER)}>{t('people.clear')}</Button>}
    </Group>
  );
}

function NewPerson() {
  const { t } = useTranslation('trial');
  const { user } = useSession();
  const [, go] = useLocation();
  const client = useQueryClient();
  const site = useSites();
  const own = user?.sites?.length ? user.sites : site.all.map((s) => s.id);
  const made = (answer: unknown) => {
    void client.invalidateQueries({ queryKey: ['people'] });
    go(`/people/${encodeURIComponent((answer as { subject: string }).subject)}`);
  };
  return (
    <Act label={t('people.add')} variant="filled" title={t('people.add')} text={t('people.addText')} action={t('people.addDo')} done={made} send={(v) => post('/api/people', v)}
      fields={[{ name: 'site', label: t('people.site'), kind: own.length > 0 ? 'choice' : 'text', required: true, initial: own.length === 1 ? own[0]! : '', options: own.map((s) => ({ value: s, label: site.name(s) })) }]} />
  );
}

export function PeoplePage() {
  const { t } = useTranslation('trial');
  const may = useMay();
  const [filter, setFilter] = useState(kept);
  const people = useQuery({ queryKey: ['people'], queryFn: () => get<People>('/api/people'), staleTime: 0 });
  const set = (next: Filter) => { kept = next; setFilter(next); };
  const shown = useMemo(() => (people.data ? keep(people.data.people, filter) : []), [people.data, filter]);
  return (
    <Page title={t('rail.people')} lede={t('people.lede')} actions={may('people.add') ? <NewPerson /> : undefined}>
      <Loaded query={people}>
        {(data) => (data.people.length === 0 ? <Empty>{t('people.none')}</Empty> : (
          <>
            <Filters filter={filter} set={set} sites={[...new Set(data.people.map((p) => p.site))].sort()} states={[...new Set(data.people.map((p) => p.state))]} />
            <Text size="sm" c="dimmed" mb={4} role="status">{t('people.shown', { n: shown.length, all: data.people.length })}</Text>
            {shown.length === 0 ? <Empty>{t('people.nothing')}</Empty> : <Matrix visits={data.visits} people={shown} adherence={data.people.some((p) => p.adherence !== null && p.adherence !== undefined)} />}
            <Paper p="sm" mt="sm" className="surface" aria-label={t('matrix.legend')} component="section">
              <Group gap="md">{LEGEND.map((s) => <Mark key={s} state={s} />)}<Mark state="open" word={t('matrix.hasQuery')} /></Group>
              <Text size="sm" c="dimmed" mt={6}>{t('matrix.keys')}</Text>
            </Paper>
          </>
        ))}
      </Loaded>
    </Page>
  );
}

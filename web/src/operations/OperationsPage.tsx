// Every operation Lumbar has, by area, with a search over what each says of itself.
import { Card, SimpleGrid, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { getOperations, type Operation } from '../shared/api';
import { IconSearch } from '../shared/icons';
import { Page } from '../shared/Page';
import { Empty, Loaded } from '../shared/states';
import { addressOf, matches } from './form';

// In the order of the work: conduct, measure, analyse, predict, pool.
const ORDER = ['study', 'randomise', 'instrument', 'safety', 'image', 'muscle', 'radiomics', 'emg', 'power', 'analyse', 'predict', 'meta'];

export function areasOf(operations: Operation[]): [string, Operation[]][] {
  const areas = new Map<string, Operation[]>();
  for (const op of operations) areas.set(op.area, [...(areas.get(op.area) ?? []), op]);
  const place = (area: string) => (ORDER.includes(area) ? ORDER.indexOf(area) : ORDER.length);
  return [...areas].sort(([a], [b]) => place(a) - place(b) || a.localeCompare(b));
}

export function OperationsPage() {
  const { t, i18n } = useTranslation();
  const operations = useQuery({ queryKey: ['ops'], queryFn: getOperations });
  const [search, setSearch] = useState('');
  return (
    <Page title={t('operations.title')} lede={t('operations.lede')}>
      <Loaded query={operations}>
        {(list) => {
          const found = list.filter((op) => matches(op, search));
          return (
            <>
              <TextInput type="search" size="md" maw="30rem" leftSection={<IconSearch />} label={t('operations.search')} value={search}
                onChange={(e) => setSearch(e.currentTarget.value)} mb="xs" />
              <Text role="status" className="quiet" mb="md">{t('operations.found', { count: found.length })}</Text>
              {found.length === 0 && <Empty>{t('operations.nothing')}</Empty>}
              {areasOf(found).map(([area, ops]) => (
                <section key={area} aria-labelledby={`area-${area}`}>
                  <Title order={2} id={`area-${area}`} mt="lg" mb="xs" fz="1.15rem">
                    {i18n.exists(`area.${area}`) ? t(`area.${area}` as 'area.meta') : area}
                  </Title>
                  <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing="sm">
                    {ops.map((op) => (
                      <Card key={op.name} component={Link} href={addressOf(op)} withBorder className="surface step-card" p="md">
                        <Text fw={650} td="underline">{op.area} {op.verb}</Text>
                        <Text c="dimmed" fz="sm">{op.summary}</Text>
                      </Card>
                    ))}
                  </SimpleGrid>
                </section>
              ))}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

// Every analysis by its name: choose one, fill the form that its declaration makes, on the tables of the snapshot.
import { NavLink, Paper, Select, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getOperations, type Snapshot } from '../shared/api';
import { Loaded } from '../shared/states';
import { OperationForm } from '../operations/OperationForm';
import { AddToReport } from './AddToReport';

const AREAS = ['analyse', 'power'];
/** They have their own place on this page. */
const ELSEWHERE = ['analyse.plan', 'analyse.rehearse', 'analyse.lock', 'analyse.amend'];

export function OperationsPanel({ snapshot }: { snapshot: Snapshot }) {
  const { t } = useTranslation();
  const operations = useQuery({ queryKey: ['ops'], queryFn: getOperations });
  const [name, setName] = useState<string | null>(null);
  return (
    <Loaded query={operations}>
      {(all) => {
        const list = all.filter((op) => AREAS.includes(op.area) && !ELSEWHERE.includes(op.name));
        const op = list.find((o) => o.name === name);
        return (
          <>
            <Paper p={{ base: 'md', sm: 'lg' }} className="surface no-print" mb="md" component="section" aria-labelledby="by-name">
              <Title order={2} id="by-name" fz="1.2rem" mb="xs">{t('analysis.more')}</Title>
              <Select size="md" maw="34rem" searchable clearable label={t('analysis.find')} placeholder={t('analysis.choose')} nothingFoundMessage={t('analysis.nothingFound')} value={name} onChange={setName}
                data={AREAS.map((area) => ({ group: area, items: list.filter((o) => o.area === area).map((o) => ({ value: o.name, label: `${o.area} ${o.verb}` })) }))} />
              {op && <Text mt="sm">{op.summary}</Text>}
              {op?.description && <details className="fold"><summary>{t('analysis.about')}</summary>{op.description.split(/\n\s*\n/).map((text, i) => <p key={i} className="lede">{text}</p>)}</details>}
              {!op && <nav aria-label={t('analysis.more')} className="analysis-list">{list.map((o) => <NavLink key={o.name} component="button" label={`${o.area} ${o.verb}`} description={o.summary} onClick={() => setName(o.name)} />)}</nav>}
            </Paper>
            {op && <OperationForm key={`${op.name}/${snapshot.id}`} op={op} snapshot={snapshot} actions={(card) => <AddToReport card={card} />} />}
          </>
        );
      }}
    </Loaded>
  );
}

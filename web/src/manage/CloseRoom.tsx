// The end of the data: what is still open, the lock, the unblinding after it; and the report on the randomisation for those unmasked.
import { Group, Paper, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ReportBody } from '../board/BoardPage';
import { loadSession, useMay, useSession } from '../session/session';
import type { Row } from '../shared/api';
import { Act } from '../shared/Dialog';
import { Mark } from '../shared/Mark';
import { Loaded } from '../shared/states';
import { get, post } from '../shared/trial';

export function CloseRoom() {
  const { t } = useTranslation('trial');
  const may = useMay();
  const { study } = useSession();
  const client = useQueryClient();
  const [said, setSaid] = useState<Row | null>(null);
  const done = (answer: unknown) => { setSaid(answer as Row); void loadSession(); void client.invalidateQueries(); };
  const password = { name: 'password', label: t('form.passwordAgain'), kind: 'password' as const, required: true };
  const report = useQuery({ queryKey: ['randomisation-report'], queryFn: () => get<Row>('/api/randomisation/report'), enabled: may('randomisation.report'), staleTime: 0 });
  const obstacles = useQuery({ queryKey: ['obstacles'], queryFn: () => get<{ count: number; obstacles: Record<string, number> }>('/api/study/lock'), enabled: may('study.lock') && study?.state === 'running', staleTime: 0 });
  return (
    <>
      <Paper p="md" className="surface" mb="md">
        <Title order={2} mb={4}>{t('close.state')} <Mark state={study?.state ?? 'running'} /></Title>
        <Text mb="md" maw="46rem">{t('close.text')}</Text>
        <Group>
          {may('study.open') && study?.state !== 'running' && <Act label={t('close.open')} title={t('close.open')} text={t('close.openText')} action={t('close.open')} send={(v) => post('/api/study/open', v)} done={done} fields={[{ name: 'reason', label: t('form.why'), kind: 'area', required: true }, password]} />}
          {may('study.lock') && study?.state !== 'locked' && study?.state !== 'unblinded' && <Act label={t('close.lock')} danger title={t('close.lock')} text={t('close.lockText')} action={t('close.lock')} send={(v) => post('/api/study/lock', v)} done={done} fields={[{ name: 'reason', label: t('close.lockReason'), kind: 'area', required: (obstacles.data?.count ?? 0) > 0 }, password]}>{obstacles.data && obstacles.data.count > 0 && <div role="note"><p className="status wrap" data-kind="warn">{t('close.obstacles', { count: obstacles.data.count })}</p><ul>{Object.entries(obstacles.data.obstacles).filter(([, n]) => n > 0).map(([k, n]) => <li key={k}>{t(`close.obstacle.${k}` as 'close.obstacle.open_queries', { defaultValue: k.replaceAll('_', ' ') })}: {n}</li>)}</ul></div>}</Act>}
          {may('study.unblind') && study?.state === 'locked' && <Act label={t('close.unblind')} danger title={t('close.unblind')} text={t('close.unblindText')} action={t('close.unblind')} send={(v) => post('/api/study/unblind', v)} done={done} fields={[password]} />}
        </Group>
        {said && Object.keys(said).length > 0 && <div role="status" data-closed><ReportBody value={said} /></div>}
      </Paper>
      {may('randomisation.report') && (
        <Paper p="md" className="surface">
          <Title order={2} mb={4}>{t('close.report')}</Title>
          <Text c="dimmed" mb="sm">{t('close.reportText')}</Text>
          <Loaded query={report}>{(data) => <ReportBody value={data} />}</Loaded>
        </Paper>
      )}
    </>
  );
}

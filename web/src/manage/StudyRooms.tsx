// The study itself, room by room: protocol, versions, users, sites, delegation, ranges, documents, exports, audit, and its end.
import { Tabs } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { type Right, useMay, useSession } from '../session/session';
import { said } from '../shared/format';
import { Page } from '../shared/Page';
import { Empty } from '../shared/states';
import { AuditRoom } from './AuditRoom';
import { CloseRoom } from './CloseRoom';
import { DocumentsRoom, ExportsRoom } from './ExportsRoom';
import { ProtocolRoom } from './ProtocolRoom';
import { TextsRoom } from './TextsRoom';
import { DelegationRoom, RangesRoom, SitesRoom, UsersRoom } from './TablesRoom';
import { VersionsRoom } from './VersionsRoom';

const ROOMS: { id: 'protocol' | 'versions' | 'users' | 'sites' | 'delegation' | 'ranges' | 'texts' | 'documents' | 'exports' | 'audit' | 'close'; any: Right[]; room: () => React.ReactNode }[] = [
  { id: 'protocol', any: ['protocol.read'], room: ProtocolRoom }, { id: 'versions', any: ['protocol.read'], room: VersionsRoom }, { id: 'users', any: ['users'], room: UsersRoom },
  { id: 'sites', any: ['sites', 'sites.read'], room: SitesRoom }, { id: 'delegation', any: ['delegation', 'delegation.read'], room: DelegationRoom }, { id: 'ranges', any: ['ranges', 'ranges.read'], room: RangesRoom },
  { id: 'texts', any: ['ranges', 'ranges.read'], room: TextsRoom }, { id: 'documents', any: ['documents'], room: DocumentsRoom }, { id: 'exports', any: ['export', 'snapshot.read'], room: ExportsRoom }, { id: 'audit', any: ['audit.read'], room: AuditRoom },
  { id: 'close', any: ['study.lock', 'study.unblind', 'study.open', 'randomisation.report'], room: CloseRoom },
];

export function StudyRooms({ room }: { room: string }) {
  const { t, i18n } = useTranslation('trial');
  const may = useMay();
  const { study } = useSession();
  const [, go] = useLocation();
  const rooms = ROOMS.filter((r) => may(...r.any));
  const here = rooms.find((r) => r.id === room) ?? rooms[0];
  return (
    <Page title={here ? `${t('rail.study')}: ${t(`study.room.${here.id}`)}` : t('rail.study')} lede={said(study?.title ?? '', i18n.language)}>
      {!here ? <Empty>{t('noPermission')}</Empty> : (
        <Tabs value={here.id} onChange={(v) => go(`/study/${v ?? 'protocol'}`)} keepMounted={false}>
          <Tabs.List mb="md">{rooms.map((r) => <Tabs.Tab key={r.id} value={r.id}>{t(`study.room.${r.id}`)}</Tabs.Tab>)}</Tabs.List>
          <Tabs.Panel value={here.id}><here.room /></Tabs.Panel>
        </Tabs>
      )}
    </Page>
  );
}

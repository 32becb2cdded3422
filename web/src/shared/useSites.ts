// The names of the study's sites: from the session where it tells them, else from the protocol.
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useSession } from '../session/session';
import type { Row } from './api';
import { isRow, said } from './format';
import { get, type Words } from './trial';

export const useProtocol = () => useQuery({ queryKey: ['protocol'], queryFn: () => get<Row>('/api/protocol') });

/** The study inside the answer of /api/protocol. */
export const studyIn = (answer: Row | undefined): Row => (answer && isRow(answer.protocol) ? answer.protocol : answer ?? {});

export function useSites() {
  const { study } = useSession();
  const { i18n } = useTranslation('trial');
  const protocol = useQuery({ queryKey: ['protocol'], queryFn: () => get<Row>('/api/protocol'), enabled: !study?.sites });
  const all = study?.sites ?? ((studyIn(protocol.data).sites as unknown as { id: string; label: Words }[] | undefined) ?? []);
  const name = (id: string) => { const found = all.find((s) => s.id === id); return found ? `${id} · ${said(found.label, i18n.language)}` : id; };
  return { all, name, short: (id: string) => { const text = name(id); return text.length > 42 ? `${text.slice(0, 41)}…` : text; } };
}

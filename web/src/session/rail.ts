// Which pages a person may use, by the actions the server grants; the server decides again on every call.
import type { ComponentType } from 'react';
import type { Right } from './session';
import { IconAnalysis, IconBoard, IconEvidence, IconHome, IconImaging, IconModel, IconPeople, IconQuality, IconSafety, IconStudy } from '../shared/icons';

export interface RailEntry { to: string; key: 'today' | 'people' | 'imaging' | 'safety' | 'board' | 'quality' | 'analysis' | 'model' | 'evidence' | 'study'; icon: ComponentType<{ size?: number }>; any: Right[] }

export const RAIL: RailEntry[] = [
  { to: '/', key: 'today', icon: IconHome, any: [] },
  { to: '/people', key: 'people', icon: IconPeople, any: ['people.read'] },
  { to: '/imaging', key: 'imaging', icon: IconImaging, any: ['scan.list'] },
  { to: '/safety', key: 'safety', icon: IconSafety, any: ['safety.read'] },
  { to: '/board', key: 'board', icon: IconBoard, any: ['board.read'] },
  { to: '/quality', key: 'quality', icon: IconQuality, any: ['quality.read', 'query.answer', 'adherence.read'] },
  { to: '/analysis', key: 'analysis', icon: IconAnalysis, any: ['analyse'] },
  { to: '/model', key: 'model', icon: IconModel, any: ['analyse'] },
  { to: '/evidence', key: 'evidence', icon: IconEvidence, any: ['analyse', 'review.read'] },
  { to: '/study', key: 'study', icon: IconStudy, any: [] },
];

export const railFor = (may: string[] | undefined) => RAIL.filter((e) => e.any.length === 0 || e.any.some((a) => may?.includes(a)));

// Status of anything in a study: always a sign, a word and a colour.
import type { ComponentType } from 'react';
import { useTranslation } from 'react-i18next';
import {
  IconClock, IconDot, IconFrozen, IconHalf, IconInfo, IconLock, IconMissed, IconOk, IconPen, IconQuery, IconRing, IconTick, IconTicks, IconWarning,
} from './icons';

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'quiet';
type Look = [ComponentType<{ size?: number }>, Tone];

export const LOOKS: Record<string, Look> = {
  not_due: [IconDot, 'quiet'], due: [IconRing, 'info'], overdue: [IconClock, 'bad'], started: [IconHalf, 'warn'], complete: [IconTick, 'good'], verified: [IconTicks, 'good'], signed: [IconPen, 'good'],
  frozen: [IconFrozen, 'info'], locked: [IconLock, 'info'], missed: [IconMissed, 'bad'], empty: [IconRing, 'quiet'], none: [IconRing, 'quiet'],
  screening: [IconHalf, 'info'], screen_failed: [IconMissed, 'quiet'], eligible: [IconTick, 'info'], consented: [IconPen, 'info'], randomised: [IconTick, 'good'],
  withdrawn: [IconMissed, 'warn'], completed: [IconTicks, 'good'],
  open: [IconQuery, 'warn'], answered: [IconQuery, 'info'], closed: [IconTick, 'good'], reopened: [IconQuery, 'warn'],
  active: [IconOk, 'good'], draft: [IconHalf, 'warn'], superseded: [IconDot, 'quiet'], paused: [IconClock, 'warn'], left: [IconMissed, 'quiet'], setup: [IconHalf, 'warn'], running: [IconOk, 'good'],
  unblinded: [IconInfo, 'info'], allocated: [IconTick, 'good'], due_soon: [IconClock, 'warn'], reported: [IconTick, 'good'], resolved: [IconTick, 'good'],
  differences: [IconWarning, 'warn'], mine: [IconPen, 'info'], needed: [IconRing, 'warn'], done: [IconTick, 'good'], settled: [IconTicks, 'good'], agreed: [IconTicks, 'good'], recorded: [IconTick, 'info'], changed: [IconWarning, 'warn'], followup_due: [IconClock, 'warn'], yes: [IconTick, 'good'], no: [IconMissed, 'bad'], unanswered: [IconRing, 'warn'],
  adherent: [IconTick, 'good'], behind: [IconWarning, 'warn'], minor: [IconInfo, 'info'], major: [IconWarning, 'bad'], watch: [IconWarning, 'warn'],
};

export function Mark({ state, word, size = 18, bare = false }: { state: string; word?: string; size?: number; bare?: boolean }) {
  const { t, i18n } = useTranslation('trial');
  const [Icon, tone] = LOOKS[state] ?? [IconInfo, 'quiet'];
  const text = word ?? (i18n.exists(`state.${state}`, { ns: 'trial' }) ? t(`state.${state}` as 'state.due') : state.replaceAll('_', ' '));
  return <span className="status" data-kind={tone}><Icon size={size} />{bare ? <span className="only-heard">{text}</span> : text}</span>;
}

// What a page shows while it waits, when there is nothing, and when something was refused.
import { Button, Code, Loader, Paper, Text } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from './api';
import { IconError, IconInfo, IconOk, IconWarning } from './icons';
import { refusalIn } from './refusal';

export function Waiting({ what }: { what?: string }) {
  const { t } = useTranslation();
  return (
    <div role="status" style={{ display: 'flex', gap: '.75rem', alignItems: 'center', padding: '1.5rem 0' }}>
      <Loader size="sm" aria-hidden="true" /><span>{what ?? t('state.loading')}</span>
    </div>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return (
    <Paper p="md" className="surface" my="md">
      <span className="status"><IconInfo /></span> <span>{children}</span>
    </Paper>
  );
}

/** The same three parts as on the command line: where, what is wrong, what to do. */
export function Failure({ error, again, children }: { error: unknown; again?: () => void; children?: ReactNode }) {
  const { t, i18n } = useTranslation();
  const known = error instanceof ApiError ? error : null;
  const own = known?.code === 'network' ? { message: t('state.noAnswer'), hint: t('state.noAnswerHint') } : known?.code === 'store' ? { message: t('state.store'), hint: t('state.storeHint') } : null;
  const message = own?.message ?? (error instanceof Error ? error.message : String(error));
  const hint = own?.hint ?? known?.hint;
  return (
    <Paper p="md" className="surface" my="md" role="alert" style={{ borderLeft: '5px solid var(--lumbar-bad)' }}>
      <div className="status" data-kind="bad"><IconError />{t('state.refused')}</div>
      {known?.where && <div><span className="quiet">{t('state.where')}</span> <Code>{known.where}</Code></div>}
      <Text fw={600} mt={4}>{refusalIn(message, i18n.language)}</Text>
      {known?.detail && <Text mt={4}>{refusalIn(known.detail, i18n.language)}</Text>}
      {hint && <Text mt={4}><span className="quiet">{t('state.hint')}</span> {refusalIn(hint, i18n.language)}</Text>}
      {(again || children) && (
        <div style={{ marginTop: '.75rem', display: 'flex', gap: '.5rem', flexWrap: 'wrap' }}>
          {children}
          {again && <Button variant="default" onClick={again}>{t('state.again')}</Button>}
        </div>
      )}
    </Paper>
  );
}

/** Waits, fails or shows: every page's data comes through here. */
export function Loaded<T>({ query, what, children }: { query: UseQueryResult<T>; what?: string; children: (data: T) => ReactNode }) {
  if (query.isPending) return <Waiting what={what} />;
  if (query.isError) return <Failure error={query.error} again={() => void query.refetch()} />;
  return <>{children(query.data)}</>;
}

const KIND: Record<string, 'good' | 'warn' | 'bad'> = {
  ok: 'good', boundary: 'warn', singular: 'warn', separated: 'warn', not_converged: 'bad', invalid: 'bad',
};

/** Always a sign, a word and a colour. */
export function Status({ status }: { status: string }) {
  const { t, i18n } = useTranslation();
  const kind = KIND[status] ?? 'warn';
  const Icon = kind === 'good' ? IconOk : kind === 'warn' ? IconWarning : IconError;
  const word = i18n.exists(`status.${status}`) ? t(`status.${status}` as 'status.ok') : status.replaceAll('_', ' ');
  return <span className="status" data-kind={kind}><Icon size={18} />{word}</span>;
}

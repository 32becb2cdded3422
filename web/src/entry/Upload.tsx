// A file as the answer to a question: chosen or dropped, its size checked before it leaves, opened again from here.
import { Button, Group, Text } from '@mantine/core';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Json } from '../shared/api';
import { formatBytes } from '../shared/format';
import { Failure } from '../shared/states';
import { post } from '../shared/trial';

const MEGABYTE = 1e6; // as the server counts

/** What is told of a file that is there. */
export interface Held { id: string; name: string; size: number }
interface Props { path: string; value: string; held?: Held; accept?: string[]; most?: number; readOnly: boolean; onValue: (v: Json) => void; labelled: string }

export function Upload({ path, value, held, accept, most = 200, readOnly, onValue, labelled }: Props) {
  const { t } = useTranslation('trial');
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState('');
  const [sent, setSent] = useState<Held | null>(null);
  const shown = [sent, held].find((f) => f?.id === value);
  const [error, setError] = useState<unknown>(null);
  const send = async (file: File | undefined) => {
    if (!file) return;
    setError(null);
    if (file.size > most * MEGABYTE) { setError(new Error(t('upload.large', { size: formatBytes(file.size), most: formatBytes(most * MEGABYTE) }))); return; }
    setBusy(file.name);
    const body = new FormData();
    body.append('file', file, file.name);
    try {
      const answer = await post<Held>(path.replace(/\/([^/]+)$/, '/upload/$1'), body);
      setSent(answer);
      onValue(answer.id);
    } catch (e) { setError(e); } finally { setBusy(''); }
  };
  return (
    <div className="upload" aria-labelledby={labelled} role="group" onDragOver={(e) => e.preventDefault()} onDrop={(e) => { e.preventDefault(); if (!readOnly) void send(e.dataTransfer.files[0]); }}>
      <Group gap="sm">
        {value !== '' && <a href={path.replace(/\/([^/]+)$/, `/file/${encodeURIComponent(value)}`)} download data-file={value}>{shown ? `${shown.name} (${formatBytes(shown.size)})` : t('upload.open')}</a>}
        {!readOnly && <Button variant="default" loading={busy !== ''} onClick={() => input.current?.click()}>{value === '' ? t('upload.choose') : t('upload.replace')}</Button>}
        {busy && <Text size="sm" c="dimmed">{t('upload.sending', { name: busy })}</Text>}
      </Group>
      <input ref={input} type="file" hidden accept={accept?.includes('dicom') ? undefined : accept?.map((kind) => `.${kind}`).join(',')} onChange={(e) => { void send(e.currentTarget.files?.[0]); e.currentTarget.value = ''; }} />
      {error !== null && <Failure error={error} />}
    </div>
  );
}

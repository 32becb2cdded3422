// A file as the answer to a question: chosen or dropped, its size checked before it leaves, opened again from here.
import { Button, Group, Text } from '@mantine/core';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Json, Row } from '../shared/api';
import { formatBytes } from '../shared/format';
import { Failure } from '../shared/states';
import { post } from '../shared/trial';

const LARGEST = 200 * 1024 * 1024;

export function Upload({ path, value, readOnly, onValue, labelled }: { path: string; value: string; readOnly: boolean; onValue: (v: Json) => void; labelled: string }) {
  const { t } = useTranslation('trial');
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState('');
  const [error, setError] = useState<unknown>(null);
  const send = async (file: File | undefined) => {
    if (!file) return;
    setError(null);
    if (file.size > LARGEST) { setError(new Error(t('upload.large', { size: formatBytes(file.size), most: formatBytes(LARGEST) }))); return; }
    setBusy(file.name);
    const body = new FormData();
    body.append('file', file, file.name);
    try {
      const answer = await post<Row>(path.replace(/\/([^/]+)$/, '/upload/$1'), body);
      onValue(String(answer.id ?? answer.file ?? file.name));
    } catch (e) { setError(e); } finally { setBusy(''); }
  };
  return (
    <div className="upload" aria-labelledby={labelled} role="group" onDragOver={(e) => e.preventDefault()} onDrop={(e) => { e.preventDefault(); if (!readOnly) void send(e.dataTransfer.files[0]); }}>
      <Group gap="sm">
        {value !== '' && <a href={path.replace(/\/([^/]+)$/, `/file/${encodeURIComponent(value)}`)} download>{t('upload.open')}</a>}
        {!readOnly && <Button variant="default" loading={busy !== ''} onClick={() => input.current?.click()}>{value === '' ? t('upload.choose') : t('upload.replace')}</Button>}
        {busy && <Text size="sm" c="dimmed">{t('upload.sending', { name: busy })}</Text>}
      </Group>
      <input ref={input} type="file" hidden onChange={(e) => { void send(e.currentTarget.files?.[0]); e.currentTarget.value = ''; }} />
      {error !== null && <Failure error={error} />}
    </div>
  );
}

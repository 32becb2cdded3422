// A small form over the page, made from a list of fields: everything in a study that is one act with a few answers.
import { Button, Checkbox, Group, Modal, NativeSelect, PasswordInput, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Json, Row } from './api';
import { Failure } from './states';
import { partialDate, utcOf } from './when';

export interface DialogField {
  name: string; label: string; kind?: 'text' | 'area' | 'date' | 'moment' | 'choice' | 'many' | 'password' | 'number' | 'tick'; required?: boolean; help?: string; initial?: Json;
  options?: { value: string; label: string }[]; shown?: (values: Row) => boolean; autoComplete?: string;
}
interface Props {
  opened: boolean; onClose: () => void; title: string; text?: ReactNode; fields: DialogField[]; action: string; danger?: boolean;
  send: (values: Row) => Promise<unknown>; done?: (answer: unknown) => void; children?: ReactNode;
}

const startOf = (fields: DialogField[]) => Object.fromEntries(fields.map((f) => [f.name, f.initial ?? (f.kind === 'many' ? [] : f.kind === 'tick' ? false : '')])) as Row;

function Field({ field, value, fault, set }: { field: DialogField; value: Json; fault?: string; set: (value: Json) => void }) {
  const { t } = useTranslation('trial');
  const common = { label: field.label, description: field.help, error: fault, required: field.required, withAsterisk: field.required, name: field.name };
  const text = typeof value === 'string' ? value : value === null || value === undefined ? '' : String(value);
  switch (field.kind) {
    case 'area': return <Textarea {...common} autosize minRows={2} maxRows={8} value={text} onChange={(e) => set(e.currentTarget.value)} />;
    case 'choice': return <NativeSelect {...common} value={text} onChange={(e) => set(e.currentTarget.value)} data={[...(field.required && text !== '' ? [] : [{ value: '', label: t('dialog.choose') }]), ...(field.options ?? [])]} />;
    case 'many': return (
      <Checkbox.Group label={field.label} description={field.help} error={fault} withAsterisk={field.required} value={Array.isArray(value) ? value.map(String) : []} onChange={(list) => set(list)}>
        <Stack gap={6} mt={4}>{(field.options ?? []).map((o) => <Checkbox key={o.value} value={o.value} label={o.label} name={field.name} />)}</Stack>
      </Checkbox.Group>
    );
    case 'password': return <PasswordInput {...common} value={text} autoComplete={field.autoComplete ?? 'current-password'} onChange={(e) => set(e.currentTarget.value)} />;
    case 'tick': return <Checkbox label={field.label} description={field.help} error={fault} checked={value === true} onChange={(e) => set(e.currentTarget.checked)} />;
    case 'date': return <TextInput {...common} value={text} inputMode="numeric" placeholder="2026-11-28" onChange={(e) => set(e.currentTarget.value)} onBlur={() => set(partialDate(text) ?? text)} />;
    case 'moment': return <TextInput {...common} type="datetime-local" value={text} onChange={(e) => set(e.currentTarget.value)} />;
    case 'number': return <TextInput {...common} value={text} inputMode="decimal" onChange={(e) => set(e.currentTarget.value)} />;
    default: return <TextInput {...common} value={text} autoComplete={field.autoComplete ?? 'off'} onChange={(e) => set(e.currentTarget.value)} />;
  }
}

export function Dialog({ opened, onClose, title, text, fields, action, danger, send, done, children }: Props) {
  const { t } = useTranslation('trial');
  const [values, setValues] = useState<Row>(() => startOf(fields));
  const [faults, setFaults] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (opened) { setValues(startOf(fields)); setFaults({}); setError(null); }
    // the fields of an open dialog stay as they were when it opened
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [opened]);
  const shown = fields.filter((f) => !f.shown || f.shown(values));

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const bad: Record<string, string> = {};
    const out: Row = {};
    for (const f of shown) {
      const v = values[f.name] ?? '';
      const empty = v === '' || (Array.isArray(v) && v.length === 0);
      if (empty) {
        if (f.required) bad[f.name] = t('fault.required');
        continue;
      }
      if (f.kind === 'date') {
        const date = partialDate(String(v));
        if (!date || date.length < 10) bad[f.name] = t('fault.date'); else out[f.name] = date;
      } else if (f.kind === 'number') {
        const n = Number(String(v).replace(',', '.'));
        if (Number.isFinite(n)) out[f.name] = n; else bad[f.name] = t('fault.number', { text: String(v) });
      } else if (f.kind === 'moment') out[f.name] = utcOf(String(v));
      else out[f.name] = v;
    }
    setFaults(bad);
    const first = shown.find((f) => bad[f.name]);
    if (first) { document.querySelector<HTMLElement>(`[role=dialog] [name="${first.name}"]`)?.focus(); return; }
    setBusy(true);
    setError(null);
    try {
      const answer = await send(out);
      onClose();
      done?.(answer);
    } catch (e) { setError(e); } finally { setBusy(false); }
  };

  return (
    <Modal opened={opened} onClose={onClose} title={title} size="lg" closeButtonProps={{ 'aria-label': t('dialog.close') }} transitionProps={{ duration: 0 }}>
      <form onSubmit={(e) => void submit(e)} noValidate>
        <Stack gap="md">
          {text && <Text>{text}</Text>}
          {children}
          {shown.map((f) => <Field key={f.name} field={f} value={values[f.name] ?? ''} fault={faults[f.name]} set={(v) => setValues((all) => ({ ...all, [f.name]: v }))} />)}
          {error !== null && <Failure error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>{t('dialog.cancel')}</Button>
            <Button type="submit" loading={busy} color={danger ? 'red.8' : undefined}>{action}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** A button and the dialog behind it. */
export function Act({ label, variant = 'default', disabled, ...rest }: Omit<Props, 'opened' | 'onClose'> & { label: string; variant?: string; disabled?: boolean }) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Button variant={variant} disabled={disabled} onClick={() => setOpened(true)}>{label}</Button>
      <Dialog {...rest} opened={opened} onClose={() => setOpened(false)} />
    </>
  );
}

// What an included report says, field by field, entered by two people; where they differ a third settles it with a reason.
import { Button, Group, NativeSelect, Paper, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Json, Row } from '../shared/api';
import { IconOk, IconWarning } from '../shared/icons';
import { Empty, Failure } from '../shared/states';
import { numberOf, rowsOf, textOf } from './review';
import { useAct } from './Screening';

const shown = (value: Json | undefined): string => (value === null || value === undefined ? '' : String(value));

/** A number when the field takes one and the text is one; empty is "not reported". */
export function valueOf(field: Row, text: string): Json {
  const plain = text.trim();
  if (plain === '') return null;
  return textOf(field, 'kind') === 'number' && Number.isFinite(Number(plain)) ? Number(plain) : plain;
}

function Settle({ id, viewer, row, label }: { id: string; viewer: string; row: Row; label: string }) {
  const { t } = useTranslation();
  const act = useAct(id, viewer);
  const [reason, setReason] = useState('');
  const mine = row.who1 === viewer || row.who2 === viewer;
  const choose = (value: Json) => act.mutate({ event: { what: 'settle_value', study: textOf(row, 'study'), field: textOf(row, 'field'), value, reason } });
  return (
    <li data-conflict={textOf(row, 'field')}>
      <span className="status" data-kind="warn"><IconWarning size={16} />{label}</span>
      {mine ? <Text size="sm">{t('evidence.extract.notYou')}</Text> : (
        <Group align="end" mt={4}>
          <TextInput label={t('evidence.screen.why')} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
          <Button variant="default" disabled={!reason} onClick={() => choose(row.value1 ?? null)}>{shown(row.who1)}: {shown(row.value1)}</Button>
          <Button variant="default" disabled={!reason} onClick={() => choose(row.value2 ?? null)}>{shown(row.who2)}: {shown(row.value2)}</Button>
        </Group>
      )}
      {act.isError && <Failure error={act.error} />}
    </li>
  );
}

function Form({ id, viewer, study, fields, rows }: { id: string; viewer: string; study: Row; fields: Row[]; rows: Row[] }) {
  const { t } = useTranslation();
  const act = useAct(id, viewer);
  const [typed, setTyped] = useState<Record<string, string>>({});
  const own = (field: string) => rows.find((r) => r.study === study.id && r.field === field && (r.who1 === viewer || r.who2 === viewer));
  const before = (field: string) => { const row = own(field); return row ? shown(row.who1 === viewer ? row.value1 : row.value2) : ''; };
  const changed = fields.filter((f) => typed[textOf(f, 'name')] !== undefined && typed[textOf(f, 'name')] !== before(textOf(f, 'name')));
  const save = () => act.mutate({ events: changed.map((f) => ({ what: 'extract', study: textOf(study, 'id'), field: textOf(f, 'name'), value: valueOf(f, typed[textOf(f, 'name')]!) })) }, { onSuccess: () => setTyped({}) });
  return (
    <form onSubmit={(e) => { e.preventDefault(); if (changed.length > 0) save(); }}>
      <div className="fields">
        {fields.map((field) => {
          const name = textOf(field, 'name');
          const choices = Array.isArray(field.choices) ? field.choices.map(String) : null;
          const value = typed[name] ?? before(name);
          const set = (text: string) => setTyped((old) => ({ ...old, [name]: text }));
          return choices
            ? <NativeSelect key={name} size="md" label={textOf(field, 'label') || name} value={value} onChange={(e) => set(e.currentTarget.value)} data={[{ value: '', label: t('evidence.extract.absent') }, ...choices.map((c) => ({ value: c, label: c }))]} />
            : <TextInput key={name} size="md" label={textOf(field, 'label') || name} inputMode={textOf(field, 'kind') === 'number' ? 'decimal' : 'text'} value={value} onChange={(e) => set(e.currentTarget.value)} data-field={name} />;
        })}
      </div>
      <Group mt="md"><Button type="submit" size="md" disabled={changed.length === 0} loading={act.isPending}>{t('evidence.extract.save', { count: changed.length })}</Button></Group>
      {act.isError && <Failure error={act.error} />}
    </form>
  );
}

export function Extraction({ id, viewer, state }: { id: string; viewer: string; state: Row }) {
  const { t } = useTranslation();
  const included = rowsOf(state.records).filter((r) => r.standing === 'included');
  const [chosen, setChosen] = useState('');
  const study = included.find((r) => r.id === chosen) ?? included[0];
  const fields = rowsOf(state.fields);
  const rows = rowsOf(state.extraction);
  if (!study || fields.length === 0) return <Empty>{t('evidence.extract.none')}</Empty>;
  const here = rows.filter((r) => r.study === study.id);
  const conflicts = here.filter((r) => r.conflict === true);
  const settled = here.filter((r) => r.value !== null && numberOf(r, 'count') === 2).length;
  const label = (name: string) => textOf(fields.find((f) => f.name === name), 'label') || name;
  return (
    <>
      <NativeSelect size="md" mb="md" label={t('evidence.extract.report')} value={textOf(study, 'id')} onChange={(e) => setChosen(e.currentTarget.value)} data={included.map((r) => ({ value: textOf(r, 'id'), label: textOf(r, 'title') }))} />
      <div className="evidence-grid">
        <Paper p="md" className="surface" component="section" aria-label={t('evidence.extract.form')}>
          <Title order={2} fz="1rem" mb="sm">{t('evidence.extract.as', { viewer })}</Title>
          <Form key={`${textOf(study, 'id')}${viewer}`} id={id} viewer={viewer} study={study} fields={fields} rows={rows} />
        </Paper>
        <Paper p="md" className="surface" component="section" aria-label={t('evidence.extract.differences')}>
          <Title order={2} fz="1rem" mb="sm">{t('evidence.extract.differences')}</Title>
          {conflicts.length === 0 && <span className="status" data-kind="good"><IconOk />{t('evidence.extract.noDifference', { n: settled, all: fields.length })}</span>}
          <ul className="things" style={{ margin: 0 }}>{conflicts.map((row) => <Settle key={textOf(row, 'field')} id={id} viewer={viewer} row={row} label={label(textOf(row, 'field'))} />)}</ul>
          {here.some((r) => r.settled_by) && <Text size="sm" mt="sm">{here.filter((r) => r.settled_by).map((r) => t('evidence.extract.settled', { field: label(textOf(r, 'field')), value: shown(r.value), who: textOf(r, 'settled_by'), why: textOf(r, 'settled_because') })).join(' ')}</Text>}
        </Paper>
      </div>
    </>
  );
}

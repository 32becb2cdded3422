// The form an operation's declaration makes, and its result below as a card.
import { Button, CopyButton, Group, Paper, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Binding, type Card, dataOf, getDemo, type Operation, type Param, type ResultDocument, runForm, type Snapshot } from '../shared/api';
import { IconCopy, IconPlay } from '../shared/icons';
import { ResultCard } from '../shared/ResultCard';
import { Failure, Waiting } from '../shared/states';
import { DataField, Field } from './Field';
import { type Bindings, commandLine, faultOf, firstValues, formParams, isData, readExample, sent, type Values } from './form';
import { useColumns } from './useColumns';

function Command({ line }: { line: string }) {
  const { t } = useTranslation();
  return (
    <div>
      <Group justify="space-between" mb={4}>
        <Text fw={600}>{t('form.command')}</Text>
        <CopyButton value={line}>
          {({ copied, copy }) => <Button size="compact-md" variant="default" leftSection={<IconCopy size={16} />} onClick={copy} aria-live="polite">{copied ? t('form.copied') : t('form.copy')}</Button>}
        </CopyButton>
      </Group>
      <code className="command">{line}</code>
    </div>
  );
}

interface FormProps {
  op: Operation;
  /** Its tables stand in the form instead of the demo's, the first is taken to begin with. */
  snapshot?: Snapshot;
  /** What stands beside the files of a result that came from a snapshot. */
  actions?: (card: Card) => ReactNode;
}

/** A required table begins with the snapshot's first. */
function firstBindings(op: Operation, snapshot?: Snapshot): Bindings {
  const first = snapshot?.tables[0];
  const bound: Bindings = {};
  for (const p of op.params) {
    if (!first || !p.required || (p.type !== 'table' && p.type !== 'tables')) continue;
    const list: Binding[] = [{ kind: 'snapshot', snapshot: snapshot.id, table: first.name, columns: first.columns }];
    bound[p.name] = list;
  }
  return bound;
}

export function OperationForm({ op, snapshot, actions }: FormProps) {
  const { t } = useTranslation();
  const demo = useQuery({ queryKey: ['demo'], queryFn: getDemo, retry: false });
  const sets = demo.data?.datasets ?? [];
  const [values, setValues] = useState<Values>(() => firstValues(op));
  const [bindings, setBindings] = useState<Bindings>(() => firstBindings(op, snapshot));
  const [tried, setTried] = useState(false);
  const [touched, setTouched] = useState<Record<string, boolean>>({});
  const form = useRef<HTMLFormElement>(null);
  const outcome = useRef<HTMLDivElement>(null);
  const columns = useColumns(op, bindings);
  const example = useMemo(() => readExample(op), [op]);

  const run = useMutation({
    onSuccess: () => setTimeout(() => outcome.current?.scrollIntoView({ block: 'start' }), 50),
    mutationFn: async () => (await runForm(op.name, sent(op, values), bindings)).json() as Promise<ResultDocument>,
  });

  const params = formParams(op);
  const faults = Object.fromEntries(params.map((p) => [p.name, faultOf(p, values, bindings)]));
  const shownFault = (p: Param) => (tried || (touched[p.name] && faults[p.name]?.key !== 'fault.required') ? faults[p.name]! : null);
  const change = (name: string, value: string | boolean) => {
    setValues((v) => ({ ...v, [name]: value }));
    setTouched((v) => ({ ...v, [name]: true }));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    const wrong = params.find((p) => faults[p.name]);
    if (wrong) form.current?.querySelector<HTMLElement>(`#p-${CSS.escape(wrong.name)}`)?.focus();
    else run.mutate();
  };
  const fillExample = () => {
    if (!example) return;
    setValues(example.values);
    const bound: Bindings = {};
    for (const [name, files] of Object.entries(example.files)) {
      bound[name] = files.flatMap((file) => sets.filter((s) => s.name === file).map((s) => ({ kind: 'demo' as const, id: s.id, name: s.name })));
    }
    setBindings(bound);
  };

  const field = (p: Param) => (isData(p)
    ? <DataField key={p.name} param={p} bindings={bindings[p.name] ?? []} sets={sets} snapshot={snapshot} fault={shownFault(p)}
      bind={(name, list) => setBindings((b) => ({ ...b, [name]: list }))} />
    : <Field key={p.name} param={p} values={values} change={change} columns={columns(p.of)} fault={shownFault(p)} />);
  // numbers, words and choices stand side by side; what needs room takes a line
  const wide = (p: Param) => isData(p) || ['formula', 'columns', 'choices', 'texts', 'text'].includes(p.type);
  const placed = (p: Param) => <div key={p.name} className={wide(p) ? 'wide' : undefined}>{field(p)}</div>;
  const plain = params.filter((p) => !p.advanced);
  const advanced = params.filter((p) => p.advanced);

  return (
    <>
      <Paper component="form" ref={form as never} noValidate onSubmit={submit} p={{ base: 'md', sm: 'lg' }} className="surface no-print" aria-label={`${op.area} ${op.verb}`}>
        <Stack gap="lg">
          {params.length === 0 && <Text className="quiet">{t('form.nothingToSet')}</Text>}
          <div className="fields">{plain.map(placed)}</div>
          {advanced.length > 0 && (
            <details className="fold">
              <summary>{t('form.advanced', { count: advanced.length })}</summary>
              <div className="fields">{advanced.map(placed)}</div>
            </details>
          )}
          <Group>
            <Button type="submit" size="md" leftSection={<IconPlay size={18} />} loading={run.isPending}>{t('form.run')}</Button>
            {example && !snapshot && <Button variant="default" size="md" onClick={fillExample}>{t('form.example')}</Button>}
          </Group>
          <Command line={commandLine(op, values, bindings)} />
        </Stack>
      </Paper>
      <div aria-live="polite" ref={outcome} className="outcome">
        {run.isPending && <Waiting what={t('form.running')} />}
        {run.isError && <Failure error={run.error} />}
        {run.data && !run.isPending && (
          <ResultCard result={run.data} actions={actions?.({ op: op.name, title: run.data.title ?? `${op.area} ${op.verb}`, parameters: sent(op, values), data: dataOf(bindings), note: '' })} as={(accept) => runForm(op.name, sent(op, values), bindings, accept).then((r) => r.blob())} />
        )}
      </div>
    </>
  );
}

// One parameter as a field: what it is called, what it means, its range, and what is wrong with it.
import { Checkbox, Chip, FileButton, Button, Group, Input, MultiSelect, NativeSelect, SegmentedControl, Select, Switch, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Binding, DataSet, Param } from '../shared/api';
import type { Fault, Values } from './form';
import { takesSeveral, withTerm, words } from './form';
import { IconRemove } from '../shared/icons';

interface Common {
  param: Param;
  fault: Fault | null;
}

interface Props extends Common {
  values: Values;
  change: (name: string, value: string | boolean) => void;
  columns: string[];
}

function useHints(param: Param) {
  const { t } = useTranslation();
  const bounded = (param.min ?? 0) !== 0 || (param.max ?? 0) !== 0;
  const parts = [param.summary];
  if (bounded && param.min != null && param.max != null) parts.push(t('form.range', { min: param.min, max: param.max }));
  if (param.type === 'numbers' || param.type === 'texts') parts.push(t('form.list'));
  return parts.join(' · ');
}

function Formula({ param, values, change, columns, fault, hint }: Props & { hint: string }) {
  const { t } = useTranslation();
  const value = String(values[param.name] ?? '');
  return (
    <div>
      <TextInput id={`p-${param.name}`} size="md" label={param.name} withAsterisk={param.required} description={hint} value={value} error={fault && t(fault.key as 'fault.required', fault.with)}
        onChange={(e) => change(param.name, e.currentTarget.value)} placeholder="y ~ a + b" styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }} />
      {columns.length > 0 && columns.length <= 60 && (
        <Group gap={6} mt={6} role="group" aria-label={t('form.addColumn')}>
          <span className="quiet" style={{ fontSize: '.85rem' }}>{t('form.addColumn')}</span>
          {columns.map((c) => <Button key={c} size="compact-sm" variant="default" onClick={() => change(param.name, withTerm(value, c))}>{c}</Button>)}
        </Group>
      )}
    </div>
  );
}

export function Field(props: Props) {
  const { param, values, change, columns, fault } = props;
  const { t } = useTranslation();
  const hint = useHints(param);
  const error = fault && t(fault.key as 'fault.required', fault.with);
  const value = values[param.name];
  const text = typeof value === 'string' ? value : '';
  const choices = param.choices ?? [];
  const common = { id: `p-${param.name}`, size: 'md' as const, label: param.name, description: hint, error, withAsterisk: param.required };

  switch (param.type) {
    case 'flag':
      return <Switch id={common.id} size="md" label={param.name} description={hint} checked={value === true} onChange={(e) => change(param.name, e.currentTarget.checked)} />;
    case 'choice':
      if (choices.length <= 3 && param.preset && choices.join('').length < 26) {
        return (
          <Input.Wrapper label={param.name} description={hint} labelElement="div" size="md" withAsterisk={param.required}>
            <div><SegmentedControl mt={6} size="md" aria-label={param.name} data={choices} value={text} onChange={(v) => change(param.name, v)} /></div>
          </Input.Wrapper>
        );
      }
      return <NativeSelect {...common} value={text} onChange={(e) => change(param.name, e.currentTarget.value)}
        data={[...(param.preset ? [] : [{ value: '', label: '—' }]), ...choices]} />;
    case 'choices': {
      const chosen = words(text);
      return (
        <Checkbox.Group label={param.name} description={hint} error={error} size="md" value={chosen} onChange={(v) => change(param.name, choices.filter((c) => v.includes(c)).join(','))}>
          <Group gap="md" mt={6}>{choices.map((c) => <Checkbox key={c} value={c} label={c} />)}</Group>
        </Checkbox.Group>
      );
    }
    case 'column':
      if (columns.length === 0) break;
      return <Select {...common} searchable clearable data={columns} value={columns.includes(text) ? text : null} placeholder={t('form.column')}
        nothingFoundMessage={t('form.noColumn')} onChange={(v) => change(param.name, v ?? '')} clearButtonProps={{ 'aria-label': t('form.clear') }} />;
    case 'columns':
      if (columns.length === 0) break;
      return <MultiSelect {...common} searchable clearable data={columns} value={words(text).filter((w) => columns.includes(w))} placeholder={t('form.columns')}
        nothingFoundMessage={t('form.noColumn')} onChange={(v) => change(param.name, v.join(','))} clearButtonProps={{ 'aria-label': t('form.clear') }} />;
    case 'formula':
      return <Formula {...props} hint={hint} />;
    default:
  }
  const numeric = param.type === 'number' || param.type === 'int' || param.type === 'numbers';
  return <TextInput {...common} value={text} inputMode={param.type === 'int' ? 'numeric' : param.type === 'number' ? 'decimal' : undefined}
    autoComplete="off" spellCheck={false} maw={numeric ? '16rem' : undefined} placeholder={param.preset ?? undefined}
    onChange={(e) => change(param.name, e.currentTarget.value)} />;
}

interface DataProps extends Common {
  bindings: Binding[];
  sets: DataSet[];
  bind: (name: string, list: Binding[]) => void;
}

/** A data parameter: a file of one's own, or a set of the demo. */
export function DataField({ param, bindings, sets, bind, fault }: DataProps) {
  const { t } = useTranslation();
  const several = takesSeveral(param);
  const kind = param.type === 'tables' ? 'table' : param.type;
  const fitting = sets.filter((s) => s.kind === kind || param.type === 'source');
  const folder = param.type === 'volume'; // one image, or all files of a DICOM series
  const add = (list: Binding[]) => bind(param.name, several ? [...bindings, ...list] : folder ? list : list.slice(0, 1));
  const toggle = (set: DataSet, on: boolean) => {
    if (on) add([{ kind: 'demo', id: set.id, name: set.name }]);
    else bind(param.name, bindings.filter((b) => b.kind !== 'demo' || b.id !== set.id));
  };
  return (
    <Input.Wrapper label={param.name} description={param.summary} error={fault && t(fault.key as 'fault.required', fault.with)} withAsterisk={param.required} size="md" labelElement="div">
      <Group gap="xs" mt={6} role="group" aria-label={param.name}>
        <FileButton multiple={several || folder} onChange={(chosen) => {
          const files = Array.isArray(chosen) ? chosen : chosen ? [chosen] : [];
          if (files.length > 0) add(files.map((file) => ({ kind: 'file', file })));
        }}>
          {(p) => <Button {...p} variant="default" aria-label={t('form.uploadFor', { name: param.name })}>{t('form.upload')}</Button>}
        </FileButton>
        {fitting.length > 0 && <span className="quiet">{t('form.orDemo')}</span>}
        {fitting.map((set) => {
          const on = bindings.some((b) => b.kind === 'demo' && b.id === set.id);
          return <Chip key={set.id} size="md" variant="outline" checked={on} onChange={(v) => toggle(set, v)}>{set.title || set.name}</Chip>;
        })}
      </Group>
      {bindings.some((b) => b.kind === 'file') && (
        <Group gap={6} mt={6}>
          {bindings.map((b, i) => b.kind === 'file' && (
            <Button key={i} size="compact-md" variant="light" rightSection={<IconRemove size={14} />} aria-label={t('form.remove', { name: b.file.name })}
              onClick={() => bind(param.name, bindings.filter((_, j) => j !== i))}>{b.file.name}</Button>
          ))}
        </Group>
      )}
    </Input.Wrapper>
  );
}

// Someone else saved first: both answers beside each other, nothing lost, a choice for each difference.
import { Button, Group, Paper, Radio, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Row } from '../shared/api';
import { said } from '../shared/format';
import { IconWarning } from '../shared/icons';
import type { Words } from '../shared/trial';
import { momentOf } from '../shared/when';
import type { Conflict } from './useEntry';
import { changedItems, type Field, inWords } from './values';

interface Props { conflict: Conflict; fields: Field[]; values: Row; missing: Record<string, string>; onResolve: (values: Row, missing: Record<string, string>) => void }

export function ConflictView({ conflict, fields, values, missing, onResolve }: Props) {
  const { t, i18n } = useTranslation('trial');
  const say = (w: Words) => said(w, i18n.language);
  const differ = changedItems(fields, values, conflict.values);
  const [pick, setPick] = useState<Record<string, 'mine' | 'theirs'>>({});
  const of = (item: string) => pick[item] ?? 'mine';
  const done = () => {
    const chosen: Row = { ...conflict.values };
    const without = { ...conflict.missing, ...missing };
    for (const item of differ) {
      if (of(item) === 'mine') chosen[item] = values[item] ?? null;
      if (of(item) === 'theirs') delete without[item];
    }
    onResolve(chosen, without);
  };
  return (
    <Paper p="lg" className="surface" role="alertdialog" aria-labelledby="conflict" style={{ borderLeft: '5px solid var(--lumbar-warn)' }} mb="md">
      <Title order={2} id="conflict"><span className="status" data-kind="warn"><IconWarning />{t('conflict.title')}</span></Title>
      <p className="lede">{t('conflict.text', { by: conflict.by || t('conflict.someone'), at: momentOf(conflict.at) })}</p>
      {differ.length === 0 ? <p>{t('conflict.same')}</p> : (
        <div className="table-frame" tabIndex={0} role="region" aria-label={t('conflict.title')}>
          <table className="data">
            <thead><tr><th scope="col">{t('conflict.question')}</th><th scope="col">{t('conflict.mine')}</th><th scope="col">{t('conflict.theirs')}</th></tr></thead>
            <tbody>
              {differ.map((item) => {
                const field = fields.find((f) => f.id === item);
                const option = (which: 'mine' | 'theirs', value: Row) => (
                  <td><Radio name={`conflict-${item}`} checked={of(item) === which} onChange={() => setPick({ ...pick, [item]: which })} label={inWords(field, value[item], say)} /></td>
                );
                return <tr key={item}><th scope="row">{field ? say(field.label) : item}</th>{option('mine', values)}{option('theirs', conflict.values)}</tr>;
              })}
            </tbody>
          </table>
        </div>
      )}
      <Group mt="md"><Button onClick={done}>{t('conflict.use')}</Button></Group>
    </Paper>
  );
}

// Which slices belong to which vertebral level: go to a slice, press "first" or "last".
import { Button, Group, Paper, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { type Levels, setLevel } from './palette';

interface Props { names: string[]; levels: Levels; slice: number; disabled: boolean; onSlice: (slice: number) => void; onChange: (levels: Levels) => void }

export function LevelMarks({ names, levels, slice, disabled, onSlice, onChange }: Props) {
  const { t } = useTranslation();
  return (
    <Paper p="md" className="surface" component="section" aria-label={t('reading.levels')}>
      <Text fw={600}>{t('reading.levels')}</Text>
      <Text className="quiet" fz="sm" mb="xs">{t('reading.levelsText')}</Text>
      <ul style={{ listStyle: 'none', padding: 0, margin: 0 }}>
        {names.map((name) => {
          const level = levels[name];
          const here = level !== undefined && level.from <= slice && slice <= level.to;
          return (
            <li key={name} style={{ display: 'flex', alignItems: 'center', gap: '.5rem', padding: '.15rem 0', flexWrap: 'wrap' }}>
              <Button size="compact-md" w="4rem" variant={here ? 'filled' : 'default'} disabled={!level} aria-label={t('reading.goTo', { level: name })}
                onClick={() => onSlice(Math.round((level!.from + level!.to) / 2))}>{name}</Button>
              <span className="number" style={{ minWidth: '4.5rem' }}>{level ? `${level.from}–${level.to}` : '–'}</span>
              <Group gap={4}>
                <Button size="compact-md" variant="default" disabled={disabled} aria-label={`${name}: ${t('reading.first')}`} onClick={() => onChange(setLevel(levels, name, 'from', slice))}>{t('reading.first')}</Button>
                <Button size="compact-md" variant="default" disabled={disabled} aria-label={`${name}: ${t('reading.last')}`} onClick={() => onChange(setLevel(levels, name, 'to', slice))}>{t('reading.last')}</Button>
              </Group>
            </li>
          );
        })}
      </ul>
    </Paper>
  );
}

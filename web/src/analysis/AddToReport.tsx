// The button on a result that puts it into the report.
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Card } from '../shared/api';
import { IconAdd, IconOk } from '../shared/icons';
import { basket, sameCard, useBasket } from './basket';

export function AddToReport({ card }: { card: Card }) {
  const { t } = useTranslation();
  const inside = useBasket().some((c) => sameCard(c, card));
  return (
    <Button leftSection={inside ? <IconOk size={16} /> : <IconAdd size={16} />} variant={inside ? 'default' : 'filled'} aria-disabled={inside} onClick={() => basket.add(card)}>
      {inside ? t('analysis.added') : t('analysis.add')}
    </Button>
  );
}

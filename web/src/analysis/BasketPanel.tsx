// The report: its results in order with remarks, and the file in the format that is asked for.
import { ActionIcon, Button, Group, Paper, Stack, TextInput, Textarea, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { makeReport } from '../shared/api';
import { keep } from '../shared/download';
import { IconDown, IconDownload, IconRemove, IconUp } from '../shared/icons';
import { Empty, Failure, Waiting } from '../shared/states';
import { basket, useBasket } from './basket';

const FORMATS = [['html', 'makeHtml'], ['pdf', 'makePdf'], ['docx', 'makeWord']] as const;

export function BasketPanel() {
  const { t, i18n } = useTranslation();
  const cards = useBasket();
  const [title, setTitle] = useState('');
  const made = useMutation({
    mutationFn: (format: 'html' | 'pdf' | 'docx') => makeReport(title || t('analysis.report'), i18n.language.startsWith('zh') ? 'zh' : 'en', format, cards).then((blob) => keep(`report.${format}`, blob)),
  });
  if (cards.length === 0) return <Empty>{t('analysis.basketEmpty')}</Empty>;
  return (
    <Paper p={{ base: 'md', sm: 'lg' }} className="surface" component="section" aria-labelledby="basket">
      <Title order={2} id="basket" fz="1.2rem">{t('analysis.basket')}</Title>
      <p className="lede">{t('analysis.basketText')}</p>
      <Stack gap="md">
        <TextInput size="md" maw="40rem" label={t('analysis.reportTitle')} value={title} onChange={(e) => setTitle(e.currentTarget.value)} />
        <ol className="basket">
          {cards.map((card, i) => (
            <li key={`${card.op}-${i}`}>
              <Group justify="space-between" wrap="nowrap" align="start">
                <div>
                  <strong>{card.title}</strong>
                  <div className="quiet" style={{ overflowWrap: 'anywhere' }}>{card.op.replace('.', ' ')}{card.parameters.formula ? ` · ${String(card.parameters.formula)}` : ''}</div>
                </div>
                <Group gap={6} wrap="nowrap">
                  <ActionIcon size="lg" variant="default" aria-label={t('analysis.up', { name: card.title })} disabled={i === 0} onClick={() => basket.move(i, i - 1)}><IconUp size={18} /></ActionIcon>
                  <ActionIcon size="lg" variant="default" aria-label={t('analysis.down', { name: card.title })} disabled={i === cards.length - 1} onClick={() => basket.move(i, i + 1)}><IconDown size={18} /></ActionIcon>
                  <ActionIcon size="lg" variant="default" aria-label={t('analysis.remove', { name: card.title })} onClick={() => basket.remove(i)}><IconRemove size={18} /></ActionIcon>
                </Group>
              </Group>
              <Textarea mt={6} autosize minRows={1} label={t('analysis.note')} value={card.note} onChange={(e) => basket.remark(i, e.currentTarget.value)} />
            </li>
          ))}
        </ol>
        <Group>
          {FORMATS.map(([format, word]) => (
            <Button key={format} size="md" variant={format === 'pdf' ? 'filled' : 'default'} leftSection={<IconDownload size={16} />} disabled={made.isPending} onClick={() => made.mutate(format)}>{t(`analysis.${word}`)}</Button>
          ))}
        </Group>
        <div aria-live="polite">
          {made.isPending && <Waiting what={t('analysis.makingReport')} />}
          {made.isError && <Failure error={made.error} />}
        </div>
      </Stack>
    </Paper>
  );
}

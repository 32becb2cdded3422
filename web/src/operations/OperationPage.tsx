// One operation: what it does and where its method is from, its form, its result.
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { getOperations } from '../shared/api';
import { Page } from '../shared/Page';
import { Empty, Loaded } from '../shared/states';
import { OperationForm } from './OperationForm';

export function OperationPage({ name }: { name: string }) {
  const { t } = useTranslation();
  const operations = useQuery({ queryKey: ['ops'], queryFn: getOperations });
  const op = operations.data?.find((o) => o.name === name);
  return (
    <Page title={op ? `${op.area} ${op.verb}` : name.replace('.', ' ')} lede={op?.summary}
      actions={<Anchor component={Link} href="/operations">{t('operations.back')}</Anchor>}>
      <Loaded query={operations}>
        {() => (op ? (
          <>
            {op.description?.split(/\n\s*\n/).map((paragraph, i) => <p key={i} className="lede">{paragraph}</p>)}
            <OperationForm op={op} />
          </>
        ) : <Empty>{t('operations.unknown', { name })}</Empty>)}
      </Loaded>
    </Page>
  );
}

// The plan's report is a page of its own, made by Lumbar; it is shown inside the frame as it will be printed.
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, refusal } from '../shared/api';
import { Loaded } from '../shared/states';

async function reportIsThere(): Promise<true> {
  const response = await fetch('/api/report', { headers: { Accept: 'text/html' } }).catch(() => {
    throw new ApiError(0, 'network', 'Lumbar does not answer');
  });
  if (!response.ok) throw await refusal(response);
  return true;
}

export function Report() {
  const { t } = useTranslation();
  const report = useQuery({ queryKey: ['report'], queryFn: reportIsThere, retry: false });
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState<number>();
  const grow = () => {
    const page = frame.current?.contentDocument?.documentElement;
    if (page) setHeight(Math.min(40_000, page.scrollHeight + 24));
  };
  return (
    <Loaded query={report} what={t('analysis.making')}>
      {() => <iframe ref={frame} className="report" src="/api/report" title={t('analysis.report')} onLoad={grow} style={{ height }} />}
    </Loaded>
  );
}

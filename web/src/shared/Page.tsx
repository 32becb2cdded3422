// The head of every page: one heading, the tab's title, and the focus where a reader expects it after a change of page.
import { Title } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';

let first = true;

export function Page({ title, lede, actions, children }: { title: string; lede?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => { document.title = `${title} · Lumbar`; }, [title]);
  useEffect(() => {
    if (!first) head.current?.focus();
    first = false;
  }, []);
  return (
    <div className="page">
      <div style={{ display: 'flex', justifyContent: 'space-between', alignItems: 'start', gap: '1rem', flexWrap: 'wrap' }}>
        <Title order={1} ref={head} tabIndex={-1} mb={4}>{title}</Title>
        {actions}
      </div>
      {lede && <p className="lede quiet" style={{ marginTop: 0 }}>{lede}</p>}
      {children}
    </div>
  );
}

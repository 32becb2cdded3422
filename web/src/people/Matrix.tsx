// People × visits: rows drawn only where they are seen, heads that stay, one stop for Tab and the arrow keys inside.
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { said } from '../shared/format';
import { IconQuery } from '../shared/icons';
import { LOOKS, Mark } from '../shared/Mark';
import type { PersonRow, VisitHead } from '../shared/trial';
import { moved, type Place } from './filter';

const HEIGHT_REM = 2.5;
const remPx = () => parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;

interface RowProps { person: PersonRow; index: number; top: number; height: number; visits: VisitHead[]; active: number | null; adherence: boolean; open: (row: number, column: number) => void }

// few elements a cell: laying out the cells is what a matrix of hundreds of people costs
const MatrixRow = memo(function MatrixRow({ person, index, top, height, visits, active, adherence, open }: RowProps) {
  const { t, i18n } = useTranslation('trial');
  const lead = adherence ? 3 : 2;
  const props = (column: number) => ({ role: 'gridcell', 'aria-colindex': column + 1, tabIndex: active === column ? 0 : -1, 'data-at': `${index}:${column}` });
  const word = (state: string) => t(`state.${state}` as 'state.due');
  return (
    <div role="row" aria-rowindex={index + 2} className="m-row" style={{ transform: `translateY(${top}px)`, height }}>
      <div role="rowheader" aria-colindex={1} tabIndex={active === 0 ? 0 : -1} data-at={`${index}:0`} className="m-cell m-code" onClick={() => open(index, 0)}>{person.subject}</div>
      <div {...props(1)} className="m-cell m-state" onClick={() => open(index, 1)}><Mark state={person.state} size={16} /></div>
      {adherence && (
        <div {...props(2)} className="m-cell m-number" onClick={() => open(index, 2)}>
          {person.adherence === null || person.adherence === undefined ? <span className="quiet">–</span> : <span className="status" data-kind={person.adherent ? 'good' : 'warn'}>{person.adherence.toFixed(1)}</span>}
        </div>
      )}
      {visits.map((v, i) => {
        const state = person.cells[v.id];
        const flags = person.flags?.[v.id] ?? 0;
        const [Icon, tone] = LOOKS[state ?? ''] ?? [null, 'quiet'];
        const text = `${said(v.label, i18n.language)}: ${state ? word(state) : t('matrix.none')}${flags > 0 ? `, ${t('matrix.queries', { count: flags })}` : ''}`;
        return (
          <div {...props(lead + i)} key={v.id} className="m-cell m-visit status" data-kind={tone} title={text} aria-label={text} onClick={() => open(index, lead + i)}>
            {state && Icon ? <Icon size={19} /> : null}
            {flags > 0 && <span className="m-flag"><IconQuery size={13} /></span>}
          </div>
        );
      })}
    </div>
  );
});

export function Matrix({ visits, people, adherence }: { visits: VisitHead[]; people: PersonRow[]; adherence: boolean }) {
  const { t, i18n } = useTranslation('trial');
  const [, go] = useLocation();
  const frame = useRef<HTMLDivElement>(null);
  const [rem, setRem] = useState(remPx);
  const height = HEIGHT_REM * rem;
  const [at, setAt] = useState<Place>({ row: 0, column: 0 });
  const follow = useRef(false);
  const lead = adherence ? 3 : 2;
  const columns = visits.length + lead;
  const rows = useVirtualizer({ count: people.length, getScrollElement: () => frame.current, estimateSize: () => height, overscan: 4, initialRect: { width: 900, height: 700 } });
  useEffect(() => { rows.measure(); }, [height, rows]);
  useEffect(() => {
    const grown = new ResizeObserver(() => setRem(remPx()));
    grown.observe(document.documentElement);
    return () => grown.disconnect();
  }, []);
  const place = { row: Math.min(at.row, people.length - 1), column: Math.min(at.column, columns - 1) };

  useLayoutEffect(() => {
    if (!follow.current) return;
    follow.current = false;
    rows.scrollToIndex(place.row);
    requestAnimationFrame(() => {
      const cell = frame.current?.querySelector<HTMLElement>(`[data-at="${place.row}:${place.column}"]`);
      cell?.focus({ preventScroll: true });
      cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    });
  });

  const open = useCallback((row: number, column: number) => {
    const person = people[row];
    if (!person) return;
    const visit = column >= lead ? visits[column - lead] : undefined;
    go(`/people/${encodeURIComponent(person.subject)}${visit ? `#${visit.id}` : ''}`);
  }, [people, visits, lead, go]);

  const onKey = (event: KeyboardEvent) => {
    if (event.altKey || event.metaKey) return;
    if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); open(place.row, place.column); return; }
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 400) / height) - 1);
    const next = moved(event.key, place, people.length, columns, page, event.ctrlKey);
    if (!next) return;
    event.preventDefault();
    follow.current = true;
    setAt(next);
  };
  const onFocus = (event: React.FocusEvent) => {
    const found = /^(\d+):(\d+)$/.exec((event.target as HTMLElement).dataset.at ?? '');
    if (found && (Number(found[1]) !== at.row || Number(found[2]) !== at.column)) setAt({ row: Number(found[1]), column: Number(found[2]) });
  };
  const template = `minmax(6.5rem, 1fr) minmax(9rem, 1.2fr) ${adherence ? '5.5rem ' : ''}repeat(${visits.length}, minmax(4.4rem, 1fr))`;

  return (
    <div ref={frame} className="m-frame" role="grid" aria-label={t('matrix.label')} aria-rowcount={people.length + 1} aria-colcount={columns} onKeyDown={onKey} onFocus={onFocus} style={{ ['--columns' as string]: template, ['--total' as string]: `${15.5 + (adherence ? 5.5 : 0) + 4.4 * visits.length}rem` }}>
      <div role="rowgroup" className="m-head">
        <div role="row" aria-rowindex={1} className="m-row m-head-row">
          <div role="columnheader" aria-colindex={1} className="m-cell m-code">{t('matrix.code')}</div>
          <div role="columnheader" aria-colindex={2} className="m-cell m-state">{t('matrix.state')}</div>
          {adherence && <div role="columnheader" aria-colindex={3} className="m-cell m-number">{t('matrix.adherence')}</div>}
          {visits.map((v, i) => <div role="columnheader" key={v.id} aria-colindex={lead + i + 1} className="m-cell m-visit" title={said(v.label, i18n.language)}><abbr title={said(v.label, i18n.language)}>{v.id}</abbr></div>)}
        </div>
      </div>
      <div role="rowgroup" className="m-body" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => (
          <MatrixRow key={people[item.index]!.subject} person={people[item.index]!} index={item.index} top={item.start} height={height} visits={visits} adherence={adherence}
            active={item.index === place.row ? place.column : null} open={open} />
        ))}
      </div>
    </div>
  );
}

// The questions of a diary or questionnaire in large type: buttons for what is counted, slider and buttons for pain.
import { useId, useState } from 'react';
import type { Json, Row } from '../shared/api';
import { said } from '../shared/format';
import { codesOf, faultOf, type Field, isEmpty } from '../entry/values';
import { partialDate } from '../shared/when';
import { holds } from './rule';
import { useSay } from './texts';

export const asked = (fields: Field[], values: Row) => fields.filter((f) => f.type !== 'derived' && (typeof f.shown_if !== 'string' || f.shown_if === '' || holds(f.shown_if, values) !== false));

interface Props { field: Field; value: Json | undefined; onValue: (v: Json) => void; tried: boolean }

function Scale({ field, value, onValue, labelled }: { field: Field; value: Json | undefined; onValue: (v: Json) => void; labelled: string }) {
  const { say } = useSay();
  const low = field.low ?? 0, high = field.high ?? 10;
  const step = high - low > 20 ? (high - low) / 10 : 1;
  const marks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => low + i * step);
  const shown = (v: number) => (high - low > 20 && field.unit === 'mm' ? v / 10 : v);
  const n = isEmpty(value) ? null : Number(value);
  const slider = field.type === 'slider' || high - low > 20;
  return (
    <div className="p-scale">
      {slider && <input type="range" min={low} max={high} step={1} value={n ?? Math.round((low + high) / 2)} data-unset={n === null} aria-labelledby={labelled} aria-valuetext={n === null ? '–' : String(shown(n))} onChange={(e) => onValue(Number(e.currentTarget.value))} />}
      <div className="p-numbers" data-count={marks.length} role="group" aria-labelledby={labelled}>
        {marks.map((m) => <button key={m} type="button" aria-pressed={n !== null && Math.abs(n - m) < step / 2} onClick={() => onValue(m)}>{shown(m)}</button>)}
      </div>
      <div className="p-ends"><span>{say('low')}</span>{n !== null && <output>{shown(n)}</output>}<span>{say('high')}</span></div>
    </div>
  );
}

const MINUTES = [0, 5, 10, 15, 20, 30];

function Count({ field, value, onValue, labelled, bad }: { field: Field; value: Json | undefined; onValue: (v: Json) => void; labelled: string; bad: boolean }) {
  const { say } = useSay();
  const text = isEmpty(value) ? '' : String(value);
  const quick = field.unit === 'min' && (field.high === null || field.high >= 30) ? MINUTES : field.unit === 'days' && field.high !== null && field.high <= 10 ? Array.from({ length: field.high + 1 }, (_, i) => i) : [];
  return (
    <div className="p-count">
      {quick.length > 0 && <div className="p-numbers" role="group" aria-labelledby={labelled}>{quick.map((m) => <button key={m} type="button" aria-pressed={text !== '' && Number(text) === m} onClick={() => onValue(m)}>{m}</button>)}</div>}
      <div className="p-typed">
        <button type="button" aria-label={say('less')} onClick={() => onValue(Math.max(field.low ?? 0, Number(text || 0) - 5))} hidden={quick.length === 0}>−</button>
        <input inputMode={field.type === 'integer' ? 'numeric' : 'decimal'} aria-labelledby={labelled} aria-invalid={bad || undefined} value={text} onChange={(e) => onValue(e.currentTarget.value)} />
        <button type="button" aria-label={say('more')} onClick={() => onValue(Math.min(field.high ?? 1440, Number(text || 0) + 5))} hidden={quick.length === 0}>+</button>
        {field.unit && <span>{field.unit === 'min' ? say('minutes') : field.unit}</span>}
      </div>
    </div>
  );
}

export function Question({ field, value, onValue, tried }: Props) {
  const { say, language } = useSay();
  const id = useId();
  const [left, setLeft] = useState(false);
  const codes = codesOf(field);
  const text = isEmpty(value) ? '' : value === true ? '1' : value === false ? '0' : Array.isArray(value) ? '' : String(value);
  const fault = faultOf(field, value);
  const needed = tried && field.required && isEmpty(value);
  const words = needed ? say('needed') : fault && (left || tried) ? (fault.key === 'range' ? say('range', { low: field.low ?? '', high: field.high ?? '' }) : fault.key === 'date' || fault.key === 'wholeDate' ? say('date') : fault.key === 'expected' ? '' : say('number')) : '';
  const small = field.low !== null && field.high !== null && field.high - field.low <= 10 && field.type === 'integer' && field.unit !== 'days';
  return (
    <section className="p-question" data-question={field.id} data-bad={words !== '' || undefined} onBlur={() => setLeft(true)}>
      <h2 id={id}>{said(field.label, language)}</h2>
      {codes.length > 0 ? (
        <div className="p-choices" role="group" aria-labelledby={id}>
          {codes.map((c) => {
            const many = field.type === 'choices';
            const list = Array.isArray(value) ? value.map(String) : [];
            const on = many ? list.includes(c.code) : text === c.code;
            return <button key={c.code} type="button" aria-pressed={on} onClick={() => onValue(many ? (on ? list.filter((x) => x !== c.code) : [...list, c.code]) : c.code)}>{field.type === 'yesno' && !field.codes.length ? (c.code === '1' ? say('yes') : say('no')) : said(c.label, language)}</button>;
          })}
        </div>
      ) : field.type === 'slider' || small ? <Scale field={field} value={value} onValue={onValue} labelled={id} />
        : field.type === 'number' || field.type === 'integer' ? <Count field={field} value={value} onValue={onValue} labelled={id} bad={words !== ''} />
          : field.type === 'date' ? <div className="p-typed"><input className="p-date" inputMode="numeric" placeholder="2026-11-28" aria-labelledby={id} value={text} onChange={(e) => onValue(e.currentTarget.value)} onBlur={() => { const d = partialDate(text); if (d) onValue(d); }} /></div>
            : <textarea rows={2} aria-labelledby={id} value={text} onChange={(e) => onValue(e.currentTarget.value)} />}
      {words && <p className="p-fault" role="alert">{words}</p>}
    </section>
  );
}

// One question of a form: its words, the way to answer, what is wrong with the answer, and why there is none.
import { Button, Checkbox, Menu, NativeSelect, TextInput, Textarea } from '@mantine/core';
import { type KeyboardEvent, memo, useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { Json } from '../shared/api';
import { isRow, said, unitText } from '../shared/format';
import { IconError, IconInfo, IconQuery, IconWarning } from '../shared/icons';
import type { Finding } from '../shared/trial';
import { partialDate, today } from '../shared/when';
import { type Held, Upload } from './Upload';
import { codesOf, faultOf, type Field, inUnit, isEmpty } from './values';

const WHY = ['not_done', 'not_known', 'refused', 'not_applicable', 'lost', 'technical'] as const;

interface Props {
  field: Field; value: Json | undefined; missing: string | undefined; findings: Finding[]; confirmed: boolean; queries: number; readOnly: boolean; changed: boolean; verified?: boolean; uploads: string; held?: Held;
  onValue: (item: string, value: Json) => void; onMissing: (item: string, why: string) => void; onConfirm: (item: string, yes: boolean) => void; onFocus: (item: string) => void; onVerify?: (item: string, yes: boolean) => void;
}

/** The next question's first control, so that a form can be keyed without the mouse. */
export function focusNext(from: HTMLElement) {
  const all = [...document.querySelectorAll<HTMLElement>('[data-question]')];
  const at = all.findIndex((q) => q.contains(from));
  for (const q of all.slice(at + 1)) {
    const control = q.querySelector<HTMLElement>('input[type=radio]:checked:not(:disabled), input:not([type=range]):not([type=radio]):not([type=hidden]):not(:disabled), textarea:not(:disabled), input[type=radio]:not(:disabled)');
    if (control) { control.focus(); return; }
  }
  document.querySelector<HTMLElement>('[data-save]')?.focus();
}

function Choice({ field, value, readOnly, onValue, labelled, described }: { field: Field; value: string; readOnly: boolean; onValue: (v: Json) => void; labelled: string; described?: string }) {
  const { i18n } = useTranslation('trial');
  const codes = codesOf(field);
  const numeric = codes.every((c) => said(c.label, i18n.language) === c.code);
  // the code itself is the quickest answer: "3" chooses and goes on
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    const found = codes.find((c) => c.code.toLowerCase() === key)
      ?? (field.type === 'yesno' ? codes.find((c) => (key === 'y' || key === 'j' ? c.code === '1' : key === 'n' && c.code === '0')) : undefined)
      ?? (key >= '1' && key <= '9' && codes.every((c) => c.code.length > 1) ? codes[Number(key) - 1] : undefined);
    if (found) {
      event.preventDefault();
      onValue(found.code);
      focusNext(event.currentTarget);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      focusNext(event.currentTarget);
    } else if ((event.key === 'Backspace' || event.key === 'Delete') && value !== '') {
      event.preventDefault();
      onValue('');
    }
  };
  return (
    <div role="radiogroup" aria-labelledby={labelled} aria-describedby={described} className={numeric ? 'choices numeric' : 'choices'} onKeyDown={readOnly ? undefined : onKey}>
      {codes.map((c) => (
        <label key={c.code} className="choice" data-on={value === c.code}>
          <input type="radio" name={field.id} value={c.code} checked={value === c.code} disabled={readOnly} onChange={() => onValue(c.code)} />
          {!numeric && <span className="code" aria-hidden="true">{c.code.length < 3 ? c.code : ''}</span>}<span>{said(c.label, i18n.language)}</span>
        </label>
      ))}
    </div>
  );
}

function Answer({ field, value, readOnly, onValue, labelled, described, bad, uploads, held }: { field: Field; value: Json | undefined; readOnly: boolean; onValue: (v: Json) => void; labelled: string; described?: string; bad: boolean; uploads: string; held?: Held }) {
  const { t, i18n } = useTranslation('trial');
  const text = isEmpty(value) ? '' : Array.isArray(value) ? value.join(', ') : isRow(value) ? String(value.value) : String(value);
  const enter = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); focusNext(event.currentTarget); }
  };
  const aria = { 'aria-labelledby': labelled, 'aria-describedby': described, 'aria-invalid': bad || undefined };
  if (codesOf(field).length > 0 && field.type !== 'choices') {
    return <Choice field={field} value={value === true ? '1' : value === false ? '0' : text} readOnly={readOnly} onValue={onValue} labelled={labelled} described={described} />;
  }
  switch (field.type) {
    case 'choices': {
      const picked = Array.isArray(value) ? value.map(String) : text === '' ? [] : [text];
      return (
        <div role="group" {...aria} aria-invalid={undefined} className="choices">
          {codesOf(field).map((c) => (
            <Checkbox key={c.code} className="tick" disabled={readOnly} label={said(c.label, i18n.language)} checked={picked.includes(c.code)} name={field.id}
              onChange={(e) => onValue(e.currentTarget.checked ? [...picked, c.code] : picked.filter((p) => p !== c.code))} />
          ))}
        </div>
      );
    }
    case 'slider': {
      const low = field.low ?? 0, high = field.high ?? 100;
      return (
        <div className="slider-row">
          <input type="range" min={low} max={high} step={1} value={text === '' ? Math.round((low + high) / 2) : Number(text)} data-unset={text === ''} disabled={readOnly} {...aria}
            aria-valuetext={text === '' ? t('form.unset') : undefined} onChange={(e) => onValue(Number(e.currentTarget.value))} />
          <TextInput className="narrow" value={text} readOnly={readOnly} inputMode="decimal" {...aria} onKeyDown={enter} onChange={(e) => onValue(e.currentTarget.value)} rightSection={field.unit ? <span className="unit">{unitText(field.unit)}</span> : undefined} rightSectionWidth={field.unit ? '3rem' : undefined} />
        </div>
      );
    }
    case 'number': case 'integer': {
      const units = Object.keys(field.units ?? {});
      if (units.length > 0 && !readOnly) {
        const other = inUnit(value);
        const give = (v: string, unit: string) => onValue(unit === (field.unit ?? '') ? v : { value: v, unit });
        const unit = other?.unit ?? field.unit ?? '';
        const shown = other ? String(other.value ?? '') : text;
        return (
          <div className="date-row">
            <TextInput className="narrow number" value={shown} inputMode="decimal" autoComplete="off" {...aria} onKeyDown={enter} onChange={(e) => give(e.currentTarget.value, unit)} />
            <NativeSelect value={unit} aria-label={t('form.unit', { id: field.id })} data={[field.unit ?? '', ...units].map((u) => ({ value: u, label: unitText(u) }))} onChange={(e) => give(shown, e.currentTarget.value)} tabIndex={-1} />
          </div>
        );
      }
      return <TextInput className="narrow number" value={text} readOnly={readOnly} inputMode={field.type === 'integer' ? 'numeric' : 'decimal'} autoComplete="off" {...aria} onKeyDown={enter} onChange={(e) => onValue(e.currentTarget.value)}
        rightSection={field.unit ? <span className="unit">{unitText(field.unit)}</span> : undefined} rightSectionWidth={field.unit ? `${Math.max(2.4, field.unit.length * 0.62 + 1)}rem` : undefined} />;
    }
    case 'date':
      return (
        <div className="date-row">
          <TextInput className="narrow" value={text} readOnly={readOnly} inputMode="numeric" placeholder={t('form.datePlaceholder')} autoComplete="off" {...aria} onKeyDown={enter} onChange={(e) => onValue(e.currentTarget.value)} onBlur={() => { const d = partialDate(text); if (d && d !== text) onValue(d); }} />
          {!readOnly && <Button variant="subtle" onClick={() => onValue(today())}>{t('form.today')}</Button>}
        </div>
      );
    case 'datetime': {
      const at = text === '' ? null : new Date(text);
      const local = at && !Number.isNaN(at.getTime()) ? new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16) : '';
      return <TextInput className="wide-date" type="datetime-local" value={local} readOnly={readOnly} {...aria} onKeyDown={enter} onChange={(e) => onValue(e.currentTarget.value === '' ? '' : new Date(e.currentTarget.value).toISOString().replace(/\.\d{3}Z$/, 'Z'))} />;
    }
    case 'file':
      return <Upload path={`${uploads}/${field.id}`} value={text} held={held} accept={field.accept} most={field.max_mb} readOnly={readOnly} onValue={onValue} labelled={labelled} />;
    default:
      return /text|note|reason|term|change/.test(field.id)
        ? <Textarea autosize minRows={1} maxRows={8} value={text} readOnly={readOnly} {...aria} onKeyDown={enter} onChange={(e) => onValue(e.currentTarget.value)} />
        : <TextInput value={text} readOnly={readOnly} autoComplete="off" {...aria} onKeyDown={enter} onChange={(e) => onValue(e.currentTarget.value)} />;
  }
}

function Without({ field, missing, onMissing }: { field: Field; missing: string | undefined; onMissing: (why: string) => void }) {
  const { t } = useTranslation('trial');
  const word = (why: string) => t(`missing.${why}` as 'missing.not_done', { defaultValue: why.replaceAll('_', ' ') });
  return (
    <Menu position="bottom-end" withinPortal transitionProps={{ duration: 0 }}>
      <Menu.Target>
        <Button variant="subtle" size="compact-sm" className="without" aria-label={`${t('form.noAnswer')}: ${field.id}`}>{missing ? word(missing) : t('form.noAnswer')}</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {WHY.map((why) => <Menu.Item key={why} onClick={() => onMissing(why)}>{word(why)}</Menu.Item>)}
        {missing && <Menu.Item onClick={() => onMissing('')}>{t('form.answerAfterAll')}</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}

export const Question = memo(function Question({ field, value, missing, findings, confirmed, queries, readOnly, changed, verified, uploads, held, onValue, onMissing, onConfirm, onFocus, onVerify }: Props) {
  const { t, i18n } = useTranslation('trial');
  const id = useId();
  const own = faultOf(field, value);
  const hard = findings.filter((f) => f.severity === 'hard');
  const soft = findings.filter((f) => f.severity === 'soft');
  const label = said(field.label, i18n.language);
  const words = own && hard.length === 0 && (own.severity === 'hard' || soft.length === 0) ? t(`fault.${own.key}` as 'fault.range', { ...own.params, unit: unitText(String(own.params?.unit ?? '')) }) : '';
  const bad = hard.length > 0 || own?.severity === 'hard';
  const limits = field.low !== null && field.high !== null && !codesOf(field).length && field.type !== 'slider' ? field.low < 0 ? `${field.low} … ${field.high}`.replaceAll('-', '−') : `${field.low}–${field.high}` : '';
  return (
    <div className="question" data-question={field.id} data-bad={bad || undefined} data-changed={changed || undefined} onFocus={() => onFocus(field.id)}>
      <div className="q-head">
        <span className="q-label" id={`${id}l`}>{label}{field.required && <span className="needed" title={t('form.required')}> <span aria-hidden="true">*</span><span className="only-heard">({t('form.required')})</span></span>}</span>
        <span className="q-marks">
          {queries > 0 && <span className="status" data-kind="warn"><IconQuery size={16} />{t('matrix.queries', { count: queries })}</span>}
          {field.type !== 'derived' && onVerify && <Checkbox size="sm" label={t('form.verified')} checked={verified === true} onChange={(e) => onVerify(field.id, e.currentTarget.checked)} aria-label={`${t('form.verified')}: ${label}`} />}
          {!readOnly && isEmpty(value) && field.type !== 'derived' && <Without field={field} missing={missing} onMissing={(why) => onMissing(field.id, why)} />}
        </span>
      </div>
      {field.note && <div className="quiet q-note">{said(field.note, i18n.language)}</div>}
      {missing && isEmpty(value) && readOnly && <div className="quiet">{t(`missing.${missing}` as 'missing.not_done', { defaultValue: missing })}</div>}
      <Answer field={field} value={value} readOnly={readOnly} onValue={(v) => onValue(field.id, v)} labelled={`${id}l`} described={`${id}d`} bad={bad} uploads={uploads} held={held} />
      <div id={`${id}d`} className="q-said">
        {limits && <span className="quiet">{t('form.limits', { limits, unit: unitText(field.unit ?? '') })}</span>}
        {words && <div className="status wrap" data-kind={own!.severity === 'hard' ? 'bad' : 'warn'} role="status">{own!.severity === 'hard' ? <IconError size={17} /> : <IconWarning size={17} />}{words}</div>}
        {hard.map((f, i) => <div key={i} className="status wrap" data-kind="bad"><IconError size={17} />{said(f.message, i18n.language)}</div>)}
        {soft.map((f, i) => <div key={i} className="status wrap" data-kind="warn"><IconWarning size={17} />{said(f.message, i18n.language)}</div>)}
        {soft.length > 0 && !readOnly && <Checkbox mt={6} size="sm" label={t('form.right')} checked={confirmed} onChange={(e) => onConfirm(field.id, e.currentTarget.checked)} />}
      </div>
    </div>
  );
});

export function DerivedLine({ field, value }: { field: Field; value: Json | undefined }) {
  const { t, i18n } = useTranslation('trial');
  const shown = isEmpty(value) ? '–' : typeof value === 'boolean' || (!field.unit && (value === 0 || value === 1)) ? t(value ? 'yes' : 'no') : `${String(value)}${field.unit ? ` ${unitText(field.unit)}` : ''}`;
  return <div className="question derived" data-derived={field.id}><span className="q-label">{said(field.label, i18n.language)}</span> <strong>{shown}</strong> <span className="quiet"><IconInfo size={15} /> {t('form.derived')}</span></div>;
}

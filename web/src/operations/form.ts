// The rules of a form made from an operation's declaration: first values, checks, and the same call as a command line.
import type { Binding, Operation, Param, ParamType, ParamValue } from '../shared/api';

export type Values = Record<string, string | boolean>;
export type Bindings = Record<string, Binding[]>;
/** A fault as a key of the texts plus what to put into it. */
export interface Fault { key: string; with?: Record<string, string | number> }

const DATA: ParamType[] = ['table', 'tables', 'volume', 'document', 'source'];
export const isData = (param: Param) => DATA.includes(param.type);
export const takesSeveral = (param: Param) => param.type === 'tables' || param.type === 'source';

/** Where an operation's page is. */
export const addressOf = (op: Operation) => `/operations/${op.area}/${op.verb}`;

/** What a form shows: nothing that names a file to write. */
export const formParams = (op: Operation) => op.params.filter((p) => !p.output);

export function firstValues(op: Operation): Values {
  const values: Values = {};
  for (const param of formParams(op)) {
    if (isData(param)) continue;
    values[param.name] = param.type === 'flag' ? param.preset === 'true' : (param.preset ?? '');
  }
  return values;
}

export const words = (text: string) => text.split(',').map((w) => w.trim()).filter((w) => w !== '');

function numberFault(text: string, param: Param, whole: boolean): Fault | null {
  if (/^[+-]?\d+,\d+$/.test(text)) return { key: 'fault.decimalComma', with: { better: text.replace(',', '.') } };
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) return { key: 'fault.number', with: { text } };
  if (whole && !Number.isInteger(value)) return { key: 'fault.whole', with: { text } };
  const bounded = (param.min ?? 0) !== 0 || (param.max ?? 0) !== 0;
  if (bounded && ((param.min != null && value < param.min) || (param.max != null && value > param.max))) {
    return { key: 'fault.range', with: { min: param.min ?? '', max: param.max ?? '' } };
  }
  return null;
}

/** What is wrong with one field, or null. The server checks again; this is only to say so while typing. */
export function faultOf(param: Param, values: Values, bindings: Bindings): Fault | null {
  if (isData(param)) return param.required && !bindings[param.name]?.length ? { key: 'fault.requiredData' } : null;
  const value = values[param.name];
  if (typeof value === 'boolean') return null;
  const text = (value ?? '').trim();
  if (text === '') return param.required ? { key: 'fault.required' } : null;
  if (param.type === 'number' || param.type === 'int') return numberFault(text, param, param.type === 'int');
  if (param.type === 'numbers') {
    for (const word of words(text)) {
      const fault = numberFault(word, param, false);
      if (fault) return fault;
    }
  }
  return null;
}

/** Only what differs from the declaration's own default is sent: the result then records what was chosen. */
export function sent(op: Operation, values: Values): Record<string, ParamValue> {
  const out: Record<string, ParamValue> = {};
  for (const param of formParams(op)) {
    if (isData(param)) continue;
    const value = values[param.name];
    if (typeof value === 'boolean') {
      if (value !== (param.preset === 'true')) out[param.name] = value;
    } else if (value !== undefined && value.trim() !== '' && value.trim() !== (param.preset ?? '')) {
      out[param.name] = value.trim();
    }
  }
  return out;
}

export const quoted = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

const fileOf = (binding: Binding) => (binding.kind === 'file' ? binding.file.name : binding.kind === 'snapshot' ? `${binding.table}.csv` : binding.name);

/** The same call on the command line. */
export function commandLine(op: Operation, values: Values, bindings: Bindings): string {
  const parameters = sent(op, values);
  const parts: string[] = [];
  for (const param of formParams(op)) {
    const given = isData(param)
      ? (bindings[param.name] ?? []).map(fileOf)
      : parameters[param.name] === undefined ? [] : [parameters[param.name]!];
    for (const value of given) {
      if (typeof value === 'boolean') parts.push(value ? `--${param.name}` : `--${param.name}=false`);
      else if (param.positional) parts.push(quoted(String(value)));
      else parts.push(`--${param.name}`, quoted(String(value)));
    }
  }
  return ['lumbar', op.area, op.verb, ...parts].join(' ');
}

/** The words of a command line as a shell would split them; enough for the declared examples. */
export function shellWords(line: string): string[] {
  const out: string[] = [];
  let word = '';
  let open = false;
  let quote = '';
  for (const c of line) {
    if (quote) {
      if (c === quote) quote = '';
      else word += c;
    } else if (c === '"' || c === "'") { quote = c; open = true; }
    else if (/\s/.test(c)) {
      if (word || open) out.push(word);
      word = '';
      open = false;
    } else word += c;
  }
  if (word || open) out.push(word);
  return out;
}

export interface Example { values: Values; files: Record<string, string[]> }

/** An operation's example read back into the form: values, and the names of the files it takes. */
export function readExample(op: Operation): Example | null {
  const line = shellWords(op.example ?? '');
  if (line[0] !== 'lumbar' || line[1] !== op.area || line[2] !== op.verb) return null;
  const values = firstValues(op);
  const files: Record<string, string[]> = {};
  const positional = op.params.filter((p) => p.positional);
  const put = (param: Param, text: string) => {
    if (isData(param)) (files[param.name] ??= []).push(text.split('/').pop() ?? text);
    else if (!param.output) values[param.name] = param.type === 'flag' ? text !== 'false' : text;
  };
  for (let i = 3; i < line.length; i++) {
    const word = line[i]!;
    if (/^[>|&;]/.test(word)) break;
    const option = /^--([\w-]+)(?:=(.*))?$/.exec(word);
    if (!option) {
      if (word === '-o' || word === '-m') { i++; continue; }
      const param = positional[0];
      if (param) put(param, word);
      if (param && !takesSeveral(param)) positional.shift();
      continue;
    }
    const param = op.params.find((p) => p.name === option[1]);
    if (!param) {
      if (option[2] === undefined && line[i + 1] !== undefined && !line[i + 1]!.startsWith('-') && option[1] !== 'json') i++;
    } else if (param.type === 'flag') put(param, option[2] ?? 'true');
    else put(param, option[2] ?? line[++i] ?? '');
  }
  return { values, files };
}

/** "a + b" with one more term, for a click on a column's name. */
export function withTerm(formula: string, column: string): string {
  const term = /^[A-Za-z.][\w.]*$/.test(column) ? column : `\`${column}\``;
  if (formula.trim() === '') return `${term} ~ `;
  return /[~+*:|(-]\s*$/.test(formula) ? `${formula.trimEnd()} ${term}` : `${formula.trimEnd()} + ${term}`;
}

/** Every word of the search is somewhere in what the operation says of itself. */
export function matches(op: Operation, search: string): boolean {
  const hay = `${op.area} ${op.verb} ${op.summary} ${op.description ?? ''} ${op.params.map((p) => p.name).join(' ')}`.toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => hay.includes(word));
}

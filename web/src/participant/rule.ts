// The protocol's rules as far as a phone needs them without a network: comparisons of answers joined by and, or, not
// (the subset of Lua expressions that "shown if" uses). What it cannot read it answers with undefined: then the question is shown.
import type { Json, Row } from '../shared/api';

type Token = { kind: 'number' | 'text' | 'name' | 'sign'; text: string };

function tokens(rule: string): Token[] | null {
  const out: Token[] = [];
  const pattern = /\s*(?:(\d+(?:\.\d+)?)|'([^']*)'|"([^"]*)"|([A-Za-z_]\w*)|(==|~=|<=|>=|<|>|\(|\)|,|\+|-|\*|\/))/y;
  while (pattern.lastIndex < rule.trimEnd().length) {
    const m = pattern.exec(rule);
    if (!m) return null;
    if (m[1] !== undefined) out.push({ kind: 'number', text: m[1] });
    else if (m[2] !== undefined || m[3] !== undefined) out.push({ kind: 'text', text: m[2] ?? m[3] ?? '' });
    else if (m[4] !== undefined) out.push({ kind: 'name', text: m[4] });
    else out.push({ kind: 'sign', text: m[5]! });
  }
  return out;
}

type Value = number | string | boolean | null;
const truth = (v: Value) => v !== null && v !== false;

/** An answer as rules see it: numbers where it looks like one. */
function answer(values: Row, name: string): Value {
  const v: Json | undefined = values[name];
  if (v === undefined || v === null || v === '') return null;
  if (typeof v === 'boolean') return v ? 1 : 0;
  if (typeof v === 'number') return v;
  const text = String(v);
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

class Unreadable extends Error {}

function parser(list: Token[], values: Row) {
  let at = 0;
  const peek = (text: string) => list[at]?.text === text && list[at]?.kind !== 'text';
  const take = (text: string) => (peek(text) ? (at++, true) : false);
  const need = (text: string) => { if (!take(text)) throw new Unreadable(); };
  const atom = (): Value => {
    const token = list[at++];
    if (!token) throw new Unreadable();
    if (token.kind === 'number') return Number(token.text);
    if (token.kind === 'text') return token.text;
    if (token.text === '(') { const v = or(); need(')'); return v; }
    if (token.text === '-') { const v = atom(); return typeof v === 'number' ? -v : null; }
    if (token.kind !== 'name') throw new Unreadable();
    if (token.text === 'true' || token.text === 'false') return token.text === 'true';
    if (token.text === 'nil') return null;
    if (peek('(')) {
      if (token.text !== 'missing') throw new Unreadable();
      need('(');
      const name = atom();
      need(')');
      return answer(values, String(name)) === null;
    }
    return answer(values, token.text);
  };
  const compare = (): Value => {
    const a = atom();
    const sign = list[at];
    if (sign?.kind !== 'sign' || !['==', '~=', '<', '<=', '>', '>='].includes(sign.text)) return a;
    at++;
    const b = atom();
    if (sign.text === '==' || sign.text === '~=') return (a !== null && b !== null && String(a) === String(b)) === (sign.text === '==') && (a !== null || sign.text === '~=');
    if (typeof a !== 'number' || typeof b !== 'number') return false;
    return sign.text === '<' ? a < b : sign.text === '<=' ? a <= b : sign.text === '>' ? a > b : a >= b;
  };
  const not = (): Value => (take('not') ? !truth(not()) : compare());
  const and = (): Value => { let v = not(); while (take('and')) { const w = not(); v = truth(v) ? w : v; } return v; };
  const or = (): Value => { let v = and(); while (take('or')) { const w = and(); v = truth(v) ? v : w; } return v; };
  return () => { const v = or(); if (at !== list.length) throw new Unreadable(); return v; };
}

export function holds(rule: string, values: Row): boolean | undefined {
  const list = tokens(rule);
  if (!list || list.length === 0) return undefined;
  try { return truth(parser(list, values)()); } catch { return undefined; }
}

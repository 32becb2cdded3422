// Whatever the study server may refuse a person at work, it refuses in Chinese, too: the sentences are read from the program's sources.
import { describe, expect, it } from 'vitest';
import { refusalIn } from '../shared/refusal';
import { refusals } from './refusals.zh';

const sources = import.meta.glob(['../../../src/trial/conduct/*.c', '../../../src/server/study_*.c'], { query: '?raw', import: 'default', eager: true }) as Record<string, string>;

/** What the command line alone says, or what speaks to a program that calls the API; participants' pages have their own three languages. */
const NOT_PAGES = /\/(import|import_put|import_rows|import_map|odm\w*|phone_sync|link|print\w*)\.c$/;
const LITERAL = String.raw`"(?:[^"\\]|\\.)*"`;
const CALL = new RegExp(String.raw`\b(?:lb_fail\(err, LB_\w+|lb_error_hint\(err|not_yours\(err),\s*(${LITERAL}(?:\s*${LITERAL})*)`, 'g');

function sentences(text: string): string[] {
  return [...text.matchAll(CALL)].map((m) => [...m[1]!.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((part) => part[1]!).join('').replace(/\\(.)/g, '$1'));
}

describe('refusals', () => {
  const said = Object.entries(sources).filter(([path]) => !NOT_PAGES.test(path)).flatMap(([path, text]) => sentences(text).map((s) => [s, path.split('/').at(-1)!] as const));

  it('are found in the sources', () => expect(said.length).toBeGreaterThan(150));

  it('have Chinese', () => {
    const without = said.filter(([s]) => / /.test(s) && !Object.hasOwn(refusals, s)).map(([s, file]) => `${file}: ${s}`);
    expect(without).toEqual([]);
  });

  it('keep their parts, in any order', () => {
    for (const [english, chinese] of Object.entries(refusals)) {
      const parts = (english.match(/%[-.\d]*(?:z?u|l*d|g|s)/g) ?? []).map((_, i) => `{${i + 1}}`);
      for (const part of chinese.match(/\{\d\}/g) ?? []) expect(parts, english).toContain(part);
    }
  });

  it('are said whole', () => {
    expect(refusalIn('the second keying is done', 'zh-CN')).toBe('第二次录入已完成');
    expect(refusalIn('the form is locked', 'zh-CN')).toBe('此表单已锁定');
    expect(refusalIn("'nausea' cannot be entered before the consent of C01-004 is recorded", 'zh-CN')).toBe('记录C01-004的知情同意之前不能录入“nausea”');
    expect(refusalIn('the form is locked', 'en')).toBe('the form is locked');
    expect(refusalIn('something new', 'zh-CN')).toBe('something new');
  });
});

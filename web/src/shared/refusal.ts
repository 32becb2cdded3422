// The study server's refusals in the reader's language: a sentence is found by its text, or by its form when parts of it vary.
import { refusals as zhRefusals, states as zhStates } from '../i18n/refusals.zh';

/** "%s has no event %.10s" → /^(.*) has no event (.*)$/ */
export const formOf = (sentence: string) => new RegExp(`^${sentence.split(/%[-.\d]*(?:z?u|l*d|g|s)/).map((s) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('(.*?)')}$`, 's');

const forms = Object.entries(zhRefusals).filter(([said]) => said.includes('%')).map(([said, own]) => ({ form: formOf(said), own }));
const own = (list: Record<string, string>, key: string) => (Object.hasOwn(list, key) ? list[key] : undefined);

export function refusalIn(message: string, language: string): string {
  if (!language.startsWith('zh')) return message;
  const whole = own(zhRefusals, message);
  if (whole) return whole;
  for (const { form, own: text } of forms) {
    const parts = form.exec(message);
    if (parts) return text.replace(/\{(\d)\}/g, (_, n: string) => { const part = parts[Number(n)] ?? ''; return own(zhStates, part) ?? part; });
  }
  return message;
}

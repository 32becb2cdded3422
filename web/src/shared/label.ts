// Plain words for the keys of a result or a protocol ("tau2_lower" → "τ² lower"); the key itself stays as the tooltip.
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { protocol as zhProtocol, words as zhWords } from '../i18n/protocol.zh';
import { terms as enTerms } from '../i18n/terms.en';
import { terms as zhTerms } from '../i18n/terms.zh';

const own = (list: Record<string, string>, key: string) => (Object.hasOwn(list, key) ? list[key] : undefined);

/** "days_per_week" → "Days per week"; names of features and symbols stay as they are. */
function readable(key: string): string {
  if (/^(original|wavelet|diagnostics|log|square)_/.test(key) || /[A-Z0-9]/.test(key) || key.length < 3) return key.replaceAll('_', ' ');
  const text = key.replaceAll('_', ' ');
  return text[0]!.toUpperCase() + text.slice(1);
}

export function labelOf(key: string, language: string): string {
  const found = language.startsWith('zh') ? own(zhTerms, key) ?? own(zhProtocol, key) ?? own(zhWords, key) : own(enTerms, key);
  return found ?? readable(key);
}

/** The standard words of registries and protocols ("estimated", "raise queries") in the reader's language; any other text as it is. */
export const wordOf = (text: string, language: string) => (language.startsWith('zh') ? own(zhWords, text) ?? text : text);

export function useLabel() {
  const { i18n } = useTranslation();
  return useCallback((key: string) => labelOf(key, i18n.language), [i18n.language]);
}

// Plain words for the keys of a result ("tau2_lower" → "τ² lower"); the key itself stays as the tooltip.
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { terms as enTerms } from '../i18n/terms.en';
import { terms as zhTerms } from '../i18n/terms.zh';

export function labelOf(key: string, language: string): string {
  const own = (language.startsWith('zh') ? zhTerms : enTerms) as Record<string, string>;
  if (Object.hasOwn(own, key)) return own[key]!;
  return key.includes('_') && !/^(original|wavelet|diagnostics)_/.test(key) ? key.replaceAll('_', ' ') : key;
}

export function useLabel() {
  const { i18n } = useTranslation();
  return useCallback((key: string) => labelOf(key, i18n.language), [i18n.language]);
}

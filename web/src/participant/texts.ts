// The three languages of the participant's pages; the choice stays on the phone.
import { createContext, useContext } from 'react';
import { da } from '../i18n/participant.da';
import { en } from '../i18n/participant.en';
import { zh } from '../i18n/participant.zh';

const TEXTS: Record<string, typeof en> = { en, zh, da };
const NAMES: Record<string, string> = { en: 'English', zh: '中文', da: 'Dansk' };
const KEPT = 'lumbar.participant.language';

export type Say = (key: keyof typeof en, params?: Record<string, string | number>) => string;

export const LanguageOf = createContext('en');
export function useSay(): { say: Say; language: string } {
  const language = useContext(LanguageOf);
  const list = TEXTS[language] ?? en;
  return { language, say: (key, params = {}) => list[key].replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? '')) };
}

export const nameOf = (language: string) => NAMES[language] ?? language;
export const known = (languages: string[]) => { const list = languages.map((l) => l.split('-')[0]!).filter((l) => l in TEXTS); return list.length > 0 ? [...new Set(list)] : ['en']; };

export function firstLanguage(languages: string[]): string {
  const list = known(languages);
  const kept = localStorage.getItem(KEPT);
  const own = navigator.language.split('-')[0]!.toLowerCase();
  return kept && list.includes(kept) ? kept : list.includes(own) ? own : list[0]!;
}
export const keepLanguage = (language: string) => localStorage.setItem(KEPT, language);

// The frame speaks English and Chinese, and so do the study server's refusals (refusals.zh.ts); the choice is remembered in this
// browser. What Lumbar computes (method sentences, the messages of an analysis) comes from the program as it is.
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { en } from './en';
import { trial as trialEn } from './study.en';
import { trial as trialZh } from './study.zh';
import { zh } from './zh';

export const LANGUAGES = [
  { code: 'en', name: 'English', short: 'EN' },
  { code: 'zh-CN', name: '简体中文', short: '中文' },
] as const;

const KEPT = 'lumbar.language';

function firstLanguage(): string {
  const kept = localStorage.getItem(KEPT);
  if (kept && LANGUAGES.some((l) => l.code === kept)) return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en';
}

export function startTexts() {
  const language = firstLanguage();
  document.documentElement.lang = language;
  i18next.on('languageChanged', (chosen) => {
    document.documentElement.lang = chosen;
    localStorage.setItem(KEPT, chosen);
  });
  return i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'en',
    resources: { en: { translation: en, trial: trialEn }, 'zh-CN': { translation: zh, trial: trialZh } },
    interpolation: { escapeValue: false }, // React escapes
  });
}

import 'i18next';
import type { en } from './en';
import type { trial } from './study.en';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof en; trial: typeof trial };
  }
}

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

/** Why an entry was not taken, in the participant's language; the program says it in English (phone_sync.c). */
const REFUSED: Record<string, { zh: string; da: string }> = {
  'the entry does not say when it was made': { zh: '记录没有填写时间', da: 'det fremgår ikke, hvornår det blev skrevet' },
  "the entry was made after it was sent: the phone's clock was changed in between": { zh: '记录时间晚于发送时间：手机时钟在此期间被更改', da: 'telefonens ur blev ændret undervejs' },
  'the entry is too old to be taken over; please tell your study centre': { zh: '记录太旧，无法接收；请告知研究中心', da: 'det er for gammelt til at blive modtaget; fortæl det venligst til dit studiecenter' },
  'this day had not come yet': { zh: '这一天尚未到来', da: 'dagen var ikke kommet endnu' },
  'this day can no longer be filled in': { zh: '这一天已不能再填写', da: 'dagen kan ikke længere udfyldes' },
  'this page is not part of your plan': { zh: '此页不在您的计划中', da: 'siden hører ikke til din plan' },
  'this page is not part of the study': { zh: '此页不属于本研究', da: 'siden hører ikke til studiet' },
  'you have left the study; thank you for what you gave': { zh: '您已退出研究；感谢您的参与', da: 'du er udgået af studiet; tak for det, du har givet' },
  'this page is not open to you yet': { zh: '此页尚未对您开放', da: 'siden er ikke åben for dig endnu' },
  'this day is filled in already; the first entry is kept': { zh: '这一天已填写；保留首次记录', da: 'dagen er udfyldt allerede; den første besvarelse beholdes' },
  'another entry came under this number; the first is kept': { zh: '此编号下已有另一记录；保留首次记录', da: 'der kom en anden besvarelse under dette nummer; den første beholdes' },
  'refused before': { zh: '此前已拒收', da: 'afvist tidligere' }, 'the entry has no number of its own': { zh: '记录没有编号', da: 'besvarelsen har intet nummer' }, 'this cannot be': { zh: '此值不可能', da: 'det kan ikke passe' },
};
export const refusedIn = (message: string, language: string) => (language === 'zh' || language === 'da' ? REFUSED[message]?.[language] ?? message : message);

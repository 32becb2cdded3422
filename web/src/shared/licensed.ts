// Wording of questionnaires that a site has loaded from its own licensed file: the protocol holds numbers only.
import { useQuery } from '@tanstack/react-query';
import { useMay } from '../session/session';
import { get, type Item } from './trial';

interface Licensed { site: string; instrument: string; language: string; title?: string | null; instruction?: string | null; items: Record<string, { text: string; codes?: Record<string, string> }> }

/** Items with a site's words over them, in the page's language where there is one. */
export function worded(items: Item[], texts: Licensed | undefined): Item[] {
  if (!texts) return items;
  return items.map((item) => {
    const words = texts.items[item.id];
    if (!words) return item;
    return { ...item, label: { en: words.text }, codes: item.codes?.map((c) => ({ code: c.code, label: words.codes?.[c.code] ? { en: words.codes[c.code]! } : c.label })) };
  });
}

export function useLicensed(site: string | undefined, instrument: string | undefined, language: string): Licensed | undefined {
  const may = useMay();
  const texts = useQuery({ queryKey: ['texts', site], queryFn: () => get<{ texts: Licensed[] }>(`/api/texts?site=${encodeURIComponent(site ?? '')}`).catch(() => ({ texts: [] })), enabled: Boolean(instrument && site) && may('people.read') });
  const own = (texts.data?.texts ?? []).filter((x) => x.instrument === instrument && (!x.site || x.site === site));
  const short = language.split('-')[0];
  return own.find((x) => x.language.split('-')[0] === short) ?? own[0];
}

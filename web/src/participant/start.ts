// The participant's pages: no library of components, little to load, installed by the service worker to work without a network.
import './participant.css';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { DiaryApp } from './DiaryApp';

const KEPT = 'lumbar.participant.link';

/** The link's token, also when the page was opened from the home screen. */
function tokenOf(): string {
  const here = /^\/p\/([^/]+)/.exec(location.pathname)?.[1];
  if (here) { localStorage.setItem(KEPT, here); return decodeURIComponent(here); }
  return decodeURIComponent(localStorage.getItem(KEPT) ?? '');
}

/** What this page was made of goes into the cache at once, so that the first visit is enough. */
async function keepPages() {
  if (!('serviceWorker' in navigator)) return;
  try {
    await navigator.serviceWorker.register('/sw.js', { scope: '/p/' });
    const parts = performance.getEntriesByType('resource').map((e) => new URL(e.name)).filter((u) => u.origin === location.origin && /^\/(assets\/|lumbar)/.test(u.pathname)).map((u) => u.pathname);
    const cache = await caches.open('lumbar-diary-1');
    await cache.addAll([...new Set(['/p/', '/lumbar.svg', '/participant.webmanifest', ...parts])]);
    document.documentElement.dataset.kept = 'true';
    await navigator.storage?.persist?.();
  } catch { /* without a service worker the page works with a network, and entries are kept all the same */ }
}

export async function start() {
  document.title = 'Lumbar';
  const manifest = document.createElement('link');
  manifest.rel = 'manifest';
  manifest.href = '/participant.webmanifest';
  document.head.append(manifest);
  createRoot(document.getElementById('root')!).render(createElement(DiaryApp, { token: tokenOf() }));
  if (document.readyState === 'complete') void keepPages();
  else addEventListener('load', () => void keepPages());
}

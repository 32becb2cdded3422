// Keeps the participant's pages for a cellar without a network. Pages come fresh when there is one; entries are none of this file's
// business, they wait in the phone's own store until the page has brought them.
const CACHE = 'lumbar-diary-1';

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(
  caches.keys().then((names) => Promise.all(names.filter((n) => n.startsWith('lumbar-diary-') && n !== CACHE).map((n) => caches.delete(n)))).then(() => self.clients.claim())));

async function freshOrKept(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put('/p/', response.clone());
    return response;
  } catch {
    return (await cache.match('/p/')) ?? Response.error();
  }
}

// Files with a hash in their name never change.
async function keptOrFresh(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin || url.pathname.startsWith('/api/')) return;
  if (event.request.mode === 'navigate') event.respondWith(freshOrKept(event.request));
  else if (/^\/(assets\/|lumbar|participant)/.test(url.pathname)) event.respondWith(keptOrFresh(event.request));
});

// Which of three faces this address has: a participant's own pages (light, usable without a network), the demo, or a study.
import { loadSession } from './session/session';

if (/^\/p(\/|$)/.test(location.pathname)) {
  await (await import('./participant/start')).start();
} else {
  const [{ start }] = await Promise.all([import('./app/start'), loadSession()]);
  await start();
}

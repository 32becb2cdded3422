// A tour of a running study: every page of the rail and every room, by a role that may use it, on a desktop and on a phone in
// Chinese; axe in light and dark, width and console faults are asked on each. What a role must not meet is asked too.
import { join } from 'node:path';
import { check, shots, violations } from './harness.mjs';
import { look, pageFor } from './trial.mjs';

/** [role, path, name]: each page by one of the roles it is made for. */
const PAGES = (subject) => [
  ['coordinator', '/', 'today'], ['coordinator', '/people', 'people'], ['coordinator', `/people/${subject}`, 'person'], ['coordinator', `/people/${subject}/BL/labs`, 'form'],
  ['coordinator', `/people/${subject}/randomise`, 'randomise'], ['coordinator', '/safety', 'safety'], ['coordinator', '/quality/queries', 'queries'], ['coordinator', '/quality/metrics', 'metrics'],
  ['coordinator', '/quality/deviations', 'deviations'], ['coordinator', '/quality/adherence', 'adherence'], ['coordinator', '/study/protocol', 'protocol'], ['coordinator', '/study/documents', 'documents'],
  ['coordinator', '/study/texts', 'texts'], ['coordinator', '/study/ranges', 'ranges'], ['coordinator', '/account', 'account'],
  ['therapist', '/', 'today-therapist'], ['investigator', '/', 'today-investigator'], ['assessor', '/', 'today-assessor'], ['assessor', '/imaging', 'imaging'],
  ['monitor', '/', 'today-monitor'], ['monitor', '/quality/verify', 'verify'],
  ['data_manager', '/', 'today-data-manager'], ['data_manager', '/study/versions', 'versions'], ['data_manager', '/study/exports', 'exports'], ['data_manager', '/study/audit', 'audit'], ['data_manager', '/study/close', 'close'],
  ['data_manager', `/people/${subject}/BL/odi?keying=2`, 'second'], ['unmasked_data_manager', '/', 'today-unmasked-data-manager'],
  ['statistician', '/', 'today-statistician'], ['statistician', '/analysis', 'analysis'], ['statistician', '/model', 'model'], ['statistician', '/evidence', 'evidence'],
  ['unmasked_statistician', '/study/close', 'balance'], ['unmasked_statistician', '/board', 'board'], ['dsmb', '/', 'today-dsmb'],
  ['admin', '/', 'today-admin'], ['admin', '/study/users', 'users'], ['admin', '/study/sites', 'sites'], ['admin', '/study/delegation', 'delegation'],
];

const SIZES = { desktop: { width: 1280, height: 900, language: 'en' }, phone: { width: 375, height: 740, language: 'zh-CN' } };

/** Every page once at this size: one sign-in a role. */
export async function tour(browser, study, who, subject, size) {
  const pages = PAGES(subject);
  await who.data_manager.post('/api/snapshots', { label: `for the tour, ${size}` }); // what analysis looks at
  for (const role of new Set(pages.map(([r]) => r))) {
    const page = await pageFor(browser, study, who[role], SIZES[size]);
    for (const [, path, name] of pages.filter(([r]) => r === role)) {
      await page.visit(path);
      await look(page, `tour-${name}-${size}`);
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.waitForFunction(() => document.documentElement.dataset.mantineColorScheme === 'dark', null, { timeout: 10_000 }).catch(() => { throw new Error(`${name}: the page does not turn dark`); });
      const dark = await violations(page);
      check(dark === '', `${name} in the dark: ${dark}`);
      if (size === 'desktop') await page.screenshot({ path: join(shots, `tour-${name}-dark.png`), fullPage: true });
      await page.emulateMedia({ colorScheme: 'light' });
      const text = await page.locator('main').innerText();
      check(!/\[object Object\]|undefined|NaN/.test(text), `${name}: ${/.{0,30}(\[object Object\]|undefined|NaN).{0,30}/.exec(text)?.[0]}`);
    }
    await page.context().close();
  }
}

/** Another centre's coordinator finds nobody of this one, by page or by address. */
export async function stranger(browser, study, someone, subject) {
  const page = await pageFor(browser, study, someone);
  await page.visit('/people');
  await look(page, 'people-stranger');
  check(!(await page.locator('main').innerText()).includes(subject), 'another centre sees a code of this one');
  await page.visit(`/people/${subject}`);
  await page.getByText(new RegExp(`There is nobody with the code ${subject}`)).waitFor();
  await look(page, 'person-gone');
  await page.context().close();
}

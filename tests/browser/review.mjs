// A systematic review on a study's server, by the people who are signed in: a manager begins it from a file of references, two screen and
// extract without seeing each other, a third settles; the manager takes the document. Run: node tests/browser/review.mjs
import { check, settled, startBrowser, summary, test } from './harness.mjs';
import { look, pageFor, Someone, startStudy } from './trial.mjs';

const study = await startStudy('studies/metnlbp.yaml');
const browser = await startBrowser();
const PASSWORD = 'seven quiet herons wade';
const who = { admin: new Someone(study, 'admin') };
const go = async (page, path) => { await page.visit(path); await settled(page); };
const RIS = ['Individualised exercise or usual care', 'A cohort of runners', 'Yoga or waiting list']
  .map((title, i) => `TY  - JOUR\nTI  - ${title}\nAB  - Adults with chronic low back pain.\nPY  - ${2019 + i}\nDO  - 10.1000/${i}\nER  - \n`).join('\n');
const FORM = 'fields:\n- {name: sd1, label: SD of the exercise group, kind: number}\nreasons: [no randomised trial, other population]\n';

const decide = async (page, record, button) => {
  await page.locator(`article[data-record=${record}]`).waitFor();
  await page.getByRole('button', { name: button, exact: true }).click();
  await page.locator(`article[data-record=${record}]`).waitFor({ state: 'detached' });
};

await test('review: accounts', async () => {
  await who.admin.begin(study.password, PASSWORD);
  for (const role of ['data_manager', 'statistician', 'assessor', 'therapist', 'investigator']) {
    const { once } = await who.admin.post('/api/users', { name: role, full_name: role, role, sites: ['assessor', 'therapist', 'investigator'].includes(role) ? ['C01'] : [] });
    who[role] = await new Someone(study, role).begin(once, PASSWORD);
  }
});

await test('review: a manager begins it, and does not screen', async () => {
  const page = await pageFor(browser, study, who.data_manager);
  await go(page, '/evidence');
  await look(page, 'study-review-begin');
  await page.getByLabel(/^Title of the review/).fill('Exercise for back pain');
  await page.locator('input[type=file]').nth(0).setInputFiles({ name: 'found.ris', mimeType: 'text/plain', buffer: Buffer.from(RIS) });
  await page.locator('input[type=file]').nth(1).setInputFiles({ name: 'form.yaml', mimeType: 'text/plain', buffer: Buffer.from(FORM) });
  await page.getByRole('button', { name: 'Begin', exact: true }).click();
  await page.getByText('Nothing is waiting for data_manager.').waitFor();
  check(await page.getByRole('button', { name: 'Include', exact: true }).count() === 0, 'a manager is asked to decide');
  await page.context().close();
});

await test('review: two people screen apart, a third settles, in the browser', async () => {
  const one = await pageFor(browser, study, who.statistician), two = await pageFor(browser, study, who.assessor), three = await pageFor(browser, study, who.therapist);
  await go(one, '/evidence/screening');
  await look(one, 'study-review-screen');
  await decide(one, 'r1', 'Include');
  await decide(one, 'r2', 'Exclude');
  await decide(one, 'r3', 'Include');
  await go(two, '/evidence/screening');
  check(!/statistician/.test(await two.locator('main').innerText()), 'the second screener sees the first one');
  await decide(two, 'r1', 'Exclude');
  await decide(two, 'r2', 'Exclude');
  await two.locator('article[data-record=r3]').waitFor();
  await two.getByRole('button', { name: 'Include', exact: true }).click();
  await two.locator('article[data-record=r3]').getByText(/^Full text/).waitFor(); // both have kept it: its full text is next
  await go(three, '/evidence/screening');
  await three.locator('article[data-record=r1]').waitFor();
  await three.getByLabel(/^Why/).fill('adapted to each person');
  await look(three, 'study-review-settle');
  await three.getByRole('button', { name: 'Include', exact: true }).click();
  await three.locator('article[data-record=r1]').getByText('Full text', { exact: false }).waitFor();
  check(/κ 0\.40/.test(await three.locator('[data-live=kappa]').innerText()), 'kappa of 1 1 / 0 1 is 0.4');
  for (const page of [one, two]) { await go(page, '/evidence/screening'); await decide(page, 'r1', 'Include'); }
  await go(one, '/evidence/extraction');
  await one.locator('[data-field=sd1]').fill('1.2');
  await one.getByRole('button', { name: /^Save/ }).click();
  await go(two, '/evidence/extraction');
  await two.locator('[data-field=sd1]').fill('2.1');
  await two.getByRole('button', { name: /^Save/ }).click();
  await two.getByText('A third person settles what you differ about.').waitFor();
  await go(three, '/evidence/extraction');
  await three.locator('[data-conflict=sd1] input').fill('Table 2 gives 2.1');
  await three.getByRole('button', { name: 'assessor: 2.1' }).click();
  await three.getByText(/2\.1, settled by therapist/).waitFor();
  await look(three, 'study-review-extract');
  for (const page of [one, two, three]) await page.context().close();
});

await test('review: who did what is in the audit, and a role that reads it does not screen', async () => {
  const { entries } = await who.data_manager.get('/api/audit?kind=review');
  check(entries.some((e) => e.action === 'settle' && e.user === 'therapist' && e.at), 'the settlement is not in the audit');
  const document = await who.data_manager.get('/api/review-document/exercise-for-back-pain');
  check(document.events.length === 12 && document.events.every((e) => e.who && e.at), `the document holds ${document.events.length} events`);
  const { status } = await who.investigator.raw('POST', '/api/review/exercise-for-back-pain', {});
  check(status === 403, `an investigator, who reads the audit, gets ${status}`);
});

await browser.close();
await study.stop();
process.exit(summary());

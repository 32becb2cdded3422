// The pictures of a running study for README.md and docs/: Today of a coordinator and the entry of a form, from METNLBP with a dozen
// invented people. Run: node tests/browser/pictures.mjs, after ./dev build; docs/pictures/today.png and entry.png are written anew.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { check, root, settled, startBrowser, summary, test } from './harness.mjs';
import { castOf } from './people.mjs';
import { pageFor, startStudy } from './trial.mjs';

const study = await startStudy('studies/metnlbp.yaml');
const browser = await startBrowser();
const { who, people, visit, prepare, diaries, logs } = castOf(study);
const LARGEST = 150_000;

const keep = async (page, name) => {
  const path = join(root, 'docs', 'pictures', `${name}.png`);
  await settled(page);
  await page.screenshot({ path });
  check(statSync(path).size < LARGEST, `${name}.png has ${statSync(path).size} bytes`);
};

await test('pictures: a study of six weeks', async () => {
  await prepare();
  study.days(38);
  const exercising = people.filter((p) => p.arm === 'EXERCISE');
  for (const { subject } of people.slice(1)) await logs(subject);
  for (const { subject } of exercising.slice(0, -1)) await diaries(subject);
  study.days(4);
  for (const { subject, n } of people.slice(4)) await visit(subject, 'W06', n);
});

await test('pictures: Today', async () => {
  const page = await pageFor(browser, study, who.coordinator, { width: 1280, height: 800 });
  await keep(page, 'today');
  await page.context().close();
});

await test('pictures: a form being filled', async () => {
  const page = await pageFor(browser, study, who.assessor, { width: 1280, height: 800 });
  await page.visit(`/people/${people[1].subject}/W06/joa`);
  await settled(page);
  for (const key of '210121') await page.keyboard.press(key);
  await page.locator('[data-kept=draft]').waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  await keep(page, 'entry');
  await page.context().close();
});

await browser.close();
await study.stop();
process.exitCode = summary();

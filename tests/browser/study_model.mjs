// The Model page of a study's own server, from the snapshot to the report: the plan trained on people in the store, one of them explained,
// the report read, the calculator published; on a desk and on a phone, in English and Chinese; who may not, is told.
import { join } from 'node:path';
import { check, root, settled, shots, startBrowser, summary, test, violations, widthBeyond } from './harness.mjs';
import { PASSWORD } from './people.mjs';
import { pageFor, Someone, startStudy } from './trial.mjs';

const study = await startStudy('studies/metnlbp.yaml', 8, 80);
const browser = await startBrowser();
const shot = (page, name) => page.screenshot({ path: join(shots, `study-model-${name}.png`), fullPage: true });
const who = {};
const fine = async (page) => {
  const found = await violations(page);
  check(found === '', found);
  const wide = await widthBeyond(page);
  check(wide === '', wide);
  check(page.faults.length === 0, page.faults.join('\n'));
};

await test('accounts; before there is a snapshot the page says so', async () => {
  const admin = new Someone(study, 'admin');
  await admin.begin(study.password, PASSWORD);
  for (const name of ['data_manager', 'statistician', 'therapist']) {
    const { once } = await admin.post('/api/users', { name, full_name: name.replaceAll('_', ' '), role: name, sites: name === 'therapist' ? ['C01'] : [] });
    who[name] = await new Someone(study, name).begin(once, PASSWORD);
  }
  const page = await pageFor(browser, study, who.statistician);
  await page.visit('/model');
  await settled(page);
  await shot(page, 'empty');
  await fine(page);
  await page.context().close();
});

await test('from the snapshot to the report', async () => {
  await who.data_manager.post('/api/snapshots', { label: 'for the models' });
  const page = await pageFor(browser, study, who.statistician);
  page.setDefaultTimeout(240_000);
  await page.visit('/model');
  await settled(page);
  await page.locator('input[type=file]').setInputFiles(join(root, 'studies/metnlbp.model.yaml'));
  await shot(page, 'plan');
  await fine(page);
  await page.getByRole('button', { name: 'Train and validate' }).click();
  await page.getByRole('heading', { name: 'What was fitted on what' }).waitFor();
  check(await page.getByText('No judgement on people who had been fitted on').count() === 1, 'the ledger is not shown');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.locator('img[data-picture=waterfall]').waitFor();
  await page.getByText(/^Risk \d+ %/).waitFor();
  await shot(page, 'trained');
  await fine(page);
  const report = await page.context().newPage();
  await report.goto(new URL(await page.getByRole('link', { name: /report/i }).first().getAttribute('href'), study.origin).href);
  await report.locator('h1').first().waitFor();
  await shot(report, 'report');
  check((await report.locator('body').innerText()).includes('TRIPOD'), 'the report has no TRIPOD sheet');
  await page.context().close();
});

await test('on a phone, in Chinese', async () => {
  const page = await pageFor(browser, study, who.statistician, { width: 375, height: 740, language: 'zh-CN' });
  page.setDefaultTimeout(240_000);
  await page.visit('/model');
  await settled(page);
  await page.locator('input[type=file]').setInputFiles(join(root, 'studies/metnlbp.model.yaml'));
  await shot(page, 'phone-zh-plan');
  await page.getByRole('button', { name: '训练并验证' }).click();
  await page.locator('article.result').waitFor();
  await page.getByRole('button', { name: '解释', exact: true }).click();
  await page.locator('img[data-picture=waterfall]').waitFor();
  await shot(page, 'phone-zh');
  await fine(page);
  await page.context().close();
});

await test('who may not see snapshots is told', async () => {
  const page = await pageFor(browser, study, who.therapist);
  await page.visit('/model');
  await settled(page);
  page.refused();
  await shot(page, 'not-allowed');
  await fine(page);
  await page.context().close();
});

await browser.close();
await study.stop();
process.exit(summary());

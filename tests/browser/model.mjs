// The Model page: trains by plan, shows what was fitted on what, explains one person, publishes; the calculator is then open to all. The
// HTTP interface gives the same bits as the command line.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, open, root, settled, shots, startBrowser, startServer, summary, test, violations, widthBeyond } from './harness.mjs';

const program = process.env.LUMBAR_BIN ?? join(root, 'build', 'dev', 'lumbar');
const server = await startServer(), browser = await startBrowser();
const visit = async (options, body) => {
  const page = await open(browser, server.origin, options);
  page.setDefaultTimeout(240_000);
  await body(page);
  check(page.faults.length === 0, page.faults.join('\n'));
  await page.context().close();
};
const shot = (page, name) => page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });

await test('http: the same bits as the command line for every row', async () => {
  const model = join(root, 'reference/predict/small.model.json'), data = join(root, 'reference/predict/train.csv');
  const here = JSON.parse(execFileSync(program, ['predict', 'score', model, data, '--json'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })).results.scores;
  const body = { parameters: {}, data: { model: { name: 'm.json', text: readFileSync(model, 'utf8') }, data: { name: 'd.csv', text: readFileSync(data, 'utf8') } } };
  const response = await fetch(`${server.origin}/api/op/predict.score`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const there = (await response.json()).results.scores;
  check(here.length === 240 && there.length === 240, 'not every row came back');
  const wrong = here.findIndex((s, i) => s.score !== there[i].score || s.margin !== there[i].margin || s.lower !== there[i].lower);
  check(wrong < 0, `row ${wrong + 1}: ${JSON.stringify(here[wrong])} and ${JSON.stringify(there[wrong])}`);
});

await test('model: trained by plan, explained, published', () => visit({}, async (page) => {
  await page.visit('/model');
  await settled(page);
  await shot(page, 'model-plan');
  await page.getByRole('button', { name: 'Train and validate' }).click();
  await page.getByRole('heading', { name: 'What was fitted on what' }).waitFor();
  check(await page.locator('article.result ol li').count() >= 7, 'the pipeline has fewer boxes than steps');
  check(await page.getByText('No judgement on people who had been fitted on').count() === 1, 'the ledger is not shown');
  check(await page.locator('table tbody tr').count() >= 5, 'not all models are shown');
  const scored = page.waitForResponse((r) => r.url().includes('/api/op/predict.score'));
  await page.getByRole('button', { name: 'Explain' }).click();
  const scores = (await (await scored).json()).results.scores; // of the people as the model reads them: their scans are joined to them
  const unknown = scores.filter((s) => String(s.unknown ?? '').includes('_original_')).length;
  check(unknown < scores.length / 2, `the image features of ${unknown} of ${scores.length} people are unknown to the model`);
  await page.locator('img[data-picture=waterfall]').waitFor();
  await page.getByText(/^Risk \d+ %/).waitFor();
  await page.getByRole('button', { name: 'Publish to the calculator' }).click();
  const link = page.getByRole('link', { name: 'Open the calculator' });
  await link.waitFor();
  await shot(page, 'model-trained');
  const found = await violations(page);
  check(found === '', found);
  const calculator = await open(browser, server.origin, {});
  await calculator.visit(await link.getAttribute('href'));
  await calculator.waitForFunction(() => globalThis.lumbar !== undefined);
  check((await calculator.locator('h1').textContent()).length > 3, 'the calculator has no heading');
  check(calculator.faults.length === 0, calculator.faults.join('\n'));
  await shot(calculator, 'calculator-served');
  await calculator.context().close();
  const list = await (await fetch(`${server.origin}/calculator`)).text();
  check(list.includes('/calculator/'), 'the list of calculators is empty');
}));

await test('model: on a phone, in Chinese', () => visit({ width: 375, height: 740, language: 'zh-CN' }, async (page) => {
  await page.visit('/model');
  await settled(page);
  const wide = await widthBeyond(page);
  check(wide === '', wide);
  const found = await violations(page);
  check(found === '', found);
  await shot(page, 'model-phone-zh');
}));

await test('calculator: what is no model is refused', async () => {
  const refused = await fetch(`${server.origin}/api/calculator/publish`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"format": "lumbar-model", "format_version": 2}' });
  check(refused.status === 422, `status ${refused.status}`);
  const none = await fetch(`${server.origin}/calculator/ffff`);
  check(none.status === 404, `status ${none.status}`);
});

await browser.close();
await server.stop();
process.exit(summary());

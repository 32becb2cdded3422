// The calculator as one file: offline, nothing sent, by keyboard, at phone and desktop size, in English and Chinese, and the same bits as
// the command line, the C library and HTTP for a thousand people.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { check, root, shots, startBrowser, startServer, summary, test } from './harness.mjs';

const need = createRequire(join(root, 'web', 'package.json'));
const axe = readFileSync(need.resolve('axe-core/axe.min.js'), 'utf8');
const program = process.env.LUMBAR_BIN ?? join(root, 'build', 'dev', 'lumbar');
const lumbar = (...words) => execFileSync(program, words, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] });
const library = (...words) => JSON.parse(execFileSync(join(dirname(program), 'tests', 'score_people'), words, { encoding: 'utf8', maxBuffer: 1 << 28 })); // built with the tests
const folder = mkdtempSync(join(tmpdir(), 'lumbar-calculator-'));
const browser = await startBrowser();

/** One page of the file, without a network, every request watched. */
async function visit(file, options, body) {
  const context = await browser.newContext({ offline: true, reducedMotion: 'reduce', ...options });
  const page = await context.newPage(), faults = [];
  page.setDefaultTimeout(20_000);
  page.on('request', (r) => { if (!r.url().startsWith('file:') && !r.url().startsWith('data:')) faults.push(`request: ${r.url()}`); });
  page.on('console', (m) => { if (m.type() === 'error') faults.push(`console: ${m.text()}`); });
  page.on('pageerror', (e) => faults.push(`exception: ${e.message}`));
  await page.goto(`file://${file}`);
  await page.waitForFunction(() => globalThis.lumbar !== undefined);
  await body(page);
  check(faults.length === 0, faults.join('\n'));
  await context.close();
}
async function clean(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }));
  const said = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join('; ')}`);
  check(said.length === 0, said.join('\n'));
}
const shot = (page, name) => page.screenshot({ path: join(shots, `calculator-${name}.png`), fullPage: true });

// ---- a model of each kind, and people to score ----
const kinds = ['lasso', 'logistic', 'forest', 'xgboost', 'leafwise', 'perceptron'];
const plan = (kind) => `plan: test\nversion: "1"\ntitle: Test\nstudy: TEST\nseed: 5\ndata: {table: train, id: id}
outcomes: [{id: response, label: Response at one year, label_zh: 一年时有反应, definition: Better by ten points., definition_zh: 改善十分。, event: response, value: "1", better: high,
  strata: [{below: 0.4, label: Unlikely, label_zh: 可能性低, pathway: Talk first., pathway_zh: 先沟通。}, {below: 1, label: Likely, label_zh: 可能性高, pathway: The programme., pathway_zh: 按方案。}]}]
inputs:
  - {column: arm, label: Treatment, label_zh: 治疗, keep: true}
  - {column: age, label: Age, label_zh: 年龄, unit: years, plausible: [18, 110], keep: true}
  - {column: odi_0, label: ODI at baseline, label_zh: 基线 ODI, plausible: [0, 100], keep: true}
  - {column: centre, label: Centre, label_zh: 中心, unknown: true}
  - {columns: tex_*, kind: radiomic, harmonise: true, unknown: true, keep: true}
batch: centre
pipeline: {harmonise: true, select: {most: 6}, inner_folds: 3}
models: {${kind}: ${{ lasso: '{}', logistic: '{}', leafwise: '{num_iterations: 15, num_leaves: 4, min_data_in_leaf: 10}', forest: '{trees: 20, min_node_size: 10}', xgboost: '{nrounds: 15, max_depth: 2, eta: 0.2}', perceptron: '{hidden: [4], learning_rate: 0.02, max_iter: 60}' }[kind]}}
validation: {split: 0.7, folds: 0, bootstrap: 12, permutations: 1}
publish: {model: ${kind}, compare: arm, licence: CC BY 4.0, intended_use: Tests., limits: Invented people.}
`;
const made = {};
await test('models of six kinds are trained and published', () => {
  for (const kind of kinds) {
    const file = join(folder, `${kind}.yaml`), out = join(folder, kind);
    writeFileSync(file, plan(kind));
    lumbar('predict', 'train', file, '--data', join(root, 'reference/predict/train.csv'), '-o', `${out}/`, '--threads', '2');
    made[kind] = { page: join(out, 'calculator-response.html'), model: join(out, 'model-response.json') };
    const again = join(folder, `${kind}.html`);
    lumbar('predict', 'calculator', made[kind].model, '-o', again);
    check(readFileSync(again, 'utf8') === readFileSync(made[kind].page, 'utf8'), 'predict calculator and predict train write different pages');
  }
});

await test('a thousand people: the same bits from the C library, on the command line, over HTTP and in the browser', async () => {
  const server = await startServer();
  const header = ['arm', 'age', 'odi_0', 'centre', 'tex_a', 'tex_b', 'tex_c'], rows = [];
  let state = 12345;
  const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (let i = 0; i < 1000; i++)
    rows.push([random() < 0.5 ? 'A' : 'B', Math.round(60 + 25 * random()), Math.round(20 + 40 * random()), random() < 0.1 ? '' : `C${1 + Math.floor(3 * random())}`, ...[0, 1, 2].map(() => (random() < 0.05 ? '' : (4 * random()).toFixed(3)))]);
  const people = join(folder, 'people.csv');
  writeFileSync(people, [header, ...rows].map((r) => r.join(',')).join('\n') + '\n');
  for (const kind of kinds) {
    const scores = JSON.parse(lumbar('predict', 'score', made[kind].model, people, '--json')).results.scores;
    const document = JSON.parse(readFileSync(made[kind].model, 'utf8'));
    const inputs = rows.map((row) => document.inputs.map((input) => {
      const cell = row[header.indexOf(input.name)];
      return cell === '' ? null : input.type === 'category' ? input.levels.indexOf(cell) : Number(cell);
    }));
    check(scores.length === 1000 && scores.every((s) => Number.isFinite(s.score) && Number.isFinite(s.lower)), `${kind}: not everybody has a score`);
    const upload = (file, name) => ({ name, text: readFileSync(file, 'utf8') });
    const answer = await fetch(`${server.origin}/api/op/predict.score`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ parameters: {}, data: { model: upload(made[kind].model, 'm.json'), data: upload(people, 'p.csv') } }) });
    const others = { 'the C library': library(made[kind].model, people), HTTP: (await answer.json()).results?.scores ?? [] };
    for (const [who, theirs] of Object.entries(others)) {
      check(theirs.length === 1000, `${kind}: ${theirs.length} rows from ${who}`);
      const wrong = scores.findIndex((s, i) => ['score', 'margin', 'lower', 'upper'].some((key) => s[key] !== theirs[i][key]));
      check(wrong < 0, `${kind}, row ${wrong + 1}: ${JSON.stringify(theirs[wrong])} from ${who}, ${JSON.stringify(scores[wrong])} on the command line`);
    }
    await visit(made[kind].page, {}, async (page) => {
      const got = await page.evaluate((all) => all.map((values) => {
        const numbers = values.map((v) => (v === null ? NaN : v));
        return [globalThis.lumbar.risk(numbers), globalThis.lumbar.margin(numbers), ...globalThis.lumbar.interval(numbers)];
      }), inputs);
      const wrong = got.findIndex((g, i) => g[0] !== scores[i].score || g[1] !== scores[i].margin || g[2] !== scores[i].lower || g[3] !== scores[i].upper);
      check(wrong < 0, `${kind}, row ${wrong + 1}: ${JSON.stringify(got[wrong])} in the browser, ${JSON.stringify(scores[wrong])} on the command line`);
      const sums = await page.evaluate((values) => {
        const numbers = values.map((v) => (v === null ? NaN : v)), { base, values: adds } = globalThis.lumbar.explain(numbers);
        return Math.abs(base + adds.reduce((a, b) => a + b, 0) - globalThis.lumbar.margin(numbers));
      }, inputs[0]);
      check(sums < 1e-6, `${kind}: contributions miss the margin by ${sums}`);
    });
  }
  await server.stop();
});

await test('by keyboard alone, at desktop size', () => visit(made.logistic.page, { viewport: { width: 1280, height: 900 }, locale: 'en-GB' }, async (page) => {
  await shot(page, 'empty');
  await clean(page);
  check((await page.locator('#waiting').textContent()).includes('Age'), 'it does not say what is missing');
  await page.locator('input[type=radio]').first().focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.type('72');
  await page.keyboard.press('Tab');
  await page.keyboard.type('44');
  await page.locator('.percent').first().waitFor();
  check(await page.locator('.risk').count() === 2, 'the risk is not shown with both treatments');
  check(/\d+ of 100/.test(await page.locator('.risk').first().innerText()), 'no icon array in words');
  check((await page.locator('#interval').textContent()).includes('95 %'), 'no interval');
  check(await page.locator('#waterfall tbody tr').count() > 3, 'no reasons');
  check((await page.locator('#stratum').textContent()).startsWith('Group:'), 'no stratum');
  await shot(page, 'desktop');
  await clean(page);
}));

await test('outside the training range it warns; what is impossible gives no risk', () => visit(made.logistic.page, { viewport: { width: 1280, height: 900 }, locale: 'en-GB' }, async (page) => {
  await page.locator('input[type=radio]').first().check();
  await page.getByLabel(/ODI/).fill('44');
  await page.getByLabel(/^Age/).fill('104');
  await page.locator('#doubts li').first().waitFor();
  check((await page.locator('#doubts').innerText()).includes('extrapolation'), 'no warning of extrapolation');
  await page.getByLabel(/^Age/).fill('700');
  check(await page.locator('#answer').isHidden(), 'a risk for an age of 700');
  check((await page.locator('.said.bad').first().textContent()).includes('Not plausible'), 'it does not say why');
  await page.getByLabel(/^Age/).fill('abc');
  check(await page.locator('#answer').isHidden(), 'a risk for an age that is no number');
}));

await test('image features from our own table', () => visit(made.forest.page, { viewport: { width: 1280, height: 900 }, locale: 'en-GB' }, async (page) => {
  const table = join(folder, 'features.csv');
  writeFileSync(table, 'id,tex_a,tex_b,tex_c\nP1,1.5,2.5,0.5\nP2,2,1,3\n');
  await page.locator('#csv').setInputFiles(table);
  await page.getByText(/3 of 3|2 of 2|1 of 1|2 of 3/).first().waitFor();
  await page.locator('#row').selectOption('1');
  const field = page.getByLabel(/tex_a/).first();
  if (await field.count()) check(await field.inputValue() === '2', 'the second row was not read');
}));

await test('on a phone, in Chinese, at twice the text', () => visit(made.forest.page, { viewport: { width: 375, height: 740 }, locale: 'zh-CN', deviceScaleFactor: 2 }, async (page) => {
  check(await page.evaluate(() => document.documentElement.lang) === 'zh-CN', 'the page is not in Chinese');
  await page.locator('input[type=radio]').nth(1).check();
  await page.getByLabel(/^年龄/).fill('66');
  await page.getByLabel(/ODI/).fill('38');
  await page.locator('.percent').first().waitFor();
  await shot(page, 'phone-zh');
  await clean(page);
  for (let i = 0; i < 6; i++) await page.locator('#larger').click();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(wide <= 1, `it scrolls sideways by ${wide} pixels`);
  await shot(page, 'phone-zh-large');
  await page.locator('#language').click();
  check(await page.evaluate(() => document.documentElement.lang) === 'en', 'the language does not change');
}));

await test('both languages say everything', () => visit(made.logistic.page, {}, async (page) => {
  const gaps = await page.evaluate(() => Object.keys(WORDS.en).filter((k) => !(k in WORDS.zh)).concat(Object.keys(WORDS.zh).filter((k) => !(k in WORDS.en))));
  check(gaps.length === 0, `words in one language only: ${gaps.join(', ')}`);
}));

await browser.close();
rmSync(folder, { recursive: true, force: true });
process.exit(summary());

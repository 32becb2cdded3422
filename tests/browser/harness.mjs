// Starts the server and the browser for the walk through the pages, and counts what passed.
// playwright-core and axe-core come from web/node_modules; the browser is Debian's.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const need = createRequire(join(root, 'web', 'package.json'));
const { chromium } = need('playwright-core');
const axeSource = readFileSync(need.resolve('axe-core/axe.min.js'), 'utf8');
export const shots = join(root, 'build', 'screenshots');
mkdirSync(shots, { recursive: true });

const FLAGS = [
  '--headless', '--disable-gpu-rasterization', '--disable-gpu-compositing', '--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--force-color-profile=srgb',
];

/** The server of the demo on a free port: its address, and how to end it. LUMBAR_BIN names another program. */
export function startServer() {
  const program = process.env.LUMBAR_BIN ?? join(root, 'build', 'dev', 'lumbar');
  const command = program.endsWith('.mjs') ? [process.execPath, program] : [program];
  const child = spawn(command[0], [...command.slice(1), 'serve', '--demo', '--listen', '127.0.0.1:0'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => { child.kill(); reject(new Error('the server did not start within 180 s')); }, 180_000);
    let said = '';
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
    child.stdout.on('data', (part) => {
      said += part;
      const found = /http:\/\/[\w.:[\]]+/.exec(said);
      if (!found) return;
      clearTimeout(late);
      child.removeAllListeners('exit');
      resolve({ origin: found[0], stop: () => new Promise((done) => { child.on('exit', done); child.kill('SIGTERM'); }) });
    });
  });
}

export async function startBrowser() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}: install the package chromium`);
  // Who ends a walk ends it: left to the browser's library, a signal would close the browser alone, and the walk, which starts a
  // crashed browser anew, would go on beside the next one.
  const how = { executablePath, args: FLAGS, handleSIGTERM: false, handleSIGINT: false, handleSIGHUP: false };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(signal, () => process.exit(1));
  let running = await chromium.launch(how);
  return { // a browser that has crashed (software WebGL on a busy machine) is started anew
    newContext: async (options) => {
      if (!running.isConnected()) running = await chromium.launch(how);
      return running.newContext(options);
    },
    close: () => running.close(),
  };
}

/** `--only WORD|WORD`: the tests whose name holds one of the words; empty: all. */
const asked = process.argv.indexOf('--only');
export const only = asked > 0 ? (process.argv[asked + 1] ?? '').toLowerCase().split('|') : [];

let last = null;
let passed = 0;
let failed = 0;

export async function test(name, body) {
  if (only.length > 0 && !only.some((word) => name.toLowerCase().includes(word))) return;
  const begun = Date.now();
  try {
    await (async () => body())().catch((error) => {
      if (!/browser has been closed|Target crashed/.test(String(error?.message))) throw error;
      console.log('      the browser crashed: once more');
      return body();
    });
    passed++;
    console.log(`ok    ${name} (${Date.now() - begun} ms)`);
  } catch (error) {
    failed++;
    await last?.screenshot({ path: join(shots, 'failed.png'), fullPage: true }).catch(() => undefined); // what the page looked like then
    if (process.env.LUMBAR_STOP) { console.log(String(error?.stack ?? error)); process.exit(1); }
    console.log(`FAIL  ${name}\n      ${String(error?.message ?? error).split('\n').slice(0, 12).join('\n      ')}`);
  }
}

export function summary() {
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

/** A fresh page that keeps what should not happen: console errors, exceptions, requests to another origin. */
export async function open(browser, origin, { width = 1280, height = 900, scheme = 'light', language = 'en', scale = 1 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale: language, reducedMotion: 'reduce', deviceScaleFactor: scale });
  const page = last = await context.newPage();
  page.setDefaultTimeout(Number(process.env.LUMBAR_PATIENCE ?? 30_000));
  page.faults = [];
  page.on('console', (m) => { if (m.type() === 'error' && !m.location().url.endsWith('/favicon.ico')) page.faults.push(`console: ${m.text()}`); });
  page.on('pageerror', (e) => page.faults.push(`exception: ${e.message}`));
  page.on('request', (r) => { if (!r.url().startsWith(origin) && !/^(data|blob|about):/.test(r.url())) page.faults.push(`foreign request: ${r.url()}`); });
  page.visit = (path) => page.goto(origin + path, { waitUntil: 'load' });
  return page;
}

/** Nothing is loading any more. */
export async function settled(page) {
  await page.locator('h1').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[role=status] .mantine-Loader-root, .mantine-Button-loader'), null, { timeout: 60_000 });
  await page.waitForLoadState('networkidle');
}

/** What axe-core finds, as text; empty when it finds nothing. */
export async function violations(page) {
  await page.evaluate(`${axeSource}; undefined`);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'], iframes: false }).then((r) => r.violations));
  return found.map((v) => `${v.id} (${v.impact}): ${v.help}\n  ${v.nodes.slice(0, 4).map((n) => `${n.target.join(' ')} ${n.failureSummary?.split('\n')[1]?.trim() ?? ''}`).join('\n  ')}`).join('\n');
}

/** How many different colours a picture has: a blank canvas has one. */
export async function coloursOf(page, png) {
  return page.evaluate(async (bytes) => {
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const data = context.getImageData(0, 0, bitmap.width, bitmap.height).data;
    const seen = new Set();
    let coloured = 0;
    for (let i = 0; i < data.length; i += 4) {
      seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
      if (Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 40) coloured++;
    }
    return { different: seen.size, coloured: coloured / (data.length / 4) };
  }, [...png]);
}

/** What makes the page wider than the screen, as text; empty when it fits. */
export async function widthBeyond(page) {
  return page.evaluate(() => {
    const screen = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= screen) return '';
    const out = [...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > screen + 1 && !e.closest('.table-frame, .picture, .viewer'));
    return `the page is ${document.documentElement.scrollWidth - screen} px wider than the screen: ${out.slice(0, 4).map((e) => `${e.tagName}.${String(e.className).slice(0, 60)} ${(e.textContent ?? '').slice(0, 30)}`).join(' | ')}`;
  });
}

// A scan from two finished readings to the signed page: what is shown is what is signed, and what is kept. The readings come over the API;
// the radiologist works by hand. Run: node tests/browser/scans.mjs
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, root, settled, startBrowser, summary, test } from './harness.mjs';
import { acts, look, pageFor, Someone, startStudy } from './trial.mjs';

const study = await startStudy('studies/metnlbp.yaml');
const browser = await startBrowser();
const PASSWORD = 'seven quiet herons wade';
const LABELS = '1=right erector spinae,2=right multifidus,3=left multifidus,4=left erector spinae,5=right psoas,6=left psoas,7=right quadratus lumborum,8=left quadratus lumborum';
const file = (name) => readFileSync(join(root, 'reference', 'muscle', name));
const who = { admin: new Someone(study, 'admin') };
let at = '';

async function send(someone, method, path, bytes) {
  const response = await fetch(study.origin + path, { method, body: bytes, headers: { Cookie: someone.cookie, 'X-Lumbar-Token': someone.token, 'Content-Type': 'application/octet-stream' } });
  check(response.ok, `${someone.name}: ${method} ${path} → ${response.status}`);
  return response.json();
}

await test('scans: two readers finish', async () => {
  await who.admin.begin(study.password, PASSWORD);
  const site = Object.keys(who.admin.session.sites ?? {})[0] ?? 'C01';
  for (const [name, role] of [['coordinator', 'coordinator'], ['first', 'assessor'], ['second', 'assessor'], ['investigator', 'investigator']]) {
    const { once } = await who.admin.post('/api/users', { name, full_name: name, role, sites: [site] });
    who[name] = await new Someone(study, name).begin(once, PASSWORD);
  }
  await who.admin.put(`/api/sites/${site}`, { state: 'open', protocol_version: '1.0', ethics: [{ version: '1.0', approved: study.today(), reference: 'EC-1' }], reason: 'opened' });
  const { subject } = await who.coordinator.post('/api/people', { site });
  const scan = await who.coordinator.post(`/api/people/${subject}/scans`, { visit: 'SCR' });
  at = `/api/scans/${subject}/${scan.n}`;
  await send(who.coordinator, 'PUT', `${at}/files/fat.nii.gz`, file('phantom_fat.nii.gz'));
  await who.coordinator.post(`${at}/images`, { image: '' });
  for (const reader of [who.first, who.second]) {
    await send(reader, 'PUT', `${at}/reading?labels=${encodeURIComponent(LABELS)}&levels=${encodeURIComponent('L3=0-4,L4=5-9')}&revision=0`, file('phantom_mask.nii.gz'));
    await reader.post(`${at}/finish`, { revision: 1 });
  }
});

await test('scans: the radiologist sees the page, signs it, and it is kept', async () => {
  const page = await pageFor(browser, study, who.investigator);
  const { click, fill } = acts(page);
  await page.visit(at.replace('/api/scans', '/imaging'));
  await settled(page);
  const sheet = page.locator('img.scan-page');
  await sheet.waitFor({ timeout: 60_000 });
  check(await sheet.evaluate((img) => img.complete && img.naturalWidth > 500), 'the page is drawn');
  await look(page, 'scan-page');
  const shown = await page.evaluate(async (src) => (await fetch(src)).text(), await sheet.getAttribute('src'));
  await click(page.getByRole('button', { name: 'Sign the measurements' }));
  await fill('[name=password]', PASSWORD);
  await look(page, 'scan-page-sign');
  await page.getByRole('dialog').getByRole('button', { name: 'Sign the measurements', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await settled(page);
  const scan = await who.investigator.get(at);
  check(scan.state === 'signed', `the scan is ${scan.state}`);
  check(scan.signature.sha256 === createHash('sha256').update(shown).digest('hex'), 'what was shown is what was signed');
  await page.locator('img.scan-page').waitFor({ timeout: 60_000 });
  await look(page, 'scan-page-signed');
  await page.context().close();
});

await test('scans: the page at phone width and in Chinese', async () => {
  const page = await pageFor(browser, study, who.investigator, { width: 390, height: 844, language: 'zh' });
  await page.visit(at.replace('/api/scans', '/imaging'));
  await page.locator('img.scan-page').waitFor({ timeout: 60_000 });
  await look(page, 'scan-page-phone-zh');
  await page.context().close();
});

await browser.close();
await study.stop();
summary();

// The Modic trial with its own shape: two stages of screening and consent, minimisation, Danish for participants. What differs from
// METNLBP is done by hand, the rest over the API. Run: node tests/browser/modic.mjs
import { check, settled, startBrowser, summary, test } from './harness.mjs';
import { acts, look, pageFor, Someone, startStudy } from './trial.mjs';

const study = await startStudy('studies/modic.yaml', 1);
const browser = await startBrowser();
const PASSWORD = 'seven quiet herons wade';
const ROLES = ['coordinator', 'therapist', 'investigator', 'assessor', 'data_manager', 'unmasked_statistician'];
const who = { admin: new Someone(study, 'admin') };
const go = async (page, path) => { await page.visit(path); await settled(page); };
const people = [];
const before = (n) => ({ sex: n % 2 ? 'F' : 'M', age: 30 + n, lbp_months: 6, nrs_screen: 6, danish: 1, willing: 1, exc_disorder: 0, ...(n % 2 ? { pregnant: 0 } : {}), surgery_referred: 0 });
const baseline = (n) => ({
  person: { smoking: n % 2 ? 'no' : 'yes', physical_load: ['sedentary', 'light', 'heavy'][n % 3], height_cm: 175, weight_kg: 75 + n }, pain: { nrs_now: 6 }, eq5d: { eq_mo: 1, eq_sc: 1, eq_ua: 2, eq_pd: 2, eq_ad: 1, eq_vas: 60 },
  bother: { bother_index: '3' }, rmdq: Object.fromEntries(Array.from({ length: 23 }, (_, i) => [`rm${i + 1}`, (i + n) % 2])), change: { change_7: '3' },
});
const confirm = async (page, name) => { await page.getByRole('dialog').getByRole('button', { name, exact: true }).click(); await page.getByRole('dialog').waitFor({ state: 'hidden' }); await settled(page); };

await test('Modic: accounts, site, delegation', async () => {
  await who.admin.begin(study.password, PASSWORD);
  for (const role of ROLES) {
    const { once } = await who.admin.post('/api/users', { name: role, full_name: role, role, sites: ['coordinator', 'therapist', 'investigator', 'assessor'].includes(role) ? ['DK1'] : [] });
    who[role] = await new Someone(study, role).begin(once, PASSWORD);
  }
  await who.admin.put('/api/sites/DK1', { state: 'open', protocol_version: '1.0', ethics: [{ version: '1.0', approved: study.today(), reference: 'VF-20060111' }], reason: 'opened' });
  await who.admin.post('/api/delegation', { site: 'DK1', user: 'coordinator', tasks: ['consent', 'randomise', 'enter'], from: study.today(), password: PASSWORD });
});

await test('Modic: screening before and after MRI, consent in two stages, minimisation, by hand', async () => {
  const page = await pageFor(browser, study, who.coordinator);
  const { click, fill } = acts(page);
  const { subject } = await who.coordinator.post('/api/people', { site: 'DK1' });
  await who.coordinator.form(subject, 'SCR', 'eligibility', { subjid: subject, ...before(1) });
  await go(page, `/people/${subject}`);
  await look(page, 'modic-screening');
  await click(page.getByRole('button', { name: /Record consent: Consent to the MRI/ }));
  await page.getByRole('dialog').getByRole('button', { name: 'Record consent', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await who.coordinator.form(subject, 'MRI', 'imaging', { mri_date: study.today(), modic_type: ['1'], modic_level: ['L4-L5'] });
  await who.coordinator.form(subject, 'SCR', 'eligibility', { subjid: subject, ...before(1), modic: 1 }, { reason: 'MRI read' });
  await go(page, `/people/${subject}`);
  await click(page.getByRole('button', { name: /Record consent: Consent to the trial/ }));
  await page.getByRole('dialog').getByRole('button', { name: 'Record consent', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  for (const form of ['person', 'pain', 'eq5d', 'bother', 'rmdq']) await who.coordinator.form(subject, 'BL', form, baseline(1)[form]);
  await go(page, `/people/${subject}/randomise`);
  await look(page, 'modic-randomise-1');
  await click(page.getByRole('button', { name: 'Continue' }));
  await look(page, 'modic-randomise-2');
  await click(page.getByRole('button', { name: 'Continue' }));
  await fill('[name=password]', PASSWORD);
  // who cannot hold a button types the code
  await click(page.getByText('Cannot hold a button?'));
  await fill(page.getByLabel(`Type the code ${subject}`), subject);
  await page.keyboard.press('Enter');
  await page.locator('[data-allocated]').waitFor();
  await look(page, 'modic-allocated');
  people.push({ subject, n: 1, arm: await page.locator('[data-arm]').getAttribute('data-arm') });
  await page.context().close();
});

await test('Modic: others over the API, the diary in Danish', async () => {
  for (let n = 2; n < 8; n++) {
    const { subject } = await who.coordinator.post('/api/people', { site: 'DK1' });
    await who.coordinator.form(subject, 'SCR', 'eligibility', { subjid: subject, ...before(n) });
    const consent = (stage) => who.coordinator.post(`/api/people/${subject}/consent`, { stage, kind: 'first', form_version: '1.0', language: 'da', date: study.today(), taken_by: 'coordinator' });
    await consent('imaging');
    await who.coordinator.form(subject, 'SCR', 'eligibility', { subjid: subject, ...before(n), modic: 1 }, { reason: 'MRI read' });
    await consent('trial');
    for (const form of ['person', 'pain', 'eq5d', 'bother', 'rmdq']) await who.coordinator.form(subject, 'BL', form, baseline(n)[form]);
    const answer = await who.coordinator.post(`/api/people/${subject}/randomise`, { key: `modic-run-${n}`, password: PASSWORD });
    people.push({ subject, n, arm: answer.arm?.id });
  }
  check(new Set(people.map((p) => p.arm)).size === 2, 'minimisation gave one arm to all');
  const { url } = await who.coordinator.post(`/api/people/${people[1].subject}/link`);
  study.days(1.2);
  const phone = await pageFor(browser, study, null, { width: 390, height: 844, language: 'da', signIn: false });
  await phone.goto(new URL(url, study.origin).href);
  await phone.getByRole('heading', { name: 'Min dagbog' }).waitFor();
  await phone.locator('.p-card .p-go').first().click();
  await phone.getByText('Trænet hjemme').waitFor();
  await look(phone, 'modic-phone-da');
  await phone.locator('[data-question=exercised]').getByRole('button', { name: 'Ja' }).click();
  await phone.locator('.p-save .p-go').click();
  await phone.locator('.p-thanks').waitFor();
  await phone.locator('[data-waiting="0"]').waitFor();
  await phone.context().close();
});

await test('Modic: ten weeks and twelve months; masked and unmasked see what is theirs; lock', async () => {
  let day = 1;
  for (const [name, at] of [['W10', 70], ['M12', 365]]) {
    study.days(at - day);
    day = at;
    for (const { subject, n } of people) for (const form of ['pain', 'eq5d', 'bother', 'change', 'rmdq']) await who.assessor.form(subject, name, form, { ...baseline(n)[form], ...(form === 'pain' ? { nrs_now: 3 } : {}) });
  }
  const page = await pageFor(browser, study, who.assessor);
  await go(page, '/people');
  await look(page, 'modic-people');
  check(!/GROUP|MEET|DIARY/.test(await page.locator('.m-head').innerText()), 'a masked role sees visits of one arm');
  await page.context().close();
  const open = await pageFor(browser, study, who.unmasked_statistician);
  await go(open, '/study/close');
  await look(open, 'modic-balance');
  await open.context().close();
  const manager = await pageFor(browser, study, who.data_manager);
  await go(manager, '/study/close');
  await manager.getByRole('button', { name: 'Lock the database' }).click();
  await manager.getByRole('dialog').getByLabel(/^Reason/).fill('all is in');
  await manager.getByRole('dialog').getByLabel(/^Your password again/).fill(PASSWORD);
  await confirm(manager, 'Lock the database');
  await manager.locator('.status', { hasText: 'locked' }).first().waitFor();
  await manager.context().close();
});

await browser.close();
await study.stop();
process.exit(summary());

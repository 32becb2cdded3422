// Long: `./dev walk` runs it, `./dev test` does not.
// METNLBP from the first sign-in to the unblinding, with every role: what repeats goes over the API, each act of a person at
// least once by hand in the browser. Run: node tests/browser/metnlbp.mjs (LUMBAR_BIN names another lumbar); with `--only WORD` the
// accounts and a dozen people are made over the API and only the tests that hold the word are run.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { check, only, root, settled, startBrowser, summary, test } from './harness.mjs';
import { castOf, ELIGIBLE, FORMS, joa, PASSWORD, ROLES, tests } from './people.mjs';
import { stranger, tour } from './tour.mjs';
import { acts, look, pageFor, Someone, startStudy } from './trial.mjs';

const study = await startStudy('studies/metnlbp.yaml');
const browser = await startBrowser();
const { who, people, visit, enrol, prepare, diaries, logs } = castOf(study);
let hand; // who is entered by hand
const confirm = async (page, name) => { await page.getByRole('dialog').getByRole('button', { name, exact: true }).click(); await page.getByRole('dialog').waitFor({ state: 'hidden' }); await settled(page); };
const go = async (page, path) => { await page.visit(path); await settled(page); };
const shows = async (page, state) => { await page.locator(`[data-kept=${state}]`).waitFor(); };

// -- the study is set up ---------------------------------------------------------------------------------------------------

if (only.length > 0) { await prepare(); hand = people[0].subject; }

await test('first sign-in: a wrong password is refused, the first one changed, the second step set up', async () => {
  const page = await pageFor(browser, study, who.admin, { signIn: false });
  await page.visit('/');
  await look(page, 'study-signin');
  await page.locator('[name=user]').fill('admin');
  await page.locator('[name=password]').fill('not this one');
  await page.keyboard.press('Enter');
  await page.getByText('That did not match').waitFor();
  page.refused();
  await page.locator('[name=password]').fill(study.password);
  await page.keyboard.press('Enter');
  await page.getByLabel(/^Present password/).fill(study.password);
  await page.getByLabel(/^New password \*?$/).fill(PASSWORD);
  await page.getByLabel(/^New password again/).fill(PASSWORD);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.locator('img.qr').waitFor();
  await look(page, 'study-account-otp');
  const { totp } = await import('./trial.mjs');
  who.admin.secret = (await page.locator('code.command').innerText()).trim();
  who.admin.password = PASSWORD;
  await page.getByLabel(/Code of your phone/).fill(totp(who.admin.secret, study.now()));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('heading', { level: 1, name: 'Today' }).waitFor();
  page.refused();
  await go(page, '/study/users');
  await page.getByRole('button', { name: 'New user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Sign-in name/).fill('coordinator');
  await dialog.getByLabel(/^Name/).fill('Coordinator of C01');
  await dialog.getByLabel(/^Role/).selectOption('coordinator');
  await dialog.getByRole('checkbox', { name: /C01/ }).check();
  await dialog.getByRole('button', { name: 'New user', exact: true }).click();
  who.coordinator = new Someone(study, 'coordinator');
  who.coordinator.once = (await page.locator('[data-once]').innerText()).trim();
  await page.keyboard.press('Escape');
  await look(page, 'study-users');
  await page.context().close();
});

await test('every role gets an account; sites, ethics and delegation gate enrolment', async () => {
  // a new session: a code of the app is good once
  study.days(1 / 1440);
  await who.admin.signIn(PASSWORD);
  for (const [name, sites] of Object.entries(ROLES)) {
    if (name !== 'coordinator') {
      const { once } = await who.admin.post('/api/users', { name, full_name: name.replaceAll('_', ' '), role: name.replace(/2$/, ''), sites });
      who[name] = new Someone(study, name);
      who[name].once = once;
    }
    await who[name].begin(who[name].once, PASSWORD);
  }
  const page = await pageFor(browser, study, who.admin);
  await go(page, '/study/sites');
  const row = page.getByRole('row', { name: /C01/ });
  await row.getByRole('button', { name: 'Add approval' }).click();
  await page.getByRole('dialog').getByLabel(/^Reference/).fill('EC 2026-12');
  await confirm(page, 'Save');
  await row.getByRole('button', { name: 'Change' }).click();
  await page.getByRole('dialog').getByLabel(/^State/).selectOption('open');
  await page.getByRole('dialog').getByLabel(/^Reason/).fill('contract signed');
  await confirm(page, 'Save');
  await look(page, 'study-sites');
  await who.admin.put('/api/sites/C02', { state: 'open', protocol_version: '1.0', ethics: [{ version: '1.0', approved: study.today(), reference: 'EC 2026-13' }], reason: 'contract signed' });
  await go(page, '/study/delegation');
  await page.getByRole('button', { name: 'Delegate' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Site/).selectOption('C01');
  await dialog.getByLabel(/^Sign-in name/).fill('coordinator');
  for (const task of ['take consent', 'randomise', 'enter data']) await dialog.getByRole('checkbox', { name: task }).check();
  await dialog.getByLabel(/^Your password again/).fill(PASSWORD);
  await confirm(page, 'Sign');
  await page.getByText('randomise').first().waitFor();
  await look(page, 'study-delegation');
  await who.admin.post('/api/delegation', { site: 'C02', user: 'coordinator2', tasks: ['consent', 'randomise', 'enter'], from: study.today(), password: PASSWORD });
  await go(page, '/study/protocol');
  await look(page, 'study-protocol', { picture: false });
  await page.context().close();
});

// -- one person by hand -----------------------------------------------------------------------------------------------------

await test('screening by hand: the form is keyed without the mouse, a draft keeps itself, Ctrl+S saves', async () => {
  const page = await pageFor(browser, study, who.coordinator);
  await go(page, '/people');
  await look(page, 'people-empty');
  await page.getByRole('button', { name: 'New person' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Begin screening' }).click();
  await page.getByRole('heading', { level: 1, name: /^C01/ }).waitFor();
  hand = await page.locator('h1').innerText();
  await look(page, 'person-screening');
  await page.locator('[data-form=eligibility] a').first().click();
  await page.locator('[data-question=subjid] input').fill(hand);
  await page.locator('[data-question=birth_year] input').fill('1958');
  await page.keyboard.press('Enter');
  await page.keyboard.press('f');
  await page.keyboard.type('68');
  await page.keyboard.press('Enter');
  await page.keyboard.type('14');
  await page.keyboard.press('Enter');
  await page.keyboard.type('138');
  await page.getByText(/Must be from 0 to 100/).waitFor();
  await look(page, 'form-fault');
  await page.locator('[data-question=odi_screen] input').fill('38');
  await page.keyboard.press('Enter');
  for (const key of ['2', '0', '1', '1', '1', '0', '0', '0', '0', '0', '0', '0']) await page.keyboard.press(key);
  await shows(page, 'draft');
  check(/kept \d\d:\d\d:\d\d/.test(await page.locator('[data-kept=draft]').innerText()), 'the draft does not say when it was kept');
  // leaving loses nothing
  await page.getByRole('link', { name: 'Today' }).click();
  await page.goBack();
  await settled(page);
  check(await page.locator('[data-question=birth_year] input').inputValue() === '1958', 'what was typed was lost by leaving');
  await page.keyboard.press('Control+s');
  await shows(page, 'saved');
  await look(page, 'form-saved');
  await page.context().close();
});

await test('consent, randomisation and baseline by the coordinator take at most 40 interactions', async () => {
  const page = await pageFor(browser, study, who.coordinator);
  const { click, fill, type } = acts(page);
  await go(page, `/people/${hand}`);
  await click(page.getByRole('button', { name: 'Record consent' }));
  await click(page.getByRole('dialog').getByRole('button', { name: 'Record consent' }));
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await click(page.getByRole('button', { name: 'Randomise' }));
  await settled(page);
  await look(page, 'randomise-1');
  await click(page.getByRole('button', { name: 'Continue' }));
  await look(page, 'randomise-2');
  await click(page.getByRole('button', { name: 'Continue' }));
  await fill('[name=password]', PASSWORD);
  await look(page, 'randomise-3');
  page.did++;
  await page.locator('.hold').focus();
  await page.keyboard.down('Space');
  await page.locator('[data-allocated]').waitFor({ timeout: 15_000 });
  await page.keyboard.up('Space');
  check((await page.locator('[data-arm]').getAttribute('data-arm')) !== '', 'the coordinator does not see the arm');
  await look(page, 'randomise-done');
  await click(page.getByRole('link', { name: `To ${hand}` }));
  await click(page.locator('#BL [data-form=demographics] a').first());
  await settled(page);
  const keys = (text) => [...text].map((c) => (c === '\n' ? 'Enter' : c));
  await type([...keys('165\n62\n0'), 'l'.toUpperCase() && '1', 'Control+Enter']);
  await page.getByRole('heading', { level: 1, name: /EQ-5D/ }).waitFor();
  await settled(page);
  await type([...keys('1\n1\n2\n3\n1\n70\n'), 'Control+Enter']);
  await page.getByRole('heading', { level: 1, name: 'Blood tests' }).waitFor();
  await settled(page);
  await type([...keys('135\n6.1\n220\n70\n5\n85\n20\n22\n10\n42\n'), 'Control+Enter']);
  await page.getByRole('heading', { level: 1, name: hand }).waitFor();
  await settled(page);
  for (const form of ['demographics', 'eq5d', 'labs']) check(await page.locator(`#BL [data-form=${form}]`).getAttribute('data-state') === 'complete', `${form} is ${await page.locator(`#BL [data-form=${form}]`).getAttribute('data-state')}`);
  console.log(`      ${page.did} interactions (a click, or one run of typing)`);
  check(page.did <= 40, `${page.did} interactions`);
  page.refused();
  await look(page, 'person-randomised');
  await page.context().close();
  people.push({ subject: hand, n: 0, arm: (await who.coordinator.get(`/api/people/${hand}`)).allocation.arm.id });
});

await test('the assessor keys the ODI by hand, sees the score and no arm', async () => {
  const page = await pageFor(browser, study, who.assessor);
  await go(page, `/people/${hand}/BL/odi`);
  for (const key of '2132213212') await page.keyboard.press(key);
  await page.waitForFunction(() => /38/.test(document.querySelector('.score')?.textContent ?? ''));
  await page.keyboard.press('Control+s');
  await shows(page, 'saved');
  await look(page, 'form-odi');
  await go(page, `/people/${hand}`);
  const text = await page.locator('main').innerText();
  check(!/Multidimensional exercise|Standard oral medication|Training diary|Supervision/i.test(text), 'the page of a masked role tells the arm');
  await look(page, 'person-masked');
  await page.context().close();
  await who.assessor.form(hand, 'BL', 'vas', { vas_mm: 55 });
  await who.assessor.form(hand, 'BL', 'joa', joa(0));
  await who.assessor.form(hand, 'BL', 'function_tests', tests);
});

await test('a dozen people are enrolled over the API, a screening failure by hand', async () => {
  for (let n = 1; n < 12; n++) await visit(await enrol(n), 'BL', n);
  const { subject } = await who.coordinator.post('/api/people', { site: 'C01' });
  await who.coordinator.form(subject, 'SCR', 'eligibility', { ...ELIGIBLE, subjid: subject, age: 52 });
  const page = await pageFor(browser, study, who.coordinator);
  await go(page, `/people/${subject}/randomise`);
  await page.getByText('not fulfilled').first().waitFor();
  check(await page.getByRole('button', { name: 'Continue' }).isDisabled(), 'an ineligible person can go on');
  await go(page, `/people/${subject}`);
  await page.getByRole('button', { name: 'Not eligible' }).click();
  await page.getByRole('dialog').getByLabel(/^Reason/).fill('52 years old');
  await confirm(page, 'Close the screening');
  await page.getByText('not eligible').first().waitFor();
  await page.context().close();
});

await test('randomisation goes wrong: a wrong password, a site closed meanwhile, an answer that is lost; one allocation in the end', async () => {
  const { subject } = await who.coordinator.post('/api/people', { site: 'C01' });
  await who.coordinator.form(subject, 'SCR', 'eligibility', { ...ELIGIBLE, subjid: subject, age: 70 });
  await who.coordinator.post(`/api/people/${subject}/consent`, { kind: 'first', form_version: '1.0', language: 'zh', date: study.today(), taken_by: 'coordinator' });
  const page = await pageFor(browser, study, who.coordinator);
  const site = (state, reason) => who.admin.put('/api/sites/C01', { state, protocol_version: '1.0', ethics: [{ version: '1.0', approved: study.today(), reference: 'EC 2026-12' }], reason });
  const arm = async () => (await who.coordinator.get(`/api/people/${subject}`)).allocation?.arm?.id;
  const give = async (password) => {
    await page.locator('[name=password]').fill(password);
    await page.getByLabel(`Type the code ${subject}`).fill(subject);
    await page.keyboard.press('Enter');
  };
  await go(page, `/people/${subject}/randomise`);
  for (let step = 0; step < 2; step++) await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('Cannot hold a button?').click();
  await give('not my password');
  await page.getByRole('alert').waitFor();
  await look(page, 'randomise-wrong-password');
  check(await arm() === undefined, 'somebody was randomised with a wrong password');
  await site('paused', 'audit visit');
  try {
    await give(PASSWORD);
    await page.getByRole('alert').filter({ hasText: 'C01 is paused' }).waitFor();
    await look(page, 'randomise-site-closed');
    check(await arm() === undefined, 'somebody was randomised at a closed site');
  } finally { await site('open', 'audit visit over'); }
  let lost = 0;
  await page.route(`**/api/people/${subject}/randomise`, async (route) => {
    if (route.request().method() !== 'POST' || lost > 0) return route.continue();
    lost++;
    await route.fetch();
    return route.abort('connectionreset');
  });
  await give(PASSWORD);
  await page.getByRole('alert').filter({ hasText: 'does not answer' }).waitFor();
  const given = await arm();
  check(given !== undefined && lost === 1, 'the allocation whose answer was lost is not there');
  await give(PASSWORD);
  await page.locator('[data-allocated]').waitFor();
  check(await page.locator('[data-arm]').getAttribute('data-arm') === given, 'the second try gave another arm');
  page.faults = page.faults.filter((f) => !/ERR_CONNECTION_RESET/.test(f));
  page.refused();
  await page.context().close();
  people.push({ subject, n: 12, arm: given });
  await visit(subject, 'BL', 12);
});

// -- the weeks of treatment ---------------------------------------------------------------------------------------------------

await test('diary on the phone: by personal link, without a network, kept and sent once there is one', async () => {
  const exercising = people.find((p) => p.arm === 'EXERCISE') ?? people[1];
  const page = await pageFor(browser, study, who.coordinator);
  await go(page, `/people/${exercising.subject}`);
  await page.getByRole('button', { name: 'Personal link' }).click();
  const url = (await page.locator('[data-link]').innerText()).trim();
  await look(page, 'person-link');
  await page.context().close();
  study.days(2);
  const phone = await pageFor(browser, study, null, { width: 375, height: 740, signIn: false });
  await phone.goto(url);
  await phone.locator('.p-card').first().waitFor();
  await phone.waitForFunction(() => document.documentElement.dataset.kept === 'true');
  await look(phone, 'phone-home');
  await phone.emulateMedia({ colorScheme: 'dark' });
  await look(phone, 'phone-home-dark');
  await phone.emulateMedia({ colorScheme: 'light' });
  await phone.getByRole('button', { name: '中文' }).click();
  await look(phone, 'phone-home-zh');
  await phone.locator('.p-card .p-go').first().click();
  await phone.getByText('步行').first().waitFor();
  await look(phone, 'phone-diary-zh');
  await phone.addStyleTag({ content: 'html { font-size: 200% !important; }' });
  await look(phone, 'phone-diary-zh-200');
  await phone.reload();
  await phone.getByRole('button', { name: 'English' }).click();
  await phone.context().setOffline(true);
  await phone.reload();
  await phone.locator('.p-card .p-go').first().click();
  await phone.locator('[data-question=min_aerobic]').getByRole('button', { name: '30', exact: true }).click();
  await phone.locator('[data-question=min_strength]').getByRole('button', { name: '10', exact: true }).click();
  await phone.locator('[data-question=diary_pain]').getByRole('button', { name: '4', exact: true }).click();
  await look(phone, 'phone-diary');
  await phone.locator('.p-save .p-go').click();
  await phone.locator('.p-thanks').waitFor();
  await phone.locator('[data-waiting="1"]').waitFor();
  await look(phone, 'phone-offline');
  await phone.context().setOffline(false);
  await phone.evaluate(() => dispatchEvent(new Event('online')));
  await phone.locator('[data-waiting="0"]').waitFor();
  await phone.locator('[data-state=kept]').first().waitFor();
  phone.faults = phone.faults.filter((f) => !/INTERNET_DISCONNECTED|ERR_FAILED/.test(f));
  check(phone.faults.length === 0, phone.faults.join('\n'));
  const small = await phone.evaluate(() => [...document.querySelectorAll('button, input')].filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect()).filter((b) => b.height < 44 || b.width < 44).length);
  check(small === 0, `${small} targets are smaller than 44 px`);
  await phone.context().close();
});

await test('the therapist holds a call; adherence and Today show who falls behind', async () => {
  const exercising = people.find((p) => p.arm === 'EXERCISE') ?? people[1];
  study.days(6);
  const page = await pageFor(browser, study, who.therapist);
  await look(page, 'today-therapist');
  await go(page, `/people/${exercising.subject}/CALL.1/supervision`);
  await page.keyboard.press('y');
  await page.keyboard.press('1');
  await page.locator('[data-question=held_days] input').fill('0');
  await page.keyboard.press('Control+s');
  await shows(page, 'saved');
  await go(page, '/quality/adherence');
  await look(page, 'quality-adherence');
  await page.context().close();
});

await test('a calendar of reminders: the address is made once and read without signing in', async () => {
  const page = await pageFor(browser, study, who.coordinator);
  await go(page, '/account');
  await page.getByRole('button', { name: 'Make an address' }).click();
  const url = (await page.locator('[data-calendar]').innerText()).trim();
  await look(page, 'account-calendar');
  const answer = await fetch(url), text = await answer.text();
  check(answer.status === 200 && text.startsWith('BEGIN:VCALENDAR') && text.includes('BEGIN:VEVENT'), `the calendar: ${answer.status} ${text.slice(0, 200)}`);
  check(!/Zhang|EXERCISE|CONTROL/.test(text), 'the calendar tells a name or an arm');
  await page.context().close();
});

await test('a serious event: its clock counts down, the report is signed', async () => {
  const { subject } = people[2];
  const page = await pageFor(browser, study, who.coordinator);
  await go(page, `/people/${subject}`);
  await page.getByRole('button', { name: 'New record…' }).click();
  await page.getByRole('menuitem', { name: 'Adverse event' }).click();
  await settled(page);
  await page.locator('[data-question=ae_term] input, [data-question=ae_term] textarea').first().fill('Pneumonia');
  await page.locator('[data-question=ae_start] input').fill(study.today(-1));
  await page.locator('[data-question=ae_sev]').getByText('severe').click();
  await page.locator('[data-question=ae_rel_drug]').getByText('unlikely').click();
  await page.locator('[data-question=ae_serious]').getByText('Yes').click();
  await page.locator('[data-question=ae_sae_crit]').getByText('hospital stay').click();
  await page.locator('[data-question=ae_aware] input').fill(new Date(study.now() - 3600e3).toISOString().slice(0, 16));
  await page.keyboard.press('Control+s');
  await shows(page, 'saved');
  await look(page, 'form-sae');
  await page.context().close();
  const doctor = await pageFor(browser, study, who.investigator);
  await go(doctor, '/safety');
  await doctor.locator('.clock').first().waitFor();
  await look(doctor, 'safety');
  await doctor.getByRole('button', { name: 'Report' }).click();
  await doctor.getByRole('dialog').getByLabel(/^What is known now/).fill('Admitted with pneumonia, treated, stable.');
  await doctor.getByRole('dialog').getByLabel(/^Your password again/).fill(PASSWORD);
  await confirm(doctor, 'Sign and report');
  await doctor.getByText('one version').waitFor();
  await doctor.context().close();
});

await test('emergency unblinding by the investigator, with reason and password', async () => {
  const page = await pageFor(browser, study, who.investigator);
  await go(page, `/people/${people[2].subject}`);
  await page.getByRole('button', { name: 'Emergency unblinding' }).click();
  await page.getByRole('dialog').getByLabel(/^Why it is needed now/).fill('Anaesthesia has to know the drug.');
  await page.getByRole('dialog').getByLabel(/^Your password again/).fill(PASSWORD);
  await page.getByRole('dialog').getByRole('button', { name: 'Show the arm' }).click();
  await page.locator('p[data-arm]').waitFor();
  await look(page, 'person-unblinded');
  await page.context().close();
});

// -- data management ------------------------------------------------------------------------------------------------------------

await test('double entry: the second keying is blind, the differences are settled by a third', async () => {
  const { subject } = people[0];
  const { entries } = await who.data_manager.get(`/api/people/${subject}/history?visit=BL&form=odi`);
  check(entries.every((e) => e.withheld || !e.changes.some((c) => /^odi\d/.test(c.item))), 'the history tells the second person what the first one keyed');
  const page = await pageFor(browser, study, who.data_manager);
  await go(page, `/people/${subject}/BL/odi?keying=2`);
  check(await page.locator('[data-question] input[type=radio]:checked').count() === 0, 'the second person sees the first entry');
  for (const key of '2132213202') await page.keyboard.press(key);
  await page.keyboard.press('Control+s');
  await shows(page, 'saved');
  await look(page, 'form-second');
  await page.context().close();
  const third = await pageFor(browser, study, who.unmasked_data_manager);
  await go(third, `/people/${subject}/BL/odi/settle`);
  await third.locator('[data-settle]').first().waitFor();
  check(await third.locator('[data-settle]').count() === 1, `${await third.locator('[data-settle]').count()} differences instead of 1`);
  await third.locator('[data-settle]').first().getByRole('radio', { name: /First entry/ }).check();
  await third.getByLabel('Reason').fill('the paper says 1');
  await look(third, 'settle');
  await third.getByRole('button', { name: /Settle one difference/ }).click();
  await third.getByRole('heading', { level: 1, name: subject }).waitFor();
  await third.context().close();
});

await test('queries: raised by the monitor, answered by the site, closed; sources verified', async () => {
  const { subject } = people[1];
  const monitor = await pageFor(browser, study, who.monitor);
  await go(monitor, '/quality/verify');
  await look(monitor, 'quality-verify');
  await go(monitor, `/people/${subject}/BL/labs#alt`);
  await monitor.locator('[data-question=alt] input').first().focus();
  await monitor.getByLabel('New query').fill('Please compare with the printout.');
  await monitor.getByRole('button', { name: 'Raise the query' }).click();
  await monitor.locator('[data-query]').first().waitFor();
  await look(monitor, 'form-query');
  for (const box of await monitor.getByRole('checkbox', { name: /verified/ }).all()) await box.check();
  await monitor.getByRole('button', { name: /Mark \d+ answers as verified/ }).click();
  await monitor.locator('.status', { hasText: 'verified' }).first().waitFor();
  await monitor.context().close();
  const site = await pageFor(browser, study, who.coordinator);
  await look(site, 'today-coordinator');
  await go(site, '/quality/queries');
  await site.getByLabel('Your words').first().fill('Compared: 21 is right.');
  await site.getByRole('button', { name: 'Answer' }).first().click();
  await site.getByText('No query matches.').waitFor();
  await site.context().close();
  const again = await pageFor(browser, study, who.monitor);
  await go(again, '/quality/queries');
  await again.getByLabel('State').selectOption('answered');
  await again.getByText('Compared: 21 is right.').waitFor();
  await look(again, 'quality-queries');
  await again.getByRole('button', { name: 'Close', exact: true }).click();
  await again.getByText('No query matches.').waitFor();
  await again.context().close();
});

await test('two people save one form: the second sees both answers and loses nothing; a change needs a reason', async () => {
  const { subject } = people[3];
  const page = await pageFor(browser, study, who.coordinator);
  await go(page, `/people/${subject}/BL/demographics`);
  await page.locator('[data-question=weight_kg] input').fill('71');
  await who.coordinator.form(subject, 'BL', 'demographics', { ...FORMS.demographics[1](3), height_cm: 171 }, { reason: 'measured again' });
  await page.locator('[name=reason]').fill('scale was off');
  await page.keyboard.press('Control+s');
  await page.getByRole('alertdialog').waitFor();
  await look(page, 'form-conflict');
  await page.getByRole('alertdialog').getByRole('radio').nth(1).check();
  await page.getByRole('button', { name: 'Use what is chosen' }).click();
  await page.locator('[name=reason]').fill('scale was off');
  await page.keyboard.press('Control+s');
  await shows(page, 'saved');
  const doc = await who.coordinator.get(`/api/forms/${subject}/BL/demographics`);
  check(doc.values.height_cm === 171 && doc.values.weight_kg === 71, `after the conflict: ${JSON.stringify(doc.values)}`);
  await page.context().close();
});

await test('a session that ends while typing: sign in over the page, nothing is lost', async () => {
  const { subject } = people[4];
  const page = await pageFor(browser, study, who.assessor);
  await go(page, `/people/${subject}/BL/vas`);
  study.days(34);
  await page.locator('[data-question=vas_mm] input:not([type=range])').fill('57');
  await page.getByText('Your session has ended').waitFor();
  await look(page, 'session-ended');
  await page.getByRole('dialog').locator('[name=password]').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  check(await page.locator('[data-question=vas_mm] input:not([type=range])').inputValue() === '57', 'what was typed is gone');
  await page.locator('[name=reason]').fill('misread');
  await page.keyboard.press('Control+s');
  await shows(page, 'saved');
  page.refused();
  await page.context().close();
});

await test('another program locks the database while somebody types: it is said, nothing is lost, and it is kept afterwards', async () => {
  const { subject } = people[3];
  const page = await pageFor(browser, study, who.assessor);
  await go(page, `/people/${subject}/BL/vas`);
  const other = new DatabaseSync(study.db, { timeout: 10_000 });
  other.exec('BEGIN IMMEDIATE');
  try {
    await page.locator('[data-question=vas_mm] input:not([type=range])').fill('61');
    await page.locator('[data-kept=lost]', { hasText: 'takes nothing at the moment' }).waitFor({ timeout: 90_000 });
    await page.locator('[name=reason]').fill('misread');
    await page.keyboard.press('Control+s');
    await page.getByRole('alert').filter({ hasText: 'nothing was changed' }).waitFor({ timeout: 90_000 });
    page.faults = page.faults.filter((f) => !/status of 503/.test(f));
    await look(page, 'form-database-locked');
    check(!/study\.db/.test(await page.locator('main').innerText()), 'the page tells the name of the file');
  } finally { other.exec('ROLLBACK'); other.close(); }
  await page.keyboard.press('Control+s');
  await shows(page, 'saved');
  check((await who.assessor.get(`/api/forms/${subject}/BL/vas`)).values.vas_mm === 61, 'what was typed was not kept');
  page.faults = page.faults.filter((f) => !/status of 503/.test(f));
  await page.context().close();
});

await test('all visits to the end over the API; a withdrawal by hand, a deviation by hand', async () => {
  const page = await pageFor(browser, study, who.coordinator);
  await go(page, `/people/${people[5].subject}`);
  await page.getByRole('button', { name: 'Deviation' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Kind/).selectOption('visit');
  await dialog.getByLabel(/^Severity/).selectOption('minor');
  await dialog.getByLabel(/^What happened/).fill('Visit four days after its window.');
  await confirm(page, 'Save');
  await go(page, `/people/${people[6].subject}`);
  await page.getByRole('button', { name: 'Withdrawal' }).click();
  await dialog.getByLabel(/^What ends/).selectOption('followup');
  await dialog.getByLabel(/^Reason/).fill('moved away');
  await confirm(page, 'Record the withdrawal');
  await page.getByText('withdrawn').first().waitFor();
  await look(page, 'person-withdrawn');
  await page.context().close();
  const stay = people.filter((_, i) => i !== 6);
  let day = Math.round((study.now() - Date.now()) / 86400e3);
  for (const [name, at] of [['W06', 42], ['M01', 72], ['M03', 133], ['M06', 224], ['M12', 365], ['M12P', 407]]) {
    study.days(at - day);
    day = at;
    for (const { subject, n } of stay) await visit(subject, name, n);
    if (name === 'W06') for (const { subject } of stay) await logs(subject);
    if (name === 'W06') for (const { subject } of stay.filter((p) => p.arm === 'EXERCISE')) await diaries(subject);
    if (name === 'M12') for (const { subject } of stay) for (let n = 1; n <= 12; n++) await who.coordinator.form(subject, `RECUR.${n}`, 'recurrence', { rec_new: 0 });
  }
  const { people: rows } = await who.coordinator.get('/api/people');
  for (const { subject } of stay) {
    const open = Object.entries(rows.find((p) => p.subject === subject).cells).filter(([, state]) => state === 'due' || state === 'missed').map(([id]) => id);
    check(open.length === 0, `${subject} has not been through ${open.join(', ')}`);
  }
});

await test('an amendment: what it changes and touches is shown before it comes into force', async () => {
  const page = await pageFor(browser, study, who.data_manager);
  await go(page, '/study/versions');
  const text = readFileSync(join(root, 'studies/metnlbp.yaml'), 'utf8').replace('version: "1.0"', 'version: "1.1"').replace('range: [25, 250]', 'range: [25, 260]');
  await page.locator('input[type=file]').setInputFiles({ name: 'metnlbp.yaml', mimeType: 'text/yaml', buffer: Buffer.from(text) });
  await page.getByRole('button', { name: 'Show what changes' }).click();
  await page.locator('[data-preview]').waitFor();
  await look(page, 'study-amendment');
  await page.getByRole('button', { name: 'Bring into force' }).click();
  await page.getByRole('dialog').getByLabel(/^What changed and why/).fill('Heavier people are eligible.');
  await page.getByRole('dialog').getByLabel(/^Your password again/).fill(PASSWORD);
  await confirm(page, 'Bring into force');
  await page.getByRole('rowheader', { name: '1.1' }).waitFor();
  await page.getByRole('button', { name: 'Carry over what was entered' }).click();
  await page.getByRole('dialog').getByLabel(/^Reason/).fill('one version for the analysis');
  await confirm(page, 'Carry over');
  const moved = Number(await page.locator('[data-moved]').getAttribute('data-moved'));
  check(moved >= 8 * people.length, `${moved} forms were carried over`); // screening and seven of the baseline each
  check((await who.data_manager.get(`/api/forms/${people[1].subject}/BL/labs`)).version === '1.1', 'a form was not carried over');
  await look(page, 'study-versions');
  await page.context().close();
});

await test('signature by the investigator, freeze and lock by the data manager', async () => {
  const { subject } = people[1];
  const page = await pageFor(browser, study, who.investigator);
  await go(page, `/people/${subject}/BL/labs`);
  await page.getByRole('button', { name: 'Sign', exact: true }).click();
  await page.getByRole('dialog').getByLabel(/^Your password again/).fill(PASSWORD);
  await confirm(page, 'Sign');
  await page.locator('.signatures li').waitFor();
  await look(page, 'form-signed');
  await page.context().close();
  const manager = await pageFor(browser, study, who.data_manager);
  await go(manager, `/people/${subject}/BL/labs`);
  await manager.getByRole('button', { name: 'Freeze' }).click();
  await manager.getByRole('button', { name: 'Unfreeze' }).waitFor();
  await manager.getByRole('button', { name: 'Lock', exact: true }).click();
  await manager.getByText('Locked: can be read, not changed.').waitFor();
  await look(manager, 'form-locked');
  await manager.context().close();
});

await test('the safety board: open and closed report from snapshots, a signed recommendation', async () => {
  const maker = await pageFor(browser, study, who.unmasked_statistician);
  await go(maker, '/board');
  await maker.getByRole('button', { name: 'Make the open report' }).click();
  await maker.locator('[data-report]').waitFor();
  await maker.getByRole('button', { name: 'Make the closed report' }).click();
  await maker.locator('[data-report^=closed]').waitFor();
  const closed = await maker.locator('[data-report^=closed]').innerText();
  check(/Events X/.test(closed) && /Events Y/.test(closed), 'the closed report does not show both groups');
  await look(maker, 'board-reports');
  await go(maker, '/study/close');
  await look(maker, 'study-balance');
  await maker.context().close();
  const page = await pageFor(browser, study, who.dsmb);
  await look(page, 'today-dsmb');
  await go(page, '/board');
  await page.getByRole('button', { name: 'Record a recommendation' }).click();
  await page.getByRole('dialog').getByLabel(/^Decision/).selectOption('continue');
  await page.getByRole('dialog').getByLabel(/^Recommendation/).fill('Nothing against going on.');
  await page.getByRole('dialog').getByLabel(/^Your password again/).fill(PASSWORD);
  await confirm(page, 'Sign');
  await page.getByText('Nothing against going on.').waitFor();
  await look(page, 'board');
  await page.context().close();
});

await test('snapshot and export by the data manager; audit with filters; documents', async () => {
  const page = await pageFor(browser, study, who.data_manager);
  await look(page, 'today-data-manager');
  await go(page, '/study/exports');
  await page.getByRole('button', { name: 'Freeze a snapshot' }).click();
  await page.getByRole('dialog').getByLabel(/^Label/).fill('before the lock');
  await confirm(page, 'Freeze');
  await page.getByText('before the lock').first().waitFor();
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await page.locator('[data-job=done]').waitFor({ timeout: 60_000 });
  await look(page, 'study-exports');
  for (const [path, name] of [['/study/audit', 'study-audit'], ['/study/documents', 'study-documents'], ['/study/ranges', 'study-ranges'], ['/quality/metrics', 'quality-metrics'], ['/quality/deviations', 'quality-deviations'], ['/people', 'people'], ['/safety', 'safety-masked']]) {
    await go(page, path);
    await look(page, name);
  }
  await page.context().close();
});

await test('names stay apart: the coordinator keeps and reads them, the monitor has no such button', async () => {
  const { subject } = people[1];
  const page = await pageFor(browser, study, who.coordinator);
  await go(page, `/people/${subject}`);
  await page.getByRole('button', { name: 'Name and phone' }).click();
  await page.getByText('No name on file.').waitFor();
  await page.getByRole('button', { name: 'Change name and phone' }).click();
  await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('Zhang San');
  await page.getByRole('dialog').getByLabel('Phone', { exact: true }).fill('010 5555 0101');
  await confirm(page, 'Save');
  await page.getByText('Zhang San · 010 5555 0101').waitFor();
  await look(page, 'person-identity');
  await page.reload();
  await settled(page);
  check(!(await page.locator('main').innerText()).includes('Zhang'), 'a name stands on the page before it is asked for');
  await page.getByRole('button', { name: 'Name and phone' }).click();
  await page.getByText('Zhang San').waitFor();
  await page.context().close();
  const monitor = await pageFor(browser, study, who.monitor);
  await go(monitor, `/people/${subject}`);
  check(await monitor.getByRole('button', { name: 'Name and phone' }).count() === 0, 'the monitor is offered the name');
  const said = await who.monitor.get(`/api/people/${subject}/identity`).then(() => 'the name', (error) => error.message);
  check(/→ 40[34] /.test(said), `the monitor asks for the name over the API and gets ${said}`);
  await monitor.context().close();
});

await test('a value in another unit, a file that is no recording, a recording; both are kept', async () => {
  const { subject } = people[7];
  const page = await pageFor(browser, study, who.coordinator);
  await go(page, `/people/${subject}/BL/labs`);
  const creatinine = page.locator('[data-question=creat]');
  await creatinine.getByRole('combobox').selectOption('mg/dL');
  await creatinine.locator('input').fill('1.0');
  await page.locator('[name=reason]').fill('the laboratory prints mg/dL');
  await look(page, 'form-units');
  await page.keyboard.press('Control+s');
  await shows(page, 'saved');
  const labs = await who.coordinator.get(`/api/forms/${subject}/BL/labs`);
  check(Math.abs(labs.values.creat - 88.42) < 1e-9 && labs.entered.creat.value === 1 && labs.entered.creat.unit === 'mg/dL', `creatinine: ${labs.values.creat} from ${JSON.stringify(labs.entered)}`);
  await page.context().close();
  const assessor = await pageFor(browser, study, who.assessor);
  await go(assessor, `/people/${subject}/BL/function_tests`);
  const file = assessor.locator('[data-question=emg_file]');
  await file.locator('input[type=file]').setInputFiles({ name: 'emg.edf', mimeType: 'application/octet-stream', buffer: Buffer.from('%PDF-1.7 not a recording') });
  await file.getByRole('alert').waitFor();
  assessor.refused();
  await look(assessor, 'form-upload-refused');
  await file.locator('input[type=file]').setInputFiles({ name: 'left side.csv', mimeType: 'text/csv', buffer: Buffer.from('time,left,right\n0,0.1,0.2\n0.001,0.3,0.1\n') });
  await file.locator('[data-file]').waitFor();
  check(/left side\.csv/.test(await file.innerText()), `the file's name is not shown: ${await file.innerText()}`);
  await assessor.locator('[name=reason]').fill('the recording came later');
  await assessor.keyboard.press('Control+s');
  await shows(assessor, 'saved');
  await go(assessor, `/people/${subject}/BL/function_tests`);
  const [fetched] = await Promise.all([assessor.waitForEvent('download'), assessor.locator('[data-file]').click()]);
  check(readFileSync(await fetched.path(), 'utf8').startsWith('time,left,right'), 'the file is not what was sent');
  await look(assessor, 'form-upload');
  await assessor.context().close();
});

await test('licensed wording: loaded by the site, on the form, on the printed form; a changed file is refused', async () => {
  const body = `title: ODI\ninstruction: 请选择最符合您情况的一项。\nitems:\n${Array.from({ length: 10 }, (_, i) => `  - {text: 第${i + 1}题的授权文字, codes: {"0": 完全没有, "5": 最严重}}`).join('\n')}\n`;
  const head = (text) => `lumbar-text/1\ninstrument: odi\nlanguage: zh\nversion: 2.1a\nlicence: test licence no. 1, this walk, ends 2027\nsha256: ${createHash('sha256').update(text).digest('hex')}\n---\n`;
  const page = await pageFor(browser, study, who.coordinator);
  await go(page, '/study/texts');
  await look(page, 'study-texts-empty');
  const load = (text) => page.locator('input[type=file]').setInputFiles({ name: 'odi.zh.txt', mimeType: 'text/plain', buffer: Buffer.from(text) });
  await load(head(body) + body.replace('最严重', '改动'));
  await page.getByText(/do not have the SHA-256/).waitFor();
  page.refused();
  await load(head(body) + body);
  await page.locator('[data-texts=odi]').waitFor();
  await look(page, 'study-texts');
  await go(page, '/study/documents');
  check(/site=C01/.test(await page.locator('a[href*="crf.pdf"]').getAttribute('href')), 'the printed form does not take the wording of the site');
  await page.context().close();
  const chinese = await pageFor(browser, study, who.assessor, { language: 'zh-CN' });
  await go(chinese, `/people/${people[8].subject}/M01/odi`);
  await chinese.getByText('第10题的授权文字').waitFor();
  await chinese.getByText('请选择最符合您情况的一项。').waitFor();
  check(await chinese.getByText('最严重').count() === 10, 'the words of the answers are not shown');
  await look(chinese, 'form-licensed-zh');
  await chinese.context().close();
});

await test('every page by its role on a desktop', () => tour(browser, study, who, hand, 'desktop'));
await test('every page by its role on a phone of 375 px, in Chinese', () => tour(browser, study, who, hand, 'phone'));
await test('another centre finds nobody of this one', () => stranger(browser, study, who.coordinator2, hand));

await test('the text at 200 %', async () => {
  const large = await pageFor(browser, study, who.coordinator);
  for (const path of ['/', '/people', `/people/${hand}`, `/people/${hand}/BL/labs`, '/safety', '/study/sites', '/study/texts', '/account']) {
    await large.visit(path);
    await large.addStyleTag({ content: 'html { font-size: 200% !important; }' });
    await look(large, `large${path.replaceAll('/', '-')}`);
  }
  await large.context().close();
});

await test('the matrix of 314 people is there within 300 ms, and the arrow keys move in it', async () => {
  for (let i = people.length + 1; i < 314; i++) await who.coordinator.post('/api/people', { site: 'C01' });
  const page = await pageFor(browser, study, who.coordinator);
  await go(page, '/people');
  await go(page, '/');
  const times = [];
  // the least of several is what the page needs: more are tried while other work keeps the machine busy
  for (let i = 0; i < 5 || (i < 20 && Math.min(...times) >= 300); i++) {
    await page.evaluate(() => { window.begun = performance.now(); document.querySelector('a[href="/people"]').click(); });
    times.push(await page.evaluate(async () => {
      while (!document.querySelector('.m-body .m-row')) await new Promise((r) => requestAnimationFrame(r));
      return performance.now() - window.begun;
    }));
    await page.getByRole('link', { name: 'Today' }).click();
    await settled(page);
  }
  console.log(`      ${times.map((t) => t.toFixed(0)).join(', ')} ms`);
  check(process.env.LUMBAR_TIMED !== '1' || Math.min(...times) < 300, `the matrix takes ${Math.min(...times).toFixed(0)} ms`);
  await go(page, '/people');
  await page.getByText('314 of 314 people').waitFor();
  await page.locator('[data-at="0:0"]').focus();
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'PageDown', 'PageDown', 'Control+End']) await page.keyboard.press(key);
  await page.waitForFunction(() => document.activeElement?.dataset.at?.startsWith('313:'));
  await page.context().close();
});

// -- the end ------------------------------------------------------------------------------------------------------------------

await test('database lock with a reason for what is open, then unblinding', async () => {
  const page = await pageFor(browser, study, who.data_manager);
  await go(page, '/study/close');
  await page.getByRole('button', { name: 'Lock the database' }).click();
  await look(page, 'study-lock');
  await page.getByRole('dialog').getByLabel(/^Reason/).fill('people in screening have not come back');
  await page.getByRole('dialog').getByLabel(/^Your password again/).fill(PASSWORD);
  await confirm(page, 'Lock the database');
  await page.locator('.status', { hasText: 'locked' }).first().waitFor();
  await page.context().close();
  const open = await pageFor(browser, study, who.unmasked_statistician);
  await go(open, '/study/close');
  await open.getByRole('button', { name: 'Unblind the study' }).click();
  await open.getByRole('dialog').getByLabel(/^Your password again/).fill(PASSWORD);
  await confirm(open, 'Unblind the study');
  await open.locator('[data-closed]').waitFor();
  await look(open, 'study-unblinded');
  await open.context().close();
  const verified = JSON.parse(study.command('verify', '--json')).results;
  check(verified.valid === true && verified.fault_count === 0 && verified.files > 0 && verified.identities > 0, `study verify: ${JSON.stringify(verified).slice(0, 400)}`);
});

await browser.close();
await study.stop();
process.exit(summary());

// What the runs of a whole study share: a fresh database with its server, a clock that can be moved, people who sign in over the
// API for what repeats, and pages on which interactions are counted.
import { execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { check, open, root, settled, shots, violations, widthBeyond } from './harness.mjs';

const program = process.env.LUMBAR_BIN ?? join(root, 'build', 'dev', 'lumbar');

/** A new study of a protocol file, served; `days(n)` moves its clock on by n days. `today()` is the date at the sites, whose zone is `ahead` hours before UTC.
 * `people`: so many are in it already, at its end, with readings of their scans. */
export async function startStudy(protocol, ahead = 8, people = 0) {
  const folder = mkdtempSync(join(tmpdir(), 'lumbar-run-'));
  cpSync(process.env.LUMBAR_WEB ?? join(root, 'web', 'dist'), join(folder, 'web'), { recursive: true }); // a build beside the run changes nothing
  const db = join(folder, 'study.db'), clock = join(folder, 'clock');
  writeFileSync(clock, '0');
  const env = { ...process.env, LUMBAR_CLOCK_FILE: clock };
  const made = JSON.parse(execFileSync(program, ['study', 'new', join(root, protocol), '--db', db, '--admin', 'admin', '--name', 'Administrator', '--json'], { env, cwd: root }).toString());
  const password = made.administrator?.password ?? made.results?.administrator?.password ?? made.password;
  if (people > 0) execFileSync(join(dirname(program), 'tests', 'fill_store'), [db, join(root, protocol), String(people), '7'], { env, cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }); // built with the tests
  const child = spawn(program, ['serve', '--db', db, '--listen', '127.0.0.1:0', '--web', join(folder, 'web')], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const origin = await new Promise((resolve, reject) => {
    let said = '';
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
    child.stdout.on('data', (part) => { said += part; const found = /http:\/\/[\w.:[\]]+/.exec(said); if (found) resolve(found[0]); });
    setTimeout(() => reject(new Error('the server did not start within 60 s')), 60_000).unref();
  });
  child.removeAllListeners('exit');
  process.on('exit', () => child.kill('SIGTERM'));
  let moved = 0;
  return {
    origin, db, password, made,
    days(n) { moved += Math.round(n * 86400); writeFileSync(clock, String(moved)); },
    now: () => Date.now() + moved * 1000,
    /** A code not used before: the server takes each once, and on a fast machine two people's acts lie within one half minute. */
    code(secret) { this.days(30 / 86400); return totp(secret, this.now()); },
    today: (plus = 0) => new Date(Date.now() + moved * 1000 + ahead * 3600e3 + plus * 86400e3).toISOString().slice(0, 10),
    command: (verb, ...rest) => execFileSync(program, ['study', verb, ...rest, '--db', db], { env, cwd: root }).toString(),
    stop: () => new Promise((done) => { child.on('exit', () => { rmSync(folder, { recursive: true, force: true }); done(); }); child.kill('SIGTERM'); }),
  };
}

/** The code an authenticator app shows (RFC 6238). */
export function totp(base32, ms) {
  const bits = [...base32.replace(/=+$/, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(ms / 30_000)));
  const mac = createHmac('sha1', key).update(step).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Someone who uses the API: the repetitive part of a study. */
export class Someone {
  constructor(study, name) { this.study = study; this.name = name; this.cookie = ''; this.token = ''; this.secret = null; }

  async raw(method, path, body) {
    const response = await fetch(this.study.origin + path, {
      method, headers: { Accept: 'application/json', ...(this.cookie ? { Cookie: this.cookie } : {}), ...(method === 'GET' ? {} : { 'X-Lumbar-Token': this.token }), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const set = response.headers.get('set-cookie');
    if (set) this.cookie = set.split(';')[0];
    const text = await response.text();
    let json = {};
    try { json = text === '' ? {} : JSON.parse(text); } catch { json = { text }; }
    return { status: response.status, json };
  }

  async call(method, path, body) {
    let { status, json } = await this.raw(method, path, body);
    if (status === 401 && this.password) { await this.signIn(this.password); ({ status, json } = await this.raw(method, path, body)); }
    if (status >= 400) throw new Error(`${this.name}: ${method} ${path} → ${status} ${JSON.stringify(json).slice(0, 600)}`);
    return json;
  }
  get(path) { return this.call('GET', path); }
  post(path, body) { return this.call('POST', path, body); }
  put(path, body) { return this.call('PUT', path, body); }

  async signIn(password) {
    this.password = password;
    const { status, json } = await this.raw('POST', '/api/session', { user: this.name, password, ...(this.secret ? { otp: this.study.code(this.secret) } : {}) });
    check(status === 200, `${this.name} cannot sign in: ${status} ${JSON.stringify(json)}`);
    this.token = json.token;
    this.session = json;
    return json;
  }

  /** The first sign-in: the password given is changed, the second factor set up where it is needed. */
  async begin(given, password) {
    let session = await this.signIn(given);
    if (session.must?.includes('password')) { await this.post('/api/session/password', { old: given, new: password }); this.password = password; session = (await this.raw('GET', '/api/session')).json; if (session.signed_in) this.token = session.token; else session = await this.signIn(password); }
    if (session.must?.includes('otp')) {
      const { secret } = await this.post('/api/session/otp');
      await this.post('/api/session/otp/confirm', { code: totp(secret, this.study.now()) });
      this.secret = secret;
      session = (await this.raw('GET', '/api/session')).json;
      this.token = session.token;
    }
    this.session = session;
    return this;
  }

  async form(subject, visit, form, values, { reason, missing, keying } = {}) {
    const path = `/api/forms/${subject}/${visit}/${form}`, query = keying ? `?keying=${keying}` : '';
    const doc = await this.get(path + query);
    return this.put(path + query, { values, missing: missing ?? {}, revision: doc.revision, confirmed: Object.keys(values), ...(reason ? { reason } : {}) });
  }
}

/** A browser page signed in as someone; `did` counts what a person does with hand or keyboard. */
export async function pageFor(browser, study, someone, { width = 1280, height = 900, language = 'en', signIn = true } = {}) {
  const page = await open(browser, study.origin, { width, height, language });
  page.did = 0;
  page.refused = () => { page.faults = page.faults.filter((f) => !/status of (401|403|404|409|422|429)|INTERNET_DISCONNECTED|ERR_FAILED/.test(f)); };
  if (!signIn) return page;
  await page.visit('/');
  await page.locator('[name=user]').fill(someone.name);
  await page.locator('[name=password]').fill(someone.password);
  await page.keyboard.press('Enter');
  if (someone.secret) {
    await page.locator('[name=otp]').waitFor();
    await page.locator('[name=otp]').fill(study.code(someone.secret));
    await page.keyboard.press('Enter');
  }
  await page.locator('.account-link').waitFor();
  await settled(page);
  page.refused();
  return page;
}

/** One act of a person: a click, or one run of typing that is not broken by a click. */
export const acts = (page) => ({
  click: async (target) => { page.did++; await (typeof target === 'string' ? page.locator(target) : target).click(); },
  fill: async (target, text) => { page.did++; await (typeof target === 'string' ? page.locator(target) : target).fill(text); },
  choose: async (target, value) => { page.did++; await (typeof target === 'string' ? page.locator(target) : target).selectOption(value); },
  type: async (keys) => { page.did++; for (const k of keys) await page.keyboard.press(k); },
});

/** Looks at a page: picture, axe, width, exactly one heading. */
export async function look(page, name, { picture = true } = {}) {
  await settled(page);
  if (picture) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
  check(await page.locator('h1').count() === 1, `${name}: a page has exactly one main heading`);
  const found = await violations(page);
  check(found === '', `${name}: ${found}`);
  const wide = await widthBeyond(page);
  check(wide === '', `${name}: ${wide}`);
  page.refused();
  check(page.faults.length === 0, `${name}: ${page.faults.join('\n')}`);
}

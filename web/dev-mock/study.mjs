// A stand-in for `lumbar serve --db` while the pages of a study are made: invented people in memory, no rule of a trial is kept
// here and nothing means anything. Not shipped. Run: node dev-mock/study.mjs --listen 127.0.0.1:8090   (sign in as any role, any password)
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const dist = join(root, 'web', 'dist');
const listen = process.argv[process.argv.indexOf('--listen') + 1] ?? '127.0.0.1:0';
const study = JSON.parse(execFileSync(join(root, 'build/dev/lumbar'), ['study', 'describe', join(root, 'studies/metnlbp.yaml'), '--json'], { maxBuffer: 1e8 })).results;
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.webmanifest': 'application/manifest+json', '.png': 'image/png' };
const CSP = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; connect-src 'self' blob: data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'";
const ALL = 'people.read people.add identity.read identity.write consent randomise unblind.person arm.read link deviation withdraw form.write form.second form.settle form.verify form.sign form.freeze form.lock query.raise query.answer query.close adherence.read call safety.read safety.report board.read board.report board.recommend quality.read protocol.read protocol.change users sites sites.read delegation delegation.read ranges ranges.read audit.read snapshot.make snapshot.read export documents calendar randomisation.report analyse study.lock study.unblind study.open'.split(' ');

const visits = study.visits.filter((v) => !v.repeat && !v.unscheduled).map((v) => ({ id: v.id, label: v.label, nominal: v.nominal ?? null, reveals_arm: v.reveals_arm }));
const STATES = ['complete', 'complete', 'complete', 'verified', 'signed', 'locked', 'due', 'started', 'missed', 'not_due'];
const people = Array.from({ length: 314 }, (_, i) => {
  const site = study.sites[i % 5].id;
  const state = i % 19 === 3 ? 'screen_failed' : i % 23 === 5 ? 'withdrawn' : i % 11 === 7 ? 'screening' : 'randomised';
  const flags = i % 7 === 0 ? { BL: 1 + (i % 3) } : {};
  return { subject: `${site}-${String(1 + Math.floor(i / 5)).padStart(3, '0')}`, site, state, adherence: state === 'randomised' && i % 2 ? 60 + ((i * 7) % 40) : null, adherent: 60 + ((i * 7) % 40) >= 75,
    cells: Object.fromEntries(visits.map((v, k) => [v.id, state === 'screening' && k > 0 ? 'not_due' : STATES[(i * 3 + k * (k + i % 3)) % 10]])), flags, queries: flags.BL ?? 0 };
});
const forms = new Map();
const formOf = (id) => study.forms.find((f) => f.id === id);
const recordOf = (s, v, f) => { const k = `${s}|${v}|${f}`; if (!forms.has(k)) forms.set(k, { values: {}, missing: {}, revision: 0, state: 'empty', draft: null }); return forms.get(k); };
const day = (n) => new Date(Date.now() + n * 86400e3).toISOString().slice(0, 10);
const now = () => new Date().toISOString().replace(/\.\d+Z/, 'Z');
const compute = (form, values) => {
  const shown = Object.fromEntries(form.items.map((i) => { const m = /^(\w+) == '?(\w+)'?$/.exec(i.shown_if ?? ''); return [i.id, !m || String(values[m[1]]) === m[2]]; }));
  const open = form.items.filter((i) => i.type !== 'derived' && shown[i.id]);
  const answered = open.filter((i) => values[i.id] !== undefined && values[i.id] !== '').length;
  const score = form.id === 'odi' && answered > 7 ? (100 * open.reduce((a, i) => a + Number(values[i.id] ?? 0), 0)) / (5 * answered) : null;
  const bmi = values.height_cm && values.weight_kg ? Math.round(10 * values.weight_kg / (values.height_cm / 100) ** 2) / 10 : null;
  return { shown, derived: { bmi }, ...(form.instrument ? { score, reason: score === null ? 'too few answers' : null } : {}), answered, missing: open.length - answered };
};
const findings = (form, values) => form.items.flatMap((i) => { const v = values[i.id]; const hi = i.expected_high ?? i.expected?.[1]; return typeof v === 'number' && hi !== undefined && v > hi ? [{ item: i.id, severity: 'soft', message: { en: `above the expected ${hi}`, zh: `高于预期${hi}` } }] : []; });
const weeks = (i) => Array.from({ length: 6 }, (_, w) => ({ week: w + 1, frequency: 0.8, duration: 0.9, components: 0.7, supervision: 1, score: w > 4 ? null : 55 + ((i * 13 + w * 11) % 45), held: 0 }));
const queries = Array.from({ length: 9 }, (_, i) => ({ id: `Q${i + 1}`, subject: people[i * 7].subject, site: people[i * 7].site, visit: 'BL', form: 'labs', item: 'alt', item_label: 'ALT', text: 'Is 180 U/L right? Please compare with the printout.', state: ['open', 'open', 'answered'][i % 3], by: 'data_manager', at: `${day(-3 * i - 1)}T09:12:00Z`, age_days: 3 * i + 1, thread: i % 3 === 2 ? [{ at: now(), by: 'coordinator', action: 'answer', text: 'Printout says 18.0, a slip.' }] : [] }));
const task = (kind, i, more) => ({ kind, subject: people[i].subject, visit: 'M03', form: 'odi', due: day(i - 3), overdue_days: Math.max(0, 3 - i), text: { key: kind, params: { visit_label: study.visits.find((v) => v.id === 'M03').label, form_label: formOf('odi').label, days: 3, week: 2, ...more } } });
let session = null;

const personOf = (s) => {
  const p = people.find((x) => x.subject === s);
  if (!p) return null;
  const timeline = study.visits.flatMap((v) => {
    const count = v.repeat ? Math.floor((v.repeat.to - v.repeat.from) / v.repeat.every) + 1 : v.unscheduled ? (v.id === 'AE' ? 1 : 0) : 1;
    return Array.from({ length: count }, (_, k) => ({ visit: v.id, occurrence: v.repeat || v.unscheduled ? k + 1 : null, label: v.label, day: v.repeat ? v.repeat.from + k * v.repeat.every : v.nominal ?? null, date: v.nominal === undefined ? null : day((v.repeat ? v.repeat.from + k * v.repeat.every : v.nominal) - 60), window: v.opens === undefined || v.opens === null ? null : [day(v.opens - 60), day(v.closes - 60)],
      state: p.cells[v.id] ?? ['complete', 'complete', 'missed', 'due'][(k * 7) % 4], forms: v.forms.map((f) => { const form = formOf(f); const r = recordOf(s, v.repeat || v.unscheduled ? `${v.id}.${k + 1}` : v.id, f); return { form: f, label: form.label, state: r.revision ? r.state : p.cells[v.id] ?? 'due', entry: form.entry ?? 'single', keyed: [true, false], second: form.entry === 'double' ? ['needed', 'done', 'differences', 'mine'][v.id.length % 4] : null, missing: f === 'labs' ? 2 : 0, queries: f === 'labs' ? 1 : 0, revision: r.revision }; }) }));
  });
  return { ...p, protocol_version: '1.0', allocation: p.state === 'randomised' ? { state: 'allocated', at: now(), by: 'coordinator', arm: 'EXERCISE', arm_label: study.arms[0].label } : { state: 'none' }, adherence: p.adherence ? { overall: p.adherence, adherent: p.adherent, weeks: weeks(3) } : null, timeline, events: [{ n: 1, term: 'dyspepsia', serious: false }], deviations: [{ kind: 'visit', severity: 'minor', text: 'Visit two days late' }], withdrawals: [], consents: [{ form_version: '1.0', date: day(-70), language: 'zh', taken_by: 'coordinator', kind: 'first' }], scans: [] };
};
const history = (s) => ({ entries: Array.from({ length: 12 }, (_, i) => ({ seq: 100 - i, at: `${day(-i)}T10:42:07Z`, user: 'coordinator', role: 'coordinator', kind: 'entry', key: `${s}|BL|labs`, action: 'save', reason: i < 11 ? 'slip of the pen' : null, item: 'alt', before: i < 11 ? 20 + i : null, after: 21 + i })) });
const event = (i, due) => ({ subject: people[i].subject, site: people[i].site, n: 1 + (i % 2), term: ['Pneumonia', 'dyspepsia', 'Hip fracture after a fall', 'muscle soreness'][i % 4], severity: ['severe', 'mild'][i % 2], serious: due !== null, causality: [{ to: 'exercise', text: 'unlikely' }, { to: 'study drug', text: 'possible' }], aware_at: due === null ? null : `${day(-1)}T08:00:00Z`, due_at: due === null ? null : new Date(Date.now() + due * 3600e3).toISOString(), state: 'open', versions: [] });

const routes = [
  ['GET', /^health$/, () => ({ version: '0.0-mock', demo: false })],
  ['GET', /^session$/, () => session ?? { mode: 'study', signed_in: false, study: { id: study.id, title: study.title, state: 'running' } }],
  ['POST', /^session$/, (m, b) => { if (b.password === 'wrong') return [401, { error: { code: 'sign_in', message: 'no' } }]; return (session = { mode: 'study', signed_in: true, user: { name: b.user, full_name: b.user, role: b.user, role_label: study.roles.find((r) => r.id === b.user)?.label ?? b.user, sites: [], masked: false, clinical: true }, token: 't', must: [], idle_seconds: 1800, study: { id: study.id, acronym: study.acronym, title: study.title, version: '1.0', state: 'running', languages: ['zh', 'en'], sites: study.sites }, may: ALL }); }],
  ['DELETE', /^session$/, () => { session = null; return {}; }],
  ['POST', /^session\/otp$/, () => ({ secret: 'JBSWY3DPEHPK3PXP', uri: 'otpauth://totp/x', qr_svg: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="5" height="5"/></svg>' })],
  ['GET', /^today$/, () => ({ role: 'coordinator', groups: [{ id: 'visits', tasks: [0, 1, 2, 3, 4, 5].map((i) => task('visit', i)) }, { id: 'queries', tasks: queries.slice(0, 3).map((q) => ({ kind: 'query_answer', subject: q.subject, visit: q.visit, form: q.form, item: q.item, text: { key: 'query_answer', params: { form_label: 'Blood tests', item: 'ALT' } } })) }, { id: 'diaries', tasks: [task('diary_behind', 6)] }, { id: 'consents', tasks: [task('consent_renew', 7, { version: '1.1' })] }], adherence: [1, 3, 5].map((i) => ({ subject: people[i].subject, site: 'C01', weeks: weeks(i), overall: 60 + i * 5, adherent: i > 3, behind: i < 3, why: ['sessions'] })), enrolment: { target: 314, total: 212, sites: study.sites.map((s, i) => ({ id: s.id, label: s.label, target: s.target, n: 60 - 9 * i })) }, counters: {} })],
  ['GET', /^people$/, () => ({ visits, people })],
  ['POST', /^people$/, (m, b) => { const p = { ...people[7], subject: `${b.site}-900`, site: b.site, state: 'screening', cells: {}, queries: 0 }; people.push(p); return { subject: p.subject }; }],
  ['GET', /^people\/([^/]+)$/, (m) => personOf(m[1])],
  ['GET', /^people\/([^/]+)\/history$/, (m) => history(m[1])],
  ['GET', /^people\/([^/]+)\/identity$/, () => ({ name: 'Example', phone: '000' })],
  ['POST', /^people\/([^/]+)\/link$/, () => ({ url: '/p/mock', qr_svg: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="5" height="5"/></svg>', ends: day(400) })],
  ['GET', /^people\/([^/]+)\/randomise$/, (m) => ({ ready: true, checks: study.eligibility.map((c, i) => ({ id: c.id, text: c.text, kind: c.kind, rule: c.rule, answer: i === 0 ? 67 : i % 2 ? 'no' : 'yes', met: true })), consent: { date: day(-2), form_version: '1.0' }, gates: [{ id: 'ethics', text: { en: 'ethics approval of the site on file', zh: '伦理批件已归档' }, ok: true }], stratum: [{ item: 'centre', label: { en: 'Centre', zh: '中心' }, value: 'C01', value_label: study.sites[0].label }, { item: 'sex', label: { en: 'Sex', zh: '性别' }, value: 'F', value_label: { en: 'female', zh: '女' } }], allocated: null })],
  ['POST', /^people\/([^/]+)\/randomise$/, () => ({ at: now(), by: 'coordinator', receipt: 'ab'.repeat(32), arm: 'EXERCISE', arm_label: study.arms[0].label, next: [{ visit: 'RAND', form: 'education', label: { en: 'Hand out the booklet', zh: '发放手册' } }] })],
  ['POST', /^people\/([^/]+)\/unblind$/, () => ({ arm: 'EXERCISE', arm_label: study.arms[0].label })],
  ['GET', /^forms\/([^/]+)\/([^/]+)\/([^/]+)$/, (m) => { const f = formOf(m[3]); const r = recordOf(m[1], m[2], m[3]); return f && { form: f, values: r.values, missing: r.missing, state: r.state, revision: r.revision, draft: r.draft, computed: compute(f, r.values), findings: [], queries: f.id === 'labs' && r.revision ? [{ ...queries[0], subject: m[1] }] : [], version: '1.0', may: ['save', 'sign', 'verify', 'freeze', 'lock', 'query'], signatures: [] }; }],
  ['POST', /^forms\/([^/]+)\/([^/]+)\/([^/]+)\/check$/, (m, b) => { const f = formOf(m[3]); return { computed: compute(f, b.values), findings: findings(f, b.values) }; }],
  ['PUT', /^forms\/([^/]+)\/([^/]+)\/([^/]+)\/draft$/, (m, b) => { const at = now(); recordOf(m[1], m[2], m[3]).draft = { ...b, saved_at: at }; return { saved_at: at }; }],
  ['PUT', /^forms\/([^/]+)\/([^/]+)\/([^/]+)$/, (m, b) => { const r = recordOf(m[1], m[2], m[3]); if (b.revision !== r.revision) return [409, { error: { code: 'conflict', message: 'someone was first' }, current: { values: r.values, missing: r.missing, revision: r.revision, by: 'data_manager', at: now() } }]; Object.assign(r, { values: b.values, missing: b.missing, revision: r.revision + 1, state: 'complete', draft: null }); const f = formOf(m[3]); return { revision: r.revision, saved_at: now(), state: 'complete', computed: compute(f, b.values), findings: findings(f, b.values), queries_opened: 0 }; }],
  ['GET', /^forms\/([^/]+)\/([^/]+)\/([^/]+)\/differences$/, () => ({ differences: [{ item: 'odi3', first: '2', second: '3' }, { item: 'odi7', first: '0', second: '1' }] })],
  ['GET', /^queries$/, () => ({ queries })],
  ['GET', /^safety$/, () => ({ events: [event(4, 20), event(1, null), event(2, -3), event(3, null), event(8, 3)], watch: [{ subject: people[3].subject, rule: 'alt_rise', label: { en: 'ALT above three times the upper limit' }, visit: 'W06', value: 180 }] })],
  ['GET', /^board$/, () => ({ reports: [{ id: 'R1', kind: 'open', snapshot: 'S1', sha256: 'ab'.repeat(32), made: now(), by: 'unmasked_statistician' }, { id: 'R2', kind: 'closed', snapshot: 'S1', sha256: 'cd'.repeat(32), made: now(), by: 'unmasked_statistician' }], recommendations: [{ report: 'R1', text: 'Go on unchanged.', signed_by: 'dsmb', at: now() }] })],
  ['GET', /^board\/reports\/(.+)$/, (m) => ({ id: m[1], kind: 'closed', enrolled: 212, events: [{ term: 'dyspepsia', X: 4, Y: 5 }, { term: 'fall', X: 1, Y: 2 }] })],
  ['GET', /^quality$/, () => ({ queries: { open: 6, answered: 3, closed: 41, median_age_days: 6.5 }, by_site: study.sites.map((s, i) => ({ site: s.id, open: 3 - (i % 3), missing_percent: 1.2 + i, out_of_window: i })), to_verify: people.slice(0, 12).map((p) => ({ subject: p.subject, visit: 'BL', form: 'odi', label: formOf('odi').label, items: 10, verified: 0 })) })],
  ['GET', /^deviations$/, () => ({ deviations: [{ subject: 'C01-001', visit: 'M03', kind: 'visit', severity: 'minor', text: 'two days late' }] })],
  ['GET', /^adherence$/, () => ({ people: [1, 3, 5, 7].map((i) => ({ subject: people[i].subject, site: 'C01', weeks: weeks(i), overall: 60 + i * 5, adherent: i > 3, behind: i < 3, why: ['sessions'] })) })],
  ['GET', /^protocol$/, () => study], ['GET', /^protocol\/versions$/, () => ({ versions: [{ version: '1.0', state: 'active', date: '2026-01-20', sha256: study.sha256, note: 'first' }] })],
  ['POST', /^protocol\/preview$/, () => ({ changes: [{ path: 'visits[M03].window', before: '[-14, 14]', after: '[-21, 21]' }], records: [{ form: 'odi', records: 12 }], findings: [] })],
  ['GET', /^users$/, () => ({ users: study.roles.slice(1).map((r) => ({ name: r.id, full_name: r.id, role: r.id, sites: [], state: 'active', otp: true })) })], ['GET', /^roles$/, () => ({ roles: study.roles })],
  ['GET', /^sites$/, () => ({ sites: study.sites.map((s, i) => ({ ...s, state: i ? 'closed' : 'open', protocol_version: '1.0', ethics: i ? [] : [{ version: '1.0', approved: '2026-01-10', reference: 'EC 12' }] })) })],
  ['GET', /^delegation$/, () => ({ delegation: [{ site: 'C01', user: 'coordinator', tasks: ['screen', 'consent', 'randomise'], from: '2026-01-10', signed_by: 'investigator' }] })],
  ['GET', /^ranges$/, () => ({ ranges: [{ site: 'C01', item: 'alt', from: '2026-01-01', low: 7, high: 40, unit: 'U/L', sex: 'F' }] })],
  ['GET', /^audit$/, () => history('C01-001')], ['GET', /^snapshots$/, () => ({ snapshots: [{ id: 'S1', label: 'First look', made: now(), by: 'data_manager', sha256: 'ef'.repeat(32), tables: [{ name: 'participants', rows: 212 }] }] })],
  ['GET', /^randomisation\/report$/, () => ({ strata: [{ stratum: 'C01|F', n: 40, EXERCISE: 20, CONTROL: 20 }], guess_rate: 0.53 })],
  ['GET', /^p\/(\w+)$/, () => ({ study: { id: study.id, title: study.title }, languages: ['zh', 'en', 'da'], subject_code: 'C01-001', today: day(0), forms: study.forms.filter((f) => ['diary', 'recurrence', 'eq5d'].includes(f.id)), days: [{ day: 12, date: day(0), form: 'diary', visit: 'DIARY.12', state: 'due', open: true }, { day: 11, date: day(-1), form: 'diary', visit: 'DIARY.11', state: 'due', open: true }, { day: 30, date: day(0), form: 'recurrence', visit: 'RECUR.1', state: 'due', open: true }], thanks: { en: 'Thank you. See you tomorrow.', zh: '谢谢，明天见。' } })],
  ['POST', /^p\/(\w+)\/entries$/, (m, b) => ({ entries: b.entries.map((e) => ({ id: e.id, status: 'kept' })) })],
];

async function answer(req, res) {
  const path = decodeURIComponent(new URL(req.url, 'http://x').pathname);
  const json = (code, value) => { res.writeHead(code, { 'Content-Type': 'application/json', 'Content-Security-Policy': CSP }); res.end(JSON.stringify(value)); };
  if (path.startsWith('/api/')) {
    const parts = [];
    for await (const part of req) parts.push(part);
    let body = {};
    try { body = JSON.parse(Buffer.concat(parts).toString()); } catch { /* none, or multipart */ }
    for (const [method, pattern, body_] of routes) {
      const m = pattern.exec(path.slice(5));
      if (!m || method !== req.method) continue;
      const out = body_(m, body);
      return Array.isArray(out) && typeof out[0] === 'number' ? json(out[0], out[1]) : out ? json(200, out) : json(404, { error: { code: 'not_found', message: 'not there' } });
    }
    return req.method === 'GET' ? json(404, { error: { code: 'not_found', message: 'there is no such address' } }) : json(200, {});
  }
  const file = join(dist, normalize(path));
  const found = file.startsWith(dist) && extname(path) && existsSync(file) ? file : join(dist, 'index.html');
  res.writeHead(200, { 'Content-Type': TYPES[extname(found)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP });
  res.end(readFileSync(found));
}
const [host, port] = listen.split(':');
const server = createServer((req, res) => answer(req, res).catch((e) => { res.writeHead(500); res.end(String(e)); }));
server.listen(Number(port), host, () => console.log(`Lumbar (stand-in) is running at http://${host}:${server.address().port}/`));
process.on('SIGTERM', () => process.exit(0));

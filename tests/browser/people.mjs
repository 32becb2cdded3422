// The people of METNLBP's walk and of the pictures: their answers, and what repeats in their study, over the API.
import { randomUUID } from 'node:crypto';
import { check } from './harness.mjs';
import { Someone } from './trial.mjs';

export const PASSWORD = 'seven quiet herons wade';
export const ROLES = { coordinator: ['C01'], coordinator2: ['C02'], therapist: ['C01'], investigator: ['C01'], investigator2: ['C02'], assessor: ['C01'], unmasked_data_manager: [], unmasked_statistician: [], dsmb: [], data_manager: [], monitor: [], statistician: [] };
const pick = (n, m) => (n * 7 + m * 3) % 5;

export const ELIGIBLE = { subjid: 'x', birth_year: 1958, sex: 'F', age: 68, lbp_months: 14, odi_screen: 38, goutallier: '2', surg_indication: 0, conservative: 1, can_exercise: 1, willing: 1, exc_specific: 0, exc_surgery: 0, exc_comorb: 0, exc_cognition: 0, exc_physical: 0, exc_trial: 0, exc_hypersens: 0 };
const odi = (n, shift = 0) => Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`odi${i + 1}`, String(Math.max(0, Math.min(5, pick(n, i) - shift)))]));
const JOA3 = ['joa_lbp', 'joa_leg', 'joa_gait'], JOA2 = ['joa_slr', 'joa_sensory', 'joa_motor', 'joa_turning', 'joa_standing', 'joa_washing', 'joa_leaning', 'joa_sitting', 'joa_lifting', 'joa_walking'];
export const joa = (n) => ({ ...Object.fromEntries(JOA3.map((k, i) => [k, String(pick(n, i) % 4)])), ...Object.fromEntries(JOA2.map((k, i) => [k, String(pick(n, i) % 3)])), joa_bladder: '0' });
const eq5d = (n) => ({ eq_mo: 1 + (n % 3), eq_sc: 1, eq_ua: 2, eq_pd: 1 + (n % 4), eq_ad: 1, eq_vas: 60 + n });
const labs = (n) => ({ hb: 135 + n, wbc: 6.1, plt: 220, creat: 70 + n, urea: 5, egfr: 85, alt: 20 + n, ast: 22, bilirubin: 10, albumin: 42 });
export const tests = { bs_seconds: 62, bs_stop: '3' };
export const FORMS = {
  odi: ['assessor', (n, late) => odi(n, late ? 1 : 0)], vas: ['assessor', (n, late) => ({ vas_mm: (late ? 30 : 55) + n })], joa: ['assessor', (n) => joa(n)], function_tests: ['assessor', () => tests],
  eq5d: ['coordinator', (n) => eq5d(n)], labs: ['coordinator', (n) => labs(n)], demographics: ['coordinator', (n) => ({ height_cm: 160 + n, weight_kg: 60 + n, smoking: '0', load: 'low' })], nass: ['coordinator', () => ({ nass_index: '1' })],
  education: ['coordinator', (n, late, study) => ({ booklet_given: 1, booklet_date: study.today() })], medication: ['coordinator', () => ({ drug_name: 'celecoxib', drug_dose_mg: 200, drug_days: 6 })], recurrence: ['coordinator', () => ({ rec_new: 0 })],
};
const VISITS = { BL: ['demographics', 'odi', 'vas', 'joa', 'eq5d', 'function_tests', 'labs'], W06: ['odi', 'vas', 'joa', 'function_tests', 'labs'], M01: ['odi', 'vas', 'joa'], M03: ['odi', 'vas', 'joa'], M06: ['odi', 'vas', 'joa', 'eq5d'], M12: ['odi', 'vas', 'joa', 'nass', 'eq5d'], M12P: ['odi', 'vas', 'joa'] };

/** Everybody with an account, everybody in the study, and the deeds that repeat. */
export function castOf(study) {
  const who = { admin: new Someone(study, 'admin') };
  const people = [];
  async function visit(subject, name, n, skip = []) {
    for (const form of VISITS[name]) if (!skip.includes(form)) await who[FORMS[form][0]].form(subject, name, form, FORMS[form][1](n, name !== 'BL', study));
  }
  async function enrol(n, { sex = n % 2 ? 'F' : 'M' } = {}) {
    const { subject } = await who.coordinator.post('/api/people', { site: 'C01' });
    await who.coordinator.form(subject, 'SCR', 'eligibility', { ...ELIGIBLE, subjid: subject, sex, age: 62 + n });
    await who.coordinator.post(`/api/people/${subject}/consent`, { kind: 'first', form_version: '1.0', language: 'zh', date: study.today(), taken_by: 'coordinator' });
    const answer = await who.coordinator.post(`/api/people/${subject}/randomise`, { key: `run-${n}-${subject}`, password: PASSWORD });
    people.push({ subject, n, arm: answer.arm?.id });
    return subject;
  }

  /** The beginning over the API, for the tests of a filter. */
  async function prepare() {
    await who.admin.begin(study.password, PASSWORD);
    for (const [name, sites] of Object.entries(ROLES)) {
      const { once } = await who.admin.post('/api/users', { name, full_name: name.replaceAll('_', ' '), role: name.replace(/2$/, ''), sites });
      who[name] = await new Someone(study, name).begin(once, PASSWORD);
    }
    for (const [site, user] of [['C01', 'coordinator'], ['C02', 'coordinator2']]) {
      await who.admin.put(`/api/sites/${site}`, { state: 'open', protocol_version: '1.0', ethics: [{ version: '1.0', approved: study.today(), reference: 'EC' }], reason: 'contract signed' });
      await who.admin.post('/api/delegation', { site, user, tasks: ['consent', 'randomise', 'enter'], from: study.today(), password: PASSWORD });
    }
    for (let n = 0; n < 12; n++) await visit(await enrol(n), 'BL', n);
  }

  /** What is kept beside the visits: the booklet, four weeks of the drug, and for the exercise arm the calls. */
  async function logs(subject) {
    await who.coordinator.form(subject, 'RAND', 'education', FORMS.education[1](0, true, study));
    for (let week = 1; week <= 4; week++) await who.coordinator.form(subject, `MED.${week}`, 'medication', FORMS.medication[1]());
    if (people.find((p) => p.subject === subject).arm !== 'EXERCISE') return;
    for (let week = 1; week <= 6; week++) {
      const kept = await who.therapist.get(`/api/forms/${subject}/CALL.${week}/supervision`);
      if (kept.revision === 0) await who.therapist.form(subject, `CALL.${week}`, 'supervision', { call_held: 1, call_mode: 'phone', held_days: 0 });
    }
  }

  /** The diary as a phone sends it after weeks without a network: one batch, each entry with its own time. */
  async function diaries(subject) {
    const { url } = await who.coordinator.post(`/api/people/${subject}/link`);
    const begun = Date.parse(`${(await who.coordinator.get(`/api/people/${subject}`)).timeline.find((v) => v.id === 'RAND').date}T10:00:00Z`);
    const passed = Math.floor((study.now() - begun) / 86400e3), entries = [];
    for (let day = Math.max(1, passed - 28); day <= Math.min(42, passed); day++) {
      const at = new Date(begun + day * 86400e3);
      entries.push({ id: randomUUID(), form: 'diary', visit: `DIARY.${day}`, recorded_at: at.toISOString().replace(/\.\d+Z/, 'Z'), values: day % 7 < 2 ? { min_aerobic: 0, diary_pain: 30 } : { min_aerobic: 20, min_strength: 10, min_balance: 5, min_stretching: 5, diary_effort: 4, diary_pain: 40 - day % 10 } });
    }
    if (entries.length === 0) return;
    const answer = await who.coordinator.post(`/api/p/${url.split('/').at(-1)}/entries`, { entries, sent_at: new Date(study.now()).toISOString().replace(/\.\d+Z/, 'Z') });
    const lost = answer.entries.filter((e) => e.status === 'refused' && !/filled in/.test(String(e.message)));
    check(lost.length === 0, `entries of ${subject} were refused: ${JSON.stringify(lost[0])}`);
  }

  return { who, people, visit, enrol, prepare, diaries, logs };
}

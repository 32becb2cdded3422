// A stand-in for `lumbar serve --demo` while pages are made without a built Lumbar: the same addresses and headers, a few
// canned answers. Not shipped, and no number here means anything. Run: node dev-mock/serve.mjs serve --demo --listen 127.0.0.1:8080
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const listen = process.argv[process.argv.indexOf('--listen') + 1] ?? '127.0.0.1:0';
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const CSP = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; connect-src 'self' blob: data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'";

// -- data ---------------------------------------------------------------------------------------------------------------

const participants = ['id,centre,sex,age,bmi,ff,arm,odi_0,odi_12m,odi_407d,recurrence_days,recurrence'];
for (let i = 0; i < 314; i++) {
  participants.push([`P${i}`, 'ABCDE'[i % 5], i % 2 ? 'F' : 'M', 60 + (i * 7) % 20, 22 + (i % 9), 20 + (i * 13) % 25, i % 2 ? 'EXERCISE' : 'CONTROL',
    20 + 2 * ((i * 3) % 20), 10 + 2 * ((i * 5) % 20), 10 + 2 * ((i * 11) % 20), 30 + i, i % 3 === 0 ? 1 : 0].join(','));
}
const bcg = 'trial,author,year,yi,vi\n' + ['Aronson,1948,-0.8893,0.3256', 'Ferguson & Simes,1949,-1.5854,0.1946', 'Rosenthal et al,1960,-1.3481,0.4154',
  'Hart & Sutherland,1977,-1.4416,0.0200', 'Frimodt-Moller et al,1973,-0.2175,0.0512'].map((r, i) => `${i + 1},${r}`).join('\n') + '\n';

/** A NIfTI-1 volume of bytes with two ellipses on each side. */
function nifti(valueOf, originMm = 0) {
  const [nx, ny, nz] = [96, 96, 16];
  const out = Buffer.alloc(352 + nx * ny * nz);
  out.writeInt32LE(348, 0);
  [3, nx, ny, nz, 1, 1, 1, 1].forEach((v, i) => out.writeInt16LE(v, 40 + 2 * i));
  out.writeInt16LE(2, 70); out.writeInt16LE(8, 72);
  [1, 2, 2, 5, 1, 1, 1, 1].forEach((v, i) => out.writeFloatLE(v, 76 + 4 * i));
  out.writeFloatLE(352, 108); out.writeFloatLE(1, 112);
  out.writeInt16LE(1, 254);
  [2, 0, 0, originMm - 96, 0, 2, 0, -96, 0, 0, 5, 0].forEach((v, i) => out.writeFloatLE(v, 280 + 4 * i));
  out.write('n+1\0', 344, 'latin1');
  for (let z = 0; z < nz; z++) for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) out[352 + x + nx * (y + ny * z)] = valueOf(x, y, z);
  return gzipSync(out);
}
const inside = (x, y, cx, cy, rx, ry) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1;
const muscle = (x, y) => (inside(x, y, 57, 34, 6, 8) ? 2 : inside(x, y, 39, 34, 6, 8) ? 3 : inside(x, y, 70, 34, 9, 10) ? 1 : inside(x, y, 26, 34, 9, 10) ? 4 : 0);
const volumes = {
  phantom_mask: nifti(muscle),
  phantom_water: nifti((x, y, z) => (muscle(x, y) ? 170 + ((x * y + z) % 9) : inside(x, y, 48, 56, 12, 10) ? 110 : inside(x, y, 48, 48, 44, 36) ? 50 : 0)),
  phantom_fat: nifti((x, y) => (muscle(x, y) ? 35 : inside(x, y, 48, 48, 44, 36) && !inside(x, y, 48, 48, 38, 31) ? 220 : 30)),
  shifted_water: nifti((x, y, z) => (muscle(x, y) ? 150 + z : inside(x, y, 48, 48, 44, 36) ? 60 : 0), 400),
};
const labels = ['right erector spinae', 'right multifidus', 'left multifidus', 'left erector spinae'].map((name, i) => ({ value: i + 1, name, side: name.split(' ')[0], muscle: name.replace(/^\w+ /, '') }));
const texts = { participants: participants.join('\n') + '\n', bcg };
const demo = {
  study: 'metnlbp',
  datasets: [
    { id: 'participants', title: 'Participants of the simulated trial', kind: 'table', name: 'participants.csv', rows: 314 },
    { id: 'bcg', title: 'BCG vaccine against tuberculosis', kind: 'table', name: 'bcg.csv', rows: 5 },
    ...Object.keys(volumes).map((id) => ({ id, title: id, kind: 'volume', name: `${id}.nii.gz`, rows: null })),
  ],
  scans: [
    { id: 'phantom', title: 'Synthetic lumbar scan', source: 'a stand-in', image: 'phantom_water', water: 'phantom_water', fat: 'phantom_fat', mask: 'phantom_mask', labels },
    { id: 'tum01', title: 'A scan that lost its position', source: 'a stand-in', image: 'phantom_fat', water: 'shifted_water', fat: 'phantom_fat', mask: 'phantom_mask', labels },
  ],
};
const study = {
  id: 'metnlbp', acronym: 'METNLBP', title: { en: 'Muscle exercise training for non-specific low back pain', zh: '肌肉训练治疗非特异性腰痛' }, target: 314,
  sites: [{ id: 'A', label: { en: 'Centre A', zh: '中心 A' } }, { id: 'B', label: { en: 'Centre B', zh: '中心 B' } }],
  arms: [{ id: 'EXERCISE', label: { en: 'Exercise', zh: '运动' } }, { id: 'CONTROL', label: { en: 'Control', zh: '对照' } }],
  visits: [{ id: 'baseline', label: 'Baseline', day: 0, window: [-14, 0], forms: ['odi'] }, { id: 'm12', label: '12 months', day: 365, anchor: 'baseline', window: [-14, 28], forms: ['odi', 'ae'] }],
  forms: [{ id: 'odi', label: 'Oswestry Disability Index' }, { id: 'ae', label: 'Adverse events' }],
  contradictions: [{ id: 'primary_day', about: 'Day of the primary outcome', readings: ['day 407', 'day 365'], decision: 'day 365 is primary' }],
};
const power = {
  area: 'power', verb: 'means', name: 'power.means', summary: 'sample size of two means', description: 'A stand-in.\n\nSecond paragraph.',
  example: 'lumbar power means --delta 15 --sd 15 --alpha .025 --sides 1 --power .8',
  params: [
    { name: 'delta', type: 'number', summary: 'difference to detect', required: true }, { name: 'sd', type: 'number', summary: 'standard deviation', min: 1e-6, max: 1e6 },
    { name: 'alpha', type: 'number', summary: 'total level', preset: '0.05', min: 0, max: 1 }, { name: 'sides', type: 'choice', summary: 'sides of the test', choices: ['1', '2'], preset: '2' },
    { name: 'power', type: 'number', summary: 'power', min: 0, max: 1 }, { name: 'strict', type: 'flag', summary: 'count both tails', advanced: true },
  ],
};
const columnsOp = (area, verb, params) => ({ area, verb, name: `${area}.${verb}`, summary: `${area} ${verb} (stand-in)`, description: 'A stand-in.', example: null, params: [{ name: 'data', type: 'table', summary: 'the table', required: true }, ...params] });
const ops = [power,
  columnsOp('analyse', 'ancova', [{ name: 'formula', type: 'formula', summary: 'the model', required: true }, { name: 'treatment', type: 'column', summary: 'the arm' }, { name: 'vcov', type: 'choice', choices: ['model', 'hc0', 'hc1', 'hc2', 'hc3'], summary: 'covariance', advanced: true }]),
  columnsOp('predict', 'logistic', [{ name: 'outcome', type: 'column', summary: 'the outcome', required: true }, { name: 'features', type: 'columns', summary: 'the predictors' }]),
  columnsOp('predict', 'roc', []), columnsOp('meta', 'fit', [{ name: 'slab', type: 'column', summary: 'names' }]), columnsOp('meta', 'forest', [{ name: 'slab', type: 'column', summary: 'names' }, { name: 'transf', type: 'choice', choices: ['exp'], summary: 'scale' }]),
  columnsOp('muscle', 'measure', []),
];
const svg = (title) => `<svg xmlns="http://www.w3.org/2000/svg" width="480pt" height="200pt" viewBox="0 0 480 200"><title>${title}</title><rect width="480" height="200" fill="#fff"/><line x1="240" y1="20" x2="240" y2="170" stroke="#000"/>${[0, 1, 2, 3].map((i) => `<text x="20" y="${44 + 30 * i}" font-size="10" font-family="Liberation Sans">Study ${i + 1}</text><line x1="${170 + 12 * i}" x2="${260 + 8 * i}" y1="${40 + 30 * i}" y2="${40 + 30 * i}" stroke="#000"/><rect x="${210 + 9 * i}" y="${35 + 30 * i}" width="10" height="10"/>`).join('')}</svg>`;
const rows = [null, ...Array(16).keys()].flatMap((slice) => labels.map((l, i) => ({ slice, label: l.value, side: l.side, muscle: l.muscle, csa_mm2: 600.5 + 40 * i, volume_ml: slice === null ? 48.25 : null, fat_fraction_dixon_mean: 0.132 + 0.01 * i, fat_fraction_dixon_ratio: 0.146, fat_fraction_otsu: 0.098, functional_csa_mm2: 520.1 })));
const frame = (operation, results, pictures = []) => ({ operation, title: operation, version: '0.0-mock', parameters: {}, inputs: [{ name: 'data.csv', sha256: 'ab'.repeat(32), rows: 314 }], status: 'ok', warnings: ['a stand-in: no number here means anything'], notes: ['This sentence stands where model, n, df and method are stated.'], results, pictures, artifacts: [] });
const coefficient = (term, estimate) => ({ term, estimate, se: 1.2345, df: 306, statistic: estimate / 1.2345, p: 0.0004, lower: estimate - 2.4, upper: estimate + 2.4 });
const answers = {
  'power.means': () => frame('power.means', { n_exact: 16.714759831158, n_per_arm: 17, n_total: 34, power: 0.8 }),
  'analyse.ancova': () => frame('analyse.ancova', { n: 300, coefficients: [coefficient('(Intercept)', 4.5), coefficient('armEXERCISE', -6.51)], contrasts: [{ contrast: 'EXERCISE - CONTROL', ...coefficient('x', -6.51) }], sigma: 11.2, r_squared: 0.43 }),
  'predict.roc': () => frame('predict.roc', { auc: 0.712, se: 0.03, lower: 0.65, upper: 0.77, curve: Array.from({ length: 40 }, (_, i) => ({ threshold: i, sensitivity: 1 - i / 40, specificity: i / 40 })) }, [{ name: 'roc', title: 'ROC curve', svg: svg('ROC curve') }]),
  'predict.logistic': () => frame('predict.logistic', { coefficients: [coefficient('ff', 0.04)], loglik: -180.2 }),
  'meta.fit': () => frame('meta.fit', { k: 5, estimate: -0.9, se: 0.2, p: 0.00001, lower: -1.3, upper: -0.5, tau2: 0.31, I2: 92.1, Q: 152.2, Q_df: 12, Q_p: 0, pi_lower: -2, pi_upper: 0.2 }),
  'meta.forest': () => frame('meta.forest', {}, [{ name: 'forest', title: 'Forest plot of 5 studies', svg: svg('Forest plot') }]),
  'muscle.measure': (call) => (call.data?.water?.demo === 'shifted_water' && !call.parameters?.['adopt-geometry'] ? null : frame('muscle.measure', { rows })),
};

// -- the server -----------------------------------------------------------------------------------------------------------

const json = (res, code, value) => { res.writeHead(code, { 'Content-Type': 'application/json', 'Content-Security-Policy': CSP }); res.end(JSON.stringify(value)); };
const gets = {
  '/api/health': { version: '0.0-mock', demo: true }, '/api/ops': { operations: ops }, '/api/demo': demo,
  '/api/studies': [{ id: 'metnlbp', title: study.title, acronym: 'METNLBP' }], '/api/study/metnlbp': study,
};

async function answer(req, res) {
  const path = decodeURIComponent(new URL(req.url, 'http://x').pathname);
  if (gets[path]) return json(res, 200, gets[path]);
  if (path === '/api/report') { res.writeHead(200, { 'Content-Type': TYPES['.html'] }); return res.end('<!doctype html><html lang="en"><title>Report</title><main><h1>Report (stand-in)</h1><p>Nothing here means anything.</p></main></html>'); }
  const data = /^\/api\/demo\/data\/(\w+)$/.exec(path)?.[1];
  if (data && (texts[data] || volumes[data])) { res.writeHead(200, { 'Content-Type': texts[data] ? 'text/csv' : 'application/octet-stream' }); return res.end(texts[data] ?? volumes[data]); }
  const op = /^\/api\/op\/([\w.]+)$/.exec(path)?.[1];
  if (op && req.method === 'POST') {
    const parts = [];
    for await (const part of req) parts.push(part);
    let call = {};
    try { call = JSON.parse(Buffer.concat(parts).toString()); } catch { /* multipart */ }
    const result = answers[op]?.(call);
    if (result) return json(res, 200, result);
    return json(res, 400, { error: { code: 'bad_data', where: 'water', message: 'mask and water differ in position by 204.5 mm', detail: '', hint: 'say which geometry to adopt: mask or image' } });
  }
  if (path.startsWith('/api/')) return json(res, 404, { error: { code: 'not_found', message: 'there is no such address', hint: '' } });
  const file = join(dist, normalize(path));
  const found = file.startsWith(dist) && extname(path) && existsSync(file) ? file : join(dist, 'index.html');
  res.writeHead(extname(path) && found !== file ? 404 : 200, { 'Content-Type': TYPES[extname(found)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP });
  res.end(readFileSync(found));
}

const [host, port] = listen.split(':');
const server = createServer((req, res) => answer(req, res).catch((e) => { res.writeHead(500); res.end(String(e)); }));
server.listen(Number(port), host, () => console.log(`Lumbar is running at http://${host}:${server.address().port}/`));
process.on('SIGTERM', () => process.exit(0));

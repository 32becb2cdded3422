// The calculator: fields from the model, the predictor in WebAssembly, the answer with its uncertainty and reasons. No request is ever made.
const $ = (id) => document.getElementById(id);
const model = JSON.parse($('model').textContent);
const bytesOf = (id) => Uint8Array.from(atob($(id).textContent), (c) => c.charCodeAt(0));
const own = Object.fromEntries(model.inputs.map((input) => [input.name, '']));
let language = (navigator.language || 'en').startsWith('zh') ? 'zh' : 'en', size = 112.5, engine = null, table = null;
const say = (key, put = {}) => (WORDS[language][key] ?? key).replace(/\{(\w+)\}/g, (_, name) => put[name] ?? '');
const word = (object, key) => (language === 'zh' && object?.[`${key}_zh`]) || object?.[key] || '';
const figure = (value, digits = 3) => (Number.isFinite(value) ? String(Number(value.toPrecision(digits))) : '–').replace('-', '−');
const percent = (risk) => (risk < 0.01 ? '< 1 %' : risk > 0.99 ? '> 99 %' : `${Math.round(100 * risk)} %`);
const element = (name, put = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(put)) key === 'class' ? (made.className = value) : value === true ? made.setAttribute(key, '') : value !== false && value != null && made.setAttribute(key, value);
  made.append(...children.filter((c) => c != null));
  return made;
};

// ---- the engine ----
async function start() {
  const { instance } = await WebAssembly.instantiate(bytesOf('wasm'), {});
  const call = instance.exports, packed = bytesOf('packed');
  const at = call.room(packed.length);
  new Uint8Array(call.memory.buffer, at, packed.length).set(packed);
  const handle = call.load(at, packed.length / 8);
  if (!handle) throw new Error('model');
  const input = call.room(8 * model.inputs.length), out = call.room(8 * (model.inputs.length + 2));
  const write = (values) => new Float64Array(call.memory.buffer, input, values.length).set(values);
  const read = (count) => Array.from(new Float64Array(call.memory.buffer, out, count));
  engine = {
    risk: (values) => (write(values), call.risk(handle, input)),
    margin: (values) => (write(values), call.margin(handle, input)),
    interval: (values, level = 0.95) => (write(values), call.interval(handle, input, level, out), read(2)),
    explain: (values) => (write(values), { base: call.explain(handle, input, out), values: read(model.inputs.length) }),
  };
  globalThis.lumbar = engine; // for tests: the same functions the page uses
}

// ---- reading the fields ----
const number = (text) => {
  const plain = text.trim().replace(',', '.').replace('−', '-');
  const value = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
  return Math.abs(value) <= 1e38 ? value : NaN; // beyond: what is computed with it would be infinite
};
/** The inputs as the engine wants them, and what is missing, wrong or doubtful. */
function collect() {
  const values = [], missing = [], wrong = [], doubts = [];
  for (const input of model.inputs) {
    const text = own[input.name], name = word(input, 'label');
    let value = NaN;
    if (input.type === 'category') {
      value = text === '' ? NaN : input.levels.indexOf(text);
      if (value >= 0 && input.training_levels?.[value] === 0) doubts.push(say('rare', { level: text, name }));
    } else if (text.trim() !== '') {
      value = number(text);
      if (Number.isNaN(value) || value < input.plausible_min || value > input.plausible_max) wrong.push(name);
      else if (input.in_model && (value < input.training_min || value > input.training_max))
        doubts.push(say('doubt', { name, low: figure(input.training_min), high: figure(input.training_max) }));
    }
    if (Number.isNaN(value) && input.in_model && !wrong.includes(name)) {
      if (!input.unknown_allowed) missing.push(name);
      else {
        const batch = model.batch?.input === input.name;
        if (batch) doubts.push(say('unadjusted'));
        if (!batch || model.batch_levels) doubts.push(input.type === 'category' ? say('filledLevel', { name, level: levelName(input, usual(input)) }) : say('filled', { name }));
      }
    }
    values.push(value);
  }
  return { values, missing, wrong, doubts };
}

// ---- the answer ----
function icons(risk) {
  const count = Math.round(100 * risk), svg = ['<svg viewBox="0 0 110 110" role="img" aria-label="', say('of100', { n: count }), '">'];
  for (let i = 0; i < 100; i++) {
    const x = 5.5 + 11 * (i % 10), y = 5.5 + 11 * Math.floor(i / 10), on = i < count;
    svg.push(`<circle cx="${x}" cy="${y}" r="${on ? 4.6 : 4}" fill="${on ? 'currentColor' : 'none'}" stroke="currentColor" stroke-width="${on ? 0 : 1}" opacity="${on ? 1 : 0.55}"/>`);
  }
  return svg.join('') + '</svg>';
}
function riskCard(values, heading, mine) {
  const risk = engine.risk(values), [low, high] = engine.interval(values);
  const card = element('div', { class: mine ? 'risk mine' : 'risk' }, element('p', { class: 'hint' }, heading), element('p', { class: 'percent' }, percent(risk)));
  card.insertAdjacentHTML('beforeend', icons(risk));
  card.append(element('p', { class: 'hint' }, say('of100', { n: Math.round(100 * risk) })), Number.isFinite(low) ? element('p', { class: 'hint' }, `${percent(low)} – ${percent(high)}`) : null);
  return card;
}
function showRisks(values) {
  const box = $('risks'), compare = model.inputs.findIndex((input) => input.name === model.compare && input.type === 'category');
  const cards = element('div', { class: 'risks' }), title = say(model.outcome.better === 'high' ? 'chance' : 'risk');
  if (compare < 0) cards.append(riskCard(values, title, true));
  else
    model.inputs[compare].levels.forEach((level, at) => {
      const other = values.slice();
      other[compare] = at;
      cards.append(riskCard(other, `${title} ${say('with', { level: levelName(model.inputs[compare], at) })}`, values[compare] === at));
    });
  box.replaceChildren(cards);
}
const levelName = (input, at) => (language === 'zh' && input.level_labels_zh?.[at]) || input.level_labels?.[at] || input.levels[at];
const usual = (input) => (input.training_levels ?? [0]).reduce((best, count, at, all) => (count > all[best] ? at : best), 0);
const unit = (input) => WORDS[language][`unit ${input.unit}`] ?? input.unit;
const shown = (input) => (own[input.name] === '' ? say('unknown') : input.type === 'category' ? levelName(input, input.levels.indexOf(own[input.name])) : own[input.name] + (input.unit ? ` ${unit(input)}` : ''));
function showReasons(values) {
  const { base, values: adds } = engine.explain(values), box = $('waterfall');
  if (!Number.isFinite(base)) return void ($('why-hint').textContent = say('noWhy'), box.replaceChildren());
  $('why-hint').textContent = say(model.logit ? 'logit' : 'probability');
  const all = model.inputs.map((input, i) => ({ name: word(input, 'label'), value: shown(input), add: adds[i] })).filter((r) => r.add !== 0).sort((a, b) => Math.abs(b.add) - Math.abs(a.add));
  const rows = all.slice(0, 9), rest = all.slice(9);
  if (rest.length) rows.push({ name: say('rest', { n: rest.length }), value: '', add: rest.reduce((sum, r) => sum + r.add, 0) });
  let at = base, low = base, high = base;
  for (const row of rows) (row.from = at), (at += row.add), (row.to = at), (low = Math.min(low, at)), (high = Math.max(high, at));
  const span = high - low || 1, place = (v) => (100 * (v - low)) / span;
  const bar = (a, b, kind) => element('div', { class: 'track' }, element('span', { class: `bar ${kind}`, style: `left:${Math.min(place(a), place(b))}%;width:${Math.max(0.8, Math.abs(place(a) - place(b)))}%` }));
  const line = (name, value, add, track) => element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, value), element('td', { class: 'number' }, add), element('td', { class: 'wide', 'aria-hidden': 'true' }, track));
  const signed = (v) => (v > 0 ? '+' : '') + figure(v, 2);
  box.replaceChildren(
    element('table', {},
      element('thead', {}, element('tr', {}, element('th', { scope: 'col' }, say('feature')), element('th', { scope: 'col' }, say('valueOf')), element('th', { scope: 'col', class: 'number' }, say('adds')), element('td', { class: 'wide' }))),
      element('tbody', {}, line(say('base'), '', figure(base, 2), bar(base, base, 'end')), ...rows.map((r) => line(r.name, r.value, signed(r.add), bar(r.from, r.to, r.add > 0 ? 'up' : 'down'))), line(say('total'), '', figure(at, 2), bar(at, at, 'end')))),
  );
}
function answer() {
  if (!engine) return;
  const { values, missing, wrong, doubts } = collect(), ready = !missing.length && !wrong.length;
  $('answer').hidden = !ready;
  $('waiting').textContent = ready ? '' : [wrong.length && say('wrong', { names: wrong.join(', ') }), missing.length && say('waiting', { names: missing.join(', ') })].filter(Boolean).join(' ');
  if (!ready) return void ($('live').textContent = '');
  const risk = engine.risk(values), [low, high] = engine.interval(values);
  showRisks(values);
  $('interval').textContent = Number.isFinite(low) ? say('interval', { low: percent(low), high: percent(high), n: model.refit_count }) : say('noInterval');
  const stratum = (model.strata ?? []).find((s) => risk < s.below) ?? (model.strata ?? []).at(-1);
  $('stratum').textContent = stratum ? say('stratum', { name: word(stratum, 'label') }) : '';
  $('pathway').textContent = stratum ? word(stratum, 'pathway') : '';
  $('doubts').replaceChildren(...doubts.map((text) => element('li', {}, text)));
  showReasons(values);
  $('live').textContent = `${say('risk')}: ${percent(risk)}. ${$('interval').textContent}`;
}

// ---- fields ----
function checkField(input, said, field) {
  const text = own[input.name].trim();
  let message = '', kind = '';
  if (text !== '') {
    const value = number(text);
    if (Number.isNaN(value)) (message = say('notNumber')), (kind = 'bad');
    else if (value < input.plausible_min || value > input.plausible_max) (message = say('implausible', { low: figure(input.plausible_min), high: figure(input.plausible_max) })), (kind = 'bad');
    else if (value < input.training_min || value > input.training_max) (message = say('extrapolates', { low: figure(input.training_min), high: figure(input.training_max) })), (kind = 'warn');
  }
  said.textContent = (kind ? '⚠ ' : '') + message;
  said.className = `said ${kind}`;
  field.setAttribute('aria-invalid', kind === 'bad' ? 'true' : 'false');
}
const need = (input) => (input.in_model && !input.unknown_allowed ? say('required') : say('optional'));
function categoryField(input, key) {
  const set = element('fieldset', {}, element('legend', {}, word(input, 'label'), ' ', element('span', { class: 'unit' }, `(${need(input)})`))), box = element('div', { class: 'choices' });
  const levels = input.levels.map((level, at) => [level, levelName(input, at)]);
  if (input.unknown_allowed) levels.push(['', say('unknown')]);
  levels.forEach(([level, name], at) => {
    const radio = element('input', { type: 'radio', name: key, id: `${key}-${at}`, value: level });
    radio.checked = own[input.name] === level && (level !== '' || input.unknown_allowed);
    radio.addEventListener('change', () => ((own[input.name] = level), answer()));
    box.append(element('label', { for: `${key}-${at}` }, radio, name));
  });
  set.append(box);
  return set;
}
function numberField(input, key) {
  const said = element('p', { class: 'said', id: `${key}-said`, role: 'status' });
  const field = element('input', { type: 'text', inputmode: 'decimal', id: key, 'aria-describedby': `${key}-hint ${key}-said` });
  const hint = Number.isFinite(input.training_min) ? say('range', { low: figure(input.training_min), high: figure(input.training_max), unit: input.unit ? ` ${unit(input)}` : '', median: figure(input.training_median) }) : '';
  field.value = own[input.name];
  field.addEventListener('input', () => ((own[input.name] = field.value), checkField(input, said, field), answer()));
  checkField(input, said, field);
  return element('div', { class: 'field' }, element('label', { for: key }, word(input, 'label'), ' ', element('span', { class: 'unit' }, `${input.unit ? `${unit(input)} ` : ''}(${need(input)})`)), element('p', { class: 'hint', id: `${key}-hint` }, hint), field, said);
}
function drawFields() {
  const here = [], there = [];
  model.inputs.forEach((input, i) => (input.in_model ? here : there).push((input.type === 'category' ? categoryField : numberField)(input, `input-${i}`)));
  $('fields').replaceChildren(...here);
  $('other-fields').replaceChildren(...there);
  $('others').hidden = !there.length;
  $('file').hidden = !model.inputs.some((input) => input.kind === 'radiomic');
}

// ---- image features from a file ----
function parse(text) {
  const rows = [[]];
  let cell = '', quoted = false;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i] ?? '\n';
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') (cell += '"'), i++;
      else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"') quoted = true;
    else if (c === ',' || c === '\n') {
      rows.at(-1).push(cell.replace(/\r$/, ''));
      cell = '';
      if (c === '\n') rows.push([]);
    } else cell += c;
  }
  return rows.filter((row) => row.length > 1 || row[0]);
}
function takeRow(at) {
  const [header, ...rows] = table, names = model.inputs.filter((input) => input.kind === 'radiomic').map((input) => input.name), absent = [];
  let read = 0;
  for (const name of names) {
    const column = header.indexOf(name);
    if (column < 0) absent.push(name);
    else if ((rows[at]?.[column] ?? '') !== '') (own[name] = rows[at][column]), read++;
  }
  $('csv-said').textContent = [read ? say('csvRead', { n: read, m: names.length }) : say('csvNone'), absent.length && read ? say('csvMissing', { names: absent.slice(0, 5).join(', ') + (absent.length > 5 ? ' …' : '') }) : ''].join(' ');
  drawFields();
  answer();
}
async function takeFile(file) {
  const text = await file.text();
  table = parse(text);
  if (table.length < 2) {
    $('csv-said').textContent = say('csvBad', { why: file.name });
    return;
  }
  const id = Math.max(0, table[0].indexOf('id'));
  $('row').replaceChildren(...table.slice(1).map((row, i) => element('option', { value: String(i) }, row[id] || String(i + 1))));
  $('rows').hidden = table.length < 3;
  takeRow(0);
}

// ---- the card ----
function measures(part) {
  const p = model.performance?.[part];
  if (!p) return '';
  const within = (key) => (Number.isFinite(p[`${key}_lower`]) ? ` (${figure(p[`${key}_lower`], 2)} – ${figure(p[`${key}_upper`], 2)})` : '');
  return ['auc', 'slope', 'brier', 'sensitivity', 'specificity'].filter((key) => Number.isFinite(p[key])).map((key) => `${say(key)} ${figure(p[key], 3)}${within(key)}${key === 'specificity' ? ` ${say('at', { t: percent(model.threshold) })}` : ''}`).join('; ');
}
function drawCard() {
  const t = model.training ?? {}, list = element('dl'), data = (t.data ?? []).map((d) => `${d.table} ${d.sha256.slice(0, 12)}`).join(', ');
  const rows = [
    ['predicts', [word(model.outcome, 'label'), word(model.outcome, 'definition')].filter(Boolean).join('. ')], ['intended', word(model, 'intended_use')], ['limits', word(model, 'limits')], ['kind', WORDS[language][`kind ${model.learner?.name}`] ?? model.learner?.label],
    ['inputsUsed', model.inputs.filter((input) => input.in_model).map((input) => word(input, 'label')).join(', ')],
    ['trained', say('people', { n: t.people, study: t.study, events: t.events, held: t.rows_held_out })],
    ['test', measures('test')], ['nested', measures('nested')], ['bootstrap', measures('bootstrap_632')], ['corrected', model.performance?.bootstrap_632 ? '' : measures('optimism_corrected')],
    ['licence', model.licence], ['contact', model.contact], ['provenance', say('version', { plan: t.plan, version: t.plan_version, software: t.version, data })],
  ];
  for (const [key, text] of rows) if (text) list.append(element('dt', {}, say(key)), element('dd', {}, text));
  $('card').replaceChildren(list);
  $('hash').textContent = say('hash', { hash: model.sha256 });
}

// ---- everything in one language ----
function draw() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const node of document.querySelectorAll('[data-word]')) node.textContent = say(node.dataset.word);
  for (const node of document.querySelectorAll('[data-label]')) node.setAttribute('aria-label', say(node.dataset.label));
  $('language').textContent = say('other');
  $('language').lang = language === 'zh' ? 'en' : 'zh-CN';
  $('title').textContent = document.title = word(model.outcome, 'label') || model.title;
  $('definition').textContent = word(model.outcome, 'definition');
  drawFields();
  drawCard();
  answer();
}
const resize = (by) => ((size = Math.min(225, Math.max(87.5, size * by))), (document.documentElement.style.fontSize = `${size}%`));
$('language').addEventListener('click', () => ((language = language === 'zh' ? 'en' : 'zh'), draw()));
$('smaller').addEventListener('click', () => resize(1 / 1.15));
$('larger').addEventListener('click', () => resize(1.15));
$('print').addEventListener('click', () => print());
$('csv').addEventListener('change', (event) => event.target.files[0] && takeFile(event.target.files[0]));
$('row').addEventListener('change', (event) => takeRow(Number(event.target.value)));
$('inputs').addEventListener('submit', (event) => event.preventDefault());
$('inputs').addEventListener('reset', () => {
  for (const name of Object.keys(own)) own[name] = '';
  table = null;
  $('csv-said').textContent = '';
  $('rows').hidden = true;
  setTimeout(() => (drawFields(), answer()));
});
draw();
$('waiting').textContent = say('loading');
start().then(answer, (error) => ($('waiting').textContent = say('broken', { why: error.message })));

// Everything the frame says, in English. The Chinese list has the same shape, which the compiler checks.
import { reading } from './reading.en';

export const en = {
  reading,
  frame: {
    skip: 'Skip to the content', menu: 'Menu', pages: 'Pages', demo: 'Demo', language: 'Language',
    toDark: 'Switch to a dark ground', toLight: 'Switch to a light ground',
  },
  rail: { home: 'Today', imaging: 'Imaging', analysis: 'Analysis', model: 'Model', evidence: 'Evidence', study: 'Study', operations: 'All operations' },
  state: {
    loading: 'Loading…', refused: 'That did not work', where: 'Where:', hint: 'What to do:', again: 'Try again',
    noAnswer: 'Lumbar does not answer.', noAnswerHint: 'Check that "lumbar serve" is still running on this machine, then try again.',
  },
  status: {
    ok: 'Done', not_converged: 'Did not converge', singular: 'Singular fit', separated: 'Separated: an estimate is infinite',
    boundary: 'On a boundary', invalid: 'Findings that must be settled',
  },
  table: { missing: 'missing', none: 'none', yes: 'Yes', no: 'No', table: 'Table', all: 'Show all {{count}} rows', fewer: 'Show fewer rows', values: '{{count}} values; download to see them' },
  result: {
    warnings_one: 'One thing to know', warnings_other: '{{count}} things to know', full: 'Every digit', print: 'Print', files: 'Files made',
    to: 'to', origin: 'Where these numbers come from', inputs: 'Inputs', rows_one: '{{count}} row', rows_other: '{{count}} rows', parameters: 'Parameters that were set',
  },
  missing: { title: 'No such page', text: 'There is nothing at this address. The pages are in the list on the left.' },
  home: {
    title: 'Today',
    lede: 'Lumbar conducts a randomised trial of low back pain care, measures the back muscles on MRI, analyses the trial by its plan, predicts who responds, and pools the evidence.',
    demoTitle: 'Demo: a simulated trial with {{count}} invented participants',
    demoText: 'No real person is in it. The known truth of the simulation lets you check every number. Nothing you do here is kept.',
    enrolment: 'Enrolment by site', bySite: 'Enrolment by site against target',
    enrolled: '{{n}} of {{target}} planned participants are randomised.', enrolledOnly: '{{n}} participants are randomised.',
    ofTarget: '{{n}} of {{target}}', targetMark: 'Mark: the site\'s target.', shareMark: 'Mark: an even share of the planned number; the protocol states no target per site.',
    noPeople: 'This server holds no simulated trial. Start it with "lumbar serve --demo".',
    next: 'What to look at, in order',
    step: {
      study: { title: 'Read the study', text: 'The protocol as pages: arms, eligibility, schedule, and where the records contradict each other' },
      report: { title: 'Read the report of the plan', text: 'Flow, baseline, primary analysis: made from the plan file in one run' },
      scan: { title: 'Look at a scan with its muscles', text: 'Muscle area and fat fraction beside the picture they were measured on' },
      forest: { title: 'Pool the evidence', text: 'A forest plot that follows while you leave studies out' },
      model: { title: 'Fit a model', text: 'Logistic regression and a ROC curve on the simulated participants' },
      power: { title: 'Calculate a sample size', text: 'Two means, one- or two-sided, with a margin and attrition' },
      operations: { title: 'Use any operation on your own data', text: 'Everything on the command line is here as a form too' },
    },
  },
  operations: {
    title: 'All operations', lede: 'Each form is made from the operation\'s own declaration; the same call is shown as a command line.',
    search: 'Search the operations', found_one: '{{count}} operation', found_other: '{{count}} operations', nothing: 'No operation matches. Try a shorter word.',
    back: 'All operations', unknown: 'There is no operation called "{{name}}".',
  },
  area: {
    study: 'Conduct: the study', randomise: 'Conduct: randomisation', instrument: 'Conduct: instruments', safety: 'Conduct: safety', image: 'Measure: images',
    muscle: 'Measure: muscles', radiomics: 'Measure: radiomics', emg: 'Measure: EMG', power: 'Analyse: sample size', analyse: 'Analyse: the trial',
    predict: 'Predict', meta: 'Pool the evidence',
  },
  form: {
    run: 'Run', running: 'Running…', example: 'Fill in the example', command: 'The same on the command line', copy: 'Copy', copied: 'Copied',
    advanced_one: 'One more setting', advanced_other: '{{count}} more settings', range: '{{min}} to {{max}}', list: 'separate with commas',
    upload: 'Choose a file…', uploadFor: 'Choose a file for {{name}}', orDemo: 'or from the demo:', remove: 'Remove {{name}}',
    column: 'Choose a column', columns: 'Choose columns', noColumn: 'No such column', addColumn: 'Add a column:', clear: 'Clear', nothingToSet: 'There is nothing to set.',
  },
  fault: {
    required: 'This is needed.', requiredData: 'Choose a file or a data set of the demo.', number: '"{{text}}" is not a number.', whole: '"{{text}}" is not a whole number.',
    decimalComma: 'Write the decimal point as a point: {{better}}', range: 'From {{min}} to {{max}}.',
  },
  analysis: {
    title: 'Analysis', lede: 'The report of the plan on the simulated trial, and its primary analysis by itself.', report: 'Report of the plan', primary: 'Primary analysis', more: 'Other analyses',
    open: 'Open the report to print', making: 'Making the report from the plan…', primaryText: 'Analysis of covariance of the Oswestry Disability Index (ODI), adjusted for baseline ODI, sex and centre; by intention to treat.',
    outcome: 'Outcome', odi_12m: 'ODI at 12 months (day 365)', odi_407d: 'ODI at day 407', form: 'Form of the outcome', raw: 'Score', change: 'Change from baseline',
    run: 'Run the analysis', headline: '{{contrast}}: {{estimate}} points ({{level}} % interval {{lower}} to {{upper}}), p {{p}}', same: 'Score and change give the same treatment effect: baseline is in the model.',
  },
  evidence: {
    title: 'Evidence', lede: 'Untick a study to leave it out: the picture and the pooled numbers follow.', studies: 'Studies', in: 'Include', effect: 'Effect',
    settings: 'How to pool', method: 'Between-study variance', test: 'Test', test_z: 'z', test_knha: 'Knapp–Hartung', test_t: 't', measure: 'Effect size', measures: { RR: 'Risk ratio', OR: 'Odds ratio', RD: 'Risk difference', SMD: 'Standardised mean difference', MD: 'Mean difference' }, equal: 'none (equal effects)', headline: '{{name}}: {{estimate}} (95 % interval {{lower}} to {{upper}})', logs: 'The numbers below are logarithms of the ratio, as they were pooled.', notEstimable: 'not estimable', all: 'Include all again',
    left: '{{n}} of {{all}} studies are included.', few: 'At least two studies are needed to pool.', forest: 'Forest plot and pooled numbers', numbers: 'Pooled numbers',
    noSet: 'This server holds no meta-analysis. Start it with "lumbar serve --demo".', noColumns: 'The demo\'s table holds neither effects (yi, vi) nor counts or means of two arms.',
  },
  imaging: {
    title: 'Imaging', lede: 'A scan with its muscles drawn in, and what was measured on exactly these pixels.', scan: 'Scan', picture: 'The scan', levels: 'Vertebral level', which: 'Which picture', water: 'Water', fat: 'Fat', image: 'Image',
    planes: 'Planes', axial: 'Axial', three: 'Three planes', slice: 'Slice {{slice}} (0 to {{last}})', opacity: 'Muscles: {{percent}} % opaque', legend: 'Colours of the muscles', numbers: 'Muscle area and fat',
    loading: 'Loading the scan…', measuring: 'Measuring…', adopt: 'Adopt the mask\'s geometry', unadopt: 'Take the files as they are', whole: 'Whole muscle', level: 'Level {{level}}', muscle: 'Muscle', area: 'Area, mm²', lean: 'Lean area, mm²', fatPercent: 'Fat, %', fatBy: 'Fat fraction by', fatByText: 'The methods are not interchangeable.', methods: { dixon_mean: 'Dixon, mean of voxels', dixon_ratio: 'Dixon, ratio of sums', otsu: 'Otsu threshold' }, course: 'Along the spine', chart: 'Area and fat fraction by slice',
    here: 'Slice {{slice}}', noneHere: 'No muscle is drawn in slice {{slice}}.', keys: 'Scan. Arrow keys step through the slices, Page Up and Page Down by five.', canvas: 'Picture of {{name}}, slice {{slice}}',
    convention: 'Seen from the feet, as radiologists do: the patient\'s right is on the left. Arrow keys step through the slices.', noScan: 'This server holds no scan. Start it with "lumbar serve --demo".',
  },
  side: { left: 'left', right: 'right' },
  muscle: { 'multifidus': 'multifidus', 'erector spinae': 'erector spinae', 'psoas': 'psoas', 'psoas major': 'psoas major', 'quadratus lumborum': 'quadratus lumborum' },
  model: {
    title: 'Model', lede: 'Who responds, and who relapses: a logistic model and a ROC curve on the simulated participants.', caution: 'For learning how the numbers behave. Fitted and judged on the same invented people, so it flatters itself.',
    choose: 'Outcome and predictors', outcome: 'Outcome', outcomeText: '1 = it happened, 0 = it did not', features: 'Predictors of the logistic model', featuresText: 'known at baseline',
    score: 'Score for the ROC curve', scoreText: 'a number known at baseline', compare: 'Compared with', compareText: 'a second score (DeLong\'s test)', run: 'Fit and draw', nothing: 'Nothing is fitted yet: choose, then press the button.',
    roc: 'ROC curve', logistic: 'Logistic regression', noOutcome: 'The participants\' table has no outcome of the values 0 and 1.',
  },
  study: {
    lede: 'The protocol as pages, read from the same file that runs the study.', choose: 'Study', contents: 'On this page', none: 'This server holds no study.',
    proposal: 'our proposal', notStated: 'not stated', from: 'from:', source: { R: 'registry record', S: 'summary of the trial' }, questions: 'Questions', design: 'Design',
    contradictionsText: 'The documents of this trial do not agree in these places. Both readings are shown, and what this protocol does.',
    proposalsText: 'The documents leave these open. What stands in the protocol is ours and can be changed in its file.',
    decision: 'Decision', gap: 'What the documents leave open', inclusion: 'Inclusion', exclusion: 'Exclusion', secondary: 'Secondary outcomes', outcome: 'Outcome', analysed: 'Analysed by',
    items_one: '{{count}} item', items_other: '{{count}} items', item: 'Item', type: 'Type', unit: 'Unit', rangeOrCodes: 'Range or codes', required: 'Required', revealsArm: 'reveals the arm', shownIf: 'shown if', derivedBy: 'calculated:',
    scheduleText: 'Days count from randomisation; below them the window in days before and after.', every: 'Form', days: 'day {{day}}', anchor: 'counted from', unscheduled: 'when it happens', optional: 'optional', repeat_one: 'every day', repeat_other: 'every {{count}} days',
    section: {
      summary: 'Summary', contradictions: 'Where the records contradict each other', gaps: 'What the records leave open', arms: 'Arms', interventions: 'Treatments', outcomes: 'Outcomes', primary: 'Primary', eligibility: 'Eligibility',
      schedule: 'Schedule', visits: 'Visits', sample_size: 'Sample size', randomisation: 'Randomisation', masking: 'Masking', consent: 'Consent', drugs: 'Drugs', adherence: 'Adherence', safety: 'Safety', instruments: 'Instruments', imaging: 'Imaging',
      prediction: 'Prediction', plan: 'Analysis plan', forms: 'Forms', sites: 'Sites', roles: 'Roles', data: 'Data', retention: 'Retention', sharing: 'Data sharing', proposals: 'What is our proposal', registry: 'Registry record', contacts: 'Contacts',
    },
  },
};

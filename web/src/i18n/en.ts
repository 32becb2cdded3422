// Everything the frame says, in English. The Chinese list has the same shape, which the compiler checks.
export const en = {
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
    origin: 'Where these numbers come from', inputs: 'Inputs', rows_one: '{{count}} row', rows_other: '{{count}} rows', parameters: 'Parameters that were set',
  },
  missing: { title: 'No such page', text: 'There is nothing at this address. The pages are in the list on the left.' },
  home: {
    title: 'Today',
    lede: 'Lumbar conducts a randomised trial of low back pain care, measures the back muscles on MRI, analyses the trial by its plan, predicts who responds, and pools the evidence.',
    demoTitle: 'Demo: a simulated trial with {{count}} invented participants',
    demoText: 'No real person is in it. The known truth of the simulation lets you check every number. Nothing you do here is kept.',
    enrolment: 'Enrolment by site', bySite: 'Enrolment by site against target',
    enrolled: '{{n}} of {{target}} planned participants are randomised.', enrolledOnly: '{{n}} participants are randomised.',
    ofTarget: '{{n}} of {{target}}', targetMark: 'Mark: an even share of the planned number, where the protocol states no target per site.',
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
    run: 'Run the analysis', same: 'Score and change give the same treatment effect: baseline is in the model.',
  },
  evidence: {
    title: 'Evidence', lede: 'Untick a study to leave it out: the picture and the pooled numbers follow.', studies: 'Studies', in: 'Include', effect: 'Effect', variance: 'Variance',
    settings: 'How to pool', method: 'Between-study variance', test: 'Test', test_z: 'z', test_knha: 'Knapp–Hartung', test_t: 't', ratio: 'Show as ratios', all: 'Include all again',
    left: '{{n}} of {{all}} studies are included.', few: 'At least two studies are needed to pool.', forest: 'Forest plot and pooled numbers', numbers: 'Pooled numbers',
    noSet: 'This server holds no meta-analysis. Start it with "lumbar serve --demo".', noColumns: 'The demo\'s table has no columns yi and vi.',
  },
  imaging: {
    title: 'Imaging', lede: 'A scan with its muscles drawn in, and what was measured on exactly these pixels.', scan: 'Scan', picture: 'The scan', which: 'Which picture', water: 'Water', fat: 'Fat', image: 'Image',
    planes: 'Planes', axial: 'Axial', three: 'Three planes', slice: 'Slice {{slice}} (0 to {{last}})', opacity: 'Muscles: {{percent}} % opaque', legend: 'Colours of the muscles', numbers: 'Muscle area and fat',
    loading: 'Loading the scan…', measuring: 'Measuring…', adopt: 'Adopt the mask\'s geometry', unadopt: 'Take the files as they are', whole: 'Whole muscle',
    here: 'Slice {{slice}}', noneHere: 'No muscle is drawn in slice {{slice}}.', keys: 'Scan. Arrow keys step through the slices, Page Up and Page Down by five.', canvas: 'Picture of {{name}}, slice {{slice}}',
    convention: 'Seen from the feet, as radiologists do: the patient\'s right is on the left. Arrow keys step through the slices.', noScan: 'This server holds no scan. Start it with "lumbar serve --demo".',
  },
  side: { left: 'left', right: 'right' },
  muscle: { 'multifidus': 'multifidus', 'erector spinae': 'erector spinae', 'psoas': 'psoas', 'quadratus lumborum': 'quadratus lumborum' },
  model: {
    title: 'Model', lede: 'Who responds, and who relapses: a logistic model and a ROC curve on the simulated participants.', caution: 'For learning how the numbers behave. Fitted and judged on the same invented people, so it flatters itself.',
    choose: 'Outcome and predictors', outcome: 'Outcome', outcomeText: '1 = it happened, 0 = it did not', features: 'Predictors of the logistic model', featuresText: 'known at baseline',
    score: 'Score for the ROC curve', scoreText: 'a number known at baseline', compare: 'Compared with', compareText: 'a second score (DeLong\'s test)', run: 'Fit and draw', nothing: 'Nothing is fitted yet: choose, then press the button.',
    roc: 'ROC curve', logistic: 'Logistic regression', noOutcome: 'The participants\' table has no outcome of the values 0 and 1.',
  },
  study: {
    lede: 'The protocol as pages, read from the same file that runs the study.', choose: 'Study', contents: 'On this page', none: 'This server holds no study.', proposal: 'our proposal',
    anchor: 'from', days: 'day {{day}}', window: 'window', and: 'and', decision: 'Decision', readings: 'What the records say', every: 'Form', stage: 'Stage {{n}}', contradiction: 'The records disagree', inclusion: 'Inclusion', exclusion: 'Exclusion',
    section: {
      summary: 'Summary', identity: 'Identity', study: 'Summary', sites: 'Sites', arms: 'Arms', strata: 'Stratification', randomisation: 'Randomisation', eligibility: 'Eligibility', visits: 'Visits', schedule: 'Schedule',
      forms: 'Forms', instruments: 'Instruments', outcomes: 'Outcomes', endpoints: 'Outcomes', primary: 'Primary endpoint', adherence: 'Adherence', safety: 'Safety', drugs: 'Drugs', roles: 'Roles', retention: 'Retention', sharing: 'Data sharing',
      plan: 'Analysis plan', contradictions: 'Where the records contradict each other', proposals: 'What we propose', registry: 'Registry record', contacts: 'Contacts', simulation: 'Simulation',
    },
  },
};

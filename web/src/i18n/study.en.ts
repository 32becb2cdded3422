// What the pages of a running study say, in English. The Chinese list has the same shape, which the compiler checks.
export const trial = {
  yes: 'Yes', no: 'No', noPermission: 'Your role has nothing to do here.',
  rail: { today: 'Today', people: 'People', imaging: 'Imaging', safety: 'Safety', board: 'Safety board', quality: 'Quality', analysis: 'Analysis', model: 'Model', evidence: 'Evidence', study: 'Study' },
  signIn: {
    title: 'Sign in', user: 'Sign-in name', password: 'Password', show: 'Show or hide the password', otp: 'Code of your phone', otpText: 'Six digits from the authenticator app', button: 'Sign in', wrong: 'That did not match',
    wrongText: 'The name, the password or the code is not right. After ten wrong tries the account is locked, and the administrator opens it again.', tooMany: 'Too many tries', help: 'No account? Ask the administrator of the study.',
    ended: 'Your session has ended', endedText: 'Nothing is lost: what you typed is still on the page behind. Sign in again and go on.',
  },
  account: {
    title: 'My account', first: 'Before you start, set these up.', name: 'Name', user: 'Sign-in name', role: 'Role', sites: 'Sites', allSites: 'all sites', signOut: 'Sign out', password: 'Password', mustPassword: 'Choose a password of your own first.', old: 'Present password',
    new: 'New password', newText: 'At least twelve characters; a sentence is easy to remember.', again: 'New password again', differs: 'The two are not the same.', change: 'Change the password', changed: 'The password is changed.', otp: 'Second step: a code from your phone',
    mustOtp: 'Your role needs the second step.', otpText: 'An authenticator app on your phone shows a new code every 30 seconds. With it, a stolen password alone opens nothing.', otpStart: 'Set up', otpScan: 'Scan the picture with the app, or type this secret into it. Then type the code it shows.',
    qr: 'QR code for the authenticator app', otpConfirm: 'Confirm', otpDone: 'The second step is on.', calendar: 'Reminders in your calendar', calendarText: 'A calendar program can subscribe to what is due for you: visits, calls and reports by code, never by name. Whoever has the address can read it; a new address ends the old one.', calendarMake: 'Make an address', calendarDone: 'Copy this address into the calendar program now; it is shown once.',
  },
  dialog: { cancel: 'Cancel', close: 'Close', choose: 'Choose…', keep: 'Save' },
  fault: {
    required: 'This is needed.', number: '"{{text}}" is not a number.', whole: '"{{text}}" is not a whole number.', range: 'Must be from {{low}} to {{high}} {{unit}}.', expected: 'Outside the expected {{low}} to {{high}} {{unit}}.',
    wholeDate: 'The whole date is needed here: 2026-11-28.',
    date: 'Write the date as 2026-11-28; where only part is known 2026-11 or 2026.',
  },
  state: {
    not_due: 'not due', due: 'due', overdue: 'overdue', started: 'started', complete: 'complete', verified: 'verified', signed: 'signed', frozen: 'frozen', locked: 'locked', missed: 'missed', empty: 'empty', none: 'none',
    screening: 'screening', screen_failed: 'not eligible', eligible: 'eligible', consented: 'consented', randomised: 'in the trial', withdrawn: 'withdrawn', completed: 'completed', allocated: 'allocated',
    open: 'open', answered: 'answered', closed: 'closed', reopened: 'open again', active: 'active', draft: 'draft', superseded: 'replaced', paused: 'paused', left: 'left', setup: 'being set up', running: 'running', unblinded: 'unblinded',
    reported: 'reported', resolved: 'settled', differences: 'differences', mine: 'keyed by me', needed: 'to key', done: 'done', settled: 'settled', yes: 'yes', no: 'no', unanswered: 'open', adherent: 'adherent', behind: 'behind', minor: 'minor', major: 'major',
    watch: 'watch', pending: 'pending', due_soon: 'due soon', late: 'late', recorded: 'recorded', changed: 'changed since the report', followup_due: 'follow-up due', agreed: 'keyed twice',
  },
  siteState: { open: 'open', paused: 'paused', closed: 'closed' },
  language: { en: 'English', zh: 'Chinese', da: 'Danish' },
  sex: { F: 'female', M: 'male' },
  missing: { not_done: 'not done', not_known: 'not known', refused: 'declined to answer', not_applicable: 'does not apply', lost: 'got lost', technical: 'technical failure' },
  today: {
    lede: '{{name}} · {{role}}', nothing: 'Nothing is waiting for you.', overdue_one: 'one day late', overdue_other: '{{count}} days late', more: '{{count}} more', enrolment: 'Enrolment by site', enrolled: '{{n}} of {{target}} planned participants are randomised.',
    ofTarget: '{{n}} of {{target}}', mark: 'The dark mark is the site\'s target.',
    group: { overdue: 'Overdue', today: 'Today', week: 'This week', waiting: 'Waiting for me', safety: 'Serious events' },
  },
  task: {
    visit_one: '{{visit}}', visit_other: '{{visit}}: {{count}} forms', consent: 'Consent to record', reconsent: 'Consent to renew: {{consent}}', consent_next: 'Next consent to ask for', randomise: 'Ready to be randomised', screen: 'Screening to finish', second_entry: 'Second entry: {{form}}', settle: 'Differences to settle: {{form}}',
    verify_one: 'One form to verify', verify_other: '{{count}} forms to verify', sign_one: 'One form to sign', sign_other: '{{count}} forms to sign', answer: 'Query: {{text}}', close_query: 'Answered, to close: {{text}}', behind: 'Falling behind: {{why}}', sae: 'Serious event: {{term}}',
    ethics_ends: 'Ethics approval of {{site}} ends', ethics_missing: 'No ethics approval on file for {{site}}', board_report: 'A report waits for the board\'s recommendation',
  },
  people: {
    lede: 'Everyone, visit by visit. Choose a cell to go to that visit.', add: 'New person', addText: 'A code is given at the site; names stay apart from the data.', addDo: 'Begin screening', find: 'Find a code', site: 'Site', state: 'State', all: 'all', only: 'Show', only_all: 'everyone', only_due: 'with something due', only_missed: 'with a missed visit', only_queries: 'with open queries',
    clear: 'Clear the filter', none: 'Nobody is in this study yet.', nothing: 'Nobody matches this filter.', shown: '{{n}} of {{all}} people',
  },
  matrix: {
    label: 'People by visits', code: 'Code', state: 'State', adherence: 'Adherence', none: 'not there', legend: 'What the signs mean', hasQuery: 'has an open query', queries_one: 'one query', queries_other: '{{count}} queries',
    keys: 'Arrow keys move from cell to cell, Page Up and Page Down by a screen, Enter opens.',
  },
  person: {
    laterForms_one: 'one form', laterForms_other: '{{count}} forms', record: 'New record…', note: 'Note', consentStage: 'Consent to', gone: 'There is nobody with the code {{subject}}, or not at your sites.', version: 'Protocol version', allocation: 'Allocation', consentedOn: 'Consent', visits: 'Visits and forms', logs: 'Events and logs', history: 'Everything changed', consents: 'Consents', events: 'Adverse events', deviations: 'Deviations', withdrawals: 'Withdrawals', scans: 'Scans', noneOf: 'None.',
    strip: 'Visits in time with their windows', now: 'today', day: 'day {{day}}', window: 'window', repeated: '{{n}} of {{all}} filled in', missing_one: 'one answer missing', missing_other: '{{count}} answers missing', secondNeeded: 'second entry needed', secondMine: 'key it the second time', settle: 'settle differences',
    consent: 'Record consent', consentAgain: 'Renew consent', consentText: 'What was signed on paper, as it stands there.', consentDo: 'Record consent', consentVersion: 'Version of the form', consentLanguage: 'Language of the form', consentDate: 'Date signed', consentBy: 'Taken by (sign-in name)',
    randomise: 'Randomise', event: 'New adverse event', screenFailure: 'Not eligible', screenFailureText: 'The person leaves the study before randomisation; the reason goes into the screening log.', screenFailureDo: 'Close the screening', screenReason: 'Reason', deviation: 'Deviation', withdraw: 'Withdrawal',
    withdrawText: 'What ends, in the person\'s own decision or the physician\'s. Data collected so far are kept.', withdrawDo: 'Record the withdrawal', complete: 'Completed', completeText: 'The person has finished the study.', completeDo: 'Record completion',
    link: 'Personal link', linkText: 'For the participant\'s phone: scan the picture, or open the address. Whoever has it can fill in the diary; a new one ends the old.', linkQr: 'QR code of the personal link', linkEnds: 'Valid until {{at}}.', linkPrint: 'Print', linkEnd: 'End this link',
    identity: 'Name and phone', identityChange: 'Change name and phone', identityText: 'Kept apart from the data and encrypted. Every look is recorded.', identityNone: 'No name on file.', id_name: 'Name', id_phone: 'Phone', id_address: 'Address', id_birth_date: 'Date of birth', id_note: 'Note',
    unblind: 'Emergency unblinding', unblindText: 'Only when the person\'s treatment depends on knowing the arm. The reason is kept, and the study team is told.', unblindDo: 'Show the arm', unblindReason: 'Why it is needed now', unblinded: 'Arm of {{subject}}', unblindedText: 'This was recorded with your name, the time and the reason.',
  },
  form: {
    unfreeze: 'Unfreeze', blind: 'You are keying this form the second time: the first entry is not shown.', gone: 'There is no such form, or it is not for your role.', answered: '{{n}} of {{all}} answered', open_one: 'one open', open_other: '{{count}} open', score: 'Score', scoreNeeds: '{{n}} of {{all}} answered, {{needed}} needed', save: 'Save', saveNext: 'Save and go on', reason: 'Why is it changed?', reasonText: 'needed after the first save', restored: 'This is your draft of {{at}}; it has not been saved yet.', discard: 'Go back to what was saved',
    readOnly: 'Locked: can be read, not changed.', hard_one: 'One answer must be mended before this can be saved.', hard_other: '{{count}} answers must be mended before this can be saved.', queriesOpened_one: 'A query was opened by a rule.', queriesOpened_other: '{{count}} queries were opened by rules.', keysSave: 'saves', keysNext: 'saves and goes on', keysCode: 'type the number of an answer to choose it',
    noAnswer: 'no answer', answerAfterAll: 'answer after all', required: 'needed', unset: 'not set', unit: 'Unit of {{id}}', limits: '{{limits}} {{unit}}', right: 'It is right as it stands', derived: 'calculated', today: 'Today', datePlaceholder: 'YYYY-MM-DD', verified: 'verified', verify_one: 'Mark {{count}} answer as verified', verify_other: 'Mark {{count}} answers as verified', keying: 'entry {{n}} of 2',
    sign: 'Sign', signText: 'Your signature is bound to what stands here. A later change makes it void.', meaning: 'Meaning', passwordAgain: 'Your password again', signatureVoid: 'void: the data changed', freeze: 'Freeze', lock: 'Lock', unlock: 'Unlock', why: 'Reason',
  },
  meaning: { reviewed: 'I have reviewed these data', approved: 'I approve these data', responsible: 'I take responsibility for these data' },
  kept: {
    clean: 'Nothing to save', typing: 'Not kept yet', drafting: 'Keeping a draft…', draft: 'Draft kept {{at}}, not yet saved', saving: 'Saving…', saved: 'Saved {{at}}', lost: 'Not kept: Lumbar does not answer. Leave the page open; it tries again.',
  },
  upload: { choose: 'Choose a file…', replace: 'Replace…', open: 'Open the file', sending: 'Sending {{name}}…', large: 'The file has {{size}}; at most {{most}} are taken.' },
  conflict: {
    title: 'Someone else saved this form first', text: '{{by}} saved at {{at}} while you were typing. Nothing is lost: choose for each difference, then save.', someone: 'Someone', same: 'Your answers are the same as what was saved.', question: 'Question', mine: 'Yours', theirs: 'Theirs', use: 'Use what is chosen',
  },
  side: { label: 'History and queries', pick: 'Choose a question to see its history and queries.', queries: 'Queries', noQueries: 'None.', history: 'History', noHistory: 'Nothing was changed yet.', why: 'Why:', reveals: 'reveals the arm' },
  query: { words: 'Your words', answer: 'Answer', close: 'Close', reopen: 'Open again', open: 'Opened', raise: 'New query', raiseDo: 'Raise the query', raised: 'Raised' },
  settle: {
    title: 'Settle differences', lede: 'Two people keyed the same paper form. Look at the paper, decide each difference, and say why.', none: 'There are no differences to settle.', first: 'First entry', second: 'Second entry', other: 'Neither: as on the paper', paper: 'As on the paper', reason: 'Reason', whole: 'Choose, and give a reason.',
    do_one: 'Settle one difference', do_other: 'Settle {{count}} differences',
  },
  randomise: {
    siteOpen: 'the site is open', every_one: 'every day', every_other: 'every {{count}} days', title: 'Randomise', steps: 'Steps', step1: '1 Eligibility', step2: '2 Person and stratum', step3: '3 Confirm', asks: 'The protocol asks', answer: 'This person', met: 'Result', exclusion: 'must be absent', absent: 'absent', present: 'present', fulfilled: 'fulfilled', notFulfilled: 'not fulfilled', open: 'not answered', consent: 'Written consent',
    visit: '{{visit}} is complete', notReady: 'This person cannot be randomised yet: what is not fulfilled stands above.', who: 'Person', stratumText: 'Check these against the person in front of you. The allocation is made within this stratum.', final: 'An allocation is final. It cannot be undone, repeated or replaced.', hold: 'Hold to randomise', busy: 'Allocating…',
    cannotHold: 'Cannot hold a button?', typeCode: 'Type the code {{subject}}', do: 'Randomise', continue: 'Continue', previous: 'Back', back: 'To {{subject}}', is: '{{subject}} is allocated to', masked: 'Your role does not see the arm.', at: 'Time', by: 'Signed by', receipt: 'Receipt', next: 'What happens next',
  },
  adherence: { title: 'Adherence', line: 'Weekly adherence', weeks: 'Weeks', overall: 'Overall, %', frequency: 'Sessions, %', duration: 'Minutes, %', components: 'Components, %', supervision: 'Calls, %', onTrack: 'on track', none: 'Nobody is in the programme yet.' },
  why: { no_entries: 'no entry for {{days}} days', week: 'week {{week}}', sessions: '{{done}} of {{target}} sessions', minutes: '{{percent}} % of the minutes', component: '{{component}} on {{days}} days', call: 'the call did not take place', silent: 'no entry for {{days}} days', diary: 'no entry for {{days}} days', reach: 'the goal can no longer be reached' },
  safety: {
    lede: 'Serious events first, by the time left to report them.', none: 'No adverse event is on file.', events: 'Adverse events', watch: 'Watch list', watchText: 'Laboratory values and events that the protocol tells to watch.', watchNone: 'Nothing is on the watch list.', term: 'Event', severity: 'Severity', serious: 'Serious', isSerious: 'serious',
    related: 'Related to', aware: 'Site aware', clock: 'Report due', act: 'Act', versions_one: 'one version', versions_other: '{{count}} versions', report: 'Report', follow: 'Follow up', reportTitle: 'Report event {{n}} of {{subject}}', reportText: 'A signed version of the report; earlier versions stay.', reportDo: 'Sign and report', narrative: 'What is known now', close: 'Final: close the clock',
  },
  cause: { exercise: 'exercise', drug: 'the drug', treatment: 'the treatment', study_drug: 'the drug' },
  clock: { days_one: 'one day', days_other: '{{count}} days', hours: '{{hours}} h {{minutes}} min', left: '{{text}} left', over: 'overdue by {{text}}' },
  board: {
    decision: 'Decision', decide: { continue: 'Go on.', modify: 'Change the study.', pause: 'Pause.', stop: 'Stop.' }, lede: 'Reports for the board alone, each from a frozen snapshot: the same snapshot gives the same report.', makeOpen: 'Make the open report', makeClosed: 'Make the closed report', reports: 'Reports', none: 'No report has been made yet.', report: 'Report', kind: 'Kind', made: 'Made', snapshot: 'Snapshot', open: 'open: pooled', closed: 'closed: by arm, X and Y',
    pdf: 'PDF', print: 'Print', recommendations: 'Recommendations', noRecommendation: 'No recommendation has been recorded.', about: 'On report', recommend: 'Record a recommendation', sign: 'Sign', text: 'Recommendation',
  },
  quality: {
    lede: 'How complete, how clean, and what is open.', room: { queries: 'Queries', metrics: 'Numbers', verify: 'To verify', deviations: 'Deviations', adherence: 'Adherence' }, age: 'Age', older: 'older than {{count}} days', days_one: 'one day', days_other: '{{count}} days', noQueries: 'No query matches.', noMetrics: 'There is nothing to count yet.',
    verified: 'Everything is verified.', verifyTitle: 'To verify against the source', ofItems: '{{n}} of {{all}} answers', noDeviations: 'No deviation is on file.',
  },
  deviation: { kind: 'Kind', severity: 'Severity', visit: 'Visit', text: 'What happened', perProtocol: 'Leaves the per-protocol set', eligibility: 'eligibility', consent: 'consent', visitKind: 'visit', treatment: 'treatment', masking: 'masking', other: 'other' },
  withdrawal: { kind: 'What ends', date: 'Date', reason: 'Reason, if the person gave one', treatment: 'treatment', followup: 'follow-up', consent: 'consent is withdrawn' },
  study: { room: { protocol: 'Protocol', versions: 'Versions', users: 'Users', sites: 'Sites', delegation: 'Delegation', ranges: 'Laboratory ranges', texts: 'Wording', documents: 'Documents', exports: 'Data', audit: 'Audit', close: 'Lock and unblind' } },
  versions: {
    since: 'In force since', note: 'What changed and why', amend: 'Change the protocol', amendText: 'Take the file in force, change it, give it a new version, and look at what that touches. Records keep the version they were entered under.', file: 'Choose a file…', download: 'The file in force', text: 'Protocol file', preview: 'Show what changes', changes: 'What changes', noChange: 'Nothing changes.',
    where: 'Where', findings_one: 'One thing to look at first.', findings_other: '{{count}} things to look at first.', activate: 'Bring into force', activateText: 'From now on new records are kept under this version.',
    form: 'Form', kind: { added: 'new', removed: 'gone', changed: 'changed' }, touchesNone: 'It touches nothing that has been entered.', touches: 'It touches {{entries}} filled-in forms of {{people}} people:', entries_one: 'one filled in', entries_other: '{{count}} filled in', would: 'If everything is carried over, {{move}} filled-in forms fit the new version and {{stay}} do not.', misfits: 'What does not fit',
    migrate: 'Carry over what was entered', migrateText: 'Forms filled in under earlier versions move to the version in force where their answers fit it. What does not fit stays under its own version and is listed. Each move is in the audit.', migrateDo: 'Carry over', moved_one: 'One form was carried over.', moved_other: '{{count}} forms were carried over.', stayed: 'Stayed under their version',
  },
  users: { reset: 'Give a new first password', resetOtp: 'Remove the second step', needsOtp: 'Second step needed', once: 'First password', onceText: 'Shown once. Hand it over in person; it must be changed at the first sign-in.', text: 'People with an account. Roles come from the protocol.', add: 'New user', change: 'Change', nameText: 'Small letters and digits', masked: 'masked', sitesText: 'None chosen: all sites', password: 'First password', passwordText: 'Will be changed at the first sign-in.', otp: 'with second step' },
  sites: { text: 'A site enrols only while it is open, with an ethics approval of the protocol version in force.', target: 'Target', version: 'Protocol version', ethics: 'Ethics approvals', noEthics: 'none on file', approved: 'version {{version}}, {{date}}', until: 'until {{date}}', change: 'Change', addEthics: 'Add approval', approvedOn: 'Approved on', expires: 'Expires on', reference: 'Reference' },
  delegation: {
    text: 'Who may do what at a site, from when to when, signed by the investigator.', tasks: 'Tasks', from: 'From', to: 'To', signed: 'Signed by', add: 'Delegate', sign: 'Sign',
    task: { screening: 'screen', entry: 'enter data', treatment: 'treat', assessment: 'assess outcomes', signature: 'sign forms', safety: 'report events', screen: 'screen', consent: 'take consent', randomise: 'randomise', enter: 'enter data', treat: 'treat', assess: 'assess outcomes', sign: 'sign forms', report: 'report events', second: 'second entry', verify: 'verify', settle: 'settle', call: 'hold calls' },
  },
  ranges: { text: 'A site\'s own reference ranges, from a date on; the protocol\'s general range holds where there is none.', from: 'From', low: 'Low', high: 'High', unit: 'Unit', sex: 'Sex', add: 'New range', none: 'No site has given ranges of its own yet.' },
  documents: {
    text: 'Made from the protocol in force.', language: 'Language', manual: 'Exercise manual', diary: 'Paper diary', consent: 'Consent form', crf: 'Blank annotated case report form', booklet: 'Education booklet', manualText: 'for the participant', diaryText: 'for the participant', consentText: 'to sign', crfText: 'every form with its item names', bookletText: 'handed out in both arms', wording: 'Questions worded as at', neutral: 'the protocol (no licensed wording)',
  },
  texts: {
    text: 'The protocol holds the numbers of the answers, not the words of questionnaires under licence. A site that holds a licence loads its file here; the words then stand on its forms, on its participants\' phones and on its printed forms.', load: 'Load a file…', loaded: '{{instrument}} ({{language}}) is loaded for {{site}}.', none: 'No wording is loaded.', instrument: 'Questionnaire', version: 'Version', licence: 'Licence', items_one: 'one question', items_other: '{{count}} questions',
    how: 'What such a file looks like', howText: 'Questions stand in the protocol\'s order. The hash is that of everything after the line of dashes; without a licence nothing is loaded.',
  },
  exports: {
    snapshots: 'Snapshots', make: 'Freeze a snapshot', makeText: 'All data as they stand now, frozen and hashed, for an analysis that can be repeated.', makeDo: 'Freeze', label: 'Label', none: 'No snapshot has been frozen yet.', rows_one: 'one row', rows_other: '{{count}} rows', title: 'Export', text: 'De-identified; what leaves is recorded with who, when and the hash.', what: 'What', csv: 'CSV with codebook',
    start: 'Export', running: 'Being made…', done: 'Ready.', fetch: 'Download', failed: 'The export did not succeed.',
  },
  audit: {
    withheld: 'not shown to your role', origin: 'brought over; first by {{user}}, {{at}}, in {{system}}', when: 'When', who: 'Who', what: 'What', question: 'Question', before: 'Before', after: 'After', why: 'Why', fewer: 'Show fewer', all: 'Show all {{count}} lines', none: 'No entry matches.', show: 'Show', newer: 'Newer', older: 'Older', page: 'Page {{page}}',
    filter: { user: 'User', subject: 'Person', kind: 'Kind', action: 'Action', from: 'From', to: 'To' },
  },
  action: { save: 'saved', sign: 'signed', verify: 'verified', settle: 'settled', allocate: 'allocated', create: 'created', change: 'changed', freeze: 'frozen', lock: 'locked', unlock: 'unlocked', migrate: 'carried over', export: 'exported', snapshot: 'frozen as a snapshot', upload: 'file added', view_identity: 'name looked at', 'load texts': 'wording loaded', draft: 'draft kept', screen: 'screened', sign_in: 'signed in', sign_out: 'signed out', view: 'looked at' },
  close: {
    lockReason: 'Reason, when something is still open', obstacles_one: 'One thing is still open', obstacles_other: '{{count}} things are still open', obstacle: { open_queries: 'Open queries', answered_queries: 'Answered queries to close', drafts: 'Drafts not saved', unsettled: 'Double entries not settled', started: 'Forms begun and not complete', asked: 'Allocations not finished' }, state: 'State of the study:', text: 'The lock ends all entry. After it the arms may be opened to the statistician, and the seed of the randomisation is revealed, so that anyone can replay the sequence.', open: 'Open the study', openText: 'Sites may enrol from now on.', lock: 'Lock the database', lockText: 'No form can be changed any more. Queries and differences should be settled first.', unblind: 'Unblind the study', unblindText: 'The arms of all participants and the seed are revealed. The analysis plan must be locked.',
    report: 'Randomisation: balance and predictability', reportText: 'For unmasked roles only.',
  },
};

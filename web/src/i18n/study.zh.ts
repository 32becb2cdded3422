// 运行中研究的页面文字（简体中文）。
import type { trial as en } from './study.en';

export const trial: typeof en = {
  yes: '是', no: '否', noPermission: '您的角色无需使用此页。',
  rail: { today: '今日', people: '受试者', imaging: '影像', safety: '安全性', board: '安全监查委员会', quality: '质量', analysis: '分析', model: '模型', evidence: '证据', study: '研究' },
  signIn: {
    title: '登录', user: '登录名', password: '密码', show: '显示或隐藏密码', otp: '手机验证码', otpText: '验证器应用显示的六位数字', button: '登录', wrong: '不匹配', wrongText: '登录名、密码或验证码不正确。连续十次错误后账户将被锁定，由管理员解锁。', tooMany: '尝试次数过多', help: '没有账户？请联系研究管理员。',
    ended: '会话已结束', endedText: '没有任何内容丢失：您输入的内容仍在后面的页面上。请重新登录后继续。',
  },
  account: {
    title: '我的账户', first: '开始之前，请先完成以下设置。', name: '姓名', user: '登录名', role: '角色', sites: '中心', allSites: '所有中心', signOut: '退出登录', password: '密码', mustPassword: '请先设置自己的密码。', old: '当前密码', new: '新密码', newText: '至少十二个字符；一句话容易记住。', again: '再次输入新密码', differs: '两次输入不一致。', change: '修改密码', changed: '密码已修改。',
    otp: '第二步验证：手机验证码', mustOtp: '您的角色需要第二步验证。', otpText: '手机上的验证器应用每30秒显示一个新验证码。仅凭被盗的密码无法登录。', otpStart: '设置', otpScan: '用应用扫描图片，或手动输入此密钥，然后输入应用显示的验证码。', qr: '验证器应用的二维码', otpConfirm: '确认', otpDone: '第二步验证已启用。', calendar: '日历提醒', calendarText: '日历程序可订阅您的待办：访视、通话和报告，仅显示编码，不显示姓名。持有该地址者均可读取；生成新地址后旧地址失效。', calendarMake: '生成地址', calendarDone: '请立即将此地址复制到日历程序；仅显示一次。',
  },
  dialog: { cancel: '取消', close: '关闭', choose: '请选择…', keep: '保存' },
  fault: { required: '此项必填。', number: '“{{text}}”不是数字。', whole: '“{{text}}”不是整数。', range: '必须在 {{low}} 至 {{high}} {{unit}} 之间。', expected: '超出预期范围 {{low}} 至 {{high}} {{unit}}。', wholeDate: '此处需要完整日期：2026-11-28。', date: '日期请写作 2026-11-28；只知道部分时写 2026-11 或 2026。' },
  state: {
    not_due: '未到期', due: '待完成', overdue: '逾期', started: '已开始', complete: '完整', verified: '已核查', signed: '已签名', frozen: '已冻结', locked: '已锁定', missed: '缺失', empty: '空', none: '无', screening: '筛选中', screen_failed: '不符合入选', eligible: '符合入选', consented: '已知情同意', randomised: '在研', withdrawn: '已退出', completed: '已完成', allocated: '已分配',
    open: '未解决', answered: '已答复', closed: '已关闭', reopened: '重新打开', active: '有效', draft: '草稿', superseded: '已被替代', paused: '暂停', left: '已离开', setup: '准备中', running: '进行中', unblinded: '已揭盲', reported: '已报告', resolved: '已解决', differences: '有差异', mine: '由我录入', needed: '待录入', done: '已完成', settled: '已裁定', yes: '是', no: '否', unanswered: '未答',
    adherent: '依从', behind: '落后', minor: '轻微', major: '重大', watch: '关注', pending: '待处理', due_soon: '即将到期', late: '逾期', recorded: '已记录', changed: '报告后有变更', followup_due: '随访报告到期', agreed: '双录一致',
  },
  siteState: { open: '开放', paused: '暂停', closed: '关闭' },
  language: { en: '英文', zh: '中文', da: '丹麦文' },
  sex: { F: '女', M: '男' },
  missing: { not_done: '未做', not_known: '不详', refused: '拒绝回答', not_applicable: '不适用', lost: '遗失', technical: '技术故障' },
  today: {
    lede: '{{name}} · {{role}}', nothing: '目前没有待办事项。', overdue_one: '逾期1天', overdue_other: '逾期{{count}}天', more: '另有{{count}}项', enrolment: '各中心入组情况', enrolled: '计划{{target}}人，已随机{{n}}人。', ofTarget: '{{n}} / {{target}}', mark: '深色标记为中心目标。',
    group: { overdue: '逾期', today: '今日', week: '本周', waiting: '等待我处理', safety: '严重不良事件' },
  },
  task: {
    visit_one: '{{visit}}：{{form}}', visit_same: '{{visit}}', visit_other: '{{visit}}：{{count}}张表单', consent: '待记录知情同意', reconsent: '需更新知情同意：{{consent}}', consent_next: '下一步知情同意', randomise: '可以随机', screen: '待完成筛选', second_entry: '第二次录入：{{visit}}，{{form}}', settle: '待裁定差异：{{form}}',
    verify_one: '1张表单待核查', verify_other: '{{count}}张表单待核查', sign_one: '1张表单待签名', sign_other: '{{count}}张表单待签名', answer: '质疑：{{text}}', close_query: '已答复，待关闭：{{text}}', behind: '落后：{{why}}', sae: '严重事件：{{term}}',
    ethics_ends: '{{site}}的伦理批件即将到期', ethics_missing: '{{site}}无伦理批件归档', board_report: '有报告等待委员会建议',
  },
  people: {
    lede: '所有受试者的各次访视。选择单元格进入该访视。', add: '新受试者', addText: '编码在中心生成；姓名与数据分开保存。', addDo: '开始筛选', find: '查找编码', site: '中心', state: '状态', all: '全部', only: '显示', only_all: '所有人', only_due: '有待完成项', only_missed: '有缺失访视', only_queries: '有未解决质疑', clear: '清除筛选条件', none: '本研究尚无受试者。', nothing: '没有符合条件的受试者。', shown: '{{all}}人中的{{n}}人',
  },
  matrix: { label: '受试者与访视', code: '编码', state: '状态', adherence: '依从性', none: '无', legend: '符号含义', hasQuery: '有未解决质疑', queries_one: '1条质疑', queries_other: '{{count}}条质疑', keys: '方向键在单元格间移动，Page Up/Page Down翻页，回车打开。' },
  person: {
    laterForms_one: '1张表单', laterForms_other: '{{count}}张表单', record: '新记录…', note: '备注', consentStage: '同意内容', gone: '没有编码为{{subject}}的受试者，或不属于您的中心。', version: '方案版本', allocation: '分配', consentedOn: '知情同意', visits: '访视与表单', logs: '事件与记录', history: '全部变更', consents: '知情同意', events: '不良事件', deviations: '方案偏离', withdrawals: '退出', scans: '影像', noneOf: '无。', strip: '访视及其窗口的时间线', now: '今天', day: '第{{day}}天', window: '窗口', repeated: '已填{{n}} / {{all}}',
    missing_one: '缺1项', missing_other: '缺{{count}}项', secondNeeded: '需第二次录入', secondMine: '进行第二次录入', settle: '裁定差异', consent: '记录知情同意', consentAgain: '更新知情同意', consentText: '按纸质签署内容记录。', consentDo: '记录知情同意', consentVersion: '同意书版本', consentLanguage: '同意书语言', consentDate: '签署日期', consentBy: '获取人（登录名）', randomise: '随机', event: '新不良事件',
    screenFailure: '不符合入选', screenFailureText: '受试者在随机前退出；原因记入筛选日志。', screenFailureDo: '结束筛选', screenReason: '原因', deviation: '方案偏离', withdraw: '退出', withdrawText: '由受试者或医师决定终止的内容。已收集的数据予以保留。', withdrawDo: '记录退出', complete: '完成', completeText: '受试者已完成研究。', completeDo: '记录完成', link: '个人链接', linkText: '供受试者手机使用：扫描图片或打开网址。持有者均可填写日记；新链接生成后旧链接失效。', linkQr: '个人链接二维码', linkEnds: '有效期至{{at}}。', linkPrint: '打印', linkEnd: '终止此链接',
    identity: '姓名与电话', identityChange: '修改姓名与电话', identityText: '与数据分开并加密保存。每次查看均有记录。', identityNone: '未登记姓名。', id_name: '姓名', id_phone: '电话', id_address: '地址', id_birth_date: '出生日期', id_note: '备注', unblind: '紧急揭盲', unblindText: '仅当治疗取决于所在组别时使用。原因将被记录，并通知研究团队。', unblindDo: '显示组别', unblindReason: '为何现在需要', unblinded: '{{subject}}的组别', unblindedText: '已连同您的姓名、时间和原因记录。',
  },
  form: {
    unfreeze: '解除冻结', blind: '您正在进行第二次录入：不显示第一次的内容。', gone: '没有此表单，或不属于您的角色。', answered: '已答{{n}} / {{all}}', open_one: '1项未答', open_other: '{{count}}项未答', score: '评分', scoreNeeds: '已答{{n}} / {{all}}，至少需{{needed}}', save: '保存', saveNext: '保存并继续', reason: '为何修改？', reasonText: '首次保存后必填', restored: '这是您{{at}}的草稿，尚未保存。', discard: '恢复到已保存内容', readOnly: '已锁定：只读。', hard_one: '保存前须更正1项答案。', hard_other: '保存前须更正{{count}}项答案。',
    queriesOpened_one: '规则自动提出1条质疑。', queriesOpened_other: '规则自动提出{{count}}条质疑。', keysSave: '保存', keysNext: '保存并继续', keysCode: '键入答案编号即可选择', noAnswer: '无答案', answerAfterAll: '改为作答', required: '必填', unset: '未设置', unit: '{{id}}的单位', limits: '{{limits}} {{unit}}', right: '确认无误', derived: '计算得出', today: '今天', datePlaceholder: '年-月-日', verified: '已核查', verify_one: '将{{count}}项标为已核查', verify_other: '将{{count}}项标为已核查', keying: '第{{n}}次录入（共2次）',
    sign: '签名', signText: '签名与当前内容绑定；之后的任何修改将使其失效。', meaning: '含义', passwordAgain: '再次输入密码', signatureVoid: '已失效：数据已变更', freeze: '冻结', lock: '锁定', unlock: '解锁', why: '原因',
  },
  meaning: { reviewed: '我已审阅这些数据', approved: '我批准这些数据', responsible: '我对这些数据负责' },
  kept: { store: '研究数据库暂时无法写入。', clean: '无需保存', typing: '尚未保留', drafting: '正在保留草稿…', draft: '草稿已保留 {{at}}，尚未保存', saving: '正在保存…', saved: '已保存 {{at}}', lost: '未保留：Lumbar无响应。请勿关闭页面，将自动重试。' },
  upload: { choose: '选择文件…', replace: '替换…', open: '打开文件', sending: '正在发送{{name}}…', large: '文件大小为{{size}}；最大{{most}}。' },
  conflict: { title: '他人已先保存此表单', text: '您输入期间，{{by}}于{{at}}保存。没有内容丢失：请逐项选择后保存。', someone: '他人', same: '您的答案与已保存的相同。', question: '问题', mine: '您的', theirs: '对方的', use: '采用所选内容' },
  side: { label: '历史与质疑', pick: '选择一个问题以查看其历史与质疑。', queries: '质疑', noQueries: '无。', history: '历史', noHistory: '尚无变更。', why: '原因：', reveals: '会暴露组别' },
  query: { words: '您的文字', answer: '答复', close: '关闭', reopen: '重新打开', open: '提出', raise: '新质疑', raiseDo: '提出质疑', raised: '提出' },
  settle: { title: '裁定差异', lede: '两人录入了同一纸质表。请查看纸质原件，逐项裁定并说明理由。', none: '没有待裁定的差异。', first: '第一次录入', second: '第二次录入', other: '均不正确：以纸质为准', paper: '纸质内容', reason: '理由', whole: '请选择并说明理由。', do_one: '裁定1项差异', do_other: '裁定{{count}}项差异' },
  randomise: {
    siteOpen: '中心已开放', every_one: '每天', every_other: '每{{count}}天', title: '随机分组', steps: '步骤', step1: '1 入选条件', step2: '2 受试者与分层', step3: '3 确认', asks: '方案要求', answer: '该受试者', met: '结果', exclusion: '不应存在', absent: '不存在', present: '存在', fulfilled: '满足', notFulfilled: '不满足', open: '未答', consent: '书面知情同意', visit: '{{visit}}已完整', notReady: '目前不能随机：未满足项见上。', who: '受试者', stratumText: '请与面前的受试者核对。分配在此分层内进行。', final: '分配不可更改：不能撤销、重复或替换。', hold: '按住以随机', busy: '正在分配…',
    cannotHold: '无法按住按钮？', typeCode: '键入编码{{subject}}', do: '随机', continue: '继续', previous: '上一步', back: '返回{{subject}}', is: '{{subject}}被分配至', masked: '您的角色不显示组别。', at: '时间', by: '签名', receipt: '回执', next: '接下来',
  },
  adherence: { title: '依从性', line: '每周依从性', weeks: '各周', overall: '总体，%', frequency: '训练次数，%', duration: '时长，%', components: '各项内容，%', supervision: '通话，%', onTrack: '进展正常', none: '尚无人参加训练。' },
  why: { no_entries: '{{days}}天无记录', week: '第{{week}}周', sessions: '训练{{done}}/{{target}}次', minutes: '时长{{percent}}%', component: '{{component}}{{days}}天', call: '未完成通话', silent: '{{days}}天无记录', diary: '{{days}}天无记录', reach: '已无法达到目标' },
  safety: {
    lede: '严重事件在前，按剩余报告时间排列。', none: '没有不良事件记录。', events: '不良事件', watch: '关注清单', watchText: '方案要求关注的化验值与事件。', watchNone: '关注清单为空。', term: '事件', severity: '严重程度', serious: '严重', isSerious: '严重事件', related: '相关性：', aware: '中心获知', clock: '报告时限', act: '操作', versions_one: '1个版本', versions_other: '{{count}}个版本',
    report: '报告', follow: '随访报告', reportTitle: '报告{{subject}}的第{{n}}个事件', reportText: '签名的报告版本；早期版本予以保留。', reportDo: '签名并报告', narrative: '目前所知', close: '最终报告：结束计时',
  },
  cause: { exercise: '运动', drug: '药物', treatment: '治疗', study_drug: '药物' },
  clock: { days_one: '1天', days_other: '{{count}}天', hours: '{{hours}}小时{{minutes}}分', left: '剩余{{text}}', over: '超时{{text}}' },
  board: {
    named: { open: '公开报告{{n}}', closed: '保密报告{{n}}' },
    decision: '决定', decide: { continue: '继续。', modify: '修改研究。', pause: '暂停。', stop: '终止。' }, lede: '仅供委员会的报告，均来自冻结的快照：同一快照得到同一报告。', makeOpen: '制作公开报告', makeClosed: '制作保密报告', reports: '报告', none: '尚无报告。', report: '报告', kind: '类型', made: '制作', snapshot: '快照', open: '公开：合并', closed: '保密：按X、Y组', pdf: 'PDF', print: '打印', recommendations: '建议', noRecommendation: '尚无建议记录。', about: '针对报告', recommend: '记录建议', sign: '签名', text: '建议',
  },
  quality: {
    lede: '数据的完整、整洁与未决事项。', room: { queries: '质疑', metrics: '指标', verify: '待核查', deviations: '方案偏离', adherence: '依从性' }, age: '时长', older: '超过{{count}}天', days_one: '1天', days_other: '{{count}}天', noQueries: '没有符合条件的质疑。', noMetrics: '尚无可统计内容。', verified: '均已核查。', verifyTitle: '待原始数据核查', ofItems: '{{n}} / {{all}}项', noDeviations: '没有方案偏离记录。',
  },
  deviation: { kind: '类型', severity: '程度', visit: '访视', text: '经过', perProtocol: '移出符合方案集', eligibility: '入选', consent: '知情同意', visitKind: '访视', treatment: '治疗', masking: '盲法', other: '其他' },
  withdrawal: { kind: '终止内容', date: '日期', reason: '原因（如受试者说明）', treatment: '治疗', followup: '随访', consent: '撤回知情同意' },
  study: { room: { protocol: '方案', versions: '版本', users: '用户', sites: '中心', delegation: '授权分工', ranges: '化验参考范围', texts: '量表文字', documents: '文件', exports: '数据', audit: '审计', close: '锁定与揭盲' } },
  versions: {
    since: '生效时间', note: '变更内容与原因', amend: '修改方案', amendText: '取现行文件，修改并给出新版本号，查看其影响。记录保留其录入时的版本。', file: '选择文件…', download: '现行文件', text: '方案文件', preview: '显示变更', changes: '变更内容', noChange: '没有变更。', where: '位置', findings_one: '有1处需先查看。', findings_other: '有{{count}}处需先查看。', activate: '生效', activateText: '此后的新记录按此版本保存。',
    form: '表单', kind: { added: '新增', removed: '删除', changed: '修改' }, touchesNone: '不影响任何已录入内容。', touches: '影响{{people}}人的{{entries}}张已填表单：', entries_one: '已填1张', entries_other: '已填{{count}}张', would: '若全部迁移，{{move}}张已填表单符合新版本，{{stay}}张不符合。', misfits: '不符合的内容',
    migrate: '迁移已录入内容', migrateText: '按旧版本填写的表单，答案符合现行版本的将迁移至现行版本；不符合的保留原版本并列出。每次迁移均记入审计。', migrateDo: '迁移', moved_one: '已迁移1张表单。', moved_other: '已迁移{{count}}张表单。', stayed: '保留原版本',
  },
  users: { reset: '发放新的初始密码', resetOtp: '移除第二步验证', needsOtp: '需要第二步验证', once: '初始密码', onceText: '仅显示一次。请当面交付；首次登录时须修改。', text: '拥有账户的人员。角色来自方案。', add: '新用户', change: '修改', nameText: '小写字母与数字', masked: '设盲', sitesText: '不选即所有中心', password: '初始密码', passwordText: '首次登录时须修改。', otp: '已启用第二步验证' },
  sites: { text: '中心仅在开放且持有现行方案版本的伦理批件时入组。', target: '目标', version: '方案版本', ethics: '伦理批件', noEthics: '无归档', approved: '版本{{version}}，{{date}}', until: '至{{date}}', change: '修改', addEthics: '添加批件', approvedOn: '批准日期', expires: '失效日期', reference: '批件号' },
  delegation: {
    text: '各中心人员的职责及起止时间，由研究者签名。', tasks: '职责', from: '自', to: '至', signed: '签名', add: '授权', sign: '签名',
    task: { screening: '筛选', entry: '录入数据', treatment: '治疗', assessment: '评估结局', signature: '表单签名', safety: '报告事件', screen: '筛选', consent: '获取知情同意', randomise: '随机', enter: '录入数据', treat: '治疗', assess: '评估结局', sign: '表单签名', report: '报告事件', second: '第二次录入', verify: '核查', settle: '裁定', call: '督导通话' },
  },
  ranges: { text: '中心自身的参考范围，自某日起生效；没有时采用方案的一般范围。', from: '自', low: '下限', high: '上限', unit: '单位', sex: '性别', add: '新范围', none: '尚无中心录入自身范围。' },
  documents: { text: '由现行方案生成。', language: '语言', manual: '运动手册', diary: '纸质日记', consent: '知情同意书', crf: '空白注释病例报告表', booklet: '健康教育手册', manualText: '供受试者', diaryText: '供受试者', consentText: '供签署', crfText: '含全部项目名', bookletText: '两组均发放', wording: '问题文字采用', neutral: '方案（无授权文字）' },
  texts: {
    text: '方案只含答案编号，不含受版权保护的量表文字。持有授权的中心在此载入文件；文字随即显示在该中心的表单、受试者手机及打印表单上。', load: '载入文件…', loaded: '已为{{site}}载入{{instrument}}（{{language}}）。', none: '尚未载入文字。', instrument: '量表', version: '版本', licence: '授权', items_one: '1个问题', items_other: '{{count}}个问题',
    how: '文件格式', howText: '问题按方案中的顺序排列。哈希为分隔线之后全部内容的哈希；没有授权则不予载入。',
  },
  exports: {
    snapshots: '快照', make: '冻结快照', makeText: '将当前全部数据冻结并计算哈希，供可重复的分析使用。', makeDo: '冻结', label: '名称', none: '尚无快照。', rows_one: '1行', rows_other: '{{count}}行', title: '导出', text: '去标识化；导出的人员、时间和哈希均有记录。', what: '内容', csv: 'CSV及编码手册', start: '导出', running: '正在制作…', done: '已就绪。', fetch: '下载', failed: '导出未成功。',
  },
  audit: {
    withheld: '您的角色不显示', origin: '导入；原由{{user}}于{{at}}在{{system}}录入', when: '时间', who: '人员', what: '操作', question: '问题', before: '修改前', after: '修改后', why: '原因', fewer: '收起', all: '显示全部{{count}}行', none: '没有符合条件的记录。', show: '显示', newer: '较新', older: '较早', page: '第{{page}}页',
    filter: { user: '用户', subject: '受试者', kind: '类型', action: '操作', from: '自', to: '至' },
  },
  kindOf: { study: '研究', protocol: '方案', site: '中心', user: '账户', delegation: '授权', subject: '受试者', consent: '知情同意', entry: '表单', keyed: '第二次录入', allocation: '分配', arm: '组别', query: '质疑', deviation: '方案偏离', withdrawal: '退出', event: '事件', report: '报告', recommendation: '建议', snapshot: '快照', export: '导出', file: '文件', identity: '姓名', link: '个人链接', text: '量表文字', unblinding: '揭盲', range: '参考范围', scan: '扫描', plan: '计划', reading: '读片' },
  action: { found: '建立研究', add_user: '新建账户', change_user: '修改账户', lock_user: '锁定账户', sign_in_failed: '登录被拒', change_password: '修改密码', second_factor: '设置第二步验证', change_site: '修改中心', delegate: '授权', end_delegation: '终止授权', consent: '记录知情同意', randomise: '随机化', 'screening failure': '筛选失败', second_entry: '保存第二次录入', query: '提出质疑', query_answer: '答复质疑', query_close: '关闭质疑', query_reopen: '重新打开质疑', deviation: '记录方案偏离', withdraw: '记录退出', complete: '完成', 'make link': '生成个人链接', 'end link': '终止个人链接', report: '报告', unblind: '查看组别', activate: '生效', unfreeze: '解冻', 'draw letters': '抽取组别字母', 'board report': '制作报告', recommend: '签署建议', 'recommendation recorded': '建议已登记', identify: '修改姓名', import: '导入', compare: '比对录入', range: '修改参考范围', receive: '接收扫描', scan: '测量扫描', series: '选择序列', flag: '标记数值', plan: '修改计划', archive: '归档', backup: '备份', download: '下载', offer: '提供', reopen_reading: '重新打开读片', entry: '手机录入', save: '保存', sign: '签名', verify: '核查', settle: '裁定', allocate: '分配', create: '创建', change: '修改', freeze: '冻结', lock: '锁定', unlock: '解锁', migrate: '迁移', export: '导出', snapshot: '冻结快照', upload: '添加文件', view_identity: '查看姓名', 'load texts': '载入文字', draft: '保留草稿', screen: '筛选', sign_in: '登录', sign_out: '退出', view: '查看' },
  close: {
    lockReason: '原因（仍有未决事项时必填）', obstacles_one: '仍有1项未决', obstacles_other: '仍有{{count}}项未决', obstacle: { open_queries: '未解决质疑', answered_queries: '待关闭的已答复质疑', drafts: '未保存的草稿', unsettled: '未裁定的双录', started: '已开始但未完整的表单', asked: '未完成的分配' }, state: '研究状态：', text: '锁定后不能再录入。此后可向统计师公开组别，并公布随机种子，任何人均可重演分配序列。', open: '开放研究', openText: '各中心从现在起可以入组。', lock: '锁定数据库', lockText: '任何表单不能再修改。请先解决质疑与差异。', unblind: '研究揭盲', unblindText: '公布所有受试者的组别与种子。分析计划须已锁定。', report: '随机化：均衡性与可预测性', reportText: '仅供非盲角色。',
  },
};

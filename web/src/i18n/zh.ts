// The same in simplified Chinese.
import type { en } from './en';

type Same<T> = { [K in keyof T]: T[K] extends string ? string : Same<T[K]> };

import { reading } from './reading.zh';

export const zh: Same<typeof en> = {
  reading,
  frame: {
    skip: '跳到正文', menu: '菜单', pages: '页面', demo: '演示', language: '语言',
    toDark: '切换为深色背景', toLight: '切换为浅色背景',
  },
  rail: { home: '今日', imaging: '影像', analysis: '分析', model: '模型', evidence: '证据', study: '研究', operations: '全部操作' },
  state: {
    loading: '正在加载…', refused: '未能完成', where: '位置：', hint: '处理办法：', again: '重试',
    noAnswer: 'Lumbar 没有响应。', noAnswerHint: '请确认本机上的 “lumbar serve” 仍在运行，然后重试。',
  },
  status: {
    ok: '完成', not_converged: '未收敛', singular: '奇异拟合', separated: '完全分离：有估计值为无穷大',
    boundary: '位于边界', invalid: '有必须处理的问题',
  },
  table: { missing: '缺失', none: '无', yes: '是', no: '否', table: '表格', all: '显示全部 {{count}} 行', fewer: '显示较少的行', values: '{{count}} 个值；请下载查看' },
  result: {
    warnings_one: '一点须知', warnings_other: '{{count}} 点须知', full: '显示全部位数', print: '打印', files: '生成的文件',
    to: '至', origin: '这些数字的来源', inputs: '输入', rows_one: '{{count}} 行', rows_other: '{{count}} 行', parameters: '所设参数',
  },
  missing: { title: '没有这个页面', text: '此地址没有内容。所有页面列在左侧。' },
  home: {
    title: '今日',
    lede: 'Lumbar 用于开展腰痛治疗的随机对照试验、在磁共振上测量腰背肌、按预定计划分析试验、预测谁会获益，并汇总证据。',
    demoTitle: '演示：模拟试验，{{count}} 名虚构受试者',
    demoText: '其中没有真实的人。模拟的真值已知，因此每个数字都可以核对。您在这里的操作不会被保存。',
    enrolment: '各中心入组情况', bySite: '各中心入组人数与目标',
    enrolled: '计划 {{target}} 名，已随机 {{n}} 名。', enrolledOnly: '已随机 {{n}} 名受试者。',
    ofTarget: '{{n}} / {{target}}', targetMark: '标记：该中心的目标人数。', shareMark: '标记：计划人数的平均份额；方案未规定各中心目标。',
    noPeople: '此服务器没有模拟试验。请用 “lumbar serve --demo” 启动。',
    next: '建议依次查看',
    step: {
      study: { title: '阅读研究方案', text: '以页面呈现的方案：组别、入排标准、访视安排，以及各记录相互矛盾之处' },
      report: { title: '阅读计划的报告', text: '流程图、基线表、主要分析：由计划文件一次生成' },
      scan: { title: '查看带肌肉标注的扫描', text: '肌肉面积和脂肪分数就在所测量的图像旁边' },
      forest: { title: '汇总证据', text: '剔除某项研究时，森林图随之更新' },
      model: { title: '拟合模型', text: '在模拟受试者上做逻辑回归和 ROC 曲线' },
      power: { title: '计算样本量', text: '两均数比较，单侧或双侧，可含界值和脱落率' },
      operations: { title: '用自己的数据做任何操作', text: '命令行上的全部功能在这里都有表单' },
    },
  },
  operations: {
    title: '全部操作', lede: '每个表单由操作自身的声明生成；同时显示等价的命令行。',
    search: '搜索操作', found_one: '{{count}} 个操作', found_other: '{{count}} 个操作', nothing: '没有匹配的操作。请换一个更短的词。',
    back: '全部操作', unknown: '没有名为 “{{name}}” 的操作。',
  },
  area: {
    study: '开展：研究', randomise: '开展：随机化', instrument: '开展：量表', safety: '开展：安全性', image: '测量：影像',
    muscle: '测量：肌肉', radiomics: '测量：影像组学', emg: '测量：肌电图', power: '分析：样本量', analyse: '分析：试验',
    predict: '预测', meta: '汇总证据',
  },
  form: {
    run: '运行', running: '正在运行…', example: '填入示例', command: '等价的命令行', copy: '复制', copied: '已复制',
    advanced_one: '另有 1 项设置', advanced_other: '另有 {{count}} 项设置', range: '{{min}} 至 {{max}}', list: '用英文逗号分隔',
    upload: '选择文件…', uploadFor: '为 {{name}} 选择文件', orDemo: '或使用演示数据：', remove: '移除 {{name}}',
    column: '选择列', columns: '选择多列', noColumn: '没有这一列', addColumn: '加入列：', clear: '清除', nothingToSet: '没有需要设置的内容。',
  },
  fault: {
    required: '此项必填。', requiredData: '请选择文件或演示数据集。', number: '“{{text}}” 不是数字。', whole: '“{{text}}” 不是整数。',
    decimalComma: '小数点请用英文句点：{{better}}', range: '范围为 {{min}} 至 {{max}}。',
  },
  analysis: {
    title: '分析', lede: '在模拟试验上按计划生成的报告，以及单独的主要分析。', report: '计划的报告', primary: '主要分析', more: '其他分析',
    open: '打开报告以打印', making: '正在按计划生成报告…', primaryText: '对 Oswestry 功能障碍指数（ODI）做协方差分析，校正基线 ODI、性别和中心；按意向性治疗原则。',
    outcome: '结局', odi_12m: '12 个月（第 365 天）ODI', odi_407d: '第 407 天 ODI', form: '结局形式', raw: '得分', change: '相对基线的变化',
    run: '运行分析', headline: '{{contrast}}：{{estimate}} 分（{{level}} % 置信区间 {{lower}} 至 {{upper}}），p {{p}}', same: '模型已含基线，用得分或用变化值得到的疗效相同。',
  },
  evidence: {
    title: '证据', lede: '取消勾选即可剔除某项研究：图和合并结果随之更新。', studies: '研究', in: '纳入', effect: '效应量',
    settings: '合并方法', method: '研究间方差', test: '检验', test_z: 'z', test_knha: 'Knapp–Hartung', test_t: 't', measure: '效应指标', measures: { RR: '风险比', OR: '比值比', RD: '风险差', SMD: '标准化均数差', MD: '均数差' }, equal: '无（等效应）', headline: '{{name}}：{{estimate}}（95 % 置信区间 {{lower}} 至 {{upper}}）', logs: '以下数字为合并时所用的比值对数。', notEstimable: '无法估计', all: '重新纳入全部',
    left: '已纳入 {{all}} 项研究中的 {{n}} 项。', few: '至少需要两项研究才能合并。', forest: '森林图与合并结果', numbers: '合并结果',
    noSet: '此服务器没有荟萃分析数据。请用 “lumbar serve --demo” 启动。', noColumns: '演示表格既没有效应量（yi、vi），也没有两组的计数或均值。',
  },
  imaging: {
    title: '影像', lede: '带肌肉标注的扫描，以及正是在这些像素上测得的结果。', scan: '扫描', picture: '扫描图像', levels: '椎体节段', which: '选择图像', water: '水像', fat: '脂像', image: '图像',
    planes: '平面', axial: '轴位', three: '三个平面', slice: '层面 {{slice}}（0 至 {{last}}）', opacity: '肌肉不透明度：{{percent}} %', legend: '肌肉颜色', numbers: '肌肉面积与脂肪',
    loading: '正在加载扫描…', measuring: '正在测量…', adopt: '采用掩膜的几何信息', unadopt: '按文件原样', whole: '整块肌肉', level: '节段 {{level}}', muscle: '肌肉', area: '截面积，mm²', lean: '瘦肌面积，mm²', fatPercent: '脂肪，%', fatBy: '脂肪分数的算法', fatByText: '各方法的结果不可互换。', methods: { dixon_mean: 'Dixon，体素均值', dixon_ratio: 'Dixon，总和之比', otsu: 'Otsu 阈值' }, course: '沿脊柱', chart: '各层面的面积与脂肪分数',
    here: '层面 {{slice}}', noneHere: '层面 {{slice}} 没有标注肌肉。', keys: '扫描图像。方向键逐层浏览，Page Up 和 Page Down 每次五层。', canvas: '{{name}} 的图像，层面 {{slice}}',
    convention: '按放射学惯例自足侧观察：患者右侧在图像左侧。用方向键逐层浏览。', noScan: '此服务器没有扫描。请用 “lumbar serve --demo” 启动。',
  },
  side: { left: '左侧', right: '右侧' },
  muscle: { 'multifidus': '多裂肌', 'erector spinae': '竖脊肌', 'psoas': '腰大肌', 'psoas major': '腰大肌', 'quadratus lumborum': '腰方肌' },
  model: {
    title: '模型', lede: '谁会获益，谁会复发：在模拟受试者上的逻辑回归和 ROC 曲线。', caution: '用于了解数字如何变化。模型在同一批虚构受试者上拟合和评价，结果会偏乐观。',
    choose: '结局与预测因子', outcome: '结局', outcomeText: '1 = 发生，0 = 未发生', features: '逻辑回归的预测因子', featuresText: '基线时已知',
    score: 'ROC 曲线所用得分', scoreText: '基线时已知的数值', compare: '与之比较', compareText: '第二个得分（DeLong 检验）', run: '拟合并作图', nothing: '尚未拟合：请选择后按下按钮。',
    roc: 'ROC 曲线', logistic: '逻辑回归', noOutcome: '受试者表中没有取值为 0 和 1 的结局。',
    plan: '按方案', hand: '手动', planTitle: '方案', planText: '结局、输入、流程、模型与验证均已事先写定。每一步只在给定的行上拟合。',
    extent: '运行多少', rehearsal: '预演：重复次数少，约一分钟', whole: '完整方案', train: '训练并验证', training: '训练中… {{done}}', noPlan: '此服务器没有模型方案。请用 "lumbar serve --demo" 启动。',
    notTrained: '尚未训练：请按按钮。', pipeline: '哪一步在哪些人上拟合', rowsOf: '{{rows}} 行，{{people}} 人', times_one: '{{count}} 次', times_other: '{{count}} 次', seesOutcome: '看到结局', blind: '看不到结局',
    noLeak: '没有在拟合过的人身上评判（账本共 {{count}} 条）。', leak: '有 {{count}} 次在拟合过的人身上评判：结果偏高。', permuted: '随机打乱标签后：AUC {{auc}}，预期 {{low}} 至 {{high}}。',
    sideBySide: '模型并列', name: '模型', auc: 'AUC（留出）', nested: 'AUC（交叉验证）', corrected: '校正乐观偏差', slope: '校准斜率', brier: 'Brier', benefit: '20 % 处净获益', published: '将发布',
    size: '{{n}} 个候选参数需要 {{needed}} 人；{{have}} 人有结局。大约只够 {{few}} 个。', person: '一个人', personText: '表中的哪一位', explain: '解释', riskIs: '风险 {{risk}}（{{low}} 至 {{high}}）；{{stratum}}',
    card: '模型卡', publish: '发布到计算器', publishText: '该页面对所有人开放，可离线使用，不发送任何内容，并注明“仅供研究使用”。', open: '打开计算器', report: '打开报告', inputs: '输入', trainedOn: '训练数据', hash: 'SHA-256', predicts: '预测内容',
    step: { split: '划分', reliability: '可靠', complete: '完整', harmonise: '协调', fill: '填补与标准化', correlation: '去冗余', select: '选择', models: '模型', tune: '调参与再校准' },
  },
  study: {
    lede: '以页面呈现的方案，与运行研究的是同一个文件。', choose: '研究', contents: '本页内容', none: '此服务器没有研究。',
    proposal: '我们的建议', notStated: '未说明', from: '出处：', source: { R: '注册记录', S: '试验概要' }, questions: '研究问题', design: '设计',
    contradictionsText: '本试验的各份文件在以下各处说法不一。这里列出两种说法以及本方案的处理。',
    proposalsText: '各份文件对以下内容没有规定。方案中所写为我们的建议，可在方案文件中修改。',
    decision: '决定', gap: '文件未规定之处', inclusion: '纳入标准', exclusion: '排除标准', secondary: '次要结局', outcome: '结局', analysed: '分析方法',
    items_one: '{{count}} 项', items_other: '{{count}} 项', item: '条目', type: '类型', unit: '单位', rangeOrCodes: '范围或编码', required: '必填', revealsArm: '会暴露分组', shownIf: '显示条件', derivedBy: '计算：',
    scheduleText: '天数自随机化起算；其下为前后允许的天数。', every: '表单', days: '第 {{day}} 天', anchor: '起算自', unscheduled: '发生时', optional: '可选', repeat_one: '每天', repeat_other: '每 {{count}} 天',
    section: {
      summary: '概要', contradictions: '各记录相互矛盾之处', gaps: '记录未规定之处', arms: '组别', interventions: '治疗', outcomes: '结局', primary: '主要结局', eligibility: '入排标准',
      schedule: '访视安排', visits: '访视', sample_size: '样本量', randomisation: '随机化', masking: '盲法', consent: '知情同意', drugs: '药物', adherence: '依从性', safety: '安全性', instruments: '量表', imaging: '影像',
      prediction: '预测', plan: '分析计划', forms: '表单', sites: '研究中心', roles: '角色', data: '数据', retention: '保存期限', sharing: '数据共享', proposals: '我们的建议', registry: '注册记录', contacts: '联系人',
    },
  },
};

// The keys of a protocol file in plain Chinese. In English the keys themselves read well enough.
export const protocol: Record<string, string> = {
  about: '事项', acronym: '缩写', adherence: '依从性', affiliation: '单位', after: '在此之后', ages: '年龄', allocation: '分配方式', alpha: '检验水准', analysis: '分析', arms: '组别', at_risk: '风险人群', attrition: '脱落率',
  audit: '稽查轨迹', before_consent: '知情同意前可录入', belt: '支具', better: '更好的方向', blocks: '区组大小', board: '监查委员会', causality: '因果关系', centres: '中心数', change: '相对基线的变化', charter: '章程', city: '城市', class: '类别',
  clock_from: '计时起点', coding: '编码', compare: '比较', components: '组成', concealed_from: '对其隐藏', condition: '疾病', conduct: '遵循', contacts: '联系人', country: '国家', data: '数据', dates: '日期', days_per_week: '每周天数', decision: '决定',
  definition: '定义', definitions: '定义', delegation: '授权分工', description: '说明', design: '设计', detects: '可检出', deviations: '方案偏离', diary: '日记', difference: '差值', dose: '剂量', double_entry: '双人录入', drugs: '药物', duration: '时长',
  emergency: '紧急揭盲', emg: '肌电图', endurance: '耐力', enrolment: '计划入组', entry: '录入', ethics: '伦理', event: '事件', exchange: '数据交换', explanation: '解释', factors: '因素', fda_device: '美国 FDA 监管器械', fda_drug: '美国 FDA 监管药物',
  field_tesla: '场强（特斯拉）', file: '文件', followup: '随访', form: '表单', form_version: '知情同意书版本', frequency: '频率', from: '起算自', gates: '前提条件', generator: '生成方法', grades: '分级', healthy_volunteers: '健康志愿者', held_day: '暂停日',
  home: '居家', hypothesis: '假设', imbalance: '不均衡', independent: '独立', ineligible: '不合格', instruments: '量表', interventions: '干预', item: '条目', items: '条目', keywords: '关键词', kinds: '种类', languages: '语言', lead: '牵头', levels: '节段',
  list: '清单', longitudinal: '纵向', major: '重大', manual: '手册', margin: '界值', masked: '盲态', masking: '盲法', materials: '材料', may: '可以', mcid: '最小临床重要差异', measure: '测量指标', measures: '测量指标', meeting: '集体活动', method: '方法',
  min_answered: '最少作答数', minor: '轻微', minutes: '分钟', missing_day: '缺失日', mistakes: '差错处理', modality: '方式', model: '模式', models: '模型', modify: '修饰因素', muscles: '肌肉', named_in: '提及处', note: '备注', nsaid: '非甾体抗炎药', number: '编号',
  objectives: '目的', official_title: '正式题目', open: '开放', optional: '可选', other: '其他', other_ids: '其他编号', outcomes: '结局', overall: '总分', p_best: '最优组概率', participant_languages: '受试者语言', per_arm: '每组', per_protocol: '符合方案', performance: '性能指标',
  phase: '分期', plane: '平面', prediction: '预测', primary: '主要', product: '产品', prorate: '按比例折算', protocol: '方案', protocol_version: '方案版本', purge_people: '清除需几人', purpose: '目的', queries: '质疑', radiomics: '影像组学', ratio: '比例', reading: '解读',
  readings: '各种说法', reason_after_save: '保存后修改须说明理由', recurrence: '复发', register: '注册平台', registry: '注册', reports: '报告', resampling: '重抽样', response: '应答', responsible: '责任方', reveals_arm: '会暴露分组', role: '角色', route: '给药途径', rules: '规则',
  sae_hours: '严重不良事件时限（小时）', says: '说法', secondary: '次要', sees_clinical: '可见临床数据', segmentation: '分割', selection: '变量选择', sensitivity: '敏感性分析', session: '训练次', sessions: '训练次数', sessions_per_week: '每周次数', setting: '场所', settings: '设置',
  sexes: '性别', share: '是否共享', sharing: '共享', sides: '单侧或双侧', signature: '签名', split: '拆分', sponsor: '申办方', stated: '所述', statement: '声明', status: '状态', strata: '分层因素', supervision: '督导', target: '目标人数', threshold: '阈值', title: '题目',
  treatment: '治疗', trial: '试验', type: '类型', until: '直至', value_set: '效用值集', variant: '版本', verification: '核查', version: '版本', visits: '访视', watch: '监测项', weeks: '周数', weights: '权重', what: '内容', withdrawals: '退出', wrong_stratum: '分层错误', years: '年数',
  // keys of oversight and of reports
  wanted: '应录', done: '已录', differences: '差异', forms: '表单', entries: '条目数', complete: '完整', verified: '已核查', signed: '已签名', missed: '缺失访视', out_of_window: '超出窗口', days_off: '超出天数', subject: '受试者', site: '中心', closed: '已关闭', answered: '已答复', by_rule: '由规则提出',
  age_days: '时长（天）', by_site: '按中心', by_role: '按角色', participant: '受试者页面', reminders: '提醒', documents: '文件', screened: '已筛选', screen_failed: '筛选失败', group_names: '组名', groups: '各组', completed: '已完成', left_treatment: '终止治疗', left_followup: '终止随访', left_consent: '撤回同意',
  terms: '事件名称', people: '人数', rule: '规则', to: '对象', any: '任何', serious: '严重', related: '相关', guess_rate: '猜中率', certain_share: '可确定比例', balance: '均衡性', total: '合计', allocated: '已分配', largest_imbalance: '最大不均衡', longest_run: '最长连续', seed: '种子', by: '人员', at: '时间',
  // keys of conduct that came later
  utc_offset: '时区', randomised_twice: '重复随机', held: '已完成', causality_items: '因果关系条目', related_codes: '判为相关的编码', serious_if: '判为严重的条件', followup_days: '随访天数', escalate: '逐级上报',
  after_hours: '超过小时数', day_item: '日期条目', back_days: '可回填天数', late_days: '逾期天数', ahead_minutes: '允许时钟提前（分钟）', welcome: '欢迎语', thanks: '感谢语', contact: '联系方式', days: '天', consent: '知情同意', booklet: '健康教育手册',
  eligibility: '入选', multifidus: '多裂肌', erector_spinae: '竖脊肌', psoas: '腰大肌', quadratus_lumborum: '腰方肌', summary: '摘要', stages: '阶段', opens: '此后可录入', code_lists: '编码表', zero_to_five: '0至5', one_to_three: '1至3', one_to_seven: '1至7',
  wording: '文字', joa_two: 'JOA（至2分）', joa_three: 'JOA（至3分）', relatedness: '相关性',
};

/** The words that registries and protocols share, by which a fact is said; sentences of one study's own stand in its file, by language. */
export const words: Record<string, string> = {
  interventional: '干预性', 'not applicable': '不适用', adult: '成人', 'older adult': '老年人', all: '不限', estimated: '预计', actual: '实际', oral: '口服', lower: '越低越好', higher: '越高越好',
  'study start': '研究开始', 'primary completion': '主要完成', 'study completion': '研究完成', 'first submitted': '首次提交', 'first submitted that met quality criteria': '首次提交（符合质量要求）', 'first posted': '首次公布',
  'last update submitted that met quality criteria': '最近更新提交（符合质量要求）', 'last update posted': '最近更新公布', 'last verified': '最近核实', 'completed; no results posted': '已完成；未公布结果',
  'study chair': '研究主席', 'study director': '研究负责人', 'responsible party': '责任方', Beijing: '北京', China: '中国', Denmark: '丹麦', experimental: '试验组', active: '阳性对照', control: '对照',
  education: '健康教育', drug: '药物', rest: '休息', advice: '建议', device: '器械', permuted_blocks: '区组随机', minimisation: '最小化法', centre: '中心', sex: '性别', consent: '知情同意', range: '极差', 'arm description': '组别说明',
  exercise: '运动', 'study drug': '研究药物', treatment: '治疗', 'randomised controlled trial': '随机对照试验', 'parallel assignment, two arms': '平行分组，两组', randomised: '随机', 'single (outcome assessor)': '单盲（结局评估者）', superiority: '优效性',
  aerobic: '有氧', strength: '力量', balance: '平衡', stretching: '柔韧', shape: '形状', 'first-order': '一阶', 'awareness of the site': '中心获知时', 'closure of the study': '研究结束', 'validated electronic system': '经验证的电子系统',
  'low back pain': '腰痛', 'Low back pain': '腰痛', 'Modic changes': 'Modic改变', satisfaction: '满意度', endurance: '耐力', 'CSV with codebook': 'CSV及编码手册', 'REDCap dictionary': 'REDCap数据字典', 'EpiData REC and EPX': 'EpiData REC与EPX',
  'fill in own diary': '填写本人日记', 'answer own questionnaires': '填写本人问卷', screen: '筛选', 'record consent': '记录知情同意', randomise: '随机', enter: '录入', 'answer queries': '答复质疑', 'hold calls': '督导通话', 'see adherence': '查看依从性',
  'confirm eligibility': '确认入选', sign: '签名', 'report serious events': '报告严重事件', 'enter what reveals the arm': '录入会暴露分组的内容', 'settle differences': '裁定差异', 'balance report': '均衡性报告', 'closed report': '保密报告', 'read reports': '阅读报告',
  'record recommendations': '记录建议', 'enter outcomes': '录入结局', 'second entry': '二次录入', queries: '质疑', lock: '锁定', 'verify against source': '原始数据核查', 'raise queries': '提出质疑', 'write and rehearse the plan': '编写并预演分析计划', users: '用户',
  sites: '中心', backups: '备份', 'lead groups and meetings': '主持小组与会议',
};

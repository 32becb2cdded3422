// 分析页面的中文文字。
import type { analysis as shape } from './analysis.en';

export const analysis: typeof shape = {
  title: '分析', lede: '选择冻结的数据快照；运行计划或按名称选择任何分析；把需要的结果放进报告。',
  snapshot: '快照', snapshotRows: '{{tables}} 个表，{{rows}} 名受试者', made: '冻结于 {{when}}', noSnapshot: '尚无冻结的快照。研究中由数据管理员在“研究 – 数据”中冻结；演示（“lumbar serve --demo”）自带一个。',
  masked: '组别已设盲', unmasked: '组别已知',
  plan: '分析计划', primary: '主要分析', more: '按名称选择分析', report: '报告',
  planText: '看到数据之前承诺了什么，以及已经用它做了什么。',
  locked: '已锁定', notLocked: '未锁定', changed: '锁定后已更改', lockedBy: '{{who}}，{{when}}', hash: '计划的 SHA-256',
  rehearse: '用打乱的组别预演', rehearsing: '正在用打乱的组别运行计划…', runFinal: '运行最终分析', running: '正在运行计划…',
  lock: '锁定计划', amend: '修订计划', cancel: '取消', sign: '签署', by: '您的姓名或代码', reason: '理由', amendText: '修订后的计划', signText: '将以您的名义记入台账，不能撤回。',
  mayNot: '您的角色可以查看计划，但不能操作。', finalNeeds: '最终运行需要已锁定的计划和组别已知的快照。',
  ledger: '台账', noPlan: '尚无分析计划：方案在“plan”下给出其文件。其他页签无需计划即可使用。', ledgerEmpty: '尚无记录。', when: '时间', who: '人员', what: '事项', why: '理由', kinds: { rehearsal: '预演', lock: '锁定', amendment: '修订', final: '最终运行' },
  planFile: '计划文本', rehearsal: '预演：组别已打乱', rehearsalText: '这里的任何数字都不说明疗效。', final: '最终运行',
  reportHtml: '报告（HTML）', reportPdf: '报告（PDF）', planReport: '计划的报告', planReportNone: '运行或预演计划后，报告显示在这里。', open: '打开报告以打印', making: '正在按计划生成报告…',
  primaryText: '对 Oswestry 功能障碍指数（ODI）做协方差分析，校正基线 ODI、性别和中心；按意向性治疗原则。', primaryMasked: '此快照的组别已设盲：请改为预演计划。',
  outcome: '结局', odi_12m: '12 个月（第 365 天）ODI', odi_407d: '第 407 天 ODI', form: '结局形式', raw: '得分', change: '相对基线的变化',
  run: '运行分析', headline: '{{contrast}}：{{estimate}} 分（{{level}} % 置信区间 {{lower}} 至 {{upper}}），p {{p}}', same: '模型已含基线，用得分或用变化值得到的疗效相同。',
  about: '作用及方法来源', find: '查找分析', choose: '选择分析', table: '快照中的表', nothingFound: '没有这个名称的分析。',
  add: '加入报告', added: '已在报告中', basket: '报告内容', basketText: '生成报告时会重新计算每个结果，所印即所算。', basketEmpty: '还没有内容。运行一项分析，然后按“加入报告”。',
  reportTitle: '报告标题', note: '此结果下的说明', up: '上移：{{name}}', down: '下移：{{name}}', remove: '移除：{{name}}', makeHtml: 'HTML', makePdf: 'PDF', makeWord: 'Word', makingReport: '正在生成报告…',
  cards_one: '{{count}} 个结果', cards_other: '{{count}} 个结果',
};

// The keys of results in plain Chinese; the type keeps both lists equally long.
import type { terms as en } from './terms.en';

export const terms: Record<keyof typeof en, string> = {
  term: '项', estimate: '估计值', se: '标准误', df: '自由度', statistic: '统计量', p: 'p 值', lower: '下限', upper: '上限',
  contrast: '对比', contrasts: '组间对比', means: '调整均值', coefficients: '系数', anova: '方差分析',
  n: '例数', dropped: '剔除的行', sigma: '残差标准差', r_squared: 'R²', sum_sq: '平方和', rows: '数据行',
  n_exact: '每组例数（精确值）', n_per_arm: '每组例数', n_total: '总例数', power: '检验效能', detectable: '可检出差异',
  events_exact: '事件数（精确值）', events: '事件数',
  k: '研究数 (k)', tau2: 'τ²', tau2_se: 'τ² 标准误', tau2_lower: 'τ² 下限', tau2_upper: 'τ² 上限', tau: 'τ', I2: 'I² (%)', H2: 'H²',
  Q: 'Q', Q_df: 'Q 自由度', Q_p: 'Q 的 p 值', QM: '模型 Q', QM_df: '模型 Q 自由度', QM_p: '模型 Q 的 p 值', R2: 'R² (%)',
  pi: '95 % 预测区间', pi_lower: '预测区间下限', pi_upper: '预测区间上限', loglik: '对数似然', aic: 'AIC', bic: 'BIC', deviance: '偏差',
  yi: '效应量', vi: '方差', study: '研究', weight: '权重 (%)',
  label: '标签', side: '侧别', muscle: '肌肉', level: '节段', slice: '层面', csa_mm2: '截面积 (mm²)', volume_ml: '体积 (ml)',
  functional_csa_mm2: '瘦肌面积 (mm²)', fat_fraction_dixon_mean: '脂肪分数（Dixon，体素均值）',
  fat_fraction_dixon_ratio: '脂肪分数（Dixon，总和之比）', fat_fraction_otsu: '脂肪分数（Otsu）', asymmetry: '不对称度',
  df_residual: '残差自由度', adj_r_squared: '调整 R²', f_test: 'F 检验', omnibus: '总体检验', column: '列', significant: '显著', cases: '病例', controls: '对照', lr: '似然比检验', loglik_null: '零模型对数似然', null_deviance: '零偏差', brier: 'Brier 评分', closest_topleft: '最接近左上角的点', index: '指数', slices: '层数', voxels: '体素数', difference: '差值', variance: '方差', iterations: '迭代次数',
  r2_mcfadden: 'R²（McFadden）', r2_cox_snell: 'R²（Cox–Snell）', r2_nagelkerke: 'R²（Nagelkerke）',
  auc: 'AUC', curve: '曲线', threshold: '阈值', sensitivity: '灵敏度', specificity: '特异度', youden: '约登点',
  at_threshold: '在该阈值处', comparison: '比较', ppv: '阳性预测值', npv: '阴性预测值', f1: 'F1', accuracy: '准确率',
  tp: '真阳性', fp: '假阳性', tn: '真阴性', fn: '假阴性',
  odds_ratio: '比值比', or_lower: '比值比下限', or_upper: '比值比上限', variable: '变量', missing: '缺失', mean: '均值', sd: '标准差',
  median: '中位数', min: '最小值', max: '最大值', q1: '下四分位数', q3: '上四分位数', count: '计数', percent: '百分比', text: '显示为',
  arms: '组别', arm: '组', randomised: '已随机', reason: '原因', reasons: '原因', group: '组',
  allocations: '分配', stratum: '分层', slot: '序号', block: '区组', block_size: '区组大小', commitment: '承诺值',
  valid: '有效', faults: '问题', row: '行', kind: '类型', message: '说明', findings: '检查结果', severity: '严重程度', where: '位置', hint: '处理办法',
  features: '特征', undefined: '无定义', diagnostics: '诊断信息', feature: '特征', value: '值', name: '名称',
  visit: '访视', day: '天', date: '日期', earliest: '最早', latest: '最晚', id: '编号', score: '得分', truth: '已知真值', tables: '数据表',
};

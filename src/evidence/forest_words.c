/* The words of a forest plot. Chinese terms: as in Chinese journals of evidence-based medicine. */
#include "evidence/forest_words.h"

#include <stddef.h>
#include <string.h>

static const char *const english[LB_FOREST_WORDS] = {
    "Study", "Weight", "Mean", "SD", "Total", "Events", "Time", "Experimental", "Control", "Not estimable", "Subtotal (%g%% CI)",
    "Total (%g%% CI)", "%g%% prediction interval", "Heterogeneity: ", "Heterogeneity: not applicable", "Test for overall effect: ",
    "Test for subgroup differences: ", "random", "fixed", "Risk of bias"};
static const char *const chinese[LB_FOREST_WORDS] = {
    "研究", "权重", "均数", "标准差", "总数", "事件数", "人时", "试验组", "对照组", "无法估计", "小计 (%g%% CI)", "合计 (%g%% CI)",
    "%g%% 预测区间", "异质性: ", "异质性: 不适用", "总体效应检验: ", "亚组间差异检验: ", "随机效应", "固定效应", "偏倚风险"};

const char *const *lb_forest_words(const char *language) { return language && strcmp(language, "zh") == 0 ? chinese : english; }

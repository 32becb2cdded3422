/* The words of a forest plot, in two languages. */
#ifndef LUMBAR_EVIDENCE_FOREST_WORDS_H
#define LUMBAR_EVIDENCE_FOREST_WORDS_H

typedef enum lb_forest_word {
    LB_W_STUDY, LB_W_WEIGHT, LB_W_MEAN, LB_W_SD, LB_W_TOTAL, LB_W_EVENTS, LB_W_TIME, LB_W_EXPERIMENTAL, LB_W_CONTROL, LB_W_NOT_ESTIMABLE,
    LB_W_SUBTOTAL, LB_W_POOLED, LB_W_PREDICTION, LB_W_HETEROGENEITY, LB_W_NOT_APPLICABLE, LB_W_OVERALL, LB_W_DIFFERENCES, LB_W_RANDOM,
    LB_W_FIXED, LB_W_RISK, LB_FOREST_WORDS
} lb_forest_word;
/** "zh" or anything else for English. */
const char *const *lb_forest_words(const char *language);
#endif

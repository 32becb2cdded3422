/* One model of any of three families, fitted to a table: what subgroup analyses and the pooling of imputations share. */
#ifndef LUMBAR_ANALYSIS_MODEL_H
#define LUMBAR_ANALYSIS_MODEL_H
#include "analysis/cox.h"
#include "analysis/linear.h"

typedef enum lb_family { LB_GAUSSIAN, LB_BINOMIAL, LB_COX } lb_family;

typedef struct lb_model_options {
    lb_family family;
    lb_cox_columns cox;            /**< family cox */
    const char *treatment, *reference; /**< taken as a factor; may be NULL */
} lb_model_options;

typedef struct lb_model {
    lb_design *design;
    lb_family family;
    size_t n, events, rank;
    double *coefficient;           /**< design->p; the intercept of a Cox model is 0 without variance */
    double *vcov;                  /**< p × p, zero where aliased */
    bool *aliased;
    bool *infinite;                /**< runs off to infinity: no finite estimate, no standard error; NULL: none does */
    double loglik, rss, df;        /**< df: residual, infinite for z */
    const char *status;            /**< "ok", "separated", … */
} lb_model;

/** Read --family, --time, --event, --strata, --ties, --treatment, --reference of a call that declares LB_MODEL_PARAMS. */
int lb_model_options_read(lb_call *call, lb_model_options *out, lb_error *err) LB_MUST_CHECK;
int lb_model_fit(const lb_table *table, const char *formula, const lb_model_options *options, lb_arena *arena, lb_model *out,
                 lb_result *result, lb_error *err) LB_MUST_CHECK;
/** What a status other than "ok" means, and what to do. */
const char *lb_model_status_words(const char *status);
/** "aliased …" or "runs off …" of coefficient j; NULL when it has an estimate. */
const char *lb_model_reason(const lb_model *model, size_t j);
/** For means and contrasts. */
int lb_model_linear(const lb_model *model, double level, lb_arena *arena, lb_linear *out, lb_error *err) LB_MUST_CHECK;
/** Adds odds_ratio, or_lower, or_upper or hazard_ratio, … to a row that holds a logarithm. */
void lb_family_ratio(lb_family family, lb_value *row);

#define LB_MODEL_PARAMS                                                                                                     \
    {.name = "family", .type = LB_P_CHOICE, .summary = "least squares, logistic or Cox regression", .preset = "gaussian",  \
     .choices = "gaussian,binomial,cox"},                                                                                  \
        {.name = "time", .type = LB_P_COLUMN, .summary = "family cox: time to event or censoring"},                        \
        {.name = "event", .type = LB_P_COLUMN, .summary = "family cox: 1 event, 0 censored (or 2 and 1)"},                 \
        {.name = "strata", .type = LB_P_COLUMNS, .summary = "family cox: a baseline hazard of its own for each"},          \
        {.name = "ties", .type = LB_P_CHOICE, .flags = LB_ADVANCED, .summary = "family cox: tied events",                  \
         .choices = "efron,breslow,exact", .preset = "efron"}
#endif

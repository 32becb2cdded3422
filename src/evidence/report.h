/* From a fitted model to the keys of the contract; shared by fit, forest, subgroup. */
#ifndef LUMBAR_EVIDENCE_REPORT_H
#define LUMBAR_EVIDENCE_REPORT_H

#include "evidence/effect.h"
#include "evidence/pool.h"

typedef struct lb_pool_settings {
    lb_pool_options fit;
    lb_prediction prediction;
    const char *test_name, *prediction_name;
} lb_pool_settings;
/** From the parameters of LB_POOL_PARAMS. */
int lb_pool_settings_read(const lb_call *call, lb_pool_settings *out, lb_error *err) LB_MUST_CHECK;

/** A pooled effect (no moderators) with everything that a row of results shows. */
typedef struct lb_summary {
    lb_pool pool;
    lb_interval tau2, prediction;
    bool single; /**< one study: nothing to pool, no heterogeneity */
} lb_summary;
int lb_summary_fit(const double *y, const double *v, size_t k, const lb_pool_settings *settings, lb_arena *arena,
                   lb_summary *out, lb_error *err) LB_MUST_CHECK;
/** `transformed`: what was pooled as a logarithm (or another scale), on the scale it is told. Nothing for other measures. */
void lb_transformed_report(const lb_summary *summary, const lb_measure *measure, lb_value *out);
/** estimate … pi_upper, heterogeneity, information criteria, into `out`. */
void lb_summary_report(const lb_summary *summary, const lb_pool_settings *settings, lb_value *out);
/** Heterogeneity keys, for models with moderators too; flat, so that they fit in a row of a table. */
void lb_pool_report(const lb_pool *pool, const lb_interval *tau2, const lb_pool_settings *settings, lb_value *out);
/** The test of moderators, R² and the information criteria. */
void lb_model_report(const lb_pool *pool, lb_value *out);
/** How df and intervals were found, in one sentence; status and warnings of the search for τ². */
void lb_pool_note(const lb_pool *pool, const lb_pool_settings *settings, const char *model, lb_result *result);
/** Back to the scale people read ("exp", "tanh", "logit", "arcsine", "none"). */
double lb_transform(const char *name, double value);

/** The moderators of --mods, and the effects of the studies that have them all. */
typedef struct lb_moderators {
    lb_design *design;
    double *y, *v; /**< design->n */
} lb_moderators;
int lb_moderators_read(lb_call *call, const lb_effects *effects, lb_moderators *out, lb_error *err) LB_MUST_CHECK;

/** MORE: further methods of one operation, with a leading comma. */
#define LB_POOL_PARAMS LB_POOL_PARAMS_AND("")
#define LB_POOL_PARAMS_AND(MORE)                                                                                       \
    {.name = "method",                                                                                                 \
     .type = LB_P_CHOICE,                                                                                              \
     .preset = "REML",                                                                                                 \
     .choices = "REML,FE,EE,CE,DL,HE,HS,HSk,SJ,ML,EB,PM,PMM,DLIT,SJIT" MORE,                                                     \
     .summary = "estimator of the heterogeneity variance; FE, EE and CE assume none"},                                 \
        {.name = "test",                                                                                               \
         .type = LB_P_CHOICE,                                                                                          \
         .preset = "z",                                                                                                \
         .choices = "z,t,knha,adhoc",                                                                                  \
         .summary = "test of coefficients: Wald z or t, Knapp-Hartung, Knapp-Hartung that never narrows"},             \
        {.name = "level",                                                                                              \
         .type = LB_P_NUMBER,                                                                                          \
         .preset = "0.95",                                                                                             \
         .min = 0.001,                                                                                                 \
         .max = 0.999999,                                                                                              \
         .summary = "level of intervals"},                                                                             \
        {.name = "predict",                                                                                            \
         .type = LB_P_CHOICE,                                                                                          \
         .preset = "metafor",                                                                                          \
         .choices = "metafor,riley,t,k-1",                                                                             \
         .flags = LB_ADVANCED,                                                                                         \
         .summary = "prediction interval: quantile of the test, t(k-2), t(k-1), t(k-1)"},                              \
    {                                                                                                                  \
        .name = "tau2-value", .type = LB_P_NUMBER, .flags = LB_ADVANCED, .min = 0, .max = 1e12,                        \
        .summary = "take this heterogeneity variance instead of estimating it"                                         \
    }
#endif

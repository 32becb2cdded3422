/* Effect sizes and their sampling variances, and how the operations of this room get them from a table: given as yi and
 * vi, or computed from arms. Private to the evidence room. */
#ifndef LUMBAR_EVIDENCE_EFFECT_H
#define LUMBAR_EVIDENCE_EFFECT_H

#include <lumbar/op.h>

/** What a measure is computed from; the columns stand in this order. */
typedef enum lb_effect_kind {
    LB_EFFECT_GIVEN,       /* yi, vi */
    LB_EFFECT_MEANS,       /* m1i sd1i n1i m2i sd2i n2i */
    LB_EFFECT_COUNTS,      /* ai bi ci di */
    LB_EFFECT_RATES,       /* x1i t1i x2i t2i */
    LB_EFFECT_PAIRED,      /* m1i sd1i m2i sd2i ni ri */
    LB_EFFECT_CORRELATION, /* ri ni */
    LB_EFFECT_PROPORTION   /* xi ni */
} lb_effect_kind;
enum { LB_EFFECT_COLUMNS = 6 };

typedef enum lb_vtype { LB_VTYPE_LS, LB_VTYPE_LS2, LB_VTYPE_UB, LB_VTYPE_HO, LB_VTYPE_AV, LB_VTYPE_H0 } lb_vtype;
/** To which tables `add` is added: those with a zero, all, all when any has a zero, none (metafor's `to`). */
typedef enum lb_add_to { LB_ADD_ZERO, LB_ADD_ALL, LB_ADD_IF_ANY, LB_ADD_NONE } lb_add_to;

typedef struct lb_effect_options {
    lb_vtype vtype;
    double add;      /**< to the cells of a table with a zero */
    bool drop_empty; /**< a table without any event (or any non-event) says nothing */
    lb_add_to to;
    bool any_zero;    /**< some table has a zero */
    bool uncorrected; /**< no small-sample correction */
    double average;   /**< of the effects, weighted by size; for LB_VTYPE_AV */
} lb_effect_options;

typedef struct lb_measure {
    const char *name, *label;
    lb_effect_kind kind;
    const char *transform; /**< back to the scale people read: "exp", "tanh", "logit", "none" */
    const char *shown;     /**< name of the measure on that scale: "risk ratio" */
    const char *formula;   /**< where it is from */
    /** x holds the kind's columns, all present and checked. NaN when it cannot be estimated. */
    void (*compute)(const double *x, const lb_effect_options *options, double *yi, double *vi);
} lb_measure;

/** The measure of that name ("SMD"), or NULL. "GEN" is the measure of effects that are given. */
const lb_measure *lb_measure_named(const char *name);
/* ended by a NULL name */
extern const lb_measure lb_measures_means[], lb_measures_counts[], lb_measures_association[], lb_measures_other[];

/** Hedges' small-sample factor J(df), exact: Γ(df/2) / (√(df/2) Γ((df − 1)/2)) (Hedges 1981, eq. 6e). */
double lb_hedges_j(double df);
/** J(df), or 1 where no correction is wanted. */
double lb_effect_correction(const lb_effect_options *options, double df);
/** What is added to the counts of a study; `zero`: it has an empty cell. */
double lb_effect_addition(const lb_effect_options *options, bool zero);
/** The four cells ai bi ci di with the addition where it is due; false when the table is to be dropped. */
bool lb_effect_cells(const double *x, const lb_effect_options *options, double *out);
/** Both, or NaN in both when either cannot be used. */
void lb_effect_set(double y, double v, double *yi, double *vi);

typedef struct lb_effects {
    const lb_measure *measure;
    lb_table *table;
    size_t rows;
    double *yi, *vi;                /**< rows; NaN where missing or not estimable */
    const char **study;             /**< rows: label */
    double *arm[LB_EFFECT_COLUMNS]; /**< rows each: the measure's columns when it was computed, else NULL */
    bool computed;
    size_t k, missing, inestimable;
    bool nested; /**< several rows of one study are meant */
    size_t *used;  /**< k: rows with an effect */
    double *y, *v; /**< k */
} lb_effects;

/** Read the effects named by the call's parameters (LB_EFFECT_PARAMS). At least one row must have an effect unless
 *  `may_be_empty`. Refused, naming the study: negative or zero variances, SDs and counts that cannot be. */
int lb_effects_read(lb_call *call, bool may_be_empty, lb_effects *out, lb_error *err) LB_MUST_CHECK;
/** What the reader must know about the rows: how many were used, left out, and why. */
void lb_effects_note(const lb_effects *effects, lb_result *result);

#define LB_EFFECT_PARAMS                                                                                               \
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per study (CSV)"},  \
        {.name = "measure",                                                                                            \
         .type = LB_P_CHOICE,                                                                                          \
         .summary = "effect size; GEN takes the columns yi and vi as they are",                                        \
         .preset = "GEN",                                                                                              \
         .choices =                                                                                                    \
             "GEN,SMD,SMDH,SMD1,SMD1H,MD,ROM,CVR,VR,RPB,RBIS,D2ORL,D2ORN,OR,RR,RD,AS,PETO,PHI,YUQ,YUY,OR2DL,OR2DN,PBIT,"    \
             "IRR,IRD,MC,SMCC,SMCR,ROMC,COR,ZCOR,PR,PLN,PLO,PAS,PFT"},                                                 \
        {.name = "yi", .type = LB_P_COLUMN, .summary = "effects (default: the column yi)"},                            \
        {.name = "vi", .type = LB_P_COLUMN, .summary = "sampling variances (default: the column vi)"},                 \
        {.name = "sei", .type = LB_P_COLUMN, .summary = "standard errors, instead of variances"},                      \
        {.name = "slab",                                                                                               \
         .type = LB_P_COLUMNS,                                                                                         \
         .summary = "columns that name the study (default: slab, study, or author and year)"},                         \
        LB_ARM_PARAM("m1i", "means of group 1"), LB_ARM_PARAM("sd1i", "standard deviations of group 1"),               \
        LB_ARM_PARAM("n1i", "sizes of group 1"), LB_ARM_PARAM("m2i", "means of group 2"),                              \
        LB_ARM_PARAM("sd2i", "standard deviations of group 2"), LB_ARM_PARAM("n2i", "sizes of group 2"),               \
        LB_ARM_PARAM("ai", "events in group 1"), LB_ARM_PARAM("bi", "non-events in group 1"),                          \
        LB_ARM_PARAM("ci", "events in group 2"), LB_ARM_PARAM("di", "non-events in group 2"),                          \
        LB_ARM_PARAM("x1i", "events in group 1, for rates"), LB_ARM_PARAM("t1i", "person-time in group 1"),            \
        LB_ARM_PARAM("x2i", "events in group 2, for rates"), LB_ARM_PARAM("t2i", "person-time in group 2"),            \
        LB_ARM_PARAM("ri", "correlations"), LB_ARM_PARAM("xi", "events, for proportions"),                             \
        LB_ARM_PARAM("ni", "sample sizes"),                                                                            \
        {.name = "vtype",                                                                                              \
         .type = LB_P_CHOICE,                                                                                          \
         .flags = LB_ADVANCED,                                                                                         \
         .preset = "LS",                                                                                               \
         .choices = "LS,LS2,UB,HO,AV,H0",                                                                              \
         .summary = "variance: large-sample, large-sample with J, unbiased (SMD), homoscedastic (MD), from the "       \
                    "average effect, of no effect (SMD)"},                                                             \
        {.name = "uncorrected",                                                                                        \
         .type = LB_P_FLAG,                                                                                            \
         .flags = LB_ADVANCED,                                                                                         \
         .summary = "no small-sample correction (Cohen's d for SMD)"},                                                 \
        {.name = "add",                                                                                                \
         .type = LB_P_NUMBER,                                                                                          \
         .flags = LB_ADVANCED,                                                                                         \
         .preset = "0.5",                                                                                              \
         .min = 0,                                                                                                     \
         .max = 10,                                                                                                    \
         .summary = "added to every cell of a study that has a zero cell"},                                            \
        {.name = "to",                                                                                                 \
         .type = LB_P_CHOICE,                                                                                          \
         .flags = LB_ADVANCED,                                                                                         \
         .preset = "only0",                                                                                            \
         .choices = "only0,all,if0all,none",                                                                           \
         .summary = "studies it is added to: with a zero, all, all if any has a zero, none"},                          \
    {                                                                                                                  \
        .name = "drop00", .type = LB_P_FLAG, .flags = LB_ADVANCED,                                                     \
        .summary = "a study without events in both groups is not estimable"                                            \
    }
#define LB_ARM_PARAM(NAME, SUMMARY)                                                                                    \
    {                                                                                                                  \
        .name = NAME, .type = LB_P_COLUMN, .flags = LB_ADVANCED, .summary = SUMMARY                                    \
    }
#endif

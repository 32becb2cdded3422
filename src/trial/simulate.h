/* An invented trial with known truth, drawn from the `simulation` section of a protocol. */
#ifndef LUMBAR_TRIAL_SIMULATE_H
#define LUMBAR_TRIAL_SIMULATE_H

#include <lumbar/trial.h>

typedef enum draw_kind { DRAW_NORMAL, DRAW_UNIFORM, DRAW_CHANCE, DRAW_CHOICE, DRAW_LOGNORMAL } draw_kind;

/* Chances of several outcomes. */
typedef struct weighted {
    size_t count;
    double *weight, sum;
} weighted;

/* How one item of a person is drawn. */
typedef struct draw {
    const char *item;
    draw_kind kind;
    double mean, sd, low, high, step, chance;
    const lb_value *values;
    weighted among; /* the values */
    size_t per_count, *per_item; /* earlier draws it depends on, linearly */
    double *per;
} draw;

typedef struct modifier {
    size_t item;
    double above, per_unit;
} modifier;

/* How one score runs over the visits; arrays have one entry per visit of the study. */
typedef struct score {
    const char *name;
    double low, high, step, mean, carry, effect, person_sd, slope_sd, residual_sd, per;
    int baseline, follows;   /* draw, earlier score; or -1 */
    double *course, *fraction; /* NaN course: not measured then */
    const char **column;     /* column of the participants' table, or NULL */
    bool *not_at;
    size_t modifiers;
    modifier *modifier;
} score;

/* Leaving before a visit: logistic in the last value of a score that was seen. */
typedef struct leaving {
    const lb_value *spec, *reasons;
    size_t driver; /* score */
    double intercept, per_unit, above, missed;
} leaving;

/* What of the people is asked for. Everything else need not be made: nothing depends on it, and random numbers that it would
 * take are passed over. */
typedef struct needs {
    bool only;     /* not everything, but this: */
    bool *score;   /* per score */
    bool adherence, recurrence;
} needs;

/** The study's criteria with the answers given so far; for one thread. */
typedef struct trial_criteria trial_criteria;

typedef struct model {
    const lb_study *study;
    const lb_value *spec;
    lb_arena *arena;
    uint64_t seed;
    size_t draws, candidate_draws; /* candidates first, then baseline */
    draw *draw;
    size_t scores;
    score *score;
    int treated, baseline_visit, last_visit; /* last_visit: the last that is not optional */
    int *visit;                              /* visits at which something is measured, in order of their day */
    size_t visits;
    double jitter, consent;
    weighted site; /* among the keys of the spec's sites */
    leaving leaving;
    needs needs;
    trial_criteria *criteria; /* borrowed */
} model;

typedef struct person {
    const char *id;        /* participant code; NULL until randomised */
    size_t screening;      /* screening number, from 1 */
    const char *site, *stratum;
    lb_value *value;       /* per draw */
    lb_random random;
    int64_t screened, randomised; /* seconds */
    bool eligible, consented;
    int reason;            /* first criterion not met, or -1 */
    int arm;
    int64_t block, position;
    double probability;    /* minimisation: chance of the arm taken */
    double *y;             /* scores × visits of the study; NaN = missing */
    int *day;              /* per visit of the study; INT32_MIN = not attended */
    const char *left;      /* reason of leaving, or NULL */
    int last;              /* last visit attended (not optional) */
    double effect;         /* true effect of treatment on the first score at full size */
    int recurrence_days, recurrence, last_day;
    double *week, adherence;
    size_t weeks;
} person;

trial_criteria *trial_criteria_new(const lb_study *study);
void trial_criteria_free(trial_criteria *criteria);
/** First criterion that keeps the person out, or −1. */
int trial_criteria_first(const model *m, const person *p, int *first, lb_error *err) LB_MUST_CHECK;
/** The same among those that can be judged once draw `drawn` of the candidate is known, and not before. */
int trial_criteria_at(const model *m, const person *p, size_t drawn, int *first, lb_error *err) LB_MUST_CHECK;

int trial_model_read(const lb_study *study, trial_criteria *criteria, uint64_t seed, lb_arena *arena, model *out, lb_error *err) LB_MUST_CHECK;
/** The drawn value of an item, or of an item derived from drawn ones; LB_NULL when there is none. */
lb_value trial_person_value(const model *m, const person *p, const char *item);
const char *trial_person_text(const model *m, const person *p, const char *item);
/** Which draw gives the item, or −1. */
int trial_draw_named(const model *m, const char *item);
/** Look-up of a rule: context is a trial_reading. */
typedef struct trial_reading {
    const model *m;
    const person *p;
} trial_reading;
bool trial_look_up(void *context, const char *name, lb_value *out);
void trial_draw_baseline(const model *m, person *p);
/** Screen until n people are randomised; gives everyone screened, in order, or where not everything is needed those who consented. */
int trial_enrol(const model *m, size_t n, person **screened, size_t *count, lb_error *err) LB_MUST_CHECK;
/** Columns of participants as a table, when they can be made without the rest: sets what is needed, says false when they cannot. */
typedef struct trial_column trial_column;
bool trial_columns_plan(const model *m, const char *const *name, size_t count, needs *need, trial_column **out);
void trial_columns_fill(const model *m, person *const *people, size_t n, const trial_column *column, size_t count, lb_table *table);
/** Allocate people who are in order of randomisation; writes the seed of the sequence. */
void trial_allocate(const model *m, person **people, size_t n, lb_rtsm *rtsm);
/** Visits, scores, leaving, recurrence, adherence. */
void trial_follow(const model *m, person *p);
/** Radiomic features of a randomised person, and for some a second reading (second stays empty for the others). */
void trial_radiomics(const model *m, const person *p, size_t number, lb_value *first, lb_value *second);
double trial_step(double value, double step);
size_t trial_weighted(lb_random *random, const lb_value *weights, size_t count);
size_t trial_choose(lb_random *random, const weighted *among);

#endif

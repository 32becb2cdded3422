/* An invented trial with known truth, drawn from the `simulation` section of a protocol. */
#ifndef LUMBAR_TRIAL_SIMULATE_H
#define LUMBAR_TRIAL_SIMULATE_H

#include <lumbar/trial.h>

#include <math.h>
#include <string.h>

/** People that are drawn side by side: one item of all of them, then the next. Everyone has a random stream of their own, so the
 *  numbers are the same in any order of work, and many at a time are quicker. */
enum { TRIAL_CROWD = 64 };

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
    double *number;  /* of each value */
    weighted among;  /* the values */
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
    int *place;                              /* per visit of the study: 0 = baseline, 1… = those above, -1 = nothing is measured */
    double jitter, consent;
    weighted site; /* among the keys of the spec's sites: */
    const char **site_name;
    leaving leaving;
    needs needs;
    trial_criteria *criteria; /* borrowed */
} model;

typedef struct person {
    const char *id;        /* participant code; NULL until randomised */
    size_t screening;      /* screening number, from 1 */
    const char *site, *stratum;
    double *drawn;         /* per draw: its number; of a choice, which */
    size_t known;          /* so many are drawn */
    lb_random random;
    int64_t screened, randomised; /* seconds */
    bool eligible, consented;
    int reason;            /* first criterion not met, or -1 */
    bool unjudged;         /* a rule failed before everything was drawn: to be asked again then */
    int arm;
    int64_t block, position;
    double probability;    /* minimisation: chance of the arm taken */
    double *y;             /* scores × places; NaN = missing */
    int *day;              /* per place; INT32_MIN = not attended */
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
/** Judges a candidate by those criteria that can be judged once draw `drawn` is known, and not before: whom one keeps out gets it for a
 *  reason. Does the candidate stay? */
bool trial_criteria_stays(const model *m, size_t drawn, person *p);
/** Its answers so far, where that draw alone decides and has few outcomes: for each the first criterion that keeps out, −1 = none, or
 *  TRIAL_NOT_ASKED. Else NULL. */
const int *trial_criteria_known(const model *m, size_t drawn);
enum { TRIAL_NOT_ASKED = -2 };

int trial_model_read(const lb_study *study, trial_criteria *criteria, uint64_t seed, lb_arena *arena, model *out, lb_error *err) LB_MUST_CHECK;
/** The value of a draw as the protocol writes it, LB_NULL before it is drawn; and its number. */
lb_value trial_drawn(const model *m, const person *p, size_t which);
static inline double trial_number(const draw *d, double drawn) { return d->kind == DRAW_CHOICE ? d->number[(size_t)drawn] : drawn; }
/** The drawn value of an item, or of an item derived from drawn ones; LB_NULL when there is none. */
lb_value trial_person_value(const model *m, const person *p, const char *item);
const char *trial_person_text(const model *m, const person *p, const char *item);
/** Which draw gives the item, or −1. */
int trial_draw_named(const model *m, const char *item);
/** Where the value of a name comes from: a draw, or one of these. */
enum { TRIAL_OTHER = -1, TRIAL_CENTRE = -2 };
int trial_source(const model *m, const char *name);
/** Two people whose bits agree have the same value from there, within one study. */
static inline uint64_t trial_bits(const person *p, int source)
{
    uint64_t bits;
    if (source == TRIAL_CENTRE) return (uint64_t)(uintptr_t)p->site; /* the protocol's own text: the same place each time */
    if (source == TRIAL_OTHER) return 0;
    memcpy(&bits, &p->drawn[source], sizeof bits);
    return bits;
}
/** Look-up of a rule: context is a trial_reading. */
typedef struct trial_reading {
    const model *m;
    const person *p;
} trial_reading;
bool trial_look_up(void *context, const char *name, lb_value *out);
/** Of up to TRIAL_CROWD people. */
void trial_draw_baseline(const model *m, person *const *people, size_t count);
/** Screen until n people are randomised; gives everyone screened, in order, or where not everything is needed those who consented. */
int trial_enrol(const model *m, size_t n, person **screened, size_t *count, lb_error *err) LB_MUST_CHECK;
/** Columns of participants as a table, when they can be made without the rest: sets what is needed, says false when they cannot. */
typedef struct trial_column trial_column;
bool trial_columns_plan(const model *m, const char *const *name, size_t count, needs *need, trial_column **out);
void trial_columns_fill(const model *m, person *const *people, size_t n, const trial_column *column, size_t count, lb_table *table);
/** Allocate people who are in order of randomisation; writes the seed of the sequence. */
void trial_allocate(const model *m, person **people, size_t n, lb_rtsm *rtsm);
/** A score at a visit of the study; NaN = not measured or missing. */
static inline double trial_score_at(const model *m, const person *p, size_t k, size_t visit)
{
    return m->place[visit] < 0 ? NAN : p->y[k * (1 + m->visits) + (size_t)m->place[visit]];
}
/** Visits, scores, leaving, recurrence, adherence of up to TRIAL_CROWD people. */
void trial_follow(const model *m, person *const *people, size_t count);
/** Radiomic features of a randomised person, and for some a second reading (second stays empty for the others). */
void trial_radiomics(const model *m, const person *p, size_t number, lb_value *first, lb_value *second);
size_t trial_weighted(lb_random *random, const lb_value *weights, size_t count);

/** round(), without a call and without a branch that is a toss-up, for every value that whole numbers can hold: halves go away from 0. */
static inline double trial_nearest(double x)
{
    if (!(fabs(x) < 0x1p51)) return round(x);
    double size = fabs(x), whole = (double)(int64_t)size;
    return copysign(whole + (double)(size - whole >= 0.5), x);
}

static inline double trial_step(double value, double step)
{
    if (!(step > 0)) return value;
    if ((double)(int64_t)(2 * step) == 2 * step && fabs(value) < 1e9) return trial_nearest(value / step) * step; /* exact already: 0.5, 1, 2 */
    return trial_nearest(trial_nearest(value / step) * step * 1e6) / 1e6;
}
/** The same of many, held inside limits first. */
void trial_steps(double *value, size_t n, double low, double high, double step);

#endif

/* Operation `power simulate`: operating characteristics by simulating the protocol itself, randomisation and dropout included,
 * and analysing every trial as planned (Burton et al. 2006, doi:10.1002/sim.2673; Monte Carlo errors: Morris, White & Crowther
 * 2019, doi:10.1002/sim.8086). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <lumbar/numeric.h>

#include "analysis/power.h"

/* What one trial gave. */
typedef struct outcome {
    bool done, rejected, covered;
    double estimate, se, truth, n;
    char message[512];
} outcome;

typedef struct simulation {
    lb_call *call;
    lb_bytes study;
    const lb_op *simulate, *analyse;
    const char *n, *formula, *treatment, *reference;
    double alpha, margin, level;
    int sides;
    bool lower;
    uint64_t seed;
    outcome *trial;
    const lb_formula *parsed;
    const char *columns; /* all that the analysis reads, or NULL when only the whole table will do */
} simulation;

/* Trials of one call: the protocol is read once for them, and their people are kept until they are analysed. */
enum { TOGETHER_MOST = 40, PEOPLE_TOGETHER = 40000, LEAN = 10 /* times as many, when only columns are kept */ };

/* The participants of `count` invented trials; each has its seed from a stream of the simulation's, `first` and on. `columns`: only
 * these, as tables (result->table); NULL: all of them, as values. */
static int invent(const simulation *s, size_t first, size_t count, const char *columns, lb_result **out, lb_error *err)
{
    lb_buf seeds = {0};
    for (size_t i = 0; i < count; i++) {
        lb_random random;
        lb_random_init(&random, s->seed, first + i);
        uint64_t high = lb_random_u32(&random) >> 11, low = lb_random_u32(&random); /* 53 bits: what a number can carry */
        lb_buf_printf(&seeds, "%s%llu", i ? "," : "", (unsigned long long)(high << 32 | low));
    }
    lb_call *call = lb_call_new(lb_call_registry(s->call), s->simulate);
    int code = lb_call_bind(call, "file", &s->study, err);
    if (!code) code = lb_call_set(call, "n", s->n, err);
    if (!code) code = columns ? lb_call_set(call, "columns", columns, err) : lb_call_set(call, "tables", "participants", err);
    if (!code) code = lb_call_set(call, "seeds", seeds.data, err);
    if (!code) code = lb_call_run(call, out, err);
    lb_call_free(call);
    lb_buf_free(&seeds);
    return code;
}

static int analyse(const simulation *s, lb_table *table, lb_result **out, lb_error *err)
{
    char level[32];
    lb_call *call = lb_call_new(lb_call_registry(s->call), s->analyse);
    int code = lb_call_bind_table(call, "data", table, err);
    if (!code) code = lb_call_set(call, "formula", s->formula, err);
    if (!code) code = lb_call_set(call, "treatment", s->treatment, err);
    if (!code && s->reference) code = lb_call_set(call, "reference", s->reference, err);
    if (!code) code = lb_call_set(call, "level", lb_number_text(s->level, level), err);
    if (!code) code = lb_call_set(call, "anova", "1", err); /* not read; the cheapest */
    if (!code) code = lb_call_run(call, out, err);
    lb_call_free(call);
    return code;
}

static void judge(const simulation *s, const lb_power_contrast *c, double truth, outcome *o)
{
    double sign = s->lower ? -1 : 1;
    o->estimate = c->estimate;
    o->se = c->se;
    o->n = c->n;
    o->truth = truth;
    o->done = o->se > 0 && isfinite(o->estimate);
    double p = lb_t_p((sign * o->estimate - s->margin) / o->se, c->df, LB_UPPER);
    o->rejected = p < s->alpha / s->sides;
    o->covered = c->lower <= o->truth && o->truth <= c->upper;
}

/* By the operation itself: whatever the model, and in its words when there is no estimate. */
static void run_trial(const simulation *s, lb_table *table, double truth, outcome *o)
{
    lb_error err = LB_ERROR_INIT;
    lb_result *analysis = NULL;
    int code = analyse(s, table, &analysis, &err);
    if (!code) {
        const lb_value *rows = lb_get(analysis->results, "contrasts"), *row = rows && rows->count ? rows->item[0] : NULL;
        lb_power_contrast c = {lb_get_number(row, "estimate", NAN), lb_get_number(row, "se", NAN), lb_get_number(row, "df", INFINITY),
                               lb_get_number(row, "lower", NAN), lb_get_number(row, "upper", NAN), lb_get_number(analysis->results, "n", NAN)};
        judge(s, &c, truth, o);
        if (!o->done) snprintf(o->message, sizeof o->message, "the analysis has no estimate (%s)", analysis->status);
    } else {
        snprintf(o->message, sizeof o->message, "%s", err.message);
    }
    lb_result_free(analysis);
}

/* Trial `index` of those invented together. */
static void analyse_trial(const simulation *s, const lb_result *trials, size_t index, outcome *o)
{
    lb_arena *arena = lb_arena_new();
    const lb_value *trial = lb_get(trials->results, "trials")->item[index];
    lb_table *table = NULL;
    lb_error err = LB_ERROR_INIT;
    lb_power_contrast c;
    if (s->columns) {
        double truth = lb_get_number(trial, "effect_mean", NAN);
        table = trials->table[index];
        if (lb_power_ancova(s->parsed, table, s->treatment, s->reference, s->level, arena, &c)) judge(s, &c, truth, o);
        else run_trial(s, table, truth, o);
    } else if (lb_table_from_value(lb_path(trial, "tables.participants"), "participants", arena, &table, &err) == LB_OK) {
        run_trial(s, table, lb_get_number(lb_get(trial, "truth"), "effect_mean", NAN), o);
    } else {
        snprintf(o->message, sizeof o->message, "%s", err.message);
    }
    lb_arena_free(arena);
}

typedef struct batch {
    simulation *s;
    size_t first, end, together;
} batch;

static void run_in_batch(void *context, size_t index)
{
    const batch *b = context;
    size_t first = b->first + index * b->together, count = b->end - first < b->together ? b->end - first : b->together;
    lb_error err = LB_ERROR_INIT;
    lb_result *trials = NULL;
    if (lb_progress_cancelled(lb_call_progress(b->s->call))) return;
    int code = invent(b->s, first, count, b->s->columns, &trials, &err);
    for (size_t i = 0; i < count; i++) {
        outcome *o = &b->s->trial[first + i];
        if (code) snprintf(o->message, sizeof o->message, "%s", err.message);
        else analyse_trial(b->s, trials, i, o);
    }
    lb_result_free(trials);
}

static int read(lb_call *call, simulation *s, lb_error *err)
{
    const lb_registry *registry = lb_call_registry(call);
    *s = (simulation){.call = call, .simulate = lb_registry_find(registry, "study", "simulate"), .analyse = lb_registry_find(registry, "analyse", "ancova"),
                      .formula = lb_call_text(call, "formula"), .treatment = lb_call_text(call, "treatment"),
                      .reference = lb_call_text(call, "reference"), .alpha = lb_call_number(call, "alpha"), .margin = lb_call_number(call, "margin"),
                      .level = lb_call_number(call, "level"), .sides = (int)lb_call_int(call, "sides"),
                      .lower = lb_call_chosen(call, "better", "lower"), .seed = (uint64_t)lb_call_int(call, "seed")};
    if (!s->simulate || !s->analyse) return lb_fail(err, LB_FAILED, "this build cannot simulate studies or analyse them");
    if (!(s->alpha > 0 && s->alpha < 1)) return lb_power_refuse(err, "alpha", s->alpha, "between 0 and 1");
    s->n = lb_arena_printf(lb_call_arena(call), "%lld", (long long)lb_call_int(call, "n"));
    return lb_call_document(call, "file", &s->study, err);
}

/* The columns that the analysis reads, as a list for study simulate; NULL when the outcome is an expression or the model has none. */
static const char *columns_read(const simulation *s, const lb_table *table)
{
    lb_arena *arena = lb_call_arena(s->call);
    lb_error unused = LB_ERROR_INIT;
    lb_design_options options = {.factor_columns = &s->treatment, .factor_count = 1};
    lb_design *d;
    lb_buf list = {0};
    if (!s->parsed || lb_design_build(s->parsed, table, &options, arena, &d, &unused)) return NULL;
    if (!d->response || !lb_table_find(table, d->response) || !lb_design_raw(d, s->treatment)) return NULL;
    lb_buf_puts(&list, d->response);
    for (size_t i = 0; i < d->raw_count; i++) lb_buf_printf(&list, ",%s", d->raw_name[i]);
    const char *columns = lb_arena_text(arena, list.data);
    lb_buf_free(&list);
    return columns;
}

/* The first trial, whole: does the formula's outcome belong to the score whose true effect is known, which columns does the analysis
 * read, and can they be made alone? */
static bool look_at_first(simulation *s, lb_error *err)
{
    lb_result *trial = NULL, *alone = NULL;
    lb_error unused = LB_ERROR_INIT;
    lb_arena *arena = lb_call_arena(s->call);
    lb_formula *formula = NULL;
    lb_table *table;
    if (invent(s, 0, 1, NULL, &trial, err)) return false;
    bool known = lb_text_starts(s->formula, lb_get_text(lb_path(trial->results, "trials[0].truth"), "score", "?"));
    if (lb_formula_parse(s->formula, arena, &formula, &unused) == LB_OK) s->parsed = formula;
    if (lb_table_from_value(lb_path(trial->results, "trials[0].tables.participants"), "participants", arena, &table, &unused) == LB_OK)
        s->columns = columns_read(s, table);
    if (s->columns && invent(s, 0, 1, s->columns, &alone, &unused)) s->columns = NULL;
    lb_result_free(alone);
    lb_result_free(trial);
    return known;
}

static void report(const simulation *s, size_t trials, bool truth, lb_result *result)
{
    double k = 0, rejected = 0, covered = 0, sum = 0, squares = 0, se = 0, effect = 0, n = 0;
    for (size_t i = 0; i < trials; i++) {
        const outcome *o = &s->trial[i];
        if (!o->done) continue;
        k++;
        rejected += o->rejected;
        covered += o->covered;
        sum += o->estimate;
        se += o->se;
        effect += o->truth;
        n += o->n;
    }
    for (size_t i = 0; i < trials; i++) {
        if (s->trial[i].done) squares += (s->trial[i].estimate - sum / k) * (s->trial[i].estimate - sum / k);
    }
    double power = rejected / k, spread = k > 1 ? sqrt(squares / (k - 1)) : NAN, z = lb_norm_q(0.025, LB_UPPER), zz = z * z;
    double centre = (power + zz / (2 * k)) / (1 + zz / k), half = z / (1 + zz / k) * sqrt(power * (1 - power) / k + zz / (4 * k * k));
    lb_value *out = result->results;
    lb_set_int(out, "trials", (int64_t)k);
    lb_set_int(out, "failed", (int64_t)((double)trials - k));
    lb_set_number(out, "power", power);
    lb_set_number(out, "power_se", sqrt(power * (1 - power) / k));
    lb_set_number(out, "power_lower", centre - half);
    lb_set_number(out, "power_upper", centre + half);
    lb_set_number(out, "n_analysed", n / k);
    lb_set_number(out, "estimate_mean", sum / k);
    lb_set_number(out, "estimate_sd", spread);
    lb_set_number(out, "estimate_mean_se", spread / sqrt(k));
    lb_set_number(out, "se_mean", se / k);
    if (!truth) return;
    lb_set_number(out, "truth_mean", effect / k);
    lb_set_number(out, "bias", (sum - effect) / k);
    lb_set_number(out, "coverage", covered / k);
    lb_set_number(out, "coverage_se", sqrt(covered / k * (1 - covered / k) / k));
}

static void notes(lb_call *call, const simulation *s, bool truth, lb_result *result)
{
    lb_result_note(result, "Every trial: study simulate with %s people, then analyse ancova %s, as randomised; rejected when the %s-sided p in the "
                   "direction of benefit (%s is better) is below %g%s.", s->n, s->formula, s->sides == 1 ? "one" : "two", s->lower ? "lower" : "higher",
                   s->alpha, s->sides == 2 ? ", the wrong direction not counted" : "");
    if (s->margin != 0) lb_result_note(result, "The test is against a benefit of %g.", s->margin);
    lb_result_note(result, "power_se, estimate_mean_se and coverage_se are Monte Carlo errors; power_lower to power_upper is Wilson's 95 %% interval. "
                   "Seed %lld.", (long long)lb_call_int(call, "seed"));
    if (truth) lb_result_note(result, "truth_mean is the true effect over the people randomised before scores are rounded and held inside their range, "
                              "which draws estimates towards 0.");
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    simulation s;
    size_t trials = (size_t)lb_call_int(call, "trials");
    int code = read(call, &s, err);
    if (code) return code;
    lb_error why = LB_ERROR_INIT;
    bool truth = look_at_first(&s, &why);
    if (why.code) {
        if (err) *err = why;
        return why.code;
    }
    s.trial = lb_arena_try(lb_call_arena(call), trials, sizeof *s.trial);
    if (!s.trial) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu trials", trials);
    const lb_progress *progress = lb_call_progress(call);
    size_t people = (size_t)lb_call_int(call, "n"), together = PEOPLE_TOGETHER / people;
    together = together < 1 ? 1 : together > TOGETHER_MOST ? TOGETHER_MOST : together;
    if (s.columns) together *= LEAN;
    unsigned threads = lb_call_threads(call);
    size_t share = (trials + threads - 1) / (threads ? threads : 1);
    if (threads > 1 && together > share) together = share;
    size_t whole = 8 * together; /* progress is told between batches, from one thread */
    for (size_t first = 0; first < trials; first += whole) {
        size_t count = trials - first < whole ? trials - first : whole;
        batch b = {&s, first, first + count, together};
        lb_progress_report(progress, (double)first / (double)trials, "trials");
        lb_parallel_for((count + together - 1) / together, lb_call_threads(call), run_in_batch, &b);
        if (lb_progress_cancelled(progress)) return lb_fail(err, LB_CANCELLED, "cancelled");
    }
    size_t failed = 0, last = 0;
    for (size_t i = 0; i < trials; i++) {
        if (s.trial[i].done) continue;
        failed++;
        last = i;
    }
    if (failed == trials) {
        code = lb_fail(err, LB_BAD_DATA, "no trial could be analysed: %s", s.trial[last].message);
        lb_error_where(err, "formula");
        lb_error_hint(err, "the columns are those of the table participants of study simulate");
        return code;
    }
    if (failed) lb_result_warn(result, "%zu trials could not be analysed and are left out: %s", failed, s.trial[last].message);
    result->title = "Power by simulating the protocol";
    report(&s, trials, truth, result);
    notes(call, &s, truth, result);
    return LB_OK;
}

static const lb_param params[] = {
    {.name = "file", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "protocol file with a section simulation"},
    {.name = "formula", .type = LB_P_FORMULA, .flags = LB_REQUIRED, .summary = "the planned analysis: odi_12m ~ odi_0 + sex + centre + arm"},
    {.name = "treatment", .type = LB_P_TEXT, .summary = "the column of the arms", .preset = "arm"},
    {.name = "reference", .type = LB_P_TEXT, .summary = "its reference level (default: the first)"},
    {.name = "n", .type = LB_P_INT, .summary = "people randomised, all arms together", .preset = "314", .min = 2, .max = 20000},
    {.name = "trials", .type = LB_P_INT, .summary = "trials to simulate", .preset = "200", .min = 2, .max = 100000},
    {.name = "alpha", .type = LB_P_NUMBER, .summary = "total significance level", .preset = "0.05"},
    {.name = "sides", .type = LB_P_INT, .summary = "one- or two-sided test", .preset = "2", .min = 1, .max = 2},
    {.name = "margin", .type = LB_P_NUMBER, .summary = "benefit that has to be exceeded", .preset = "0"},
    {.name = "better", .type = LB_P_CHOICE, .summary = "direction of benefit", .preset = "lower", .choices = "lower,higher"},
    {.name = "level", .type = LB_P_NUMBER, .summary = "level of the intervals whose coverage is counted", .preset = "0.95", .min = 1e-6, .max = 0.999999},
    {.name = "seed", .type = LB_P_INT, .summary = "seed of the simulation", .preset = "1", .min = 0, .max = 9e15},
};

const lb_op lb_op_power_simulate = {
    .area = "power", .verb = "simulate",
    .summary = "power by simulating the protocol itself and analysing it as planned",
    .description =
        "Invents --trials trials with `study simulate` (screening, randomisation, effect, dropout as the protocol's section simulation says) and "
        "analyses each by `analyse ancova`. Power is the share of trials that show a benefit, with its Monte Carlo error; mean and spread of the "
        "estimates, mean standard error, and, where the outcome is the score whose effect is simulated, bias and coverage.\n\n"
        "Trial i is drawn from stream i of the seed: any number of threads gives the same result (Burton et al. 2006; Morris, White & Crowther "
        "2019).",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar power simulate studies/metnlbp.yaml --formula 'odi_12m ~ odi_0 + sex + centre + arm' --n 60 --trials 20"};

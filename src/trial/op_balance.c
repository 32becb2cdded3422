/* randomise balance: are the arms balanced, and could somebody have steered people by guessing the next arm? */
#include "trial/balance.h"
#include "trial/log.h"
#include "trial/ops.h"

#include <math.h>
#include <string.h>

#include <lumbar/numeric.h>

typedef struct tally {
    const char *stratum;
    int64_t block;
    unsigned in_block[LB_RTSM_ARMS], all[LB_RTSM_ARMS];
    unsigned n, run, longest;
    int last;
    double worst;
} tally;

typedef struct study {
    lb_call *call;
    const allocation_log *log;
    const char *const *arm;
    size_t arms;
    lb_rtsm rtsm;
    bool seeded;
    tally *tally;
    size_t tallies;
    double *chance; /* of the first arm, per row; NaN when not known */
} study;

static tally *tally_of(study *s, const char *stratum)
{
    for (size_t i = 0; i < s->tallies; i++)
        if (strcmp(s->tally[i].stratum, stratum) == 0) return &s->tally[i];
    s->tally[s->tallies] = (tally){.stratum = stratum, .block = -1, .last = -1};
    return &s->tally[s->tallies++];
}

static unsigned block_size(const study *s, const log_row *row)
{
    if (row->size > 0 && row->size <= LB_RTSM_BLOCK) return (unsigned)row->size;
    if (!s->seeded || row->block < 0 || row->block > UINT32_MAX) return 0;
    lb_rtsm_block block;
    lb_rtsm_draw(&s->rtsm, row->stratum, (uint32_t)row->block, &block);
    return block.size;
}

static void count_row(study *s, size_t i)
{
    const log_row *row = &s->log->row[i];
    tally *t = tally_of(s, row->stratum[0] ? row->stratum : "all");
    if (row->block != t->block) {
        memset(t->in_block, 0, sizeof t->in_block);
        t->block = row->block;
    }
    if (row->block >= 0)
        s->chance[i] = trial_chance_before(t->in_block[0], t->in_block[1], block_size(s, row), s->rtsm.size, s->rtsm.size_count);
    if (row->arm_index < 0) return;
    t->in_block[row->arm_index]++;
    t->all[row->arm_index]++;
    t->n++;
    t->run = row->arm_index == t->last ? t->run + 1 : 1;
    t->last = row->arm_index;
    if (t->run > t->longest) t->longest = t->run;
    unsigned low = t->all[0], high = t->all[0];
    for (size_t k = 1; k < s->arms; k++) {
        if (t->all[k] < low) low = t->all[k];
        if (t->all[k] > high) high = t->all[k];
    }
    t->worst = fmax(t->worst, high - low);
}

static void stratum_row(const study *s, const tally *t, lb_value *rows)
{
    lb_value *row = lb_push_object(rows);
    unsigned low = t->all[0], high = t->all[0];
    lb_set_text(row, "stratum", t->stratum);
    lb_set_int(row, "n", t->n);
    for (size_t k = 0; k < s->arms; k++) {
        lb_set_int(row, s->arm[k], t->all[k]);
        if (t->all[k] < low) low = t->all[k];
        if (t->all[k] > high) high = t->all[k];
    }
    lb_set_int(row, "imbalance", high - low);
    lb_set_int(row, "largest_imbalance", (int64_t)t->worst);
    lb_set_int(row, "longest_run", t->longest);
}

static void report_strata(const study *s, lb_value *results)
{
    lb_value *rows = lb_set_array(results, "strata");
    tally total = {.stratum = "total"};
    for (size_t i = 0; i < s->tallies; i++) {
        stratum_row(s, &s->tally[i], rows);
        for (size_t k = 0; k < s->arms; k++) total.all[k] += s->tally[i].all[k];
        total.n += s->tally[i].n;
    }
    unsigned low = total.all[0], high = total.all[0];
    for (size_t k = 1; k < s->arms; k++) {
        if (total.all[k] < low) low = total.all[k];
        if (total.all[k] > high) high = total.all[k];
    }
    lb_value *all = lb_set_object(results, "total");
    lb_set_int(all, "n", total.n);
    for (size_t k = 0; k < s->arms; k++) lb_set_int(all, s->arm[k], total.all[k]);
    lb_set_int(all, "imbalance", high - low);
}

/* A guesser who names the likelier arm: right, wrong, or half right when both are equally likely. */
static void report_guesses(const study *s, lb_value *results)
{
    double right = 0;
    size_t n = 0, certain = 0;
    for (size_t i = 0; i < s->log->rows; i++) {
        double p = s->chance[i];
        int arm = s->log->row[i].arm_index;
        if (isnan(p) || arm < 0) continue;
        n++;
        certain += p <= 0 || p >= 1;
        right += p == 0.5 ? 0.5 : (p > 0.5) == (arm == 0);
    }
    lb_set_number(results, "guess_rate", n ? right / (double)n : NAN);
    lb_set_number(results, "certain_share", n ? (double)certain / (double)n : NAN);
}

static int report_regression(study *s, const lb_table *table, lb_value *results, lb_error *err)
{
    const char *name = lb_call_text(s->call, "covariate");
    lb_column *covariate;
    size_t n = 0, rows = s->log->rows;
    if (!name) return LB_OK;
    int code = lb_table_number(table, name, &covariate, err);
    if (code != LB_OK) return code;
    double *x = lb_arena_array(lb_call_arena(s->call), rows + 1, sizeof *x);
    double *y = lb_arena_array(lb_call_arena(s->call), rows + 1, sizeof *y);
    for (size_t i = 0; i < rows; i++) {
        if (isnan(s->chance[i]) || isnan(covariate->number[i])) continue;
        x[n] = s->chance[i];
        y[n++] = covariate->number[i];
    }
    if (n < 3) return lb_fail(err, LB_BAD_DATA, "only %zu rows have both '%s' and a chance of the arm: 3 are needed", n, name);
    trial_line line;
    trial_slope(x, y, n, &line);
    lb_value *test = lb_set_object(results, "berger_exner");
    lb_set_text(test, "covariate", name);
    lb_set_int(test, "n", (int64_t)n);
    lb_set_number(test, "slope", line.slope);
    lb_set_number(test, "se", line.se);
    lb_set_number(test, "statistic", line.statistic);
    lb_set_number(test, "df", line.df);
    lb_set_number(test, "p", lb_two_sided_p(line.statistic, line.df));
    return LB_OK;
}

static int use_column(study *s, const lb_table *table, lb_result *result, lb_error *err)
{
    lb_column *given;
    if (!lb_table_find(table, "prob_A_before") || lb_call_flag(s->call, "recompute")) {
        lb_result_note(result, "Chance of %s before each allocation: recomputed from the block so far%s.", s->arm[0],
                       s->log->has_size || s->seeded ? " and its size" : ", over the block sizes it may have");
        return LB_OK;
    }
    int code = lb_table_number(table, "prob_A_before", &given, err);
    if (code != LB_OK) return code;
    for (size_t i = 0; i < table->rows; i++) s->chance[i] = given->number[i];
    lb_result_note(result, "Chance of %s before each allocation: column prob_A_before.", s->arm[0]);
    return LB_OK;
}

static int read_sizes(study *s, lb_error *err)
{
    const double *size;
    size_t sizes = lb_call_numbers(s->call, "blocks", &size);
    s->arms = lb_call_texts(s->call, "arms", &s->arm);
    if (s->arms != 2) return lb_fail(err, LB_USAGE, "%zu arms: the balance report is for two", s->arms);
    s->seeded = lb_call_given(s->call, "seed");
    if (s->seeded && !lb_call_given(s->call, "trial"))
        return lb_fail(err, LB_USAGE, "a seed needs the name of its trial: add --trial");
    if (s->seeded) return trial_rtsm_of_call(s->call, &s->rtsm, err);
    for (size_t i = 0; i < sizes && i < LB_RTSM_SIZES; i++) {
        if (!(size[i] >= 2 && size[i] <= LB_RTSM_BLOCK)) return lb_fail(err, LB_USAGE, "%g is no block size", size[i]);
        s->rtsm.size[s->rtsm.size_count++] = (unsigned)size[i];
    }
    return LB_OK;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    study s = {.call = call};
    lb_table *table;
    allocation_log log;
    int code = read_sizes(&s, err);
    if (code == LB_OK) code = lb_call_table(call, "log", &table, err);
    if (code == LB_OK) code = trial_log_read(table, s.arm, s.arms, false, lb_call_arena(call), &log, err);
    if (code != LB_OK) return code;
    s.log = &log;
    s.chance = lb_arena_array(lb_call_arena(call), log.rows + 1, sizeof *s.chance);
    s.tally = lb_arena_array(lb_call_arena(call), log.rows + 1, sizeof *s.tally);
    size_t strange = 0;
    for (size_t i = 0; i < log.rows; i++) {
        s.chance[i] = NAN;
        strange += log.row[i].arm_index < 0;
        count_row(&s, i);
    }
    if (strange) lb_result_warn(result, "%zu rows name an arm that is none of %s, %s and are not counted", strange, s.arm[0], s.arm[1]);
    code = use_column(&s, table, result, err);
    if (code != LB_OK) return code;
    report_strata(&s, result->results);
    report_guesses(&s, result->results);
    lb_result_note(result, "For the unblinded statistician only: this report depends on the arms. Berger-Exner: without selection "
                           "bias the covariate has slope 0 on the chance of the arm that is allocated next.");
    return report_regression(&s, table, result->results, err);
}

static const lb_param params[] = {
    {"log", LB_P_TABLE, LB_REQUIRED | LB_POSITIONAL | LB_MAY_BE_EMPTY, "the allocation log, in order of time", NULL, NULL, 0, 0, NULL},
    {"covariate", LB_P_COLUMN, 0, "baseline covariate for the Berger-Exner test", NULL, NULL, 0, 0, "log"},
    {"arms", LB_P_TEXTS, 0, "the two arms", "A,B", NULL, 0, 0, NULL},
    {"blocks", LB_P_NUMBERS, 0, "block sizes that may occur", "4,6", NULL, 2, LB_RTSM_BLOCK, NULL},
    {"recompute", LB_P_FLAG, 0, "ignore the column prob_A_before", NULL, NULL, 0, 0, NULL},
    {"trial", LB_P_TEXT, 0, "name of the trial, with --seed", NULL, NULL, 0, 0, NULL},
    {"seed", LB_P_TEXT, 0, "revealed seed: gives the block sizes when the log has none", NULL, NULL, 0, 0, NULL},
};

const lb_op trial_op_balance = {
    .area = "randomise",
    .verb = "balance",
    .summary = "balance of the arms, and whether the next arm could be guessed",
    .description =
        "Numbers per arm and stratum with the largest imbalance and longest run so far; the share of allocations that a guesser who "
        "knows the block boundaries names rightly (Blackwell and Hodges' convergence strategy); and the Berger-Exner test (Control "
        "Clin Trials 1999; 20: 319): least squares of a baseline covariate on the chance of the first arm given the block so far. "
        "The chance is the column prob_A_before, or is recomputed from block_index (and block_size, the seed, or the sizes that may "
        "occur).",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar randomise balance reference/trial/log.csv",
};

/* randomise verify: replay an allocation log against the revealed seed and name every fault. */
#include "trial/log.h"
#include "trial/ops.h"

#include <string.h>

static void count_strata(const allocation_log *log, lb_arena *arena, lb_value *rows)
{
    lb_value *index = lb_value_object(arena);
    for (size_t i = 0; i < log->rows; i++) {
        const char *name = log->row[i].stratum[0] ? log->row[i].stratum : "(empty)";
        lb_set_int(index, name, lb_get_int(index, name, 0) + 1);
    }
    for (size_t i = 0; i < index->count; i++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "stratum", index->key[i]);
        lb_set_int(row, "rows", index->item[i]->integer);
    }
}

static void say_verdict(lb_result *result, const allocation_log *log, const lb_value *faults)
{
    size_t wrong = 0;
    for (size_t i = 0; i < faults->count; i++)
        wrong += lb_text_equal(lb_get_text(faults->item[i], "kind", ""), "wrong_arm");
    if (log->rows >= 8 && wrong * 4 >= log->rows)
        lb_result_warn(result, "%zu of %zu arms differ: the seed or the trial's name is probably not the one of this log", wrong,
                       log->rows);
    if (!log->has_seq) lb_result_warn(result, "the log has no column 'seq': rows removed from its end cannot be seen");
    lb_result_note(result, "Replayed by rtsm-v1 in the order of the row numbers. Each fault is named once, at its row (counted from 1, "
                           "without the heading). Rows cut off the end of a log leave no trace in it: compare the number of rows "
                           "with the enrolment.");
}

enum { FACTORS_MOST = 64 };

/* The levels of the log's people, as numbers. */
static int read_levels(lb_call *call, const lb_table *table, const char *const *factor, size_t factors, int **out, lb_error *err)
{
    int *level = *out = lb_arena_try(lb_call_arena(call), table->rows * factors + 1, sizeof *level);
    if (!level) return lb_fail(err, LB_TOO_LARGE, "a log of %zu rows and %zu factors does not fit into memory", table->rows, factors);
    for (size_t f = 0; f < factors; f++) {
        lb_column *named, column;
        int code = lb_table_column(table, factor[f], &named, err);
        if (code == LB_OK) code = lb_table_factor(table, factor[f], lb_call_arena(call), &column, err);
        if (code != LB_OK) return code;
        for (size_t i = 0; i < table->rows; i++) level[i * factors + f] = column.code[i];
    }
    return LB_OK;
}

static int verify_minimised(lb_call *call, const lb_table *table, const allocation_log *log, const lb_rtsm *rtsm, lb_value *faults, lb_error *err)
{
    const char *const *factor;
    size_t factors = lb_call_texts(call, "factors", &factor);
    int *level;
    if (factors > FACTORS_MOST) return lb_fail(err, LB_USAGE, "%zu factors: give at most %d", factors, FACTORS_MOST);
    double *weight = lb_arena_array(lb_call_arena(call), factors + 1, sizeof *weight);
    int code = trial_weights_of_call(call, factor, factors, weight, err);
    if (code == LB_OK) code = read_levels(call, table, factor, factors, &level, err);
    if (code != LB_OK) return code;
    const lb_minimise rule = {.arm_count = rtsm->arm_count, .factor_count = (unsigned)factors, .weight = weight,
                              .variance = lb_call_chosen(call, "method", "variance"), .p_best = lb_call_number(call, "p-best")};
    trial_log_verify_minimised(log, rtsm, &rule, level, lb_call_arena(call), faults);
    return LB_OK;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    const char *const *factor;
    bool minimised = lb_call_texts(call, "factors", &factor) > 0;
    lb_rtsm rtsm;
    lb_table *table;
    allocation_log log;
    int code = trial_rtsm_of_call(call, &rtsm, err);
    if (code == LB_OK) code = lb_call_table(call, "log", &table, err);
    if (code == LB_OK) code = trial_log_read(table, rtsm.arm, rtsm.arm_count, !minimised, lb_call_arena(call), &log, err);
    if (code != LB_OK) return code;
    char commitment[65];
    lb_rtsm_commitment(&rtsm, commitment);
    const char *published = lb_call_text(call, "commitment");
    bool committed = !published || strcmp(published, commitment) == 0;
    lb_value *faults = lb_value_array(lb_call_arena(call));
    if (committed && minimised) {
        code = verify_minimised(call, table, &log, &rtsm, faults, err);
        if (code != LB_OK) return code;
    } else if (committed) {
        trial_log_verify(&log, &rtsm, lb_call_arena(call), faults);
    } else {
        lb_value *fault = lb_push_object(faults);
        lb_set_null(fault, "row");
        lb_set_text(fault, "kind", "wrong_commitment");
        lb_set_textf(fault, "message", "this trial and seed give the commitment %s, not the published one", commitment);
    }
    lb_set_bool(result->results, "valid", faults->count == 0);
    lb_set_text(result->results, "commitment", commitment);
    lb_set_int(result->results, "rows", (int64_t)log.rows);
    lb_set(result->results, "faults", faults);
    count_strata(&log, lb_call_arena(call), lb_set_array(result->results, "strata"));
    say_verdict(result, &log, faults);
    if (faults->count > 0) lb_result_status(result, "invalid");
    return LB_OK;
}

static const lb_param params[] = {
    {"log", LB_P_TABLE, LB_REQUIRED | LB_POSITIONAL | LB_MAY_BE_EMPTY, "the allocation log", NULL, NULL, 0, 0, NULL},
    TRIAL_PARAM_RTSM,
    {"factors", LB_P_TEXTS, 0, "a minimised trial: its factors, columns of the log", NULL, NULL, 0, 0, NULL},
    {"weights", LB_P_TEXT, 0, "minimised: factor=weight, …; 1 unless given", NULL, NULL, 0, 0, NULL},
    {"method", LB_P_CHOICE, 0, "minimised: measure of imbalance of a factor", "range", "range,variance", 0, 0, NULL},
    {"p-best", LB_P_NUMBER, 0, "minimised: probability of the preferred arm", "0.8", NULL, 0, 1, NULL},
    {"commitment", LB_P_TEXT, 0, "the published commitment, to check the seed against", NULL, NULL, 0, 0, NULL},
};

const lb_op trial_op_verify = {
    .area = "randomise",
    .verb = "verify",
    .summary = "replay an allocation log and name every fault",
    .description =
        "Recomputes every allocation of a log by rtsm-v1 from the revealed seed. Columns: seq, time_utc, subject, stratum, centre, "
        "sex, block_index, position, arm, event. Kinds of fault: wrong_arm, skipped_slot, slot_twice, subject_twice, missing_row, "
        "time_order, wrong_stratum, slot_order, wrong_slot, no_such_slot, wrong_number, wrong_block_size, unknown_arm, "
        "unknown_event, no_subject, no_time, no_level, wrong_commitment. With --factors the log is one of a minimised trial: every arm is "
        "computed again from the people before and the draw of its number. One edit of the log is one fault. The status is 'invalid' (exit 3) "
        "when there is any.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar randomise verify reference/trial/log.csv --trial EXAMPLE --seed "
               "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
};

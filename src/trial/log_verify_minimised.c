/* Replaying the log of a minimised trial against the revealed seed: for every row the imbalance that each arm would have
 * made with the people before it (Pocock and Simon 1975), the chances, and the draw of that number (lb_rtsm_uniform).
 * Each fault is named at its row; a wrong arm is kept as it stands, for the people after it were allocated with it. */
#include "trial/log.h"

#include <string.h>

typedef struct replay {
    const allocation_log *log;
    const lb_rtsm *rtsm;
    const lb_minimise *rule;     /* counts are filled in per row */
    const int *level;            /* rows × factors: number of the level among the factor's; -1 = missing */
    lb_arena *arena;
    lb_value *faults;
} replay;

static void blame(const replay *r, const log_row *row, const char *kind, const char *message)
{
    lb_value *one = lb_push_object(r->faults);
    lb_set_int(one, "row", (int64_t)row->row);
    if (row->seq >= 0) lb_set_int(one, "seq", row->seq);
    else lb_set_null(one, "seq");
    lb_set_text(one, "kind", kind);
    lb_set_text(one, "message", message);
}

static int committed_arm(const replay *r, size_t index, int64_t number)
{
    const lb_minimise *rule = r->rule;
    double score[LB_RTSM_ARMS], probability[LB_RTSM_ARMS], sum = 0;
    uint32_t *counts = lb_arena_array(r->arena, (size_t)rule->arm_count * rule->factor_count + 1, sizeof *counts);
    const int *own = &r->level[index * rule->factor_count];
    for (size_t i = 0; i < index; i++) {
        int arm = r->log->row[i].arm_index;
        for (unsigned f = 0; arm >= 0 && f < rule->factor_count; f++)
            counts[(unsigned)arm * rule->factor_count + f] += r->level[i * rule->factor_count + f] == own[f];
    }
    lb_minimise m = *rule;
    m.counts = counts;
    lb_minimise_scores(&m, score, probability);
    double u = lb_rtsm_uniform(r->rtsm, (uint32_t)number);
    for (unsigned k = 0; k + 1 < rule->arm_count; k++) {
        sum += probability[k];
        if (u < sum) return (int)k;
    }
    return (int)rule->arm_count - 1;
}

static bool levels_known(const replay *r, size_t index)
{
    for (unsigned f = 0; f < r->rule->factor_count; f++)
        if (r->level[index * r->rule->factor_count + f] < 0) return false;
    return true;
}

static void check_row(const replay *r, size_t i, int64_t *last_seq, int64_t *last_time)
{
    const log_row *row = &r->log->row[i];
    int64_t number = r->log->has_seq ? row->seq : (int64_t)i + 1;
    if (r->log->has_seq && number != *last_seq + 1)
        blame(r, row, number > *last_seq + 1 ? "missing_row" : "wrong_number",
              lb_arena_printf(r->arena, "the number %lld does not follow %lld", (long long)number, (long long)*last_seq));
    if (number > *last_seq) *last_seq = number;
    if (row->has_time && row->time < *last_time) blame(r, row, "time_order", "the time is before that of the row above");
    if (row->has_time && row->time > *last_time) *last_time = row->time;
    if (row->event[0] && strcmp(row->event, "allocate") != 0)
        blame(r, row, "unknown_event", lb_arena_printf(r->arena, "the event '%s' is not 'allocate': an allocation is final", row->event));
    for (size_t k = 0; r->log->has_subject && k < i; k++)
        if (strcmp(r->log->row[k].subject, row->subject) == 0) {
            blame(r, row, "subject_twice", lb_arena_printf(r->arena, "%s was already randomised in row %zu", row->subject, r->log->row[k].row));
            break;
        }
    if (row->arm_index < 0) {
        blame(r, row, "unknown_arm", lb_arena_printf(r->arena, "'%s' is no arm of this trial", row->arm));
    } else if (!levels_known(r, i)) {
        blame(r, row, "no_level", "a factor has no value in this row");
    } else if (number > 0 && number <= UINT32_MAX) {
        int arm = committed_arm(r, i, number);
        if (arm != row->arm_index)
            blame(r, row, "wrong_arm",
                  lb_arena_printf(r->arena, "the log says %s, the seed and the people before say %s", row->arm, r->rtsm->arm[arm]));
    }
}

void trial_log_verify_minimised(const allocation_log *log, const lb_rtsm *rtsm, const lb_minimise *rule, const int *level, lb_arena *arena,
                                lb_value *faults)
{
    const replay r = {log, rtsm, rule, level, arena, faults};
    int64_t last_seq = 0, last_time = INT64_MIN;
    for (size_t i = 0; i < log->rows; i++) check_row(&r, i, &last_seq, &last_time);
}

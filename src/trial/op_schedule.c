/* study schedule: the dates and windows of one person's visits, counted from the day of randomisation. */
#include "trial/op_study.h"

#include <string.h>

static void dated(lb_value *row, const char *key, int64_t days)
{
    char text[16];
    lb_date_text(days, text);
    lb_set_text(row, key, text);
}

static void add_row(lb_value *rows, const lb_study *s, const lb_study_visit *v, int nominal, int64_t zero, int occasion)
{
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "visit", v->id);
    lb_set_text(row, "label", v->label.en);
    if (occasion) lb_set_int(row, "occasion", occasion);
    else lb_set_null(row, "occasion");
    lb_set_text(row, "anchor", v->anchor >= 0 ? s->visit[v->anchor].id : "randomisation");
    lb_set_int(row, "day", nominal);
    dated(row, "date", zero + nominal);
    dated(row, "opens", zero + nominal + v->window[0]);
    dated(row, "closes", zero + nominal + v->window[1]);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    const char *date = lb_call_text(call, "randomised");
    int64_t zero;
    if (!lb_date_days(date, strlen(date), &zero)) {
        lb_fail(err, LB_USAGE, "'%.40s' is no date", date);
        lb_error_where(err, "--randomised");
        lb_error_hint(err, "write it as 2026-01-31");
        return LB_USAGE;
    }
    lb_study *s;
    int code = trial_study_of_call(call, &s, err);
    if (code != LB_OK) return code;
    bool all = lb_call_flag(call, "repeats");
    lb_value *rows = lb_set_array(result->results, "visits");
    for (size_t i = 0; i < s->visit_count; i++) {
        const lb_study_visit *v = &s->visit[i];
        if (v->anchor == LB_ANCHOR_NONE || v->unscheduled) continue;
        if (v->repeat_every == 0) {
            add_row(rows, s, v, v->nominal, zero, 0);
            continue;
        }
        int base = v->nominal, occasion = 0;
        for (int day = v->repeat_from; day <= v->repeat_to; day += v->repeat_every) {
            add_row(rows, s, v, base + day, zero, ++occasion);
            if (!all) break;
        }
    }
    lb_result_note(result, "Days count from randomisation in every arm; a visit 'after the intervention' counts from its nominal end, never from the day "
                           "somebody stopped. The windows are part of the protocol file.");
    lb_study_close(s);
    return LB_OK;
}

static const lb_param params[] = {
    TRIAL_PARAM_STUDY,
    {"randomised", LB_P_TEXT, LB_REQUIRED, "day of randomisation, such as 2026-01-31", NULL, NULL, 0, 0, NULL},
    {"repeats", LB_P_FLAG, 0, "list every occasion of repeated visits, not only the first", NULL, NULL, 0, 0, NULL},
};

const lb_op trial_op_schedule = {
    .area = "study",
    .verb = "schedule",
    .summary = "dates and windows of one person's visits",
    .description = "The visits of a protocol as dates: each visit counts from randomisation or from another visit's nominal day, so that a date "
                   "never depends on the arm.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar study schedule studies/metnlbp.yaml --randomised 2026-01-31",
};

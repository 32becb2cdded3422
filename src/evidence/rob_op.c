/* meta rob: judgements of risk of bias as a picture. */
#include "evidence/ops.h"
#include "evidence/rob.h"

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_rob_table judgements;
    lb_table *table;
    lb_column *weight = NULL;
    lb_arena *arena = lb_call_arena(call);
    int code = lb_call_table(call, "data", &table, err);
    if (!code && lb_call_given(call, "weight")) code = lb_table_number(table, lb_call_text(call, "weight"), &weight, err);
    if (!code) code = lb_rob_read(table, weight, arena, &judgements, err);
    if (code) return code;
    lb_set_int(result->results, "studies", (int64_t)judgements.studies);
    const char *svg = lb_rob_picture(&judgements, lb_set_array(result->results, "rows"), arena);
    lb_result_picture(result, "rob", "Risk of bias", svg);
    lb_result_note(
        result,
        "Percent of the %s with each judgement, per domain; D1, D2, ... are the domains of the bars in their order.",
        weight ? "weight" : "studies");
    return 0;
}

static const lb_param params[] = {
    {.name = "data",
     .type = LB_P_TABLE,
     .flags = LB_REQUIRED | LB_POSITIONAL,
     .summary = "a row per study: its name, then a column per domain (CSV)"},
    {.name = "weight",
     .type = LB_P_COLUMN,
     .summary = "weights of the summary bars (default: every study counts as one)"},
};

const lb_op lb_op_meta_rob = {
    .area = "meta",
    .verb = "rob",
    .summary = "risk of bias: traffic lights and summary bars",
    .description = "Draws judgements of risk of bias as robvis does: a circle with symbol and colour for each study "
                   "and domain, the overall "
                   "judgement shaded, and weighted summary bars. Takes the words of RoB 1, RoB 2, ROBINS-I, QUADAS-2 "
                   "and QUIPS: low, some "
                   "concerns, moderate, unclear, high, serious, critical, no information.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta rob reference/evidence/review_risk.csv -o rob.svg",
};

/* meta audit: do the numbers that a review prints agree with each other? */
#include "evidence/audit.h"
#include "evidence/ops.h"

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_bytes document;
    lb_value *claims;
    int code = lb_call_document(call, "claims", &document, err);
    if (!code) code = lb_yaml_read(&document, lb_call_arena(call), &claims, err);
    if (code) return code;
    lb_audit audit = {.claims = claims, .arena = lb_call_arena(call)};
    audit.findings = lb_set_array(result->results, "findings");
    if (claims->type == LB_OBJECT) {
        lb_audit_pooled(&audit);
        lb_audit_counts(&audit);
    }
    if (audit.checked == 0) {
        code = lb_fail(err, LB_BAD_DATA, "'%.120s' holds no claims that can be checked", document.name);
        lb_error_hint(err, "give pooled: [{k, smd, ci: [a, b], egger, egger_p, rank, rank_p, …}], flow, risk_of_bias, "
                           "trials or adverse_events");
        return code;
    }
    lb_set_int(result->results, "checked", (int64_t)audit.checked);
    lb_result_note(
        result,
        "%zu claims held against each other, %zu findings. Printed numbers are taken as rounded to their last decimal.",
        audit.checked, audit.findings->count);
    return 0;
}

static const lb_param params[] = {
    {.name = "claims",
     .type = LB_P_DOCUMENT,
     .flags = LB_REQUIRED | LB_POSITIONAL,
     .summary = "the printed numbers (JSON or YAML)"},
};

const lb_op lb_op_meta_audit = {
    .area = "meta",
    .verb = "audit",
    .summary = "check the printed numbers of a review against each other",
    .description = "Holds the numbers that a review prints against each other, without its data: intervals around "
                   "their estimates, p "
                   "values and statistics, values of Kendall's tau that so many studies can give, results printed for "
                   "two different "
                   "cells, abstract and text, counts that must add up, percentages, parts that exceed their whole. "
                   "Rounding is allowed "
                   "for, so that what is right is not reported.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta audit reference/evidence/claims.yaml",
};

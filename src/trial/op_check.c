/* study check: every flaw of a protocol file, with line, column and what to do. */
#include "trial/op_study.h"

#include <string.h>

static size_t severity(const lb_value *findings, const char *word)
{
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++) count += lb_text_equal(lb_get_text(findings->item[i], "severity", ""), word);
    return count;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_bytes bytes;
    int code = lb_call_document(call, "file", &bytes, err);
    if (code != LB_OK) return code;
    lb_study *study;
    lb_error first = LB_ERROR_INIT;
    lb_value *findings = lb_value_array(lb_call_arena(call));
    code = lb_study_read(&bytes, lb_call_arena(call), &study, findings, &first);
    if (code != LB_OK && findings->count == 0) {
        if (err) *err = first;
        return code;
    }
    lb_value *results = result->results;
    lb_set_bool(results, "valid", study != NULL);
    lb_set_int(results, "errors", (int64_t)severity(findings, "error"));
    lb_set_int(results, "warnings", (int64_t)severity(findings, "warning"));
    if (study) {
        lb_set_text(results, "id", study->id);
        lb_set_text(results, "version", study->version);
        lb_set_text(results, "sha256", study->sha256);
        lb_set_int(results, "visits", (int64_t)study->visit_count);
        lb_set_int(results, "forms", (int64_t)study->form_count);
        lb_set_int(results, "criteria", (int64_t)study->criterion_count);
    }
    lb_set(results, "findings", findings);
    if (!study) lb_result_status(result, "invalid");
    lb_study_close(study);
    return LB_OK;
}

static const lb_param params[] = {TRIAL_PARAM_STUDY};

const lb_op trial_op_check = {
    .area = "study",
    .verb = "check",
    .summary = "every flaw of a protocol file",
    .description = "Reads a protocol file and lists what is wrong in it: keys that do not exist (with the nearest that does), missing keys, wrong "
                   "kinds of value, names that lead nowhere, ids used twice, rules that are no Lua expression or read unknown items, visits that "
                   "count from each other in a circle, windows that are inverted or overlap, block sizes that the arms cannot share. Each finding "
                   "names file, line and column. With an error among them the status is 'invalid' (exit 3).",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar study check studies/metnlbp.yaml",
};

/* Operation `analyse plan`: runs a statistical analysis plan, written down before the data were seen, and reports it whole. */
#include "analysis/plan.h"
#include "analysis/room.h"

#include <math.h>
#include <string.h>

static const lb_param params[] = {
    {.name = "plan", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "the plan (YAML)"},
    {.name = "data", .type = LB_P_TABLES, .flags = LB_REQUIRED, .summary = "tables of the trial: participants, visits, screening, …"},
};

/* One sentence that says what was done: model, coding, df, N, rows dropped, version, seed. */
static const char *methods_sentence(const lb_plan *plan)
{
    const lb_plan_row *row = &plan->row[0];
    const lb_value *parameters = plan->primary->parameters, *dropped = lb_get(plan->primary->results, "dropped");
    lb_buf text = {0};
    char df[32];
    lb_buf_printf(&text, "Primary analysis by `%s` with the model %s on the set `%s`", plan->primary->operation,
                  lb_get_text(parameters, "formula", "stated in the plan"), row->set);
    lb_buf_printf(&text, ", treatment coding with %s as the reference; N = %lld analysed", plan->reference, (long long)row->n);
    int64_t rows = 0;
    for (size_t i = 0; dropped && i < dropped->count; i++) rows += lb_get_int(dropped->item[i], "rows", 0);
    if (rows) {
        lb_buf_printf(&text, ", %lld left out because a value was missing (", (long long)rows);
        for (size_t i = 0; i < dropped->count; i++)
            lb_buf_printf(&text, "%s%s: %lld", i ? ", " : "", lb_get_text(dropped->item[i], "column", ""),
                          (long long)lb_get_int(dropped->item[i], "rows", 0));
        lb_buf_puts(&text, ")");
    } else {
        lb_buf_puts(&text, ", nobody left out");
    }
    lb_buf_printf(&text, "; t tests on %s degrees of freedom. Software: Lumbar %s, seed %lld. Plan SHA-256 %s.",
                  isfinite(row->df) ? lb_number_text(row->df, df) : "infinite", lb_version(),
                  (long long)lb_get_int(plan->root, "seed", 1), plan->sha256);
    const char *copy = lb_arena_text(plan->arena, text.data);
    lb_buf_free(&text);
    return copy;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_plan plan = {.arena = result->arena, .call = call, .result = result};
    lb_bytes bytes;
    lb_table *const *table;
    size_t count;
    int code = lb_call_document(call, "plan", &bytes, err);
    if (!code) code = lb_plan_read(&plan, &bytes, err);
    if (!code) code = lb_call_tables(call, "data", &table, &count, err);
    if (!code) code = lb_plan_prepare(&plan, table, count, err);
    if (code) return code;
    result->title = lb_arena_text(result->arena, lb_get_text(plan.root, "title", "Analysis plan"));
    lb_value *about = lb_set_object(result->results, "plan");
    lb_set_text(about, "plan", lb_get_text(plan.root, "plan", NULL));
    lb_set_text(about, "version", lb_get_text(plan.root, "version", NULL));
    lb_set_text(about, "study", lb_get_text(plan.root, "study", NULL));
    lb_set_text(about, "sha256", plan.sha256);
    lb_set_int(about, "seed", lb_get_int(plan.root, "seed", 1));
    code = lb_plan_run(&plan, err);
    if (code) goto out;
    lb_set_text(result->results, "methods", methods_sentence(&plan));
    lb_result_picture(result, "primary", "Adjusted means and differences", lb_plan_figure(&plan));
    for (size_t i = 0; plan.flow && i < plan.flow->picture_count; i++)
        lb_result_picture(result, plan.flow->picture[i].name, plan.flow->picture[i].title, plan.flow->picture[i].svg);
    lb_buf report = {0};
    lb_plan_report(&plan, &report);
    lb_result_artifact(result, "report.html", "text/html; charset=utf-8", report.data, report.length);
    lb_buf_free(&report);
out:
    for (size_t i = 0; i < plan.kept_count; i++) lb_result_free(plan.kept[i]);
    return code;
}

const lb_op lb_op_analyse_plan = {
    .area = "analyse", .verb = "plan",
    .summary = "run a statistical analysis plan and write its report",
    .description =
        "The plan is a YAML file: estimands (ICH E9(R1)), derived columns, analysis sets, tables, the primary analysis, its "
        "sensitivity and secondary analyses, the sample size. Every analysis is an operation of this program by its name with "
        "its options; the plan is hashed and every number in the report comes from these runs. The report is one HTML page "
        "(-o report.html): answer, flow, baseline table, adjusted means and difference with one- and two-sided p, the interval "
        "read against the minimal important difference, sensitivity, sample-size readings, methods.\n\n"
        "See docs/plan.md for the keys of a plan.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse plan reference/analysis/trial60.plan.yaml --data participants=reference/analysis/trial60.csv --data visits=reference/analysis/visits60.csv --data screening=reference/analysis/screening83.csv -o report.html"};

/* meta review: everything that a review's protocol asks for, from its tables, in one run. */
#include "evidence/ops.h"
#include "evidence/review.h"

#include <math.h>
#include <string.h>

/* What was done, as a methods section says it. */
static void write_methods(const lb_review *review)
{
    size_t imputed = 0, all = 0;
    const lb_value *sources = lb_get(review->result->results, "sd_sources");
    for (size_t i = 0; sources && i < sources->count; i++) all += (size_t)lb_number_of(sources->item[i]);
    imputed = (size_t)lb_get_int(sources, "imputed_corr", 0);
    lb_buf text = {0};
    lb_buf_printf(&text,
                  "Effects are standardised mean differences of the change from baseline (Hedges' g with the exact J, "
                  "large-sample variance), intervention minus comparator; mean differences on a scale from %g to %g "
                  "are pooled beside "
                  "them. ",
                  review->to_low, review->to_high);
    for (size_t t = 0; t < review->term_count; t++)
        lb_buf_printf(&text, "The %s term is the visit closest to week %g after week %g and up to week %g. ",
                      review->term[t].name, review->term[t].target, review->term[t].after, review->term[t].until);
    lb_buf_printf(&text, "Of %zu arm-visits the SD of change was imputed in %zu", all, imputed);
    for (size_t o = 0; o < review->outcome_count && imputed; o++)
        lb_buf_printf(&text, "%s%s: r = %.2f from %zu arm-visits", o ? "; " : " (", review->outcome[o],
                      review->correlation[o], review->correlation_n[o]);
    if (!isnan(review->assumed) && imputed) lb_buf_puts(&text, "; r was assumed, not taken from them");
    lb_buf_printf(&text, "%s. Arms of one role were combined. Models: %s with %s tests; heterogeneity as tau2 and I2.",
                  imputed ? ")" : "", lb_tau2_method_name(review->settings.fit.method), review->settings.test_name);
    lb_set_text(review->result->results, "methods", text.data);
    lb_result_note(review->result, "%s", text.data);
    lb_buf_free(&text);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_bytes document;
    lb_review review = {.arena = lb_call_arena(call), .result = result, .source = lb_call_source(call), .assumed = lb_call_number(call, "correlation"),
                        .pictures = lb_text_equal(lb_call_text(call, "figures"), "all")};
    int code = lb_call_document(call, "review", &document, err);
    if (!code) code = lb_review_read(&review, &document, err);
    if (code) return code;
    lb_set_text(result->results, "title", lb_get_text(review.protocol, "title", "Review"));
    code = lb_review_tables(&review, err);
    if (!code) code = lb_review_changes(&review, err);
    if (!code) code = lb_review_contrasts(&review, err);
    if (!code) code = lb_review_cells(&review, err);
    if (!code) code = lb_review_subgroups(&review, err);
    if (!code) code = lb_review_regressions(&review, err);
    if (!code) code = lb_review_within(&review, err);
    if (!code) code = lb_review_describe(&review, err);
    if (!code) code = lb_review_certainty(&review, err);
    if (code) return code;
    lb_review_figures(&review);
    write_methods(&review);
    return 0;
}

static const lb_param params[] = {
    {.name = "review",
     .type = LB_P_DOCUMENT,
     .flags = LB_REQUIRED | LB_POSITIONAL,
     .summary = "the protocol (YAML or JSON)"},
    {.name = "files",
     .type = LB_P_SOURCE,
     .summary = "where the tables named by the protocol are (default: beside it)"},
    {.name = "correlation",
     .type = LB_P_NUMBER,
     .min = -0.99,
     .max = 0.99,
     .summary = "correlation behind imputed SDs of change, instead of the mean of those reported"},
    {.name = "figures", .type = LB_P_CHOICE, .choices = "all,none", .preset = "all", .summary = "draw the pictures, or not"},
};

const lb_op lb_op_meta_review = {
    .area = "meta",
    .verb = "review",
    .summary = "run a whole review from its protocol",
    .description = "Reads the protocol of a review and the tables that it names, brings every outcome to one scale, "
                   "finds the SD of "
                   "each change by the protocol's order of sources (Cochrane Handbook 6.5.2), combines arms, and pools "
                   "every cell, every "
                   "sensitivity analysis and the meta-regressions, with influence and small-study tests. Each contrast "
                   "carries the trace "
                   "of its numbers. JSON is YAML: protocols in either are read.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta review reference/evidence/review/protocol.yaml",
};

/* meta sof: the summary of findings of a review, with GRADE and its reasons. */
#include "evidence/ops.h"

#include <lumbar/result.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The review is run as `meta review` does; what it found about certainty is the table. */
static int run_review(lb_call *call, lb_result **out, lb_error *err)
{
    const lb_registry *registry = lb_call_registry(call);
    lb_bytes document;
    int code = lb_call_document(call, "review", &document, err);
    if (code) return code;
    lb_call *review = lb_call_new(registry, lb_registry_find(registry, "meta", "review"));
    lb_call_bind_source(review, lb_call_source(call));
    code = lb_call_bind(review, "review", &document, err);
    if (!code) code = lb_call_set(review, "figures", "none", err);
    if (!code) code = lb_call_run(review, out, err);
    lb_call_free(review);
    return code;
}

static void add_number(lb_buf *page, double value, int digits)
{
    char text[64];
    snprintf(text, sizeof text, "%.*f", digits, value);
    lb_buf_printf(page, "%s%s", value < 0 ? "\xe2\x88\x92" : "", value < 0 ? text + 1 : text);
}

/* The id of an analysis in words: "pain_active_short" is "Pain, active, short". */
static void add_name(lb_buf *page, const char *id)
{
    lb_buf name = {0};
    for (const char *at = id; *at; at++) {
        if (*at == '_')
            lb_buf_puts(&name, ", ");
        else
            lb_buf_add(&name, &(char){at == id && *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at}, 1);
    }
    lb_buf_xml(page, name.data ? name.data : "");
    lb_buf_free(&name);
}

static void add_interval(lb_buf *page, const lb_value *row, const char *stem)
{
    char key[40];
    snprintf(key, sizeof key, "%s_lower", stem);
    double lower = lb_get_number(row, key, NAN);
    snprintf(key, sizeof key, "%s_upper", stem);
    add_number(page, lb_get_number(row, stem, NAN), 2);
    lb_buf_puts(page, " [");
    add_number(page, lower, 2);
    lb_buf_puts(page, ", ");
    add_number(page, lb_get_number(row, key, NAN), 2);
    lb_buf_puts(page, "]");
}

/* The table as journals print it: a footnote letter for every reason. */
static void write_page(const lb_value *results, lb_result *result)
{
    lb_buf page = {0}, notes = {0};
    const lb_value *rows = lb_get(results, "findings"), *rules = lb_get(results, "certainty_rules");
    const char *title = lb_get_text(results, "title", "Review");
    lb_html_page_open(&page, "Summary of findings", "en");
    lb_buf_puts(&page, "<h1>Summary of findings</h1><p>");
    lb_buf_xml(&page, title);
    lb_buf_puts(&page, "</p><table><thead><tr><th scope=\"col\">Outcome</th><th scope=\"col\">Participants (studies)</th>"
                       "<th scope=\"col\">SMD [95% CI]</th><th scope=\"col\">MD, 0 to 10 [95% CI]</th>"
                       "<th scope=\"col\">Important</th><th scope=\"col\">Certainty</th><th scope=\"col\">In words</th></tr></thead><tbody>");
    for (size_t i = 0; rows && i < rows->count; i++) {
        const lb_value *row = rows->item[i];
        double threshold = lb_get_number(row, "threshold", NAN);
        lb_buf_puts(&page, "<tr><th scope=\"row\">");
        add_name(&page, lb_get_text(row, "cell", ""));
        lb_buf_printf(&page, "</th><td>%.0f (%lld)</td><td>", lb_get_number(row, "participants", 0), (long long)lb_get_int(row, "studies", 0));
        add_interval(&page, row, "smd");
        lb_buf_puts(&page, "</td><td>");
        add_interval(&page, row, "md");
        lb_buf_puts(&page, "</td><td>");
        if (!isnan(threshold)) add_number(&page, threshold, 1);
        lb_buf_printf(&page, "</td><td>%s %s<sup>%zu</sup></td><td>", lb_get_text(row, "symbols", ""), lb_get_text(row, "certainty", ""), i + 1);
        lb_buf_xml(&page, lb_get_text(row, "in_words", ""));
        lb_buf_puts(&page, "</td></tr>");
        lb_buf_printf(&notes, "<p><sup>%zu</sup> ", i + 1);
        lb_buf_xml(&notes, lb_get_text(row, "because", ""));
        lb_buf_puts(&notes, "</p>");
    }
    lb_buf_puts(&page, "</tbody></table>");
    if (notes.length) lb_buf_add(&page, notes.data, notes.length);
    lb_buf_puts(&page, "<h2>Rules</h2><ul>");
    for (size_t i = 0; rules && i < rules->count; i++) {
        lb_buf_printf(&page, "<li>%s: ", rules->key[i]);
        lb_buf_xml(&page, rules->item[i]->text);
        lb_buf_puts(&page, "</li>");
    }
    lb_buf_puts(&page, "</ul>");
    lb_html_page_close(&page);
    lb_result_artifact(result, "summary-of-findings.html", "text/html; charset=utf-8", page.data, page.length);
    lb_buf_free(&page);
    lb_buf_free(&notes);
}

/* A copy in this result's arena: the review's goes with it. */
static int copy(const lb_value *from, lb_value *into, const char *key, lb_error *err)
{
    lb_buf text = {0};
    lb_value *read;
    lb_json_write(from, 0, &text);
    lb_bytes bytes = {(const uint8_t *)text.data, text.length, key};
    int code = lb_json_read(&bytes, into->arena, &read, err);
    if (!code) lb_set(into, key, read);
    lb_buf_free(&text);
    return code;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    static const char *const keys[][2] = {{"findings", "rows"}, {"certainty", "certainty"}, {"certainty_rules", "rules"}};
    lb_result *review = NULL;
    int code = run_review(call, &review, err);
    for (size_t i = 0; !code && i < LB_COUNT(keys); i++) code = copy(lb_get(review->results, keys[i][0]), result->results, keys[i][1], err);
    if (!code) {
        lb_set_text(result->results, "title", lb_get_text(review->results, "title", "Review"));
        for (size_t i = 0; i < review->warnings->count; i++) lb_result_warn(result, "%s", review->warnings->item[i]->text);
        write_page(review->results, result);
        lb_result_note(result, "Certainty by the stated rules; overrides carry who and why. MD: mean difference on the review's common scale, negative favours the "
                               "intervention.");
    }
    lb_result_free(review);
    return code;
}

static const lb_param params[] = {
    {.name = "review", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "the protocol of the review (YAML or JSON)"},
    {.name = "files", .type = LB_P_SOURCE, .summary = "where the tables named by the protocol are (default: beside it)"},
};

const lb_op lb_op_meta_sof = {
    .area = "meta",
    .verb = "sof",
    .summary = "summary of findings with GRADE",
    .description = "Runs the review and grades the certainty of each main analysis by stated rules: risk of bias from the share "
                   "of participants in studies at high risk, inconsistency from I2, imprecision from the number of participants "
                   "and what the interval includes, publication bias from Egger's test. The limits stand in the protocol "
                   "(certainty.rules); people may override a domain with a reason, which is printed. -o NAME.html writes the "
                   "table as journals print it.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta sof reference/evidence/review.yaml",
};

/* GRADE of the main analyses and the summary of findings. Rules and overrides stand in the protocol (certainty.rules,
 * certainty.overrides) or come from the review document (files.dossier). */
#include "evidence/dossier/dossier.h"
#include "evidence/grade.h"
#include "evidence/review.h"

#include "evidence/rob.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_high(const lb_review *review, size_t study)
{
    const lb_column *overall = review->risk ? lb_table_find(review->risk, "overall") : NULL;
    char buffer[32];
    if (!overall || !review->risk_row[study]) return false;
    int level = lb_rob_level_of(lb_column_text(overall, review->risk_row[study] - 1, buffer));
    return level == 2 || level == 3;
}

static lb_grade_facts facts_of(const lb_review *review, const lb_review_cell *cell)
{
    double high = 0;
    for (size_t i = 0; i < cell->k; i++) {
        const lb_review_contrast *c = &review->contrast[cell->member[i]];
        if (is_high(review, c->study)) high += c->n1 + c->n2;
    }
    bool judged = review->risk && lb_table_find(review->risk, "overall");
    return (lb_grade_facts){
        .k = (double)cell->k,
        .total = cell->total,
        .high_risk_percent = judged ? 100 * high / cell->total : NAN,
        .i2 = cell->k > 1 ? cell->summary.pool.i2 : NAN,
        .lower = cell->summary_md.pool.lower[0],
        .upper = cell->summary_md.pool.upper[0],
        .threshold = lb_get_number(lb_get(review->protocol, "clinical_importance"), review->outcome[cell->outcome], NAN),
        .egger_p = cell->egger_p,
    };
}

static int apply(const lb_value *list, const char *cell, lb_arena *arena, lb_grade_verdict *verdict, size_t *used, lb_error *err)
{
    for (size_t i = 0; list && list->type == LB_ARRAY && i < list->count; i++) {
        if (!lb_text_equal(lb_get_text(list->item[i], "cell", NULL), cell)) continue;
        int code = lb_grade_override(verdict, list->item[i], arena, err);
        if (code) return code;
        ++*used;
    }
    return 0;
}

/* Judgements of people kept in the review document, in the order they were made. */
static int read_dossier(lb_review *review, lb_value **out, lb_error *err)
{
    const char *name = lb_get_text(lb_get(review->protocol, "files"), "dossier", NULL);
    lb_bytes bytes;
    lb_dossier dossier;
    *out = NULL;
    if (!name || !review->source) return 0;
    int code = review->source->read(review->source->context, name, review->arena, &bytes, err);
    if (!code) code = lb_dossier_read(&dossier, &bytes, review->arena, err);
    if (code) return code;
    *out = lb_value_array(review->arena);
    const lb_value *events = lb_get(dossier.root, "events");
    for (size_t i = 0; i < events->count; i++)
        if (lb_text_equal(lb_get_text(events->item[i], "what", ""), "certainty")) lb_push(*out, events->item[i]);
    if (!lb_get(review->protocol, "flow")) lb_dossier_flow(&dossier, lb_set_object(review->result->results, "flow"));
    return 0;
}

/* "Exercise probably makes little difference …": size against the threshold, certainty as probably and may. */
static const char *sentence(const lb_review *review, const lb_review_cell *cell, int level, double threshold)
{
    static const char *const hedges[] = {"", "it is very uncertain whether the intervention", "the intervention may", "the intervention probably",
                                         "the intervention"};
    const lb_pool *md = &cell->summary_md.pool;
    bool excludes = md->lower[0] > 0 || md->upper[0] < 0;
    const char *what = isnan(threshold)                                    ? excludes ? "changes" : "does not clearly change"
                       : fabs(md->beta[0]) >= threshold && excludes        ? md->beta[0] < 0 ? "makes an important improvement in" : "makes an important worsening in"
                       : excludes && md->beta[0] < 0                       ? "makes a small, not important improvement in"
                       : excludes                                          ? "makes a small, not important worsening in"
                       : md->lower[0] <= -threshold || md->upper[0] >= threshold ? "leaves open whether it makes an important difference to"
                                                                           : "makes little or no difference to";
    char verb[80];
    size_t length = strcspn(what, " ");
    bool plural = level == 2; /* "may make" */
    snprintf(verb, sizeof verb, "%.*s", (int)(plural && what[length - 1] == 's' ? length - 1 : length), what);
    return lb_arena_printf(review->arena, "%s %s%s %s", hedges[level], verb, what + length, review->outcome[cell->outcome]);
}

/* What a footnote of the table says of a domain that lowered the certainty, or that people judged otherwise. */
static const char *const domains[LB_GRADE_DOMAINS] = {"risk of bias", "inconsistency", "indirectness", "imprecision", "publication bias"},
                  *const steps[] = {"not lowered", "lowered by one level", "lowered by two levels"};

static void add_finding(lb_review *review, const lb_review_cell *cell, const lb_grade_verdict *verdict, double threshold, lb_value *rows)
{
    const lb_summary *smd = &cell->summary, *md = &cell->summary_md;
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "cell", cell->id);
    lb_set_int(row, "studies", (int64_t)cell->k);
    lb_set_number(row, "participants", cell->total);
    lb_set_number(row, "smd", smd->pool.beta[0]);
    lb_set_number(row, "smd_lower", smd->pool.lower[0]);
    lb_set_number(row, "smd_upper", smd->pool.upper[0]);
    lb_set_number(row, "md", md->pool.beta[0]);
    lb_set_number(row, "md_lower", md->pool.lower[0]);
    lb_set_number(row, "md_upper", md->pool.upper[0]);
    lb_set_number(row, "pi_lower", smd->prediction.lower);
    lb_set_number(row, "pi_upper", smd->prediction.upper);
    lb_set_number(row, "threshold", threshold);
    lb_set_text(row, "certainty", lb_grade_level_name(verdict->level));
    lb_set_text(row, "symbols", lb_grade_symbols(verdict->level));
    lb_buf why = {0};
    for (int d = 0; d < LB_GRADE_DOMAINS; d++) {
        if (!verdict->concern[d] && !verdict->override[d]) continue;
        lb_buf_printf(&why, "%s%s, %s: %s", why.length ? "; " : "", domains[d], steps[verdict->concern[d]], verdict->reason[d]);
    }
    lb_set_text(row, "because", why.length ? why.data : "no concerns");
    lb_buf_free(&why);
    lb_set_text(row, "in_words", sentence(review, cell, verdict->level, threshold));
}

int lb_review_certainty(lb_review *review, lb_error *err)
{
    const lb_value *certainty = lb_get(review->protocol, "certainty"), *overrides = lb_get(certainty, "overrides");
    lb_value *results = review->result->results, *judged, *rows = lb_set_array(results, "certainty"), *findings = lb_set_array(results, "findings");
    lb_grade_rules rules;
    size_t used = 0;
    int code = lb_grade_rules_read(certainty, &rules, err);
    if (!code) code = read_dossier(review, &judged, err);
    if (code) return code;
    lb_grade_rules_say(&rules, lb_set_object(results, "certainty_rules"));
    lb_grade_rules_limits(&rules, lb_set_object(results, "certainty_limits"));
    for (size_t i = 0; i < review->mains; i++) {
        const lb_review_cell *cell = &review->main[i];
        lb_grade_facts facts = facts_of(review, cell);
        lb_grade_verdict verdict;
        lb_grade_judge(&rules, &facts, review->arena, &verdict);
        code = apply(overrides, cell->id, review->arena, &verdict, &used, err);
        if (!code) code = apply(judged, cell->id, review->arena, &verdict, &used, err);
        if (code) return code;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "cell", cell->id);
        lb_grade_report(&verdict, row);
        add_finding(review, cell, &verdict, facts.threshold, findings);
    }
    size_t given = (overrides && overrides->type == LB_ARRAY ? overrides->count : 0) + (judged ? judged->count : 0);
    if (used < given) lb_result_warn(review->result, "%zu judgements of certainty name no main analysis that has studies", given - used);
    return 0;
}

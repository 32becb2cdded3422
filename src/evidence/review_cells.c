/* The cells of a review: main analyses (outcome × comparator × term) and sensitivity analyses on subsets, each with its
 * pooled SMD, the MD on the common scale, influence, and tests of small-study effects. */
#include "evidence/bias.h"
#include "evidence/influence.h"
#include "evidence/review.h"

#include <math.h>
#include <string.h>

typedef struct cell {
    const char *id;
    size_t k, *member; /* contrasts */
    double *y, *v, *md, *vmd;
} cell;

static cell new_cell(lb_review *review, const char *id)
{
    cell out = {.id = id};
    size_t n = review->contrasts + 1;
    out.member = lb_arena_array(review->arena, n, sizeof *out.member);
    double **vector[] = {&out.y, &out.v, &out.md, &out.vmd};
    for (size_t i = 0; i < LB_COUNT(vector); i++) *vector[i] = lb_arena_array(review->arena, n, sizeof(double));
    return out;
}

static void add_member(const lb_review *review, cell *c, size_t i)
{
    const lb_review_contrast *contrast = &review->contrast[i];
    c->member[c->k] = i;
    c->y[c->k] = contrast->g;
    c->v[c->k] = contrast->vg;
    c->md[c->k] = contrast->md;
    c->vmd[c->k++] = contrast->vmd;
}

static int report_influence(lb_review *review, const cell *c, const lb_effects *effects, lb_value *out, lb_error *err)
{
    lb_value *outliers = lb_set_array(out, "outliers"), *influential = lb_set_array(out, "influential");
    if (c->k < 3) return 0;
    lb_influence influence;
    int code = lb_influence_fit(effects, &review->settings, NULL, review->arena, &influence, err);
    if (code) return code;
    lb_set_number(out, "outlier_cut", influence.outlier_cut);
    lb_set_number(out, "cook_cut", influence.cook_cut);
    for (size_t i = 0; i < c->k; i++) {
        const char *study = review->study.level[review->contrast[c->member[i]].study];
        if (influence.row[i].outlier) lb_push_text(outliers, study);
        if (influence.row[i].influential) lb_push_text(influential, study);
    }
    return 0;
}

static int report_small_study(lb_review *review, const cell *c, const lb_effects *effects, lb_value *out, lb_error *err)
{
    if (c->k < 3) return 0;
    double *se = lb_arena_array(review->arena, c->k, sizeof *se), tau, p;
    bool exact;
    lb_egger egger;
    for (size_t i = 0; i < c->k; i++) se[i] = sqrt(c->v[i]);
    int code = lb_egger_fit(effects, se, false, &review->settings, review->arena, &egger, err);
    if (code) return code;
    lb_value *row = lb_set_object(out, "egger");
    lb_set_number(row, "statistic", egger.statistic);
    lb_set_number(row, "p", egger.p);
    lb_set_number(row, "limit", egger.limit);
    lb_set_number(row, "limit_lower", egger.limit_lower);
    lb_set_number(row, "limit_upper", egger.limit_upper);
    lb_begg(effects, review->arena, &tau, &p, &exact);
    row = lb_set_object(out, "rank");
    lb_set_number(row, "tau", tau);
    lb_set_number(row, "p", p);
    return 0;
}

static int report_md(lb_review *review, const cell *c, const char *outcome, lb_value *out, lb_error *err)
{
    lb_summary md;
    int code = lb_summary_fit(c->md, c->vmd, c->k, &review->settings, review->arena, &md, err);
    if (code) return code;
    lb_value *row = lb_set_object(out, "md");
    lb_set_number(row, "estimate", md.pool.beta[0]);
    lb_set_number(row, "se", md.pool.se[0]);
    lb_set_number(row, "lower", md.pool.lower[0]);
    lb_set_number(row, "upper", md.pool.upper[0]);
    lb_set_number(row, "tau2", md.pool.tau2.tau2);
    double threshold = lb_get_number(lb_get(review->protocol, "clinical_importance"), outcome, NAN);
    if (isnan(threshold)) return 0;
    lb_set_number(row, "threshold", threshold);
    lb_set_bool(row, "reaches_threshold", fabs(md.pool.beta[0]) >= threshold);
    return 0;
}

static int report_cell(lb_review *review, const cell *c, const char *outcome, const char *kind, lb_value *rows,
                       lb_error *err)
{
    lb_value *out = lb_push_object(rows);
    lb_set_text(out, "id", c->id);
    lb_set_text(out, "kind", kind);
    if (c->k == 0) {
        lb_set_int(out, "k", 0);
        lb_set_text(out, "reason", "no study");
        lb_result_warn(review->result, "%s: no study", c->id);
        return 0;
    }
    lb_summary summary;
    lb_effects effects = {.measure = lb_measure_named("SMD"), .k = c->k, .rows = c->k, .y = c->y, .v = c->v};
    int code = lb_summary_fit(c->y, c->v, c->k, &review->settings, review->arena, &summary, err);
    if (code) return code;
    lb_summary_report(&summary, &review->settings, out);
    double total = 0;
    lb_value *studies = lb_set_array(out, "studies");
    for (size_t i = 0; i < c->k; i++) {
        const lb_review_contrast *contrast = &review->contrast[c->member[i]];
        total += contrast->n1 + contrast->n2;
        lb_push_text(studies, review->study.level[contrast->study]);
    }
    lb_set_number(out, "n_total", total);
    if (!summary.pool.tau2.converged) lb_result_status(review->result, "not_converged");
    code = report_md(review, c, outcome, out, err);
    if (!code) code = report_influence(review, c, &effects, out, err);
    return code ? code : report_small_study(review, c, &effects, out, err);
}

static size_t index_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (lb_text_equal(names[i], name)) return i;
    }
    return SIZE_MAX;
}

static int main_cells(lb_review *review, lb_value *rows, lb_error *err)
{
    for (size_t o = 0; o < review->outcome_count; o++) {
        for (size_t c = 0; c < review->comparator_count; c++) {
            for (size_t t = 0; t < review->term_count; t++) {
                cell made = new_cell(review, lb_arena_printf(review->arena, "%s_%s_%s", review->outcome[o],
                                                             review->comparator[c], review->term[t].name));
                for (size_t i = 0; i < review->contrasts; i++) {
                    const lb_review_contrast *at = &review->contrast[i];
                    if (at->outcome == o && at->comparator == c && at->term == t) add_member(review, &made, i);
                }
                int code = report_cell(review, &made, review->outcome[o], "main", rows, err);
                if (code) return code;
            }
        }
    }
    return 0;
}

/* comparator SIZE_MAX: whatever the condition leaves. */
static int subset_cell(lb_review *review, size_t outcome, const char *name, const lb_value *condition,
                       size_t comparator, size_t term, lb_value *rows, lb_error *err)
{
    if (condition->type != LB_STRING) return lb_review_fault(condition, err, "the subset '%s' is no condition", name);
    cell made = new_cell(review, lb_arena_printf(review->arena, "%s_%s", review->outcome[outcome], name));
    for (size_t i = 0; i < review->contrasts; i++) {
        const lb_review_contrast *at = &review->contrast[i];
        bool in;
        if (at->outcome != outcome || at->term != term || (comparator != SIZE_MAX && at->comparator != comparator))
            continue;
        int code = lb_review_condition(review->table, condition->text, i, review->arena, &in, err);
        if (code) {
            lb_error_where(err, "review:%d:%d", condition->line, condition->column);
            return code;
        }
        if (in) add_member(review, &made, i);
    }
    return report_cell(review, &made, review->outcome[outcome], "sensitivity", rows, err);
}

int lb_review_cells(lb_review *review, lb_error *err)
{
    lb_value *rows = lb_set_array(review->result->results, "cells");
    int code = main_cells(review, rows, err);
    const lb_value *sensitivity = lb_get(review->protocol, "sensitivity");
    if (code || !sensitivity) return code;
    const lb_value *of = lb_get(sensitivity, "of"), *subsets = lb_get(sensitivity, "subsets"),
                   *special = lb_get(sensitivity, "special");
    size_t term = 0, comparator = index_of(review->comparator, review->comparator_count,
                                           lb_get_text(of, "comparator", review->comparator[0]));
    while (term < review->term_count &&
           !lb_text_equal(review->term[term].name, lb_get_text(of, "term", review->term[0].name)))
        term++;
    if (comparator == SIZE_MAX || term == review->term_count)
        return lb_review_fault(of, err, "sensitivity.of names a comparator or term that the review does not have");
    for (size_t o = 0; o < review->outcome_count; o++) {
        for (size_t i = 0; subsets && i < subsets->count; i++) {
            code = subset_cell(review, o, subsets->key[i], subsets->item[i], comparator, term, rows, err);
            if (code) return code;
        }
        for (size_t i = 0; special && i < special->count; i++) {
            code = subset_cell(review, o, special->key[i], special->item[i], SIZE_MAX, term, rows, err);
            if (code) return code;
        }
    }
    return 0;
}

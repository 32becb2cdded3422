/* The cells of a review: main analyses (outcome × comparator × term) and sensitivity analyses on subsets, each with its
 * pooled SMD, the MD on the common scale, influence, and tests of small-study effects. */
#include "evidence/bias.h"
#include "evidence/influence.h"
#include "evidence/review.h"

#include <math.h>
#include <string.h>

lb_review_cell lb_review_cell_new(lb_review *review, const char *id, size_t outcome)
{
    lb_review_cell out = {.id = id, .outcome = outcome, .egger_p = NAN};
    size_t n = review->contrasts + 1;
    out.member = lb_arena_array(review->arena, n, sizeof *out.member);
    double **vector[] = {&out.y, &out.v, &out.md, &out.vmd};
    for (size_t i = 0; i < LB_COUNT(vector); i++) *vector[i] = lb_arena_array(review->arena, n, sizeof(double));
    return out;
}

void lb_review_cell_add(const lb_review *review, lb_review_cell *c, size_t i)
{
    const lb_review_contrast *contrast = &review->contrast[i];
    c->member[c->k] = i;
    c->y[c->k] = contrast->g;
    c->v[c->k] = contrast->vg;
    c->md[c->k] = contrast->md;
    c->vmd[c->k++] = contrast->vmd;
    c->total += contrast->n1 + contrast->n2;
}

/* "author year" where the studies have both, else their ids. */
static const char *study_label(const lb_review *review, size_t study)
{
    const lb_column *author = lb_table_find(review->studies, "author"), *year = lb_table_find(review->studies, "year");
    size_t row = review->study_row[study];
    char a[32], y[32];
    if (!author || lb_column_missing(author, row)) return review->study.level[study];
    if (!year || lb_column_missing(year, row)) return lb_arena_text(review->arena, lb_column_text(author, row, a));
    return lb_arena_printf(review->arena, "%s %s", lb_column_text(author, row, a), lb_column_text(year, row, y));
}

lb_effects lb_review_effects(lb_review *review, const lb_review_cell *c)
{
    lb_arena *arena = review->arena;
    size_t k = c->k;
    lb_effects out = {.measure = lb_measure_named("SMD"), .rows = k, .k = k, .yi = c->y, .vi = c->v, .y = c->y, .v = c->v,
                      .computed = true};
    out.table = lb_table_rows(review->table, c->member, k, arena);
    out.used = lb_arena_array(arena, k + 1, sizeof *out.used);
    out.study = lb_arena_array(arena, k + 1, sizeof *out.study);
    for (size_t j = 0; j < LB_EFFECT_COLUMNS; j++) out.arm[j] = lb_arena_array(arena, k + 1, sizeof(double));
    for (size_t i = 0; i < k; i++) {
        const lb_review_contrast *at = &review->contrast[c->member[i]];
        const double arm[LB_EFFECT_COLUMNS] = {at->m1, at->sd1, at->n1, at->m2, at->sd2, at->n2};
        out.used[i] = i;
        out.study[i] = study_label(review, at->study);
        for (size_t j = 0; j < LB_EFFECT_COLUMNS; j++) out.arm[j][i] = arm[j];
    }
    return out;
}

static int report_influence(lb_review *review, const lb_review_cell *c, const lb_effects *effects, lb_value *out, lb_error *err)
{
    lb_value *outliers = lb_set_array(out, "outliers"), *influential = lb_set_array(out, "influential");
    if (c->k < 3) return 0;
    lb_influence influence;
    int code = lb_influence_fit(effects->y, effects->v, NULL, effects->k, 1, &review->settings, NULL, review->arena, &influence, err);
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

static int report_small_study(lb_review *review, lb_review_cell *c, const lb_effects *effects, lb_value *out,
                              lb_error *err)
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
    c->egger_p = egger.p;
    lb_set_number(row, "limit", egger.limit);
    lb_set_number(row, "limit_lower", egger.limit_lower);
    lb_set_number(row, "limit_upper", egger.limit_upper);
    lb_begg(effects, review->arena, &tau, &p, &exact);
    row = lb_set_object(out, "rank");
    lb_set_number(row, "tau", tau);
    lb_set_number(row, "p", p);
    return 0;
}

static int report_md(lb_review *review, lb_review_cell *c, lb_value *out, lb_error *err)
{
    const char *outcome = review->outcome[c->outcome];
    lb_summary md;
    int code = lb_summary_fit(c->md, c->vmd, c->k, &review->settings, review->arena, &md, err);
    if (code) return code;
    c->summary_md = md;
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

static int report_cell(lb_review *review, lb_review_cell *c, const char *kind, lb_value *rows, lb_error *err)
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
    c->summary = summary;
    c->pooled = true;
    lb_value *studies = lb_set_array(out, "studies");
    for (size_t i = 0; i < c->k; i++) {
        const lb_review_contrast *contrast = &review->contrast[c->member[i]];
        lb_push_text(studies, review->study.level[contrast->study]);
    }
    lb_set_number(out, "n_total", c->total);
    if (!summary.pool.tau2.converged) lb_result_status(review->result, "not_converged");
    code = report_md(review, c, out, err);
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
    size_t most = review->outcome_count * review->comparator_count * review->term_count;
    review->main = lb_arena_array(review->arena, most + 1, sizeof *review->main);
    for (size_t o = 0; o < review->outcome_count; o++) {
        for (size_t c = 0; c < review->comparator_count; c++) {
            for (size_t t = 0; t < review->term_count; t++) {
                lb_review_cell made = lb_review_cell_new(
                    review, lb_arena_printf(review->arena, "%s_%s_%s", review->outcome[o], review->comparator[c], review->term[t].name), o);
                for (size_t i = 0; i < review->contrasts; i++) {
                    const lb_review_contrast *at = &review->contrast[i];
                    if (at->outcome == o && at->comparator == c && at->term == t) lb_review_cell_add(review, &made, i);
                }
                int code = report_cell(review, &made, "main", rows, err);
                if (code) return code;
                if (made.pooled) review->main[review->mains++] = made;
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
    lb_review_cell made =
        lb_review_cell_new(review, lb_arena_printf(review->arena, "%s_%s", review->outcome[outcome], name), outcome);
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
        if (in) lb_review_cell_add(review, &made, i);
    }
    return report_cell(review, &made, "sensitivity", rows, err);
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

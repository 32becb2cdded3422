/* Changes within the arms of each role, pooled over studies (E3): the mean change on the common scale with variance
 * SD²/n, and the standardised change SMCC (Gibbons, Hedeker & Davis 1993; large-sample variance). */
#include "evidence/review.h"

#include <math.h>
#include <string.h>

typedef struct within {
    size_t k;
    double *mc, *vmc, *smcc, *vsmcc, n;
    lb_value *arms;
} within;

static void add_group(lb_review *review, within *w, size_t study, double week, const lb_review_group *group)
{
    double d = lb_hedges_j(group->n - 1) * group->m / group->sd;
    w->mc[w->k] = group->m;
    w->vmc[w->k] = group->sd * group->sd / group->n;
    w->smcc[w->k] = d;
    w->vsmcc[w->k++] = 1 / group->n + d * d / (2 * group->n);
    w->n += group->n;
    lb_value *row = lb_push_object(w->arms);
    lb_set_text(row, "study_id", review->study.level[study]);
    lb_set_number(row, "week", week);
    lb_set_number(row, "n", group->n);
    lb_set_number(row, "change", group->m);
    lb_set_number(row, "sd", group->sd);
    lb_set_text(row, "trace", lb_arena_text(review->arena, group->trace.data));
}

static int report(lb_review *review, const within *w, lb_value *out, lb_error *err)
{
    lb_summary summary;
    if (w->k == 0) {
        lb_set_int(out, "k", 0);
        lb_set_text(out, "reason", "no study");
        return 0;
    }
    int code = lb_summary_fit(w->mc, w->vmc, w->k, &review->settings, review->arena, &summary, err);
    if (code) return code;
    lb_summary_report(&summary, &review->settings, out);
    lb_set_number(out, "n_total", w->n);
    code = lb_summary_fit(w->smcc, w->vsmcc, w->k, &review->settings, review->arena, &summary, err);
    if (code) return code;
    lb_summary_report(&summary, &review->settings, lb_set_object(out, "smcc"));
    lb_set(out, "arms", w->arms);
    return 0;
}

static int one_role(lb_review *review, size_t outcome, const char *role, const lb_review_term *term, lb_value *rows,
                    lb_error *err)
{
    size_t studies = review->study.level_count;
    within w = {.arms = lb_value_array(review->arena)};
    double **vector[] = {&w.mc, &w.vmc, &w.smcc, &w.vsmcc};
    for (size_t i = 0; i < LB_COUNT(vector); i++) *vector[i] = lb_arena_array(review->arena, studies + 1, sizeof(double));
    for (size_t row = 0; row < review->studies->rows; row++) {
        size_t study = (size_t)review->study.code[row];
        double week = lb_review_week(review, study, outcome, term);
        if (isnan(week)) continue;
        lb_review_group group = {0};
        lb_review_collect(review, study, outcome, week, role, &group);
        if (group.arms && group.n > 2 && group.sd > 0) add_group(review, &w, study, week, &group);
        lb_buf_free(&group.trace);
    }
    lb_value *out = lb_push_object(rows);
    lb_set_textf(out, "id", "%s_%s_%s", review->outcome[outcome], role, term->name);
    lb_set_text(out, "outcome", review->outcome[outcome]);
    lb_set_text(out, "role", role);
    lb_set_text(out, "term", term->name);
    return report(review, &w, out, err);
}

int lb_review_within(lb_review *review, lb_error *err)
{
    lb_value *rows = lb_set_array(review->result->results, "within");
    int code = 0;
    for (size_t o = 0; o < review->outcome_count; o++) {
        for (size_t t = 0; t < review->term_count && !code; t++) {
            code = one_role(review, o, review->intervention, &review->term[t], rows, err);
            for (size_t c = 0; c < review->comparator_count && !code; c++)
                code = one_role(review, o, review->comparator[c], &review->term[t], rows, err);
        }
        if (code) return code;
    }
    return code;
}

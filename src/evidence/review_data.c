/* From what was printed to contrasts: SD of change by the protocol's order of sources (Cochrane Handbook 6.5.2), visits
 * by windows, arms combined (Handbook table 6.5.a), one scale, SMD with the exact J. Every contrast keeps its trace. */
#include "evidence/review.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

static const lb_review_visit *baseline(const lb_review *review, const lb_review_visit *visit)
{
    for (size_t i = 0; i < review->visits; i++) {
        const lb_review_visit *other = &review->visit[i];
        if (other->arm == visit->arm && other->outcome == visit->outcome && other->week == 0) return other;
    }
    return NULL;
}

/* r = (s0² + s1² − sc²)/(2 s0 s1) where all three are known; its mean stands in where sc is not. */
static void correlations(lb_review *review, const lb_review_visit **start)
{
    lb_value *out = lb_set_object(review->result->results, "correlations"),
             *counts = lb_set_object(review->result->results, "correlation_visits");
    for (size_t o = 0; o < review->outcome_count; o++) {
        double sum = 0;
        size_t n = 0;
        for (size_t i = 0; i < review->visits; i++) {
            const lb_review_visit *visit = &review->visit[i];
            if (visit->outcome != o || visit->week <= 0 || !start[i]) continue;
            double s0 = start[i]->sd, s1 = visit->sd, sc = visit->change_sd;
            if (!(s0 > 0 && s1 > 0 && sc > 0)) continue;
            sum += (s0 * s0 + s1 * s1 - sc * sc) / (2 * s0 * s1);
            n++;
        }
        review->correlation[o] = !isnan(review->assumed) ? review->assumed : n ? sum / (double)n : NAN;
        review->correlation_n[o] = n;
        lb_set_number(out, review->outcome[o], review->correlation[o]);
        lb_set_int(counts, review->outcome[o], (int64_t)n);
    }
}

static double sd_from(const lb_review *review, const lb_review_visit *visit, const lb_review_visit *start,
                      lb_sd_source source)
{
    double r = review->correlation[visit->outcome], q;
    switch (source) {
    case LB_SD_REPORTED:
        return visit->change_sd;
    case LB_SD_FROM_SE:
        return visit->change_se * sqrt(visit->n);
    case LB_SD_FROM_CI:
        q = visit->n < 60 ? lb_t_q(.025, visit->n - 1, LB_UPPER) : 1.96;
        return sqrt(visit->n) * (visit->change_upper - visit->change_lower) / (2 * q);
    case LB_SD_IMPUTED:
        return start ? sqrt(start->sd * start->sd + visit->sd * visit->sd - 2 * r * start->sd * visit->sd) : NAN;
    case LB_SD_FINAL:
        return visit->sd;
    }
    return NAN;
}

int lb_review_changes(lb_review *review, lb_error *err)
{
    const lb_review_visit **start = lb_arena_array(review->arena, review->visits + 1, sizeof *start);
    size_t sources[LB_REVIEW_SOURCES] = {0};
    (void)err;
    for (size_t i = 0; i < review->visits; i++) start[i] = baseline(review, &review->visit[i]);
    correlations(review, start);
    for (size_t i = 0; i < review->visits; i++) {
        lb_review_visit *visit = &review->visit[i];
        if (visit->week <= 0) continue;
        visit->used_change = !isnan(visit->change) ? visit->change : start[i] ? visit->mean - start[i]->mean : NAN;
        for (size_t s = 0; s < review->order_count && !visit->usable; s++) {
            visit->source = review->order[s];
            visit->used_sd = sd_from(review, visit, start[i], visit->source);
            visit->usable = visit->used_sd > 0 && isfinite(visit->used_sd);
        }
        if (visit->usable) sources[visit->source]++;
        if (isnan(visit->used_change)) visit->usable = false;
        if (!visit->usable)
            lb_result_warn(review->result, "outcomes, row %zu: no %s can be had from any source of the protocol; the row is left out", visit->row + 1,
                           isnan(visit->used_change) ? "change from baseline" : "SD of change");
    }
    lb_value *out = lb_set_object(review->result->results, "sd_sources");
    for (size_t s = 0; s < LB_REVIEW_SOURCES; s++)
        lb_set_int(out, lb_sd_source_name((lb_sd_source)s), (int64_t)sources[s]);
    return 0;
}

/* -- contrasts ---------------------------------------------------------------------------------------------- */

/* Week of the window's visit in a study: the nearest to the target, the later of two. */
double lb_review_week(const lb_review *review, size_t study, size_t outcome, const lb_review_term *term)
{
    double best = NAN;
    for (size_t i = 0; i < review->visits; i++) {
        const lb_review_visit *visit = &review->visit[i];
        if (review->arm[visit->arm].study != study || visit->outcome != outcome || !visit->usable) continue;
        if (!(visit->week > term->after && visit->week <= term->until)) continue;
        double gap = fabs(visit->week - term->target), before = fabs(best - term->target);
        if (isnan(best) || gap < before || (gap == before && visit->week > best)) best = visit->week;
    }
    return best;
}

static void add_source(lb_review_group *g, lb_sd_source source)
{
    for (size_t i = 0; i < g->sources; i++) {
        if (g->source[i] == source) return;
    }
    g->source[g->sources++] = source;
}

static void add_arm(const lb_review *review, lb_review_group *g, const lb_review_visit *visit)
{
    const lb_review_arm *arm = &review->arm[visit->arm];
    double range = (review->to_high - review->to_low) / (visit->high - visit->low), n2 = visit->n;
    double m2 = visit->used_change * range * (visit->higher_is_worse ? 1 : -1), sd2 = visit->used_sd * range;
    if (g->arms++ == 0) {
        g->n = n2;
        g->m = m2;
        g->sd = sd2;
    } else {
        double n = g->n + n2, gap = g->m - m2;
        g->sd = sqrt(((g->n - 1) * g->sd * g->sd + (n2 - 1) * sd2 * sd2 + g->n * n2 / n * gap * gap) / (n - 1));
        g->m = (g->n * g->m + n2 * m2) / n;
        g->n = n;
    }
    g->matched |= arm->matched;
    g->true_control |= arm->true_control;
    add_source(g, visit->source);
    lb_buf_printf(&g->trace, "%s%s (%s, week %g, n = %g): change %s%s, SD of change %s", g->trace.length ? "; " : "",
                  arm->arm, arm->role, visit->week, visit->n, isnan(visit->change) ? "from the means" : "reported",
                  visit->from_median ? " (from median and quartiles)" : "", lb_sd_source_name(visit->source));
    if (visit->source == LB_SD_IMPUTED && !isnan(review->assumed))
        lb_buf_printf(&g->trace, ", r = %.2f, assumed", review->assumed);
    else if (visit->source == LB_SD_IMPUTED)
        lb_buf_printf(&g->trace, ", r = %.2f, from %zu arm-visits", review->correlation[visit->outcome],
                      review->correlation_n[visit->outcome]);
    if (visit->low != review->to_low || visit->high != review->to_high || !visit->higher_is_worse)
        lb_buf_printf(&g->trace, ", scale %g to %g brought to %g to %g%s", visit->low, visit->high, review->to_low,
                      review->to_high, visit->higher_is_worse ? "" : " and turned");
}

void lb_review_collect(const lb_review *review, size_t study, size_t outcome, double week, const char *role,
                       lb_review_group *g)
{
    for (size_t a = 0; a < review->arms; a++) { /* in the order of the arms */
        if (review->arm[a].study != study || strcmp(review->arm[a].role, role) != 0) continue;
        for (size_t i = 0; i < review->visits; i++) {
            const lb_review_visit *visit = &review->visit[i];
            if (visit->arm == a && visit->outcome == outcome && visit->week == week && visit->usable)
                add_arm(review, g, visit);
        }
    }
}

static void add_contrast(lb_review *review, const lb_review_contrast *place, const lb_review_group *one, const lb_review_group *two)
{
    static const lb_effect_options options = {.vtype = LB_VTYPE_LS, .add = .5};
    lb_review_contrast *out = &review->contrast[review->contrasts++];
    double x[LB_EFFECT_COLUMNS] = {one->m, one->sd, one->n, two->m, two->sd, two->n};
    *out = *place;
    out->n1 = one->n;
    out->m1 = one->m;
    out->sd1 = one->sd;
    out->n2 = two->n;
    out->m2 = two->m;
    out->sd2 = two->sd;
    out->matched = two->matched;
    out->true_control = two->true_control;
    lb_measure_named("SMD")->compute(x, &options, &out->g, &out->vg);
    lb_measure_named("MD")->compute(x, &options, &out->md, &out->vmd);
    lb_review_group all = *one;
    for (size_t i = 0; i < two->sources; i++) add_source(&all, two->source[i]);
    lb_buf text = {0};
    for (size_t i = 0; i < all.sources; i++)
        lb_buf_printf(&text, "%s%s", i ? "+" : "", lb_sd_source_name(all.source[i]));
    out->sd_source = lb_arena_text(review->arena, text.data);
    lb_buf_free(&text);
    out->trace = lb_arena_printf(review->arena, "%s; %s", one->trace.data, two->trace.data);
}

static void contrasts_of(lb_review *review, lb_review_contrast place, const char *intervention)
{
    place.week = lb_review_week(review, place.study, place.outcome, &review->term[place.term]);
    if (isnan(place.week)) return;
    lb_review_group one = {0}, two = {0};
    lb_review_collect(review, place.study, place.outcome, place.week, intervention, &one);
    lb_review_collect(review, place.study, place.outcome, place.week, review->comparator[place.comparator], &two);
    if (one.arms && two.arms && one.n > 1 && two.n > 1) add_contrast(review, &place, &one, &two);
    lb_buf_free(&one.trace);
    lb_buf_free(&two.trace);
}

/* The role that is no comparator is the intervention; there must be one. */
static int intervention_role(const lb_review *review, const char **role, lb_error *err)
{
    *role = lb_get_text(lb_get(review->protocol, "question"), "intervention_role", NULL);
    for (size_t a = 0; a < review->arms && !*role; a++) {
        bool comparator = false;
        for (size_t c = 0; c < review->comparator_count; c++)
            comparator |= strcmp(review->comparator[c], review->arm[a].role) == 0;
        if (!comparator) *role = review->arm[a].role;
    }
    for (size_t a = 0; a < review->arms; a++) {
        bool known = lb_text_equal(*role, review->arm[a].role);
        for (size_t c = 0; c < review->comparator_count; c++)
            known |= strcmp(review->comparator[c], review->arm[a].role) == 0;
        if (known) continue;
        int code = lb_fail(err, LB_BAD_DATA, "the role '%.60s' is neither '%.60s' nor a comparator",
                           review->arm[a].role, *role);
        lb_error_where(err, "arms, row %zu", a + 1);
        return code;
    }
    return *role ? 0 : lb_fail(err, LB_BAD_DATA, "no arm has the intervention");
}

static void add_numbers(lb_table *table, const char *name, const lb_review *review, size_t offset)
{
    lb_column *column = lb_table_add_number(table, name);
    for (size_t i = 0; i < review->contrasts; i++)
        memcpy(&column->number[i], (const char *)&review->contrast[i] + offset, sizeof(double));
}

/* Columns of `from` beside the contrasts; row 0 of place = none. */
static void add_columns(lb_review *review, const lb_table *from, const size_t *place, const char *rename)
{
    const char **text = lb_arena_array(review->arena, review->contrasts + 1, sizeof *text);
    for (size_t c = 0; c < from->columns; c++) {
        const lb_column *column = &from->column[c];
        const char *name = rename && strcmp(column->name, "overall") == 0 ? rename : column->name;
        if (lb_table_find(review->table, name)) continue;
        if (column->type == LB_NUMBER) {
            lb_column *out = lb_table_add_number(review->table, name);
            for (size_t i = 0; i < review->contrasts; i++)
                if (place[i]) out->number[i] = column->number[place[i] - 1];
            continue;
        }
        char buffer[32];
        for (size_t i = 0; i < review->contrasts; i++) {
            bool missing = !place[i] || lb_column_missing(column, place[i] - 1);
            text[i] = missing ? NULL : lb_arena_text(review->arena, lb_column_text(column, place[i] - 1, buffer));
        }
        lb_table_add_text(review->table, name, text);
    }
}

static void build_table(lb_review *review)
{
    size_t n = review->contrasts;
    lb_table *table = review->table = lb_table_new(review->arena, "contrasts", n);
    const char **study = lb_arena_array(review->arena, n + 1, sizeof *study),
               **comparator = lb_arena_array(review->arena, n + 1, sizeof *comparator);
    size_t *in_studies = lb_arena_array(review->arena, n + 1, sizeof *in_studies),
           *in_risk = lb_arena_array(review->arena, n + 1, sizeof *in_risk);
    for (size_t i = 0; i < n; i++) {
        const lb_review_contrast *contrast = &review->contrast[i];
        study[i] = review->study.level[contrast->study];
        comparator[i] = review->comparator[contrast->comparator];
        in_studies[i] = review->study_row[contrast->study] + 1;
        in_risk[i] = review->risk_row[contrast->study];
    }
    lb_table_add_text(table, "study_id", study);
    lb_table_add_text(table, "comparator", comparator);
    add_numbers(table, "yi", review, offsetof(lb_review_contrast, g));
    add_numbers(table, "vi", review, offsetof(lb_review_contrast, vg));
    lb_column *column = lb_table_add_number(table, "n_total");
    for (size_t i = 0; i < n; i++) column->number[i] = review->contrast[i].n1 + review->contrast[i].n2;
    column = lb_table_add_number(table, "matched");
    for (size_t i = 0; i < n; i++) column->number[i] = review->contrast[i].matched;
    column = lb_table_add_number(table, "true_control");
    for (size_t i = 0; i < n; i++) column->number[i] = review->contrast[i].true_control;
    add_columns(review, review->studies, in_studies, NULL);
    if (review->risk) add_columns(review, review->risk, in_risk, "rob");
}

static void report(const lb_review *review)
{
    lb_value *rows = lb_set_array(review->result->results, "contrasts");
    for (size_t i = 0; i < review->contrasts; i++) {
        const lb_review_contrast *c = &review->contrast[i];
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "study_id", review->study.level[c->study]);
        lb_set_text(row, "outcome", review->outcome[c->outcome]);
        lb_set_text(row, "comparator", review->comparator[c->comparator]);
        lb_set_text(row, "term", review->term[c->term].name);
        lb_set_number(row, "week", c->week);
        lb_set_number(row, "n1", c->n1);
        lb_set_number(row, "m1", c->m1);
        lb_set_number(row, "sd1", c->sd1);
        lb_set_number(row, "n2", c->n2);
        lb_set_number(row, "m2", c->m2);
        lb_set_number(row, "sd2", c->sd2);
        lb_set_number(row, "yi", c->g);
        lb_set_number(row, "vi", c->vg);
        lb_set_number(row, "md", c->md);
        lb_set_number(row, "vmd", c->vmd);
        lb_set_int(row, "matched", c->matched);
        lb_set_int(row, "true_control", c->true_control);
        lb_set_text(row, "sd_source", c->sd_source);
        lb_set_text(row, "trace", c->trace);
    }
}

int lb_review_contrasts(lb_review *review, lb_error *err)
{
    int code = intervention_role(review, &review->intervention, err);
    if (code) return code;
    size_t studies = review->study.level_count;
    size_t most = studies * review->outcome_count * review->comparator_count * review->term_count;
    review->contrast = lb_arena_try(review->arena, most + 1, sizeof *review->contrast);
    if (!review->contrast) return lb_fail(err, LB_NO_MEMORY, "no memory for the contrasts of %zu studies", studies);
    for (size_t o = 0; o < review->outcome_count; o++) {
        for (size_t c = 0; c < review->comparator_count; c++) {
            for (size_t t = 0; t < review->term_count; t++) {
                for (size_t row = 0; row < review->studies->rows; row++)
                    contrasts_of(
                        review,
                        (lb_review_contrast){
                            .study = (size_t)review->study.code[row], .outcome = o, .comparator = c, .term = t},
                        review->intervention);
            }
        }
    }
    if (review->contrasts == 0)
        return lb_fail(err, LB_BAD_DATA, "no study compares the intervention with a comparator in any window");
    build_table(review);
    report(review);
    return 0;
}

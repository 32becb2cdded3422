/* analyse reference and analyse tipping: the difference at the last visit under assumptions about those who left. */
#include <math.h>
#include <string.h>

#include "analysis/plot.h"
#include "analysis/rows.h"
#include "reference.h"

static const char *const strategy_name[LB_STRATEGIES] = {"mar", "j2r", "cir", "cr"};

typedef struct analysis {
    lb_call *call;
    lb_result *result;
    lb_reference r;
    lb_reference_values values;
    double level;
} analysis;

static int read(analysis *a, lb_error *err)
{
    lb_call *call = a->call;
    lb_table *table;
    a->level = lb_call_number(call, "level");
    a->r.mmrm = (lb_mmrm){.call = call, .result = a->result, .arena = lb_call_arena(call), .formula = lb_call_text(call, "formula"),
                          .subject = lb_call_text(call, "subject"), .visit = lb_call_text(call, "visit"),
                          .treatment = lb_call_text(call, "treatment"), .structure = LB_US};
    const lb_mmrm *m = &a->r.mmrm;
    if (!strcmp(m->subject, m->visit) || !strcmp(m->treatment, m->visit) || !strcmp(m->treatment, m->subject)) {
        lb_fail(err, LB_USAGE, "--subject, --visit and --treatment name the same column");
        lb_error_hint(err, "give three different columns");
        return LB_USAGE;
    }
    int rc = lb_call_table(call, "data", &table, err);
    if (!rc) rc = lb_reference_set_aside(call, &table, a->result, err);
    return rc ? rc : lb_reference_read(&a->r, table, err);
}

/* Normal interval and test from the jackknife's standard error. */
static void set_estimate(lb_value *row, double estimate, double se, double level) { lb_estimate_set(row, estimate, se, INFINITY, level); }

static double jackknife_se(const analysis *a, size_t value)
{
    const lb_reference_values *v = &a->values;
    if (v->failed) return NAN;
    return sqrt(lb_jackknife(v->without + value, v->without + value, a->r.n, v->sets * v->each));
}

static void people(analysis *a)
{
    const lb_reference *r = &a->r;
    lb_value *out = a->result->results;
    size_t missing = 0, *from = lb_arena_array(lb_call_arena(a->call), r->visits + 2, sizeof *from);
    for (size_t i = 0; i < r->n; i++) {
        missing += isnan(r->y[i * r->visits + r->visits - 1]);
        from[r->ice[i]]++;
    }
    lb_set_int(out, "n", (int64_t)r->n);
    lb_set_int(out, "n_imputed", (int64_t)missing);
    lb_set_text(out, "visit", r->mmrm.visit_name[r->visits - 1]);
    lb_set_number(out, "loglik", -r->mmrm.reml.deviance / 2);
    lb_value *rows = lb_set_array(out, "left_from");
    for (size_t v = 0; v < r->visits; v++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "visit", r->mmrm.visit_name[v]);
        lb_set_int(row, "n", (int64_t)from[v]);
    }
}

static void findings(analysis *a)
{
    const lb_reference *r = &a->r;
    if (!r->mmrm.reml.converged) {
        lb_result_status(a->result, "not_converged");
        lb_result_warn(a->result, "the mixed model did not converge");
    } else if (a->values.failed) {
        lb_result_status(a->result, "not_converged");
        lb_result_warn(a->result, "%zu of %zu fits without one person did not converge: no standard errors", a->values.failed, r->n);
    }
    double number;
    const char *last = r->mmrm.visit_name[r->visits - 1];
    if (!lb_call_given(a->call, "visits") && !lb_text_number(last, strlen(last), &number))
        lb_result_warn(a->result, "without --visits the visits stand in the codebook's order, or sorted as text: the last is taken to be %s", last);
    if (r->left_out) lb_result_warn(a->result, "%zu people are left out because a covariate is missing at every visit", r->left_out);
    lb_result_note(a->result, "Mixed model %s over %zu visits, unstructured covariance, REML; %zu people, %zu outcomes.", r->mmrm.formula, r->visits,
                   r->n, r->mmrm.design->n);
    lb_rows_coding(r->mmrm.design, a->result);
    lb_result_note(a->result, "Missing outcomes at %s are replaced by their conditional means (gaps before a later visit: missing at random), then "
                   "analysis of covariance with the baseline covariates of the formula; standard errors by leaving out each person in turn, z tests.",
                   last);
}

static void imputed_values(analysis *a, const lb_strategy *strategy, size_t count)
{
    const lb_reference *r = &a->r;
    lb_value *rows = lb_set_array(a->result->results, "imputed");
    double *z = lb_arena_array(lb_call_arena(a->call), r->n * count + 1, sizeof *z);
    for (size_t s = 0; s < count; s++) lb_reference_impute(r, r->mmrm.model.coefficient, r->mmrm.reml.phi, strategy[s], z + s * r->n);
    for (size_t i = 0; i < r->n; i++) {
        if (!isnan(r->y[i * r->visits + r->visits - 1])) continue;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, r->mmrm.subject, r->who[i]);
        lb_set_text(row, r->mmrm.treatment, r->arm_name[r->arm[i]]);
        lb_set_text(row, "left_from", r->mmrm.visit_name[r->ice[i]]);
        for (size_t s = 0; s < count; s++) lb_set_number(row, strategy_name[strategy[s]], z[s * r->n + i]);
    }
}

static int run_reference(lb_call *call, lb_result *result, lb_error *err)
{
    analysis a = {.call = call, .result = result};
    lb_strategy strategy[LB_STRATEGIES];
    size_t count = 0;
    for (int s = 0; s < LB_STRATEGIES; s++) {
        if (lb_call_chosen(call, "strategy", strategy_name[s])) strategy[count++] = (lb_strategy)s;
    }
    int rc = read(&a, err);
    if (!rc) rc = lb_reference_run(&a.r, strategy, count, false, &a.values, err);
    if (rc) return rc;
    const lb_reference *r = &a.r;
    result->title = "Reference-based imputation";
    people(&a);
    lb_value *contrasts = lb_set_array(result->results, "contrasts"), *means = lb_set_array(result->results, "means");
    for (size_t s = 0; s < count; s++) {
        for (size_t k = 0; k < a.values.each; k++) {
            bool contrast = k + 1 < r->arms;
            size_t at = s * a.values.each + k;
            lb_value *row = lb_push_object(contrast ? contrasts : means);
            if (contrast) lb_set_textf(row, "contrast", "%s - %s", r->arm_name[k + 1], r->arm_name[0]);
            else lb_set_text(row, r->mmrm.treatment, r->arm_name[k + 1 - r->arms]);
            lb_set_text(row, "strategy", strategy_name[strategy[s]]);
            set_estimate(row, a.values.at[at], jackknife_se(&a, at), a.level);
        }
    }
    imputed_values(&a, strategy, count);
    findings(&a);
    return LB_OK;
}

/* The shift nearest to 0 of the wanted sign at which |estimate| = z se: (e + δs)² = z² (v + 2δc + δ²w). NaN: there is none. */
static double tipping_point(const analysis *a, size_t value, size_t slope, double sign)
{
    const lb_reference_values *v = &a->values;
    size_t stride = v->sets * v->each, n = a->r.n;
    const double *base = v->without + value, *shift = v->without + slope;
    double z = lb_norm_q((1 - a->level) / 2, LB_UPPER), zz = z * z, e = v->at[value], s = v->at[slope];
    double c0 = e * e - zz * lb_jackknife(base, base, n, stride), c1 = 2 * (e * s - zz * lb_jackknife(base, shift, n, stride));
    double c2 = s * s - zz * lb_jackknife(shift, shift, n, stride), disc = c1 * c1 - 4 * c2 * c0, best = NAN;
    if (!(c0 > 0) || !(disc >= 0)) return c0 <= 0 ? 0 : NAN; /* not significant to begin with; never lost */
    double q = -(c1 + copysign(sqrt(disc), c1)) / 2, root[2] = {q / c2, c0 / q};
    for (int i = 0; i < 2; i++) {
        if (isfinite(root[i]) && root[i] * sign > 0 && !(fabs(best) <= fabs(root[i]))) best = root[i];
    }
    return best;
}

static void tipping_rows(analysis *a, const double *delta, size_t count)
{
    const lb_reference *r = &a->r;
    const lb_reference_values *v = &a->values;
    lb_value *rows = lb_set_array(a->result->results, "rows"), *points = lb_set_array(a->result->results, "tipping_points");
    size_t stride = v->sets * v->each;
    double sign = 1;
    for (size_t i = 0; i < count; i++) sign = delta[i] != 0 ? copysign(1, delta[i]) : sign; /* the side that was asked about */
    for (size_t k = 0; k + 1 < r->arms; k++) {
        const double *base = v->without + k, *shift = v->without + v->each + k;
        double vv = lb_jackknife(base, base, r->n, stride), vs = lb_jackknife(base, shift, r->n, stride);
        double ss = lb_jackknife(shift, shift, r->n, stride);
        for (size_t i = 0; i < count; i++) {
            lb_value *row = lb_push_object(rows);
            double se = v->failed ? NAN : sqrt(vv + 2 * delta[i] * vs + delta[i] * delta[i] * ss);
            lb_set_number(row, "delta", delta[i]);
            lb_set_textf(row, "contrast", "%s - %s", r->arm_name[k + 1], r->arm_name[0]);
            set_estimate(row, v->at[k] + delta[i] * v->at[v->each + k], se, a->level);
        }
        lb_value *point = lb_push_object(points);
        lb_set_textf(point, "contrast", "%s - %s", r->arm_name[k + 1], r->arm_name[0]);
        double at = v->failed ? NAN : tipping_point(a, k, v->each + k, sign);
        lb_set_number(point, "delta", at);
        if (at == 0) lb_set_text(point, "reason", "the interval includes 0 without any shift");
        else if (isnan(at)) lb_set_text(point, "reason", v->failed ? "no standard errors" : "no shift to this side makes the interval include 0");
    }
}

static int run_tipping(lb_call *call, lb_result *result, lb_error *err)
{
    analysis a = {.call = call, .result = result};
    const lb_strategy mar = LB_MAR;
    const double *delta;
    const lb_value *labels;
    size_t count = lb_call_numbers(call, "deltas", &delta);
    int rc = lb_labels_read(call, &labels, err);
    if (!rc) rc = read(&a, err);
    if (!rc) rc = lb_reference_run(&a.r, &mar, 1, true, &a.values, err);
    if (rc) return rc;
    result->title = "Tipping point";
    people(&a);
    tipping_rows(&a, delta, count);
    lb_tipping_picture(result, lb_get(result->results, "rows"), lb_get(result->results, "tipping_points"), labels);
    findings(&a);
    lb_result_note(result, "delta is added to the imputed outcomes of every arm but %s; tipping_points: the delta nearest to 0, on the side asked "
                   "about, from which on the %g %% interval includes 0.", a.r.arm_name[0], 100 * a.level);
    return LB_OK;
}

#define VISIT_PARAMS                                                                                                            \
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "table with one row per person and visit"}, \
        {.name = "formula", .type = LB_P_FORMULA, .flags = LB_REQUIRED, .summary = "of the mixed model: odi ~ odi_0 * visit + sex + arm * visit"}, \
        {.name = "subject", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column that names the person"},              \
        {.name = "visit", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the visits"},                        \
        {.name = "treatment", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the arms"},                      \
        {.name = "reference", .type = LB_P_TEXT, .summary = "the arm whose course is taken as reference (default: the first)"}, \
        {.name = "visits", .type = LB_P_TEXTS, .summary = "the visits in their order, the last is analysed; rows of others (baseline) only say who there is"}, \
        {.name = "ice", .type = LB_P_COLUMN, .summary = "column with the first visit after an intercurrent event (empty: none): outcomes from it on are imputed"}, \
        {.name = "level", .type = LB_P_NUMBER, .summary = "confidence level of intervals", .preset = "0.95", .min = 1e-6, .max = 0.999999}

static const lb_param reference_params[] = {
    VISIT_PARAMS,
    {.name = "strategy", .type = LB_P_CHOICES, .summary = "missing at random, jump to reference, copy increments in reference, copy reference",
     .preset = "j2r", .choices = "mar,j2r,cir,cr"},
};
static const lb_param tipping_params[] = {
    VISIT_PARAMS,
    {.name = "deltas", .type = LB_P_NUMBERS, .summary = "shifts of the imputed outcomes", .preset = "0,1,2,3,4,5"},
    LB_LABELS_PARAM,
};

const lb_op lb_op_analyse_reference = {
    .area = "analyse", .verb = "reference",
    .summary = "difference at the last visit with drop-outs imputed from the reference arm",
    .description =
        "Fits a mixed model for repeated measures (unstructured covariance, REML) to the outcomes seen. From the visit on where a person's outcomes "
        "end, what is expected follows the person's own arm (mar), the reference arm (j2r), the reference arm's increments from the last visit "
        "seen (cir), or the reference arm throughout (cr: Carpenter, Roger & Kenward 2013). A missing outcome at the last visit is replaced by its "
        "conditional mean given the visits seen; gaps before a later visit are missing at random. The completed last visit is analysed by "
        "covariance with the arm and the formula's baseline covariates. Standard errors come from the jackknife over people, imputation "
        "included (Wolbers et al. 2022); tests are z.\n\n"
        "Covariates must be the same at every visit of a person. Somebody without any outcome is imputed too, as long as a row says who it is: leave "
        "baseline rows in and name the visits after baseline in --visits.\n\n"
        "--ice names a column with the first visit at which an intercurrent event (rescue treatment, surgery) holds for the person: outcomes from "
        "then on are set aside and imputed by the strategy. Without it outcomes are used whatever happened (treatment policy).",
    .params = reference_params, .param_count = LB_COUNT(reference_params), .run = run_reference,
    .example = "lumbar analyse reference --data reference/analysis/visits48.csv --formula 'odi ~ odi_0 + arm * visit' --subject id "
               "--visit visit --visits W6,M3,M6,M12 --treatment arm --reference CONTROL --strategy mar,j2r"};

const lb_op lb_op_analyse_tipping = {
    .area = "analyse", .verb = "tipping",
    .summary = "how much worse must drop-outs be for the difference to vanish?",
    .description =
        "As `analyse reference` with missing at random, adding each of --deltas to the imputed outcomes of the arms other than the reference before "
        "the analysis. The estimate and its jackknife variance are exact functions of delta, so the tipping point, from which on the interval "
        "includes 0, is solved for and not searched on a grid.",
    .params = tipping_params, .param_count = LB_COUNT(tipping_params), .run = run_tipping,
    .example = "lumbar analyse tipping --data reference/analysis/visits48.csv --formula 'odi ~ odi_0 + arm * visit' --subject id "
               "--visit visit --visits W6,M3,M6,M12 --treatment arm --reference CONTROL --deltas 0,5,10"};

/* meta influence, meta leaveout, meta cumulative: how the pooled effect depends on single studies. */
#include "evidence/influence.h"
#include "evidence/ops.h"

#include <math.h>
#include <string.h>

enum { MOST_REFITTED = 20000 };

static int read_both(lb_call *call, lb_pool_settings *settings, lb_effects *effects, lb_result *result, lb_error *err)
{
    int code = lb_pool_settings_read(call, settings, err);
    if (!code) code = lb_effects_read(call, false, effects, err);
    if (code) return code;
    lb_set_text(result->results, "measure", effects->measure->name);
    lb_set_text(result->results, "method", lb_tau2_method_name(settings->fit.method));
    lb_set_int(result->results, "k", (int64_t)effects->k);
    if (effects->k > MOST_REFITTED) {
        return lb_fail(err, LB_TOO_LARGE, "%zu studies are too many to refit for each (at most %d)", effects->k,
                       MOST_REFITTED);
    }
    return 0;
}

static const char *study_of(const lb_effects *effects, size_t i) { return effects->study[effects->used[i]]; }

/* What the diagnostics are made from: all studies with an effect, or those that have the moderators, too. */
typedef struct subject {
    const double *y, *v, *x;
    size_t k, columns;
    const size_t *row;       /* k: which study with an effect; NULL: all */
    const char *const *term; /* columns */
} subject;

static int read_subject(lb_call *call, const lb_effects *effects, subject *out, lb_error *err)
{
    static const char *const intercept[] = {"(Intercept)"};
    *out = (subject){.y = effects->y, .v = effects->v, .k = effects->k, .columns = 1, .term = intercept};
    if (!lb_call_given(call, "mods")) return 0;
    lb_moderators moderators;
    int code = lb_moderators_read(call, effects, &moderators, err);
    if (code) return code;
    const lb_design *design = moderators.design;
    *out = (subject){moderators.y, moderators.v, design->x, design->n, design->p, design->row, (const char *const *)design->name};
    return 0;
}

static void report_row(const subject *of, const lb_influence *influence, size_t i, lb_value *row)
{
    const lb_influence_row *from = &influence->row[i];
    lb_set_number(row, "rstudent", from->rstudent);
    lb_set_number(row, "cook", from->cook);
    lb_set_number(row, "dffits", from->dffits);
    lb_set_number(row, "hat", from->hat);
    lb_set_number(row, "cov_r", from->cov_r);
    lb_set_number(row, "tau2_del", from->tau2_del);
    lb_set_number(row, "Q_del", from->q_del);
    lb_set_number(row, "weight", from->weight);
    if (!of->x) {
        lb_set_number(row, "dfbetas", from->dfbetas[0]);
    } else {
        lb_value *dfbetas = lb_set_object(row, "dfbetas");
        for (size_t a = 0; a < influence->p; a++) lb_set_number(dfbetas, of->term[influence->kept[a]], from->dfbetas[a]);
    }
    lb_set_number(row, "resid", from->resid);
    lb_set_number(row, "se", from->se);
    lb_set_number(row, "rstandard", from->rstandard);
    lb_set_number(row, "resid_del", from->resid_del);
    lb_set_number(row, "se_del", from->se_del);
    lb_set_bool(row, "outlier", from->outlier);
    lb_set_bool(row, "influential", from->influential);
    lb_set_bool(row, "flagged", from->flagged);
}

static int run_influence(lb_call *call, lb_result *result, lb_error *err)
{
    lb_pool_settings settings;
    lb_effects effects;
    lb_influence influence;
    subject of;
    int code = read_both(call, &settings, &effects, result, err);
    if (!code) code = read_subject(call, &effects, &of, err);
    if (!code)
        code = lb_influence_fit(of.y, of.v, of.x, of.k, of.columns, &settings, lb_call_progress(call), lb_call_arena(call), &influence, err);
    if (code) return code;
    lb_set_int(result->results, "k", (int64_t)of.k);
    lb_set_number(result->results, "outlier_cut", influence.outlier_cut);
    lb_set_number(result->results, "cook_cut", influence.cook_cut);
    lb_value *rows = lb_set_array(result->results, "rows");
    size_t alone = 0;
    for (size_t i = 0; i < of.k; i++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "study", study_of(&effects, of.row ? of.row[i] : i));
        report_row(&of, &influence, i, row);
        alone += isnan(influence.row[i].rstudent);
    }
    lb_result_note(result,
                   "Each study left out in turn. Outlier: |rstudent| above the Bonferroni limit %.4g. Influential: "
                   "Cook's distance above the "
                   "median + 6 interquartile ranges, %.4g. Flagged: metafor's rule of thumb.",
                   influence.outlier_cut, influence.cook_cut);
    if (alone) lb_result_warn(result, "%zu stud%s alone carr%s a coefficient: without it the model cannot be fitted", alone, alone == 1 ? "y" : "ies", alone == 1 ? "ies" : "y");
    lb_effects_note(&effects, result);
    return 0;
}

static int add_fit(lb_value *rows, const char *study, const double *y, const double *v, size_t k,
                   const lb_pool_settings *settings, const lb_progress *progress, lb_result *result, lb_error *err)
{
    if (lb_progress_cancelled(progress)) return lb_fail(err, LB_CANCELLED, "stopped at '%.80s'", study);
    lb_arena *own = lb_arena_new(); /* k fits of up to k studies: none keeps its memory */
    lb_summary summary;
    int code = lb_summary_fit(y, v, k, settings, own, &summary, err);
    if (code) {
        lb_arena_free(own);
        return code;
    }
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "study", study);
    lb_summary_report(&summary, settings, row);
    if (!summary.pool.tau2.converged) {
        lb_result_status(result, "not_converged");
        lb_result_warn(result, "tau2 did not converge in the row of '%s'", study);
    }
    lb_arena_free(own);
    return 0;
}

static int run_leaveout(lb_call *call, lb_result *result, lb_error *err)
{
    lb_pool_settings settings;
    lb_effects effects;
    lb_arena *arena = lb_call_arena(call);
    int code = read_both(call, &settings, &effects, result, err);
    if (code) return code;
    if (effects.k < 2) return lb_fail(err, LB_BAD_DATA, "one study: there is none to leave out");
    size_t k = effects.k;
    double *y = lb_arena_array(arena, k, sizeof *y), *v = lb_arena_array(arena, k, sizeof *v);
    lb_value *rows = lb_set_array(result->results, "rows");
    for (size_t i = 0; i < k; i++) {
        memcpy(y, effects.y, i * sizeof *y);
        memcpy(v, effects.v, i * sizeof *v);
        memcpy(y + i, effects.y + i + 1, (k - i - 1) * sizeof *y);
        memcpy(v + i, effects.v + i + 1, (k - i - 1) * sizeof *v);
        code = add_fit(rows, study_of(&effects, i), y, v, k - 1, &settings, lb_call_progress(call), result, err);
        if (code) return code;
    }
    lb_result_note(result, "Each row is the model without the study named.");
    lb_effects_note(&effects, result);
    return 0;
}

/* Stable insertion: equal years keep the order of the table. */
static void sort_by(const double *key, size_t *order, size_t k)
{
    for (size_t i = 1; i < k; i++) {
        size_t moving = order[i], j = i;
        for (; j > 0 && key[order[j - 1]] > key[moving]; j--) order[j] = order[j - 1];
        order[j] = moving;
    }
}

static int read_order(lb_call *call, const lb_effects *effects, size_t *order, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    for (size_t i = 0; i < effects->k; i++) order[i] = i;
    const char *name = lb_call_text(call, "order");
    if (!name) return 0;
    lb_column *column;
    int code = lb_table_number(effects->table, name, &column, err);
    if (code) return code;
    double *key = lb_arena_array(arena, effects->k, sizeof *key);
    for (size_t i = 0; i < effects->k; i++) {
        key[i] = column->number[effects->used[i]];
        if (!isnan(key[i])) continue;
        code = lb_fail(err, LB_BAD_DATA, "'%s' of '%.80s' is missing, so it has no place in the order", name,
                       study_of(effects, i));
        lb_error_where(err, "row %zu", effects->used[i] + 1);
        return code;
    }
    sort_by(key, order, effects->k);
    return 0;
}

static int run_cumulative(lb_call *call, lb_result *result, lb_error *err)
{
    lb_pool_settings settings;
    lb_effects effects;
    lb_arena *arena = lb_call_arena(call);
    int code = read_both(call, &settings, &effects, result, err);
    if (code) return code;
    size_t *order = lb_arena_array(arena, effects.k, sizeof *order);
    code = read_order(call, &effects, order, err);
    if (code) return code;
    double *y = lb_arena_array(arena, effects.k, sizeof *y), *v = lb_arena_array(arena, effects.k, sizeof *v);
    lb_value *rows = lb_set_array(result->results, "rows");
    for (size_t i = 0; i < effects.k; i++) {
        y[i] = effects.y[order[i]];
        v[i] = effects.v[order[i]];
        code = add_fit(rows, study_of(&effects, order[i]), y, v, i + 1, &settings, lb_call_progress(call), result, err);
        if (code) return code;
    }
    lb_result_note(result, "Each row adds the study named to those above it.");
    lb_effects_note(&effects, result);
    return 0;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    LB_POOL_PARAMS,
    {.name = "order",
     .type = LB_P_COLUMN,
     .summary = "studies are added in the order of this column, such as the year"},
};
enum { COMMON = LB_COUNT(params) - 1 }; /* all but --order */
static const lb_param influence_params[] = {
    LB_EFFECT_PARAMS,
    LB_POOL_PARAMS,
    {.name = "mods", .type = LB_P_FORMULA, .summary = "moderators, as in \"~ year + ablat\": the diagnostics of the meta-regression"},
};
#define BCG "reference/evidence/bcg.csv --measure RR --ai tpos --bi tneg --ci cpos --di cneg"

const lb_op lb_op_meta_influence = {
    .area = "meta",
    .verb = "influence",
    .summary = "which studies are outliers, which move the result",
    .description =
        "Case-deletion diagnostics of the pooled effect, or with --mods of the meta-regression (Viechtbauer & Cheung 2010): internally and externally standardised "
        "residuals, Cook's distances, "
        "DFFITS, DFBETAS, hat values, covariance ratios, and tau2 and Q without the study. A study is an outlier when "
        "its residual passes the "
        "Bonferroni limit, influential when its Cook distance lies beyond the median + 6 interquartile ranges.",
    .params = influence_params,
    .param_count = LB_COUNT(influence_params),
    .run = run_influence,
    .example = "lumbar meta influence " BCG,
};
const lb_op lb_op_meta_leaveout = {
    .area = "meta",
    .verb = "leaveout",
    .summary = "the pooled effect without each study",
    .description = "Fits the model of meta fit with each study left out in turn.",
    .params = params,
    .param_count = COMMON,
    .run = run_leaveout,
    .example = "lumbar meta leaveout " BCG,
};
const lb_op lb_op_meta_cumulative = {
    .area = "meta",
    .verb = "cumulative",
    .summary = "the pooled effect as studies accumulate",
    .description = "Fits the model of meta fit to the first study, the first two, and so on, in the order of a column "
                   "or of the table.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run_cumulative,
    .example = "lumbar meta cumulative " BCG " --order year",
};

/* Pictures of a trained model: models side by side; ROC, calibration and decision curve of the published one; which columns the bootstrap
 * selects; contributions. */
#include "predict/explain_svg.h"
#include "predict/train.h"

#include <lumbar/figure.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct shown {
    lb_table *table;
    const char *where;
} shown;

/* Predictions of the published model for people it had not seen, as a table for the operations that draw. */
static shown predictions(const lb_model_plan *plan, const lb_model_people *people, const lb_validated *run, lb_arena *arena)
{
    size_t k = plan->validation.primary;
    bool test = run->test > 0;
    const size_t *row = test ? run->test_row : run->train_row;
    size_t n = test ? run->test : run->train;
    const double *risk = test ? run->tested[k] : run->nested[k];
    lb_view view = lb_view_judge(people->cohort, run->ledger, "report", "pictures", row, n, true, arena);
    shown s = {lb_table_new(arena, "predictions", view.n), test ? "people held out" : "people held out by folds"};
    double *event = lb_table_add_number(s.table, "event")->number, *r = lb_table_add_number(s.table, "risk")->number;
    for (size_t i = 0, at = 0; i < n && at < view.n; i++) {
        if (view.row[at] != row[i]) continue;
        event[at] = view.event[at];
        r[at++] = risk[i];
    }
    s.table->column[0].missing = s.table->column[1].missing = 0;
    return s;
}

/* An operation's picture under another name; one that cannot be drawn is left out with a warning. */
static void borrow(lb_call *call, const char *verb, const lb_table *table, const char *stem, const char *where, lb_result *result)
{
    lb_error err = LB_ERROR_INIT;
    lb_result *drawn = NULL;
    const lb_op *op = lb_registry_find(lb_call_registry(call), "predict", verb);
    lb_call *ask = lb_call_new(lb_call_registry(call), op);
    int code = lb_call_bind_table(ask, "data", (lb_table *)(uintptr_t)table, &err);
    if (!code) code = lb_call_set(ask, "outcome", "event", &err);
    if (!code) code = lb_call_set(ask, "score", "risk", &err);
    if (!code) code = lb_call_run(ask, &drawn, &err);
    if (code) lb_result_warn(result, "no picture of %s: %s", verb, err.message);
    else if (drawn->picture_count)
        lb_result_picture(result, lb_arena_printf(result->arena, "%s%s", stem, verb), lb_arena_printf(result->arena, "%s, on %s", drawn->picture[0].title, where), drawn->picture[0].svg);
    lb_call_free(ask);
    lb_result_free(drawn);
}

/* Areas of all models with their intervals: nested, held out, .632+. */
static void side_by_side(const lb_value *results, const char *stem, lb_result *result)
{
    enum { LEFT = 150, WIDE = 280, TOP = 44, ROW = 40 };
    static const char *const parts[] = {"nested", "test"}, *const colours[] = {"#0b6e75", "#b3470f"}, *const words[] = {"cross-validated", "held out"};
    const lb_value *models = lb_get(results, "models");
    double height = TOP + ROW * (double)models->count + 44, tick[8], bottom = TOP + ROW * (double)models->count;
    char text[64];
    lb_svg *svg = lb_svg_new(result->arena, LEFT + WIDE + 110, height, "Discrimination of all models", "Area under the ROC curve with 95 % interval");
    for (size_t t = 0, n = lb_ticks(0.3, 1, 8, tick); t < n; t++) {
        double x = LEFT + WIDE * (tick[t] - 0.3) / 0.7;
        lb_svg_line(svg, x, TOP - 8, x, bottom, fabs(tick[t] - 0.5) < 1e-9 ? "#5b6b76" : "#dde4e8", 0.7, NULL);
        lb_svg_text(svg, x, bottom + 13, 8.5, LB_MIDDLE, "", "#17232b", lb_svg_number(tick[t], 1, text));
    }
    lb_svg_text(svg, LEFT + WIDE / 2.0, bottom + 30, 9, LB_MIDDLE, "", "#17232b", "AUC (95 % interval); ◆ bootstrap, .632+");
    for (int k = 0; k < 2; k++) {
        lb_svg_circle(svg, LEFT + 6 + 120 * k, 16, 3.5, colours[k], NULL, 0);
        lb_svg_text(svg, LEFT + 14 + 120 * k, 19, 8.5, LB_START, "", "#17232b", words[k]);
    }
    for (size_t m = 0; m < models->count; m++) {
        const lb_value *model = models->item[m];
        double y = TOP + ROW * ((double)m + 0.5);
        lb_svg_text(svg, LEFT - 10, y + 3, 9, LB_END, lb_get_bool(model, "published", false) ? "bold" : "", "#17232b", lb_get_text(model, "label", ""));
        for (int k = 0; k < 2; k++) {
            const lb_value *part = lb_get(model, parts[k]);
            double auc = lb_get_number(part, "auc", NAN), low = lb_get_number(part, "auc_lower", auc), high = lb_get_number(part, "auc_upper", auc), yy = y - 7 + 13 * k;
            if (isnan(auc)) continue;
            double x[3] = {fmax(0.3, low), fmax(0.3, auc), fmin(1, high)};
            for (int i = 0; i < 3; i++) x[i] = LEFT + WIDE * (x[i] - 0.3) / 0.7;
            lb_svg_line(svg, x[0], yy, x[2], yy, colours[k], 1.4, NULL);
            lb_svg_circle(svg, x[1], yy, 3.5, colours[k], NULL, 0);
            char a[64], b[64], c[64];
            lb_svg_text(svg, LEFT + WIDE + 8, yy + 3, 8.5, LB_START, "", colours[k],
                        lb_arena_printf(result->arena, "%s (%s–%s)", lb_svg_number(auc, 2, a), lb_svg_number(low, 2, b), lb_svg_number(high, 2, c)));
        }
        double plus = lb_get_number(lb_get(model, "bootstrap"), "auc_632plus", NAN);
        if (isnan(plus)) continue;
        double x = LEFT + WIDE * (fmax(0.3, plus) - 0.3) / 0.7, diamond[8] = {x, y - 4.5, x + 4.5, y, x, y + 4.5, x - 4.5, y};
        lb_svg_polygon(svg, diamond, 4, "#17232b", NULL, 0);
    }
    lb_result_picture(result, lb_arena_printf(result->arena, "%smodels", stem), "All models side by side", lb_svg_finish(svg));
}

static void selection(const lb_value *results, const char *stem, lb_result *result)
{
    const lb_value *rows = lb_get(results, "selection");
    if (!rows || !rows->count) return;
    const char **name = lb_arena_array(result->arena, rows->count, sizeof *name);
    double *share = lb_arena_array(result->arena, rows->count, sizeof *share);
    for (size_t i = 0; i < rows->count; i++) {
        name[i] = lb_get_text(rows->item[i], "column", "");
        share[i] = lb_get_number(rows->item[i], "share", 0);
    }
    lb_bars_picture(result, lb_arena_printf(result->arena, "%sselection", stem), "How often the bootstrap selects a column", "share of bootstrap pipelines that keep it", name, share,
                    rows->count);
}

/* For the person of the waterfall a category is shown by its level, not by its index. */
static void name_levels(const lb_model_people *people, size_t row, const double *mean, const char **name, double *x, lb_arena *arena)
{
    for (size_t j = 0, k = 0; j < people->inputs; j++) {
        if (!(mean[j] > 0)) continue;
        const lb_input *in = &people->input[j];
        double level = in->value[row];
        if (in->category && !isnan(level)) {
            name[k] = lb_arena_printf(arena, "%s: %s", in->label, in->level[(size_t)level]);
            x[k] = NAN;
        }
        k++;
    }
}

/* Contributions of the published model for those it was trained on, and importance among the results. */
static void contributions(const lb_model_plan *plan, const lb_model_people *people, const lb_validated *run, const char *stem, lb_value *results, lb_result *result)
{
    const lb_score_program *program = &run->final.program[plan->validation.primary];
    lb_arena *arena = lb_arena_new();
    size_t n = run->train < 400 ? run->train : 400, p = people->inputs, used = 0;
    lb_score_model model = run->final.frame;
    model.programs = 1, model.program = (lb_score_program *)(uintptr_t)program, model.most_columns = program->columns;
    double *scratch = lb_arena_array(arena, lb_score_scratch(&model), sizeof *scratch), *players = lb_arena_array(arena, 2 * p + 2, sizeof *players);
    lb_score_paths *paths = NULL;
    if (program->kind == LB_SCORE_TREES) {
        size_t size = lb_score_paths_size(&program->forest);
        void *memory = size ? lb_arena_try(arena, size, 1) : NULL;
        paths = memory ? lb_score_paths_make(&program->forest, memory) : NULL;
    }
    if (program->kind == LB_SCORE_TREES && !paths) {
        lb_arena_free(arena);
        return;
    }
    double *all = lb_arena_array(arena, n * p + 1, sizeof *all), *mean = lb_arena_array(arena, p + 1, sizeof *mean), base = 0;
    for (size_t i = 0; i < n; i++) {
        base = lb_score_contributions(&model, lb_cohort_row(people->cohort, run->train_row[i]), paths, all + i * p, scratch, players);
        for (size_t j = 0; j < p; j++) mean[j] += fabs(all[i * p + j]) / (double)n;
    }
    const char **name = lb_arena_array(result->arena, p + 1, sizeof *name);
    double *value = lb_arena_array(arena, n * p + 1, sizeof *value), *x = lb_arena_array(arena, n * p + 1, sizeof *x);
    for (size_t j = 0; j < p; j++)
        if (mean[j] > 0) name[used++] = people->input[j].label;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0, k = 0; j < p; j++)
            if (mean[j] > 0) value[i * used + k] = all[i * p + j], x[i * used + k++] = lb_cohort_row(people->cohort, run->train_row[i])[j];
    lb_value *rows = lb_set_array(results, "importance");
    for (size_t j = 0; j < p; j++) {
        if (!(mean[j] > 0)) continue;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "input", people->input[j].name);
        lb_set_number(row, "mean_absolute", mean[j]);
    }
    lb_contributions c = {.rows = n, .features = used, .name = name, .value = value, .x = x, .base = base, .scale = program->logistic ? "log-odds" : "risk"};
    if (used) {
        lb_beeswarm_picture(result, &c, stem);
        name_levels(people, run->train_row[0], mean, name, x, result->arena);
        lb_waterfall_picture(result, &c, 0, stem);
    }
    lb_arena_free(arena);
}

int lb_train_pictures(lb_call *call, const lb_model_plan *plan, const lb_value *outcome, const lb_model_people *people, const lb_validated *run,
                      const lb_value *results, lb_result *result, lb_error *err)
{
    (void)err;
    const char *stem = lb_arena_printf(result->arena, "%s-", lb_get_text(outcome, "id", "outcome"));
    lb_arena *arena = lb_arena_new();
    side_by_side(results, stem, result);
    if (run->test || plan->validation.folds) {
        shown s = predictions(plan, people, run, arena);
        static const char *const verbs[] = {"roc", "calibration", "decision"};
        for (size_t k = 0; k < LB_COUNT(verbs); k++) borrow(call, verbs[k], s.table, stem, s.where, result);
        if (people->censored) lb_result_note(result, "The pictures of %s show people whose outcome is known, unweighted; the figures weigh them.", lb_get_text(outcome, "id", ""));
    }
    selection(results, stem, result);
    contributions(plan, people, run, stem, (lb_value *)(uintptr_t)results, result);
    lb_arena_free(arena);
    return 0;
}

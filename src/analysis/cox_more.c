/* Residuals of a Cox model (martingale, deviance, score, dfbeta, Schoenfeld, scaled Schoenfeld: Therneau & Grambsch 2000, chapter 4)
 * and survival at given covariates with its standard error (Efron's ties as in the fit; Tsiatis 1981). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cox_more.h"
#include "analysis/survival.h"

typedef struct collector {
    const lb_cox_data *data;
    lb_ties ties;
    lb_cox_jump *jump;
    size_t count, stratum;
    lb_arena *arena;
} collector;

static void at_event_time(void *context, const lb_cox_time *at)
{
    collector *c = context;
    size_t p = c->data->p;
    while (at->first >= c->data->first[c->stratum + 1]) c->stratum++;
    lb_cox_jump *j = &c->jump[c->count++];
    *j = (lb_cox_jump){.time = at->time, .stratum = c->stratum, .first = at->first, .last = at->last};
    j->mean = lb_arena_array(c->arena, 2 * p + 1, sizeof *j->mean);
    j->moment = j->mean + p;
    for (double k = 0; k < at->deaths; k++) {
        double share = c->ties == LB_EFRON ? k / at->deaths : 0, a0 = at->s0 - share * at->d0;
        j->hazard += 1 / a0;
        j->variance += 1 / (a0 * a0);
        j->spared += share / a0;
        for (size_t i = 0; i < p; i++) {
            double mean = (at->s1[i] - share * at->d1[i]) / a0;
            j->mean[i] += mean / at->deaths;
            j->moment[i] += mean / a0;
        }
    }
}

size_t lb_cox_jumps(const lb_cox_data *data, const lb_cox_fit *fit, lb_ties ties, lb_arena *arena, lb_cox_jump **out)
{
    collector c = {.data = data, .ties = ties, .arena = arena, .jump = lb_arena_array(arena, data->events + 1, sizeof *c.jump)};
    lb_cox_walk(data, fit->weight, at_event_time, &c);
    *out = c.jump;
    return c.count;
}

void lb_cox_martingale(const lb_cox_data *data, const lb_cox_fit *fit, const lb_cox_jump *jump, size_t count, double *out)
{
    for (size_t i = 0; i < data->n; i++) out[i] = data->event[i];
    for (size_t k = 0, from = 0, to; k < data->strata; k++, from = to) {
        for (to = from; to < count && jump[to].stratum == k; to++) {}
        double *total = lb_alloc(to - from + 1, sizeof *total); /* total[m]: hazard of the m earliest times */
        for (size_t m = 0; m < to - from; m++) total[m + 1] = total[m] + jump[to - 1 - m].hazard;
        for (size_t i = data->first[k]; i < data->first[k + 1]; i++) {
            double edge[2];
            for (int e = 0; e < 2; e++) {
                double when = e ? data->time[i] : data->start ? data->start[i] : -INFINITY;
                size_t low = 0, high = to - from;
                while (low < high) {
                    size_t middle = (low + high) / 2;
                    if (jump[to - 1 - middle].time <= when) low = middle + 1;
                    else high = middle;
                }
                edge[e] = total[low];
            }
            out[i] -= fit->weight[i] * (edge[1] - edge[0]);
        }
        for (size_t m = from; m < to; m++)
            for (size_t i = jump[m].first; i < jump[m].last; i++)
                if (data->event[i]) out[i] += fit->weight[i] * jump[m].spared;
        free(total);
    }
}

/* ---- tables of residuals ------------------------------------------------------ */

static const char *term(const lb_cox_model *model, size_t j) { return model->design->name[j + (model->design->intercept ? 1 : 0)]; }

static void people_residuals(lb_call *call, const lb_cox_model *model, const lb_cox_fit *fit, const lb_cox_jump *jump, size_t count, lb_result *result)
{
    const lb_cox_data *data = &model->data;
    lb_arena *arena = result->arena;
    size_t n = data->n, p = data->p;
    double *martingale = lb_arena_array(arena, n + 1, sizeof *martingale), *score = lb_arena_array(arena, n * p + 1, sizeof *score);
    size_t *place = lb_arena_array(arena, n + 1, sizeof *place);
    bool scores = lb_call_chosen(call, "residuals", "score"), betas = lb_call_chosen(call, "residuals", "dfbeta");
    lb_cox_martingale(data, fit, jump, count, martingale);
    if (scores || betas) lb_cox_score_residuals(data, fit, model->ties, arena, score);
    for (size_t i = 0; i < n; i++) place[data->row[i]] = i;
    lb_value *rows = lb_set_array(result->results, "residuals");
    for (size_t r = 0; r < n; r++) { /* in the order of the table */
        size_t i = place[r];
        lb_value *row = lb_push_object(rows);
        double m = martingale[i], d = data->event[i];
        lb_set_int(row, "row", (int64_t)model->design->row[r] + 1);
        if (lb_call_chosen(call, "residuals", "martingale")) lb_set_number(row, "martingale", m);
        if (lb_call_chosen(call, "residuals", "deviance"))
            lb_set_number(row, "deviance", copysign(sqrt(fmax(0, -2 * (m + (d > 0 ? log(1 - m) : 0)))), m));
        for (size_t j = 0; j < p && scores; j++) lb_set_number(row, lb_arena_printf(arena, "score_%s", term(model, j)), score[i * p + j]);
        for (size_t j = 0; j < p && betas; j++) {
            double sum = 0;
            for (size_t k = 0; k < p; k++) sum += score[i * p + k] * fit->vcov[k * p + j];
            lb_set_number(row, lb_arena_printf(arena, "dfbeta_%s", term(model, j)), sum);
        }
    }
}

/* One row per event, in ascending time within a stratum. scaled: d V r + β, whose running mean is β(t). */
static void schoenfeld_rows(lb_call *call, const lb_cox_model *model, const lb_cox_fit *fit, const lb_cox_jump *jump, size_t count, lb_result *result)
{
    const lb_cox_data *data = &model->data;
    lb_arena *arena = result->arena;
    size_t p = data->p;
    bool raw = lb_call_chosen(call, "residuals", "schoenfeld"), scaled = lb_call_chosen(call, "residuals", "scaled");
    lb_value *rows = lb_set_array(result->results, "schoenfeld");
    for (size_t k = 0, from = 0, to; k < data->strata; k++, from = to) {
        for (to = from; to < count && jump[to].stratum == k; to++) {}
        for (size_t m = to; m-- > from;) {
            for (size_t i = jump[m].first; i < jump[m].last; i++) {
                if (!data->event[i]) continue;
                lb_value *row = lb_push_object(rows);
                const double *x = data->x + i * p;
                lb_set_int(row, "row", (int64_t)model->design->row[data->row[i]] + 1);
                lb_set_number(row, "time", jump[m].time);
                for (size_t j = 0; j < p && raw; j++) lb_set_number(row, term(model, j), x[j] - jump[m].mean[j]);
                for (size_t j = 0; j < p && scaled; j++) {
                    double sum = 0;
                    for (size_t l = 0; l < p; l++) sum += (x[l] - jump[m].mean[l]) * fit->vcov[l * p + j];
                    lb_set_number(row, lb_arena_printf(arena, "scaled_%s", term(model, j)), (double)data->events * sum + fit->beta[j]);
                }
            }
        }
    }
}

/* ---- survival ------------------------------------------------------------------- */

/* Covariates of --at relative to the means of the fit: p numbers. Those not named stand at their mean (numbers) or reference. */
static int profile(lb_call *call, const lb_cox_model *model, double *z, lb_error *err)
{
    const lb_design *design = model->design;
    const char *text = lb_call_text(call, "at");
    lb_arena *arena = design->arena;
    size_t parts, p = model->data.p, skip = design->intercept ? 1 : 0;
    memset(z, 0, p * sizeof *z);
    if (!text) return 0;
    char **part = lb_text_split(arena, text, ';', &parts);
    const char **name = lb_arena_array(arena, parts + 1, sizeof *name), **value = lb_arena_array(arena, parts + 1, sizeof *value);
    for (size_t k = 0; k < parts; k++) {
        char *equal = strchr(part[k], '=');
        size_t two;
        char **side = equal ? lb_text_split(arena, part[k], '=', &two) : NULL;
        if (!side || two != 2 || !lb_design_raw(design, side[0])) {
            lb_fail(err, LB_USAGE, "'%.80s' does not give a covariate of the model a value", part[k]);
            lb_error_where(err, "--at");
            lb_error_hint(err, "for example --at \"age=60; sex=F\"");
            return LB_USAGE;
        }
        name[k] = side[0];
        value[k] = side[1];
    }
    lb_table *grid = lb_table_new(arena, "at", 1);
    for (size_t r = 0; r < design->raw_count; r++) {
        const lb_column *raw = lb_design_raw(design, design->raw_name[r]);
        const char *given = NULL;
        for (size_t k = 0; k < parts; k++)
            if (strcmp(name[k], design->raw_name[r]) == 0) given = value[k];
        if (raw->type == LB_NUMBER) {
            double number = lb_sum(raw->number, design->n) / (double)design->n;
            if (given && !lb_text_number(given, strlen(given), &number)) {
                lb_fail(err, LB_USAGE, "'%.40s' is not a number for %s", given, design->raw_name[r]);
                lb_error_where(err, "--at");
                return LB_USAGE;
            }
            lb_table_add_number(grid, design->raw_name[r])->number[0] = number;
        } else {
            const char *cell = given ? given : raw->level[0];
            lb_table_add_text(grid, design->raw_name[r], &cell);
        }
    }
    double *x;
    int code = lb_design_rows(design, grid, arena, &x, err);
    for (size_t j = 0; j < p && !code; j++) z[j] = x[j + skip] - model->data.mean[j];
    return code;
}

static const char *stratum_name(lb_call *call, const lb_cox_model *model, size_t k)
{
    const char *const *names;
    size_t count = lb_call_texts(call, "strata", &names);
    char cell[64];
    lb_table *table;
    if (count == 0 || lb_call_table(call, "data", &table, NULL)) return NULL;
    size_t row = model->design->row[model->data.row[model->data.first[k]]];
    const char *text = "";
    for (size_t c = 0; c < count; c++)
        text = lb_arena_printf(model->design->arena, "%s%s%s=%s", text, c ? ", " : "", names[c], lb_column_text(lb_table_find(table, names[c]), row, cell));
    return text;
}

typedef struct moment {
    double hazard, variance;
    double *q; /* p: Σ (mean − z)/a0 */
} moment;

static void survival_row(lb_call *call, const lb_cox_model *model, const lb_cox_fit *fit, const moment *m, double risk, double time, double zero,
                         const char *stratum, lb_value *rows)
{
    size_t p = model->data.p;
    double form = 0, hazard = m->hazard * risk, survival = exp(-hazard);
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++)
            if (!model->data.aliased[i] && !model->data.aliased[j]) form += m->q[i] * fit->vcov[i * p + j] * m->q[j];
    double se = risk * sqrt(m->variance + form), z = lb_norm_q((1 - lb_call_number(call, "level")) / 2, LB_UPPER);
    double half = z * se / hazard; /* on the log(−log) scale */
    lb_value *row = lb_push_object(rows);
    if (stratum) lb_set_text(row, "stratum", stratum);
    lb_set_number(row, "time", time);
    lb_set_number(row, "cumulative_hazard", hazard);
    lb_set_number(row, "hazard_zero", m->hazard * zero);
    lb_set_number(row, "survival", survival);
    lb_set_number(row, "se", survival * se);
    lb_set_number(row, "lower", hazard > 0 ? exp(-hazard * exp(half)) : NAN);
    lb_set_number(row, "upper", hazard > 0 ? exp(-hazard * exp(-half)) : NAN);
}

static int survival(lb_call *call, const lb_cox_model *model, const lb_cox_fit *fit, const lb_cox_jump *jump, size_t count, lb_result *result,
                    lb_error *err)
{
    const lb_cox_data *data = &model->data;
    size_t p = data->p, asked;
    const double *times;
    double *z = lb_arena_array(result->arena, p + 1, sizeof *z), eta = 0, zero = 0;
    moment m = {.q = lb_arena_array(result->arena, p + 1, sizeof(double))};
    int code = profile(call, model, z, err);
    if (code) return code;
    for (size_t j = 0; j < p; j++) {
        eta += z[j] * fit->beta[j];
        zero -= data->mean[j] * fit->beta[j];
    }
    asked = lb_call_numbers(call, "times", &times);
    lb_value *rows = lb_set_array(result->results, "survival");
    for (size_t k = 0, from = 0, to; k < data->strata; k++, from = to) {
        const char *name = stratum_name(call, model, k);
        size_t next = 0;
        for (to = from; to < count && jump[to].stratum == k; to++) {}
        m.hazard = m.variance = 0;
        memset(m.q, 0, p * sizeof *m.q);
        for (size_t i = to; i-- > from;) { /* early to late */
            for (; next < asked && times[next] < jump[i].time; next++) survival_row(call, model, fit, &m, exp(eta), times[next], exp(zero), name, rows);
            m.hazard += jump[i].hazard;
            m.variance += jump[i].variance;
            for (size_t j = 0; j < p; j++) m.q[j] += jump[i].moment[j] - z[j] * jump[i].hazard;
            if (!asked) survival_row(call, model, fit, &m, exp(eta), jump[i].time, exp(zero), name, rows);
        }
        for (; next < asked; next++) survival_row(call, model, fit, &m, exp(eta), times[next], exp(zero), name, rows);
    }
    lb_result_note(result, "Survival%s; limits on the log(−log) scale; hazard_zero is the cumulative hazard with every covariate at zero.",
                   lb_call_text(call, "at") ? " at the covariates given, others at their mean or reference" : " with every covariate at its mean");
    return 0;
}

int lb_cox_more(lb_call *call, const lb_cox_model *model, const lb_cox_fit *fit, lb_result *result, lb_error *err)
{
    bool residuals = lb_call_given(call, "residuals"), curves = lb_call_flag(call, "baseline") || lb_call_given(call, "at");
    if (!residuals && !curves) return 0;
    if (model->ties == LB_EXACT) {
        lb_fail(err, LB_USAGE, "residuals and survival are defined for Efron's and Breslow's ties");
        lb_error_where(err, "--ties");
        return LB_USAGE;
    }
    lb_cox_jump *jump;
    size_t count = lb_cox_jumps(&model->data, fit, model->ties, result->arena, &jump);
    static const char *const each[] = {"martingale", "deviance", "score", "dfbeta"};
    bool people = false;
    for (size_t i = 0; i < LB_COUNT(each) && residuals; i++) people |= lb_call_chosen(call, "residuals", each[i]);
    if (people) people_residuals(call, model, fit, jump, count, result);
    if (residuals && (lb_call_chosen(call, "residuals", "schoenfeld") || lb_call_chosen(call, "residuals", "scaled")))
        schoenfeld_rows(call, model, fit, jump, count, result);
    return curves ? survival(call, model, fit, jump, count, result, err) : 0;
}

void lb_cox_status(const lb_cox_model *model, const lb_cox_fit *fit, lb_result *result)
{
    size_t skip = model->design->intercept ? 1 : 0;
    bool singular = false, infinite = false;
    for (size_t j = 0; j < model->data.p; j++) {
        const char *name = model->design->name[j + skip];
        singular |= model->data.aliased[j];
        infinite |= fit->infinite[j];
        if (model->data.aliased[j]) lb_result_warn(result, "%s cannot be estimated: its column is constant or a combination of the others", name);
        if (fit->infinite[j])
            lb_result_warn(result, "%s has no finite estimate: within the risk sets it splits those with an event from those without (monotone "
                                   "likelihood). Merge rare levels, or leave it out", name);
    }
    if (singular) lb_result_status(result, "singular");
    else if (infinite) lb_result_status(result, "monotone_likelihood");
    else if (!fit->converged) lb_result_status(result, "not_converged");
}

/* Reading the `simulation` section of a protocol into numbers: how items are drawn and how scores run. */
#include "trial/simulate.h"

#include <math.h>
#include <string.h>

static const lb_value *list_of(const lb_value *object, const char *key, lb_arena *arena)
{
    const lb_value *list = lb_get(object, key);
    return list && list->type == LB_ARRAY ? list : lb_value_array(arena);
}

static int fail_at(const model *m, const lb_value *at, lb_error *err, const char *what, const char *word)
{
    lb_fail(err, LB_BAD_DATA, what, word);
    lb_error_where(err, "%s:%d:%d", m->study->file, at->line, at->column);
    return LB_BAD_DATA;
}

static weighted read_weights(const lb_value *weights, size_t count, lb_arena *arena)
{
    weighted out = {count, lb_arena_array(arena, count + 1, sizeof(double)), 0};
    for (size_t i = 0; i < count; i++) out.sum += out.weight[i] = weights ? lb_number_of(weights->item[i]) : 1;
    return out;
}

static int draw_named(const model *m, const char *item, size_t count)
{
    for (size_t i = 0; item && i < count; i++)
        if (strcmp(m->draw[i].item, item) == 0) return (int)i;
    return -1;
}

static int read_draw(model *m, const lb_value *v, size_t index, lb_error *err)
{
    static const char *const kinds[] = {"normal", "uniform", "chance", "choice", "lognormal"};
    draw *d = &m->draw[index];
    const lb_value *per = lb_get(v, "per"), *weights = lb_get(v, "weights");
    *d = (draw){.item = lb_get_text(v, "item", ""), .mean = lb_get_number(v, "mean", 0), .sd = lb_get_number(v, "sd", 0),
                .low = lb_get_number(v, "low", -INFINITY), .high = lb_get_number(v, "high", INFINITY), .step = lb_get_number(v, "step", 0),
                .chance = lb_get_number(v, "chance", 0.5), .values = lb_get(v, "values")};
    for (size_t i = 0; i < LB_COUNT(kinds); i++)
        if (strcmp(kinds[i], lb_get_text(v, "draw", "normal")) == 0) d->kind = (draw_kind)i;
    if (draw_named(m, d->item, index) >= 0) return fail_at(m, v, err, "'%s' is drawn twice", d->item);
    if (d->kind == DRAW_CHOICE && (!d->values || d->values->count == 0)) return fail_at(m, v, err, "the choice '%s' has no values", d->item);
    if (d->kind == DRAW_CHOICE && weights && weights->count != d->values->count)
        return fail_at(m, v, err, "'%s' has not one weight for each value", d->item);
    for (size_t i = 0; weights && i < weights->count; i++)
        if (!(lb_number_of(weights->item[i]) >= 0)) return fail_at(m, v, err, "a weight of '%s' is below 0", d->item);
    if (d->kind == DRAW_CHOICE) {
        d->among = read_weights(weights, d->values->count, m->arena);
        d->number = lb_arena_array(m->arena, d->values->count, sizeof *d->number);
        for (size_t i = 0; i < d->values->count; i++) d->number[i] = lb_number_of(d->values->item[i]);
    }
    if (d->kind == DRAW_UNIFORM && !(isfinite(d->low) && isfinite(d->high))) return fail_at(m, v, err, "'%s' is uniform between no limits", d->item);
    d->per_count = per && per->type == LB_OBJECT ? per->count : 0;
    d->per_item = lb_arena_array(m->arena, d->per_count + 1, sizeof *d->per_item);
    d->per = lb_arena_array(m->arena, d->per_count + 1, sizeof *d->per);
    for (size_t i = 0; i < d->per_count; i++) {
        int source = draw_named(m, per->key[i], index);
        if (source < 0) return fail_at(m, v, err, "it depends on '%s', which is not drawn before it", per->key[i]);
        d->per_item[i] = (size_t)source;
        d->per[i] = lb_number_of(per->item[i]);
    }
    return LB_OK;
}

static int read_draws(model *m, lb_error *err)
{
    const lb_value *candidate = list_of(m->spec, "candidate", m->arena), *baseline = list_of(m->spec, "baseline", m->arena);
    m->candidate_draws = candidate->count;
    m->draw = lb_arena_array(m->arena, candidate->count + baseline->count + 1, sizeof *m->draw);
    int code = LB_OK;
    for (size_t i = 0; i < candidate->count + baseline->count && code == LB_OK; i++) {
        bool first = i < candidate->count;
        code = read_draw(m, first ? candidate->item[i] : baseline->item[i - candidate->count], i, err);
        m->draws = i + 1;
    }
    return code;
}

static int read_modifiers(model *m, const lb_value *v, score *s, lb_error *err)
{
    const lb_value *list = list_of(v, "modifiers", m->arena);
    s->modifier = lb_arena_array(m->arena, list->count + 1, sizeof *s->modifier);
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *one = list->item[i];
        int item = draw_named(m, lb_get_text(one, "item", ""), m->draws);
        if (item < 0) return fail_at(m, one, err, "the modifier '%s' is not drawn", lb_get_text(one, "item", ""));
        s->modifier[s->modifiers++] = (modifier){(size_t)item, lb_get_number(one, "above", 0), lb_get_number(one, "per_unit", 0)};
    }
    return LB_OK;
}

static void read_visits(const model *m, const lb_value *v, score *s)
{
    const lb_value *not_at = list_of(v, "not_at", m->arena), *columns = lb_get(v, "columns");
    size_t visits = m->study->visit_count;
    s->course = lb_arena_array(m->arena, visits + 1, sizeof *s->course);
    s->fraction = lb_arena_array(m->arena, visits + 1, sizeof *s->fraction);
    s->column = lb_arena_array(m->arena, visits + 1, sizeof *s->column);
    s->not_at = lb_arena_array(m->arena, visits + 1, sizeof *s->not_at);
    for (size_t i = 0; i < visits; i++) {
        const char *id = m->study->visit[i].id;
        s->course[i] = lb_get_number(lb_get(v, "course"), id, NAN);
        s->fraction[i] = lb_get_number(lb_get(v, "fraction"), id, 0);
        s->column[i] = columns && columns->type == LB_OBJECT ? lb_get_text(columns, id, NULL) : NULL;
        for (size_t k = 0; k < not_at->count; k++) s->not_at[i] |= lb_text_equal(not_at->item[k]->type == LB_STRING ? not_at->item[k]->text : "", id);
    }
}

static int read_score(model *m, const lb_value *v, lb_error *err)
{
    score *s = &m->score[m->scores];
    const lb_value *range = lb_get(v, "range");
    const char *baseline = lb_get_text(v, "baseline", NULL), *follows = lb_get_text(v, "follows", NULL);
    *s = (score){.name = lb_get_text(v, "score", ""), .low = lb_number_of(range->item[0]), .high = lb_number_of(range->item[1]),
                 .step = lb_get_number(v, "step", 0), .mean = lb_get_number(v, "mean", 0), .carry = lb_get_number(v, "carry", 0),
                 .effect = lb_get_number(v, "effect", 0), .person_sd = lb_get_number(v, "person_sd", 0), .slope_sd = lb_get_number(v, "slope_sd", 0),
                 .residual_sd = lb_get_number(v, "residual_sd", 0), .per = lb_get_number(v, "per", 0)};
    s->baseline = draw_named(m, baseline, m->draws);
    if (baseline && s->baseline < 0) return fail_at(m, v, err, "the baseline '%s' is not drawn", baseline);
    s->follows = -1;
    for (size_t i = 0; follows && i < m->scores; i++)
        if (strcmp(m->score[i].name, follows) == 0) s->follows = (int)i;
    if (follows && s->follows < 0) return fail_at(m, v, err, "it follows '%s', which is not simulated before it", follows);
    read_visits(m, v, s);
    m->scores++;
    return read_modifiers(m, v, s, err);
}

static void read_leaving(model *m)
{
    const lb_value *spec = lb_get(m->spec, "dropout");
    m->leaving = (leaving){spec, lb_get(spec, "reasons"), 0, lb_get_number(spec, "intercept", -INFINITY), lb_get_number(spec, "per_unit", 0),
                           lb_get_number(spec, "above", 0), lb_get_number(spec, "missed", 0)};
    for (size_t k = 0; k < m->scores; k++)
        if (lb_text_equal(m->score[k].name, lb_get_text(spec, "score", ""))) m->leaving.driver = k;
}

int trial_draw_named(const model *m, const char *item) { return draw_named(m, item, m->draws); }

int trial_source(const model *m, const char *name) { return strcmp(name, "centre") == 0 ? TRIAL_CENTRE : trial_draw_named(m, name); }

/* Visits at which a score runs, and the baseline before them, by day. */
static void gather_visits(model *m)
{
    const lb_study *st = m->study;
    m->visit = lb_arena_array(m->arena, st->visit_count + 1, sizeof *m->visit);
    m->baseline_visit = m->last_visit = -1;
    for (size_t i = 0; i < st->visit_count; i++) {
        const lb_study_visit *v = &st->visit[i];
        bool timed = v->anchor != LB_ANCHOR_NONE && !v->unscheduled && v->repeat_every == 0, measured = false;
        for (size_t k = 0; k < m->scores; k++) measured |= !isnan(m->score[k].course[i]);
        if (timed && !measured && m->baseline_visit < 0 && v->nominal <= 0 && v->form_count > 0) m->baseline_visit = (int)i;
        if (!timed || !measured) continue;
        size_t at = m->visits++;
        while (at > 0 && st->visit[m->visit[at - 1]].nominal > v->nominal) {
            m->visit[at] = m->visit[at - 1];
            at--;
        }
        m->visit[at] = (int)i;
    }
    m->place = lb_arena_array(m->arena, st->visit_count + 1, sizeof *m->place);
    for (size_t i = 0; i < st->visit_count; i++) m->place[i] = (int)i == m->baseline_visit ? 0 : -1;
    for (size_t i = 0; i < m->visits; i++) m->place[m->visit[i]] = 1 + (int)i;
    for (size_t i = 0; i < m->visits; i++)
        if (!st->visit[m->visit[i]].optional) m->last_visit = m->visit[i];
}

int trial_model_read(const lb_study *study, trial_criteria *criteria, uint64_t seed, lb_arena *arena, model *out, lb_error *err)
{
    *out = (model){.study = study, .spec = lb_get(study->root, "simulation"), .arena = arena, .seed = seed, .criteria = criteria};
    if (!out->spec) {
        lb_fail(err, LB_BAD_DATA, "the study '%s' has no section 'simulation'", study->id);
        lb_error_where(err, "%s", study->file);
        lb_error_hint(err, "add one: docs/protocol-file.md tells how");
        return LB_BAD_DATA;
    }
    out->treated = lb_study_arm_named(study, lb_get_text(out->spec, "treated", ""));
    out->jitter = lb_get_number(out->spec, "jitter", 0);
    int code = read_draws(out, err);
    const lb_value *scores = list_of(out->spec, "scores", arena);
    out->score = lb_arena_array(arena, scores->count + 1, sizeof *out->score);
    for (size_t i = 0; i < scores->count && code == LB_OK; i++) code = read_score(out, scores->item[i], err);
    if (code != LB_OK) return code;
    const lb_value *sites = lb_get(out->spec, "sites");
    for (size_t i = 0; sites && i < sites->count; i++)
        if (!(lb_number_of(sites->item[i]) >= 0)) return fail_at(out, sites, err, "the share of the site '%s' is below 0", sites->key[i]);
    out->site = read_weights(sites, sites ? sites->count : 0, arena);
    out->site_name = sites ? sites->key : NULL;
    out->consent = lb_get_number(out->spec, "consent", 1);
    read_leaving(out);
    gather_visits(out);
    if (out->visits == 0 || out->baseline_visit < 0 || out->last_visit < 0)
        return fail_at(out, out->spec, err, "the study '%s' has no baseline visit, or no visit with a course of a score", study->id);
    return LB_OK;
}

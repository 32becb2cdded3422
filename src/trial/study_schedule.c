/* The schedule: every visit counts from randomisation or from another visit's nominal day, never from a date that depends
 * on the arm. Resolves the anchors, finds cycles, and windows in which a form could belong to two visits. */
#include "trial/study.h"

#include <stdlib.h>
#include <string.h>

enum { DAYS_MOST = 36525 };

static int anchor_of(study_reader *r, const lb_value *anchor)
{
    if (!anchor || anchor->type != LB_STRING || strcmp(anchor->text, "none") == 0) return LB_ANCHOR_NONE;
    if (strcmp(anchor->text, "randomisation") == 0) return LB_ANCHOR_RANDOMISATION;
    for (size_t i = 0; i < r->study->visit_count; i++)
        if (strcmp(r->study->visit[i].id, anchor->text) == 0) return (int)i;
    words w = {lb_arena_array(r->f.arena, r->visits.count + 2, sizeof *w.word), 0};
    w.word[w.count++] = "randomisation";
    w.word[w.count++] = "none";
    for (size_t i = 0; i < r->visits.count; i++) w.word[w.count++] = r->visits.word[i];
    trial_flaw(&r->f, anchor, "error", trial_nearest(&r->f, anchor->text, w.word, w.count), "there is no visit '%s' to count from",
               anchor->text);
    return LB_ANCHOR_NONE;
}

/* "M01 → M03 → M01" */
static const char *cycle_text(study_reader *r, int start)
{
    lb_buf text = {0};
    int at = start;
    for (size_t steps = 0; steps <= r->study->visit_count && at >= 0; steps++) {
        lb_buf_printf(&text, "%s%s", steps ? " → " : "", r->study->visit[at].id);
        at = r->study->visit[at].anchor;
        if (at == start) {
            lb_buf_printf(&text, " → %s", r->study->visit[at].id);
            break;
        }
    }
    const char *copy = lb_arena_text(r->f.arena, text.data);
    lb_buf_free(&text);
    return copy;
}

/* False when the anchors go round in a circle: then no visit of it has a day. */
static bool resolve(study_reader *r, const lb_value *visits)
{
    lb_study *s = r->study;
    bool *done = lb_arena_array(r->f.arena, s->visit_count + 1, sizeof *done);
    size_t left = s->visit_count, before = left + 1;
    while (left > 0 && left < before) {
        before = left;
        for (size_t i = 0; i < s->visit_count; i++) {
            lb_study_visit *v = &s->visit[i];
            if (done[i] || (v->anchor >= 0 && !done[v->anchor])) continue;
            int64_t nominal = (int64_t)v->day + (v->anchor >= 0 ? s->visit[v->anchor].nominal : 0);
            v->nominal = nominal > DAYS_MOST ? DAYS_MOST : nominal < -DAYS_MOST ? -DAYS_MOST : (int)nominal;
            if (v->anchor >= 0 && s->visit[v->anchor].anchor == LB_ANCHOR_NONE)
                trial_flaw(&r->f, visits->item[i], "error", "count from randomisation or from a scheduled visit",
                           "the visit '%s' counts from '%s', which has no day of its own", v->id, s->visit[v->anchor].id);
            done[i] = true;
            left--;
        }
    }
    for (size_t i = 0; i < s->visit_count && left > 0; i++) {
        if (done[i]) continue;
        const lb_value *anchor = lb_get(visits->item[i], "anchor");
        trial_flaw(&r->f, anchor, "error", "let one of them count from randomisation", "the anchors of the visits go round in a circle: %s",
                   cycle_text(r, (int)i));
        return false;
    }
    return true;
}

static bool share_form(const lb_study_visit *a, const lb_study_visit *b)
{
    for (size_t i = 0; i < a->form_count; i++)
        for (size_t k = 0; k < b->form_count; k++)
            if (a->form[i] == b->form[k]) return true;
    return false;
}

static bool timed(const lb_study_visit *v)
{
    return v->anchor != LB_ANCHOR_NONE && !v->unscheduled && v->repeat_every == 0;
}

static void check_windows(study_reader *r, const lb_value *visits)
{
    const lb_study *s = r->study;
    for (size_t i = 0; i < s->visit_count; i++) {
        const lb_study_visit *v = &s->visit[i];
        const lb_value *window = lb_get(visits->item[i], "window");
        if (timed(v) && !window)
            trial_flaw(&r->f, visits->item[i], "warning", "add window: [first, last] in days around the nominal day", "the visit '%s' has no window", v->id);
        if (window && (v->window[0] > 0 || v->window[1] < 0))
            trial_flaw(&r->f, window, "warning", NULL, "the window of '%s' does not hold its own nominal day", v->id);
        for (size_t k = 0; k < i && timed(v) && window; k++) {
            const lb_study_visit *o = &s->visit[k];
            if (!timed(o) || !lb_get(visits->item[k], "window") || !share_form(v, o)) continue;
            int first = v->nominal + v->window[0], last = v->nominal + v->window[1];
            int first_o = o->nominal + o->window[0], last_o = o->nominal + o->window[1];
            if (first > last_o || first_o > last) continue;
            trial_flaw(&r->f, window, "error", "narrow one of them: a form in both could belong to either",
                       "the windows of '%s' (day %d to %d) and '%s' (day %d to %d) overlap", o->id, first_o, last_o, v->id, first, last);
        }
    }
}

static void check_repeats(study_reader *r, const lb_value *visits)
{
    for (size_t i = 0; i < r->study->visit_count; i++) {
        const lb_study_visit *v = &r->study->visit[i];
        const lb_value *again = lb_get(visits->item[i], "repeat");
        if (!again) continue;
        if (v->repeat_every < 1 || v->repeat_to < v->repeat_from)
            trial_flaw(&r->f, again, "error", "write repeat: {from: 1, to: 42, every: 1}", "the repeats of '%s' go from day %d to %d every %d", v->id,
                       v->repeat_from, v->repeat_to, v->repeat_every);
        else if (((int64_t)v->repeat_to - v->repeat_from) / v->repeat_every > 2000)
            trial_flaw(&r->f, again, "error", NULL, "'%s' would be repeated more than 2000 times", v->id);
    }
}

void trial_check_schedule(study_reader *r)
{
    const lb_value *visits = trial_list(r->root, "visits", r->f.arena);
    for (size_t i = 0; i < visits->count; i++) {
        lb_study_visit *v = &r->study->visit[i];
        v->anchor = anchor_of(r, lb_get(visits->item[i], "anchor"));
        if (abs(v->day) > DAYS_MOST || abs(v->window[0]) > DAYS_MOST || abs(v->window[1]) > DAYS_MOST)
            trial_flaw(&r->f, visits->item[i], "error", NULL, "the visit '%s' lies more than %d days away", v->id, DAYS_MOST);
    }
    if (resolve(r, visits)) check_windows(r, visits);
    check_repeats(r, visits);
}

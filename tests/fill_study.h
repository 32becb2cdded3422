/* A study in a store, filled from the tables of `study simulate`: people, allocations with sealed arms, entries with scores.
 * For tests and benches: the records are written as the domain writes them, without going through its gates. */
#ifndef LUMBAR_FILL_STUDY_H
#define LUMBAR_FILL_STUDY_H

#include "store/store.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/snapshot_tables.h"

#include <lumbar/op.h>
#include <lumbar/result.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const lb_actor fill_actor = {"fill", "system", NULL, 0, false, true};

typedef struct fill {
    lb_store *store;
    const lb_study *study;
    lb_arena *arena;
    const lb_value *participants, *visits, *screening;
    size_t from, to, visit_at;
} fill;

/* The operation's tables as values; the result must be freed by the caller after use. */
static inline lb_result *fill_simulate(lb_registry *registry, const lb_bytes *protocol, int64_t n, int64_t seed, lb_error *err)
{
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "study", "simulate"));
    lb_result *result = NULL;
    char text[32];
    int code = lb_call_bind(call, "file", protocol, err);
    snprintf(text, sizeof text, "%lld", (long long)n);
    if (!code) code = lb_call_set(call, "n", text, err);
    snprintf(text, sizeof text, "%lld", (long long)seed);
    if (!code) code = lb_call_set(call, "seed", text, err);
    if (!code) code = lb_call_run(call, &result, err);
    lb_call_free(call);
    return code ? NULL : result;
}

static inline int fill_put(lb_tx *tx, const char *kind, const char *key, const char *site, const char *subject, const char *parent, const char *state,
                           bool reveals, const lb_value *body, lb_error *err)
{
    const lb_record record = {.kind = kind, .key = key, .site = site, .subject = subject, .parent = parent, .state = state, .reveals_arm = reveals, .body = body};
    const lb_change change = {"fill", NULL, "1"};
    return lb_tx_put(tx, &record, 0, &change, err);
}

static inline lb_value *fill_entry_body(lb_arena *arena, const char *date, const char *version)
{
    lb_value *body = lb_value_object(arena), *keyed;
    lb_set_object(body, "values");
    lb_set_object(body, "missing");
    keyed = lb_push_object(lb_set_array(body, "keyed_by"));
    lb_set_text(keyed, "by", "fill");
    lb_set_textf(keyed, "at", "%sT10:00:00Z", date);
    lb_set_text(body, "version", version);
    return body;
}

/* Items of the participants' row that stand in a form of a visit before randomisation. */
static inline int fill_items(lb_tx *tx, const fill *f, const lb_value *row, const char *subject, const char *site, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_study *s = f->study;
    for (size_t v = 0; v < s->visit_count; v++) {
        if (lb_visit_repeats(&s->visit[v]) || s->visit[v].nominal > 0) continue;
        for (size_t k = 0; k < s->visit[v].form_count; k++) {
            const lb_study_form *form = &s->form[s->visit[v].form[k]];
            lb_value *body = fill_entry_body(arena, lb_get_text(row, "randomised_on", "2026-01-01"), s->version), *values = lb_get(body, "values");
            for (size_t i = 0; i < form->item_count; i++) {
                const lb_value *value = lb_get(row, form->item[i].id);
                if (!value || value->type == LB_NULL) continue;
                bool coded = form->item[i].type == LB_ITEM_CHOICE && lb_is_number(value);
                if (coded) lb_set_textf(values, form->item[i].id, "%lld", (long long)lb_number_of(value));
                else lb_set(values, form->item[i].id, (lb_value *)value);
            }
            if (values->count == 0) continue;
            const char *key = lb_arena_printf(arena, "%s|%s|%s", subject, s->visit[v].id, form->id);
            int code = fill_put(tx, LB_KIND_ENTRY, key, site, subject, s->visit[v].id, "complete", form->reveals_arm, body, err);
            if (code == LB_CONFLICT) code = LB_OK; /* the form stands in two visits */
            if (code) return code;
        }
    }
    return LB_OK;
}

/* Scores of one row of `visits`. */
static inline int fill_visit(lb_tx *tx, const fill *f, const lb_value *row, const char *subject, const char *site, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_study *s = f->study;
    int v = lb_study_visit_named(s, lb_get_text(row, "visit", ""));
    for (size_t k = 0; v >= 0 && k < s->visit[v].form_count; k++) {
        const lb_study_form *form = &s->form[s->visit[v].form[k]];
        const char *name = trial_score_of(s, form);
        const lb_value *value = name ? lb_get(row, name) : NULL;
        if (!value || !lb_is_number(value)) continue;
        lb_value *body = fill_entry_body(arena, lb_get_text(row, "date", "2026-01-01"), s->version), *score = lb_set_object(body, "score");
        lb_set_text(score, "name", name);
        lb_set_number(score, "score", lb_number_of(value));
        const char *key = lb_arena_printf(arena, "%s|%s|%s", subject, s->visit[v].id, form->id);
        const lb_record *there;
        int code = lb_tx_get(tx, LB_KIND_ENTRY, key, &there, err);
        if (!code && there) { /* items were written before: keep them */
            lb_set(body, "values", lb_get(there->body, "values"));
            const lb_record record = {.kind = LB_KIND_ENTRY, .key = key, .site = site, .subject = subject, .parent = s->visit[v].id, .state = "complete", .body = body};
            const lb_change change = {"fill", "score", "1"};
            code = lb_tx_put(tx, &record, -1, &change, err);
        } else if (!code) {
            code = fill_put(tx, LB_KIND_ENTRY, key, site, subject, s->visit[v].id, "complete", form->reveals_arm, body, err);
        }
        if (code) return code;
    }
    return LB_OK;
}

static inline int fill_allocation(lb_tx *tx, const fill *f, const lb_value *row, const char *subject, const char *site, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    char padded[64] = "";
    const char *sealed;
    int arm = lb_study_arm_named(f->study, lb_get_text(row, "arm", ""));
    snprintf(padded, sizeof padded, "%s", f->study->arm[arm < 0 ? 0 : arm].code);
    int code = lb_store_seal(f->store, lb_arena_printf(arena, "arm|%s", subject), padded, sizeof padded, arena, &sealed, err);
    lb_value *body = lb_value_object(arena), *apart = lb_value_object(arena);
    lb_set_textf(body, "at", "%sT09:00:00Z", lb_get_text(row, "randomised_on", ""));
    lb_set_text(body, "date", lb_get_text(row, "randomised_on", ""));
    lb_set_text(body, "stratum", lb_get_text(row, "stratum", ""));
    lb_set_text(body, "by", "fill");
    lb_set_text(apart, "sealed", sealed);
    if (!code) code = fill_put(tx, LB_KIND_ALLOCATION, subject, site, subject, NULL, "allocated", false, body, err);
    return code ? code : fill_put(tx, LB_KIND_ARM, subject, site, subject, NULL, NULL, true, apart, err);
}

static inline int fill_people(lb_tx *tx, void *context, lb_error *err)
{
    fill *f = context;
    lb_arena *arena = lb_tx_arena(tx);
    for (size_t i = f->from; i < f->to; i++) {
        const lb_value *row = f->participants->item[i];
        const char *subject = lb_get_text(row, "id", ""), *site = lb_get_text(row, "centre", NULL);
        lb_value *body = lb_value_object(arena);
        lb_set_text(body, "site", site);
        int code = fill_put(tx, LB_KIND_SUBJECT, subject, site, subject, NULL, "randomised", false, body, err);
        if (!code) code = fill_allocation(tx, f, row, subject, site, err);
        if (!code) code = fill_items(tx, f, row, subject, site, err);
        for (; !code && f->visit_at < f->visits->count && lb_text_equal(lb_get_text(f->visits->item[f->visit_at], "id", ""), subject); f->visit_at++)
            code = fill_visit(tx, f, f->visits->item[f->visit_at], subject, site, err);
        if (code) return code;
    }
    return LB_OK;
}

/** Everybody of a simulation's tables into the store. */
static inline int fill_study(lb_store *store, const lb_study *study, const lb_value *tables, lb_error *err)
{
    enum { AT_ONCE = 50 };
    fill f = {.store = store, .study = study, .participants = lb_get(tables, "participants"), .visits = lb_get(tables, "visits")};
    int code = LB_OK;
    for (; !code && f.from < f.participants->count; f.from = f.to) {
        lb_arena *arena = lb_arena_new();
        f.to = f.from + AT_ONCE < f.participants->count ? f.from + AT_ONCE : f.participants->count;
        code = lb_store_write(store, &fill_actor, arena, fill_people, &f, err);
        lb_arena_free(arena);
    }
    return code;
}

#endif

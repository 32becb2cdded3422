/* Readings of scans and answers about recurrence of the people of fill_study.h: two readers, two muscles, two sides; a spoilt first scan that
 * the second replaces, and one after treatment that must not count. The means over the sides are the simulated values. */
#ifndef LUMBAR_FILL_SCANS_H
#define LUMBAR_FILL_SCANS_H

#include "fill_study.h"

typedef struct fill_scans_of {
    const lb_study *study;
    const lb_value *tables;
} fill_scans_of;

/* One muscle and side of one reading: the simulated value less or more a bit, so that the mean over sides is the value. */
static inline void fill_side(lb_value *features, const char *muscle, const char *side, const lb_value *row, double move)
{
    size_t length = strlen(muscle);
    lb_value *one = lb_push_object(features);
    lb_set_text(one, "side", side);
    lb_set_text(one, "muscle", muscle);
    lb_set_text(one, "version", "1");
    for (size_t k = 0; k < row->count; k++)
        if (strncmp(row->key[k], muscle, length) == 0 && row->key[k][length] == '_' && lb_is_number(row->item[k]))
            lb_set_number(one, row->key[k] + length + 1, lb_number_of(row->item[k]) * (1 + move));
}

static inline int fill_scan(lb_tx *tx, const char *subject, int number, const char *visit, const lb_value *const reading[2], double spoil, lb_error *err)
{
    static const char *const muscles[] = {"multifidus", "erector_spinae"};
    lb_arena *arena = lb_tx_arena(tx);
    const char *key = lb_arena_printf(arena, "%s|%d", subject, number);
    int code = fill_put(tx, LB_KIND_SCAN, key, NULL, subject, visit, "ready", false, lb_value_object(arena), err);
    for (int r = 0; r < 2 && !code; r++) {
        lb_value *body = lb_value_object(arena), *features = lb_set_array(body, "features"), *area = lb_push_object(lb_set_array(body, "rows"));
        lb_set_textf(body, "reader", "reader%d", r + 1);
        lb_set_text(area, "muscle", "multifidus");
        lb_set_number(area, "area_mm2", 700 + number);
        for (size_t m = 0; m < LB_COUNT(muscles); m++) {
            fill_side(features, muscles[m], "left", reading[r], spoil - 0.25);
            fill_side(features, muscles[m], "right", reading[r], spoil + 0.25);
        }
        code = fill_put(tx, LB_KIND_READING, lb_arena_printf(arena, "%s|%d", key, r + 1), NULL, subject, key, "done", false, body, err);
    }
    return code;
}

static inline const lb_value *fill_row_of(const lb_value *rows, const char *id)
{
    for (size_t i = 0; i < rows->count; i++)
        if (lb_text_equal(lb_get_text(rows->item[i], "id", ""), id)) return rows->item[i];
    return NULL;
}

static inline int fill_recurrence(lb_tx *tx, const fill_scans_of *w, const char *subject, bool event, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    int v = lb_study_visit_named(w->study, "RECUR");
    const char *visit = lb_visit_text(w->study, v, event ? 4 : 12, arena) /* the last question is on day 360 */;
    lb_value *body = fill_entry_body(arena, "2026-04-01", w->study->version), *values = lb_get(body, "values");
    lb_set_bool(values, "rec_new", event);
    lb_set_bool(values, "rec_event", event);
    return fill_put(tx, LB_KIND_ENTRY, lb_arena_printf(arena, "%s|%s|recurrence", subject, visit), NULL, subject, visit, "complete", false, body, err);
}

/* Everybody is scanned twice: the second scan replaces a spoilt first one; a third, after treatment, must not count. */
static inline int fill_all_scans(lb_tx *tx, void *context, lb_error *err)
{
    const fill_scans_of *w = context;
    const lb_value *people = lb_get(w->tables, "participants"), *first = lb_get(w->tables, "radiomics"), *second = lb_get(w->tables, "radiomics_second");
    int code = LB_OK;
    for (size_t i = 0; i < people->count && !code; i++) {
        const char *id = lb_get_text(people->item[i], "id", "");
        const lb_value *one = fill_row_of(first, id), *two = fill_row_of(second, id);
        code = fill_recurrence(tx, w, id, lb_get_number(people->item[i], "recurrence", 0) == 1, err);
        if (!one || code) continue;
        const lb_value *const readings[2] = {one, two ? two : one}; /* a scan is in a snapshot when both have read it; the simulation has a second reading of some */
        code = fill_scan(tx, id, 1, "SCR", readings, 3, err);
        if (!code) code = fill_scan(tx, id, 2, "SCR", readings, 0, err);
        if (!code) code = fill_scan(tx, id, 3, "W06", readings, 9, err);
    }
    return code;
}

static inline int fill_scans(lb_store *store, const lb_study *study, const lb_value *tables, lb_error *err)
{
    fill_scans_of of = {study, tables};
    lb_arena *arena = lb_arena_new();
    int code = lb_store_write(store, &fill_actor, arena, fill_all_scans, &of, err);
    lb_arena_free(arena);
    return code;
}
#endif

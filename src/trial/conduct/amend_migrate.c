/* Carrying entries over to a new version: only where every answer fits the new form; the rest stays where it is, and is named. */
#include "trial/conduct/amend.h"

#include "trial/conduct/entry.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"
#include "trial/conduct/rights.h"

#include <string.h>

typedef struct moving {
    const lb_study *fresh;
    lb_arena *arena;
    const lb_record **record;
    size_t count, room;
    bool more;
} moving;

static int take(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    moving *m = context;
    if (lb_text_equal(lb_get_text(record->body, "version", NULL), m->fresh->version)) return 0;
    if (m->count == m->room) {
        m->more = true;
        return 1;
    }
    lb_record *copy = lb_arena_alloc(m->arena, sizeof *copy);
    *copy = *record;
    copy->key = lb_arena_text(m->arena, record->key);
    m->record[m->count++] = copy;
    return 0;
}

/* The first answer that the new form does not take, or NULL. */
static const char *misfit(const lb_study *fresh, const char *visit, const char *form_id, const lb_value *values, lb_arena *arena, const char **item)
{
    int at, occurrence;
    const lb_study_form *form = lb_form_named(fresh, form_id);
    *item = NULL;
    if (!form) return "the new version has no such form";
    if (!lb_visit_parse(fresh, visit, &at, &occurrence)) return "the new version has no such visit";
    bool there = false;
    for (size_t i = 0; i < fresh->visit[at].form_count; i++) there |= &fresh->form[fresh->visit[at].form[i]] == form;
    if (!there) return "the form is not part of this visit any more";
    for (size_t i = 0; values && i < values->count; i++) {
        const lb_study_item *of = lb_form_item(form, values->key[i]);
        lb_value *clean, *entered;
        const char *why = NULL;
        *item = values->key[i];
        if (!of) return "the new version has no such item";
        if (of->type != LB_ITEM_DERIVED && values->item[i]->type != LB_NULL && !lb_item_read(fresh, of, values->item[i], arena, &clean, &entered, &why)) return why;
    }
    *item = NULL;
    return NULL;
}

static int move_one(lb_tx *tx, const lb_study *fresh, const lb_record *old, const char *reason, lb_error *err)
{
    lb_record record = *old;
    lb_value *body = lb_body_copy(old->body, lb_tx_arena(tx));
    lb_set_text(body, "version", fresh->version);
    lb_entry_void(body, lb_tx_now_us(tx)); /* what was signed was the form of the old version */
    if (lb_text_equal(record.state, "signed")) record.state = "complete";
    record.body = body;
    const lb_change change = {.action = "migrate", .reason = reason, .version = fresh->version};
    return lb_tx_put(tx, &record, old->revision, &change, err);
}

int lb_amend_migrate(lb_tx *tx, const lb_study *fresh, const char *after, int64_t limit, bool dry, const char *reason, lb_value **out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    moving m = {.fresh = fresh, .arena = arena, .room = (size_t)limit};
    m.record = lb_arena_array(arena, m.room + 1, sizeof *m.record);
    lb_find find = {.kind = LB_KIND_ENTRY, .key_from = after ? lb_arena_printf(arena, "%s ", after) : NULL}; /* just behind that key */
    int code = lb_tx_scan(tx, &find, take, &m, err);
    int64_t moved = 0;
    *out = lb_value_object(arena);
    lb_value *left = lb_set_array(*out, "left");
    for (size_t i = 0; i < m.count && !code; i++) {
        size_t parts;
        const char *item = NULL;
        char **part = lb_text_split(arena, m.record[i]->key, '|', &parts);
        const char *why = parts < 3 ? "its key is malformed" : misfit(fresh, part[1], part[2], lb_get(m.record[i]->body, "values"), arena, &item);
        if (!why && lb_text_equal(m.record[i]->state, "locked")) why = "it is locked";
        if (!why) {
            moved++;
            if (!dry) code = move_one(tx, fresh, m.record[i], reason, err);
            continue;
        }
        lb_value *one = lb_push_object(left);
        lb_set_text(one, "subject", parts > 0 ? part[0] : "");
        lb_set_text(one, "visit", parts > 1 ? part[1] : "");
        lb_set_text(one, "form", parts > 2 ? part[2] : "");
        lb_set_text(one, "item", item);
        lb_set_text(one, "message", why);
    }
    lb_set_int(*out, "moved", moved);
    lb_set_text(*out, "next", m.more ? m.record[m.count - 1]->key : NULL);
    return code;
}

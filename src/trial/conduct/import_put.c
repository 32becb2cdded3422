/* Writing what an import brings: every change in the order it was made, with the audit entry that says who made it there. */
#include "trial/conduct/import_put.h"

#include "trial/conduct/entry.h"
#include "trial/conduct/import.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"
#include "trial/conduct/rights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- one answer ---------------------------------------------------------------------------------------------------- */

static lb_value text_value(const char *text) { return (lb_value){.type = LB_STRING, .text = (char *)text}; }

/* What the protocol's rules made of other answers there: a number where it is one. */
static lb_value *derived(const char *text, lb_arena *arena)
{
    double number;
    lb_value *holder = lb_value_object(arena);
    if (lb_text_number(text, strlen(text), &number)) lb_set_number(holder, "v", number);
    else lb_set_text(holder, "v", text);
    return lb_get(holder, "v");
}

/* "2026-03-05T09:41:00" and "2026-03-05 09:41" as the form keeps it. */
static const char *minute(const char *text, lb_arena *arena)
{
    size_t length = strlen(text);
    if ((length == 19 && strcmp(text + 16, ":00") == 0) || length == 16) {
        char *kept = lb_arena_textn(arena, text, 16);
        if (kept[10] == ' ') kept[10] = 'T';
        return kept;
    }
    return text;
}

bool import_read_value(const lb_study *study, const lb_study_item *item, const char *text, lb_arena *arena, lb_value **out, const char **why)
{
    lb_value *entered = NULL;
    if (item->type == LB_ITEM_DERIVED) {
        *out = derived(text, arena);
        return true;
    }
    if (item->type == LB_ITEM_FILE) {
        *why = "a file cannot come with a table of answers";
        return false;
    }
    if (item->type == LB_ITEM_CHOICES) {
        size_t count = 0;
        lb_value *list = lb_value_array(arena);
        char **code = lb_text_split(arena, text, ' ', &count);
        for (size_t i = 0; i < count; i++)
            if (*code[i]) lb_push_text(list, code[i]);
        return lb_item_read(study, item, list, arena, out, &entered, why);
    }
    lb_value sent = text_value(item->type == LB_ITEM_DATETIME ? minute(text, arena) : text);
    return lb_item_read(study, item, &sent, arena, out, &entered, why);
}

/* ---- one change ------------------------------------------------------------------------------------------------------ */

typedef struct putting {
    lb_tx *tx;
    lb_import *import;
    const char *id; /* of the import */
    lb_form_place place;
    bool arm;       /* the part beside the form, of what reveals the arm */
} putting;

static bool of_part(const putting *p, const lb_study_item *item)
{
    const lb_study_form *form = &p->import->study->form[p->place.form];
    return (item->reveals_arm && !form->reveals_arm) == p->arm;
}

static lb_value *without(const lb_value *object, const char *key)
{
    lb_value *copy = lb_value_object(object->arena);
    for (size_t i = 0; i < object->count; i++)
        if (strcmp(object->key[i], key) != 0) lb_set(copy, object->key[i], object->item[i]);
    return copy;
}

/* The answers of this part after the change; false: it has none. */
static bool answers(const putting *p, const lb_import_change *change, lb_value **values, lb_value **missing)
{
    bool any = false;
    lb_arena *arena = lb_tx_arena(p->tx);
    for (size_t i = change->first; i < change->first + change->count; i++) {
        const lb_import_value *v = &p->import->value[i];
        lb_value *value = NULL;
        const char *why;
        if (!of_part(p, v->item)) continue;
        any = true;
        if (lb_get(*values, v->item->id) && !v->text) *values = without(*values, v->item->id);
        if (lb_get(*missing, v->item->id) && !v->missing) *missing = without(*missing, v->item->id);
        if (v->text && import_read_value(p->import->study, v->item, v->text, arena, &value, &why)) lb_set(*values, v->item->id, value);
        if (v->missing && !v->text) lb_set_text(*missing, v->item->id, v->missing);
    }
    return any;
}

static void add_keyer(const putting *p, const lb_import_change *change, lb_value *body)
{
    const lb_value *list = lb_get(body, "keyed_by");
    lb_value *after = lb_value_array(body->arena);
    const char *user = change->origin.user ? change->origin.user : lb_tx_actor(p->tx)->user;
    for (size_t i = 0; list && i < list->count; i++) {
        if (lb_text_equal(lb_get_text(list->item[i], "by", NULL), user)) return;
        lb_push(after, list->item[i]);
    }
    lb_value *one = lb_push_object(after);
    lb_set_text(one, "by", user);
    lb_set_text(one, "role", change->origin.user ? change->origin.role : lb_tx_actor(p->tx)->role);
    lb_set_text(one, "at", lb_when(change->origin.user ? change->origin.at_us : lb_tx_now_us(p->tx), body->arena));
    lb_set(body, "keyed_by", after);
}

/* Score and completeness as the form engine sees them; what came in stays as it came. */
static int judge(const putting *p, lb_entry *entry, lb_value *values, const lb_value *missing, lb_value *body, const char **state, lb_error *err)
{
    lb_form_computed c;
    int code = lb_entry_compute(p->tx, entry, values, missing, &c, err);
    if (code) return code;
    *state = c.complete ? "complete" : "started";
    for (size_t i = 0; p->import->derives && i < c.derived->count; i++) {
        const lb_study_item *item = lb_form_item(entry->form, c.derived->key[i]);
        if (of_part(p, item) && c.derived->item[i]->type != LB_NULL) lb_set(values, item->id, c.derived->item[i]);
    }
    if (!c.score_name) return LB_OK;
    lb_value *score = lb_set_object(body, "score");
    lb_set_text(score, "name", c.score_name);
    lb_set_number(score, "score", lb_get_number(c.score, "score", NAN));
    lb_set_text(score, "reason", lb_get_text(c.score, "reason", NULL));
    lb_set_int(score, "answered", (int64_t)c.answered);
    lb_set_int(score, "missing", (int64_t)c.unanswered);
    if (c.score) lb_set(score, "detail", c.score);
    return LB_OK;
}

static int put_part(putting *p, lb_entry *entry, const lb_import_change *change, lb_error *err)
{
    const lb_study *study = p->import->study;
    lb_arena *arena = lb_tx_arena(p->tx);
    const lb_record *old = p->arm ? entry->arm : entry->main;
    lb_value *body = lb_body_copy(old ? old->body : NULL, arena);
    lb_value *values = lb_body_copy(lb_get(body, "values"), arena), *missing = lb_body_copy(lb_get(body, "missing"), arena);
    const char *state = "complete";
    if (!answers(p, change, &values, &missing)) return LB_OK;
    lb_set(body, "values", values);
    lb_set(body, "missing", missing);
    lb_set_text(body, "version", change->version ? change->version : study->version);
    lb_set_text(body, "import", p->id);
    int code = LB_OK;
    if (!p->arm) {
        add_keyer(p, change, body);
        code = judge(p, entry, values, missing, body, &state, err);
    }
    if (code) return code;
    const lb_import_person *person = &p->import->person[change->person];
    const lb_record record = {.kind = LB_KIND_ENTRY, .key = p->arm ? p->place.arm_key : p->place.key, .site = person->site, .subject = person->subject,
                              .parent = p->place.visit_text, .state = state, .body = body,
                              .reveals_arm = p->arm || lb_form_reveals(&study->form[p->place.form], &study->visit[p->place.visit])};
    const lb_change made = {.action = change->action, .reason = change->reason, .version = lb_get_text(body, "version", NULL)};
    lb_tx_origin(p->tx, change->origin.user ? &change->origin : NULL);
    return lb_tx_put(p->tx, &record, old ? old->revision : 0, &made, err);
}

static int put_change(lb_tx *tx, lb_import *import, const lb_import_change *change, const char *id, lb_error *err)
{
    putting p = {.tx = tx, .import = import, .id = id};
    lb_arena *arena = lb_tx_arena(tx);
    lb_entry entry;
    const char *visit = lb_visit_text(import->study, change->visit, change->occurrence, arena);
    int code = lb_form_place_find(import->study, import->registry, lb_tx_actor(tx), import->person[change->person].subject, visit,
                                  import->study->form[change->form].id, arena, &p.place, err);
    if (!code) code = lb_entry_load(tx, &p.place, &entry, err);
    if (!code) code = put_part(&p, &entry, change, err);
    p.arm = true;
    if (!code) code = put_part(&p, &entry, change, err);
    lb_tx_origin(tx, NULL);
    return code;
}

/* ---- everything -------------------------------------------------------------------------------------------------------- */

static int put_person(lb_tx *tx, const lb_import *import, const lb_import_person *person, const char *id, int64_t *number, lb_error *err)
{
    const lb_record *there = NULL;
    lb_arena *arena = lb_tx_arena(tx);
    int code = lb_tx_get(tx, LB_KIND_SUBJECT, person->subject, &there, err);
    if (code || there) return code;
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "site", person->site);
    lb_set_int(body, "number", ++*number);
    lb_set_text(body, "protocol_version", import->study->version);
    lb_set_text(body, "screened_at", lb_when(person->origin.user ? person->origin.at_us : lb_tx_now_us(tx), arena));
    lb_set_text(body, "import", id);
    const lb_record record = {.kind = LB_KIND_SUBJECT, .key = person->subject, .site = person->site, .subject = person->subject, .state = "screening",
                              .body = body};
    lb_tx_origin(tx, person->origin.user ? &person->origin : NULL);
    const lb_change made = {person->action ? person->action : "import", person->reason, person->version ? person->version : import->study->version};
    code = lb_tx_put(tx, &record, 0, &made, err);
    lb_tx_origin(tx, NULL);
    return code;
}

static int by_time(const void *left, const void *right)
{
    const lb_import_change *a = left, *b = right;
    int64_t at = a->origin.at_us - b->origin.at_us, seq = a->origin.seq - b->origin.seq;
    if (a->origin.user && b->origin.user && at) return at < 0 ? -1 : 1;
    if (a->origin.user && b->origin.user && seq) return seq < 0 ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

void lb_import_figures(const lb_import *import, lb_value *out)
{
    lb_set_text(out, "format", import->format);
    lb_set_text(out, "system", import->system);
    lb_set_text(out, "sha256", import->sha256);
    lb_set_int(out, "people", (int64_t)import->people);
    lb_set_int(out, "changes", (int64_t)import->changes);
    lb_set_int(out, "values", (int64_t)import->values);
}

static int put_record(lb_tx *tx, const lb_import *import, const char *id, lb_error *err)
{
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    lb_set_text(body, "file", import->name);
    lb_import_figures(import, body);
    lb_set(body, "users", import->users);
    const lb_record record = {.kind = LB_KIND_IMPORT, .key = id, .reveals_arm = true, .body = body};
    return lb_tx_put(tx, &record, 0, &(lb_change){.action = "import", .version = import->study->version}, err);
}

int lb_import_write(lb_tx *tx, lb_import *import, const char **id, lb_error *err)
{
    int64_t number = 0;
    int code = lb_import_check(tx, import, err);
    if (!code && exchange_has_errors(import->findings)) {
        code = lb_fail(err, LB_CONFLICT, "something is in the way by now; nothing was imported");
        lb_error_hint(err, "look again with --dry-run");
    }
    *id = lb_arena_printf(import->arena, "I%lld", (long long)lb_tx_now_us(tx));
    if (!code) code = put_record(tx, import, *id, err);
    if (!code) code = lb_tx_count(tx, &(lb_find){.kind = LB_KIND_SUBJECT}, &number, err);
    if (!code && import->changes) qsort(import->change, import->changes, sizeof *import->change, by_time);
    lb_arena *outer = NULL;
    for (size_t i = 0; i < import->people + import->changes && !code; i++) {
        lb_arena *own = lb_arena_new(), *before = lb_tx_read_into(tx, own);
        if (!outer) outer = before;
        code = i < import->people ? put_person(tx, import, &import->person[i], *id, &number, err)
                                  : put_change(tx, import, &import->change[i - import->people], *id, err);
        lb_tx_read_into(tx, outer);
        lb_arena_free(own);
    }
    return code;
}

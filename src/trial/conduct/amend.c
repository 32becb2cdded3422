/* Comparing two versions of a protocol, and putting the new one in force. */
#include "trial/conduct/amend.h"

#include "trial/conduct/kinds.h"
#include "trial/conduct/person.h"
#include "trial/conduct/records.h"
#include "trial/conduct/rights.h"

#include <string.h>

/* -- difference ---------------------------------------------------------------------------------------------------------- */

typedef struct walk {
    lb_value *list;
    lb_arena *arena;
} walk;

static bool is_scalar(const lb_value *value)
{
    return value->type != LB_OBJECT && value->type != LB_ARRAY;
}

static bool same(const lb_value *a, const lb_value *b)
{
    if (!a || !b) return a == b;
    if (lb_is_number(a) && lb_is_number(b)) return lb_number_of(a) == lb_number_of(b);
    if (a->type != b->type) return false;
    if (a->type == LB_STRING) return strcmp(a->text, b->text) == 0;
    if (a->type == LB_BOOL) return a->boolean == b->boolean;
    if (a->type == LB_NULL) return true;
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same(a->item[i], a->type == LB_OBJECT ? lb_get(b, a->key[i]) : b->item[i])) return false;
    return true;
}

static void report(walk *w, const char *where, const lb_value *before, const lb_value *after)
{
    lb_value *one = lb_push_object(w->list);
    lb_set_text(one, "where", where);
    lb_set_text(one, "kind", !before ? "added" : !after ? "removed" : "changed");
    if (before) lb_set(one, "before", (lb_value *)before);
    else lb_set_null(one, "before");
    if (after) lb_set(one, "after", (lb_value *)after);
    else lb_set_null(one, "after");
}

/* The name of a member of a list: its id, or what takes its place. */
static const char *id_of(const lb_value *value)
{
    if (value->type != LB_OBJECT) return NULL;
    const char *id = lb_get_text(value, "id", NULL);
    return id ? id : lb_get_text(value, "register", NULL);
}

static const lb_value *with_id(const lb_value *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (lb_text_equal(id_of(list->item[i]), id)) return list->item[i];
    return NULL;
}

static bool all_have_ids(const lb_value *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (!id_of(list->item[i])) return false;
    return list->count > 0;
}

static void compare(walk *w, const char *where, const lb_value *before, const lb_value *after);

static void compare_members(walk *w, const char *where, const lb_value *before, const lb_value *after)
{
    bool list = before->type == LB_ARRAY;
    for (int pass = 0; pass < 2; pass++) {
        const lb_value *from = pass ? after : before, *other = pass ? before : after;
        for (size_t i = 0; i < from->count; i++) {
            const char *key = list ? id_of(from->item[i]) : from->key[i];
            const lb_value *twin = list ? with_id(other, key) : lb_get(other, key);
            if (pass && twin) continue;
            const char *path = lb_arena_printf(w->arena, "%s%s%s", where, *where ? "." : "", key);
            compare(w, path, pass ? NULL : from->item[i], pass ? from->item[i] : twin);
        }
    }
}

static void compare(walk *w, const char *where, const lb_value *before, const lb_value *after)
{
    if (same(before, after) || strcmp(where, "randomisation.blocks") == 0 || lb_text_starts(where, "simulation")) return;
    bool both = before && after && before->type == after->type && !is_scalar(before);
    if (both && before->type == LB_OBJECT) compare_members(w, where, before, after);
    else if (both && all_have_ids(before) && all_have_ids(after)) compare_members(w, where, before, after);
    else report(w, where, before, after);
}

void lb_amend_difference(const lb_study *old, const lb_study *fresh, lb_value *list)
{
    walk w = {list, list->arena};
    compare(&w, "", old->root, fresh->root);
}

void lb_amend_problems(const lb_study *old, const lb_study *fresh, lb_value *problems)
{
    if (strcmp(old->id, fresh->id) != 0) lb_push_text(problems, lb_arena_printf(problems->arena, "this is the protocol of %s, not of %s", fresh->id, old->id));
    if (strcmp(old->version, fresh->version) == 0) lb_push_text(problems, "the version is the one in force: give it a new number");
    for (size_t i = 0; i < fresh->arm_count; i++) {
        int there = lb_study_arm_named(old, fresh->arm[i].id);
        if (fresh->arm_count != old->arm_count || there < 0 || strcmp(old->arm[there].code, fresh->arm[i].code) != 0) {
            lb_push_text(problems, "the arms cannot change: the sequence is drawn for them");
            break;
        }
    }
    static const char *const drawn[] = {"method", "generator", "trial", "blocks", "ratio", "strata", "factors", "p_best", "imbalance"};
    const lb_value *a = lb_get(old->root, "randomisation"), *b = lb_get(fresh->root, "randomisation");
    for (size_t i = 0; i < LB_COUNT(drawn); i++) {
        if (same(lb_get(a, drawn[i]), lb_get(b, drawn[i]))) continue;
        lb_push_text(problems, "the randomisation cannot change: the sequence is drawn and committed to");
        break;
    }
    for (size_t i = 0; i < old->site_count; i++) {
        bool kept = false;
        for (size_t k = 0; k < fresh->site_count; k++) kept |= strcmp(old->site[i].id, fresh->site[k].id) == 0;
        if (!kept) lb_push_text(problems, lb_arena_printf(problems->arena, "the site %s cannot go: close it instead", old->site[i].id));
    }
}

/* -- records touched --------------------------------------------------------------------------------------------------------- */

typedef struct touching {
    const lb_study *study;
    bool *form, *visit, masked;
    int64_t *count;
    lb_value *people;
    int64_t entries;
    lb_arena *arena;
} touching;

/* "forms.odi.items.odi3.range" touches the form odi, "visits.M12.window" the visit M12. */
static void mark(const touching *t, const char *where)
{
    bool form = lb_text_starts(where, "forms."), visit = lb_text_starts(where, "visits.");
    if (!form && !visit) return;
    const char *name = where + (form ? 6 : 7);
    size_t length = strcspn(name, ".");
    for (size_t i = 0; form && i < t->study->form_count; i++)
        t->form[i] |= strlen(t->study->form[i].id) == length && strncmp(t->study->form[i].id, name, length) == 0;
    for (size_t i = 0; visit && i < t->study->visit_count; i++)
        t->visit[i] |= strlen(t->study->visit[i].id) == length && strncmp(t->study->visit[i].id, name, length) == 0;
}

static int count_entry(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    touching *t = context;
    size_t parts;
    int visit, occurrence;
    char **part = lb_text_split(t->arena, record->key, '|', &parts);
    if (parts != 3 || !lb_visit_parse(t->study, part[1], &visit, &occurrence)) return 0;
    for (size_t f = 0; f < t->study->form_count; f++) {
        if (strcmp(t->study->form[f].id, part[2]) != 0 || (!t->form[f] && !t->visit[visit])) continue;
        if (t->masked && lb_form_reveals(&t->study->form[f], &t->study->visit[visit])) continue;
        t->count[f]++;
        t->entries++;
        lb_set_bool(t->people, part[0], true);
    }
    return 0;
}

int lb_amend_touched(lb_tx *tx, const lb_study *old, const lb_value *changes, bool masked, lb_value **out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    touching t = {.study = old, .masked = masked, .people = lb_value_object(arena), .arena = arena};
    t.form = lb_arena_array(arena, old->form_count + 1, sizeof *t.form);
    t.visit = lb_arena_array(arena, old->visit_count + 1, sizeof *t.visit);
    t.count = lb_arena_array(arena, old->form_count + 1, sizeof *t.count);
    for (size_t i = 0; i < changes->count; i++) mark(&t, lb_get_text(changes->item[i], "where", ""));
    const lb_find find = {.kind = LB_KIND_ENTRY, .heads = true};
    int code = lb_tx_scan(tx, &find, count_entry, &t, err);
    *out = lb_value_object(arena);
    lb_set_int(*out, "entries", t.entries);
    lb_set_int(*out, "people", (int64_t)t.people->count);
    lb_value *forms = lb_set_array(*out, "forms");
    for (size_t f = 0; f < old->form_count; f++) {
        if (t.count[f] == 0) continue;
        lb_value *one = lb_push_object(forms);
        lb_set_text(one, "form", old->form[f].id);
        lb_set_label(one, "label", &old->form[f].label);
        lb_set_int(one, "entries", t.count[f]);
    }
    return code;
}

/* -- activation --------------------------------------------------------------------------------------------------------------- */

int lb_amend_activate(lb_tx *tx, const lb_study *old, const lb_study *fresh, const lb_bytes *text, const char *note, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_record *before = NULL, *taken = NULL;
    lb_value *problems = lb_value_array(arena);
    lb_amend_problems(old, fresh, problems);
    int code = problems->count ? lb_fail(err, LB_CONFLICT, "%s", problems->item[0]->text) : LB_OK;
    if (!code && !note[strspn(note, " \t\n")]) code = lb_fail(err, LB_BAD_DATA, "say why the protocol changes");
    if (!code) code = lb_study_running(tx, err);
    if (!code) code = lb_tx_get(tx, LB_KIND_PROTOCOL, old->version, &before, err);
    if (!code) code = lb_tx_get(tx, LB_KIND_PROTOCOL, fresh->version, &taken, err);
    if (!code && taken) code = lb_fail(err, LB_CONFLICT, "there is a version %s already", fresh->version);
    if (!code && (!before || !lb_text_equal(before->state, "active"))) code = lb_fail(err, LB_CONFLICT, "another version came into force in the meantime");
    if (code) return code;
    const lb_change change = {.action = "activate", .reason = note, .version = fresh->version};
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "text", lb_arena_textn(arena, (const char *)text->data, text->length));
    lb_set_text(body, "sha256", fresh->sha256);
    lb_set_text(body, "date", lb_get_text(fresh->root, "date", NULL));
    lb_set_text(body, "activated", lb_when(lb_tx_now_us(tx), arena));
    lb_set_text(body, "commitment", lb_get_text(before->body, "commitment", NULL));
    lb_set_text(body, "note", note);
    lb_record next = {.kind = LB_KIND_PROTOCOL, .key = fresh->version, .state = "active", .body = body}, last = *before;
    last.state = "superseded";
    code = lb_tx_put(tx, &last, before->revision, &change, err);
    return code ? code : lb_tx_put(tx, &next, 0, &change, err);
}

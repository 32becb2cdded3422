/* Loading what is kept of a form, and who may do what to it. */
#include "trial/conduct/entry.h"

#include "trial/conduct/consent.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/ranges.h"
#include "trial/conduct/records.h"
#include "trial/conduct/rights.h"

#include <math.h>
#include <string.h>

int lb_form_place_find(const lb_study *study, const lb_registry *registry, const lb_actor *actor, const char *subject, const char *visit,
                       const char *form, lb_arena *arena, lb_form_place *out, lb_error *err)
{
    *out = (lb_form_place){.study = study, .registry = registry, .subject = subject, .visit_text = visit, .form = -1};
    bool there = lb_visit_parse(study, visit, &out->visit, &out->occurrence);
    const lb_study_visit *v = there ? &study->visit[out->visit] : NULL;
    for (size_t i = 0; there && i < v->form_count; i++)
        if (strcmp(study->form[v->form[i]].id, form) == 0) out->form = v->form[i];
    if (out->form < 0 || (actor->masked && lb_form_reveals(&study->form[out->form], v))) {
        lb_fail(err, LB_NOT_FOUND, "there is no form '%.40s' at the visit '%.40s'", form, visit);
        lb_error_hint(err, "GET /api/people/%.40s lists the forms of each visit", subject);
        return LB_NOT_FOUND;
    }
    out->key = lb_entry_key(subject, visit, form, arena);
    out->arm_key = lb_arena_printf(arena, "%s|arm", out->key);
    out->second_key = lb_arena_printf(arena, "%s|2", out->key);
    return LB_OK;
}

size_t lb_place_names(const char *subject, const char *visit, const char *form, lb_arena *arena, lb_find *whole, lb_name name[LB_PLACE_NAMES])
{
    if (strchr(subject, '|') || strchr(visit, '|') || strchr(form, '|')) return 0;
    const char *key = lb_entry_key(subject, visit, form, arena);
    *whole = lb_person_find_all(subject);
    name[0] = (lb_name){.find = whole};
    name[1] = (lb_name){.kind = LB_KIND_ENTRY, .key = key};
    name[2] = (lb_name){.kind = LB_KIND_SITE, .key = subject, .site_of = LB_KIND_SUBJECT};
    name[3] = (lb_name){.kind = LB_KIND_KEYED, .key = lb_arena_printf(arena, "%s|2", key)};
    return LB_PLACE_NAMES;
}

int lb_entry_version(lb_tx *tx, const char *subject, const char *visit, const char *form, const char **version, lb_error *err)
{
    const lb_record *person = NULL, *entry = NULL, *site = NULL;
    *version = NULL;
    lb_find whole;
    lb_name name[LB_PLACE_NAMES + 1];
    size_t names = lb_place_names(subject, visit, form, lb_tx_arena(tx), &whole, name);
    if (!names) return lb_fail(err, LB_NOT_FOUND, "there is no such form");
    const char *key = name[1].key;
    name[names++] = (lb_name){.kind = LB_KIND_STUDY, .key = "study"};
    int code = lb_tx_ahead(tx, name, names, err);
    if (!code) code = lb_tx_get(tx, LB_KIND_SUBJECT, subject, &person, err);
    if (!code && !person) code = lb_fail(err, LB_NOT_FOUND, "there is no participant '%.40s'", subject);
    if (!code) code = lb_tx_get(tx, LB_KIND_ENTRY, key, &entry, err);
    if (!code && !entry && person->site) code = lb_tx_get(tx, LB_KIND_SITE, person->site, &site, err);
    if (code) return code;
    *version = entry ? lb_get_text(entry->body, "version", NULL) : site ? lb_get_text(site->body, "protocol_version", NULL) : NULL;
    return LB_OK;
}

/* -- what rules and findings of a form read beyond it ------------------------------------------------------------------ */

static const lb_value *find_ranges(lb_tx *tx, const lb_entry *entry, const char *today, lb_error *err, int *code)
{
    lb_arena *arena = lb_tx_arena(tx);
    lb_value *ranges = NULL;
    const lb_find any = {.kind = LB_KIND_RANGE, .site = entry->person->site};
    int64_t count = 0;
    if (!entry->form->filled_by || strcmp(entry->form->filled_by, "laboratory") != 0) return NULL;
    *code = lb_tx_count(tx, &any, &count, err);
    if (*code || count == 0) return NULL;
    const lb_value *sex = lb_person_first(entry->person, "sex");
    for (size_t i = 0; i < entry->form->item_count && !*code; i++) {
        const lb_study_item *item = &entry->form->item[i];
        lb_range range = {.low = NAN, .high = NAN};
        if (item->type != LB_ITEM_NUMBER && item->type != LB_ITEM_INTEGER) continue;
        *code = lb_range_find(tx, entry->place->study, item, entry->person->site, today, sex && sex->type == LB_STRING ? sex->text : NULL, &range, err);
        if (*code || !range.from) continue;
        if (!ranges) ranges = lb_value_object(arena);
        lb_value *one = lb_set_object(ranges, item->id);
        lb_set_number(one, "low", range.low);
        lb_set_number(one, "high", range.high);
        lb_set_text(one, "from", range.from);
    }
    return ranges;
}

int lb_entry_compute(lb_tx *tx, const lb_entry *entry, const lb_value *values, const lb_value *missing, lb_form_computed *out, lb_error *err)
{
    const lb_form_place *p = entry->place;
    lb_arena *arena = lb_tx_arena(tx);
    lb_person_view view = {entry->person, p->visit, p->occurrence};
    int64_t day = lb_site_day(p->study, entry->person->site, lb_tx_now_us(tx));
    const char *today = lb_day_text(day, arena), *latest = lb_day_text(day + 1, arena); /* a day of grace: travel, and clocks */
    int code = LB_OK;
    lb_form_context context = {.study = p->study, .form = entry->form, .registry = p->registry, .elsewhere = lb_person_lookup,
                               .elsewhere_context = &view, .today = latest, .masked = lb_tx_actor(tx)->masked};
    context.ranges = find_ranges(tx, entry, today, err, &code);
    return code ? code : lb_form_compute(&context, values, missing, arena, out, err);
}

/* -- loading ------------------------------------------------------------------------------------------------------- */

static lb_value *joined(const lb_record *main, const lb_record *arm, const char *key, lb_arena *arena)
{
    lb_value *out = lb_body_copy(main ? lb_get(main->body, key) : NULL, arena);
    const lb_value *more = arm ? lb_get(arm->body, key) : NULL;
    for (size_t i = 0; more && i < more->count; i++) lb_set(out, more->key[i], more->item[i]);
    return out;
}

/* The state this actor sees: a signature that is void on the part they see makes the whole unsigned. */
static const char *seen_state(const lb_record *main, const lb_record *arm)
{
    if (!main) return NULL;
    const char *state = main->state ? main->state : "started";
    if (arm && strcmp(state, "signed") == 0 && !lb_text_equal(arm->state, "signed")) return "complete";
    return state;
}

static bool keyed_by(const lb_record *record, const char *user)
{
    const lb_value *list = record ? lb_get(record->body, "keyed_by") : NULL;
    for (size_t i = 0; list && i < list->count; i++)
        if (lb_text_equal(lb_get_text(list->item[i], "by", NULL), user)) return true;
    return false;
}

int lb_entry_load(lb_tx *tx, const lb_form_place *place, lb_entry *out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_actor *actor = lb_tx_actor(tx);
    *out = (lb_entry){.place = place, .form = &place->study->form[place->form]};
    int code = lb_person_load(tx, place->study, place->subject, &out->person, err);
    const lb_person_entry *kept = code ? NULL : lb_person_find(out->person, place->visit, place->occurrence, place->form);
    if (kept) out->main = kept->record, out->arm = kept->arm;
    if (!code && out->form->double_entry) code = lb_tx_get(tx, LB_KIND_KEYED, place->second_key, &out->second, err);
    if (code) return code;
    out->values = joined(out->main, out->arm, "values", arena);
    out->missing = joined(out->main, out->arm, "missing", arena);
    out->revision = (out->main ? out->main->revision : 0) + (out->arm ? out->arm->revision : 0);
    out->state = seen_state(out->main, out->arm);
    out->blind = out->form->double_entry && !out->second && lb_rights_may(actor->role, LB_MAY_SECOND) && !keyed_by(out->main, actor->user) &&
                 (!out->state || strcmp(out->state, "locked") != 0);
    return LB_OK;
}

/* -- who may what --------------------------------------------------------------------------------------------------- */

static int not_yours(lb_error *err, const char *what)
{
    lb_fail(err, LB_FORBIDDEN, "your role may not %s", what);
    lb_error_hint(err, "the protocol says who fills in which form");
    return LB_FORBIDDEN;
}

static int closed_now(const lb_entry *entry, lb_error *err)
{
    if (!entry->state || (strcmp(entry->state, "frozen") != 0 && strcmp(entry->state, "locked") != 0)) return LB_OK;
    lb_fail(err, LB_CONFLICT, "the form is %s", entry->state);
    lb_error_hint(err, "a data manager can open it again, with a reason");
    return LB_CONFLICT;
}

/* Does this visit exist for the person: an arm's own visits only in that arm? The page offers no others; here the consent gate. */
int lb_entry_may_write(lb_tx *tx, const lb_entry *entry, bool second, lb_error *err)
{
    const lb_actor *actor = lb_tx_actor(tx);
    bool first = keyed_by(entry->main, actor->user);
    if (second && !entry->form->double_entry) return lb_fail(err, LB_CONFLICT, "this form is keyed once only");
    if (second && !lb_rights_may(actor->role, LB_MAY_SECOND)) return not_yours(err, "key a form the second time");
    if (second && !entry->main) return lb_fail(err, LB_CONFLICT, "nobody has keyed this form the first time");
    if (second && first) {
        lb_fail(err, LB_FORBIDDEN, "you keyed this form the first time");
        lb_error_hint(err, "the second keying must be another person's");
        return LB_FORBIDDEN;
    }
    if (second && entry->second && !lb_text_equal(entry->second->state, "differences"))
        return lb_fail(err, LB_CONFLICT, "the second keying is done");
    if (!second && (!lb_rights_may(actor->role, LB_MAY_ENTER) || !lb_rights_form(actor->role, entry->form)) &&
        !lb_text_equal(actor->role, "participant"))
        return not_yours(err, "fill in this form");
    int code = closed_now(entry, err);
    if (!code) code = lb_study_running(tx, err);
    return code ? code : lb_entry_gate(entry->person, entry->place->visit, err);
}

int lb_entry_may(lb_tx *tx, const lb_entry *entry, lb_value *list, lb_error *err)
{
    const lb_actor *actor = lb_tx_actor(tx);
    const char *state = entry->state ? entry->state : "";
    bool there = entry->main != NULL, locked = strcmp(state, "locked") == 0, frozen = strcmp(state, "frozen") == 0;
    bool settled = strcmp(state, "complete") == 0 || strcmp(state, "verified") == 0 || strcmp(state, "signed") == 0;
    lb_error ignored = LB_ERROR_INIT;
    (void)err;
    if (lb_entry_may_write(tx, entry, false, &ignored) == LB_OK) lb_push_text(list, "save");
    if (entry->form->double_entry && lb_entry_may_write(tx, entry, true, &ignored) == LB_OK) lb_push_text(list, "second");
    if (entry->second && lb_text_equal(entry->second->state, "differences") && lb_rights_may(actor->role, LB_MAY_SETTLE) &&
        !keyed_by(entry->main, actor->user) && !keyed_by(entry->second, actor->user))
        lb_push_text(list, "settle");
    if (there && !locked && lb_rights_may(actor->role, LB_MAY_VERIFY)) lb_push_text(list, "verify");
    if (settled && lb_rights_may(actor->role, LB_MAY_SIGN)) lb_push_text(list, "sign");
    if (settled && lb_rights_may(actor->role, LB_MAY_FREEZE)) lb_push_text(list, "freeze");
    if (frozen && lb_rights_may(actor->role, LB_MAY_FREEZE)) lb_push_text(list, "unfreeze");
    if ((settled || frozen) && lb_rights_may(actor->role, LB_MAY_LOCK)) lb_push_text(list, "lock");
    if (locked && lb_rights_may(actor->role, LB_MAY_LOCK)) lb_push_text(list, "unlock");
    if (there && lb_rights_may(actor->role, LB_MAY_QUERY)) lb_push_text(list, "query");
    return LB_OK;
}

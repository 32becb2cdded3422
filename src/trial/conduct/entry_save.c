/* Saving a form: nothing is written over that the person had not seen, every change of what was kept has a reason, and what
 * reveals the arm goes into the record that masked people cannot see. 21 CFR 11.10(e): changes do not obscure what was there. */
#include "trial/conduct/entry.h"

#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"
#include "trial/conduct/rights.h"

#include <math.h>
#include <string.h>

static bool same_value(const lb_value *a, const lb_value *b)
{
    if (!a || !b) return a == b;
    if (lb_is_number(a) && lb_is_number(b)) return lb_number_of(a) == lb_number_of(b);
    if (a->type != b->type) return false;
    if (a->type == LB_STRING) return strcmp(a->text, b->text) == 0;
    if (a->type == LB_BOOL) return a->boolean == b->boolean;
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++) {
        const lb_value *other = a->type == LB_OBJECT ? lb_get(b, a->key[i]) : b->item[i];
        if (!same_value(a->item[i], other)) return false;
    }
    return true;
}

/* Was something that had been kept changed or taken away? New answers need no reason. */
static bool changes_kept(const lb_value *before, const lb_value *after, const lb_study_form *form)
{
    for (size_t i = 0; before && i < before->count; i++) {
        const lb_study_item *item = lb_form_item(form, before->key[i]);
        if (item && item->type == LB_ITEM_DERIVED) continue;
        if (!same_value(before->item[i], lb_get(after, before->key[i]))) return true;
    }
    return false;
}

/* The part of `values` that reveals the arm (or the other part). */
static lb_value *part_of(const lb_study_form *form, const lb_value *values, bool revealing, lb_arena *arena)
{
    lb_value *out = lb_value_object(arena);
    for (size_t i = 0; values && i < values->count; i++) {
        const lb_study_item *item = lb_form_item(form, values->key[i]);
        bool reveals = item && item->reveals_arm && !form->reveals_arm;
        if (reveals == revealing) lb_set(out, values->key[i], values->item[i]);
    }
    return out;
}

static lb_value *score_of(const lb_form_computed *c, lb_arena *arena)
{
    if (!c->score_name) return NULL;
    lb_value *score = lb_value_object(arena);
    lb_set_text(score, "name", c->score_name);
    lb_set_number(score, "score", lb_get_number(c->score, "score", NAN));
    lb_set_text(score, "reason", lb_get_text(c->score, "reason", NULL));
    lb_set_int(score, "answered", (int64_t)c->answered);
    lb_set_int(score, "missing", (int64_t)c->unanswered);
    if (c->score) lb_set(score, "detail", c->score);
    return score;
}

void lb_entry_void(lb_value *body, int64_t at_us)
{
    const lb_value *signatures = lb_get(body, "signatures");
    lb_value *after = lb_value_array(body->arena);
    for (size_t i = 0; signatures && i < signatures->count; i++) {
        lb_value *one = lb_body_copy(signatures->item[i], body->arena);
        if (!lb_get(one, "void_at")) lb_set_text(one, "void_at", lb_when(at_us, body->arena));
        lb_push(after, one);
    }
    if (signatures) lb_set(body, "signatures", after);
}

/* Verified against the source was the old value. */
static void drop_verified(lb_value *body, const lb_value *before, const lb_value *after)
{
    const lb_value *verified = lb_get(body, "verified");
    if (!verified) return;
    lb_value *kept = lb_value_object(body->arena);
    for (size_t i = 0; i < verified->count; i++)
        if (same_value(lb_get(before, verified->key[i]), lb_get(after, verified->key[i]))) lb_set(kept, verified->key[i], verified->item[i]);
    lb_set(body, "verified", kept);
}

static void note_keyer(lb_tx *tx, lb_value *body)
{
    const lb_actor *actor = lb_tx_actor(tx);
    const lb_value *list = lb_get(body, "keyed_by");
    lb_value *after = lb_value_array(body->arena);
    for (size_t i = 0; list && i < list->count; i++) {
        if (lb_text_equal(lb_get_text(list->item[i], "by", NULL), actor->user)) return;
        lb_push(after, list->item[i]);
    }
    lb_value *one = lb_push_object(after);
    lb_set_text(one, "by", actor->user);
    lb_set_text(one, "role", actor->role);
    lb_set_text(one, "at", lb_when(lb_tx_now_us(tx), body->arena));
    lb_set(body, "keyed_by", after);
}

static void note_confirmed(lb_value *body, const lb_entry_plan *plan)
{
    const lb_value *items = plan->ask->confirmed, *findings = plan->computed.findings;
    lb_value *confirmed = lb_value_object(body->arena);
    for (size_t i = 0; i < findings->count; i++) {
        const char *item = lb_get_text(findings->item[i], "item", "");
        for (size_t k = 0; items && k < items->count; k++)
            if (items->item[k]->type == LB_STRING && strcmp(items->item[k]->text, item) == 0)
                lb_set_text(confirmed, item, lb_get_text(findings->item[i], "code", ""));
    }
    const lb_value *earlier = lb_get(body, "confirmed");
    for (size_t i = 0; earlier && i < earlier->count; i++)
        if (!lb_get(confirmed, earlier->key[i]) && same_value(lb_get(plan->before.values, earlier->key[i]), lb_get(plan->computed.values, earlier->key[i])))
            lb_set(confirmed, earlier->key[i], earlier->item[i]);
    lb_set(body, "confirmed", confirmed);
}

static lb_value *main_body(lb_tx *tx, lb_entry_plan *plan, const lb_value *values, const lb_value *missing)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_entry *entry = &plan->before;
    lb_value *body = lb_body_copy(entry->main ? entry->main->body : NULL, arena), *score = score_of(&plan->computed, arena);
    drop_verified(body, lb_get(body, "values"), values);
    lb_set(body, "values", (lb_value *)values);
    lb_set(body, "missing", (lb_value *)missing);
    lb_set(body, "entered", part_of(entry->form, plan->computed.entered, false, arena));
    if (score) lb_set(body, "score", score);
    lb_set_text(body, "version", entry->place->study->version);
    note_keyer(tx, body);
    note_confirmed(body, plan);
    lb_entry_void(body, lb_tx_now_us(tx));
    return body;
}

static lb_value *arm_body(lb_tx *tx, const lb_entry *entry, const lb_value *values, const lb_value *missing)
{
    lb_value *body = lb_body_copy(entry->arm ? entry->arm->body : NULL, lb_tx_arena(tx));
    lb_set(body, "values", (lb_value *)values);
    lb_set(body, "missing", (lb_value *)missing);
    lb_set_text(body, "version", entry->place->study->version);
    lb_entry_void(body, lb_tx_now_us(tx));
    return body;
}

static int check_reason(const lb_entry_plan *plan, lb_error *err)
{
    const lb_entry *entry = &plan->before;
    const char *reason = plan->ask->reason;
    bool asks = changes_kept(entry->values, plan->computed.values, entry->form);
    if (!asks || (reason && reason[strspn(reason, " \t\n")])) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "a value that was kept is changed: say why");
    lb_error_where(err, "reason");
    lb_error_hint(err, "for instance: misread from the paper form; the laboratory corrected its report");
    return LB_BAD_DATA;
}

static int refuse_hard(const lb_entry_plan *plan, lb_error *err)
{
    const lb_value *findings = plan->computed.findings;
    if (!plan->computed.hard) return LB_OK;
    for (size_t i = 0; i < findings->count; i++) {
        if (strcmp(lb_get_text(findings->item[i], "severity", ""), "hard") != 0) continue;
        lb_fail(err, LB_BAD_DATA, "%s", lb_get_text(findings->item[i], "message", "this cannot be"));
        lb_error_where(err, "%s", lb_get_text(findings->item[i], "item", "form"));
        lb_error_hint(err, "nothing was saved; what was typed is kept as a draft");
        break;
    }
    return LB_BAD_DATA;
}

static int conflict(lb_error *err)
{
    lb_fail(err, LB_CONFLICT, "somebody saved this form in the meantime");
    lb_error_hint(err, "compare both, then save again");
    return LB_CONFLICT;
}

/* What goes where: the open part into the main record, the rest into the one beside it. Unchanged parts are not written. */
static void divide(lb_tx *tx, lb_entry_plan *plan)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_entry *entry = &plan->before;
    const lb_form_computed *c = &plan->computed;
    lb_value *values = part_of(entry->form, c->values, false, arena), *missing = part_of(entry->form, c->missing, false, arena);
    lb_value *hidden = part_of(entry->form, c->values, true, arena), *hidden_missing = part_of(entry->form, c->missing, true, arena);
    const lb_value *old = entry->main ? entry->main->body : NULL, *old_arm = entry->arm ? entry->arm->body : NULL;
    plan->state = c->complete ? "complete" : "started";
    bool confirms = plan->ask->confirmed && plan->ask->confirmed->count > 0;
    bool changed = !entry->main || confirms || !same_value(lb_get(old, "values"), values) || !same_value(lb_get(old, "missing"), missing);
    if (changed) plan->main_body = main_body(tx, plan, values, missing);
    else plan->state = entry->main->state;
    bool something = hidden->count > 0 || hidden_missing->count > 0 || entry->arm;
    bool arm_changed = !same_value(lb_get(old_arm, "values"), hidden) || !same_value(lb_get(old_arm, "missing"), hidden_missing);
    if (!lb_tx_actor(tx)->masked && something && arm_changed) plan->arm_body = arm_body(tx, entry, hidden, hidden_missing);
}

/* A file item names a file that was uploaded to this very form. */
static int check_files(lb_tx *tx, const lb_entry_plan *plan, lb_error *err)
{
    const lb_entry *entry = &plan->before;
    for (size_t i = 0; i < entry->form->item_count; i++) {
        const lb_study_item *item = &entry->form->item[i];
        const char *id = item->type == LB_ITEM_FILE ? lb_get_text(plan->computed.values, item->id, NULL) : NULL;
        const lb_record *file = NULL;
        if (!id || lb_text_equal(id, lb_get_text(entry->values, item->id, NULL))) continue;
        int code = lb_tx_get(tx, LB_KIND_FILE, id, &file, err);
        if (code) return code;
        if (file && lb_text_equal(file->parent, entry->place->key) && lb_text_equal(lb_get_text(file->body, "item", NULL), item->id)) continue;
        lb_fail(err, LB_BAD_DATA, "this is no file that was uploaded here");
        lb_error_where(err, "%s", item->id);
        lb_error_hint(err, "upload the file first; the answer holds its id");
        return LB_BAD_DATA;
    }
    return LB_OK;
}

int lb_entry_prepare(lb_tx *tx, const lb_form_place *place, const lb_entry_ask *ask, lb_entry_plan *out, lb_error *err)
{
    *out = (lb_entry_plan){.ask = ask, .queries = {.kind = LB_KIND_QUERY, .parent = place->key}};
    int code = lb_entry_load(tx, place, &out->before, err);
    if (!code && !ask->by_participant) code = lb_entry_may_write(tx, &out->before, ask->second, err);
    if (!code) code = lb_entry_compute(tx, &out->before, ask->values, ask->missing, &out->computed, err);
    if (code) return code;
    int64_t there = ask->second ? (out->before.second ? out->before.second->revision : 0) : out->before.revision;
    if (ask->revision != there) return conflict(err);
    code = refuse_hard(out, err);
    if (code || ask->second) return code;
    code = check_reason(out, err);
    if (!code) code = check_files(tx, out, err);
    if (!code) divide(tx, out);
    return code;
}

/* -- the second keying ---------------------------------------------------------------------------------------------- */

static int commit_second(lb_tx *tx, lb_entry_plan *plan, lb_error *err)
{
    const lb_entry *entry = &plan->before;
    lb_entry now = *entry;
    lb_value *body = lb_value_object(lb_tx_arena(tx)), *list = lb_value_array(lb_tx_arena(tx));
    lb_set(body, "values", part_of(entry->form, plan->computed.values, false, body->arena));
    lb_set(body, "missing", part_of(entry->form, plan->computed.missing, false, body->arena));
    lb_set_text(body, "version", entry->place->study->version);
    lb_set_int(body, "first_revision", entry->main->revision);
    note_keyer(tx, body);
    lb_record record = {.kind = LB_KIND_KEYED, .key = entry->place->second_key, .site = entry->person->site, .subject = entry->place->subject,
                        .parent = entry->place->key, .reveals_arm = entry->main->reveals_arm, .body = body};
    now.second = &record;
    int code = lb_entry_differences(&now, list, err);
    if (code) return code;
    record.state = plan->second_state = list->count ? "differences" : "agreed";
    const lb_change change = {.action = "second_entry", .version = entry->place->study->version};
    code = lb_tx_put(tx, &record, entry->second ? entry->second->revision : 0, &change, err);
    plan->revision = (entry->second ? entry->second->revision : 0) + 1;
    plan->state = entry->state;
    return code;
}

/* An entry that changes while its second keying waits for settlement may agree now, or differ elsewhere. */
static int compare_again(lb_tx *tx, const lb_entry_plan *plan, lb_error *err)
{
    const lb_record *second = plan->before.second;
    if (!second || lb_text_equal(second->state, "settled") || !plan->main_body) return LB_OK;
    lb_entry now = plan->before;
    now.values = plan->computed.values;
    lb_value *list = lb_value_array(lb_tx_arena(tx));
    int code = lb_entry_differences(&now, list, err);
    const char *state = list->count ? "differences" : "agreed";
    if (code || lb_text_equal(second->state, state) || lb_text_equal(second->state, "agreed")) return code;
    lb_record record = *second;
    record.state = state;
    const lb_change change = {.action = "compare", .version = plan->before.place->study->version};
    return lb_tx_put(tx, &record, second->revision, &change, err);
}

/* -- writing --------------------------------------------------------------------------------------------------------- */

size_t lb_entry_names(const lb_entry_plan *plan, lb_name name[LB_ENTRY_NAMES])
{
    const lb_form_place *p = plan->before.place;
    size_t n = 0;
    name[n++] = (lb_name){.kind = LB_KIND_ENTRY, .key = p->key};
    name[n++] = (lb_name){.kind = LB_KIND_ENTRY, .key = p->arm_key};
    name[n++] = (lb_name){.kind = LB_KIND_SUBJECT, .key = p->subject};
    name[n++] = (lb_name){.kind = LB_KIND_STUDY, .key = "study"};
    name[n++] = (lb_name){.kind = LB_KIND_DRAFT, .key = plan->ask->draft};
    name[n++] = (lb_name){.find = &plan->queries};
    return n;
}

static int still_there(lb_tx *tx, const lb_entry_plan *plan, lb_error *err)
{
    const lb_entry *entry = &plan->before;
    const lb_record *main = NULL, *arm = NULL, *person = NULL;
    const lb_form_place *p = entry->place;
    lb_name name[LB_ENTRY_NAMES];
    int code = lb_tx_ahead(tx, name, lb_entry_names(plan, name), err);
    if (!code) code = lb_tx_get(tx, LB_KIND_ENTRY, p->key, &main, err);
    if (!code) code = lb_tx_get(tx, LB_KIND_ENTRY, p->arm_key, &arm, err);
    if (!code) code = lb_tx_get(tx, LB_KIND_SUBJECT, p->subject, &person, err);
    if (!code) code = lb_study_running(tx, err);
    if (code) return code;
    int64_t now = (main ? main->revision : 0) + (arm ? arm->revision : 0);
    bool other = !person || !lb_text_equal(person->state, entry->person->record->state); /* withdrawn, say */
    return now != entry->revision || other ? conflict(err) : LB_OK;
}

static int put_part(lb_tx *tx, const lb_entry_plan *plan, bool arm, lb_error *err)
{
    const lb_entry *entry = &plan->before;
    const lb_form_place *p = entry->place;
    const lb_record *old = arm ? entry->arm : entry->main;
    const lb_change change = {.action = plan->ask->action ? plan->ask->action : "save", .reason = plan->ask->reason, .version = p->study->version};
    lb_record record = {.kind = LB_KIND_ENTRY, .key = arm ? p->arm_key : p->key, .site = entry->person->site, .subject = p->subject,
                        .parent = p->visit_text, .state = plan->state, .body = arm ? plan->arm_body : plan->main_body,
                        .reveals_arm = arm || lb_form_reveals(entry->form, &p->study->visit[p->visit])};
    if (arm) record.state = "complete";
    return lb_tx_put(tx, &record, old ? old->revision : 0, &change, err);
}

static int drop_draft(lb_tx *tx, const char *key, lb_error *err)
{
    const lb_record *draft = NULL;
    int code = key ? lb_tx_get(tx, LB_KIND_DRAFT, key, &draft, err) : LB_OK;
    return code || !draft ? code : lb_tx_remove(tx, LB_KIND_DRAFT, key, err);
}

int lb_entry_commit(lb_tx *tx, lb_entry_plan *plan, lb_error *err)
{
    const lb_entry *entry = &plan->before;
    int code = still_there(tx, plan, err);
    if (!code) code = drop_draft(tx, plan->ask->draft, err);
    if (code) return code;
    if (plan->ask->second) return commit_second(tx, plan, err);
    plan->revision = entry->revision;
    if (plan->main_body) code = put_part(tx, plan, false, err), plan->revision++;
    if (!code && plan->arm_body) code = put_part(tx, plan, true, err), plan->revision++;
    if (!code) code = compare_again(tx, plan, err);
    return code ? code : lb_entry_queries(tx, plan, &plan->queries_opened, err);
}

/* What is done to a form that is kept: verified against the source, signed, frozen, locked. A signature is bound to the hash
 * of what was kept when it was given (21 CFR 11.50, 11.70) and carries name, time and meaning. */
#include "trial/conduct/entry.h"

#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"

#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* An object's members in the order of their keys: the same values have the same text however they were typed. */
static void canonical(const lb_value *object, lb_buf *out)
{
    size_t count = object ? object->count : 0;
    const char **key = lb_alloc(count + 1, sizeof *key);
    for (size_t i = 0; i < count; i++) key[i] = object->key[i];
    qsort(key, count, sizeof *key, by_key);
    lb_buf_putc(out, '{');
    for (size_t i = 0; i < count; i++) {
        lb_value name = {.type = LB_STRING, .text = key[i]};
        if (i) lb_buf_putc(out, ',');
        lb_json_write(&name, 0, out);
        lb_buf_putc(out, ':');
        lb_json_write(lb_get(object, key[i]), 0, out);
    }
    lb_buf_putc(out, '}');
    free(key);
}

void lb_entry_hash(const lb_record *record, char hex[65])
{
    lb_buf text = {0};
    lb_buf_printf(&text, "lumbar-entry-1\n%s\n%s\n", record->key, lb_get_text(record->body, "version", ""));
    canonical(lb_get(record->body, "values"), &text);
    lb_buf_putc(&text, '\n');
    canonical(lb_get(record->body, "missing"), &text);
    lb_sha256_hex(text.data, text.length, hex);
    lb_buf_free(&text);
}

static int nothing_there(lb_error *err)
{
    return lb_fail(err, LB_CONFLICT, "nothing has been entered on this form yet");
}

static int put_main(lb_tx *tx, const lb_record *old, const char *state, lb_value *body, const char *action, const char *reason, lb_error *err)
{
    lb_record record = *old;
    const lb_change change = {.action = action, .reason = reason, .version = lb_get_text(old->body, "version", NULL)};
    record.state = state;
    record.body = body;
    return lb_tx_put(tx, &record, old->revision, &change, err);
}

/* -- verification ------------------------------------------------------------------------------------------------------ */

int lb_entry_verify(lb_tx *tx, const lb_entry *entry, const lb_value *items, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    if (!entry->main) return nothing_there(err);
    if (lb_text_equal(entry->state, "locked")) return lb_fail(err, LB_CONFLICT, "the form is locked");
    lb_value *body = lb_body_copy(entry->main->body, arena), *verified = lb_body_copy(lb_get(body, "verified"), arena);
    for (size_t i = 0; items && i < items->count; i++) {
        const char *id = items->item[i]->type == LB_STRING ? items->item[i]->text : "";
        const lb_study_item *item = lb_form_item(entry->form, id);
        if (!item || (item->reveals_arm && lb_tx_actor(tx)->masked)) {
            lb_fail(err, LB_BAD_DATA, "this form has no item '%.60s'", id);
            lb_error_where(err, "items");
            return LB_BAD_DATA;
        }
        lb_value *one = lb_set_object(verified, id);
        lb_set_text(one, "by", lb_tx_actor(tx)->user);
        lb_set_text(one, "at", lb_when(lb_tx_now_us(tx), arena));
    }
    lb_set(body, "verified", verified);
    const lb_value *values = lb_get(body, "values");
    bool all = values && values->count > 0;
    for (size_t i = 0; all && i < values->count; i++) {
        const lb_study_item *item = lb_form_item(entry->form, values->key[i]);
        all = !item || item->type == LB_ITEM_DERIVED || lb_get(verified, values->key[i]) != NULL;
    }
    const char *state = all && lb_text_equal(entry->main->state, "complete") ? "verified" : entry->main->state;
    return put_main(tx, entry->main, state, body, "verify", NULL, err);
}

/* -- signature --------------------------------------------------------------------------------------------------------- */

static void add_signature(lb_tx *tx, lb_value *body, const lb_record *record, const char *full_name, const char *meaning)
{
    char hash[65];
    lb_value *list = lb_value_array(body->arena);
    const lb_value *old = lb_get(body, "signatures");
    for (size_t i = 0; old && i < old->count; i++) lb_push(list, old->item[i]);
    lb_value *one = lb_push_object(list);
    lb_entry_hash(record, hash);
    lb_set_text(one, "by", lb_tx_actor(tx)->user);
    lb_set_text(one, "full_name", full_name);
    lb_set_text(one, "role", lb_tx_actor(tx)->role);
    lb_set_text(one, "meaning", meaning);
    lb_set_text(one, "at", lb_when(lb_tx_now_us(tx), body->arena));
    lb_set_text(one, "hash", hash);
    lb_set(body, "signatures", list);
}

int lb_entry_sign(lb_tx *tx, const lb_entry *entry, const char *full_name, const char *meaning, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    if (!entry->main) return nothing_there(err);
    if (!lb_text_equal(entry->state, "complete") && !lb_text_equal(entry->state, "verified") && !lb_text_equal(entry->state, "signed")) {
        lb_fail(err, LB_CONFLICT, "a form that is %s cannot be signed", entry->state);
        lb_error_hint(err, "answer what is required, or say why it is missing");
        return LB_CONFLICT;
    }
    lb_value *body = lb_body_copy(entry->main->body, arena);
    add_signature(tx, body, entry->main, full_name, meaning);
    int code = put_main(tx, entry->main, "signed", body, "sign", meaning, err);
    if (code || !entry->arm) return code;
    body = lb_body_copy(entry->arm->body, arena);
    add_signature(tx, body, entry->arm, full_name, meaning);
    return put_main(tx, entry->arm, "signed", body, "sign", meaning, err);
}

/* -- freeze, lock ------------------------------------------------------------------------------------------------------- */

int lb_entry_hold(lb_tx *tx, const lb_entry *entry, const char *what, const char *reason, lb_error *err)
{
    if (!entry->main) return nothing_there(err);
    const char *state = entry->main->state ? entry->main->state : "started";
    bool frozen = strcmp(state, "frozen") == 0, locked = strcmp(state, "locked") == 0, back = strcmp(what, "unlock") == 0 || strcmp(what, "unfreeze") == 0;
    bool possible = strcmp(what, "freeze") == 0 ? !frozen && !locked : strcmp(what, "unfreeze") == 0 ? frozen : strcmp(what, "lock") == 0 ? !locked : locked;
    if (!possible) return lb_fail(err, LB_CONFLICT, "the form is %s", state);
    if (!back && strcmp(state, "started") == 0) {
        lb_fail(err, LB_CONFLICT, "the form is not complete");
        lb_error_hint(err, "answer what is required, or say why it is missing");
        return LB_CONFLICT;
    }
    if (back && !(reason && reason[strspn(reason, " \t\n")])) {
        lb_fail(err, LB_BAD_DATA, "say why it is opened again");
        lb_error_where(err, "reason");
        return LB_BAD_DATA;
    }
    lb_value *body = lb_body_copy(entry->main->body, lb_tx_arena(tx));
    const char *next = strcmp(what, "freeze") == 0 ? "frozen" : "locked";
    if (back) next = lb_get_text(body, "before_hold", "complete");
    else if (!frozen) lb_set_text(body, "before_hold", state);
    return put_main(tx, entry->main, next, body, what, reason, err);
}

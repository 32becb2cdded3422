/* Double entry: two people key the same paper form, the second without seeing the first; a third settles what differs. The
 * comparison is EpiData's: numbers as numbers, texts without regard to case, missing against a value differs, missing against
 * missing agrees. Items that reveal the arm are keyed once. */
#include "trial/conduct/entry.h"

#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"
#include "trial/conduct/rights.h"

#include <string.h>
#include <strings.h>

static const char *trimmed(const char *text, lb_arena *arena)
{
    text += strspn(text, " \t\n");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\n", text[length - 1])) length--;
    return lb_arena_textn(arena, text, length);
}

static bool lists_agree(const lb_value *a, const lb_value *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!lb_text_equal(a->item[i]->text, b->item[i]->text)) return false;
    return true;
}

bool lb_values_agree(const lb_study_item *item, const lb_value *a, const lb_value *b)
{
    double one, two;
    bool none_a = !a || a->type == LB_NULL, none_b = !b || b->type == LB_NULL;
    if (none_a || none_b) return none_a == none_b;
    if (a->type == LB_ARRAY && b->type == LB_ARRAY) return lists_agree(a, b);
    if (lb_is_number(a) && lb_is_number(b)) return lb_number_of(a) == lb_number_of(b);
    if (a->type != LB_STRING || b->type != LB_STRING) return false;
    bool numbers = item->type != LB_ITEM_TEXT && lb_text_number(a->text, strlen(a->text), &one) && lb_text_number(b->text, strlen(b->text), &two);
    if (numbers) return one == two;
    lb_arena *arena = lb_arena_new();
    bool same = strcasecmp(trimmed(a->text, arena), trimmed(b->text, arena)) == 0;
    lb_arena_free(arena);
    return same;
}

static bool keyed_by(const lb_record *record, const char *user)
{
    const lb_value *list = record ? lb_get(record->body, "keyed_by") : NULL;
    for (size_t i = 0; list && i < list->count; i++)
        if (lb_text_equal(lb_get_text(list->item[i], "by", NULL), user)) return true;
    return false;
}

const char *lb_entry_second(const lb_entry *entry, const lb_actor *actor)
{
    if (!entry->form->double_entry || !entry->main) return NULL;
    if (entry->second) return entry->second->state;
    if (lb_text_equal(entry->state, "started")) return NULL;
    return lb_rights_may(actor->role, LB_MAY_SECOND) && !keyed_by(entry->main, actor->user) ? "mine" : "needed";
}

int lb_entry_differences(const lb_entry *entry, lb_value *list, lb_error *err)
{
    (void)err;
    if (!entry->second) return LB_OK;
    const lb_value *second = lb_get(entry->second->body, "values"), *settled = lb_get(entry->second->body, "settled");
    for (size_t i = 0; i < entry->form->item_count; i++) {
        const lb_study_item *item = &entry->form->item[i];
        bool once = item->type == LB_ITEM_DERIVED || item->type == LB_ITEM_FILE || (item->reveals_arm && !entry->form->reveals_arm);
        const lb_value *a = lb_get(entry->values, item->id), *b = lb_get(second, item->id);
        if (once || lb_get(settled, item->id) || lb_values_agree(item, a, b)) continue;
        lb_value *row = lb_push_object(list);
        lb_set_text(row, "item", item->id);
        lb_set_label(row, "label", &item->label);
        if (a) lb_set(row, "first", (lb_value *)a);
        else lb_set_null(row, "first");
        if (b) lb_set(row, "second", (lb_value *)b);
        else lb_set_null(row, "second");
    }
    return LB_OK;
}

/* -- settling -------------------------------------------------------------------------------------------------------- */

static int third_person(lb_tx *tx, const lb_entry *entry, lb_error *err)
{
    const lb_actor *actor = lb_tx_actor(tx);
    if (!entry->second || !lb_text_equal(entry->second->state, "differences"))
        return lb_fail(err, LB_CONFLICT, "there is nothing to settle on this form");
    if (!keyed_by(entry->main, actor->user) && !keyed_by(entry->second, actor->user)) return LB_OK;
    lb_fail(err, LB_FORBIDDEN, "you keyed this form yourself");
    lb_error_hint(err, "a third person settles the differences");
    return LB_FORBIDDEN;
}

static const lb_value *difference_of(const lb_value *list, const char *item)
{
    for (size_t i = 0; i < list->count; i++)
        if (lb_text_equal(lb_get_text(list->item[i], "item", NULL), item)) return list->item[i];
    return NULL;
}

/* One decision: the value that holds from now on into `values`, the decision into `settled`. */
static int decide(lb_tx *tx, const lb_value *choice, const lb_value *differences, lb_value *values, lb_value *settled, lb_error *err)
{
    const char *item = lb_get_text(choice, "item", ""), *which = lb_get_text(choice, "choice", ""), *reason = lb_get_text(choice, "reason", "");
    const lb_value *row = difference_of(differences, item), *value = NULL;
    int code = LB_OK;
    if (!row) code = lb_fail(err, LB_BAD_DATA, "this item does not differ");
    else if (!reason[strspn(reason, " \t\n")]) code = lb_fail(err, LB_BAD_DATA, "say why: what does the paper form show?");
    lb_error_where(err, "%s", item);
    if (code) return code;
    value = strcmp(which, "other") == 0 ? lb_get(choice, "value") : lb_get(row, which);
    if (strcmp(which, "first") != 0) {
        lb_value *none = lb_value_object(values->arena);
        none->type = LB_NULL;
        lb_set(values, item, value ? (lb_value *)value : none);
    }
    lb_value *one = lb_set_object(settled, item);
    lb_set_text(one, "choice", which);
    lb_set_text(one, "reason", reason);
    lb_set_text(one, "by", lb_tx_actor(tx)->user);
    lb_set_text(one, "at", lb_when(lb_tx_now_us(tx), values->arena));
    return LB_OK;
}

static int put_settled(lb_tx *tx, const lb_entry *entry, lb_value *settled, bool done, const char *reason, lb_error *err)
{
    lb_record record = *entry->second;
    lb_value *body = lb_body_copy(record.body, lb_tx_arena(tx));
    lb_set(body, "settled", settled);
    record.body = body;
    if (done) record.state = "settled";
    const lb_change change = {.action = "settle", .reason = reason, .version = entry->place->study->version};
    return lb_tx_put(tx, &record, entry->second->revision, &change, err);
}

/* The settled values are saved as any other, by the third person, whatever forms that person may otherwise fill in. */
static int save_settled(lb_tx *tx, const lb_entry *entry, const lb_value *values, const char *reason, lb_error *err)
{
    const lb_entry_ask ask = {.values = values, .missing = entry->missing, .revision = entry->revision, .reason = reason, .action = "settle",
                              .by_participant = true};
    lb_entry_plan plan;
    int code = lb_entry_prepare(tx, entry->place, &ask, &plan, err);
    if (!code && plan.main_body) { /* who settles has not keyed the form */
        lb_set(plan.main_body, "keyed_by", lb_get(entry->main->body, "keyed_by"));
        code = lb_entry_commit(tx, &plan, err);
    }
    return code;
}

int lb_entry_settle(lb_tx *tx, const lb_form_place *place, const lb_value *settle, int64_t *left, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    lb_entry entry;
    lb_value *differences = lb_value_array(arena);
    int code = lb_entry_load(tx, place, &entry, err);
    if (!code) code = third_person(tx, &entry, err);
    if (!code) code = lb_study_running(tx, err);
    if (!code) code = lb_entry_differences(&entry, differences, err);
    if (code) return code;
    lb_value *values = lb_body_copy(entry.values, arena), *settled = lb_body_copy(lb_get(entry.second->body, "settled"), arena);
    lb_buf why = {0};
    for (size_t i = 0; i < settle->count && !code; i++) {
        code = decide(tx, settle->item[i], differences, values, settled, err);
        lb_buf_printf(&why, "%s%s: %s", i ? "; " : "", lb_get_text(settle->item[i], "item", ""), lb_get_text(settle->item[i], "reason", ""));
    }
    const char *reason = lb_arena_text(arena, why.data ? why.data : "");
    lb_buf_free(&why);
    *left = (int64_t)(differences->count - settle->count);
    if (!code) code = put_settled(tx, &entry, settled, *left <= 0, reason, err);
    return code ? code : save_settled(tx, &entry, values, reason, err);
}

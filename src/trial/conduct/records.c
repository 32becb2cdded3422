/* Small things that every part of the conduct needs when it writes. */
#include "trial/conduct/records.h"

#include <stdio.h>
#include <string.h>

lb_value *lb_body_copy(const lb_value *body, lb_arena *arena)
{
    lb_value *copy = lb_value_object(arena);
    for (size_t i = 0; body && body->type == LB_OBJECT && i < body->count; i++) lb_set(copy, body->key[i], body->item[i]);
    return copy;
}

const char *lb_when(int64_t us, lb_arena *arena)
{
    char text[24];
    lb_time_text(us / 1000000, text);
    return lb_arena_text(arena, text);
}

const char *lb_day_text(int64_t days, lb_arena *arena)
{
    char text[16];
    lb_date_text(days, text);
    return lb_arena_text(arena, text);
}

lb_value *lb_label_value(const lb_label *label, lb_arena *arena)
{
    lb_value *out = lb_value_object(arena);
    if (label->en) lb_set_text(out, "en", label->en);
    if (label->zh) lb_set_text(out, "zh", label->zh);
    if (label->da) lb_set_text(out, "da", label->da);
    return out;
}

void lb_set_label(lb_value *object, const char *key, const lb_label *label)
{
    lb_set(object, key, lb_label_value(label, object->arena));
}

lb_value *lb_answer_value(const lb_study_item *item, const lb_value *value, lb_arena *arena)
{
    lb_value *out = lb_value_object(arena);
    char text[32] = "";
    lb_set_text(out, "item", item->id);
    lb_set_label(out, "label", &item->label);
    if (item->unit) lb_set_text(out, "unit", item->unit);
    if (!value || value->type == LB_NULL) {
        lb_set_null(out, "value");
        return out;
    }
    lb_set(out, "value", (lb_value *)value);
    const char *code = value->type == LB_STRING ? value->text : lb_is_number(value) ? lb_number_text(lb_number_of(value), text) : "";
    for (size_t i = 0; i < item->code_count; i++)
        if (strcmp(item->code[i].code, code) == 0) lb_set_label(out, "value_label", &item->code[i].label);
    return out;
}

typedef struct counting {
    int64_t most;
    bool reveals;
    size_t skip;
} counting;

static int take_number(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    counting *c = context;
    const char *bar = strrchr(record->key, '|');
    int64_t n;
    if (!bar || (bar[1] == 'u') != c->reveals) return 0;
    bar += 1 + c->reveals;
    if (lb_text_integer(bar, strlen(bar), &n) && n > c->most) c->most = n;
    return 0;
}

int lb_next_key(lb_tx *tx, const char *kind, const char *subject, bool reveals_arm, const char **key, lb_error *err)
{
    counting c = {0, reveals_arm, 0};
    lb_find find = {.kind = kind, .subject = subject, .heads = true};
    int code = lb_tx_scan(tx, &find, take_number, &c, err);
    *key = lb_arena_printf(lb_tx_arena(tx), "%s|%s%lld", subject, reveals_arm ? "u" : "", (long long)c.most + 1);
    return code;
}

int lb_add_record(lb_tx *tx, const lb_person *p, const char *kind, const char *key, const char *state, bool reveals_arm, const lb_value *body,
                  const char *action, const char *reason, lb_error *err)
{
    lb_record record = {.kind = kind, .key = key, .site = p->site, .subject = p->subject, .state = state, .reveals_arm = reveals_arm, .body = body};
    lb_change change = {action, reason, p->study->version};
    return lb_tx_put(tx, &record, 0, &change, err);
}

int lb_change_subject(lb_tx *tx, const lb_person *p, const char *state, const lb_value *body, const char *action, const char *reason, lb_error *err)
{
    lb_record record = *p->record;
    lb_change change = {action, reason, p->study->version};
    if (state) record.state = state;
    if (body) record.body = body;
    return lb_tx_put(tx, &record, p->record->revision, &change, err);
}

int lb_study_running(lb_tx *tx, lb_error *err)
{
    const lb_record *study;
    int code = lb_tx_get(tx, LB_KIND_STUDY, "study", &study, err);
    if (code != LB_OK || !study || !study->state) return code;
    if (strcmp(study->state, "locked") == 0 || strcmp(study->state, "unblinded") == 0 || strcmp(study->state, "closed") == 0) {
        code = lb_fail(err, LB_CONFLICT, "the study is %s: nothing can be changed any more", study->state);
        lb_error_hint(err, "what still needs to be said belongs into the report");
    }
    return code;
}

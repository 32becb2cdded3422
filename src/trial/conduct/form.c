/* The form engine: skip logic and derived items by the protocol's rules, findings, the instrument's score. Rules that read
 * something missing are not answered: nothing is shown, derived or found by them. */
#include "trial/conduct/form.h"
#include "trial/conduct/person.h"

#include <math.h>
#include <string.h>

static const char *const reasons[] = {"not_done", "not_known", "refused", "not_applicable", "lost", "technical"};

const char *lb_missing_reason(size_t index)
{
    return index < LB_COUNT(reasons) ? reasons[index] : NULL;
}

const lb_study_item *lb_form_item(const lb_study_form *form, const char *id)
{
    for (size_t i = 0; i < form->item_count; i++)
        if (strcmp(form->item[i].id, id) == 0) return &form->item[i];
    return NULL;
}

const lb_study_form *lb_form_named(const lb_study *study, const char *id)
{
    for (size_t i = 0; i < study->form_count; i++)
        if (strcmp(study->form[i].id, id) == 0) return &study->form[i];
    return NULL;
}

/* -- the work ---------------------------------------------------------------------------------------------------- */

typedef struct work {
    const lb_form_context *context;
    const lb_study_form *form;
    lb_arena *arena;
    lb_form_computed *out;
    lb_value *clean;   /* every readable answer, shown or not */
    bool *shown;       /* per item */
    const char *score_name;
    lb_error *err;
} work;

static bool hidden(const work *w, const lb_study_item *item)
{
    return w->context->masked && item->reveals_arm;
}

static void find(work *w, const char *item, bool hard, const char *code, const char *message)
{
    lb_value *row = lb_push_object(w->out->findings);
    lb_set_text(row, "item", item);
    lb_set_text(row, "severity", hard ? "hard" : "soft");
    lb_set_text(row, "code", code);
    lb_set_text(row, "message", message);
    w->out->hard |= hard;
}

static bool is_answered(const lb_value *value)
{
    return value && value->type != LB_NULL && !(value->type == LB_STRING && value->text[0] == '\0') &&
           !(value->type == LB_ARRAY && value->count == 0);
}

static void read_values(work *w, const lb_value *values)
{
    for (size_t i = 0; values && i < values->count; i++) {
        const lb_study_item *item = lb_form_item(w->form, values->key[i]);
        lb_value *clean = NULL, *entered = NULL;
        const char *why = NULL;
        if (!item || hidden(w, item)) {
            find(w, values->key[i], true, "unknown_item", "this form has no such item");
        } else if (!is_answered(values->item[i]) || item->type == LB_ITEM_DERIVED) {
            continue; /* derived items are computed again, whatever was sent */
        } else if (lb_item_read(w->context->study, item, values->item[i], w->arena, &clean, &entered, &why)) {
            lb_set(w->clean, item->id, clean);
            if (entered) lb_set(w->out->entered, item->id, entered);
        } else {
            find(w, item->id, true, "value", why);
        }
    }
}

/* What a rule of this form sees: its own items first. */
static bool look_up(void *context, const char *name, lb_value *out)
{
    work *w = context;
    *out = (lb_value){.type = LB_NULL};
    const lb_study_item *item = lb_form_item(w->form, name);
    if (item && !hidden(w, item)) {
        const lb_value *stored = lb_get(item->type == LB_ITEM_DERIVED ? w->out->derived : w->clean, name);
        if (!w->shown[item - w->form->item] || !lb_rule_value(item, stored, out)) *out = (lb_value){.type = LB_NULL};
        return true;
    }
    if (w->score_name && strcmp(name, w->score_name) == 0) {
        double score = lb_get_number(w->out->score, "score", NAN);
        if (score == score) *out = (lb_value){.type = LB_DOUBLE, .number = score};
        return true;
    }
    return w->context->elsewhere ? w->context->elsewhere(w->context->elsewhere_context, name, out) : true;
}

static lb_value *answer_value(const lb_rule_answer *answer, lb_arena *arena)
{
    lb_value *value = lb_value_object(arena);
    value->type = LB_NULL;
    if (!answer->known) return value;
    if (answer->value.type == LB_BOOL) value->type = LB_INT, value->integer = answer->value.boolean;
    if (answer->value.type == LB_DOUBLE && isfinite(answer->value.number)) value->type = LB_DOUBLE, value->number = answer->value.number;
    if (answer->value.type == LB_STRING) value->type = LB_STRING, value->text = lb_arena_text(arena, answer->text);
    return value;
}

/* A rule that fails on odd input (a partial date counted in days) is a rule without an answer. */
static bool ask_rule(work *w, int rule, lb_rule_answer *answer)
{
    lb_error ignored = LB_ERROR_INIT;
    *answer = (lb_rule_answer){0};
    return rule >= 0 && lb_rules_run(w->context->study->rules, rule, look_up, w, answer, &ignored) == LB_OK && answer->known;
}

static bool same(const lb_value *a, const lb_value *b)
{
    if (!a || !b || a->type != b->type) return a == b;
    if (a->type == LB_STRING) return strcmp(a->text, b->text) == 0;
    return a->type == LB_NULL || lb_number_of(a) == lb_number_of(b);
}

/* Shown and derived items depend on each other without circles (the protocol's reader made sure): at most as many passes as
 * there are items settle them. */
static void settle(work *w)
{
    bool changed = true;
    for (size_t pass = 0; changed && pass <= w->form->item_count; pass++) {
        changed = false;
        for (size_t i = 0; i < w->form->item_count; i++) {
            const lb_study_item *item = &w->form->item[i];
            lb_rule_answer answer;
            if (hidden(w, item)) continue;
            bool shown = item->shown_rule < 0 || (ask_rule(w, item->shown_rule, &answer) && answer.value.type == LB_BOOL && answer.value.boolean);
            changed |= shown != w->shown[i];
            w->shown[i] = shown;
            if (item->derived_rule < 0) continue;
            ask_rule(w, item->derived_rule, &answer);
            lb_value *value = answer_value(&answer, w->arena);
            changed |= !same(lb_get(w->out->derived, item->id), value);
            lb_set(w->out->derived, item->id, value);
        }
    }
}

/* -- score ------------------------------------------------------------------------------------------------------- */

static const lb_value *instrument_of(const work *w, const char **score_name)
{
    const lb_value *list = lb_get(w->context->study->root, "instruments");
    for (size_t i = 0; w->form->instrument && list && i < list->count; i++) {
        const char *id = lb_get_text(list->item[i], "id", "");
        if (strcmp(id, w->form->instrument) != 0) continue;
        *score_name = lb_get_text(list->item[i], "score", id);
        return list->item[i];
    }
    return NULL;
}

/* "../instruments/odi.yaml" is the instrument odi. */
static const char *scorer_name(const lb_value *instrument, lb_arena *arena)
{
    const char *file = lb_get_text(instrument, "file", ""), *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    return lb_arena_textn(arena, name, strcspn(name, "."));
}

static lb_table *answers_table(work *w, const lb_value *items, const char *scorer)
{
    static const char *const dimension[] = {"mo", "sc", "ua", "pd", "ad", "vas"};
    lb_table *table = lb_table_new(w->arena, "answers", 1);
    bool eq5d = lb_text_starts(scorer, "eq5d"), numbered = strcmp(scorer, "odi") == 0 || strcmp(scorer, "rmdq") == 0 || strcmp(scorer, "joa29") == 0;
    for (size_t i = 0; i < items->count; i++) {
        const lb_study_item *item = items->item[i]->type == LB_STRING ? lb_form_item(w->form, items->item[i]->text) : NULL;
        lb_value value = {.type = LB_NULL};
        const char *name = numbered ? lb_arena_printf(w->arena, "item%zu", i + 1) : eq5d && i < 6 ? dimension[i] : i == 0 ? "value" : NULL;
        if (!name || !item) continue;
        bool shown = w->shown[item - w->form->item];
        lb_column *column = lb_table_add_number(table, name);
        if (shown && lb_rule_value(item, lb_get(w->clean, item->id), &value) && value.type == LB_DOUBLE) column->number[0] = value.number;
    }
    return table;
}

static void set_option(const lb_op *op, lb_call *call, const char *key, const lb_value *setting, lb_arena *arena)
{
    char buffer[32];
    lb_error ignored = LB_ERROR_INIT;
    char *name = lb_arena_text(arena, key);
    for (char *c = name; *c; c++)
        if (*c == '_') *c = '-';
    const char *text = setting->type == LB_STRING ? setting->text : setting->type == LB_BOOL ? (setting->boolean ? "true" : "false")
                       : lb_is_number(setting) ? lb_number_text(lb_number_of(setting), buffer) : NULL;
    for (size_t i = 0; text && i < op->param_count; i++)
        if (strcmp(op->params[i].name, name) == 0 && lb_call_set(call, name, text, &ignored) != LB_OK) return;
}

static int score(work *w)
{
    const lb_value *instrument = instrument_of(w, &w->score_name), *items = lb_get(instrument, "items"), *settings = lb_get(instrument, "settings");
    if (!instrument || !items || items->type != LB_ARRAY || !w->context->registry) return LB_OK;
    const lb_op *op = lb_registry_find(w->context->registry, "instrument", "score");
    const char *scorer = scorer_name(instrument, w->arena);
    lb_table *table = answers_table(w, items, scorer);
    w->out->score_name = w->score_name;
    w->out->score = lb_value_object(w->arena);
    if (!op || table->columns == 0) return LB_OK;
    lb_call *call = lb_call_new(w->context->registry, op);
    lb_result *result = NULL;
    lb_error err = LB_ERROR_INIT;
    int code = lb_call_set(call, "name", scorer, &err);
    for (size_t i = 0; !code && settings && i < settings->count; i++) set_option(op, call, settings->key[i], settings->item[i], w->arena);
    if (!code) code = lb_call_bind_table(call, "data", table, &err);
    if (!code) code = lb_call_run(call, &result, &err);
    if (code) {
        lb_set_null(w->out->score, "score");
        lb_set_textf(w->out->score, "reason", "%s", err.message);
    } else { /* copied through text: the result goes, the arena stays */
        lb_buf text = {0};
        const lb_value *row = lb_path(result->results, "rows[0]");
        lb_value *copy = NULL;
        lb_json_write(row, 0, &text);
        const lb_bytes bytes = {(const uint8_t *)text.data, text.length, "score"};
        if (row && lb_json_read(&bytes, w->arena, &copy, &err) == LB_OK) w->out->score = copy;
        lb_buf_free(&text);
    }
    lb_result_free(result);
    lb_call_free(call);
    return LB_OK;
}

/* -- findings ------------------------------------------------------------------------------------------------------ */

static void check_expected(work *w, const lb_study_item *item)
{
    char a[32], b[32];
    lb_value value = {.type = LB_NULL};
    const lb_value *range = lb_get(w->context->ranges, item->id);
    double low = range ? lb_get_number(range, "low", NAN) : item->soft_low, high = range ? lb_get_number(range, "high", NAN) : item->soft_high;
    if (!lb_rule_value(item, lb_get(w->clean, item->id), &value) || value.type != LB_DOUBLE) return;
    if (!(value.number < low) && !(value.number > high)) return;
    find(w, item->id, false, range ? "reference_range" : "expected",
         lb_arena_printf(w->arena, "%s is outside %s to %s", lb_number_text(value.number, a), low == low ? lb_number_text(low, b) : "…",
                         high == high ? lb_arena_text(w->arena, lb_number_text(high, a)) : "…"));
}

static void check_date(work *w, const lb_study_item *item)
{
    const lb_value *value = lb_get(w->clean, item->id);
    if (!w->context->today || !value || value->type != LB_STRING) return;
    size_t length = strlen(value->text) < 10 ? strlen(value->text) : 10;
    if (strncmp(value->text, w->context->today, length) > 0) find(w, item->id, true, "future", "this lies in the future");
}

static void check_missing(work *w, const lb_study_item *item, const lb_value *missing)
{
    const lb_value *given = lb_get(missing, item->id);
    const char *reason = given && given->type == LB_STRING ? given->text : NULL;
    bool known = false;
    for (size_t i = 0; reason && i < LB_COUNT(reasons); i++) known |= strcmp(reasons[i], reason) == 0;
    if (reason && *reason && !known) find(w, item->id, true, "reason", "this is no reason for a missing answer");
    if (known) {
        lb_set_text(w->out->missing, item->id, reason);
        return;
    }
    w->out->unanswered++;
    w->out->required_missing += item->required;
}

static void check_items(work *w, const lb_value *missing)
{
    for (size_t i = 0; i < w->form->item_count; i++) {
        const lb_study_item *item = &w->form->item[i];
        if (hidden(w, item)) continue;
        if (item->shown_rule >= 0) lb_set_bool(w->out->shown, item->id, w->shown[i]);
        if (item->type == LB_ITEM_DERIVED || !w->shown[i]) continue;
        if (!lb_get(w->clean, item->id)) {
            check_missing(w, item, missing);
            continue;
        }
        w->out->answered++;
        lb_set(w->out->values, item->id, lb_get(w->clean, item->id));
        if (item->type == LB_ITEM_DATE || item->type == LB_ITEM_DATETIME) check_date(w, item);
        else check_expected(w, item);
    }
}

static void run_checks(work *w)
{
    for (size_t i = 0; i < w->form->check_count; i++) {
        const lb_study_check *check = &w->form->check[i];
        const lb_study_item *at = check->item ? lb_form_item(w->form, check->item) : NULL;
        lb_rule_answer answer;
        if ((at && hidden(w, at)) || !ask_rule(w, check->compiled, &answer)) continue;
        if (answer.value.type != LB_BOOL || answer.value.boolean) continue;
        find(w, check->item, check->hard, check->id, check->message.en);
        lb_value *row = w->out->findings->item[w->out->findings->count - 1], *label = lb_set_object(row, "label");
        lb_set_text(label, "en", check->message.en);
        if (check->message.zh) lb_set_text(label, "zh", check->message.zh);
        if (check->message.da) lb_set_text(label, "da", check->message.da);
    }
}

int lb_form_compute(const lb_form_context *context, const lb_value *values, const lb_value *missing, lb_arena *arena, lb_form_computed *out,
                    lb_error *err)
{
    *out = (lb_form_computed){.values = lb_value_object(arena), .entered = lb_value_object(arena), .missing = lb_value_object(arena),
                              .shown = lb_value_object(arena), .derived = lb_value_object(arena), .findings = lb_value_array(arena)};
    work w = {.context = context, .form = context->form, .arena = arena, .out = out, .clean = lb_value_object(arena), .err = err};
    w.shown = lb_arena_array(arena, context->form->item_count + 1, sizeof *w.shown);
    for (size_t i = 0; i < context->form->item_count; i++) w.shown[i] = context->form->item[i].shown_rule < 0;
    read_values(&w, values);
    settle(&w);
    int code = score(&w);
    if (code) return code;
    settle(&w); /* once more: rules may read the score */
    check_items(&w, missing);
    run_checks(&w);
    for (size_t i = 0; i < out->derived->count; i++) {
        const lb_study_item *item = lb_form_item(context->form, out->derived->key[i]);
        if (w.shown[item - context->form->item] && out->derived->item[i]->type != LB_NULL) lb_set(out->values, item->id, out->derived->item[i]);
    }
    out->complete = !out->hard && out->required_missing == 0 && out->answered > 0;
    return LB_OK;
}

lb_value *lb_form_computed_json(const lb_form_computed *c, lb_arena *arena)
{
    lb_value *out = lb_value_object(arena);
    lb_set(out, "shown", c->shown);
    lb_set(out, "derived", c->derived);
    if (c->score_name) lb_set_text(out, "score_name", c->score_name);
    lb_set_number(out, "score", lb_get_number(c->score, "score", NAN));
    lb_set_text(out, "reason", lb_get_text(c->score, "reason", NULL));
    if (c->score) lb_set(out, "score_detail", c->score);
    lb_set_int(out, "answered", (int64_t)c->answered);
    lb_set_int(out, "missing", (int64_t)c->unanswered);
    lb_set_int(out, "required_missing", (int64_t)c->required_missing);
    lb_set_bool(out, "complete", c->complete);
    return out;
}

/* One answer: is it of its item's type, a code of its list, a date of the calendar, inside its range? */
#include "trial/conduct/form.h"
#include "trial/conduct/settings.h"

#include <math.h>
#include <string.h>

enum { TEXT_LONGEST = 4000 };

static lb_value *scalar(lb_arena *arena, lb_value_type type)
{
    lb_value *value = lb_value_object(arena);
    value->type = type;
    return value;
}

static lb_value *text_value(lb_arena *arena, const char *text)
{
    lb_value *value = scalar(arena, LB_STRING);
    value->text = lb_arena_text(arena, text);
    return value;
}

static lb_value *number_value(lb_arena *arena, double number)
{
    bool whole = number == floor(number) && fabs(number) < 9e15;
    lb_value *value = scalar(arena, whole ? LB_INT : LB_DOUBLE);
    if (whole) value->integer = (int64_t)number;
    else value->number = number;
    return value;
}

static bool number_of(const lb_value *sent, double *out)
{
    if (sent->type == LB_BOOL) *out = sent->boolean;
    else if (lb_is_number(sent)) *out = lb_number_of(sent);
    else return sent->type == LB_STRING && lb_text_number(sent->text, strlen(sent->text), out);
    return isfinite(*out);
}

/* A code as text: pages may send the number 2 for the code "2". */
static const char *code_text(const lb_value *sent, lb_arena *arena)
{
    char buffer[32];
    if (sent->type == LB_STRING) return sent->text;
    if (sent->type == LB_BOOL) return sent->boolean ? "1" : "0";
    return lb_is_number(sent) ? lb_arena_text(arena, lb_number_text(lb_number_of(sent), buffer)) : NULL;
}

static const lb_study_code *find_code(const lb_study_item *item, const char *code)
{
    for (size_t i = 0; code && i < item->code_count; i++)
        if (strcmp(item->code[i].code, code) == 0) return &item->code[i];
    return NULL;
}

static bool read_number(const lb_study *study, const lb_study_item *item, const lb_value *sent, lb_arena *arena, lb_value **out, lb_value **entered,
                        const char **why)
{
    char low[32], high[32];
    double number;
    const char *unit = sent->type == LB_OBJECT ? lb_get_text(sent, "unit", NULL) : NULL;
    const lb_value *plain = sent->type == LB_OBJECT ? lb_get(sent, "value") : sent;
    double factor = unit && study ? lb_item_unit_factor(study, item, unit) : 1;
    *why = "this must be a number";
    if (!plain || !number_of(plain, &number)) return false;
    *why = lb_arena_printf(arena, "'%.40s' is no unit of this item", unit ? unit : "");
    if (isnan(factor)) return false;
    if (factor != 1) {
        *entered = lb_value_object(arena);
        lb_set_number(*entered, "value", number);
        lb_set_text(*entered, "unit", unit);
        number = round(number * factor * 1e6) / 1e6;
    }
    *why = "this must be a whole number";
    if (item->type == LB_ITEM_INTEGER && number != floor(number)) return false;
    bool below = item->low == item->low && number < item->low, above = item->high == item->high && number > item->high;
    *why = lb_arena_printf(arena, "this must lie between %s and %s", item->low == item->low ? lb_number_text(item->low, low) : "anything",
                           item->high == item->high ? lb_number_text(item->high, high) : "anything");
    if (below || above) return false;
    *out = number_value(arena, number);
    return true;
}

static bool read_choices(const lb_study_item *item, const lb_value *sent, lb_arena *arena, lb_value **out, const char **why)
{
    *why = "this must be a list of codes";
    if (sent->type != LB_ARRAY) return false;
    lb_value *list = lb_value_array(arena);
    for (size_t c = 0; c < item->code_count; c++) { /* in the order of the protocol, each once */
        for (size_t i = 0; i < sent->count; i++) {
            const char *code = code_text(sent->item[i], arena);
            if (!code || strcmp(code, item->code[c].code) != 0) continue;
            lb_push_text(list, item->code[c].code);
            break;
        }
    }
    for (size_t i = 0; i < sent->count; i++) {
        const char *code = code_text(sent->item[i], arena);
        if (find_code(item, code)) continue;
        *why = lb_arena_printf(arena, "'%.40s' is no code of this item", code ? code : "");
        return false;
    }
    *out = list;
    return true;
}

static bool read_date(const lb_study_item *item, const lb_value *sent, lb_arena *arena, lb_value **out, const char **why)
{
    int64_t days, seconds;
    const char *text = sent->type == LB_STRING ? sent->text : "";
    size_t length = strlen(text);
    if (item->type == LB_ITEM_DATE) {
        *why = item->partial ? "this must be a date: 2026-03-05, or 2026-03, or 2026" : "this must be a date: 2026-03-05";
        if (item->partial ? lb_date_precision(text) == 0 || length > 10 : !lb_date_days(text, length, &days)) return false;
    } else {
        *why = "this must be a date and time: 2026-03-05T09:41";
        bool plain = length == 16 && text[10] == 'T';
        const char *utc = plain ? lb_arena_printf(arena, "%s:00Z", text) : text;
        if (!lb_time_seconds(utc, &seconds)) return false;
    }
    *out = text_value(arena, text);
    return true;
}

static bool read_text(const lb_value *sent, lb_arena *arena, lb_value **out, const char **why)
{
    *why = "this must be a text";
    if (sent->type != LB_STRING) return false;
    *why = "this text is too long";
    if (strlen(sent->text) > TEXT_LONGEST) return false;
    *why = "this text holds a control character";
    for (const char *c = sent->text; *c; c++)
        if ((unsigned char)*c < ' ' && *c != '\n' && *c != '\t') return false;
    *out = text_value(arena, sent->text);
    return true;
}

bool lb_item_read(const lb_study *study, const lb_study_item *item, const lb_value *sent, lb_arena *arena, lb_value **out, lb_value **entered,
                  const char **why)
{
    *entered = NULL;
    switch (item->type) {
    case LB_ITEM_TEXT:
    case LB_ITEM_FILE: return read_text(sent, arena, out, why);
    case LB_ITEM_INTEGER:
    case LB_ITEM_NUMBER:
    case LB_ITEM_SLIDER: return read_number(study, item, sent, arena, out, entered, why);
    case LB_ITEM_DATE:
    case LB_ITEM_DATETIME: return read_date(item, sent, arena, out, why);
    case LB_ITEM_CHOICES: return read_choices(item, sent, arena, out, why);
    case LB_ITEM_CHOICE: {
        const lb_study_code *code = find_code(item, code_text(sent, arena));
        *why = lb_arena_printf(arena, "'%.40s' is no code of this item", code_text(sent, arena) ? code_text(sent, arena) : "");
        if (code) *out = text_value(arena, code->code);
        return code != NULL;
    }
    case LB_ITEM_YESNO: {
        double number;
        *why = "this must be 1 (yes) or 0 (no)";
        if (!number_of(sent, &number) || (number != 0 && number != 1)) return false;
        *out = number_value(arena, number);
        return true;
    }
    case LB_ITEM_DERIVED: *why = "this is computed, not entered"; return false;
    }
    return false;
}

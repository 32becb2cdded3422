/* A form of the protocol as a page needs it. */
#include "trial/conduct/form.h"

#include "trial/study.h"

#include <math.h>
#include <string.h>

static void set_label(lb_value *out, const char *key, const lb_label *label)
{
    lb_value *text = lb_set_object(out, key);
    lb_set_text(text, "en", label->en);
    if (label->zh) lb_set_text(text, "zh", label->zh);
    if (label->da) lb_set_text(text, "da", label->da);
}

static void set_pair(lb_value *out, const char *key, double low, double high)
{
    if (!(low == low) && !(high == high)) return;
    lb_value *pair = lb_set_array(out, key);
    lb_push_number(pair, low);
    lb_push_number(pair, high);
}

/* The item as it stands in the file, for what has no struct of its own: units, group, accept, note. */
static const lb_value *item_source(const lb_study *study, const lb_study_form *form, size_t index)
{
    const lb_value *forms = lb_get(study->root, "forms");
    for (size_t i = 0; forms && i < forms->count; i++) {
        if (!lb_text_equal(lb_get_text(forms->item[i], "id", NULL), form->id)) continue;
        const lb_value *items = lb_get(forms->item[i], "items");
        return items && index < items->count ? items->item[index] : NULL;
    }
    return NULL;
}

static void describe_item(const lb_study_item *item, const lb_value *source, lb_value *out)
{
    static const char *const kept[] = {"units", "accept", "max_mb", "note"};
    lb_set_text(out, "id", item->id);
    set_label(out, "label", &item->label);
    lb_set_text(out, "type", lb_item_type_name(item->type));
    if (item->unit) lb_set_text(out, "unit", item->unit);
    set_pair(out, "range", item->low, item->high);
    set_pair(out, "expected", item->soft_low, item->soft_high);
    if (item->code_count) {
        lb_value *codes = lb_set_array(out, "codes");
        for (size_t i = 0; i < item->code_count; i++) {
            lb_value *code = lb_push_object(codes);
            lb_set_text(code, "code", item->code[i].code);
            set_label(code, "label", &item->code[i].label);
        }
    }
    lb_set_bool(out, "required", item->required);
    lb_set_bool(out, "reveals_arm", item->reveals_arm);
    lb_set_bool(out, "shown_if", item->shown_if != NULL);
    if (item->partial) lb_set_bool(out, "partial", true);
    lb_label group = trial_label(lb_get(source, "group"));
    if (group.en) set_label(out, "group", &group);
    for (size_t i = 0; i < LB_COUNT(kept); i++)
        if (lb_get(source, kept[i])) lb_set(out, kept[i], lb_get(source, kept[i]));
}

lb_value *lb_form_describe(const lb_study *study, const lb_study_form *form, bool masked, lb_arena *arena)
{
    lb_value *out = lb_value_object(arena);
    lb_set_text(out, "id", form->id);
    set_label(out, "label", &form->label);
    if (form->instrument) lb_set_text(out, "instrument", form->instrument);
    lb_set_text(out, "filled_by", form->filled_by ? form->filled_by : "site");
    lb_set_text(out, "entry", form->double_entry ? "double" : "single");
    lb_value *items = lb_set_array(out, "items");
    for (size_t i = 0; i < form->item_count; i++) {
        if (masked && form->item[i].reveals_arm) continue;
        describe_item(&form->item[i], item_source(study, form, i), lb_push_object(items));
    }
    return out;
}

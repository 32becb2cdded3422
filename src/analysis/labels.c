/* Names for print: what a picture or table says instead of the names of columns and levels. */
#include "analysis/labels.h"

#include <string.h>

int lb_labels_read(lb_call *call, const lb_value **out, lb_error *err)
{
    const char *text = lb_call_text(call, "labels");
    lb_value *found = NULL;
    *out = NULL;
    if (!text) return LB_OK;
    lb_bytes bytes = {(const uint8_t *)text, strlen(text), "labels"};
    bool good = lb_json_read(&bytes, lb_call_arena(call), &found, NULL) == LB_OK && found->type == LB_OBJECT;
    for (size_t i = 0; good && i < found->count; i++) good = found->item[i]->type == LB_STRING;
    if (!good) {
        lb_fail(err, LB_USAGE, "names for print are a JSON object of texts");
        lb_error_where(err, "labels");
        lb_error_hint(err, "such as '{\"CONTROL\": \"NSAIDs alone\", \"odi\": \"ODI, 0-100\"}'");
        return LB_USAGE;
    }
    *out = found;
    return LB_OK;
}

const char *lb_label(const lb_value *labels, const char *name) { return labels && name ? lb_get_text(labels, name, name) : name; }

const char *lb_label_group(const lb_value *labels, const char *name, lb_arena *arena)
{
    if (!labels || !strchr(name, '=')) return lb_label(labels, name);
    lb_buf out = {.max = 1000};
    size_t parts;
    char **part = lb_text_split(arena, name, ',', &parts);
    for (size_t i = 0; i < parts; i++) {
        const char *one = part[i] + strspn(part[i], " "), *equals = strchr(one, '='), *level = equals ? equals + 1 : one;
        const char *label = lb_get_text(labels, level, NULL);
        if (label || !equals) lb_buf_printf(&out, "%s%s", i ? ", " : "", label ? label : level);
        else lb_buf_printf(&out, "%s%s: %s", i ? ", " : "", lb_label(labels, lb_arena_textn(arena, one, (size_t)(equals - one))), level);
    }
    const char *text = lb_arena_text(arena, out.data ? out.data : name);
    lb_buf_free(&out);
    return text;
}

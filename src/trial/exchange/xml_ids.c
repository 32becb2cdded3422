/* Elements of an XML tree by their identifiers (id, OID), for references between them. */
#include <stdlib.h>
#include <string.h>

#include "trial/exchange/xml.h"

static int compare_ids(const void *x, const void *y)
{
    const struct xml_id *a = x, *b = y;
    int order = strcmp(a->element, b->element);
    if (order == 0) order = strcmp(a->id, b->id);
    return order ? order : (a->node->line > b->node->line) - (a->node->line < b->node->line);
}

int xml_ids_make(const xml_node *root, const char *attribute, lb_arena *arena, xml_ids *out, lb_error *err)
{
    *out = (xml_ids){0};
    size_t count = 0;
    for (const xml_node *node = root; node; node = xml_next(node, root)) count += xml_get(node, attribute) != NULL;
    out->entry = lb_arena_try(arena, count + 1, sizeof *out->entry);
    if (!out->entry) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu definitions", count);
    for (const xml_node *node = root; node; node = xml_next(node, root)) {
        const char *id = xml_get(node, attribute);
        if (id && strcmp(node->space, root->space) == 0) out->entry[out->count++] = (struct xml_id){node->name, id, node};
    }
    if (out->count) qsort(out->entry, out->count, sizeof *out->entry, compare_ids);
    return LB_OK;
}

const xml_node *xml_ids_find(const xml_ids *ids, const char *element, const char *id)
{
    size_t low = 0, high = ids->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(ids->entry[middle].element, element);
        if (order == 0) order = strcmp(ids->entry[middle].id, id);
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    bool found = low < ids->count && strcmp(ids->entry[low].element, element) == 0 && strcmp(ids->entry[low].id, id) == 0;
    return found ? ids->entry[low].node : NULL;
}

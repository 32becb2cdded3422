/* The registry: operations by area and verb, sorted. */
#include <lumbar/op.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "op/call.h"

struct lb_registry {
    const lb_op **op;
    size_t count, capacity;
    lb_image_reader image_reader;
    void *image_context;
    lb_recording_reader recording_reader;
    void *recording_context;
};

lb_registry *lb_registry_new(void) { return lb_alloc(1, sizeof(lb_registry)); }

void lb_registry_free(lb_registry *registry)
{
    if (registry == NULL) return;
    free(registry->op);
    free(registry);
}

static int compare(const lb_op *a, const char *area, const char *verb)
{
    int order = strcmp(a->area, area);
    return order ? order : strcmp(a->verb, verb);
}

void lb_registry_add(lb_registry *registry, const lb_op *op)
{
    if (registry->count == registry->capacity) {
        registry->capacity = registry->capacity ? 2 * registry->capacity : 64;
        registry->op = lb_realloc(registry->op, registry->capacity, sizeof *registry->op);
    }
    size_t at = registry->count++;
    for (; at > 0 && compare(registry->op[at - 1], op->area, op->verb) > 0; at--) registry->op[at] = registry->op[at - 1];
    assert(at == 0 || compare(registry->op[at - 1], op->area, op->verb) != 0);
    registry->op[at] = op;
}

void lb_registry_image_reader(lb_registry *registry, lb_image_reader reader, void *context)
{
    registry->image_reader = reader;
    registry->image_context = context;
}
lb_image_reader lb_registry_get_image_reader(const lb_registry *registry, void **context)
{
    *context = registry->image_context;
    return registry->image_reader;
}

void lb_registry_recording_reader(lb_registry *registry, lb_recording_reader reader, void *context)
{
    registry->recording_reader = reader;
    registry->recording_context = context;
}
lb_recording_reader lb_registry_get_recording_reader(const lb_registry *registry, void **context)
{
    *context = registry->recording_context;
    return registry->recording_reader;
}

const lb_op *lb_registry_find(const lb_registry *registry, const char *area, const char *verb)
{
    for (size_t i = 0; i < registry->count; i++)
        if (compare(registry->op[i], area, verb) == 0) return registry->op[i];
    return NULL;
}

size_t lb_registry_count(const lb_registry *registry) { return registry->count; }
const lb_op *lb_registry_at(const lb_registry *registry, size_t index) { return registry->op[index]; }

const char *lb_registry_nearest(const lb_registry *registry, const char *area, const char *verb, lb_arena *arena)
{
    const char **words = lb_arena_array(arena, registry->count + 1, sizeof *words);
    const char *wanted = verb ? lb_arena_printf(arena, "%s %s", area, verb) : area;
    for (size_t i = 0; i < registry->count; i++)
        words[i] = verb ? lb_arena_printf(arena, "%s %s", registry->op[i]->area, registry->op[i]->verb) : registry->op[i]->area;
    return lb_text_nearest(wanted, words, registry->count);
}

bool lb_param_is_data(lb_param_type type) { return type >= LB_P_TABLE; }

const lb_param *lb_op_param(const lb_op *op, const char *name)
{
    for (size_t i = 0; i < op->param_count; i++)
        if (strcmp(op->params[i].name, name) == 0) return &op->params[i];
    return NULL;
}

const char *lb_param_type_name(lb_param_type type)
{
    static const char *const name[] = {"flag",   "int",     "number",  "numbers", "text",   "texts",    "choice", "choices",
                                       "column", "columns", "formula", "table",   "tables", "volume",   "document", "source"};
    return (size_t)type < LB_COUNT(name) ? name[type] : "?";
}

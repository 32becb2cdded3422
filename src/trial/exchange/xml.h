/* XML of others as a small tree, read without network, DTD or entities, within limits of size and depth. */
#ifndef LUMBAR_TRIAL_XML_H
#define LUMBAR_TRIAL_XML_H

#include <lumbar/base.h>

typedef struct xml_attribute {
    const char *name, *space, *value; /* space: namespace URI or "" */
} xml_attribute;

typedef struct xml_node {
    const char *name, *space;
    const xml_attribute *attribute;
    size_t attributes;
    const char *text; /* character data directly below, joined; "" when none */
    struct xml_node *parent, *first, *last, *next;
    int line;
} xml_node;

/** Refused: a DTD, an unknown entity, anything not well-formed, elements nested deeper than 100, more than `max` bytes. */
int xml_read(const lb_bytes *bytes, size_t max, lb_arena *arena, xml_node **root, lb_error *err) LB_MUST_CHECK;
/** Value of an attribute without namespace, or NULL. */
const char *xml_get(const xml_node *node, const char *attribute);
/** First child of that name in the node's own namespace, or NULL. */
const xml_node *xml_child(const xml_node *node, const char *name);
/** The node after `node` in document order within `top`, or NULL at the end. */
const xml_node *xml_next(const xml_node *node, const xml_node *top);

/** The elements that carry an identifying attribute, sorted by element and identifier. */
typedef struct xml_ids {
    struct xml_id {
        const char *element, *id;
        const xml_node *node;
    } *entry;
    size_t count;
} xml_ids;
int xml_ids_make(const xml_node *root, const char *attribute, lb_arena *arena, xml_ids *out, lb_error *err) LB_MUST_CHECK;
/** The first element of that name and identifier, or NULL. */
const xml_node *xml_ids_find(const xml_ids *ids, const char *element, const char *id);
static inline bool xml_is(const xml_node *node, const char *name)
{
    return lb_text_equal(node->name, name);
}

#endif

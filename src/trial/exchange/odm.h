/* Inside the ODM preview: what its parts share. */
#ifndef LUMBAR_TRIAL_ODM_H
#define LUMBAR_TRIAL_ODM_H

#include "trial/exchange/exchange.h"

typedef struct odm_check {
    const xml_node *root;       /* the document at hand */
    const xml_ids *definitions; /* OIDs of the definitions, of this document or the one with the metadata */
    lb_arena *arena;
    lb_value *findings, *seen;  /* seen: message → its finding, so that each is told once, with a count */
} odm_check;

static inline bool odm_own(const xml_node *node, const xml_node *root)
{
    return lb_text_equal(node->space, root->space);
}
/** Value of an ItemData of either version, or NULL when it has none. */
const char *odm_item_value(const xml_node *item);
/** Tell a finding once; the same again raises its `count`. */
void odm_find(odm_check *check, const char *severity, const xml_node *node, const char *fmt, ...) LB_PRINTF(4, 5);
/** References that lead nowhere, identifiers given twice. */
void odm_check_references(odm_check *check);
/** What the official schema would not let pass, and values that their item does not allow. */
void odm_check_shape(odm_check *check);

#endif

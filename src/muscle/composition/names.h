/* What the labels of a mask mean: side and muscle by label, vertebral level by slice. */
#ifndef LUMBAR_MUSCLE_NAMES_H
#define LUMBAR_MUSCLE_NAMES_H
#include <lumbar/op.h>

typedef struct lb_label_name {
    int64_t label;
    const char *side;   /**< "right", "left" or NULL */
    const char *muscle; /**< "multifidus" */
} lb_label_name;

typedef struct lb_level_range {
    const char *level; /**< "L4" */
    int64_t first, last;
} lb_level_range;

typedef struct lb_names {
    lb_label_name *name;
    size_t names;
    lb_level_range *level;
    size_t levels;
} lb_names;

/** `labels`: "1=right multifidus,…" or NULL: then the mask's own segment names, then MyoSegmenTUM's four.
 *  `levels`: "L2=0-7,L3=8-14" or NULL. */
int lb_names_read(const char *labels, const char *levels, const lb_volume *mask, lb_arena *arena, lb_names *out,
                  lb_error *err) LB_MUST_CHECK;
/** The entry of a label; an unnamed label gets "label 7" and no side. */
lb_label_name lb_names_label(const lb_names *names, int64_t label, lb_arena *arena);
/** Level of a slice, or NULL. */
const char *lb_names_level(const lb_names *names, int64_t slice);
#endif

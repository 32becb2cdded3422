/* Names for print, an option of operations that draw or make a table as a paper prints it. */
#ifndef LUMBAR_ANALYSIS_LABELS_H
#define LUMBAR_ANALYSIS_LABELS_H
#include <lumbar/op.h>

#define LB_LABELS_PARAM                                                                                                     \
    {.name = "labels", .type = LB_P_TEXT, .flags = LB_ADVANCED,                                                             \
     .summary = "names for print, as JSON: {\"CONTROL\": \"NSAIDs alone\", \"odi\": \"ODI, 0-100\"}"}

/** The option `labels` of a call, or NULL. */
int lb_labels_read(lb_call *call, const lb_value **labels, lb_error *err) LB_MUST_CHECK;
/** The label of a column or level, else its name. */
const char *lb_label(const lb_value *labels, const char *name);
/** Of a group named "arm=CONTROL, sex=F": the labels of its levels. */
const char *lb_label_group(const lb_value *labels, const char *name, lb_arena *arena);
#endif

/* The lines of a subgroup analysis, for its picture. */
#ifndef LUMBAR_ANALYSIS_SUBGROUP_H
#define LUMBAR_ANALYSIS_SUBGROUP_H
#include "analysis/model.h"

typedef struct lb_subgroup_line {
    const char *label;   /**< a heading, or a level */
    bool heading;
    double p;            /**< heading: of the interaction */
    int64_t n;           /**< −1: not counted */
    double estimate, lower, upper;
} lb_subgroup_line;

/** Forest picture: estimates with intervals by subgroup, the interaction's p at each heading; ratios on a log axis. */
void lb_subgroup_picture(lb_result *result, const lb_subgroup_line *line, size_t count, lb_family family, double level, const char *axis_title,
                         const char *const favours[2]);

extern const lb_op lb_op_analyse_subgroup;
#endif

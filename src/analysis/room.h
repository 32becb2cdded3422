/* What the files of the analysis room share: the declarations of its operations, rounding for print, the flow diagram. */
#ifndef LUMBAR_ANALYSIS_ROOM_H
#define LUMBAR_ANALYSIS_ROOM_H

#include <lumbar/op.h>

extern const lb_op lb_op_power_means, lb_op_power_ancova;
extern const lb_op lb_op_analyse_ancova, lb_op_analyse_distribution, lb_op_analyse_mmrm, lb_op_analyse_mixed;
extern const lb_op lb_op_analyse_describe, lb_op_analyse_flow, lb_op_analyse_plan;
extern const lb_op lb_op_analyse_rehearse, lb_op_analyse_lock, lb_op_analyse_amend;
extern const lb_op lb_op_analyse_rerandomise, lb_op_analyse_adverse;

/** Number with `digits` decimals; ties go away from zero (SAS) or to the even digit. Borrowed from the arena. */
const char *lb_round_text(lb_arena *arena, double value, int digits, bool even);

/** Quantile of a sorted sample: Hyndman & Fan's type 2 or 7. */
double lb_sorted_quantile(const double *sorted, size_t n, double share, int type);

/** Attendance by visit and adherence by arm, when the call asks for them (tables of `analyse flow`). */
int lb_flow_attendance(lb_call *call, lb_result *result, const lb_table *people, const lb_column *arm, lb_error *err) LB_MUST_CHECK;
int lb_flow_adherence(lb_call *call, lb_result *result, const lb_table *people, const lb_column *arm, lb_error *err) LB_MUST_CHECK;

/** CONSORT flow diagram of the `results` of `analyse flow`. */
const char *lb_flow_svg(lb_arena *arena, const lb_value *results);

#endif

/* The operations of this room. */
#ifndef LUMBAR_EVIDENCE_OPS_H
#define LUMBAR_EVIDENCE_OPS_H

#include <lumbar/op.h>

extern const lb_op lb_op_meta_effect, lb_op_meta_fit, lb_op_meta_forest, lb_op_meta_subgroup, lb_op_meta_influence,
    lb_op_meta_leaveout, lb_op_meta_cumulative, lb_op_meta_bias, lb_op_meta_funnel, lb_op_meta_convert,
    lb_op_meta_trimfill, lb_op_meta_failsafe, lb_op_meta_permute, lb_op_meta_gosh, lb_op_meta_multilevel,
    lb_op_meta_network, lb_op_meta_review, lb_op_meta_audit, lb_op_meta_baujat, lb_op_meta_bubble, lb_op_meta_rob,
    lb_op_meta_import, lb_op_meta_screen, lb_op_meta_extract, lb_op_meta_prisma, lb_op_meta_sof, lb_op_meta_update,
    lb_op_meta_check, lb_op_meta_script, lb_op_meta_aggregate;
#endif

/* The operations of this room, declared in their own files. */
#ifndef LUMBAR_MUSCLE_H
#define LUMBAR_MUSCLE_H
#include <lumbar/op.h>
extern const lb_op lb_op_image_info, lb_op_image_convert, lb_op_image_phantom, lb_op_muscle_measure, lb_op_muscle_page,
    lb_op_image_grow, lb_op_image_fill,
    lb_op_image_smooth, lb_op_image_largest, lb_op_image_threshold, lb_op_image_trace, lb_op_image_agree, lb_op_emg_fatigue, lb_op_image_bias,
    lb_op_image_normalise, lb_op_radiomics_icc, lb_op_radiomics_combat, lb_op_radiomics_extract, lb_op_radiomics_batch, lb_op_radiomics_merge,
    lb_op_radiomics_compliance;
#endif

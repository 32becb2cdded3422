/* Operations of this room, one declaration per file, and what several of them share. */
#ifndef LUMBAR_TRIAL_OPS_H
#define LUMBAR_TRIAL_OPS_H

#include <lumbar/op.h>
#include <lumbar/trial.h>

extern const lb_op trial_op_sequence, trial_op_verify, trial_op_balance, trial_op_minimise;
extern const lb_op trial_op_check, trial_op_describe, trial_op_schedule, trial_op_simulate, trial_op_register;
extern const lb_op trial_op_compare, trial_op_import, trial_op_safety;

/** Fill an lb_rtsm from the parameters trial, seed, blocks, arms of a call. */
int trial_rtsm_of_call(lb_call *call, lb_rtsm *rtsm, lb_error *err) LB_MUST_CHECK;

/** --weights factor=weight,…: 1 for those not named. */
int trial_weights_of_call(lb_call *call, const char *const *factor, size_t factors, double *weight, lb_error *err) LB_MUST_CHECK;

#define TRIAL_PARAM_RTSM                                                                                              \
    {"trial", LB_P_TEXT, LB_REQUIRED, "name of the trial, as committed to", NULL, NULL, 0, 0, NULL},                  \
        {"seed", LB_P_TEXT, LB_REQUIRED, "the seed: 64 hexadecimal digits", NULL, NULL, 0, 0, NULL},                  \
        {"blocks", LB_P_NUMBERS, 0, "block sizes, each with the same chance", "4,6", NULL, 2, LB_RTSM_BLOCK, NULL}, { \
        "arms", LB_P_TEXTS, 0, "arms, in the order of the protocol", "A,B", NULL, 0, 0, NULL                          \
    }

#endif

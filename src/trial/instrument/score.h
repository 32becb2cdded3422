/* The operation of this folder. */
#ifndef LUMBAR_TRIAL_INSTRUMENT_SCORE_H
#define LUMBAR_TRIAL_INSTRUMENT_SCORE_H
#include <lumbar/op.h>
extern const lb_op lb_op_instrument_score;
#endif

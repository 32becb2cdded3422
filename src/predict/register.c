/* The operations of this room. */
#include "predict/room.h"

void lb_predict_register(lb_registry *registry)
{
    static const lb_op *const ops[] = {
        &lb_op_predict_agreement, &lb_op_predict_bootstrap, &lb_op_predict_calculator, &lb_op_predict_calibration, &lb_op_predict_convert, &lb_op_predict_decision,
        &lb_op_predict_evaluate,  &lb_op_predict_explain,   &lb_op_predict_forest,     &lb_op_predict_lasso,       &lb_op_predict_leafwise, &lb_op_predict_logistic,
        &lb_op_predict_perceptron, &lb_op_predict_roc,      &lb_op_predict_samplesize, &lb_op_predict_score,       &lb_op_predict_train,   &lb_op_predict_xgboost,
    };
    for (size_t i = 0; i < LB_COUNT(ops); i++) lb_registry_add(registry, ops[i]);
}

/* The operations of this room. */
#include "predict/room.h"

void lb_predict_register(lb_registry *registry)
{
    lb_registry_add(registry, &lb_op_predict_agreement);
    lb_registry_add(registry, &lb_op_predict_calibration);
    lb_registry_add(registry, &lb_op_predict_decision);
    lb_registry_add(registry, &lb_op_predict_explain);
    lb_registry_add(registry, &lb_op_predict_lasso);
    lb_registry_add(registry, &lb_op_predict_leafwise);
    lb_registry_add(registry, &lb_op_predict_logistic);
    lb_registry_add(registry, &lb_op_predict_roc);
    lb_registry_add(registry, &lb_op_predict_samplesize);
    lb_registry_add(registry, &lb_op_predict_score);
}

/* Reading the study of a call. */
#ifndef LUMBAR_TRIAL_OP_STUDY_H
#define LUMBAR_TRIAL_OP_STUDY_H

#include "trial/ops.h"

#define TRIAL_PARAM_STUDY                                                                                            \
    {                                                                                                                \
        "file", LB_P_DOCUMENT, LB_REQUIRED | LB_POSITIONAL, "the protocol file (YAML)", NULL, NULL, 0, 0, NULL       \
    }

/** Read the document `file` of the call; on success close the study when done. */
static inline int trial_study_of_call(lb_call *call, lb_study **study, lb_error *err)
{
    lb_bytes bytes;
    int code = lb_call_document(call, "file", &bytes, err);
    *study = NULL;
    return code == LB_OK ? lb_study_read(&bytes, lb_call_arena(call), study, NULL, err) : code;
}

#endif

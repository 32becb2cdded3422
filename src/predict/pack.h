/* Programs of the predictor as packed doubles (score/model.h) and as JSON, both ways. */
#ifndef LUMBAR_PREDICT_PACK_H
#define LUMBAR_PREDICT_PACK_H

#include "predict/score/model.h"

#include <lumbar/data.h>

typedef struct lb_packed {
    double *data; /**< malloc'ed */
    size_t count, capacity;
} lb_packed;

void lb_packed_free(lb_packed *packed);
void lb_pack_number(lb_packed *packed, double value);
void lb_pack_head(lb_packed *packed, size_t inputs, int32_t batch_input, size_t batches, size_t programs);
/** Children are numbered anew so that they come after their parent. */
void lb_pack_program(lb_packed *packed, const lb_score_program *program, size_t batches);

/** JSON of a program; input: names of the inputs. */
void lb_program_write(const lb_score_program *program, const char *const *input, size_t batches, lb_value *out);
/** The same packed, its inputs found by name; index: place of each name. Errors name what is wrong. */
int lb_program_pack(const lb_value *program, const char *const *input, size_t inputs, size_t batches, lb_packed *out, lb_error *err) LB_MUST_CHECK;

#endif

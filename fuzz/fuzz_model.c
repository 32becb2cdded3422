/* Readers of prediction models (XGBoost JSON, LightGBM text, our own JSON): what is read can be walked and explained. */
#include "predict/model.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {data, size, "fuzz"};
    lb_model model;
    lb_error err = LB_ERROR_INIT;
    if (lb_model_read(&bytes, arena, &model, &err) == LB_OK && model.features < 10000) {
        double *x = lb_arena_array(arena, 2 * model.features + 1, sizeof(double));
        for (size_t j = 0; j < model.features; j++) x[j] = j % 3 ? (double)j : NAN;
        (void)lb_model_margin(&model, x);
        size_t paths = model.linear ? 0 : lb_score_paths_size(&model.forest);
        if (paths && paths < 1 << 24) {
            lb_score_paths *made = lb_score_paths_make(&model.forest, lb_arena_alloc(arena, paths));
            (void)lb_score_shap(made, x, x + model.features);
            lb_score_shap_against(made, x, x + model.features, 1, x + model.features);
        }
    }
    lb_arena_free(arena);
    return 0;
}

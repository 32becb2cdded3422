/* Published models: any JSON, with its hash set right so that the reader behind it is reached; and any packed array. */
#include "predict/published.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void packed(const uint8_t *data, size_t size)
{
    size_t count = size / sizeof(double), bytes;
    double *array = lb_alloc(count + 1, sizeof *array);
    memcpy(array, data, count * sizeof *array);
    if ((bytes = lb_score_size(array, count)) && bytes < (size_t)1 << 26) {
        void *memory = lb_alloc(bytes, 1);
        (void)lb_score_load(array, count, memory);
        free(memory);
    }
    free(array);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {data, size, "fuzz"};
    lb_error err = LB_ERROR_INIT;
    lb_value *root;
    lb_published model;
    char hex[65];
    packed(data, size);
    if (lb_json_read(&bytes, arena, &root, &err) == LB_OK && root->type == LB_OBJECT) {
        lb_canonical_hash(root, hex);
        lb_set_text(root, "sha256", hex);
        if (lb_published_open(root, arena, &model, &err) == LB_OK && model.inputs < 10000) {
            double *input = lb_arena_array(arena, 2 * model.inputs + 1, sizeof *input), low, high;
            for (size_t j = 0; j < model.inputs; j++) input[j] = j % 3 ? (double)j : NAN;
            for (size_t k = 0; k < model.model->programs && k < 4; k++) (void)lb_score_program_risk(model.model, k, input, model.scratch);
            lb_score_interval(model.model, input, 0.95, &low, &high, model.scratch, model.sorted);
            if (model.model->program[0].kind != LB_SCORE_TREES || model.paths)
                (void)lb_score_contributions(model.model, input, model.paths, input + model.inputs, model.scratch, model.players);
        }
    }
    lb_arena_free(arena);
    return 0;
}

/* SPDX-License-Identifier: MIT
 * The predictor as a WebAssembly module: no imports, no globals. The page allots rooms (each grows the memory), fills one with the packed
 * model, and calls. Compiled by clang for wasm32 only. */
#include "predict/score/model.h"

#define EXPORT(name) __attribute__((export_name(name), used))

typedef struct handle {
    lb_score_model *model;
    lb_score_paths *paths;
    double *scratch, *players, *sorted;
} handle;

/** Bytes that stay allotted; 0 when there are none left. */
EXPORT("room") void *wasm_room(uint32_t bytes)
{
    size_t before = __builtin_wasm_memory_grow(0, bytes / 65536 + 1);
    return before == (size_t)-1 ? (void *)0 : (void *)(before * 65536);
}

/** 0 when the array is not a model, or there is no memory for it. */
EXPORT("load") handle *wasm_load(const double *packed, uint32_t count)
{
    size_t size = lb_score_size(packed, count);
    void *memory = size ? wasm_room(size) : (void *)0;
    handle *h = memory ? wasm_room(sizeof *h) : (void *)0;
    if (!h) return h;
    h->model = lb_score_load(packed, count, memory);
    h->scratch = wasm_room((uint32_t)(lb_score_scratch(h->model) * sizeof(double)));
    h->players = wasm_room((uint32_t)((2 * h->model->inputs + 2) * sizeof(double)));
    h->sorted = wasm_room((uint32_t)((h->model->programs + 1) * sizeof(double)));
    h->paths = (void *)0;
    const lb_score_program *first = &h->model->program[0];
    size = first->kind == LB_SCORE_TREES ? lb_score_paths_size(&first->forest) : 0;
    if (size && (memory = wasm_room(size))) h->paths = lb_score_paths_make(&first->forest, memory);
    return h->scratch && h->players && h->sorted ? h : (void *)0;
}

EXPORT("risk") double wasm_risk(handle *h, const double *input) { return lb_score_program_risk(h->model, 0, input, h->scratch); }
EXPORT("margin") double wasm_margin(handle *h, const double *input) { return lb_score_program_margin(h->model, 0, input, h->scratch); }

/** limits[0], limits[1]: quantiles of the refits' risks. */
EXPORT("interval") void wasm_interval(handle *h, const double *input, double level, double *limits)
{
    lb_score_interval(h->model, input, level, &limits[0], &limits[1], h->scratch, h->sorted);
}

/** value: one per input; returns the base. NaN when the trees' paths are too long. */
EXPORT("explain") double wasm_explain(handle *h, const double *input, double *value)
{
    if (h->model->program[0].kind == LB_SCORE_TREES && !h->paths) return __builtin_nan("");
    return lb_score_contributions(h->model, input, h->paths, value, h->scratch, h->players);
}

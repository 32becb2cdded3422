/* The demo's review: the shipped protocol with its tables as data sets, and a screening under way. */
#include "server/demo.h"

#include <stdio.h>
#include <string.h>

static void add_tables(lb_demo *demo)
{
    static const char *const file[][3] = {
        {"review_protocol", "Individualised exercise: protocol of the review", "individualised_exercise.yaml"},
        {"review_studies", "Individualised exercise: 26 invented trials", "exercise_studies.csv"},
        {"review_arms", "Individualised exercise: arms", "exercise_arms.csv"},
        {"review_outcomes", "Individualised exercise: outcomes", "exercise_outcomes.csv"},
        {"review_rob2", "Individualised exercise: risk of bias", "exercise_rob2.csv"},
        {"review_events", "Individualised exercise: adverse events", "exercise_events.csv"}};
    for (size_t i = 0; i < LB_COUNT(file); i++) {
        const char *path = lb_demo_path(demo, lb_arena_printf(demo->arena, i ? "reviews/individualised_exercise/%s" : "reviews/%s", file[i][2]));
        lb_bytes bytes;
        if (!path || lb_file_read(path, lb_max_input(), demo->arena, &bytes, NULL) != LB_OK) continue;
        lb_demo_add(demo, file[i][0], file[i][1], i ? "table" : "document", file[i][2], bytes.data, bytes.length);
    }
}

static int bind(lb_demo *demo, lb_call *call, const char *name, const char *file, lb_error *err)
{
    const char *path = lb_demo_path(demo, lb_arena_printf(demo->arena, "reference/evidence/%s", file));
    lb_bytes bytes;
    if (!path) return lb_fail(err, LB_NOT_FOUND, "there is no file '%s'", file);
    int code = lb_file_read(path, lb_max_input(), demo->arena, &bytes, err);
    return code ? code : lb_call_bind(call, name, &bytes, err);
}

/* One operation on the document so far; what it makes takes its place. */
static int step(lb_demo *demo, const char *verb, const char *const (*files)[2], lb_error *err)
{
    const lb_op *op = lb_registry_find(demo->registry, "meta", verb);
    if (!op) return LB_NOT_FOUND;
    lb_call *call = lb_call_new(demo->registry, op);
    lb_result *result = NULL;
    lb_bytes before = {(const uint8_t *)demo->review, demo->review_length, "review.json"};
    int code = demo->review ? lb_call_bind(call, "review", &before, err) : lb_call_set(call, "title", "Individualised exercise for low back pain", err);
    for (; !code && (*files)[0]; files++) code = bind(demo, call, (*files)[0], (*files)[1], err);
    if (!code) code = lb_call_run(call, &result, err);
    for (size_t i = 0; !code && i < result->artifact_count; i++) {
        if (strcmp(result->artifact[i].name, "review.json") != 0) continue;
        demo->review = lb_arena_textn(demo->arena, result->artifact[i].data, result->artifact[i].length);
        demo->review_length = result->artifact[i].length;
    }
    lb_result_free(result);
    lb_call_free(call);
    return code;
}

void lb_demo_add_review(lb_demo *demo)
{
    static const char *const screen[][2] = {{"ris", "screening.ris"}, {"form", "form.yaml"}, {"decisions", "decisions_begun.csv"}, {NULL, NULL}},
                             *const extract[][2] = {{"values", "extraction_begun.csv"}, {NULL, NULL}};
    lb_error err = LB_ERROR_INIT;
    add_tables(demo);
    int code = step(demo, "screen", screen, &err);
    if (!code) code = step(demo, "extract", extract, &err);
    if (code && err.message[0]) fprintf(stderr, "lumbar: warning: the demo has no review: %s\n", err.message);
}

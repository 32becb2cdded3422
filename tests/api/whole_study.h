/* A whole simulated METNLBP in a store behind the server, whose allocator reveals the seed of this test: for tests of what comes after
 * the last visit. */
#ifndef LUMBAR_WHOLE_STUDY_H
#define LUMBAR_WHOLE_STUDY_H

#include "api/study_fixture.h"
#include "fill_study.h"

static study_fixture f;
static lb_rtsm rtsm; /* with the seed that the allocator of this test reveals */

static int commitment(void *context, char hex[65], lb_error *err)
{
    (void)context;
    (void)err;
    lb_rtsm_commitment(&rtsm, hex);
    return LB_OK;
}

static int reveal(void *context, char hex[65], lb_error *err)
{
    (void)context;
    (void)err;
    for (size_t i = 0; i < sizeof rtsm.seed; i++) snprintf(hex + 2 * i, 3, "%02x", rtsm.seed[i]);
    return LB_OK;
}

typedef int whole_study_more(lb_store *store, const lb_study *study, const lb_value *tables, lb_error *err);

/** The fixture `f` with so many people; `more` may add to what the simulation's tables gave. */
static int whole_study(int64_t people, whole_study_more *more)
{
    static const lb_allocator_face revealing = {.allocate = fixture_allocate, .past = fixture_past, .commitment = commitment, .reveal = reveal};
    lb_error err = LB_ERROR_INIT;
    lb_bytes protocol;
    lb_study *study = NULL;
    fixture_start(&f, "metnlbp.yaml");
    if (lb_file_read(LUMBAR_TEST_SOURCE "/studies/metnlbp.yaml", 0, f.arena, &protocol, &err) || lb_study_read(&protocol, f.arena, &study, NULL, &err))
        fail_msg("%s: %s", err.where, err.message);
    lb_result *simulated = fill_simulate(f.registry, &protocol, people, 7, &err);
    const lb_value *tables = simulated ? lb_get(simulated->results, "tables") : NULL;
    if (!tables || fill_study(f.store, study, tables, &err) || (more && more(f.store, study, tables, &err))) fail_msg("%s: %s", err.where, err.message);
    lb_result_free(simulated);
    rtsm = study->rtsm;
    rtsm.trial = lb_arena_text(f.arena, rtsm.trial);
    for (size_t i = 0; i < sizeof rtsm.seed; i++) rtsm.seed[i] = (uint8_t)(7 * i + 1);
    lb_study_close(study);
    f.allocator = &revealing;
    fixture_restart(&f);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

#endif

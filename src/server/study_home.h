/* What the files behind study.h share and handlers need not know. */
#ifndef LUMBAR_SERVER_STUDY_HOME_H
#define LUMBAR_SERVER_STUDY_HOME_H

#include "server/study.h"

/** A protocol opened for one request; NULL *out and LB_OK when `version` is NULL and none is active. */
int study_borrow(study_home *home, const char *version, lb_tx *tx, const lb_study **out, lb_error *err) LB_MUST_CHECK;
/** Give back what a request borrowed. */
void study_give_back(study_home *home, const lb_study *study);
/** Only so many passwords are hashed at once: each takes 64 MiB. */
void study_hash_begin(study_home *home);
void study_hash_end(study_home *home);
struct study_jobs *study_home_jobs(study_home *home);
int64_t study_idle_us(const study_home *home);

/** Protocols that a request opened beside the active one; given back with it. */
enum { STUDY_VERSIONS = 16 };
typedef struct study_loan {
    const lb_study *study[STUDY_VERSIONS];
    size_t count;
} study_loan;

/** From now on this request is that user's. */
void study_become(study_request *request, const char *name, const lb_value *user, bool unblinded);

/** Every table of routes. */
const study_table *study_table_at(size_t index);
const char *study_schema_named(const char *name);

#endif

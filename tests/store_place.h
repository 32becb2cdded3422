/* An empty store for a test: in a folder of its own, or, when the same suite runs on PostgreSQL (tests/on_postgres.sh,
 * tests/fault/test_postgres.c), in a schema of its own on the server that LUMBAR_TEST_POSTGRES names. */
#ifndef LUMBAR_STORE_PLACE_H
#define LUMBAR_STORE_PLACE_H

#include "lumbar_test.h"
#include "store/backend.h"
#include "store/store.h"

static inline int place_elsewhere(const char *server, const lb_store_options *how, lb_store **store, lb_error *err)
{
    static int number;
    char sql[64], where[400], beside[300];
    db *c;
    snprintf(sql, sizeof sql, "CREATE SCHEMA s%d_%d", (int)getpid(), ++number);
    snprintf(where, sizeof where, "%s?options=-csearch_path%%3Ds%d_%d", server, (int)getpid(), number);
    snprintf(beside, sizeof beside, "%s/study%d_%d", getenv("LUMBAR_TEST_FOLDER"), (int)getpid(), number);
    int code = store_postgres.open(server, false, false, true, &c, err);
    if (!code) code = store_postgres.run(c, sql, NULL, 0, NULL, NULL, NULL, err);
    store_postgres.close(c);
    lb_store_options options = *how;
    options.where = where;
    options.beside = beside;
    options.create = options.fast = true;
    return code ? code : lb_store_open(&options, store, err);
}

static inline int place_store(const lb_store_options *how, lb_store **store, lb_error *err)
{
    const char *server = getenv("LUMBAR_TEST_POSTGRES");
    return server ? place_elsewhere(server, how, store, err) : lb_store_open_scratch(how, store, err);
}

static inline lb_store *scratch(void)
{
    lb_store *store;
    lb_error err = LB_ERROR_INIT;
    const lb_store_options how = LB_STORE_OPTIONS_INIT;
    if (place_store(&how, &store, &err)) fail_msg("%s", err.message);
    return store;
}

#endif

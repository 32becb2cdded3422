/* An empty store for a test: in a folder of its own, or, when tests/fault/test_postgres.c runs the same suite, in a schema of
 * its own on the server that LUMBAR_TEST_POSTGRES names. */
#ifndef LUMBAR_STORE_PLACE_H
#define LUMBAR_STORE_PLACE_H

#include "lumbar_test.h"
#include "store/backend.h"
#include "store/store.h"

static int open_elsewhere(const char *server, lb_store **store, lb_error *err)
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
    const lb_store_options options = {.where = where, .beside = beside, .create = true, .fast = true};
    return code ? code : lb_store_open(&options, store, err);
}

static lb_store *scratch(void)
{
    lb_store *store;
    lb_error err = LB_ERROR_INIT;
    const char *server = getenv("LUMBAR_TEST_POSTGRES");
    int code = server ? open_elsewhere(server, &store, &err) : lb_store_open_scratch(NULL, &store, &err);
    if (code) fail_msg("%s", err.message);
    return store;
}

#endif

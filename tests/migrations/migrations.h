/* A study as an earlier schema kept it: its key and its sealed end put where a store looks for them. */
#ifndef LUMBAR_MIGRATIONS_H
#define LUMBAR_MIGRATIONS_H

#include "lumbar_test.h"
#include "store/store.h"
#include "trial/conduct/kinds.h"

#include <sys/stat.h>

enum { MIGRATION_ENTRIES = 16, MIGRATION_RECORDS = 10, MIGRATION_TABLES = 8 };

static void migration_bytes(size_t version, const char *what, const char *to)
{
    char name[100];
    uint8_t bytes[512];
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_bytes hex;
    snprintf(name, sizeof name, "tests/migrations/%zu.%s.hex", version, what);
    assert_int_equal(lb_file_read(repository_file(name), 4096, arena, &hex, &err), LB_OK);
    size_t count = (hex.length - 1) / 2;
    assert_true(count <= sizeof bytes && lb_hex_bytes(lb_arena_textn(arena, (const char *)hex.data, 2 * count), bytes, count));
    assert_int_equal(lb_file_write(to, bytes, count, &err), LB_OK);
    assert_int_equal(chmod(to, 0600), 0);
    lb_arena_free(arena);
}

static int migration_add(lb_tx *tx, void *context, lb_error *err)
{
    const lb_origin origin = {"elsewhere", "u9", "coordinator", 1000000, 3};
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    (void)context;
    lb_set_int(body, "n", 1);
    lb_tx_origin(tx, &origin);
    const lb_record record = {.kind = LB_KIND_ENTRY, .key = "C1-001|BL|pain", .site = "C1", .subject = "C1-001", .state = "started", .body = body};
    return lb_tx_put(tx, &record, 0, &(lb_change){"save", NULL, "1"}, err);
}

/* What was there is there, link by link, and it goes on under the schema of today. */
static void migration_check(lb_store *store)
{
    static const lb_actor actor = {"u1", "system", NULL, 0, false, true};
    lb_arena *arena = lb_arena_new();
    lb_value *out;
    lb_error err = LB_ERROR_INIT;
    for (int64_t added = 0; added < 2; added++) {
        assert_int_equal(lb_store_verify(store, arena, &out, &err), LB_OK);
        if (!lb_get_bool(out, "valid", false)) fail_msg("%s", lb_get_text(lb_path(out, "faults[0]"), "message", "?"));
        assert_int_equal(lb_get_int(out, "entries", 0), MIGRATION_ENTRIES + added);
        assert_int_equal(lb_get_int(out, "records", 0), MIGRATION_RECORDS + added);
        assert_int_equal(lb_get_int(out, "frozen_tables", 0), MIGRATION_TABLES);
        if (!added && lb_store_write(store, &actor, arena, migration_add, NULL, &err)) fail_msg("%s", err.message);
    }
    lb_arena_free(arena);
}

#endif

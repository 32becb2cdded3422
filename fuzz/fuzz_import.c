/* Any bytes as ODM or as a table of records into a study: reading ends, and what was found sound can be written as a whole. Nothing
 * stays, for the transaction is given up at the end. */
#include "store/store.h"
#include "trial/conduct/import.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct ground {
    lb_arena *arena;
    lb_registry *registry;
    lb_study *study;
    lb_store *store;
} ground;

static const lb_actor actor = {"operator", "operator", NULL, 0, false, true};

/* Made once, by the first input. */
static const ground *begin(void)
{
    static ground made;
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    if (made.study) return &made;
    made.arena = lb_arena_new();
    made.registry = lb_registry_all();
    if (lb_store_open_scratch(NULL, &made.store, &err) != LB_OK || lb_file_read("reference/trial/minimal.yaml", 0, made.arena, &bytes, &err) != LB_OK ||
        lb_study_read(&bytes, made.arena, &made.study, NULL, &err) != LB_OK)
        abort();
    return &made;
}

static int check(lb_tx *tx, void *context, lb_error *err) { return lb_import_check(tx, context, err); }

static int write_and_give_up(lb_tx *tx, void *context, lb_error *err)
{
    const char *id;
    if (lb_import_write(tx, context, &id, err) != LB_OK) abort(); /* it was sound a moment ago */
    return LB_CANCELLED;
}

static int collect(lb_import *import, const lb_bytes *bytes, lb_arena *arena, lb_error *err)
{
    static const lb_import_rows_options options = {NULL, NULL, NULL, NULL};
    xml_node *root;
    entry_file rows;
    if (bytes->length && bytes->data[0] == '<') {
        int code = xml_read(bytes, 0, arena, &root, err);
        return code ? code : lb_import_odm(import, root, NULL, err);
    }
    int code = entry_read(bytes, NULL, arena, &rows, err);
    return code ? code : lb_import_rows(import, &rows, &options, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const ground *g = begin();
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_import import;
    const lb_bytes bytes = {data, size, "fuzz"};
    lb_import_begin(&import, g->study, g->registry, arena);
    import.name = "fuzz";
    import.sha256 = "";
    if (collect(&import, &bytes, arena, &err) == LB_OK) {
        if (lb_store_read(g->store, &actor, arena, check, &import, &err) != LB_OK) abort();
        if (!exchange_has_errors(import.findings) && lb_store_write(g->store, &actor, arena, write_and_give_up, &import, &err) != LB_CANCELLED) abort();
    }
    lb_import_end(&import);
    lb_arena_free(arena);
    return 0;
}

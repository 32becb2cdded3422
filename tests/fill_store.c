/* Fills the store of a study that was just made with the people of a simulation and readings of their scans: for walks that begin after
 * the last visit.
 *     fill_store STUDY.db PROTOCOL.yaml PEOPLE SEED */
#include "fill_scans.h"

static int refuse(const lb_error *err)
{
    fprintf(stderr, "%s: %s\n", err->where, err->message);
    return 1;
}

int main(int count, char **word)
{
    if (count != 5) {
        fprintf(stderr, "usage: fill_store STUDY.db PROTOCOL.yaml PEOPLE SEED\n");
        return 2;
    }
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    lb_error err = LB_ERROR_INIT;
    lb_bytes protocol;
    lb_study *study;
    lb_store *store;
    const lb_store_options how = {.where = word[1]};
    if (lb_file_read(word[2], 0, arena, &protocol, &err) || lb_study_read(&protocol, arena, &study, NULL, &err)) return refuse(&err);
    lb_result *simulated = fill_simulate(registry, &protocol, atoll(word[3]), atoll(word[4]), &err);
    if (!simulated || lb_store_open(&how, &store, &err)) return refuse(&err);
    const lb_value *tables = lb_get(simulated->results, "tables");
    int code = fill_study(store, study, tables, &err);
    if (!code) code = fill_scans(store, study, tables, &err);
    lb_store_close(store);
    if (code) return refuse(&err);
    lb_result_free(simulated);
    lb_study_close(study);
    lb_registry_free(registry);
    lb_arena_free(arena);
    return 0;
}

/* The demo's one snapshot, whose tables are its data sets, and a plan with its ledger that lives as long as the process. */
#include "server/analysis.h"
#include "server/demo.h"

#include <pthread.h>
#include <string.h>

struct lb_analysis_demo {
    const lb_demo *demo;
    lb_arena *arena;
    pthread_mutex_t lock;
    char *text;            /* the plan; replaced by amendments, which keep in the arena */
    char *ledger;          /* JSON, or NULL */
    lb_value *snapshots;   /* array of one, or empty */
};

static const char *const tables[] = {"participants", "visits", "screening", "adverse_events", "adherence"};

static void describe_tables(lb_analysis_demo *held, lb_value *snapshot, lb_buf *all)
{
    lb_value *list = lb_set_array(snapshot, "tables");
    for (size_t i = 0; i < LB_COUNT(tables); i++) {
        const lb_dataset *set = lb_demo_dataset(held->demo, tables[i]);
        lb_csv_options options = LB_CSV_OPTIONS_INIT;
        lb_table *table = NULL;
        lb_arena *scratch = lb_arena_new();
        if (set && lb_csv_read(&set->bytes, &options, scratch, &table, NULL) == LB_OK) {
            lb_value *row = lb_push_object(list);
            lb_set_text(row, "name", tables[i]);
            lb_set_int(row, "rows", (int64_t)table->rows);
            lb_value *columns = lb_set_array(row, "columns");
            for (size_t c = 0; c < table->columns; c++) lb_push_text(columns, table->column[c].name);
            lb_buf_add(all, (const char *)set->bytes.data, set->bytes.length);
        }
        lb_arena_free(scratch);
    }
}

lb_analysis_demo *lb_analysis_demo_new(const lb_demo *demo)
{
    lb_arena *arena = lb_arena_new();
    lb_analysis_demo *held = lb_arena_alloc(arena, sizeof *held);
    *held = (lb_analysis_demo){.demo = demo, .arena = arena};
    pthread_mutex_init(&held->lock, NULL);
    held->snapshots = lb_value_array(arena);
    const lb_dataset *plan = lb_demo_dataset(demo, "metnlbp_plan");
    held->text = lb_arena_textn(arena, plan ? (const char *)plan->bytes.data : "", plan ? plan->bytes.length : 0);
    if (!lb_demo_dataset(demo, "participants")) return held;
    lb_value *snapshot = lb_push_object(held->snapshots);
    lb_buf all = {0};
    char hex[65];
    lb_set_text(snapshot, "id", "demo");
    lb_set_text(snapshot, "label", "METNLBP, simulated trial");
    lb_set_text(snapshot, "made", "2027-06-30T12:00:00Z");
    describe_tables(held, snapshot, &all);
    lb_sha256_hex(all.data ? all.data : "", all.length, hex);
    lb_set_text(snapshot, "sha256", hex);
    lb_set_bool(snapshot, "masked", false);
    lb_buf_free(&all);
    return held;
}

void lb_analysis_demo_free(lb_analysis_demo *held)
{
    if (!held) return;
    pthread_mutex_destroy(&held->lock);
    lb_arena_free(held->arena);
}

static int list(void *context, const lb_request *request, lb_value *out, lb_error *err)
{
    const lb_analysis_demo *held = context;
    (void)request;
    (void)err;
    for (size_t i = 0; i < held->snapshots->count; i++) lb_push(out, held->snapshots->item[i]);
    return LB_OK;
}

static int table(void *context, const lb_request *request, const char *snapshot, const char *name, lb_bytes *out, lb_error *err)
{
    const lb_analysis_demo *held = context;
    const lb_dataset *set = NULL;
    (void)request;
    for (size_t i = 0; i < LB_COUNT(tables) && strcmp(snapshot, "demo") == 0; i++)
        if (strcmp(tables[i], name) == 0) set = lb_demo_dataset(held->demo, name);
    if (!set) {
        lb_fail(err, LB_NOT_FOUND, "there is no table '%.60s' in a snapshot '%.60s'", name, snapshot);
        lb_error_hint(err, "GET /api/snapshots lists them");
        return LB_NOT_FOUND;
    }
    *out = set->bytes;
    return LB_OK;
}

static int read_plan(void *context, const lb_request *request, lb_plan_now *out, lb_error *err)
{
    lb_analysis_demo *held = context;
    lb_value *ledger = NULL;
    int code = LB_OK;
    pthread_mutex_lock(&held->lock);
    char *text = lb_arena_text(request->arena, held->text), *kept = lb_arena_text(request->arena, held->ledger);
    pthread_mutex_unlock(&held->lock);
    if (!*text) {
        lb_fail(err, LB_NOT_FOUND, "there is no analysis plan here");
        lb_error_hint(err, "start the server with --demo and the folder studies/ in place");
        return LB_NOT_FOUND;
    }
    if (kept) {
        lb_bytes bytes = {(const uint8_t *)kept, strlen(kept), "ledger.json"};
        code = lb_json_read(&bytes, request->arena, &ledger, err);
    }
    *out = (lb_plan_now){.text = {(const uint8_t *)text, strlen(text), "metnlbp.plan.yaml"}, .ledger = ledger,
                         .may_rehearse = true, .may_lock = true, .may_amend = true, .may_run = true};
    return code;
}

static char *as_text(lb_arena *arena, const lb_value *value)
{
    lb_buf text = {0};
    if (value) lb_json_write(value, 0, &text);
    char *copy = lb_arena_text(arena, text.data ? text.data : "");
    lb_buf_free(&text);
    return copy;
}

static int keep(void *context, const lb_request *request, const lb_bytes *text, const lb_value *before, const lb_value *ledger, lb_error *err)
{
    lb_analysis_demo *held = context;
    char *was = as_text(request->arena, before);
    int code = LB_OK;
    pthread_mutex_lock(&held->lock);
    if (strcmp(held->ledger ? held->ledger : "", was) != 0) {
        code = lb_fail(err, LB_CONFLICT, "the plan's ledger changed meanwhile");
        lb_error_hint(err, "load the page again and look at what was entered");
    } else if (lb_arena_bytes(held->arena) > 256u << 20) {
        code = lb_fail(err, LB_FAILED, "the demo's ledger is full: start the demo again");
    } else {
        held->ledger = as_text(held->arena, ledger);
        if (text) held->text = lb_arena_textn(held->arena, (const char *)text->data, text->length);
    }
    pthread_mutex_unlock(&held->lock);
    return code;
}

lb_analysis_source lb_analysis_demo_source(lb_analysis_demo *held)
{
    return (lb_analysis_source){.list = list, .table = table, .plan = read_plan, .keep = keep, .context = held};
}

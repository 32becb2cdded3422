/* What the demo holds: a simulated trial, a small meta-analysis, scans. Everything is made at the start by operations of
 * the registry, asked for by name; what an operation that is not there would have made is simply missing. */
#include "server/demo.h"
#include "server/place.h"

#include <stdio.h>
#include <string.h>

enum { DATASETS_MAX = 64 };

const char *lb_demo_path(lb_demo *demo, const char *relative)
{
    return lb_place_below(demo->root, relative, demo->arena);
}

/* Content of a data set: a copy of the bytes, their tag, and for a table its rows. */
static void fill(lb_demo *demo, lb_dataset *set, const void *data, size_t length)
{
    char hex[65];
    set->bytes.data = (const uint8_t *)lb_arena_textn(demo->arena, data, length);
    set->bytes.length = length;
    set->bytes.name = set->name;
    set->rows = -1;
    lb_sha256_hex(data, length, hex);
    snprintf(set->etag, sizeof set->etag, "\"%.32s\"", hex);
    if (strcmp(set->kind, "table") != 0) return;
    lb_arena *scratch = lb_arena_new();
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_table *table = NULL;
    if (lb_csv_read(&set->bytes, &options, scratch, &table, NULL) == LB_OK) set->rows = (int64_t)table->rows;
    lb_arena_free(scratch);
}

lb_dataset *lb_demo_add(lb_demo *demo, const char *id, const char *title, const char *kind, const char *name,
                        const void *data, size_t length)
{
    if (demo->datasets == demo->dataset_capacity || lb_demo_dataset(demo, id)) return NULL;
    lb_dataset *set = &demo->dataset[demo->datasets++];
    set->id = lb_arena_text(demo->arena, id);
    set->title = lb_arena_text(demo->arena, title);
    set->kind = kind;
    set->name = lb_arena_text(demo->arena, name);
    set->type = lb_text_ends(name, ".csv")    ? "text/csv; charset=utf-8"
                : lb_text_ends(name, ".yaml") ? "text/plain; charset=utf-8"
                                              : "application/octet-stream";
    fill(demo, set, data, length);
    return set;
}

const lb_dataset *lb_demo_dataset(const lb_demo *demo, const char *id)
{
    for (size_t i = 0; i < demo->datasets; i++) {
        if (strcmp(demo->dataset[i].id, id) == 0) return &demo->dataset[i];
    }
    return NULL;
}

/* -- operations ----------------------------------------------------------------------------------------------- */

static const lb_param *first_of(const lb_op *op, lb_param_type type, lb_param_type other)
{
    for (size_t i = 0; i < op->param_count; i++) {
        if (op->params[i].type == type || op->params[i].type == other) return &op->params[i];
    }
    return NULL;
}

/* Files that a document names are read from the folder of the shipped protocols. */
static int read_beside(void *context, const char *name, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    lb_demo *demo = context;
    const char *path = NULL;
    if (name[0] != '/' && !strstr(name, "..")) path = lb_demo_path(demo, lb_arena_printf(arena, "studies/%s", name));
    if (!path && name[0] != '/' && !strstr(name, "..")) path = lb_demo_path(demo, name);
    if (!path) return lb_fail(err, LB_NOT_FOUND, "there is no file '%.100s'", name);
    return lb_file_read(path, lb_max_input(), arena, out, err);
}

static int bind_document(lb_demo *demo, lb_call *call, const lb_op *op, const char *path, lb_error *err)
{
    const lb_param *param = first_of(op, LB_P_DOCUMENT, LB_P_DOCUMENT);
    lb_bytes bytes;
    if (!param) return lb_fail(err, LB_FAILED, "the operation takes no document");
    int code = lb_file_read(path, lb_max_input(), demo->arena, &bytes, err);
    return code ? code : lb_call_bind(call, param->name, &bytes, err);
}

static int bind_tables(lb_demo *demo, lb_call *call, const lb_op *op, const char *const *ids, lb_error *err)
{
    const lb_param *param = first_of(op, LB_P_TABLES, LB_P_TABLE);
    int code = param ? LB_OK : lb_fail(err, LB_FAILED, "the operation takes no table");
    for (; *ids && !code; ids++) {
        const lb_dataset *set = lb_demo_dataset(demo, *ids);
        if (set) code = lb_call_bind(call, param->name, &set->bytes, err);
        if (param->type == LB_P_TABLE) break;
    }
    return code;
}

int lb_demo_operation(lb_demo *demo, const lb_demo_run *run, lb_result **out, lb_error *err)
{
    const lb_op *op = lb_registry_find(demo->registry, run->area, run->verb);
    *out = NULL;
    if (!op) return lb_fail(err, LB_FAILED, "this build has no operation %s %s", run->area, run->verb);
    lb_source source = {read_beside, demo, NULL};
    lb_call *call = lb_call_new(demo->registry, op);
    int code = LB_OK;
    for (size_t i = 0; run->setting && run->setting[i][0] && !code; i++) {
        code = lb_call_set(call, run->setting[i][0], run->setting[i][1], err);
    }
    if (!code && run->document) code = bind_document(demo, call, op, run->document, err);
    if (!code && run->table) code = bind_tables(demo, call, op, run->table, err);
    lb_call_bind_source(call, &source);
    lb_call_set_threads(call, 0);
    if (!code) code = lb_call_run(call, out, err);
    lb_call_free(call);
    return code;
}

lb_result *lb_demo_try(lb_demo *demo, const lb_demo_run *run)
{
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    if (!lb_registry_find(demo->registry, run->area, run->verb)) return NULL;
    if (lb_demo_operation(demo, run, &result, &err) == LB_OK) return result;
    fprintf(stderr, "lumbar: warning: %s %s: %s%s%s\n", run->area, run->verb, err.where, err.where[0] ? ": " : "", err.message);
    return NULL;
}

/* -- the parts ------------------------------------------------------------------------------------------------ */

static const char *trial_title(const char *id)
{
    static const char *const titles[][2] = {
        {"participants", "Participants of the simulated trial"}, {"visits", "Visits and their scores"},
        {"screening", "People screened"},                        {"adverse_events", "Adverse events"},
        {"adherence", "Adherence by week"},                      {"allocations", "The randomisation log"},
        {"radiomics", "Radiomic features"},                      {"radiomics_second", "Radiomic features, second reading"},
    };
    for (size_t i = 0; i < LB_COUNT(titles); i++) {
        if (strcmp(titles[i][0], id) == 0) return titles[i][1];
    }
    return id;
}

static void add_trial(lb_demo *demo)
{
    static const char *const setting[][2] = {{"n", "314"}, {"seed", "20260120"}, {NULL, NULL}};
    lb_demo_run run = {"study", "simulate", setting, lb_demo_path(demo, "studies/metnlbp.yaml"), NULL};
    lb_result *result = run.document ? lb_demo_try(demo, &run) : NULL;
    for (size_t i = 0; result && i < result->artifact_count; i++) {
        const lb_artifact *file = &result->artifact[i];
        if (!lb_text_ends(file->name, ".csv")) continue;
        const char *id = lb_arena_textn(demo->arena, file->name, strlen(file->name) - 4);
        lb_demo_add(demo, id, trial_title(id), "table", file->name, file->data, file->length);
    }
    lb_result_free(result);
}

/* The protocols and plans, for the operations that take a document. */
static void add_documents(lb_demo *demo)
{
    static const char *const file[][3] = {{"metnlbp", "METNLBP: protocol", "metnlbp.yaml"},
                                          {"metnlbp_plan", "METNLBP: analysis plan", "metnlbp.plan.yaml"},
                                          {"model-plan", "METNLBP: plan of the prediction models", "metnlbp.model.yaml"},
                                          {"modic", "Modic trial: protocol", "modic.yaml"},
                                          {"modic_plan", "Modic trial: analysis plan", "modic.plan.yaml"}};
    for (size_t i = 0; i < LB_COUNT(file); i++) {
        const char *path = lb_demo_path(demo, lb_arena_printf(demo->arena, "studies/%s", file[i][2]));
        lb_bytes bytes;
        if (!path || lb_file_read(path, lb_max_input(), demo->arena, &bytes, NULL) != LB_OK) continue;
        lb_demo_add(demo, file[i][0], file[i][1], "document", file[i][2], bytes.data, bytes.length);
    }
}

/* The 13 trials of BCG vaccine with their log risk ratios, so that they can be pooled as they are. */
static void add_meta_analysis(lb_demo *demo)
{
    static const char *const setting[][2] = {{"measure", "RR"}, {"ai", "tpos"}, {"bi", "tneg"}, {"ci", "cpos"}, {"di", "cneg"},
                                             {"append", "true"}, {NULL, NULL}};
    static const char *const table[] = {"bcg", NULL};
    const char *path = lb_demo_path(demo, "reference/evidence/bcg.csv");
    lb_bytes bytes;
    if (!path || lb_file_read(path, lb_max_input(), demo->arena, &bytes, NULL) != LB_OK) return;
    lb_dataset *set = lb_demo_add(demo, "bcg", "BCG vaccine against tuberculosis: log risk ratios of 13 trials", "table", "bcg.csv", bytes.data,
                                  bytes.length);
    lb_demo_run run = {"meta", "effect", setting, NULL, table};
    lb_result *result = set ? lb_demo_try(demo, &run) : NULL;
    if (!result) return;
    lb_buf csv = {0};
    lb_result_csv(result, NULL, &csv);
    fill(demo, set, csv.data, csv.length);
    lb_buf_free(&csv);
    lb_result_free(result);
}

static void list_demo(lb_demo *demo)
{
    lb_value *root = lb_value_object(demo->arena), *sets = lb_set_array(root, "datasets");
    for (size_t i = 0; i < demo->datasets; i++) {
        const lb_dataset *set = &demo->dataset[i];
        lb_value *row = lb_push_object(sets);
        lb_set_text(row, "id", set->id);
        lb_set_text(row, "title", set->title);
        lb_set_text(row, "kind", set->kind);
        lb_set_text(row, "name", set->name);
        if (set->rows >= 0) lb_set_int(row, "rows", set->rows);
        else lb_set_null(row, "rows");
        lb_set_int(row, "size", (int64_t)set->bytes.length);
        lb_set_textf(row, "href", "/api/demo/data/%s", set->id);
    }
    lb_set(root, "scans", demo->scans);
    lb_set_text(root, "study", demo->demo ? "metnlbp" : NULL);
    demo->listing = root;
}

static void make_report(lb_demo *demo)
{
    static const char *const tables[] = {"participants", "visits", "screening", "adverse_events", "adherence", NULL};
    lb_demo_run run = {"analyse", "plan", NULL, lb_demo_path(demo, "studies/metnlbp.plan.yaml"), tables};
    if (!run.document || !lb_demo_dataset(demo, "participants")) return;
    lb_result *result = lb_demo_try(demo, &run);
    if (!result) return;
    lb_buf page = {0};
    for (size_t i = 0; i < result->artifact_count && page.length == 0; i++) {
        const lb_artifact *file = &result->artifact[i];
        if (lb_text_ends(file->name, ".html")) lb_buf_add(&page, file->data, file->length);
    }
    if (page.length == 0) lb_result_html(result, &page);
    demo->report = (lb_bytes){(const uint8_t *)lb_arena_textn(demo->arena, page.data, page.length), page.length, "report.html"};
    lb_buf_free(&page);
    lb_result_free(result);
}

lb_bytes lb_demo_report(lb_demo *demo)
{
    pthread_mutex_lock(&demo->report_lock);
    if (demo->demo && !demo->report_tried) make_report(demo);
    demo->report_tried = true;
    pthread_mutex_unlock(&demo->report_lock);
    return demo->report;
}

int lb_demo_new(const char *root, const char *shared, const char *study_file, bool is_demo, const lb_registry *registry,
                lb_demo **out, lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    lb_demo *demo = lb_arena_alloc(arena, sizeof *demo);
    *demo = (lb_demo){.arena = arena, .registry = registry, .root = root, .shared = shared, .demo = is_demo};
    pthread_mutex_init(&demo->report_lock, NULL);
    demo->dataset_capacity = DATASETS_MAX;
    demo->dataset = lb_arena_array(arena, DATASETS_MAX, sizeof *demo->dataset);
    demo->scans = lb_value_array(arena);
    if (is_demo) {
        add_trial(demo);
        add_meta_analysis(demo);
        add_documents(demo);
        lb_demo_add_scans(demo);
        lb_demo_add_review(demo);
    }
    list_demo(demo);
    int code = lb_demo_add_studies(demo, study_file, err);
    if (code) lb_demo_free(demo);
    *out = code ? NULL : demo;
    return code;
}

void lb_demo_free(lb_demo *demo)
{
    if (!demo) return;
    pthread_mutex_destroy(&demo->report_lock);
    lb_arena_free(demo->arena);
}

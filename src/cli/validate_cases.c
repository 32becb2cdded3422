/* Reruns the reference cases: reads every .case.json under reference/, makes the calls they describe through the registry and
 * compares the values. The format is in reference/README.md. */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/validate.h"

/** One case while it runs. */
typedef struct one {
    lb_validation *all;
    const lb_value *spec;
    const char *folder; /* of its file */
    const char *id, *operation, *area;
    bool good;
    lb_value *witness; /* a file of the shared data with the expected values */
} one;

static const char *as_text(lb_arena *arena, const lb_value *value)
{
    if (!value) return "absent";
    if (value->type == LB_STRING) return value->text;
    lb_buf buf = {0};
    lb_json_write(value, 0, &buf);
    char *text = lb_arena_textn(arena, buf.data, buf.length < 120 ? buf.length : 120);
    lb_buf_free(&buf);
    return text;
}

static lb_value *add_row(one *c, const char *path, const char *expected, const char *got, bool pass)
{
    lb_value *row = lb_push_object(c->all->rows);
    lb_set_text(row, "id", c->id);
    lb_set_text(row, "area", c->area);
    lb_set_text(row, "operation", c->operation);
    lb_set_text(row, "path", path);
    lb_set_text(row, "source", lb_get_text(c->spec, "source", NULL));
    lb_set_text(row, "requirement", lb_get_text(c->spec, "requirement", NULL));
    lb_set_text(row, "expected", expected);
    lb_set_text(row, "got", got);
    lb_set_null(row, "difference");
    lb_set_null(row, "tolerance");
    lb_set_bool(row, "pass", pass);
    c->good = c->good && pass;
    return row;
}

/* The tolerance is relative to the expected value, absolute when that is zero or the case says so. */
static void compare(one *c, const lb_value *spec, const char *path, const lb_value *expected, const lb_value *got)
{
    lb_arena *arena = c->all->arena;
    if (expected && expected->type == LB_ARRAY) {
        size_t count = got && got->type == LB_ARRAY ? got->count : 0;
        if (count != expected->count) {
            add_row(c, path, lb_arena_printf(arena, "%zu items", expected->count), as_text(arena, got), false);
            return;
        }
        for (size_t i = 0; i < count; i++)
            compare(c, spec, lb_arena_printf(arena, "%s[%zu]", path, i), expected->item[i], got->item[i]);
        return;
    }
    if (!expected || !lb_is_number(expected)) {
        bool same = expected && got && expected->type == got->type &&
                    strcmp(as_text(arena, expected), as_text(arena, got)) == 0;
        add_row(c, path, as_text(arena, expected), as_text(arena, got), same);
        return;
    }
    double want = lb_number_of(expected), have = lb_number_of(got), tolerance = lb_get_number(spec, "tolerance", 0);
    double scale = want == 0 || lb_get_bool(spec, "absolute", false) ? 1 : fabs(want);
    lb_value *row = add_row(c, path, NULL, as_text(arena, got), fabs(have - want) <= tolerance * scale);
    lb_set_number(row, "expected", want);
    if (lb_is_number(got)) {
        lb_set_number(row, "got", have);
        lb_set_number(row, "difference", have - want);
    }
    lb_set_number(row, "tolerance", tolerance);
}

static void fail_case(one *c, const char *expected, const lb_error *err)
{
    add_row(c, "", expected, lb_arena_printf(c->all->arena, "%s%s%s", err->where, *err->where ? ": " : "", err->message), false);
}

static int read_file(one *c, const char *name, lb_bytes *bytes, lb_error *err)
{
    bool shared = lb_text_starts(name, "shared:") && c->all->shared;
    const char *path = shared ? lb_arena_printf(c->all->arena, "%s/%s", c->all->shared, name + 7) : lb_arena_printf(c->all->arena, "%s/%s", c->folder, name);
    if (strstr(name, "..") || *name == '/')
        return lb_fail(err, LB_BAD_DATA, "data file '%s' is outside the case's folder", name);
    return lb_file_read(path, lb_max_input(), c->all->arena, bytes, err);
}

/* A folder as the source of further inputs. */
static int source_read(void *context, const char *name, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    const char *folder = context;
    if (strstr(name, "..") || *name == '/') return lb_fail(err, LB_FORBIDDEN, "'%s' is outside the folder", name);
    return lb_file_read(lb_arena_printf(arena, "%s/%s", folder, name), lb_max_input(), arena, out, err);
}

/* One input: "file" or, among several tables, "name=file". */
static int bind_file(one *c, lb_call *call, const char *parameter, const char *text, lb_error *err)
{
    lb_bytes bytes;
    const char *equals = strchr(text, '=');
    int status = read_file(c, equals ? equals + 1 : text, &bytes, err);
    if (status != 0) return status;
    bytes.name = equals ? lb_arena_textn(c->all->arena, text, (size_t)(equals - text)) : text;
    return lb_call_bind(call, parameter, &bytes, err);
}

static int bind_data(one *c, lb_call *call, lb_error *err)
{
    const lb_value *data = lb_get(c->spec, "data");
    for (size_t i = 0; data && i < data->count; i++) {
        const lb_value *item = data->item[i];
        size_t count = item->type == LB_ARRAY ? item->count : 1;
        for (size_t k = 0; k < count; k++) {
            const lb_value *file = item->type == LB_ARRAY ? item->item[k] : item;
            if (file->type != LB_STRING)
                return lb_fail(err, LB_BAD_DATA, "data.%s must name a file", data->key[i]);
            int status = bind_file(c, call, data->key[i], file->text, err);
            if (status != 0) return status;
        }
    }
    return 0;
}

/* Parameters as the command line would give them: lists with commas, flags by true. */
static int set_parameters(one *c, lb_call *call, lb_error *err)
{
    const lb_value *parameters = lb_get(c->spec, "parameters");
    for (size_t i = 0; parameters && i < parameters->count; i++) {
        const lb_value *value = parameters->item[i];
        lb_buf text = {0};
        for (size_t k = 0; value->type == LB_ARRAY && k < value->count; k++)
            lb_buf_printf(&text, "%s%s", k ? "," : "", as_text(c->all->arena, value->item[k]));
        if (value->type != LB_ARRAY) lb_buf_puts(&text, as_text(c->all->arena, value));
        int status = lb_call_set(call, parameters->key[i], text.data ? text.data : "", err);
        lb_buf_free(&text);
        if (status != 0) return status;
    }
    return 0;
}

static int find_operation(const one *c, const lb_op **out, lb_error *err)
{
    char area[64];
    const char *space = strchr(c->operation, ' ');
    size_t length = space ? (size_t)(space - c->operation) : 0;
    if (!space || length >= sizeof area) return lb_fail(err, LB_BAD_DATA, "operation must be \"area verb\"");
    memcpy(area, c->operation, length);
    area[length] = '\0';
    *out = lb_registry_find(c->all->registry, area, space + 1);
    return *out ? 0 : lb_fail(err, LB_BAD_DATA, "no operation '%s'", c->operation);
}

/* Expected values that stand in a file of the shared data: `from` is a list of keys and places. */
static const lb_value *value_from(const lb_value *root, const lb_value *from)
{
    for (size_t i = 0; root && i < from->count; i++) {
        const lb_value *key = from->item[i];
        if (key->type == LB_STRING) root = lb_get(root, key->text);
        else root = root->type == LB_ARRAY && key->integer >= 0 && (size_t)key->integer < root->count ? root->item[key->integer] : NULL;
    }
    return root;
}

static void check_result(one *c, const lb_result *result)
{
    const char *status = lb_get_text(c->spec, "status", "ok");
    const lb_value *expected = lb_get(c->spec, "expected");
    if (!lb_text_equal(status, result->status) || lb_get(c->spec, "status"))
        add_row(c, "status", status, result->status, lb_text_equal(status, result->status));
    for (size_t i = 0; expected && i < expected->count; i++) {
        const char *path = lb_get_text(expected->item[i], "path", "");
        const lb_value *from = lb_get(expected->item[i], "from");
        const lb_value *value = from ? value_from(c->witness, from) : lb_get(expected->item[i], "value");
        compare(c, expected->item[i], path, value, lb_path(result->results, path));
    }
    if (!expected || expected->type != LB_ARRAY || expected->count == 0)
        add_row(c, "", "a list of expected values", "none in the case", false);
}

/* The number columns of a table, each a list: `from` is then ["column", row]. */
static int table_witness(one *c, const lb_bytes *bytes, lb_error *err)
{
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_table *table;
    int status = lb_csv_read(bytes, &options, c->all->arena, &table, err);
    if (status) return status;
    lb_value *root = lb_value_object(c->all->arena);
    for (size_t i = 0; i < table->columns; i++)
        if (table->column[i].type == LB_NUMBER) lb_set_numbers(root, table->column[i].name, table->column[i].number, table->rows);
    c->witness = root;
    return 0;
}

/* The file with the expected values of a shared case: JSON, or a table. */
static int read_witness(one *c, lb_error *err)
{
    const char *name = lb_get_text(c->spec, "shared", NULL);
    lb_bytes bytes;
    if (!name) return 0;
    int status = read_file(c, lb_arena_printf(c->all->arena, "shared:%s", name), &bytes, err);
    if (status) return status;
    return lb_text_ends(name, ".csv") ? table_witness(c, &bytes, err) : lb_json_read(&bytes, c->all->arena, &c->witness, err);
}

static int call_operation(one *c, lb_result **result, lb_error *err)
{
    const lb_op *op = NULL;
    int status = find_operation(c, &op, err);
    if (status != 0) return status;
    lb_call *call = lb_call_new(c->all->registry, op);
    lb_source source = {source_read, (void *)(uintptr_t)c->folder, NULL};
    lb_call_bind_source(call, &source);
    status = set_parameters(c, call, err);
    if (status == 0) status = bind_data(c, call, err);
    if (status == 0) status = lb_call_run(call, result, err);
    lb_call_free(call);
    return status;
}

static void run_case(lb_validation *all, const lb_value *spec, const char *file, const char *folder)
{
    one c = {.all = all, .spec = spec, .folder = folder, .good = true};
    c.operation = lb_get_text(spec, "operation", "");
    c.id = lb_get_text(spec, "id", file);
    c.area = lb_arena_textn(all->arena, c.operation, strcspn(c.operation, " "));
    if (all->only && !lb_text_equal(all->only, c.area) && !lb_text_starts(file, all->only)) return;
    if (lb_get(spec, "shared") && !all->shared) {
        all->skipped++;
        return;
    }
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    const char *refusal = lb_get_text(spec, "error", NULL);
    if (!lb_get_text(spec, "source", NULL)) add_row(&c, "source", "where the values are from", "absent", false);
    int status = read_witness(&c, &err);
    if (status == 0) status = call_operation(&c, &result, &err);
    if (refusal) {
        bool refused = status != 0 && strstr(err.message, refusal);
        add_row(&c, "error", refusal, status != 0 ? lb_arena_text(all->arena, err.message) : "a result", refused);
    } else if (status != 0) {
        fail_case(&c, "a result", &err);
    } else {
        check_result(&c, result);
    }
    lb_result_free(result);
    all->cases++;
    if (c.good) all->passed++;
    else all->failed++;
}

static void run_file(lb_validation *all, const char *relative, const lb_bytes *bytes, const char *folder)
{
    lb_value *root = NULL;
    lb_error err = LB_ERROR_INIT;
    if (lb_json_read(bytes, all->arena, &root, &err) != 0) {
        one c = {.all = all, .id = relative, .operation = "", .area = "", .good = true};
        fail_case(&c, "a file of cases", &err);
        all->cases++;
        all->failed++;
        return;
    }
    if (root->type != LB_ARRAY) {
        run_case(all, root, relative, folder);
        return;
    }
    for (size_t i = 0; i < root->count; i++) run_case(all, root->item[i], relative, folder);
}

/* Walks in the order of names, so that the digest and the table are the same everywhere. */
static int walk(lb_validation *all, const char *relative, lb_error *err)
{
    struct dirent **entry = NULL;
    const char *folder = *relative ? lb_arena_printf(all->arena, "%s/%s", all->folder, relative) : all->folder;
    int count = scandir(folder, &entry, NULL, alphasort), status = 0;
    if (count < 0) return lb_fail(err, LB_NOT_FOUND, "cannot read the folder of reference cases");
    for (int i = 0; i < count; i++) {
        const char *name = entry[i]->d_name;
        const char *path = lb_arena_printf(all->arena, "%s/%s", folder, name);
        const char *inner = lb_arena_printf(all->arena, "%s%s%s", relative, *relative ? "/" : "", name);
        struct stat st;
        lb_bytes bytes;
        if (*name != '.' && status == 0 && stat(path, &st) == 0) {
            if (S_ISDIR(st.st_mode)) {
                status = walk(all, inner, err);
            } else if ((status = lb_file_read(path, lb_max_input(), all->arena, &bytes, err)) == 0) {
                char sha256[65];
                lb_sha256_hex(bytes.data, bytes.length, sha256);
                lb_buf_printf(&all->digest, "%s %s\n", inner, sha256);
                if (lb_text_ends(name, ".case.json")) run_file(all, inner, &bytes, folder);
            }
        }
        free(entry[i]);
    }
    free(entry);
    return status;
}

static void find_uncovered(lb_validation *all)
{
    for (size_t i = 0; i < lb_registry_count(all->registry); i++) {
        const lb_op *op = lb_registry_at(all->registry, i);
        const char *name = lb_arena_printf(all->arena, "%s %s", op->area, op->verb);
        bool covered = all->only && !lb_text_equal(all->only, op->area);
        for (size_t k = 0; k < all->rows->count && !covered; k++)
            covered = lb_text_equal(name, lb_get_text(all->rows->item[k], "operation", ""));
        if (!covered) lb_push_text(all->uncovered, name);
    }
}

int lb_validation_run(lb_validation *validation, lb_error *err)
{
    validation->rows = lb_value_array(validation->arena);
    validation->uncovered = lb_value_array(validation->arena);
    int status = walk(validation, "", err);
    if (status == 0) {
        lb_sha256_hex(validation->digest.data ? validation->digest.data : "", validation->digest.length,
                      validation->sha256);
        find_uncovered(validation);
    }
    lb_buf_free(&validation->digest);
    return status;
}

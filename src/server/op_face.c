/* A request body to an operation's call. Two forms say the same: application/json with "parameters" and "data", and
 * multipart/form-data with text fields and files. A data parameter is only ever an upload or `demo:ID`; any other text,
 * such as a path on this machine, is refused and never opened. */
#include "server/op_face.h"
#include "server/multipart.h"

#include <string.h>
#include <strings.h>

/* What a call is being built from; also the context of its lb_source. */
typedef struct builder {
    const lb_registry *registry;
    const lb_op *op;
    const lb_face_datasets *datasets;
    lb_arena *arena;
    lb_call *call;
    lb_bytes *bundle; /* files for an LB_P_SOURCE parameter */
    size_t bundle_count, bundle_capacity;
    bool bundled;
} builder;

static bool is_data(lb_param_type type)
{
    return type == LB_P_TABLE || type == LB_P_TABLES || type == LB_P_VOLUME || type == LB_P_DOCUMENT || type == LB_P_SOURCE;
}

int lb_face_find(const lb_registry *registry, const char *name, lb_arena *arena, const lb_op **out, lb_error *err)
{
    const char *dot = strchr(name, '.');
    const char *area = dot ? lb_arena_textn(arena, name, (size_t)(dot - name)) : name;
    const char *verb = dot ? dot + 1 : "";
    *out = lb_registry_find(registry, area, verb);
    if (*out) return LB_OK;
    lb_fail(err, LB_NOT_FOUND, "there is no operation '%.100s'", name);
    const char *nearest = lb_registry_nearest(registry, area, verb, arena);
    if (nearest) {
        char *dotted = lb_arena_text(arena, nearest);
        char *space = strchr(dotted, ' ');
        if (space) *space = '.';
        lb_error_hint(err, "did you mean '%s'? GET /api/ops lists them all", dotted);
    } else {
        lb_error_hint(err, "GET /api/ops lists the operations");
    }
    return LB_NOT_FOUND;
}

/* The declared parameter, usable over HTTP. */
static int find_param(const builder *b, const char *name, const lb_param **out, lb_error *err)
{
    const lb_param *params = b->op->params;
    for (size_t i = 0; i < b->op->param_count; i++) {
        if (strcmp(params[i].name, name) != 0) continue;
        *out = &params[i];
        if (!(params[i].flags & LB_OUTPUT)) return LB_OK;
        lb_fail(err, LB_USAGE, "'%.100s' names a file to write, which only the command line can do", name);
        lb_error_where(err, "%.100s", name);
        lb_error_hint(err, "leave it out: files come back among the answer's artifacts");
        return LB_USAGE;
    }
    const char **names = lb_arena_array(b->arena, b->op->param_count + 1, sizeof *names);
    for (size_t i = 0; i < b->op->param_count; i++) names[i] = params[i].name;
    const char *nearest = lb_text_nearest(name, names, b->op->param_count);
    lb_fail(err, LB_USAGE, "%s.%s has no parameter '%.100s'", b->op->area, b->op->verb, name);
    lb_error_where(err, "%.100s", name);
    if (nearest) lb_error_hint(err, "did you mean '%s'?", nearest);
    else lb_error_hint(err, "GET /api/ops lists the parameters of every operation");
    return LB_USAGE;
}

static int refuse_text(const char *name, const char *text, lb_error *err)
{
    lb_fail(err, LB_USAGE, "the parameter '%.100s' takes an upload, not the text '%.60s'", name, text);
    lb_error_where(err, "%.100s", name);
    lb_error_detail(err, "files on the server are never opened on a request's behalf");
    lb_error_hint(err, "upload the file, or name a data set of the demo: demo:ID");
    return LB_USAGE;
}

static int bind_bytes(builder *b, const lb_param *param, const lb_bytes *bytes, lb_error *err)
{
    lb_bytes named = *bytes;
    if (param->type == LB_P_TABLES) { /* several tables are told apart by the stems of their files */
        named.name = lb_arena_textn(b->arena, bytes->name, strcspn(bytes->name, "."));
    }
    if (param->type != LB_P_SOURCE) return lb_call_bind(b->call, param->name, &named, err);
    b->bundle = lb_arena_grow(b->arena, b->bundle, b->bundle_count, &b->bundle_capacity, 8, sizeof *b->bundle);
    b->bundle[b->bundle_count++] = *bytes;
    b->bundled = true;
    return LB_OK;
}

static int bind_demo(builder *b, const lb_param *param, const char *id, lb_error *err)
{
    lb_bytes bytes = {0};
    if (b->datasets && b->datasets->find && b->datasets->find(b->datasets->context, id, &bytes)) {
        return bind_bytes(b, param, &bytes, err);
    }
    lb_fail(err, LB_NOT_FOUND, "there is no data set '%.100s' in the demo", id);
    lb_error_where(err, "%s", param->name);
    lb_error_hint(err, "GET /api/demo lists the data sets");
    return LB_NOT_FOUND;
}

static int bind_snapshot(builder *b, const lb_param *param, const lb_value *value, lb_error *err)
{
    const char *snapshot = lb_get_text(value, "snapshot", ""), *table = lb_get_text(value, "table", NULL);
    lb_bytes bytes = {0};
    if (!table || (param->type != LB_P_TABLE && param->type != LB_P_TABLES)) {
        lb_fail(err, LB_USAGE, "'%.100s' takes a table of a snapshot as {\"snapshot\": ID, \"table\": NAME}", param->name);
        return lb_error_where(err, "%.100s", param->name), LB_USAGE;
    }
    if (!b->datasets || !b->datasets->table) return lb_fail(err, LB_NOT_FOUND, "this server holds no snapshots");
    int code = b->datasets->table(b->datasets->table_context, snapshot, table, &bytes, err);
    bytes.name = lb_arena_text(b->arena, table);
    return code ? code : bind_bytes(b, param, &bytes, err);
}

static int bind_text(builder *b, const lb_param *param, const char *text, lb_error *err)
{
    if (lb_text_starts(text, "demo:")) return bind_demo(b, param, text + 5, err);
    const char *slash = lb_text_starts(text, "snapshot:") ? strchr(text, '/') : NULL;
    if (slash) { /* in a form: snapshot:ID/TABLE */
        lb_value *named = lb_value_object(b->arena);
        lb_set_text(named, "snapshot", lb_arena_textn(b->arena, text + 9, (size_t)(slash - text) - 9));
        lb_set_text(named, "table", slash + 1);
        return bind_snapshot(b, param, named, err);
    }
    if (param->type == LB_P_VOLUME && lb_text_starts(text, "series:")) return lb_call_choose(b->call, param->name, text + 7, err);
    return refuse_text(param->name, text, err);
}

static int wrong_value(const char *name, const char *wanted, lb_error *err)
{
    lb_fail(err, LB_USAGE, "'%.100s' must be %s", name, wanted);
    lb_error_where(err, "%.100s", name);
    return LB_USAGE;
}

/* How tables are read: what the command line takes for every operation, unless the operation has its own. */
static bool is_csv_option(const builder *b, const char *name)
{
    static const char *const names[] = {"decimal", "separator", "missing", "text-columns"};
    for (size_t i = 0; i < b->op->param_count; i++) {
        if (strcmp(b->op->params[i].name, name) == 0) return false;
    }
    for (size_t i = 0; i < LB_COUNT(names); i++) {
        if (strcmp(names[i], name) == 0) return true;
    }
    return false;
}

static int set_csv_option(builder *b, const char *name, const char *text, lb_error *err)
{
    lb_csv_options *csv = lb_call_csv(b->call);
    if (strcmp(name, "missing") == 0) {
        csv->missing = text;
    } else if (strcmp(name, "text-columns") == 0) {
        csv->text_columns = text;
    } else if (strcmp(name, "decimal") == 0) {
        if (strcmp(text, ".") != 0 && strcmp(text, ",") != 0) return wrong_value(name, "a point or a comma", err);
        csv->decimal = text[0];
    } else {
        if (text[0] == '\0' || text[1] != '\0' || !strchr(",;\t|", text[0])) {
            return wrong_value(name, "one of , ; | or a tab", err);
        }
        csv->separator = text[0];
    }
    return LB_OK;
}

/* -- JSON ----------------------------------------------------------------------------------------------------- */

/* Text of one scalar for lb_call_set; NULL for anything else. */
static const char *scalar_text(const lb_value *value, lb_arena *arena)
{
    char number[32];
    switch (value->type) {
    case LB_STRING: return value->text;
    case LB_BOOL: return value->boolean ? "true" : "false";
    case LB_INT: return lb_arena_printf(arena, "%lld", (long long)value->integer);
    case LB_DOUBLE: return lb_arena_text(arena, lb_number_text(value->number, number));
    default: return NULL;
    }
}

static int set_json(builder *b, const char *name, const lb_value *value, lb_error *err)
{
    const lb_param *param = NULL;
    if (value->type == LB_STRING && is_csv_option(b, name)) return set_csv_option(b, name, value->text, err);
    int code = find_param(b, name, &param, err);
    if (code || value->type == LB_NULL) return code;
    if (is_data(param->type)) {
        if (value->type == LB_STRING) return bind_text(b, param, value->text, err);
        return wrong_value(name, "given under \"data\"", err);
    }
    if (value->type != LB_ARRAY) {
        const char *text = scalar_text(value, b->arena);
        if (!text) return wrong_value(name, "a string, a number, true or false, or an array of them", err);
        return lb_call_set(b->call, name, text, err);
    }
    lb_buf joined = {0};
    for (size_t i = 0; i < value->count && !code; i++) {
        const char *text = scalar_text(value->item[i], b->arena);
        if (!text || strchr(text, ',')) code = wrong_value(name, "an array of texts without commas, or numbers", err);
        if (i > 0) lb_buf_putc(&joined, ',');
        if (!code) lb_buf_puts(&joined, text);
    }
    const char *list = lb_arena_text(b->arena, joined.data ? joined.data : "");
    lb_buf_free(&joined);
    return code ? code : lb_call_set(b->call, name, list, err);
}

static int bind_json(builder *b, const char *name, const lb_value *value, bool nested, lb_error *err)
{
    const lb_param *param = NULL;
    int code = find_param(b, name, &param, err);
    if (code || value->type == LB_NULL) return code;
    if (!is_data(param->type)) return wrong_value(name, "given under \"parameters\": it is not data", err);
    if (value->type == LB_STRING) return bind_text(b, param, value->text, err);
    if (value->type == LB_ARRAY && !nested) {
        for (size_t i = 0; i < value->count && !code; i++) code = bind_json(b, name, value->item[i], true, err);
        return code;
    }
    const char *demo = lb_get_text(value, "demo", NULL), *text = lb_get_text(value, "text", NULL);
    if (value->type == LB_OBJECT && demo) return bind_demo(b, param, demo, err);
    if (value->type == LB_OBJECT && lb_get(value, "snapshot")) return bind_snapshot(b, param, value, err);
    if (value->type != LB_OBJECT || !text) {
        return wrong_value(name, "{\"name\": FILE NAME, \"text\": CONTENT}, {\"demo\": ID} or {\"snapshot\": ID, \"table\": NAME}", err);
    }
    const char *sent = lb_get_text(value, "name", name);
    lb_bytes bytes = {(const uint8_t *)text, strlen(text), lb_multipart_file_name(sent, b->arena)};
    return bind_bytes(b, param, &bytes, err);
}

static int build_json(builder *b, const lb_face_body *body, lb_error *err)
{
    lb_bytes bytes = {(const uint8_t *)body->data, body->length, "request body"};
    lb_value *root = NULL;
    int code = lb_json_read(&bytes, b->arena, &root, err);
    if (code) {
        if (err && code == LB_BAD_DATA) err->code = LB_USAGE; /* the envelope is the caller's words, not data */
        return code == LB_BAD_DATA ? LB_USAGE : code;
    }
    if (root->type != LB_OBJECT) return wrong_value("request body", "an object {\"parameters\": {…}, \"data\": {…}}", err);
    for (size_t i = 0; i < root->count; i++) {
        const lb_value *section = root->item[i];
        bool data = lb_text_equal(root->key[i], "data");
        if (!data && !lb_text_equal(root->key[i], "parameters")) {
            lb_fail(err, LB_USAGE, "the request body has an unknown key '%.100s'", root->key[i]);
            lb_error_hint(err, "it takes \"parameters\" and \"data\"");
            return LB_USAGE;
        }
        if (section->type == LB_NULL) continue;
        if (section->type != LB_OBJECT) return wrong_value(root->key[i], "an object", err);
        for (size_t k = 0; k < section->count && !code; k++) {
            code = data ? bind_json(b, section->key[k], section->item[k], false, err)
                        : set_json(b, section->key[k], section->item[k], err);
        }
        if (code) return code;
    }
    return LB_OK;
}

/* -- multipart ------------------------------------------------------------------------------------------------ */

static int take_part(builder *b, const lb_part *part, lb_error *err)
{
    const lb_param *param = NULL;
    bool csv = !part->filename && is_csv_option(b, part->name);
    int code = csv ? LB_OK : find_param(b, part->name, &param, err);
    if (code) return code;
    if (part->filename) {
        if (!is_data(param->type)) return wrong_value(part->name, "a text field: it is not data", err);
        /* A browser sends an empty nameless file for a file input that was left alone. */
        if (part->length == 0 && lb_text_equal(part->filename, "upload")) return LB_OK;
        lb_bytes bytes = {(const uint8_t *)part->data, part->length, part->filename};
        return bind_bytes(b, param, &bytes, err);
    }
    if (memchr(part->data, '\0', part->length)) return wrong_value(part->name, "text without NUL bytes", err);
    if (lb_utf8_bad(part->data, part->length) != part->length) return wrong_value(part->name, "UTF-8 text", err);
    const char *text = lb_arena_textn(b->arena, part->data, part->length);
    if (csv) return text[0] ? set_csv_option(b, part->name, text, err) : LB_OK;
    if (is_data(param->type)) return text[0] ? bind_text(b, param, text, err) : LB_OK;
    if (text[0] == '\0') return LB_OK; /* a form's empty field is a parameter not given */
    return lb_call_set(b->call, part->name, text, err);
}

static int build_multipart(builder *b, const lb_face_body *body, lb_error *err)
{
    lb_part *parts = NULL;
    size_t count = 0;
    int code = lb_multipart_read(body->content_type, body->data, body->length, body->parts_max, b->arena, &parts, &count, err);
    for (size_t i = 0; i < count && !code; i++) code = take_part(b, &parts[i], err);
    return code;
}

/* -- the call ------------------------------------------------------------------------------------------------- */

/* lb_source over the uploaded bundle: a file is found by its name, never on the disk. */
static int read_bundle(void *context, const char *name, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    const builder *b = context;
    (void)arena;
    const char *wanted = lb_multipart_file_name(name, b->arena);
    for (size_t i = 0; i < b->bundle_count; i++) {
        if (lb_text_equal(b->bundle[i].name, wanted)) {
            *out = b->bundle[i];
            return LB_OK;
        }
    }
    lb_fail(err, LB_NOT_FOUND, "'%.100s' is not among the uploaded files", name);
    lb_error_hint(err, "upload every file that the document names");
    return LB_NOT_FOUND;
}

static bool content_is(const char *content_type, const char *wanted)
{
    size_t length = strlen(wanted);
    if (!content_type || strncasecmp(content_type, wanted, length) != 0) return false;
    return content_type[length] == '\0' || strchr("; \t", content_type[length]) != NULL;
}

int lb_face_call(const lb_registry *registry, const lb_op *op, const lb_face_body *body, const lb_face_datasets *datasets,
                 lb_arena *arena, lb_call **out, bool *unsupported, lb_error *err)
{
    builder *b = lb_arena_alloc(arena, sizeof *b);
    *b = (builder){.registry = registry, .op = op, .datasets = datasets, .arena = arena};
    b->call = lb_call_new(registry, op);
    *out = NULL;
    *unsupported = false;
    int code = LB_OK;
    if (content_is(body->content_type, "multipart/form-data")) {
        code = build_multipart(b, body, err);
    } else if (body->length == 0) {
        code = LB_OK; /* no parameters, no data */
    } else if (content_is(body->content_type, "application/json")) {
        code = build_json(b, body, err);
    } else {
        *unsupported = true;
        code = lb_fail(err, LB_USAGE, "a body of type '%.100s' cannot be read", body->content_type ? body->content_type : "");
        lb_error_hint(err, "send application/json or multipart/form-data");
    }
    if (!code && b->bundled) {
        lb_source *source = lb_arena_alloc(arena, sizeof *source);
        *source = (lb_source){read_bundle, b, NULL};
        lb_call_bind_source(b->call, source);
    }
    if (code) lb_call_free(b->call);
    else *out = b->call;
    return code;
}

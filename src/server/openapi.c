/* The API as an OpenAPI 3.1 document, derived from the registry: what the operations declare is what it says. */
#include "server/state.h"

#include <string.h>

static void add_schema(lb_value *schema, const lb_param *param)
{
    bool list = false;
    const char *type = "string";
    switch (param->type) {
    case LB_P_FLAG: type = "boolean"; break;
    case LB_P_INT: type = "integer"; break;
    case LB_P_NUMBER: type = "number"; break;
    case LB_P_NUMBERS: type = "number", list = true; break;
    case LB_P_TEXTS:
    case LB_P_CHOICES:
    case LB_P_COLUMNS: list = true; break;
    default: break;
    }
    lb_set_text(schema, "description", param->summary);
    lb_value *item = schema;
    if (list) {
        lb_set_text(schema, "type", "array");
        item = lb_set_object(schema, "items");
    }
    lb_set_text(item, "type", type);
    if (param->min != 0 || param->max != 0) {
        lb_set_number(item, "minimum", param->min);
        lb_set_number(item, "maximum", param->max);
    }
    if (param->choices) {
        size_t count = 0;
        char **choices = lb_text_split(schema->arena, param->choices, ',', &count);
        lb_value *allowed = lb_set_array(item, "enum");
        for (size_t i = 0; i < count; i++) lb_push_text(allowed, choices[i]);
    }
    if (param->preset && !list) {
        double number;
        if (strcmp(type, "string") == 0) lb_set_text(schema, "default", param->preset);
        else if (lb_text_number(param->preset, strlen(param->preset), &number)) lb_set_number(schema, "default", number);
    }
}

static bool is_upload(lb_param_type type)
{
    return type == LB_P_TABLE || type == LB_P_TABLES || type == LB_P_VOLUME || type == LB_P_DOCUMENT || type == LB_P_SOURCE;
}

static void set_reference(lb_value *object, const char *name)
{
    lb_set_textf(object, "$ref", "#/components/schemas/%s", name);
}

static void add_upload(lb_value *schema, const lb_param *param)
{
    lb_set_text(schema, "description", param->summary);
    bool many = param->type == LB_P_TABLES || param->type == LB_P_SOURCE;
    if (many) lb_set_text(schema, "type", "array");
    set_reference(many ? lb_set_object(schema, "items") : schema, "Upload");
}

static void add_section(lb_value *body, const char *name, const lb_op *op, bool uploads)
{
    lb_value *section = lb_set_object(lb_get(body, "properties"), name);
    lb_set_text(section, "type", "object");
    lb_set_bool(section, "additionalProperties", false);
    lb_value *properties = lb_set_object(section, "properties"), *required = lb_value_array(body->arena);
    for (size_t i = 0; i < op->param_count; i++) {
        const lb_param *param = &op->params[i];
        if ((param->flags & LB_OUTPUT) || is_upload(param->type) != uploads) continue;
        lb_value *schema = lb_set_object(properties, param->name);
        if (uploads) add_upload(schema, param);
        else add_schema(schema, param);
        if (param->flags & LB_REQUIRED) lb_push_text(required, param->name);
    }
    if (required->count > 0) lb_set(section, "required", required);
}

static void add_response(lb_value *responses, const char *status, const char *description, const char *schema)
{
    lb_value *response = lb_set_object(responses, status);
    lb_set_text(response, "description", description);
    lb_value *content = lb_set_object(response, "content");
    set_reference(lb_set_object(lb_set_object(content, "application/json"), "schema"), schema);
}

static void add_operation(lb_value *paths, const lb_op *op)
{
    lb_value *path = lb_set_object(paths, lb_arena_printf(paths->arena, "/api/op/%s.%s", op->area, op->verb));
    lb_value *post = lb_set_object(path, "post");
    lb_set_textf(post, "operationId", "%s.%s", op->area, op->verb);
    lb_push_text(lb_set_array(post, "tags"), op->area);
    lb_set_text(post, "summary", op->summary);
    lb_set_text(post, "description", op->description);
    lb_value *content = lb_set_object(lb_set_object(post, "requestBody"), "content");
    lb_value *body = lb_set_object(lb_set_object(content, "application/json"), "schema");
    lb_set_text(body, "type", "object");
    lb_set_bool(body, "additionalProperties", false);
    lb_set_object(body, "properties");
    add_section(body, "parameters", op, false);
    add_section(body, "data", op, true);
    lb_value *form = lb_set_object(lb_set_object(content, "multipart/form-data"), "schema");
    lb_set_text(form, "type", "object");
    lb_set_text(form, "description", "text fields are parameters; files are data; the text demo:ID is a data set of the demo");
    lb_value *responses = lb_set_object(post, "responses");
    add_response(responses, "200", "the document of the result", "Document");
    add_response(responses, "default", "what is wrong and what to do about it", "Error");
}

static void add_get(lb_value *paths, const char *path, const char *summary, const char *type)
{
    lb_value *get = lb_set_object(lb_set_object(paths, path), "get");
    lb_set_text(get, "summary", summary);
    const char *brace = strchr(path, '{');
    if (brace) {
        lb_value *parameter = lb_push_object(lb_set_array(get, "parameters"));
        lb_set_textf(parameter, "name", "%.*s", (int)strcspn(brace + 1, "}"), brace + 1);
        lb_set_text(parameter, "in", "path");
        lb_set_bool(parameter, "required", true);
        lb_set_text(lb_set_object(parameter, "schema"), "type", "string");
    }
    lb_value *ok = lb_set_object(lb_set_object(get, "responses"), "200");
    lb_set_text(ok, "description", summary);
    lb_set_object(lb_set_object(ok, "content"), type);
}

/* Publishing is refused with 403 in study mode: there the folder of --calculators is what counts. */
static void add_calculators(lb_value *paths)
{
    add_get(paths, "/api/calculator", "the calculators that are open to all: id, label, SHA-256 of the model, href", "application/json");
    add_get(paths, "/calculator", "the list of calculators as a page", "text/html");
    add_get(paths, "/calculator/{id}", "one calculator: a page that computes in the browser and sends nothing", "text/html");
    lb_value *post = lb_set_object(lb_set_object(paths, "/api/calculator/publish"), "post");
    lb_set_text(post, "summary", "publish a model (demo): the body is the model file, the answer its id and href");
    lb_value *body = lb_set_object(post, "requestBody");
    lb_set_bool(body, "required", true);
    lb_set_text(lb_set_object(lb_set_object(lb_set_object(body, "content"), "application/json"), "schema"), "type", "object");
    lb_value *responses = lb_set_object(post, "responses");
    lb_value *ok = lb_set_object(responses, "200");
    lb_set_text(ok, "description", "id and href of the calculator");
    lb_set_object(lb_set_object(ok, "content"), "application/json");
    add_response(responses, "403", "a study's server publishes what lies in the folder of --calculators", "Error");
    add_response(responses, "default", "what is wrong with the file", "Error");
}

static void add_properties(lb_value *schema, const char *const (*property)[2], size_t count)
{
    lb_set_text(schema, "type", "object");
    lb_value *properties = lb_set_object(schema, "properties");
    for (size_t i = 0; i < count; i++) lb_set_text(lb_set_object(properties, property[i][0]), "type", property[i][1]);
}

static void add_schemas(lb_value *schemas)
{
    static const char *const upload[][2] = {{"name", "string"}, {"text", "string"}, {"demo", "string"}};
    static const char *const document[][2] = {
        {"operation", "string"}, {"version", "string"}, {"parameters", "object"}, {"inputs", "array"}, {"status", "string"},
        {"warnings", "array"},   {"results", "object"}, {"pictures", "array"},    {"artifacts", "array"}};
    static const char *const error[][2] = {
        {"code", "string"}, {"where", "string"}, {"message", "string"}, {"detail", "string"}, {"hint", "string"}};
    add_properties(lb_set_object(schemas, "Upload"), upload, LB_COUNT(upload));
    add_properties(lb_set_object(schemas, "Document"), document, LB_COUNT(document));
    lb_value *wrapper = lb_set_object(schemas, "Error");
    lb_set_text(wrapper, "type", "object");
    add_properties(lb_set_object(lb_set_object(wrapper, "properties"), "error"), error, LB_COUNT(error));
}

lb_value *lb_openapi(const lb_registry *registry, bool study, lb_arena *arena)
{
    lb_value *root = lb_value_object(arena);
    lb_set_text(root, "openapi", "3.1.0");
    lb_value *info = lb_set_object(root, "info");
    lb_set_text(info, "title", "Lumbar");
    lb_set_text(info, "version", lb_version());
    lb_set_text(info, "description", "Trials of low back pain care: conduct, measure, analyse, predict, pool.");
    lb_value *paths = lb_set_object(root, "paths");
    add_get(paths, "/api/health", "is it running, and which version", "application/json");
    add_get(paths, "/api/ready", "can it answer: does the store of the study? 503 when not", "application/json");
    add_get(paths, "/api/metrics", "counters for whoever watches the machine; from this machine only", "text/plain");
    add_get(paths, "/api/ops", "every operation with its parameters", "application/json");
    add_get(paths, "/api/demo", "data sets and scans of the demo", "application/json");
    add_get(paths, "/api/demo/data/{id}", "one data set of the demo, as it is", "application/octet-stream");
    add_get(paths, "/api/studies", "the protocols that can be shown", "application/json");
    add_get(paths, "/api/study/{id}", "one protocol", "application/json");
    add_get(paths, "/api/report", "the report of the demo trial", "text/html");
    add_get(paths, "/api/reviews", "reviews under way (demo)", "application/json");
    add_get(paths, "/api/review-document/{id}", "one review as a document (demo); POST /api/review/{id} looks and acts", "application/json");
    add_calculators(paths);
    add_get(paths, "/api/artifact/{token}", "a file that a result made", "application/octet-stream");
    for (size_t i = 0; i < lb_registry_count(registry); i++) add_operation(paths, lb_registry_at(registry, i));
    add_schemas(lb_set_object(lb_set_object(root, "components"), "schemas"));
    if (study) study_openapi(root);
    return root;
}

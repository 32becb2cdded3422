/* The study's routes in the OpenAPI 3.1 document: what the tables declare is what it says. */
#include "server/study_home.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void add_parameter(lb_value *parameters, const char *name, size_t length, const char *in, bool required)
{
    lb_value *parameter = lb_push_object(parameters);
    lb_set_textf(parameter, "name", "%.*s", (int)length, name);
    lb_set_text(parameter, "in", in);
    if (required) lb_set_bool(parameter, "required", true);
    lb_set_text(lb_set_object(parameter, "schema"), "type", "string");
}

static void add_parameters(lb_value *operation, const study_route *route)
{
    lb_value *parameters = lb_value_array(operation->arena);
    for (const char *at = strchr(route->path, '{'); at; at = strchr(at + 1, '{')) add_parameter(parameters, at + 1, strcspn(at + 1, "}"), "path", true);
    for (const char *at = route->query; at && *at;) {
        size_t length = strcspn(at, ",");
        add_parameter(parameters, at, length, "query", false);
        at += length + (at[length] == ',');
    }
    if (strcmp(route->method, "GET") != 0 && !(route->flags & STUDY_OPEN)) add_parameter(parameters, "X-Lumbar-Token", 14, "header", true);
    if (parameters->count > 0) lb_set(operation, "parameters", parameters);
}

static void add_answer(lb_value *responses, const char *status, const char *text, const char *answer)
{
    lb_value *response = lb_set_object(responses, status);
    lb_set_text(response, "description", text);
    if (!answer) return;
    lb_value *content = lb_set_object(response, "content");
    bool media = strchr(answer, '/') && !strchr("{[#", answer[0]);
    if (media) lb_set_object(content, answer);
    else lb_set(lb_set_object(content, "application/json"), "schema", study_schema_json(answer, false, responses->arena));
}

static void add_operation(lb_value *paths, const study_route *route)
{
    lb_value *path = lb_get(paths, route->path);
    if (!path) path = lb_set_object(paths, route->path);
    char method[8] = "", id[128] = "";
    for (size_t i = 0; route->method[i] && i < sizeof method - 1; i++) method[i] = (char)tolower((unsigned char)route->method[i]);
    lb_value *operation = lb_set_object(path, method);
    size_t used = (size_t)snprintf(id, sizeof id, "%s", method);
    for (const char *at = route->path + 4; *at && used + 2 < sizeof id; at++)
        if (!strchr("{}", *at)) id[used++] = *at == '/' ? '_' : *at;
    lb_set_textf(operation, "operationId", "%.*s", (int)used, id);
    lb_push_text(lb_set_array(operation, "tags"), "study");
    lb_set_text(operation, "summary", route->summary);
    if (route->right) lb_set_text(operation, "x-right", route->right);
    add_parameters(operation, route);
    if (route->body || route->flags & STUDY_RAW) {
        lb_value *body = lb_set_object(operation, "requestBody"), *content = lb_set_object(body, "content");
        lb_set_bool(body, "required", true);
        if (route->flags & STUDY_RAW) lb_set_object(content, "multipart/form-data");
        else lb_set(lb_set_object(content, "application/json"), "schema", study_schema_json(route->body, true, paths->arena));
    }
    lb_value *responses = lb_set_object(operation, "responses");
    add_answer(responses, "200", route->summary, route->answer);
    add_answer(responses, "default", "what is wrong and what to do about it", "#Error");
    if (!(route->flags & STUDY_OPEN)) lb_set_array(lb_push_object(lb_set_array(operation, "security")), "session");
}

void study_openapi(lb_value *root)
{
    lb_value *paths = lb_get(root, "paths"), *components = lb_get(root, "components"), *schemas = lb_get(components, "schemas");
    const study_table *table;
    for (size_t t = 0; (table = study_table_at(t)); t++) {
        for (size_t i = 0; i < table->count; i++) add_operation(paths, &table->route[i]);
        for (size_t i = 0; i < table->schemas; i++)
            lb_set(schemas, table->schema[i].name, study_schema_json(table->schema[i].text, false, root->arena));
    }
    lb_value *session = lb_set_object(lb_set_object(components, "securitySchemes"), "session");
    lb_set_text(session, "type", "apiKey");
    lb_set_text(session, "in", "cookie");
    lb_set_text(session, "name", "lumbar");
}

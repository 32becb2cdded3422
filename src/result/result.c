/* A result: what an analysis returns, with everything needed to trace and repeat it. */
#include <lumbar/result.h>

#include <string.h>

lb_result *lb_result_new(const char *operation)
{
    lb_arena *arena = lb_arena_new();
    lb_result *result = lb_arena_alloc(arena, sizeof *result);
    result->arena = arena;
    result->operation = lb_arena_text(arena, operation);
    result->title = result->operation;
    result->parameters = lb_value_object(arena);
    result->inputs = lb_value_array(arena);
    result->warnings = lb_value_array(arena);
    result->results = lb_value_object(arena);
    result->notes = lb_value_array(arena);
    result->status = "ok";
    return result;
}

void lb_result_free(lb_result *result)
{
    if (result) lb_arena_free(result->arena);
}

void lb_result_status(lb_result *result, const char *status) { result->status = lb_arena_text(result->arena, status); }

static void push_formatted(lb_value *array, const char *fmt, va_list args)
{
    lb_buf text = {.max = 1 << 20};
    lb_buf_vprintf(&text, fmt, args);
    for (size_t i = 0; i < array->count; i++) { /* said once */
        if (strcmp(array->item[i]->text, text.data ? text.data : "") != 0) continue;
        lb_buf_free(&text);
        return;
    }
    lb_push_text(array, text.data ? text.data : "");
    lb_buf_free(&text);
}

void lb_result_warn(lb_result *result, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    push_formatted(result->warnings, fmt, args);
    va_end(args);
}

void lb_result_note(lb_result *result, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    push_formatted(result->notes, fmt, args);
    va_end(args);
}

void lb_result_picture(lb_result *result, const char *name, const char *title, const char *svg)
{
    lb_picture *picture = lb_arena_array(result->arena, result->picture_count + 1, sizeof *picture);
    if (result->picture_count) memcpy(picture, result->picture, result->picture_count * sizeof *picture);
    picture[result->picture_count++] = (lb_picture){lb_arena_text(result->arena, name), lb_arena_text(result->arena, title),
                                                    lb_arena_text(result->arena, svg)};
    result->picture = picture;
}

lb_table *lb_result_table(lb_result *result, const char *name, size_t rows)
{
    if ((result->table_count & (result->table_count + 1)) == 0) { /* 0, 1, 3, 7 …: full */
        lb_table **more = lb_arena_array(result->arena, 2 * result->table_count + 1, sizeof(lb_table *));
        if (result->table_count) memcpy(more, result->table, result->table_count * sizeof(lb_table *));
        result->table = more;
    }
    return result->table[result->table_count++] = lb_table_new(result->arena, name, rows);
}

void lb_result_artifact(lb_result *result, const char *name, const char *mime, const void *data, size_t length)
{
    lb_artifact *artifact = lb_arena_array(result->arena, result->artifact_count + 1, sizeof *artifact);
    if (result->artifact_count) memcpy(artifact, result->artifact, result->artifact_count * sizeof *artifact);
    artifact[result->artifact_count++] = (lb_artifact){lb_arena_text(result->arena, name), lb_arena_text(result->arena, mime),
                                                       lb_arena_textn(result->arena, data, length), length, false};
    result->artifact = artifact;
}

void lb_result_main_artifact(lb_result *result, const char *name, const char *mime, const void *data, size_t length)
{
    lb_result_artifact(result, name, mime, data, length);
    result->artifact[result->artifact_count - 1].main = true;
}

int lb_result_exit_status(const lb_result *result)
{
    if (strcmp(result->status, "ok") == 0) return 0;
    return strcmp(result->status, "invalid") == 0 ? 3 : 4;
}

lb_value *lb_result_document(const lb_result *result)
{
    lb_value *document = lb_value_object(result->arena);
    lb_set_text(document, "operation", result->operation);
    lb_set_text(document, "version", lb_version());
    lb_set(document, "parameters", result->parameters);
    lb_set(document, "inputs", result->inputs);
    lb_set_text(document, "status", result->status);
    lb_set(document, "warnings", result->warnings);
    lb_set(document, "notes", result->notes);
    lb_set(document, "results", result->results);
    return document;
}

void lb_result_json(const lb_result *result, lb_buf *out) { lb_json_write(lb_result_document(result), 2, out); }

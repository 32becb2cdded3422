/* Making and running a call: parameters from text with friendly refusals, data bound to bytes, the result framed. */
#include "op/call.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int set_value(lb_call *call, const lb_param *param, binding *bound, const char *value, lb_error *err);

lb_call *lb_call_new(const lb_registry *registry, const lb_op *op)
{
    lb_call *call = lb_alloc(1, sizeof *call);
    call->registry = registry;
    call->op = op;
    call->csv = (lb_csv_options)LB_CSV_OPTIONS_INIT;
    call->threads = 1;
    lb_buf name = {0};
    lb_buf_printf(&name, "%s %s", op->area, op->verb);
    call->result = lb_result_new(name.data);
    lb_buf_free(&name);
    call->bound = lb_arena_array(call->result->arena, op->param_count + 1, sizeof *call->bound);
    for (size_t i = 0; i < op->param_count; i++) {
        binding *bound = &call->bound[i];
        bound->number = NAN;
        bound->series = bound->part = -1;
        if (op->params[i].preset == NULL || lb_param_is_data(op->params[i].type)) continue;
        int code = set_value(call, &op->params[i], bound, op->params[i].preset, NULL);
        assert(code == LB_OK); /* a preset that its own declaration refuses */
        (void)code;
    }
    return call;
}

void lb_call_free(lb_call *call)
{
    if (call == NULL) return;
    lb_result_free(call->result);
    free(call);
}

static int usage(lb_error *err, const lb_param *param, const char *fmt, ...) LB_PRINTF(3, 4);
static int usage(lb_error *err, const lb_param *param, const char *fmt, ...)
{
    char message[400];
    lb_buf text = {.max = sizeof message - 1};
    va_list args;
    va_start(args, fmt);
    lb_buf_vprintf(&text, fmt, args);
    va_end(args);
    lb_fail(err, LB_USAGE, "%s", text.data ? text.data : "not accepted");
    lb_buf_free(&text);
    lb_error_where(err, "--%s", param->name);
    lb_error_hint(err, "%s", param->summary);
    return LB_USAGE;
}

static int check_range(const lb_param *param, double value, lb_error *err)
{
    if (param->min == 0 && param->max == 0) return LB_OK;
    if (value >= param->min && value <= param->max) return LB_OK;
    return usage(err, param, "%g is outside %g to %g", value, param->min, param->max);
}

static int check_choice(lb_arena *arena, const lb_param *param, const char *value, lb_error *err)
{
    size_t count;
    char **choice = lb_text_split(arena, param->choices, ',', &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(choice[i], value) == 0) return LB_OK;
    const char *near = lb_text_nearest(value, (const char *const *)choice, count);
    int code = usage(err, param, "'%.100s' is not one of %.200s", value, param->choices);
    if (near) lb_error_hint(err, "did you mean '%s'?", near);
    return code;
}

static int set_numbers(lb_arena *arena, const lb_param *param, binding *bound, const char *value, lb_error *err)
{
    char **word = lb_text_split(arena, value, ',', &bound->count);
    bound->numbers = lb_arena_array(arena, bound->count + 1, sizeof *bound->numbers);
    for (size_t i = 0; i < bound->count; i++) {
        if (!lb_text_number(word[i], strlen(word[i]), &bound->numbers[i])) return usage(err, param, "'%.100s' is not a number", word[i]);
        int code = check_range(param, bound->numbers[i], err);
        if (code != LB_OK) return code;
    }
    return LB_OK;
}

static int set_value(lb_call *call, const lb_param *param, binding *bound, const char *value, lb_error *err)
{
    lb_arena *arena = call->result->arena;
    size_t length = strlen(value);
    int code = LB_OK;
    bound->text = lb_arena_text(arena, value);
    switch (param->type) {
    case LB_P_FLAG:
        if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0 && *value) return usage(err, param, "this is a switch; it takes no value");
        bound->flag = strcmp(value, "false") != 0;
        return LB_OK;
    case LB_P_INT:
        if (!lb_text_integer(value, length, &bound->integer)) return usage(err, param, "'%.100s' is not a whole number", value);
        bound->number = (double)bound->integer;
        return check_range(param, bound->number, err);
    case LB_P_NUMBER:
        if (!lb_text_number(value, length, &bound->number)) return usage(err, param, "'%.100s' is not a number", value);
        return check_range(param, bound->number, err);
    case LB_P_NUMBERS: return set_numbers(arena, param, bound, value, err);
    case LB_P_CHOICE: return check_choice(arena, param, value, err);
    case LB_P_TEXTS:
    case LB_P_COLUMNS:
    case LB_P_CHOICES:
        bound->texts = (const char **)lb_text_split(arena, value, ',', &bound->count);
        for (size_t i = 0; i < bound->count && code == LB_OK && param->type == LB_P_CHOICES; i++)
            code = check_choice(arena, param, bound->texts[i], err);
        return code;
    default: return *value ? LB_OK : usage(err, param, "an empty value");
    }
}

static int find(lb_call *call, const char *name, const lb_param **param, binding **bound, lb_error *err)
{
    *param = lb_op_param(call->op, name);
    if (*param) {
        *bound = &call->bound[*param - call->op->params];
        return LB_OK;
    }
    const char **names = lb_arena_array(call->result->arena, call->op->param_count + 1, sizeof *names);
    for (size_t i = 0; i < call->op->param_count; i++) names[i] = call->op->params[i].name;
    const char *near = lb_text_nearest(name, names, call->op->param_count);
    int code = lb_fail(err, LB_USAGE, "%s has no option --%.100s", call->result->operation, name);
    if (near) lb_error_hint(err, "did you mean --%s?", near);
    else lb_error_hint(err, "lumbar help %s lists its options", call->result->operation);
    return code;
}

int lb_call_set(lb_call *call, const char *name, const char *value, lb_error *err)
{
    const lb_param *param;
    binding *bound;
    int code = find(call, name, &param, &bound, err);
    if (code != LB_OK) return code;
    if (lb_param_is_data(param->type)) return usage(err, param, "this takes data, not a value");
    if (bound->given) return usage(err, param, "given twice");
    code = set_value(call, param, bound, value, err);
    bound->given = code == LB_OK;
    return code;
}

int lb_call_bind(lb_call *call, const char *name, const lb_bytes *bytes, lb_error *err)
{
    const lb_param *param;
    binding *bound;
    int code = find(call, name, &param, &bound, err);
    if (code != LB_OK) return code;
    if (!lb_param_is_data(param->type) || param->type == LB_P_SOURCE) return usage(err, param, "this takes a value, not data");
    if (bound->given && param->type != LB_P_TABLES && param->type != LB_P_VOLUME) return usage(err, param, "given twice");
    if ((bound->bytes_count & (bound->bytes_count + 1)) == 0) { /* full: 0, 1, 3, 7, … */
        lb_bytes *list = lb_arena_array(call->result->arena, 2 * bound->bytes_count + 1, sizeof *list);
        if (bound->bytes_count) memcpy(list, bound->bytes, bound->bytes_count * sizeof *list);
        bound->bytes = list;
    }
    bound->bytes[bound->bytes_count] = *bytes;
    bound->bytes[bound->bytes_count++].name = lb_arena_text(call->result->arena, bytes->name ? bytes->name : name);
    bound->given = true;
    return LB_OK;
}

int lb_call_choose(lb_call *call, const char *name, const char *series, lb_error *err)
{
    const lb_param *param;
    binding *bound;
    int code = find(call, name, &param, &bound, err);
    if (code != LB_OK) return code;
    const char *point = strchr(series, '.');
    size_t length = point ? (size_t)(point - series) : strlen(series);
    if (param->type != LB_P_VOLUME || !lb_text_integer(series, length, &bound->series) || bound->series < 0 ||
        (point && (!lb_text_integer(point + 1, strlen(point + 1), &bound->part) || bound->part < 1)))
        return usage(err, param, "'%.100s' does not name a series, as 4 or 4.2", series);
    return LB_OK;
}

int lb_call_bind_table(lb_call *call, const char *name, lb_table *table, lb_error *err)
{
    const lb_param *param;
    binding *bound;
    int code = find(call, name, &param, &bound, err);
    if (code != LB_OK) return code;
    if (param->type != LB_P_TABLE && param->type != LB_P_TABLES) return usage(err, param, "this does not take a table");
    lb_table **list = lb_arena_array(call->result->arena, bound->table_count + 1, sizeof(lb_table *));
    if (bound->table_count) memcpy(list, bound->table, bound->table_count * sizeof(lb_table *));
    list[bound->table_count++] = table;
    bound->table = list;
    bound->given = true;
    return LB_OK;
}

int lb_call_bind_volume(lb_call *call, const char *name, lb_volume *volume, lb_error *err)
{
    const lb_param *param;
    binding *bound;
    int code = find(call, name, &param, &bound, err);
    if (code != LB_OK) return code;
    if (param->type != LB_P_VOLUME) return usage(err, param, "this does not take an image");
    bound->volume = volume;
    bound->given = true;
    return LB_OK;
}

void lb_call_bind_source(lb_call *call, const lb_source *source) { call->source = source; }
void lb_call_bind_journal(lb_call *call, const lb_journal *journal) { call->journal = journal; }
void lb_call_set_progress(lb_call *call, const lb_progress *progress) { call->progress = progress; }
void lb_call_set_threads(lb_call *call, unsigned threads) { call->threads = call->csv.threads = threads; }
lb_csv_options *lb_call_csv(lb_call *call) { return &call->csv; }

/* The parameters as the document shows them: typed, with the defaults that were in force. */
static void record_parameters(lb_call *call)
{
    lb_value *out = call->result->parameters;
    for (size_t i = 0; i < call->op->param_count; i++) {
        const lb_param *param = &call->op->params[i];
        const binding *bound = &call->bound[i];
        if (lb_param_is_data(param->type) || (param->flags & LB_OUTPUT) || bound->text == NULL) continue;
        switch (param->type) {
        case LB_P_FLAG: lb_set_bool(out, param->name, bound->flag); break;
        case LB_P_INT: lb_set_int(out, param->name, bound->integer); break;
        case LB_P_NUMBER: lb_set_number(out, param->name, bound->number); break;
        case LB_P_NUMBERS: lb_set_numbers(out, param->name, bound->numbers, bound->count); break;
        case LB_P_TEXTS:
        case LB_P_COLUMNS:
        case LB_P_CHOICES: {
            lb_value *list = lb_set_array(out, param->name);
            for (size_t k = 0; k < bound->count; k++) lb_push_text(list, bound->texts[k]);
            break;
        }
        default: lb_set_text(out, param->name, bound->text);
        }
    }
}

int lb_call_run(lb_call *call, lb_result **out, lb_error *err)
{
    *out = NULL;
    for (size_t i = 0; i < call->op->param_count; i++) {
        const lb_param *param = &call->op->params[i];
        if (!(param->flags & LB_REQUIRED) || call->bound[i].given || call->bound[i].text || param->type == LB_P_SOURCE) continue;
        int code = lb_fail(err, LB_USAGE, "%s needs --%s (%s)", call->result->operation, param->name, param->summary);
        lb_error_hint(err, "%s%s", call->op->example ? "for example: " : "see lumbar help ", call->op->example ? call->op->example : call->result->operation);
        return code;
    }
    record_parameters(call);
    int code = call->op->run(call, call->result, err);
    if (code != LB_OK) return code;
    *out = call->result;
    call->result = NULL;
    return LB_OK;
}

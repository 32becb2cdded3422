/* Operations on a scan of the study: the reader's drawing comes with the request, the images come from the store. */
#include "server/scan.h"

#include <string.h>

const char *scan_key(const study_request *r)
{
    return lb_arena_printf(r->arena, "%s|%s", r->part[0], r->part[1]);
}

/* ---- binding -------------------------------------------------------------------------------------------------- */

static int bind_file(study_request *r, lb_call *call, const char *param, const char *name, const char *sha256, lb_error *err)
{
    lb_bytes bytes;
    int code = lb_store_file_get(r->store, sha256, r->arena, &bytes, err);
    if (code) return code;
    bytes.name = name;
    return lb_call_bind(call, param, &bytes, err);
}

static int bind_received(study_request *r, lb_call *call, const char *param, const lb_value *files, lb_error *err)
{
    for (size_t i = 0; i < files->count; i++) {
        const lb_value *file = files->item[i];
        int code = bind_file(r, call, param, lb_get_text(file, "name", "file"), lb_get_text(file, "sha256", ""), err);
        if (code) return code;
    }
    return LB_OK;
}

/* The image under this name; an operation that wants one picture gets the fat image of a Dixon pair, where fat is bright. */
static const lb_value *image_named(const lb_value *images, const char *name)
{
    const lb_value *found = lb_get(images, name);
    if (!found && strcmp(name, "image") == 0) found = lb_get(images, "fat");
    return found;
}

static bool wants_pair(const lb_op *op)
{
    bool fat = false, water = false;
    for (size_t i = 0; i < op->param_count; i++) {
        fat |= strcmp(op->params[i].name, "fat") == 0;
        water |= strcmp(op->params[i].name, "water") == 0;
    }
    return fat && water;
}

static int bind_volumes(study_request *r, const scan_run *run, const lb_op *op, lb_call *call, lb_error *err)
{
    const lb_bytes *drawn[] = {run->drawn, run->second};
    size_t next = 0;
    bool received = false, pair = wants_pair(op) && lb_get(run->images, "fat") && lb_get(run->images, "water");
    for (size_t i = 0; i < op->param_count; i++) {
        const lb_param *param = &op->params[i];
        int code = LB_OK;
        if (param->type == LB_P_DOCUMENT && run->measured && strcmp(param->name, "measured") == 0) code = lb_call_bind(call, param->name, run->measured, err);
        if (code) return code;
        if (param->type != LB_P_VOLUME) continue;
        if (run->files) {
            if (!received) code = bind_received(r, call, param->name, run->files, err);
            received = true;
        } else {
            const lb_value *image = image_named(run->images, param->name);
            if (pair && strcmp(param->name, "image") == 0) continue; /* the pair says more than one picture */
            if (image) code = bind_file(r, call, param->name, lb_get_text(image, "name", "image.nii.gz"), lb_get_text(image, "sha256", ""), err);
            else if (next < LB_COUNT(drawn) && drawn[next]) code = lb_call_bind(call, param->name, drawn[next++], err);
        }
        if (code) return code;
    }
    return LB_OK;
}

int scan_run_operation(study_request *r, const scan_run *run, lb_result **out, lb_error *err)
{
    const lb_op *op = lb_registry_find(r->registry, run->area, run->verb);
    *out = NULL;
    if (!op) return study_absent(err, "operation on images");
    lb_call *call = lb_call_new(r->registry, op);
    int code = bind_volumes(r, run, op, call, err);
    for (size_t i = 0; !code && run->setting && run->setting[i][0]; i++)
        if (run->setting[i][1]) code = lb_call_set(call, run->setting[i][0], run->setting[i][1], err);
    if (!code) code = lb_call_run(call, out, err);
    lb_call_free(call);
    return code;
}

const lb_artifact *scan_first_file(const lb_result *result)
{
    return result->artifact_count ? &result->artifact[0] : NULL;
}

/* ---- labels ---------------------------------------------------------------------------------------------------- */

static int bad_label(lb_error *err, const char *text, const char *hint)
{
    lb_fail(err, LB_BAD_DATA, "'%.60s' does not name a label", text);
    lb_error_where(err, "labels");
    lb_error_hint(err, "%s", hint);
    return LB_BAD_DATA;
}

/* "multifidus" or "erector spinae" to the protocol's id of it. */
static const char *muscle_of(const lb_value *muscles, const char *text, lb_arena *arena)
{
    char *id = lb_arena_text(arena, text);
    for (char *c = id; *c; c++)
        if (*c == ' ') *c = '_';
    return muscles && muscles->count && !lb_get(muscles, id) ? NULL : id;
}

static int one_label(study_request *r, const char *text, lb_value *list, lb_error *err)
{
    const char *equals = strchr(text, '=');
    const lb_value *muscles = lb_get(lb_get(r->study->root, "imaging"), "muscles");
    int64_t value = 0;
    if (!equals || !lb_text_integer(text, (size_t)(equals - text), &value) || value < 1 || value > 255)
        return bad_label(err, text, "write VALUE=side muscle, VALUE from 1 to 255, as 1=left multifidus");
    const char *side = lb_text_starts(equals + 1, "left ") ? "left" : lb_text_starts(equals + 1, "right ") ? "right" : NULL;
    const char *muscle = side ? muscle_of(muscles, equals + 2 + strlen(side), r->arena) : NULL;
    if (!muscle) return bad_label(err, text, "a side (left, right) and a muscle that the protocol names under imaging");
    for (size_t i = 0; i < list->count; i++)
        if (lb_get_int(list->item[i], "value", 0) == value) return bad_label(err, text, "each value stands for one muscle of one side");
    lb_value *row = lb_push_object(list);
    lb_set_int(row, "value", value);
    lb_set_text(row, "side", side);
    lb_set_text(row, "muscle", muscle);
    return LB_OK;
}

int scan_labels(study_request *r, const char *text, lb_value **out, lb_error *err)
{
    *out = lb_value_array(r->arena);
    size_t count = 0;
    char **part = lb_text_split(r->arena, text ? text : "", ',', &count);
    int code = LB_OK;
    for (size_t i = 0; i < count && !code; i++)
        if (*part[i]) code = one_label(r, part[i], *out, err);
    return code;
}

/* "1=left multifidus,2=right erector_spinae"; NULL when none is named */
const char *scan_labels_text(study_request *r, const lb_value *labels)
{
    lb_buf text = {0};
    for (size_t i = 0; labels && i < labels->count; i++) {
        const lb_value *label = labels->item[i];
        lb_buf_printf(&text, "%s%lld=%s %s", i ? "," : "", (long long)lb_get_int(label, "value", 0), lb_get_text(label, "side", ""),
                      lb_get_text(label, "muscle", ""));
    }
    const char *out = text.length ? lb_arena_textn(r->arena, text.data, text.length) : NULL;
    lb_buf_free(&text);
    return out;
}

/* ---- radiomics ------------------------------------------------------------------------------------------------- */

static int features_of_label(study_request *r, const scan_run *run, const lb_value *label, lb_value *list, lb_error *err)
{
    lb_result *result = NULL;
    int code = scan_run_operation(r, run, &result, err);
    if (code) return code;
    lb_value *row = lb_push_object(list);
    lb_set_int(row, "label", lb_get_int(label, "value", 0));
    lb_set_text(row, "side", lb_get_text(label, "side", NULL));
    lb_set_text(row, "muscle", lb_get_text(label, "muscle", NULL));
    lb_set_text(row, "version", lb_version());
    const lb_value *features = lb_get(result->results, "features");
    for (size_t i = 0; features && i < features->count; i++) {
        const lb_value *value = features->item[i];
        if (value->type == LB_INT || value->type == LB_DOUBLE) lb_set_number(row, lb_arena_text(r->arena, features->key[i]), lb_number_of(value));
        else lb_set_null(row, lb_arena_text(r->arena, features->key[i]));
    }
    lb_result_free(result);
    return LB_OK;
}

int scan_features(study_request *r, const lb_value *images, const lb_bytes *mask, const lb_value *labels, lb_value **out, lb_error *err)
{
    *out = lb_value_array(r->arena);
    for (size_t i = 0; i < labels->count; i++) {
        const char *setting[][2] = {{"label", lb_arena_printf(r->arena, "%lld", (long long)lb_get_int(labels->item[i], "value", 0))}, {NULL, NULL}};
        const scan_run run = {.area = "radiomics", .verb = "extract", .images = images, .drawn = mask, .setting = setting};
        int code = features_of_label(r, &run, labels->item[i], *out, err);
        if (code) return code;
    }
    return LB_OK;
}

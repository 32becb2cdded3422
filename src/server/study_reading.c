/* Reading a scan: save a drawing, run a tool on it (grow, fill, smooth …), measure, finish, compare. Each reader works
 * on their own drawing; the other one's comes into view when all are done. */
#include "server/scan.h"
#include "trial/conduct/scan.h"

#include <stdio.h>
#include <string.h>

typedef struct reading {
    study_request *request;
    lb_scan scan;
    lb_value *about;
    int64_t revision;
    bool done;
} reading;

static int read_scan(lb_tx *tx, void *context, lb_error *err)
{
    reading *at = context;
    return lb_scan_get(tx, at->request->study, scan_key(at->request), &at->scan, err);
}

static const lb_value *images_of(const reading *at)
{
    return lb_get(at->scan.record->body, "images");
}

static lb_bytes body_of(const study_request *r)
{
    return (lb_bytes){(const uint8_t *)(r->http->body.data ? r->http->body.data : ""), r->http->body.length, "drawing.nii.gz"};
}

static int must_read(const reading *at, lb_error *err)
{
    if (at->scan.may_read) return LB_OK;
    lb_fail(err, LB_FORBIDDEN, "this scan is not yours to read");
    lb_error_hint(err, "it has its readers already, or its series have not been chosen yet");
    return LB_FORBIDDEN;
}

/* ---- saving ----------------------------------------------------------------------------------------------------- */

static int write_reading(lb_tx *tx, void *context, lb_error *err)
{
    reading *at = context;
    return lb_reading_save(tx, at->request->study, scan_key(at->request), at->about, at->revision, at->done, &at->revision, err);
}

/* The text of levels as it came: "L3=8-14,L4=15-21"; muscle.measure checks it. */
static lb_value *about_drawing(study_request *r, const char *sha256, lb_value *labels)
{
    lb_value *about = lb_value_object(r->arena);
    lb_set_text(about, "mask", sha256);
    lb_set(about, "labels", labels);
    lb_set_text(about, "levels", study_query(r, "levels"));
    return about;
}

static int answer_revision(const reading *at, lb_answer *answer)
{
    lb_value *out = lb_value_object(at->request->arena);
    lb_set_int(out, "revision", at->revision);
    lb_set_text(out, "saved_at", study_time(at->request->now_us, at->request->arena));
    study_answer(answer, out);
    return LB_OK;
}

/* The drawing must lie on the scan's images: a wrong one is found now and not at the end. */
static int check_drawing(study_request *r, const lb_bytes *bytes, lb_error *err)
{
    lb_result *result = NULL;
    int code = scan_run_operation(r, &(scan_run){.area = "image", .verb = "info", .drawn = bytes}, &result, err);
    lb_result_free(result);
    return code;
}

static int save(reading *at, lb_value *labels, const lb_bytes *bytes, lb_error *err)
{
    char sha256[65];
    int code = lb_store_file_put(at->request->store, bytes, sha256, err);
    if (code) return code;
    at->about = about_drawing(at->request, sha256, labels);
    return LB_OK;
}

static int query_revision(const study_request *r, int64_t *revision, lb_error *err)
{
    const char *text = study_query(r, "revision");
    if (text && lb_text_integer(text, strlen(text), revision) && *revision >= 0) return LB_OK;
    lb_fail(err, LB_USAGE, "`revision` says which state of the reading was changed");
    lb_error_hint(err, "0 for the first save, then the one that the last save gave back");
    return LB_USAGE;
}

static int put_reading(study_request *r, lb_answer *answer, lb_error *err)
{
    reading at = {.request = r};
    lb_value *labels = NULL;
    const lb_bytes bytes = body_of(r);
    int code = study_read(r, read_scan, &at, err);
    if (!code) code = must_read(&at, err);
    if (!code) code = query_revision(r, &at.revision, err);
    if (!code) code = scan_labels(r, study_query(r, "labels"), &labels, err);
    if (!code) code = check_drawing(r, &bytes, err);
    if (!code) code = save(&at, labels, &bytes, err);
    if (!code) code = study_write(r, write_reading, &at, err);
    return code ? code : answer_revision(&at, answer);
}

/* ---- tools ------------------------------------------------------------------------------------------------------ */

static const char *(*settings_of(study_request *r, const lb_op *op))[2]
{
    const char *(*setting)[2] = lb_arena_array(r->arena, op->param_count + 1, sizeof *setting);
    size_t count = 0;
    for (size_t i = 0; i < op->param_count; i++) {
        const char *value = op->params[i].type >= LB_P_TABLE ? NULL : study_query(r, op->params[i].name);
        if (op->params[i].flags & LB_OUTPUT) value = "drawing.nii.gz";
        if (!value) continue;
        setting[count][0] = op->params[i].name;
        setting[count++][1] = value;
    }
    setting[count][0] = setting[count][1] = NULL;
    return setting;
}

/* POST …/tools/{verb}: an image operation on the drawing in the body; answers the new drawing, or the document when the
 * operation makes none. */
static int post_tool(study_request *r, lb_answer *answer, lb_error *err)
{
    reading at = {.request = r};
    const lb_bytes bytes = body_of(r);
    const char *area = strcmp(r->part[2], "measure") == 0 ? "muscle" : "image";
    const lb_op *op = lb_registry_find(r->registry, area, r->part[2]);
    lb_result *result = NULL;
    if (!op) return study_absent(err, "tool");
    int code = study_read(r, read_scan, &at, err);
    if (!code) code = must_read(&at, err);
    const scan_run run = {.area = area, .verb = r->part[2], .images = images_of(&at), .drawn = &bytes, .setting = settings_of(r, op)};
    if (!code) code = scan_run_operation(r, &run, &result, err);
    if (code) return code;
    const lb_artifact *file = scan_first_file(result);
    if (file) {
        answer->type = "application/octet-stream";
        lb_buf_add(&answer->body, (const char *)file->data, file->length);
    } else {
        lb_answer_json(answer, lb_result_document(result));
    }
    lb_result_free(result);
    return LB_OK;
}

/* ---- finishing -------------------------------------------------------------------------------------------------- */

static const char *methods_for(const lb_value *images)
{
    return lb_get(images, "fat") && lb_get(images, "water") ? "dixon_mean,dixon_ratio,otsu,gmm2,kmeans2" : "otsu,gmm2,gmm3,kmeans2,kmeans3";
}

/* Values that live as long as the request: a result's arena goes with it. */
static int copy_rows(study_request *r, const lb_result *result, lb_value *about, lb_error *err)
{
    lb_buf text = {0};
    lb_value *copy = NULL;
    lb_json_write(lb_get(result->results, "rows"), 0, &text);
    char *kept = lb_arena_textn(r->arena, text.data, text.length);
    int code = lb_json_read(&(lb_bytes){(const uint8_t *)kept, text.length, "rows"}, r->arena, &copy, err);
    lb_buf_free(&text);
    if (code) return code;
    lb_set(about, "rows", copy);
    lb_set_text(about, "measured_by", lb_version());
    return LB_OK;
}

static int measure(reading *at, const lb_bytes *mask, const lb_value *labels, const char *levels, lb_value *about, lb_error *err)
{
    study_request *r = at->request;
    const char *setting[][2] = {{"labels", scan_labels_text(r, labels)}, {"method", methods_for(images_of(at))}, {"levels", levels}, {NULL, NULL}};
    const scan_run run = {.area = "muscle", .verb = "measure", .images = images_of(at), .drawn = mask, .setting = setting};
    lb_result *result = NULL;
    lb_value *features = NULL;
    int code = scan_run_operation(r, &run, &result, err);
    if (code) return code;
    code = copy_rows(r, result, about, err);
    lb_result_free(result);
    if (!code) code = scan_features(r, images_of(at), mask, labels, &features, err);
    if (!code) lb_set(about, "features", features);
    return code;
}

static int post_finish(study_request *r, lb_answer *answer, lb_error *err)
{
    reading at = {.request = r, .done = true, .revision = lb_get_int(r->body, "revision", 0)};
    int code = study_read(r, read_scan, &at, err);
    if (!code) code = must_read(&at, err);
    const lb_record *own = !code && at.scan.mine >= 0 ? at.scan.reading[at.scan.mine] : NULL;
    if (code) return code;
    if (!own) {
        lb_fail(err, LB_BAD_DATA, "nothing has been drawn yet");
        lb_error_hint(err, "save the drawing, and finish then");
        return LB_BAD_DATA;
    }
    lb_bytes mask;
    lb_value *labels = lb_get(own->body, "labels"), *about = lb_value_object(r->arena);
    const char *levels = lb_get_text(own->body, "levels", NULL), *sha256 = lb_get_text(own->body, "mask", "");
    code = lb_store_file_get(r->store, sha256, r->arena, &mask, err);
    if (code) return code;
    mask.name = "drawing.nii.gz";
    lb_set_text(about, "mask", sha256);
    lb_set(about, "labels", labels);
    lb_set_text(about, "levels", levels);
    code = measure(&at, &mask, labels, levels, about, err);
    at.about = about;
    if (!code) code = study_write(r, write_reading, &at, err);
    return code ? code : answer_revision(&at, answer);
}

static int reopen(lb_tx *tx, void *context, lb_error *err)
{
    study_request *r = context;
    return lb_reading_reopen(tx, r->study, scan_key(r), (int)lb_get_int(r->body, "place", 0) - 1, study_text(r, "reason"), err);
}

static int post_reopen(study_request *r, lb_answer *answer, lb_error *err)
{
    int code = study_write(r, reopen, r, err);
    if (!code) study_answer(answer, lb_value_object(r->arena));
    return code;
}

/* ---- comparing -------------------------------------------------------------------------------------- */

static int both_masks(reading *at, lb_bytes mask[2], lb_error *err)
{
    study_request *r = at->request;
    int code = study_read(r, read_scan, at, err);
    if (code) return code;
    if (!at->scan.open || at->scan.readers < 2) {
        lb_fail(err, LB_CONFLICT, "there are no two finished readings to compare");
        lb_error_hint(err, "agreement shows when both readers are done");
        return LB_CONFLICT;
    }
    for (int i = 0; i < 2 && !code; i++) {
        code = lb_store_file_get(r->store, lb_get_text(at->scan.reading[i]->body, "mask", ""), r->arena, &mask[i], err);
        mask[i].name = i ? "reader2.nii.gz" : "reader1.nii.gz";
    }
    return code;
}

static int get_agreement(study_request *r, lb_answer *answer, lb_error *err)
{
    reading at = {.request = r};
    lb_bytes mask[2];
    lb_result *result = NULL;
    int code = both_masks(&at, mask, err);
    if (code) return code;
    const char *setting[][2] = {{"labels", scan_labels_text(r, lb_get(at.scan.reading[0]->body, "labels"))}, {NULL, NULL}};
    code = scan_run_operation(r, &(scan_run){.area = "image", .verb = "agree", .drawn = &mask[0], .second = &mask[1], .setting = setting}, &result, err);
    if (code) return code;
    lb_answer_json(answer, lb_result_document(result));
    lb_result_free(result);
    return LB_OK;
}

#define HERE "/api/scans/{subject}/{n}"
static const study_route routes[] = {
    {"PUT", HERE "/reading", LB_MAY_READ_SCAN, STUDY_RAW, put_reading, "save one's own drawing (NIfTI)", "labels,levels,revision", NULL,
     "{revision:int,saved_at:time}"},
    {"POST", HERE "/tools/{verb}", LB_MAY_READ_SCAN, STUDY_RAW, post_tool,
     "run an image operation on the drawing in the body; its parameters are those of the operation", NULL, NULL, "application/octet-stream"},
    {"POST", HERE "/finish", LB_MAY_READ_SCAN, 0, post_finish, "measure and finish one's own reading", NULL, "{revision:int}",
     "{revision:int,saved_at:time}"},
    {"POST", HERE "/reopen", LB_MAY_REOPEN_SCAN, 0, post_reopen, "open a finished reading again", NULL, "{place:int,reason:text}", "object"},
    {"GET", HERE "/agreement", LB_MAY_SCANS, 0, get_agreement, "how far the readers agree, once all are done", NULL, NULL, "object"},
};

const study_table study_reading_routes = {routes, LB_COUNT(routes), NULL, 0};

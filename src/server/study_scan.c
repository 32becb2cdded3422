/* Imaging routes: receive a scan, choose its series, read it (draw, grow, fill, measure), compare the readers, sign. What
 * comes from outside is bytes with a name; the name is never a path, the bytes lie in the store by their hash. */
#include "server/scan.h"
#include "trial/conduct/scan.h"

#include <stdio.h>
#include <string.h>

static const char *path_of(const lb_scan *scan, lb_arena *arena)
{
    const char *bar = strrchr(scan->record->key, '|');
    return lb_arena_printf(arena, "/api/scans/%s/%s", scan->record->subject, bar ? bar + 1 : "");
}

/* -- showing ---------------------------------------------------------------------------------------------------- */

static void copy_keys(lb_value *to, const lb_value *from, const char *const *key, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lb_value *value = lb_get(from, key[i]);
        if (value) lb_set(to, key[i], value);
        else lb_set_null(to, key[i]);
    }
}

static void add_reading(lb_value *list, const lb_scan *scan, int place, bool whole)
{
    static const char *const brief[] = {"reader", "labels", "levels"}, *const full[] = {"mask", "rows"};
    const lb_record *reading = scan->reading[place];
    if (!reading) return;
    lb_value *row = lb_push_object(list);
    lb_set_int(row, "place", place + 1);
    lb_set_text(row, "state", reading->state);
    lb_set_int(row, "revision", reading->revision);
    lb_set_bool(row, "mine", place == scan->mine);
    copy_keys(row, reading->body, brief, LB_COUNT(brief));
    if (whole) copy_keys(row, reading->body, full, LB_COUNT(full));
}

static void add_scan(lb_value *row, const study_request *r, const lb_scan *scan, bool whole)
{
    const char *number = strrchr(scan->record->key, '|');
    const lb_value *files = lb_get(scan->record->body, "files"), *images = lb_get(scan->record->body, "images");
    lb_set_text(row, "subject", scan->record->subject);
    lb_set_text(row, "site", scan->record->site);
    lb_set_text(row, "n", number ? number + 1 : "");
    lb_set_text(row, "visit", scan->record->parent);
    lb_set_text(row, "state", scan->record->state);
    lb_set_int(row, "revision", scan->record->revision);
    lb_set_int(row, "files", files ? (int64_t)files->count : 0);
    lb_set_int(row, "readers", scan->readers);
    lb_set_int(row, "begun", scan->begun);
    lb_set_int(row, "done", scan->done);
    lb_set_bool(row, "may_read", scan->may_read && lb_rights_may(r->actor.role, LB_MAY_READ_SCAN));
    lb_set_bool(row, "open", scan->open);
    lb_value *list = lb_set_array(row, "readings"), *shown = lb_set_object(row, "images");
    for (int place = 0; place < scan->readers; place++) add_reading(list, scan, place, whole);
    static const char *const about[] = {"series", "description", "size", "spacing"};
    for (size_t i = 0; images && i < images->count; i++) {
        lb_value *image = lb_set_object(shown, images->key[i]);
        copy_keys(image, images->item[i], about, LB_COUNT(about));
        lb_set_textf(image, "href", "%s/image/%s.nii.gz", path_of(scan, row->arena), images->key[i]);
    }
    lb_value *signature = lb_get(scan->record->body, "signature");
    if (signature) lb_set(row, "signature", signature);
    else lb_set_null(row, "signature");
}

typedef struct listing {
    study_request *request;
    lb_value *list;
} listing;

static int list_scan(void *context, const lb_scan *scan, lb_error *err)
{
    (void)err;
    listing *l = context;
    add_scan(lb_push_object(l->list), l->request, scan, false);
    return LB_OK;
}

static int read_list(lb_tx *tx, void *context, lb_error *err)
{
    listing *l = context;
    return lb_scan_each(tx, l->request->study, study_query(l->request, "subject"), list_scan, l, err);
}

static int get_scans(study_request *r, lb_answer *answer, lb_error *err)
{
    lb_value *out = lb_value_object(r->arena);
    listing l = {r, lb_set_array(out, "scans")};
    int code = study_read(r, read_list, &l, err);
    const lb_value *imaging = lb_get(r->study->root, "imaging");
    static const char *const keys[] = {"muscles", "levels"};
    copy_keys(out, imaging, keys, LB_COUNT(keys));
    if (!code) study_answer(answer, out);
    return code;
}

typedef struct one_scan {
    study_request *request;
    lb_scan scan;
} one_scan;

static int read_one(lb_tx *tx, void *context, lb_error *err)
{
    one_scan *one = context;
    return lb_scan_get(tx, one->request->study, scan_key(one->request), &one->scan, err);
}

static int load(study_request *r, one_scan *one, lb_error *err)
{
    *one = (one_scan){.request = r};
    return study_read(r, read_one, one, err);
}

static int answer_scan(study_request *r, lb_answer *answer, lb_error *err)
{
    one_scan one;
    int code = load(r, &one, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    add_scan(out, r, &one.scan, true);
    study_answer(answer, out);
    return LB_OK;
}

/* -- receiving -------------------------------------------------------------------------------------------------- */

static int write_new(lb_tx *tx, void *context, lb_error *err)
{
    study_request *r = context;
    const char *key = NULL;
    int code = lb_scan_new(tx, r->study, r->part[0], study_text(r, "visit"), &key, err);
    if (!code) r->part[1] = lb_arena_text(r->arena, strrchr(key, '|') + 1);
    return code;
}

static int post_scan(study_request *r, lb_answer *answer, lb_error *err)
{
    int code = study_write(r, write_new, r, err);
    return code ? code : answer_scan(r, answer, err);
}

typedef struct received {
    study_request *request;
    char sha256[65];
} received;

static int write_file(lb_tx *tx, void *context, lb_error *err)
{
    received *got = context;
    study_request *r = got->request;
    return lb_scan_add_file(tx, scan_key(r), r->part[2], got->sha256, (int64_t)r->http->body.length, err);
}

static int put_file(study_request *r, lb_answer *answer, lb_error *err)
{
    received got = {.request = r};
    one_scan one;
    int code = load(r, &one, err); /* before a byte is kept */
    if (code) return code;
    if (r->http->body.length == 0) {
        lb_fail(err, LB_BAD_DATA, "'%.100s' is empty", r->part[2]);
        lb_error_hint(err, "send the file's bytes as the body");
        return LB_BAD_DATA;
    }
    const lb_bytes bytes = {(const uint8_t *)r->http->body.data, r->http->body.length, r->part[2]};
    code = lb_store_file_put(r->store, &bytes, got.sha256, err);
    if (!code) code = study_write(r, write_file, &got, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set_text(out, "name", r->part[2]);
    lb_set_text(out, "sha256", got.sha256);
    lb_set_int(out, "size", (int64_t)bytes.length);
    study_answer(answer, out);
    return LB_OK;
}

/* What the received files hold: GET …/series. */
static int get_series(study_request *r, lb_answer *answer, lb_error *err)
{
    one_scan one;
    lb_result *result = NULL;
    int code = load(r, &one, err);
    if (code) return code;
    const lb_value *files = lb_get(one.scan.record->body, "files");
    if (!files || files->count == 0) {
        lb_fail(err, LB_BAD_DATA, "no file of this scan has arrived");
        lb_error_hint(err, "send the files first");
        return LB_BAD_DATA;
    }
    code = scan_run_operation(r, &(scan_run){.area = "image", .verb = "info", .files = files}, &result, err);
    if (code) return code;
    lb_answer_json(answer, lb_result_document(result));
    lb_result_free(result);
    return LB_OK;
}

static int convert(study_request *r, const lb_value *files, const char *series, lb_result **out, lb_error *err)
{
    const char *setting[][2] = {{"out", "image.nii.gz"}, {*series ? "series" : NULL, series}, {NULL, NULL}};
    int code = scan_run_operation(r, &(scan_run){.area = "image", .verb = "convert", .files = files, .setting = setting}, out, err);
    if (!code && !scan_first_file(*out)) {
        lb_result_free(*out);
        *out = NULL;
        return lb_fail(err, LB_FAILED, "the series gave no image");
    }
    return code;
}

static int keep_image(study_request *r, const lb_value *files, const char *role, const char *series, lb_value *images, lb_error *err)
{
    lb_result *result = NULL, *info = NULL;
    char sha256[65];
    int code = convert(r, files, series, &result, err);
    if (code) return code;
    const lb_artifact *file = scan_first_file(result);
    const lb_bytes bytes = {file->data, file->length, "image.nii.gz"};
    code = lb_store_file_put(r->store, &bytes, sha256, err);
    lb_value *image = lb_set_object(images, role);
    lb_set_text(image, "sha256", sha256);
    lb_set_textf(image, "name", "%s.nii.gz", role);
    lb_set_text(image, "series", series);
    if (!code) code = scan_run_operation(r, &(scan_run){.area = "image", .verb = "info", .drawn = &bytes}, &info, err);
    const lb_value *volume = info ? lb_path(info->results, "volumes[0]") : NULL;
    static const char *const keys[] = {"size", "spacing"};
    for (size_t k = 0; volume && k < LB_COUNT(keys); k++) {
        const lb_value *list = lb_get(volume, keys[k]);
        lb_value *copy = lb_set_array(image, keys[k]);
        for (size_t i = 0; list && list->type == LB_ARRAY && i < list->count; i++) lb_push_number(copy, lb_number_of(list->item[i]));
    }
    lb_result_free(info);
    lb_result_free(result);
    return code;
}

typedef struct chosen {
    study_request *request;
    lb_value *images;
} chosen;

static int write_images(lb_tx *tx, void *context, lb_error *err)
{
    chosen *c = context;
    return lb_scan_set_images(tx, scan_key(c->request), c->images, err);
}

/* Choose what is read: {image} or {fat, water}, each the number of a series ("" where there is only one). */
static int post_images(study_request *r, lb_answer *answer, lb_error *err)
{
    static const char *const roles[] = {"image", "fat", "water"};
    one_scan one;
    chosen c = {r, lb_value_object(r->arena)};
    int code = load(r, &one, err);
    if (code) return code;
    const lb_value *files = lb_get(one.scan.record->body, "files");
    for (size_t i = 0; i < LB_COUNT(roles) && !code; i++) {
        const char *series = lb_get_text(r->body, roles[i], NULL);
        if (series) code = keep_image(r, files, roles[i], series, c.images, err);
    }
    if (!code && c.images->count == 0) {
        lb_fail(err, LB_BAD_DATA, "no series was chosen");
        lb_error_hint(err, "give image, or fat and water of a Dixon scan");
        code = LB_BAD_DATA;
    }
    if (!code) code = study_write(r, write_images, &c, err);
    return code ? code : answer_scan(r, answer, err);
}

/* -- bytes ------------------------------------------------------------------------------------------------------ */

static int send_file(study_request *r, const char *sha256, lb_answer *answer, lb_error *err)
{
    lb_bytes bytes;
    int code = lb_store_file_get(r->store, sha256, r->arena, &bytes, err);
    if (code) return code;
    answer->type = "application/octet-stream";
    lb_buf_add(&answer->body, (const char *)bytes.data, bytes.length);
    lb_answer_header(answer, "Cache-Control", "private, no-cache");
    lb_answer_etag(answer, r->http, lb_arena_printf(r->arena, "\"%.32s\"", sha256));
    return LB_OK;
}

static int get_image(study_request *r, lb_answer *answer, lb_error *err)
{
    one_scan one;
    int code = load(r, &one, err);
    if (code) return code;
    const lb_value *image = lb_get(lb_get(one.scan.record->body, "images"), r->part[2]);
    return image ? send_file(r, lb_get_text(image, "sha256", ""), answer, err) : study_absent(err, "image");
}

static int get_mask(study_request *r, lb_answer *answer, lb_error *err)
{
    one_scan one;
    int64_t place = 0;
    int code = load(r, &one, err);
    if (code) return code;
    if (!lb_text_integer(r->part[2], strlen(r->part[2]), &place) || place < 1 || place > one.scan.readers || !one.scan.reading[place - 1])
        return study_absent(err, "drawing");
    return send_file(r, lb_get_text(one.scan.reading[place - 1]->body, "mask", ""), answer, err);
}

/* A series of the received files, before any is chosen: for thumbnails. */
static int get_preview(study_request *r, lb_answer *answer, lb_error *err)
{
    one_scan one;
    lb_result *result = NULL;
    int code = load(r, &one, err);
    if (!code) code = convert(r, lb_get(one.scan.record->body, "files"), strcmp(r->part[2], "only") == 0 ? "" : r->part[2], &result, err);
    if (code) return code;
    const lb_artifact *file = scan_first_file(result);
    answer->type = "application/octet-stream";
    lb_buf_add(&answer->body, (const char *)file->data, file->length);
    lb_result_free(result);
    return LB_OK;
}

#define HERE "/api/scans/{subject}/{n}"
static const study_route routes[] = {
    {"GET", "/api/scans", LB_MAY_SCANS, 0, get_scans, "scans and how far their readings are", "subject", NULL,
     "{scans:[#Scan],muscles?:any,levels?:any}"},
    {"POST", "/api/people/{subject}/scans", LB_MAY_RECEIVE_SCAN, 0, post_scan, "begin to receive a scan", NULL, "{visit:text}", "#Scan"},
    {"GET", HERE, LB_MAY_SCANS, 0, answer_scan, "one scan with the readings that may be seen", NULL, NULL, "#Scan"},
    {"PUT", HERE "/files/{name}", LB_MAY_RECEIVE_SCAN, STUDY_RAW, put_file, "send one file of the scan", NULL, NULL,
     "{name:text,sha256:text,size:int}"},
    {"GET", HERE "/series", LB_MAY_SCANS, 0, get_series, "what the files hold: series, sizes, and what is odd", NULL, NULL, "object"},
    {"GET", HERE "/series/{series}.nii.gz", LB_MAY_SCANS, 0, get_preview, "a series as NIfTI, before it is chosen", NULL, NULL,
     "application/octet-stream"},
    {"POST", HERE "/images", LB_MAY_RECEIVE_SCAN, 0, post_images, "choose the series that are read", NULL, "{image?:text,fat?:text,water?:text}", "#Scan"},
    {"GET", HERE "/image/{role}.nii.gz", LB_MAY_SCANS, 0, get_image, "an image of the scan", NULL, NULL, "application/octet-stream"},
    {"GET", HERE "/mask/{place}.nii.gz", LB_MAY_SCANS, 0, get_mask, "a drawing that may be seen", NULL, NULL, "application/octet-stream"},
};

static const study_schema schemas[] = {
    {"Reading", "{place:int,state:text,revision:int,mine:bool,reader:text,labels:any,levels:any,mask?:text~,rows?:any}"},
    {"Scan", "{subject:text,site:text,n:text,visit:text,state:text,revision:int,files:int,readers:int,begun:int,done:int,may_read:bool,open:bool,"
             "readings:[#Reading],images:{*:{series:any,description:any,size:any,spacing:any,href:text}},signature:any}"},
};

const study_table study_scan_routes = {routes, LB_COUNT(routes), schemas, LB_COUNT(schemas)};

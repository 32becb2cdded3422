/* Files on forms: up as multipart, down as an attachment. */
#include "server/multipart.h"
#include "server/study_home.h"
#include "trial/conduct/upload.h"

#include <string.h>

typedef struct file_work {
    study_request *request;
    lb_form_place place;
    lb_entry entry;
    const lb_study_item *item;
    const lb_record *record;
    const char *version, *name, *type;
    char sha256[65], id[LB_UPLOAD_ID];
    int64_t size;
} file_work;

static int read_version(lb_tx *tx, void *context, lb_error *err)
{
    file_work *w = context;
    const study_request *r = w->request;
    return lb_entry_version(tx, r->part[0], r->part[1], r->part[2], &w->version, err);
}

static int find_place(file_work *w, lb_error *err)
{
    study_request *r = w->request;
    const lb_study *study = r->study;
    int code = study_read(r, read_version, w, err);
    if (!code && w->version) code = study_version(r, w->version, &study, err);
    return code ? code : lb_form_place_find(study, r->registry, &r->actor, r->part[0], r->part[1], r->part[2], r->arena, &w->place, err);
}

/* May this person write here at all? Asked before the bytes are looked at. */
static int may_write(lb_tx *tx, void *context, lb_error *err)
{
    file_work *w = context;
    int code = lb_entry_load(tx, &w->place, &w->entry, err);
    return code ? code : lb_entry_may_write(tx, &w->entry, false, err);
}

static int note(lb_tx *tx, void *context, lb_error *err)
{
    file_work *w = context;
    int code = lb_entry_load(tx, &w->place, &w->entry, err);
    if (!code) code = lb_entry_may_write(tx, &w->entry, false, err);
    return code ? code : lb_upload_note(tx, &w->entry, w->item, w->name, w->type, w->sha256, w->size, w->id, err);
}

static int take_part(file_work *w, lb_bytes *out, lb_error *err)
{
    const lb_request *http = w->request->http;
    lb_part *part = NULL;
    size_t count = 0;
    if (!http->content_type || !lb_text_starts(http->content_type, "multipart/form-data"))
        return lb_fail(err, LB_USAGE, "a file is sent as multipart/form-data");
    int code = lb_multipart_read(http->content_type, http->body.data ? http->body.data : "", http->body.length, 4, w->request->arena, &part, &count, err);
    if (code) return code;
    for (size_t i = 0; i < count; i++) {
        if (!part[i].filename) continue;
        w->name = lb_multipart_file_name(part[i].filename, w->request->arena);
        *out = (lb_bytes){(const uint8_t *)part[i].data, part[i].length, "file"};
        w->size = (int64_t)part[i].length;
        return LB_OK;
    }
    return lb_fail(err, LB_USAGE, "there is no file in the body");
}

static int post_upload(study_request *r, lb_answer *answer, lb_error *err)
{
    file_work w = {.request = r};
    lb_bytes bytes = {0};
    int code = find_place(&w, err);
    if (!code) code = lb_upload_item(w.place.study, &w.place.study->form[w.place.form], r->part[3], r->actor.masked, &w.item, err);
    if (!code) code = study_read(r, may_write, &w, err);
    if (!code) code = take_part(&w, &bytes, err);
    if (!code) code = lb_upload_check(w.place.study, &w.place.study->form[w.place.form], w.item, &bytes, &w.type, err);
    if (!code) code = lb_store_file_put(r->store, &bytes, w.sha256, err);
    if (!code) code = study_write(r, note, &w, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set_text(out, "id", w.id);
    lb_set_text(out, "name", w.name);
    lb_set_int(out, "size", w.size);
    lb_set_text(out, "sha256", w.sha256);
    lb_set_text(out, "type", w.type);
    study_answer(answer, out);
    return LB_OK;
}

static int read_file(lb_tx *tx, void *context, lb_error *err)
{
    file_work *w = context;
    int code = lb_entry_load(tx, &w->place, &w->entry, err);
    if (!code && w->entry.blind) code = lb_fail(err, LB_NOT_FOUND, "there is no such file on this form");
    return code ? code : lb_upload_get(tx, &w->place, w->request->part[3], &w->record, err);
}

/* The name goes into a header: plain characters only. */
static const char *plain_name(const char *name, lb_arena *arena)
{
    char *safe = lb_arena_text(arena, name);
    for (char *c = safe; *c; c++)
        if (*c < '!' || *c > '~' || strchr("\"\\/:;%", *c)) *c = '_';
    return *safe ? safe : "file";
}

static int get_file(study_request *r, lb_answer *answer, lb_error *err)
{
    file_work w = {.request = r};
    lb_bytes bytes = {0};
    int code = find_place(&w, err);
    if (!code) code = study_read(r, read_file, &w, err);
    if (!code) code = lb_store_file_get(r->store, lb_get_text(w.record->body, "sha256", ""), r->arena, &bytes, err);
    if (code) return code;
    answer->type = lb_get_text(w.record->body, "type", "application/octet-stream");
    lb_buf_add(&answer->body, (const char *)bytes.data, bytes.length);
    lb_answer_header(answer, "Content-Disposition",
                     lb_arena_printf(r->arena, "attachment; filename=\"%s\"", plain_name(lb_get_text(w.record->body, "name", "file"), r->arena)));
    return LB_OK;
}

#define FORM "/api/forms/{subject}/{visit}/{form}"
static const study_route routes[] = {
    {"POST", FORM "/upload/{item}", LB_MAY_ENTER, STUDY_RAW, post_upload, "a file for an item; its id becomes the item's value when the form is saved", NULL, NULL,
     "{id:text,name:text,size:int,sha256:text,type:text}"},
    {"GET", FORM "/file/{id}", LB_MAY_PEOPLE, 0, get_file, "a file of a form", NULL, NULL, "application/octet-stream"},
};

const study_table study_file_routes = {routes, LB_COUNT(routes), NULL, 0};

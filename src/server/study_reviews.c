/* Systematic reviews of a study, kept in its store: ("review", ID) is a review's head {title, base, events}, where `base` names the
 * sealed file with its references and form; ("review", ID|000001 …) are the events of one act each {events}, who decided what
 * and when, audited like every record and never changed. The document that the evidence room reads is put together from them.
 * Who acts is who is signed in. Those who screen and extract do not see the other's decision before their own; whoever could
 * (the whole document, the audit) does not screen. */
#include "server/reviews.h"
#include "server/study.h"

#include <ctype.h>
#include <string.h>

enum { MOST_ID = 40 };

typedef struct review_work {
    study_request *request;
    const char *id, *title;
    char base[65];
    lb_value *rows;          /* of the list */
    const lb_record *head;
    lb_value *events;        /* all of them, in order */
    const lb_value *fresh;   /* what is added */
    size_t kept, batches;
    int64_t version;
} review_work;

/* -- reading ------------------------------------------------------------------------------------------------------ */

static int take_head(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    review_work *w = context;
    if (record->parent) return 0; /* events of a review */
    lb_value *row = lb_push_object(w->rows);
    lb_set_text(row, "id", record->key);
    lb_set_text(row, "title", lb_get_text(record->body, "title", ""));
    lb_set_int(row, "version", record->revision);
    return 0;
}

static int read_list(lb_tx *tx, void *context, lb_error *err)
{
    const lb_find find = {.kind = LB_KIND_REVIEW};
    return lb_tx_scan(tx, &find, take_head, context, err);
}

static int list(void *context, lb_value *rows, lb_error *err)
{
    review_work w = {.request = context, .rows = rows};
    return study_read(context, read_list, &w, err);
}

static int take_events(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    review_work *w = context;
    const lb_value *events = lb_get(record->body, "events");
    w->batches++;
    for (size_t i = 0; events && events->type == LB_ARRAY && i < events->count; i++) {
        w->kept++;
        if (w->events) lb_push(w->events, events->item[i]);
    }
    return 0;
}

static int read_events(lb_tx *tx, review_work *w, lb_error *err)
{
    const lb_find find = {.kind = LB_KIND_REVIEW, .parent = w->id};
    w->kept = w->batches = 0;
    int code = lb_tx_get(tx, LB_KIND_REVIEW, w->id, &w->head, err);
    if (code || !w->head) return code;
    return lb_tx_scan(tx, &find, take_events, w, err);
}

static int read_whole(lb_tx *tx, void *context, lb_error *err)
{
    review_work *w = context;
    int code = read_events(tx, w, err);
    if (!code && (!w->head || w->head->parent)) code = lb_fail(err, LB_NOT_FOUND, "there is no review '%.80s'", w->id);
    return code;
}

static int get(void *context, const char *id, lb_arena *arena, lb_bytes *out, int64_t *version, lb_error *err)
{
    study_request *r = context;
    review_work w = {.request = r, .id = id, .events = lb_value_array(r->arena)};
    lb_value *document = NULL;
    lb_bytes base;
    int code = study_read(r, read_whole, &w, err);
    if (!code) code = lb_store_file_get(r->store, lb_get_text(w.head->body, "base", ""), r->arena, &base, err);
    if (!code) code = lb_json_read(&base, r->arena, &document, err);
    if (code) return code;
    lb_set(document, "events", w.events);
    lb_buf text = {0};
    lb_json_write(document, 0, &text);
    *out = (lb_bytes){(const uint8_t *)lb_arena_textn(arena, text.data, text.length), text.length, "review.json"};
    lb_buf_free(&text);
    *version = w.head->revision;
    return LB_OK;
}

/* -- writing ------------------------------------------------------------------------------------------------------ */

static int write_change(lb_tx *tx, void *context, lb_error *err)
{
    review_work *w = context;
    lb_arena *arena = lb_tx_arena(tx);
    int code = read_events(tx, w, err);
    if (code) return code;
    if ((w->head ? w->head->revision : 0) != w->version) return lb_fail(err, LB_CONFLICT, "somebody else has changed this review in the meantime");
    size_t all = w->fresh ? w->fresh->count : 0;
    if (all < w->kept) return lb_fail(err, LB_BAD_DATA, "events of a review are never taken back");
    lb_value *body = lb_value_object(arena), *batch = lb_value_object(arena);
    lb_value *events = lb_set_array(batch, "events");
    for (size_t i = w->kept; i < all; i++) lb_push(events, w->fresh->item[i]);
    lb_set_text(body, "title", w->title);
    lb_set_text(body, "base", w->base);
    lb_set_int(body, "events", (int64_t)all);
    const char *action = !w->version ? "begin" : events->count ? lb_get_text(events->item[0], "what", "act") : "references";
    const lb_change change = {.action = action};
    const lb_record head = {.kind = LB_KIND_REVIEW, .key = w->id, .state = "open", .body = body};
    code = lb_tx_put(tx, &head, w->version, &change, err);
    if (code || events->count == 0) return code;
    const lb_record acted = {.kind = LB_KIND_REVIEW, .key = lb_arena_printf(arena, "%s|%06zu", w->id, w->batches + 1), .parent = w->id, .body = batch};
    return lb_tx_put(tx, &acted, 0, &change, err);
}

static int put(void *context, const char *id, const lb_bytes *document, int64_t version, lb_error *err)
{
    study_request *r = context;
    lb_value *root = NULL;
    review_work w = {.request = r, .id = id, .version = version};
    int code = lb_json_read(document, r->arena, &root, err);
    if (code) return code;
    w.title = lb_get_text(root, "title", "");
    w.fresh = lb_get(root, "events");
    if (w.fresh && w.fresh->type != LB_ARRAY) return lb_fail(err, LB_BAD_DATA, "a review's events are a list");
    lb_value *without = lb_value_object(r->arena);
    for (size_t i = 0; i < root->count; i++)
        if (!lb_text_equal(root->key[i], "events")) lb_set(without, root->key[i], root->item[i]);
    lb_buf text = {0};
    lb_json_write(without, 0, &text);
    const lb_bytes base = {(const uint8_t *)text.data, text.length, "review.json"};
    code = lb_store_file_put(r->store, &base, w.base, err);
    lb_buf_free(&text);
    if (!code) code = study_write(r, write_change, &w, err);
    return code == LB_CONFLICT ? LB_CANCELLED : code; /* lb_review_act() then applies it to what the other left */
}

static lb_reviews kept_for(study_request *r)
{
    return (lb_reviews){list, get, put, NULL, r};
}

/* -- routes ------------------------------------------------------------------------------------------------------- */

static int get_reviews(study_request *r, lb_answer *answer, lb_error *err)
{
    lb_value *out = lb_value_object(r->arena);
    int code = list(r, lb_set_array(out, "reviews"), err);
    if (!code) study_answer(answer, out);
    return code;
}

static bool good_id(const char *id)
{
    size_t length = strlen(id);
    for (size_t i = 0; i < length; i++)
        if (!islower((unsigned char)id[i]) && !isdigit((unsigned char)id[i]) && id[i] != '-') return false;
    return length > 0 && length <= MOST_ID;
}

static int post_reviews(study_request *r, lb_answer *answer, lb_error *err)
{
    const char *id = study_text(r, "id"), *form = study_text(r, "form"), *ris = study_text(r, "ris");
    if (!good_id(id)) return lb_fail(err, LB_USAGE, "a review's id is 1 to %d small letters, digits and hyphens", MOST_ID);
    const lb_op *op = lb_registry_find(r->registry, "meta", "screen");
    if (!op) return lb_fail(err, LB_FAILED, "this build has no operation meta screen");
    lb_call *call = lb_call_new(r->registry, op);
    lb_result *result = NULL;
    const lb_bytes fields = {(const uint8_t *)form, strlen(form), "form.yaml"}, references = {(const uint8_t *)ris, strlen(ris), "references.ris"};
    int code = lb_call_set(call, "title", study_text(r, "title"), err);
    if (!code && *form) code = lb_call_bind(call, "form", &fields, err);
    if (!code) code = lb_call_bind(call, "ris", &references, err);
    if (!code) code = lb_call_run(call, &result, err);
    lb_call_free(call);
    for (size_t i = 0; !code && i < result->artifact_count; i++) {
        if (strcmp(result->artifact[i].name, "review.json") != 0) continue;
        const lb_bytes document = {result->artifact[i].data, result->artifact[i].length, "review.json"};
        code = put(r, id, &document, 0, err);
        if (code == LB_CANCELLED) code = lb_fail(err, LB_CONFLICT, "there is a review '%s' already", id);
    }
    lb_result_free(result);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set_text(out, "id", id);
    study_answer(answer, out);
    return LB_OK;
}

static int act(study_request *r, const lb_value *body, lb_answer *answer, lb_error *err)
{
    lb_reviews kept = kept_for(r);
    lb_value *state = NULL;
    int code = lb_review_act(&kept, r->registry, r->part[0], r->actor.user, study_time(r->now_us, r->arena), body, r->arena, &state, err);
    if (!code) study_answer(answer, state);
    return code;
}

/* Looking is open to all who have to do with reviews, deciding to those who screen. */
static int post_review(study_request *r, lb_answer *answer, lb_error *err)
{
    bool decides = lb_get(r->body, "event") || lb_get(r->body, "events");
    if (decides && !lb_rights_may(r->actor.role, LB_MAY_REVIEW)) {
        int code = lb_fail(err, LB_FORBIDDEN, "your role does not screen or extract");
        lb_error_hint(err, "who can see everybody's decisions does not decide");
        return code;
    }
    return act(r, r->body, answer, err);
}

static int post_references(study_request *r, lb_answer *answer, lb_error *err) { return act(r, r->body, answer, err); }

static int get_document(study_request *r, lb_answer *answer, lb_error *err)
{
    lb_bytes bytes;
    int64_t version;
    int code = get(r, r->part[0], r->arena, &bytes, &version, err);
    if (code) return code;
    lb_buf_add(&answer->body, (const char *)bytes.data, bytes.length);
    lb_answer_header(answer, "Content-Disposition", "attachment; filename=\"review.json\"");
    lb_answer_header(answer, "Cache-Control", "no-cache");
    return LB_OK;
}

static const study_route routes[] = {
    {"GET", "/api/reviews", LB_MAY_REVIEW_SEE, 0, get_reviews, "systematic reviews of this study", NULL, NULL, "{reviews:[{id:text,title:text,version:int}]}"},
    {"POST", "/api/reviews", LB_MAY_REVIEW_SET, 0, post_reviews, "begin a review: references (RIS) and what is to be extracted (YAML)", NULL,
     "{id:text,title:text,ris:text,form?:text}", "{id:text}"},
    {"POST", "/api/review/{id}", LB_MAY_REVIEW_SEE, 0, post_review, "how a review stands for this person; screen, extract or settle", NULL,
     "{viewer?:text,event?:{*:any},events?:[{*:any}]}", "{*:any}"},
    {"POST", "/api/review/{id}/references", LB_MAY_REVIEW_SET, 0, post_references, "further references (RIS)", NULL, "{ris:text,source?:text}", "{*:any}"},
    {"GET", "/api/review-document/{id}", LB_MAY_REVIEW_SET, 0, get_document, "the whole document, everybody's decisions included", NULL, NULL, "{*:any}"},
};

const study_table study_review_routes = {routes, LB_COUNT(routes), NULL, 0};

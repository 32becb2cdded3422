/* Review documents in memory, and the one thing that is done with a review document: fetch, apply, keep. */
#include "server/reviews.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64, TRIES = 8 };
#define MOST_BYTES ((size_t)64 << 20)

typedef struct document {
    char *id, *text, *title;
    size_t length;
    int64_t version;
} document;

typedef struct memory {
    pthread_mutex_t lock;
    document kept[MOST];
    size_t count, bytes;
} memory;

static document *find(memory *m, const char *id)
{
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->kept[i].id, id) == 0) return &m->kept[i];
    return NULL;
}

static int list(void *context, lb_value *rows, lb_error *err)
{
    memory *m = context;
    (void)err;
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < m->count; i++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "id", m->kept[i].id);
        lb_set_text(row, "title", m->kept[i].title);
        lb_set_int(row, "version", m->kept[i].version);
    }
    pthread_mutex_unlock(&m->lock);
    return LB_OK;
}

static int get(void *context, const char *id, lb_arena *arena, lb_bytes *out, int64_t *version, lb_error *err)
{
    memory *m = context;
    pthread_mutex_lock(&m->lock);
    const document *found = find(m, id);
    if (found) {
        *out = (lb_bytes){(const uint8_t *)lb_arena_textn(arena, found->text, found->length), found->length, "review.json"};
        *version = found->version;
    }
    pthread_mutex_unlock(&m->lock);
    if (found) return LB_OK;
    int code = lb_fail(err, LB_NOT_FOUND, "there is no review '%.80s'", id);
    lb_error_hint(err, "GET /api/reviews lists them");
    return code;
}

static char *copy_text(const char *text, size_t length)
{
    char *out = lb_alloc(length + 1, 1);
    memcpy(out, text, length);
    return out;
}

/* The title, for the list; "" when it has none. */
static char *title_of(const lb_bytes *bytes)
{
    lb_arena *arena = lb_arena_new();
    lb_value *root = NULL;
    const char *title = lb_json_read(bytes, arena, &root, NULL) ? "" : lb_get_text(root, "title", "");
    char *out = copy_text(title, strlen(title));
    lb_arena_free(arena);
    return out;
}

static int put(void *context, const char *id, const lb_bytes *bytes, int64_t version, lb_error *err)
{
    memory *m = context;
    int code = LB_OK;
    char *title = title_of(bytes);
    pthread_mutex_lock(&m->lock);
    document *found = find(m, id);
    size_t before = found ? found->length : 0;
    if ((found ? found->version : 0) != version) {
        code = lb_fail(err, LB_CANCELLED, "somebody else has changed this review in the meantime");
        lb_error_hint(err, "look at it again");
    } else if ((!found && m->count == MOST) || m->bytes - before + bytes->length > MOST_BYTES) {
        code = lb_fail(err, LB_TOO_LARGE, "there is no room for this review");
    } else {
        if (!found) {
            found = &m->kept[m->count++];
            *found = (document){.id = copy_text(id, strlen(id))};
        }
        m->bytes = m->bytes - before + bytes->length;
        free(found->text);
        free(found->title);
        found->text = copy_text((const char *)bytes->data, bytes->length);
        found->length = bytes->length;
        found->title = title;
        found->version++;
        title = NULL;
    }
    pthread_mutex_unlock(&m->lock);
    free(title);
    return code;
}

static void free_memory(void *context)
{
    memory *m = context;
    for (size_t i = 0; i < m->count; i++) {
        free(m->kept[i].id);
        free(m->kept[i].text);
        free(m->kept[i].title);
    }
    pthread_mutex_destroy(&m->lock);
    free(m);
}

lb_reviews *lb_reviews_memory_new(void)
{
    memory *m = lb_alloc(1, sizeof *m);
    lb_reviews *out = lb_alloc(1, sizeof *out);
    pthread_mutex_init(&m->lock, NULL);
    *out = (lb_reviews){list, get, put, free_memory, m};
    return out;
}

void lb_reviews_free(lb_reviews *reviews)
{
    if (!reviews) return;
    reviews->free(reviews->context);
    free(reviews);
}

/* -- acting ------------------------------------------------------------------------------------------------------- */

/* The events as JSON text, each signed with `who`; NULL when there are none. */
static int sign(const lb_value *body, const char *who, lb_arena *arena, const char **out, lb_error *err)
{
    lb_value *one = lb_get(body, "event"), *many = lb_get(body, "events"), *list_of = lb_value_array(arena);
    *out = NULL;
    if (one && one->type == LB_OBJECT) lb_push(list_of, one);
    for (size_t i = 0; many && many->type == LB_ARRAY && i < many->count; i++) lb_push(list_of, many->item[i]);
    if (list_of->count == 0) return LB_OK;
    for (size_t i = 0; i < list_of->count; i++) {
        if (list_of->item[i]->type != LB_OBJECT) return lb_fail(err, LB_USAGE, "an event is an object");
        lb_set_text(list_of->item[i], "who", who);
    }
    lb_buf text = {0};
    lb_json_write(list_of, 0, &text);
    *out = lb_arena_textn(arena, text.data, text.length);
    lb_buf_free(&text);
    return LB_OK;
}

typedef struct act {
    const lb_registry *registry;
    const char *who, *at, *events, *ris, *source;
    lb_bytes document;
} act;

static int run(const act *a, lb_result **out, lb_error *err)
{
    /* meta extract knows both kinds of events; references come in through meta screen. */
    const lb_op *op = lb_registry_find(a->registry, "meta", a->ris ? "screen" : "extract");
    if (!op) return lb_fail(err, LB_FAILED, "this build has no operation meta screen");
    lb_call *call = lb_call_new(a->registry, op);
    lb_bytes events = {(const uint8_t *)a->events, a->events ? strlen(a->events) : 0, "events"},
             ris = {(const uint8_t *)a->ris, a->ris ? strlen(a->ris) : 0, "references.ris"};
    int code = lb_call_bind(call, "review", &a->document, err);
    if (!code && a->events) code = lb_call_bind(call, "events", &events, err);
    if (!code && a->ris) code = lb_call_bind(call, "ris", &ris, err);
    if (!code && a->ris && a->source) code = lb_call_set(call, "source", a->source, err);
    if (!code && a->who) code = lb_call_set(call, "viewer", a->who, err);
    if (!code && a->at) code = lb_call_set(call, "at", a->at, err);
    if (!code) code = lb_call_run(call, out, err);
    lb_call_free(call);
    return code;
}

static int keep_state(const lb_result *result, int64_t version, lb_arena *arena, lb_value **out, lb_error *err)
{
    lb_buf text = {0};
    lb_json_write(result->results, 0, &text);
    lb_bytes bytes = {(const uint8_t *)text.data, text.length, "state"};
    int code = lb_json_read(&bytes, arena, out, err);
    lb_buf_free(&text);
    if (!code) lb_set_int(*out, "version", version);
    return code;
}

int lb_review_act(const lb_reviews *reviews, const lb_registry *registry, const char *id, const char *who, const char *at,
                  const lb_value *body, lb_arena *arena, lb_value **out, lb_error *err)
{
    act a = {.registry = registry, .who = who, .at = at, .ris = lb_get_text(body, "ris", NULL), .source = lb_get_text(body, "source", NULL)};
    int code = sign(body, who, arena, &a.events, err);
    for (int attempt = 0; !code; attempt++) {
        int64_t version = 0;
        lb_result *result = NULL;
        code = reviews->get(reviews->context, id, arena, &a.document, &version, err);
        if (!code) code = run(&a, &result, err);
        bool changed = a.events || a.ris;
        for (size_t i = 0; !code && changed && i < result->artifact_count; i++) {
            if (strcmp(result->artifact[i].name, "review.json") != 0) continue;
            lb_bytes made = {result->artifact[i].data, result->artifact[i].length, "review.json"};
            code = reviews->put(reviews->context, id, &made, version, err);
        }
        bool again = code == LB_CANCELLED && attempt < TRIES;
        if (!code) code = keep_state(result, version + changed, arena, out, err);
        lb_result_free(result);
        if (!again) break;
        code = LB_OK; /* somebody was faster: apply to what they left */
    }
    return code;
}

/* Queries: the list by age, site and role, raising one, and answering, closing, opening again. */
#include "server/study_home.h"
#include "trial/conduct/query.h"

#include <stdlib.h>
#include <string.h>

typedef struct query_work {
    study_request *request;
    lb_form_place place;
    lb_value *list;
    const lb_record *record;
    const char *version, *form, *item, *role, *older;
    int64_t now_us, least_days;
    char id[LB_QUERY_ID];
} query_work;

static int take(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    query_work *w = context;
    const lb_value *body = record->body;
    if (w->form && !lb_text_equal(lb_get_text(body, "form", NULL), w->form)) return 0;
    if (w->item && !lb_text_equal(lb_get_text(body, "item", NULL), w->item)) return 0;
    if (w->role && !lb_text_equal(lb_get_text(body, "role", NULL), w->role)) return 0;
    lb_value *one = lb_query_value(record, w->now_us, w->list->arena);
    if (lb_get_int(one, "age_days", 0) >= w->least_days) lb_push(w->list, one);
    return 0;
}

static int oldest_first(const void *a, const void *b)
{
    return strcmp(lb_get_text(*(lb_value *const *)a, "opened_at", ""), lb_get_text(*(lb_value *const *)b, "opened_at", ""));
}

static int read_queries(lb_tx *tx, void *context, lb_error *err)
{
    query_work *w = context;
    const lb_find find = {.kind = LB_KIND_QUERY, .site = study_query(w->request, "site"), .subject = study_query(w->request, "subject"),
                          .state = study_query(w->request, "state")};
    w->now_us = lb_tx_now_us(tx);
    return lb_tx_scan(tx, &find, take, w, err);
}

static int get_queries(study_request *r, lb_answer *answer, lb_error *err)
{
    query_work w = {.request = r, .form = study_query(r, "form"), .item = study_query(r, "item"), .role = study_query(r, "role"), .older = study_query(r, "older_than")};
    if (w.older && !lb_text_integer(w.older, strlen(w.older), &w.least_days)) return lb_fail(err, LB_USAGE, "older_than is a number of days");
    lb_value *out = lb_value_object(r->arena);
    w.list = lb_set_array(out, "queries");
    int code = study_read(r, read_queries, &w, err);
    if (code) return code;
    if (w.list->count) qsort(w.list->item, w.list->count, sizeof *w.list->item, oldest_first);
    study_answer(answer, out);
    return LB_OK;
}

static int read_version(lb_tx *tx, void *context, lb_error *err)
{
    query_work *w = context;
    const study_request *r = w->request;
    return lb_entry_version(tx, study_text(r, "subject"), study_text(r, "visit"), study_text(r, "form"), &w->version, err);
}

static int raise(lb_tx *tx, void *context, lb_error *err)
{
    query_work *w = context;
    lb_entry entry;
    int code = lb_entry_load(tx, &w->place, &entry, err);
    if (!code && !entry.main) code = lb_fail(err, LB_CONFLICT, "nothing has been entered on this form yet");
    if (!code) code = lb_query_open(tx, &entry, study_text(w->request, "item"), study_text(w->request, "text"), NULL, w->id, err);
    return code ? code : lb_tx_get(tx, LB_KIND_QUERY, w->id, &w->record, err);
}

static int post_queries(study_request *r, lb_answer *answer, lb_error *err)
{
    query_work w = {.request = r};
    const lb_study *study = r->study;
    int code = study_read(r, read_version, &w, err);
    if (!code && w.version) code = study_version(r, w.version, &study, err);
    if (!code) code = lb_form_place_find(study, r->registry, &r->actor, study_text(r, "subject"), study_text(r, "visit"), study_text(r, "form"), r->arena, &w.place, err);
    if (!code) code = study_write(r, raise, &w, err);
    if (!code) study_answer(answer, lb_query_value(w.record, r->now_us, r->arena));
    return code;
}

static int act(lb_tx *tx, void *context, lb_error *err)
{
    query_work *w = context;
    return lb_query_act(tx, w->request->part[0], study_text(w->request, "action"), study_text(w->request, "text"), &w->record, err);
}

static int post_query(study_request *r, lb_answer *answer, lb_error *err)
{
    query_work w = {.request = r};
    int code = study_write(r, act, &w, err);
    if (!code) study_answer(answer, lb_query_value(w.record, r->now_us, r->arena));
    return code;
}

static const study_route routes[] = {
    {"GET", "/api/queries", LB_MAY_PEOPLE, 0, get_queries, "queries, the oldest first", "site,subject,state,form,item,role,older_than", NULL, "{queries:[#Query]}"},
    {"POST", "/api/queries", LB_MAY_QUERY, 0, post_queries, "ask about a value", NULL, "{subject:text,visit:text,form:text,item:text,text:text}", "#Query"},
    {"POST", "/api/queries/{id}", LB_MAY_PEOPLE, 0, post_query, "answer, close or reopen a query", NULL, "{action:(answer|close|reopen),text:text}", "#Query"},
};

static const study_schema schemas[] = {
    {"Query", "{id:text,subject:text,site:text,state:(open|answered|closed),visit:text,form:text,item:text,text:text,rule:text~,by:text,role:text,opened_at:time,"
              "age_days:int,thread:[{at:time,by:text,role:text,action:text,text:text}]}"},
};

const study_table study_query_routes = {routes, LB_COUNT(routes), schemas, LB_COUNT(schemas)};

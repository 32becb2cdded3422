/* Forms: reading, checking while somebody types, drafts, saving, double entry, verification, signature, freeze and lock. */
#include "server/study_home.h"
#include "trial/conduct/query.h"
#include "trial/conduct/records.h"
#include "trial/conduct/texts.h"
#include "trial/conduct/upload.h"

#include <string.h>

/* What every form route begins with: the place, under the version the entry is kept in. */
typedef struct form_work {
    study_request *request;
    lb_form_place place;
    lb_entry entry;
    lb_entry_ask ask;
    lb_entry_plan plan;
    lb_form_computed kept; /* what follows from the values kept */
    lb_value *out;
    const char *version, *what;
    int64_t number;
    bool second, older; /* older: kept under a version that is no longer in force */
    int code;           /* of the look */
    lb_error err;
} form_work;

static int read_version(lb_tx *tx, void *context, lb_error *err)
{
    form_work *w = context;
    const study_request *r = w->request;
    return lb_entry_version(tx, r->part[0], r->part[1], r->part[2], &w->version, err);
}

static int place_of(form_work *w, const lb_study *study, lb_error *err)
{
    study_request *r = w->request;
    return lb_form_place_find(study, r->registry, &r->actor, r->part[0], r->part[1], r->part[2], r->arena, &w->place, err);
}

static int find_place(form_work *w, lb_error *err)
{
    study_request *r = w->request;
    const lb_study *study = r->study;
    w->second = lb_text_equal(study_query(r, "keying"), "2");
    int code = study_read(r, read_version, w, err);
    if (!code && w->version) code = study_version(r, w->version, &study, err);
    return code ? code : place_of(w, study, err);
}

/* -- GET --------------------------------------------------------------------------------------------------------------- */

static const char *draft_key(const form_work *w)
{
    return lb_arena_printf(w->request->arena, "%s|%s%s", w->request->actor.user, w->place.key, w->second ? "|2" : "");
}

static int add_draft(lb_tx *tx, const form_work *w, lb_error *err)
{
    const lb_record *draft = NULL;
    int code = lb_tx_get(tx, LB_KIND_DRAFT, draft_key(w), &draft, err);
    if (code || !draft) return code;
    lb_set(w->out, "draft", (lb_value *)draft->body);
    return LB_OK;
}

typedef struct query_list {
    lb_value *list;
    int64_t now_us;
} query_list;

static int take_query(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    query_list *q = context;
    lb_push(q->list, lb_query_value(record, q->now_us, q->list->arena));
    return 0;
}

static int add_queries(lb_tx *tx, const form_work *w, lb_error *err)
{
    query_list q = {lb_set_array(w->out, "queries"), lb_tx_now_us(tx)};
    const lb_find find = {.kind = LB_KIND_QUERY, .parent = w->place.key};
    return lb_tx_scan(tx, &find, take_query, &q, err);
}

static int add_files(lb_tx *tx, const form_work *w, lb_error *err)
{
    return w->entry.blind ? LB_OK : lb_upload_list(tx, &w->entry, lb_set_object(w->out, "files"), err);
}

/* Second keying: an empty form, or one's own values; never the first person's, and nothing computed from them. */
static int show_second(lb_tx *tx, form_work *w, lb_error *err)
{
    lb_arena *arena = w->request->arena;
    const lb_entry *e = &w->entry;
    bool own = e->second != NULL;
    int code = lb_entry_may_write(tx, e, true, err);
    if (code) return code;
    const lb_value *values = own ? lb_get(e->second->body, "values") : NULL, *missing = own ? lb_get(e->second->body, "missing") : NULL;
    lb_form_computed computed;
    code = lb_entry_compute(tx, e, values, missing, &computed, err);
    if (code) return code;
    lb_set(w->out, "values", values ? (lb_value *)values : lb_value_object(arena));
    lb_set(w->out, "missing", missing ? (lb_value *)missing : lb_value_object(arena));
    lb_set_text(w->out, "state", own ? e->second->state : "empty");
    lb_set_int(w->out, "revision", own ? e->second->revision : 0);
    lb_set(w->out, "computed", lb_form_computed_json(&computed, arena));
    lb_set(w->out, "findings", computed.findings);
    lb_set_array(w->out, "queries");
    lb_push_text(lb_set_array(w->out, "may"), "second");
    return LB_OK;
}

static void show_kept(form_work *w)
{
    static const char *const kept[] = {"entered", "verified", "signatures", "confirmed", "keyed_by"};
    const lb_entry *e = &w->entry;
    lb_arena *arena = w->request->arena;
    lb_form_computed nothing = {.values = lb_value_object(arena), .shown = lb_value_object(arena), .derived = lb_value_object(arena),
                                .findings = lb_value_array(arena)};
    const lb_form_computed *computed = e->blind ? &nothing : &w->kept;
    lb_set(w->out, "values", e->blind ? lb_value_object(arena) : (lb_value *)e->values);
    lb_set(w->out, "missing", e->blind ? lb_value_object(arena) : (lb_value *)e->missing);
    lb_set_text(w->out, "state", e->state ? e->state : "empty");
    lb_set_int(w->out, "revision", e->revision);
    lb_set_bool(w->out, "blind", e->blind);
    for (size_t i = 0; e->main && !e->blind && i < LB_COUNT(kept); i++)
        if (lb_get(e->main->body, kept[i])) lb_set(w->out, kept[i], lb_get(e->main->body, kept[i]));
    lb_set(w->out, "computed", lb_form_computed_json(computed, arena));
    lb_set(w->out, "findings", computed->findings);
    if (e->main && e->main->changed_us) {
        lb_set_text(w->out, "saved_at", lb_when(e->main->changed_us, arena));
        lb_set_text(w->out, "saved_by", e->main->changed_by);
    }
}

static int read_form(lb_tx *tx, void *context, lb_error *err)
{
    form_work *w = context;
    lb_arena *arena = w->request->arena;
    int code = lb_entry_load(tx, &w->place, &w->entry, err);
    if (!code) code = lb_entry_compute(tx, &w->entry, w->entry.values, w->entry.missing, &w->kept, err);
    if (code) return code;
    w->out = lb_value_object(arena);
    lb_set_text(w->out, "subject", w->place.subject);
    lb_set_text(w->out, "site", w->entry.person->site);
    lb_set_text(w->out, "visit", w->place.visit_text);
    lb_set_label(w->out, "visit_label", &w->place.study->visit[w->place.visit].label);
    lb_set_text(w->out, "version", w->place.study->version);
    lb_set_int(w->out, "keying", w->second ? 2 : 1);
    lb_value *form = lb_form_describe(w->place.study, w->entry.form, w->request->actor.masked, arena);
    lb_set(w->out, "form", form);
    code = lb_texts_over(tx, w->place.study, w->entry.person->site, form, err);
    if (code) return code;
    if (w->second) {
        code = show_second(tx, w, err);
    } else {
        show_kept(w);
        code = add_files(tx, w, err);
        if (!code) code = add_queries(tx, w, err);
        if (!code) code = lb_entry_may(tx, &w->entry, lb_set_array(w->out, "may"), err);
    }
    lb_set_text(w->out, "second", lb_entry_second(&w->entry, &w->request->actor));
    return code ? code : add_draft(tx, w, err);
}

static int get_form(study_request *r, lb_answer *answer, lb_error *err)
{
    form_work w = {.request = r};
    int code = find_place(&w, err);
    if (!code) code = study_read(r, read_form, &w, err);
    if (!code) study_answer(answer, w.out);
    return code;
}

/* -- check, draft -------------------------------------------------------------------------------------------------------- */

static int compute(lb_tx *tx, void *context, lb_error *err)
{
    form_work *w = context;
    lb_form_computed computed;
    int code = lb_entry_load(tx, &w->place, &w->entry, err);
    if (!code) code = lb_entry_compute(tx, &w->entry, lb_get(w->request->body, "values"), lb_get(w->request->body, "missing"), &computed, err);
    if (code) return code;
    w->out = lb_value_object(w->request->arena);
    lb_set(w->out, "computed", lb_form_computed_json(&computed, w->request->arena));
    lb_set(w->out, "findings", computed.findings);
    return LB_OK;
}

static int post_check(study_request *r, lb_answer *answer, lb_error *err)
{
    form_work w = {.request = r};
    int code = find_place(&w, err);
    if (!code) code = study_read(r, compute, &w, err);
    if (!code) study_answer(answer, w.out);
    return code;
}

static int write_draft(lb_tx *tx, void *context, lb_error *err)
{
    form_work *w = context;
    lb_arena *arena = w->request->arena;
    lb_value *body = lb_value_object(arena);
    int code = lb_entry_load(tx, &w->place, &w->entry, err);
    if (!code) code = lb_entry_may_write(tx, &w->entry, w->second, err);
    if (code) return code;
    lb_set(body, "values", lb_get(w->request->body, "values"));
    if (lb_get(w->request->body, "missing")) lb_set(body, "missing", lb_get(w->request->body, "missing"));
    lb_set_int(body, "base_revision", lb_get_int(w->request->body, "base_revision", 0));
    lb_set_text(body, "saved_at", lb_when(lb_tx_now_us(tx), arena));
    const lb_change change = {.action = "draft"};
    lb_record record = {.kind = LB_KIND_DRAFT, .key = draft_key(w), .site = w->entry.person->site, .subject = w->place.subject, .parent = w->place.key,
                        .reveals_arm = lb_form_reveals(w->entry.form, &w->place.study->visit[w->place.visit]), .body = body};
    w->out = lb_value_object(arena);
    lb_set_text(w->out, "saved_at", lb_when(lb_tx_now_us(tx), arena));
    return lb_tx_put(tx, &record, -1, &change, err);
}

static int put_draft(study_request *r, lb_answer *answer, lb_error *err)
{
    form_work w = {.request = r};
    int code = find_place(&w, err);
    if (!code) code = study_write(r, write_draft, &w, err);
    if (!code) study_answer(answer, w.out);
    return code;
}

static int drop_draft(lb_tx *tx, void *context, lb_error *err)
{
    const form_work *w = context;
    const lb_record *draft = NULL;
    int code = lb_tx_get(tx, LB_KIND_DRAFT, draft_key(w), &draft, err);
    return code || !draft ? code : lb_tx_remove(tx, LB_KIND_DRAFT, draft_key(w), err);
}

static int delete_draft(study_request *r, lb_answer *answer, lb_error *err)
{
    form_work w = {.request = r};
    int code = find_place(&w, err);
    if (!code) code = study_write(r, drop_draft, &w, err);
    if (code) return code;
    w.out = lb_value_object(r->arena);
    lb_set_bool(w.out, "removed", true);
    study_answer(answer, w.out);
    return LB_OK;
}

/* -- PUT: save ------------------------------------------------------------------------------------------------------------ */

static int prepare(lb_tx *tx, void *context, lb_error *err)
{
    form_work *w = context;
    w->ask.draft = draft_key(w);
    return lb_entry_prepare(tx, &w->place, &w->ask, &w->plan, err);
}

static size_t names_of_save(const study_request *r, lb_name name[STUDY_LOOK])
{
    lb_find *whole = lb_arena_alloc(r->arena, sizeof *whole);
    return lb_place_names(r->part[0], r->part[1], r->part[2], r->arena, whole, name);
}

/* Most entries are kept under the version in force: place and plan in the transaction that finds out who asks. */
static void look_at_save(lb_tx *tx, study_request *r)
{
    form_work *w = lb_arena_alloc(r->arena, sizeof *w);
    *w = (form_work){.request = r, .second = lb_text_equal(study_query(r, "keying"), "2")};
    w->ask = (lb_entry_ask){.values = lb_get(r->body, "values"), .missing = lb_get(r->body, "missing"), .confirmed = lb_get(r->body, "confirmed"),
                            .revision = lb_get_int(r->body, "revision", 0), .reason = lb_get_text(r->body, "reason", NULL), .second = w->second};
    r->seen = w;
    w->code = read_version(tx, w, &w->err);
    w->older = !w->code && w->version && !lb_text_equal(w->version, r->study->version);
    if (w->code || w->older) return;
    w->code = place_of(w, r->study, &w->err);
    if (!w->code) w->code = prepare(tx, w, &w->err);
}

static int commit(lb_tx *tx, void *context, lb_error *err)
{
    form_work *w = context;
    int code = lb_entry_commit(tx, &w->plan, err);
    w->number = lb_tx_now_us(tx);
    return code;
}

/* Somebody was first: what is there now goes with the refusal, so that nothing is lost on either side. */
static void answer_conflict(form_work *w, lb_answer *answer, const lb_error *err)
{
    lb_arena *arena = w->request->arena;
    const lb_entry *e = &w->plan.before;
    lb_answer_error(answer, 409, err);
    const lb_bytes bytes = {(const uint8_t *)answer->body.data, answer->body.length, "answer"};
    lb_value *out = NULL;
    lb_error ignored = LB_ERROR_INIT;
    if (lb_json_read(&bytes, arena, &out, &ignored) != LB_OK) return;
    lb_value *current = lb_set_object(out, "current");
    const lb_record *record = w->second ? e->second : e->main;
    lb_set(current, "values", w->second ? (record ? lb_get(record->body, "values") : lb_value_object(arena)) : e->blind ? lb_value_object(arena) : (lb_value *)e->values);
    lb_set(current, "missing", w->second || e->blind ? lb_value_object(arena) : (lb_value *)e->missing);
    lb_set_int(current, "revision", w->second ? (record ? record->revision : 0) : e->revision);
    lb_set_text(current, "by", record ? record->changed_by : NULL);
    lb_set_text(current, "at", record ? lb_when(record->changed_us, arena) : NULL);
    answer->body.length = 0;
    lb_answer_json(answer, out);
    answer->status = 409;
}

static void answer_findings(form_work *w, lb_answer *answer, const lb_error *err)
{
    lb_answer_error(answer, 422, err);
    const lb_bytes bytes = {(const uint8_t *)answer->body.data, answer->body.length, "answer"};
    lb_value *out = NULL;
    lb_error ignored = LB_ERROR_INIT;
    if (!w->plan.computed.findings || lb_json_read(&bytes, w->request->arena, &out, &ignored) != LB_OK) return;
    lb_set(out, "findings", w->plan.computed.findings);
    answer->body.length = 0;
    lb_answer_json(answer, out);
    answer->status = 422;
}

static void answer_saved(form_work *w, lb_answer *answer)
{
    lb_arena *arena = w->request->arena;
    lb_value *out = lb_value_object(arena);
    lb_set_int(out, "revision", w->plan.revision);
    lb_set_text(out, "saved_at", lb_when(w->number, arena));
    lb_set_text(out, "state", w->plan.state);
    if (w->plan.second_state) lb_set_text(out, "second", w->plan.second_state);
    lb_set(out, "computed", lb_form_computed_json(&w->plan.computed, arena));
    lb_set(out, "findings", w->plan.computed.findings);
    lb_set_int(out, "queries_opened", (int64_t)w->plan.queries_opened);
    study_answer(answer, out);
}

static int put_form(study_request *r, lb_answer *answer, lb_error *err)
{
    form_work *w = r->seen;
    int code = w->code;
    *err = w->err;
    if (!code && w->older) code = find_place(w, err);
    if (!code && w->older) code = study_read(r, prepare, w, err);
    if (!code) {
        lb_name name[LB_ENTRY_NAMES];
        code = lb_store_write_ahead(r->store, &r->actor, r->arena, name, lb_entry_names(&w->plan, name), commit, w, err);
        /* Somebody came in between: say what there is now. */
        lb_error again = LB_ERROR_INIT;
        if (code == LB_CONFLICT) (void)!study_read(r, prepare, w, &again);
    }
    err->code = code;
    if (code == LB_CONFLICT && w->plan.before.person) answer_conflict(w, answer, err);
    else if (code == LB_BAD_DATA) answer_findings(w, answer, err);
    else if (code) return code;
    else answer_saved(w, answer);
    return LB_OK;
}

const study_look study_save_look = {put_form, names_of_save, look_at_save};

/* -- double entry ------------------------------------------------------------------------------------------------------------ */

static int read_differences(lb_tx *tx, void *context, lb_error *err)
{
    form_work *w = context;
    int code = lb_entry_load(tx, &w->place, &w->entry, err);
    if (code) return code;
    w->out = lb_value_object(w->request->arena);
    lb_set_text(w->out, "second", lb_entry_second(&w->entry, &w->request->actor));
    lb_value *list = lb_set_array(w->out, "differences");
    return w->entry.blind ? LB_OK : lb_entry_differences(&w->entry, list, err);
}

static int get_differences(study_request *r, lb_answer *answer, lb_error *err)
{
    form_work w = {.request = r};
    int code = find_place(&w, err);
    if (!code) code = study_read(r, read_differences, &w, err);
    if (!code) study_answer(answer, w.out);
    return code;
}

static int settle(lb_tx *tx, void *context, lb_error *err)
{
    form_work *w = context;
    return lb_entry_settle(tx, &w->place, lb_get(w->request->body, "settle"), &w->number, err);
}

static int post_settle(study_request *r, lb_answer *answer, lb_error *err)
{
    form_work w = {.request = r};
    int code = find_place(&w, err);
    if (!code) code = study_write(r, settle, &w, err);
    if (code) return code;
    w.out = lb_value_object(r->arena);
    lb_set_int(w.out, "left", w.number);
    study_answer(answer, w.out);
    return LB_OK;
}

/* -- verification, signature, freeze, lock --------------------------------------------------------------------------------------- */

static int act(lb_tx *tx, void *context, lb_error *err)
{
    form_work *w = context;
    const study_request *r = w->request;
    int code = lb_entry_load(tx, &w->place, &w->entry, err);
    if (!code) code = lb_study_running(tx, err);
    if (code) return code;
    if (strcmp(w->what, "verify") == 0) return lb_entry_verify(tx, &w->entry, lb_get(r->body, "items"), err);
    if (strcmp(w->what, "sign") == 0) return lb_entry_sign(tx, &w->entry, r->full_name, study_text(r, "meaning"), err);
    return lb_entry_hold(tx, &w->entry, w->what, lb_get_text(r->body, "reason", NULL), err);
}

static int post_act(study_request *r, lb_answer *answer, const char *what, lb_error *err)
{
    form_work w = {.request = r, .what = what};
    int code = find_place(&w, err);
    if (!code) code = study_write(r, act, &w, err);
    if (!code) code = study_read(r, read_form, &w, err);
    if (!code) study_answer(answer, w.out);
    return code;
}

static int post_verify(study_request *r, lb_answer *answer, lb_error *err) { return post_act(r, answer, "verify", err); }
static int post_freeze(study_request *r, lb_answer *answer, lb_error *err) { return post_act(r, answer, "freeze", err); }
static int post_unfreeze(study_request *r, lb_answer *answer, lb_error *err) { return post_act(r, answer, "unfreeze", err); }
static int post_lock(study_request *r, lb_answer *answer, lb_error *err) { return post_act(r, answer, "lock", err); }
static int post_unlock(study_request *r, lb_answer *answer, lb_error *err) { return post_act(r, answer, "unlock", err); }

static int post_sign(study_request *r, lb_answer *answer, lb_error *err)
{
    int code = study_confirm(r, study_text(r, "password"), err);
    return code ? code : post_act(r, answer, "sign", err);
}

#define FORM "/api/forms/{subject}/{visit}/{form}"
static const study_route routes[] = {
    {"GET", FORM, LB_MAY_PEOPLE, 0, get_form, "a form with what is kept of it", "keying", NULL, "#FormPage"},
    {"PUT", FORM, LB_MAY_PEOPLE, 0, put_form, "save a form", "keying", "{values:{*:any},missing?:{*:text},revision:int,reason?:text~,confirmed?:[text]}", "#Saved"},
    {"POST", FORM "/check", LB_MAY_PEOPLE, 0, post_check, "compute and check values while somebody types", "keying", "{values:{*:any},missing?:{*:text}}",
     "{computed:#Computed,findings:[#Finding]}"},
    {"PUT", FORM "/draft", LB_MAY_PEOPLE, 0, put_draft, "keep what was typed so far", "keying", "{values:{*:any},missing?:{*:text},base_revision?:int}", "{saved_at:time}"},
    {"DELETE", FORM "/draft", LB_MAY_PEOPLE, 0, delete_draft, "drop what was typed so far", "keying", NULL, "{removed:bool}"},
    {"GET", FORM "/differences", LB_MAY_SETTLE, 0, get_differences, "where the two keyings differ", NULL, NULL,
     "{second:#Second~,differences:[{item:text,label:#Label,first:any,second:any}]}"},
    {"POST", FORM "/settle", LB_MAY_SETTLE, 0, post_settle, "settle differences, each with a reason", NULL,
     "{settle:[{item:text,choice:(first|second|other),value?:any,reason:text}]}", "{left:int}"},
    {"POST", FORM "/verify", LB_MAY_VERIFY, 0, post_verify, "items agree with the source", NULL, "{items:[text]}", "#FormPage"},
    {"POST", FORM "/sign", LB_MAY_SIGN, 0, post_sign, "sign, with the password again", NULL, "{password:text,meaning:text}", "#FormPage"},
    {"POST", FORM "/freeze", LB_MAY_FREEZE, 0, post_freeze, "nothing on this form changes for now", NULL, NULL, "#FormPage"},
    {"POST", FORM "/unfreeze", LB_MAY_FREEZE, 0, post_unfreeze, "it may change again", NULL, "{reason:text}", "#FormPage"},
    {"POST", FORM "/lock", LB_MAY_LOCK, 0, post_lock, "this form is done", NULL, NULL, "#FormPage"},
    {"POST", FORM "/unlock", LB_MAY_LOCK, 0, post_unlock, "open it again", NULL, "{reason:text}", "#FormPage"},
};

static const study_schema schemas[] = {
    {"Finding", "{item:text~,severity:(hard|soft),code:text,message:text,label?:#Label}"},
    {"Computed", "{shown:{*:bool},derived:{*:any},score_name?:text,score:number~,reason:text~,score_detail?:{*:any},answered:int,missing:int,"
                 "required_missing:int,complete:bool}"},
    {"Item", "{id:text,label:#Label,type:(text|integer|number|date|datetime|choice|choices|yesno|slider|derived|file),unit?:text,units?:{*:number},range?:[number~],"
             "expected?:[number~],codes?:[{code:text,label:#Label}],required:bool,reveals_arm:bool,shown_if:bool,partial?:bool,group?:#Label,accept?:[text],"
             "max_mb?:number,note?:any}"},
    {"Form", "{id:text,label:#Label,instrument?:text,filled_by:text,entry:(single|double),instruction?:{*:text},items:[#Item]}"},
    {"Signature", "{by:text,full_name:text,role:text,meaning:text,at:time,hash:text,void_at?:time}"},
    {"FormPage", "{subject:text,site:text,visit:text,visit_label:#Label,version:text,keying:int,form:#Form,values:{*:any},missing:{*:text},state:text,revision:int,"
                 "blind?:bool,second:#Second~,computed:#Computed,findings:[#Finding],queries:[#Query],may:[text],draft?:{values:{*:any},missing?:{*:text},"
                 "base_revision:int,saved_at:time},entered?:{*:{value:number,unit:text}},verified?:{*:{by:text,at:time}},signatures?:[#Signature],"
                 "confirmed?:{*:text},keyed_by?:[{by:text,role:text,at:time}],files?:{*:{id:text,name:text,size:int,sha256:text,type:text}},saved_at?:time,saved_by?:text}"},
    {"Saved", "{revision:int,saved_at:time,state:text,second?:#Second,computed:#Computed,findings:[#Finding],queries_opened:int}"},
};

const study_table study_form_routes = {routes, LB_COUNT(routes), schemas, LB_COUNT(schemas)};

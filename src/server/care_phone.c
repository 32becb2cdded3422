/* Routes of participants' own pages. No sign-in: the path carries the secret. What is asked for under a link that is not valid
 * is not there, whatever the reason. */
#include "server/care.h"
#include "trial/conduct/phone.h"
#include "trial/conduct/records.h"

#include <string.h>

static const lb_actor system_actor = {.user = "system", .role = "system", .masked = false, .clinical = true};

typedef struct page {
    study_request *request;
    const char *subject, *user;
    lb_value *out;
} page;

static int find_body(lb_tx *tx, void *context, lb_error *err)
{
    page *p = context;
    return lb_link_find(tx, p->request->part[0], &p->subject, &p->user, err);
}

static int page_body(lb_tx *tx, void *context, lb_error *err)
{
    page *p = context;
    return lb_phone_page(tx, p->request->store, p->request->study, p->subject, &p->out, err);
}

/* The participant behind the link, as an actor. */
static int open_link(study_request *r, page *p, lb_actor *actor, lb_error *err)
{
    *p = (page){.request = r};
    int code = lb_store_read(r->store, &system_actor, r->arena, find_body, p, err);
    if (!code && !p->subject) code = study_absent(err, "link");
    if (!code && !r->study) code = study_absent(err, "link");
    if (!code) *actor = (lb_actor){.user = lb_arena_printf(r->arena, "participant:%s", p->subject), .role = "participant", .clinical = true};
    return code;
}

static int get_page(study_request *r, lb_answer *answer, lb_error *err)
{
    page p;
    lb_actor actor;
    int code = open_link(r, &p, &actor, err);
    if (!code) code = lb_store_read(r->store, &actor, r->arena, page_body, &p, err);
    if (code) return code;
    lb_answer_header(answer, "Referrer-Policy", "no-referrer");
    study_answer(answer, p.out);
    return LB_OK;
}

static int post_entries(study_request *r, lb_answer *answer, lb_error *err)
{
    page p;
    lb_actor actor;
    lb_value *list = NULL;
    int code = open_link(r, &p, &actor, err);
    if (!code) code = lb_phone_sync(r->store, r->study, p.subject, r->body, r->registry, r->arena, &list, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set(out, "entries", list);
    study_answer(answer, out);
    return LB_OK;
}

static const study_route routes[] = {
    {"GET", "/api/p/{token}", NULL, STUDY_OPEN, get_page, "a participant's own pages, enough to work without network", NULL, NULL, "#Phone"},
    {"POST", "/api/p/{token}/entries", NULL, STUDY_OPEN, post_entries, "what was filled in, perhaps offline", NULL,
     "{sent_at:time,entries:[{id:text,form:text,visit:text,values:object,recorded_at:time}]}",
     "{entries:[{id:text,status:(kept|already|refused),message:text~}]}"},
};

static const study_schema schemas[] = {
    {"PhoneItem", "{id:text,label:#Label,type:text,required:bool,unit?:text,range?:[number~],shown_if?:text,codes?:[{code:text,label:#Label}]}"},
    {"PhoneDay", "{visit:text,label:#Label,day:int,date:date,opens:date,closes:date,form:text,state:(empty|kept),open:bool}"},
    {"Phone", "{study:{id:text,title:#Label},languages:[text],subject_code:text,today:date,now:time,utc_offset_seconds:int,welcome:#Label,thanks:#Label,"
              "contact:#Label,forms:[{id:text,label:#Label,instruction?:{*:text},items:[#PhoneItem]}],ended:bool,days:[#PhoneDay]}"},
};

const study_table care_phone_routes = {routes, LB_COUNT(routes), schemas, LB_COUNT(schemas)};

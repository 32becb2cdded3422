/* The matrix, one person, identifiers, history. */
#include "server/study_home.h"
#include "trial/conduct/history.h"
#include "trial/conduct/people.h"

#include <string.h>

/* -- the matrix ------------------------------------------------------------------------------------------------------ */

typedef struct wanted {
    study_request *request;
    const char *subject;
    lb_value *out;
} wanted;

static int read_matrix(lb_tx *tx, void *context, lb_error *err)
{
    wanted *w = context;
    return lb_people_matrix(tx, w->request->store, w->request->study, study_query(w->request, "site"), study_query(w->request, "state"), &w->out, err);
}

static int get_people(study_request *r, lb_answer *answer, lb_error *err)
{
    wanted w = {.request = r};
    int code = study_read(r, read_matrix, &w, err);
    if (!code) study_answer(answer, w.out);
    return code;
}

static int write_person(lb_tx *tx, void *context, lb_error *err)
{
    wanted *w = context;
    return lb_people_add(tx, w->request->study, study_text(w->request, "site"), &w->subject, err);
}

static int post_people(study_request *r, lb_answer *answer, lb_error *err)
{
    wanted w = {.request = r};
    int code = study_write(r, write_person, &w, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set_text(out, "subject", w.subject);
    study_answer(answer, out);
    return LB_OK;
}

/* -- one person ------------------------------------------------------------------------------------------------------ */

static int read_person(lb_tx *tx, void *context, lb_error *err)
{
    wanted *w = context;
    return lb_people_one(tx, w->request->store, w->request->study, w->request->part[0], &w->out, err);
}

static int get_person(study_request *r, lb_answer *answer, lb_error *err)
{
    wanted w = {.request = r};
    int code = study_read(r, read_person, &w, err);
    if (!code) study_answer(answer, w.out);
    return code;
}

/* -- identifiers: apart from the data; looking at them is audited ------------------------------------------------------ */

static int check_subject(lb_tx *tx, const char *subject, lb_error *err)
{
    const lb_record *record = NULL;
    int code = lb_tx_get(tx, LB_KIND_SUBJECT, subject, &record, err);
    return code || record ? code : study_absent(err, "participant");
}

static int read_identity(lb_tx *tx, void *context, lb_error *err)
{
    wanted *w = context;
    const lb_value *identity = NULL;
    int code = check_subject(tx, w->request->part[0], err);
    if (!code) code = lb_tx_identity_get(tx, w->request->part[0], &identity, err);
    if (code) return code;
    const lb_record *person = NULL;
    code = lb_tx_get(tx, LB_KIND_SUBJECT, w->request->part[0], &person, err);
    const lb_audit note = {.action = "view_identity", .kind = LB_KIND_SUBJECT, .key = w->request->part[0], .subject = w->request->part[0],
                           .site = person ? person->site : NULL};
    w->out = lb_value_object(w->request->arena);
    for (size_t i = 0; identity && i < identity->count; i++) lb_set(w->out, identity->key[i], identity->item[i]);
    return code ? code : lb_tx_note(tx, &note, err);
}

static int get_identity(study_request *r, lb_answer *answer, lb_error *err)
{
    wanted w = {.request = r};
    int code = study_write(r, read_identity, &w, err);
    if (!code) study_answer(answer, w.out);
    return code;
}

static int write_identity(lb_tx *tx, void *context, lb_error *err)
{
    wanted *w = context;
    int code = check_subject(tx, w->request->part[0], err);
    return code ? code : lb_tx_identity_put(tx, w->request->part[0], lb_get(w->request->body, "identity"), study_text(w->request, "reason"), err);
}

static int put_identity(study_request *r, lb_answer *answer, lb_error *err)
{
    wanted w = {.request = r};
    int code = study_write(r, write_identity, &w, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set_bool(out, "saved", true);
    study_answer(answer, out);
    return LB_OK;
}

/* -- history ---------------------------------------------------------------------------------------------------------- */

static int read_history(lb_tx *tx, void *context, lb_error *err)
{
    wanted *w = context;
    const study_request *r = w->request;
    const lb_history_ask ask = {.study = r->study, .subject = r->part[0], .item = study_query(r, "item"), .visit = study_query(r, "visit"),
                                .form = study_query(r, "form"), .limit = 1000};
    int code = check_subject(tx, r->part[0], err);
    return code ? code : lb_history_read(tx, &ask, &w->out, err);
}

static int get_history(study_request *r, lb_answer *answer, lb_error *err)
{
    wanted w = {.request = r};
    int code = study_read(r, read_history, &w, err);
    if (!code) study_answer(answer, w.out);
    return code;
}

static int read_audit(lb_tx *tx, void *context, lb_error *err)
{
    wanted *w = context;
    const study_request *r = w->request;
    lb_history_ask ask = {.study = r->study, .user = study_query(r, "user"), .subject = study_query(r, "subject"), .kind = study_query(r, "kind"),
                          .action = study_query(r, "action"), .from = study_query(r, "from"), .to = study_query(r, "to"), .limit = 200};
    const char *before = study_query(r, "before");
    if (before && !lb_text_integer(before, strlen(before), &ask.seq_before)) return lb_fail(err, LB_USAGE, "before is the number of an entry");
    return lb_history_read(tx, &ask, &w->out, err);
}

static int get_audit(study_request *r, lb_answer *answer, lb_error *err)
{
    wanted w = {.request = r};
    int code = study_read(r, read_audit, &w, err);
    if (!code) study_answer(answer, w.out);
    return code;
}

static const study_route routes[] = {
    {"GET", "/api/people", LB_MAY_PEOPLE, 0, get_people, "subjects by visits", "site,state", NULL, "#Matrix"},
    {"POST", "/api/people", LB_MAY_SCREEN, 0, post_people, "begin the screening of a person", NULL, "{site:text}", "{subject:text}"},
    {"GET", "/api/people/{subject}", LB_MAY_PEOPLE, 0, get_person, "one person with the time line", NULL, NULL, "#Person"},
    {"GET", "/api/people/{subject}/identity", LB_MAY_IDENTITY, 0, get_identity, "name and contact, kept apart; looking is audited", NULL, NULL, "{*:any}"},
    {"PUT", "/api/people/{subject}/identity", LB_MAY_IDENTITY_WRITE, 0, put_identity, "keep name and contact", NULL, "{identity:{*:text},reason?:text}",
     "{saved:bool}"},
    {"GET", "/api/people/{subject}/history", LB_MAY_PEOPLE, 0, get_history, "everything ever changed about a person, newest first", "item,visit,form",
     NULL, "#History"},
    {"GET", "/api/audit", LB_MAY_AUDIT, STUDY_BEFORE, get_audit, "the audit, newest first; `before` pages on", "user,subject,kind,action,from,to,before", NULL,
     "#History"},
};

static const study_schema schemas[] = {
    {"Matrix", "{visits:[{id:text,label:#Label,nominal:int~,repeats:bool,optional:bool,reveals_arm:bool}],"
               "people:[{subject:text,site:text,state:text,cells:{*:#CellState},flags:{*:int},queries:int,adherence?:number~,adherent?:bool}],total:int}"},
    {"CellState", "(not_due|due|started|complete|verified|signed|frozen|locked|missed)"},
    {"FormState", "(empty|started|complete|verified|signed|frozen|locked)"},
    {"Second", "(needed|mine|differences|agreed|settled)"},
    {"PersonForm", "{form:text,label:#Label,filled_by:text,state:#FormState,entry:(single|double),second:#Second~,missing:int,score?:number~,queries:int,"
                   "revision:int,version:text~,mine:bool}"},
    {"PersonVisit", "{visit:text,id:text,occurrence?:int,label:#Label,unscheduled:bool,optional:bool,day?:int,date?:date,window?:[date],state:#CellState,"
                    "forms:[#PersonForm]}"},
    {"Arm", "{id:text,code?:text,label:#Label}"},
    {"Person", "{subject:text,site:text,state:text,protocol_version:text~,today:date,allocation:{state:(none|allocated),at?:text,by?:text,date?:date,receipt?:text,"
               "arm?:#Arm},timeline:[#PersonVisit],unscheduled:[{visit:text,next:text,label:#Label,forms:[text]}],consents:[any],events:[any],deviations:[any],"
               "withdrawals:[any]}"},
    {"History", "{entries:[{seq:int,at:time,user:text,role:text,site:text~,subject:text~,kind:text,key:text,visit?:text,form?:text,action:text,reason:text~,"
                "version:text~,origin?:{system:text~,user:text~,role:text~,at:time},withheld?:bool,changes:[{item:text,label?:#Label,before:any,after:any}]}],next:int~}"},
};

const study_table study_people_routes = {routes, LB_COUNT(routes), schemas, LB_COUNT(schemas)};

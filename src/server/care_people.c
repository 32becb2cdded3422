/* Routes of one person's way through the trial: consent, screening failure, randomisation, unblinding, withdrawal, deviations,
 * the personal link. */
#include "server/care.h"
#include "trial/conduct/consent.h"
#include "trial/conduct/phone.h"
#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"

#include <lumbar/figure.h>

#include <string.h>

typedef int (*deed)(lb_tx *, const lb_study *, const char *, const lb_value *, lb_error *);

typedef struct doing {
    study_request *request;
    deed deed;
    lb_value *out;
} doing;

/* Where the person stands afterwards: the answer to every deed here. */
static int stand(lb_tx *tx, study_request *r, lb_value **out, lb_error *err)
{
    lb_person *p;
    int code = lb_person_load(tx, r->study, r->part[0], &p, err);
    if (code) return code;
    *out = lb_value_object(r->arena);
    lb_set_text(*out, "subject", p->subject);
    lb_set_text(*out, "state", p->state);
    lb_set(*out, "consent", lb_consent_value(p, r->arena));
    return LB_OK;
}

static int do_body(lb_tx *tx, void *context, lb_error *err)
{
    doing *d = context;
    study_request *r = d->request;
    int code = d->deed(tx, r->study, r->part[0], r->body, err);
    return code ? code : stand(tx, r, &d->out, err);
}

static int do_deed(study_request *r, deed what, lb_answer *answer, lb_error *err)
{
    doing d = {r, what, NULL};
    int code = study_write(r, do_body, &d, err);
    if (code) return code;
    study_answer(answer, d.out);
    return LB_OK;
}

static int post_consent(study_request *r, lb_answer *answer, lb_error *err) { return do_deed(r, lb_consent_add, answer, err); }
static int post_withdraw(study_request *r, lb_answer *answer, lb_error *err) { return do_deed(r, lb_withdraw, answer, err); }
static int post_deviation(study_request *r, lb_answer *answer, lb_error *err) { return do_deed(r, lb_deviation_add, answer, err); }
static int post_flag(study_request *r, lb_answer *answer, lb_error *err) { return do_deed(r, lb_allocation_flag, answer, err); }

static int screen_failure(lb_tx *tx, const lb_study *study, const char *subject, const lb_value *ask, lb_error *err)
{
    return lb_screening_fail(tx, study, subject, lb_get_text(ask, "reason", NULL), err);
}

static int complete(lb_tx *tx, const lb_study *study, const char *subject, const lb_value *ask, lb_error *err)
{
    return lb_complete(tx, study, subject, lb_get_text(ask, "reason", NULL), err);
}

static int post_screen_failure(study_request *r, lb_answer *answer, lb_error *err) { return do_deed(r, screen_failure, answer, err); }
static int post_complete(study_request *r, lb_answer *answer, lb_error *err) { return do_deed(r, complete, answer, err); }

/* -- randomisation --------------------------------------------------------------------------------------------- */

static bool may_see_arm(const study_request *r)
{
    return !r->actor.masked && lb_rights_may(r->actor.role, LB_MAY_ARM);
}

static int view_body(lb_tx *tx, void *context, lb_error *err)
{
    doing *d = context;
    study_request *r = d->request;
    return lb_randomise_view(tx, r->store, r->study, r->part[0], may_see_arm(r), &d->out, err);
}

static int get_randomise(study_request *r, lb_answer *answer, lb_error *err)
{
    doing d = {r, NULL, NULL};
    int code = study_read(r, view_body, &d, err);
    if (code) return code;
    study_answer(answer, d.out);
    return LB_OK;
}

static int post_randomise(study_request *r, lb_answer *answer, lb_error *err)
{
    lb_value *out = NULL;
    const lb_allocator_face *allocator = study_home_options(r->home)->allocator;
    lb_randomise_ask ask = {r->part[0], study_text(r, "key"), may_see_arm(r)};
    if (!allocator) return lb_fail(err, LB_FAILED, "this server runs without its allocator: nobody can be randomised here");
    int code = study_confirm(r, study_text(r, "password"), err);
    if (!code) code = lb_randomise(r->store, &r->actor, r->study, allocator, &ask, r->arena, &out, err);
    if (code) return code;
    study_answer(answer, out);
    return LB_OK;
}

static int post_unblind(study_request *r, lb_answer *answer, lb_error *err)
{
    lb_value *out = NULL;
    int code = study_confirm(r, study_text(r, "password"), err);
    if (!code) code = lb_unblind_person(r->store, &r->actor, r->study, r->part[0], study_text(r, "reason"), r->arena, &out, err);
    if (code) return code;
    study_answer(answer, out);
    return LB_OK;
}

/* -- the personal link ----------------------------------------------------------------------------------------- */

enum { LINK_DAYS = 500 };

typedef struct linking {
    study_request *request;
    char token[LB_LINK_TOKEN + 1];
    const char *ends;
} linking;

static int link_body(lb_tx *tx, void *context, lb_error *err)
{
    linking *l = context;
    return lb_link_make(tx, l->request->study, l->request->part[0], LINK_DAYS, l->token, &l->ends, err);
}

const char *care_url(const study_request *r, const char *path)
{
    const study_options *o = study_home_options(r->home);
    if (o->public_url) return lb_arena_printf(r->arena, "%s%s", o->public_url, path);
    return lb_arena_printf(r->arena, "%s://%s%s", o->secure ? "https" : "http", r->http->host ? r->http->host : "localhost", path);
}

static int post_link(study_request *r, lb_answer *answer, lb_error *err)
{
    linking l = {.request = r};
    lb_buf svg = {0};
    int code = study_write(r, link_body, &l, err);
    if (code) return code;
    const char *url = care_url(r, lb_arena_printf(r->arena, "/p/%s", l.token));
    code = lb_qr_svg(url, &svg, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set_text(out, "url", url);
    lb_set_text(out, "qr_svg", lb_arena_text(r->arena, svg.data));
    lb_set_text(out, "ends", l.ends);
    lb_buf_free(&svg);
    study_answer(answer, out);
    return LB_OK;
}

static int end_link(lb_tx *tx, const lb_study *study, const char *subject, const lb_value *ask, lb_error *err)
{
    (void)ask;
    return lb_link_end(tx, study, subject, err);
}

static int delete_link(study_request *r, lb_answer *answer, lb_error *err) { return do_deed(r, end_link, answer, err); }

static const study_route routes[] = {
    {"POST", "/api/people/{subject}/consent", LB_MAY_CONSENT, 0, post_consent, "record a consent, its renewal, or that it was taken back", NULL,
     "{stage?:text,kind?:(first|renewed|withdrawn),form_version?:text,language?:text,date:date,taken_by?:text,reason?:text}", "#Standing"},
    {"POST", "/api/people/{subject}/screen_failure", LB_MAY_SCREEN, 0, post_screen_failure, "the person is not enrolled", NULL, "{reason?:text}", "#Standing"},
    {"POST", "/api/people/{subject}/withdraw", LB_MAY_WITHDRAW, 0, post_withdraw, "the person leaves: treatment, follow-up or consent", NULL,
     "{kind:text,date:date,reason?:text}", "#Standing"},
    {"POST", "/api/people/{subject}/deviation", LB_MAY_DEVIATION, 0, post_deviation, "a deviation from the protocol", NULL,
     "{kind:text,severity:text,visit?:text,date?:date,text:text,per_protocol?:bool,reveals_arm?:bool}", "#Standing"},
    {"POST", "/api/people/{subject}/complete", LB_MAY_WITHDRAW, 0, post_complete, "the person has come to the end of the trial", NULL, "{reason?:text}", "#Standing"},
    {"GET", "/api/people/{subject}/randomise", LB_MAY_PEOPLE, 0, get_randomise, "what the protocol asks before randomisation, and how it stands", NULL, NULL,
     "#Randomise"},
    {"POST", "/api/people/{subject}/randomise", LB_MAY_RANDOMISE, STUDY_UNMASKED, post_randomise, "randomise: final, once", NULL, "{key:text,password:text}",
     "#Allocated"},
    {"POST", "/api/people/{subject}/unblind", LB_MAY_UNBLIND, STUDY_UNMASKED, post_unblind, "emergency unblinding of one person", NULL,
     "{reason:text,password:text}", "{reason:text,by:text,at:time,arm:#Arm}"},
    {"POST", "/api/people/{subject}/allocation", LB_MAY_RANDOMISE, STUDY_UNMASKED, post_flag, "a mistake found after randomisation; the allocation stays", NULL,
     "{kind:(wrong_stratum|ineligible),true_stratum?:text,text:text}", "#Standing"},
    {"POST", "/api/people/{subject}/link", LB_MAY_LINK, 0, post_link, "make the participant's personal link", NULL, NULL, "{url:text,qr_svg:text,ends:time}"},
    {"DELETE", "/api/people/{subject}/link", LB_MAY_LINK, 0, delete_link, "end the participant's personal link", NULL, NULL, "#Standing"},
};

static const study_schema schemas[] = {
    {"Arm", "{id:text,label:#Label}"},
    {"Answer", "{item:text,label:#Label,value:any,value_label?:#Label,unit?:text,to?:text,baseline?:bool}"},
    {"Consent", "{id:text,label:#Label,form_version:text,needs:text~,given?:object,withdrawn:bool,renew:bool}"},
    {"Gate", "{id:text,text:#Label,ok:bool,detail:text~}"},
    {"Check", "{id:text,stage:text,kind:text,text:#Label,rule:text,answer:(yes|no|unknown),met:bool,values:[#Answer]}"},
    {"Standing", "{subject:text,state:text,consent:[#Consent]}"},
    {"NextVisit", "{visit:text,label:#Label,date:date,every_days:int}"},
    {"Allocated", "{state:text,at?:time,by?:text,date?:date,receipt?:text,stratum?:text,flags?:[object],true_stratum?:text,again?:bool,stratum_differs?:bool,"
                  "ineligible?:bool,arm?:#Arm,next?:[#NextVisit]}"},
    {"Randomise", "{subject:text,site:text,state:text,ready:bool,checks:[#Check],consent:[#Consent],gates:[#Gate],"
                  "visits:[{visit:text,label:#Label,complete:bool}],stratum:[#Answer],allocated?:#Allocated}"},
};

const study_table care_people_routes = {routes, LB_COUNT(routes), schemas, LB_COUNT(schemas)};

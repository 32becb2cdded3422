/* Routes of safety and supervision: events with their clocks, reports, watched values; adherence as it stands today. */
#include "server/care.h"
#include "trial/conduct/follow.h"
#include "trial/conduct/logs.h"
#include "trial/conduct/safety.h"

#include <string.h>

typedef struct asking {
    study_request *request;
    lb_value *out;
} asking;

static int safety_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    return lb_safety_all(tx, a->request->study, study_query(a->request, "site"), &a->out, err);
}

static int report_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    study_request *r = a->request;
    return lb_safety_report(tx, r->study, r->part[0], r->part[1], r->body, &a->out, err);
}

static int follow_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    study_request *r = a->request;
    return lb_follow_all(tx, r->store, r->study, study_query(r, "site"), false, &a->out, err);
}

static int answered(asking *a, int code, lb_answer *answer)
{
    if (!code) study_answer(answer, a->out);
    return code;
}

static int get_safety(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {r, NULL};
    return answered(&a, study_read(r, safety_body, &a, err), answer);
}

static int post_report(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {r, NULL};
    int code = study_confirm(r, study_text(r, "password"), err);
    return answered(&a, code ? code : study_write(r, report_body, &a, err), answer);
}

static int get_adherence(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {r, NULL};
    return answered(&a, study_read(r, follow_body, &a, err), answer);
}

static int calls_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    return lb_calls(tx, a->request->store, a->request->study, study_query(a->request, "site"), &a->out, err);
}

static int get_calls(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {r, NULL};
    return answered(&a, study_read(r, calls_body, &a, err), answer);
}

static int drugs_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    return lb_drug_log(tx, a->request->study, study_query(a->request, "site"), &a->out, err);
}

static int get_drugs(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {r, NULL};
    return answered(&a, study_read(r, drugs_body, &a, err), answer);
}

static const study_route routes[] = {
    {"GET", "/api/safety", LB_MAY_SAFETY, 0, get_safety, "adverse events by clock, and watched values", "site", NULL, "#Safety"},
    {"POST", "/api/safety/{subject}/{n}/report", LB_MAY_SAFETY_REPORT, 0, post_report, "a version of a serious event's report, signed for", NULL,
     "{kind:(initial|followup|final),text?:text,password:text}", "#Event"},
    {"GET", "/api/adherence", LB_MAY_ADHERENCE, STUDY_UNMASKED, get_adherence, "adherence week by week, who is behind and why", "site", NULL, "#Adherence"},
    {"GET", "/api/calls", LB_MAY_ADHERENCE, STUDY_UNMASKED, get_calls, "supervision calls: held, due, overdue", "site", NULL, "{calls:[#Call]}"},
    {"GET", "/api/drugs", LB_MAY_PEOPLE, 0, get_drugs, "the study drug as it was taken", "site", NULL, "{people:[#DrugLog]}"},
};

static const study_schema schemas[] = {
    {"Call", "{subject:text,site:text,visit:text,form:text,week:int,date:date,state:(done|not_reached|due|overdue|ahead),rest_days?:number}"},
    {"DrugLog", "{subject:text,site:text,days_taken:number,days_asked:int,"
                "entries:[{visit:text,date:text~,drug?:#Answer,dose?:#Answer,days?:#Answer,change?:#Answer}]}"},
    {"Event", "{subject:text,site:text,n:int,visit:text,form:text,term:text~,code:text~,start:text~,end:text~,severity?:#Answer~,expected?:#Answer~,"
              "action?:#Answer~,outcome?:#Answer~,causality:[#Answer],serious:bool,state:text,aware_at:time~,due_at:time~,escalated_to:[text],"
              "versions:[{version:int,kind:text,at:time,by:text,late:bool,text?:text~}]}"},
    {"Watched", "{subject:text,site:text,rule:text,label:#Label,visit:text,visit_label:#Label,values:[#Answer]}"},
    {"Safety", "{events:[#Event],watch:[#Watched],counters:{events:int,serious:int,due:int,overdue:int,watch:int},sae_hours:number}"},
    {"AdherenceWeek", "{week:int,from:date,state:(past|running|ahead),evaluable:bool,score:number~,frequency:number,duration:number,components:number,"
                      "supervision:number,sessions:int,target:int,minutes:number,over:int,held:int,call:bool,part_days:{*:int}}"},
    {"AdherencePerson", "{subject:text,site:text,day:int,running_week:int,weeks:[#AdherenceWeek],overall:number~,reachable:number~,adherent:bool~,behind:bool,"
                        "why:[{code:(no_entries|sessions|minutes|component|call),week?:int,days?:int,done?:int,target?:int,percent?:number,component?:#Label}]}"},
    {"Adherence", "{followed:bool,threshold?:number,weeks?:int,parts?:[{item:text,label:#Label}],people:[#AdherencePerson]}"},
};

const study_table care_safety_routes = {routes, LB_COUNT(routes), schemas, LB_COUNT(schemas)};

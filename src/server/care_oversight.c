/* Routes of oversight: what is to be done today, quality, supervision calls, reminders as a calendar, the balance of the arms. */
#include "server/care.h"
#include "trial/conduct/calendar.h"
#include "trial/conduct/phone.h"
#include "trial/conduct/quality.h"
#include "trial/conduct/randomise.h"
#include "trial/conduct/today.h"

#include <lumbar/op.h>

#include <string.h>

static const lb_actor system_actor = {.user = "system", .role = "system", .masked = false, .clinical = true};

typedef struct asking {
    study_request *request;
    const char *subject, *user;
    const lb_record *record;
    char token[LB_LINK_TOKEN + 1];
    lb_value *out;
} asking;

static int answered(asking *a, int code, lb_answer *answer)
{
    if (!code) study_answer(answer, a->out);
    return code;
}

static int today_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    return lb_today(tx, a->request->store, a->request->study, &a->out, err);
}

static int get_today(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {.request = r};
    return answered(&a, study_read(r, today_body, &a, err), answer);
}

static int quality_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    return lb_quality(tx, a->request->study, study_query(a->request, "site"), &a->out, err);
}

static int get_quality(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {.request = r};
    return answered(&a, study_read(r, quality_body, &a, err), answer);
}

/* -- reminders ------------------------------------------------------------------------------------------------- */

static int reminders_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    lb_value *list;
    int code = lb_reminders(tx, a->request->store, a->request->study, a->subject, 7, &list, err);
    a->out = lb_value_object(a->request->arena);
    if (!code) lb_set(a->out, "reminders", list);
    return code;
}

static int get_reminders(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {.request = r};
    return answered(&a, study_read(r, reminders_body, &a, err), answer);
}

static int calendar_link_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    return lb_calendar_link(tx, a->request->study, a->request->actor.user, a->token, err);
}

static int post_calendar(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {.request = r};
    int code = study_write(r, calendar_link_body, &a, err);
    if (code) return code;
    a.out = lb_value_object(r->arena);
    lb_set_text(a.out, "url", care_url(r, lb_arena_printf(r->arena, "/api/calendar/%s.ics", a.token)));
    return answered(&a, LB_OK, answer);
}

static int who_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    int code = lb_link_find(tx, a->request->part[0], &a->subject, &a->user, err);
    if (!code && a->user) code = lb_tx_get(tx, LB_KIND_USER, a->user, &a->record, err);
    if (!code && a->user && (!a->record || !lb_text_equal(a->record->state, "active"))) code = study_absent(err, "calendar");
    return code;
}

/* The calendar of a user (their role and sites), or a participant's own. The secret is in the address; there is no sign-in. */
static int get_calendar(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {.request = r};
    int code = lb_store_read(r->store, &system_actor, r->arena, who_body, &a, err);
    if (!code && !r->study) code = study_absent(err, "calendar");
    if (code) return code;
    lb_actor actor = {.user = lb_arena_printf(r->arena, "participant:%s", a.subject ? a.subject : ""), .role = "participant", .clinical = true};
    if (a.user) {
        const lb_value *sites = lb_get(a.record->body, "sites");
        size_t count = sites && sites->type == LB_ARRAY ? sites->count : 0;
        const char **site = lb_arena_array(r->arena, count + 1, sizeof *site);
        for (size_t i = 0; i < count; i++) site[i] = sites->item[i]->text;
        const char *role = lb_get_text(a.record->body, "role", "");
        actor = (lb_actor){.user = a.user, .role = role, .site = count ? site : NULL, .site_count = count, .masked = lb_role_masked(r->study, role),
                           .clinical = lb_role_clinical(r->study, role)};
    }
    code = lb_store_read(r->store, &actor, r->arena, reminders_body, &a, err);
    if (code) return code;
    const char *language = study_query(r, "lang");
    lb_calendar_text(r->study, lb_get(a.out, "reminders"), language ? language : "en", r->now_us, &answer->body);
    answer->type = "text/calendar; charset=utf-8";
    return LB_OK;
}

/* -- balance ---------------------------------------------------------------------------------------------------- */

/* Aggregates only: neither a block's size nor where one ends is told. */
static int get_balance(study_request *r, lb_answer *answer, lb_error *err)
{
    const lb_allocator_face *allocator = study_home_options(r->home)->allocator;
    const lb_op *op = lb_registry_find(r->registry, "randomise", "balance");
    lb_buf csv = {0}, arms = {0};
    lb_result *result = NULL;
    char commitment[65] = "";
    if (!allocator) return lb_fail(err, LB_FAILED, "this server runs without its allocator");
    int code = lb_allocation_log(allocator, &csv, err);
    if (!code) code = allocator->commitment(allocator->context, commitment, err);
    lb_call *call = code ? NULL : lb_call_new(r->registry, op);
    lb_bytes bytes = {(const uint8_t *)csv.data, csv.length, "allocations.csv"};
    for (size_t i = 0; i < r->study->arm_count; i++) lb_buf_printf(&arms, "%s%s", i ? "," : "", r->study->arm[i].code);
    if (!code) code = lb_call_set(call, "arms", arms.data, err);
    if (!code) code = lb_call_bind(call, "log", &bytes, err);
    if (!code) code = lb_call_run(call, &result, err);
    double rate = 0;
    int64_t n = 0;
    if (!code) code = lb_guess_rate(allocator, r->study, r->arena, &rate, &n, err);
    if (!code) {
        lb_value *out = lb_value_object(r->arena);
        lb_set_int(out, "allocated", n);
        lb_set_number(out, "guess_rate", rate);
        lb_set_text(out, "commitment", commitment);
        lb_set_text(out, "arms", arms.data);
        lb_set(out, "balance", result->results);
        study_answer(answer, out);
    }
    lb_call_free(call);
    lb_result_free(result);
    lb_buf_free(&csv);
    lb_buf_free(&arms);
    return code;
}

static const study_route routes[] = {
    {"GET", "/api/today", NULL, 0, get_today, "what is to be done, for this role", NULL, NULL, "#Today"},
    {"GET", "/api/quality", LB_MAY_QUALITY, 0, get_quality, "quality of the data and of the work on them", "site", NULL, "#Quality"},
    {"GET", "/api/reminders", LB_MAY_CALENDAR, 0, get_reminders, "reminders of the protocol for this role", NULL, NULL, "{reminders:[#Reminder]}"},
    {"POST", "/api/calendar", LB_MAY_CALENDAR, 0, post_calendar, "an address to subscribe to one's reminders", NULL, NULL, "{url:text}"},
    {"GET", "/api/calendar/{token}.ics", NULL, STUDY_OPEN, get_calendar, "the reminders as a calendar", "lang", NULL, "text/calendar"},
    {"GET", "/api/randomisation/report", LB_MAY_BALANCE, STUDY_UNMASKED, get_balance, "balance of the arms, and whether the next could be guessed", NULL, NULL,
     "{allocated:int,guess_rate:number,commitment:text,arms:text,balance:object}"},
};

static const study_schema schemas[] = {
    {"Task", "{kind:text,subject?:text,visit?:text,form?:text,item?:text~,due?:text~,opens?:date,overdue_days?:int,count?:int,"
             "text:{key:text,params:object},link?:text}"},
    {"Enrolment", "{target:int,total:int,sites:[{id:text,label:#Label,target:int,n:int,screened:int,per_month:[{month:text,n:int}]}]}"},
    {"Today", "{role:text,groups:[{id:text,tasks:[#Task]}],enrolment?:#Enrolment,adherence?:[#AdherencePerson],counters:{*:int}}"},
    {"Reminder", "{id:text,subject:text,site:text,visit:text,date:date,at:time,text:#Label}"},
    {"Quality", "{queries:{open:int,answered:int,closed:int,by_rule:int,age_days:{*:int},by_site:{*:int},by_role:{*:int}},"
                "forms:[{form:text,label:#Label,entries:int,complete:int,items:int,missing:int,verified:int,signed:int}],"
                "out_of_window:[{subject:text,site:text,visit:text,label:#Label,form:text,date:date,days_off:int}],"
                "missed:[{subject:text,site:text,visit:text,label:#Label,closed:date}],to_verify:[{subject:text,site:text,visit:text,form:text,label:#Label}],"
                "deviations:[object],double_entry:{wanted:int,done:int,differences:int}}"},
};

const study_table care_oversight_routes = {routes, LB_COUNT(routes), schemas, LB_COUNT(schemas)};

/* Users, sites, delegation, laboratory ranges, roles. */
#include "server/study_home.h"
#include "trial/conduct/admin.h"

#include <string.h>

typedef struct admin_work {
    study_request *request;
    lb_value *list;
    const char *hash, *key;
} admin_work;

static int answer_list(study_request *r, lb_answer *answer, const char *name, lb_tx_body body, lb_error *err)
{
    lb_value *out = lb_value_object(r->arena);
    admin_work w = {.request = r, .list = lb_set_array(out, name)};
    int code = study_read(r, body, &w, err);
    if (!code) study_answer(answer, out);
    return code;
}

static void answer_done(study_request *r, lb_answer *answer, const char *key, const char *value)
{
    lb_value *out = lb_value_object(r->arena);
    lb_set_bool(out, "done", true);
    if (key) lb_set_text(out, key, value);
    study_answer(answer, out);
}

/* -- users ------------------------------------------------------------------------------------------------------------ */

static int read_users(lb_tx *tx, void *context, lb_error *err)
{
    return lb_admin_users(tx, ((admin_work *)context)->list, err);
}

static int get_users(study_request *r, lb_answer *answer, lb_error *err)
{
    return answer_list(r, answer, "users", read_users, err);
}

static int make_password(study_request *r, char once[LB_PASSWORD_ONCE], char hash[LB_PASSWORD_HASH], lb_error *err)
{
    lb_password_make(once);
    study_hash_begin(r->home);
    int code = lb_password_hash(once, hash, err);
    study_hash_end(r->home);
    return code;
}

static int add_user(lb_tx *tx, void *context, lb_error *err)
{
    const admin_work *w = context;
    return lb_admin_add_user(tx, w->request->study, w->request->body, w->hash, err);
}

static int post_users(study_request *r, lb_answer *answer, lb_error *err)
{
    char once[LB_PASSWORD_ONCE], hash[LB_PASSWORD_HASH];
    admin_work w = {.request = r, .hash = hash};
    int code = make_password(r, once, hash, err);
    if (!code) code = study_write(r, add_user, &w, err);
    if (!code) answer_done(r, answer, "once", lb_arena_text(r->arena, once));
    return code;
}

static int change_user(lb_tx *tx, void *context, lb_error *err)
{
    const admin_work *w = context;
    return lb_admin_change_user(tx, w->request->study, w->request->part[0], w->request->body, w->hash, err);
}

static int put_user(study_request *r, lb_answer *answer, lb_error *err)
{
    char once[LB_PASSWORD_ONCE] = "", hash[LB_PASSWORD_HASH];
    admin_work w = {.request = r};
    int code = LB_OK;
    if (lb_get_bool(r->body, "reset_password", false)) {
        code = make_password(r, once, hash, err);
        w.hash = hash;
    }
    if (!code) code = study_write(r, change_user, &w, err);
    if (!code) answer_done(r, answer, w.hash ? "once" : NULL, lb_arena_text(r->arena, once));
    return code;
}

/* -- sites -------------------------------------------------------------------------------------------------------------- */

static int read_sites(lb_tx *tx, void *context, lb_error *err)
{
    const admin_work *w = context;
    return lb_admin_sites(tx, w->request->study, w->list, err);
}

static int get_sites(study_request *r, lb_answer *answer, lb_error *err)
{
    return answer_list(r, answer, "sites", read_sites, err);
}

static int change_site(lb_tx *tx, void *context, lb_error *err)
{
    const admin_work *w = context;
    return lb_admin_change_site(tx, w->request->study, w->request->part[0], w->request->body, err);
}

static int put_site(study_request *r, lb_answer *answer, lb_error *err)
{
    admin_work w = {.request = r};
    int code = study_write(r, change_site, &w, err);
    if (!code) answer_done(r, answer, NULL, NULL);
    return code;
}

/* -- delegation ------------------------------------------------------------------------------------------------------------ */

static int read_delegation(lb_tx *tx, void *context, lb_error *err)
{
    const admin_work *w = context;
    return lb_admin_delegation(tx, study_query(w->request, "site"), w->list, err);
}

static int get_delegation(study_request *r, lb_answer *answer, lb_error *err)
{
    return answer_list(r, answer, "delegation", read_delegation, err);
}

static int delegate(lb_tx *tx, void *context, lb_error *err)
{
    admin_work *w = context;
    return lb_admin_delegate(tx, w->request->study, w->request->body, &w->key, err);
}

static int post_delegation(study_request *r, lb_answer *answer, lb_error *err)
{
    admin_work w = {.request = r};
    int code = study_confirm(r, study_text(r, "password"), err);
    if (!code) code = study_write(r, delegate, &w, err);
    if (!code) answer_done(r, answer, "id", w.key);
    return code;
}

static int end_delegation(lb_tx *tx, void *context, lb_error *err)
{
    const admin_work *w = context;
    return lb_admin_end_delegation(tx, w->request->part[0], study_text(w->request, "to"), study_text(w->request, "reason"), err);
}

static int put_delegation(study_request *r, lb_answer *answer, lb_error *err)
{
    admin_work w = {.request = r};
    int code = study_write(r, end_delegation, &w, err);
    if (!code) answer_done(r, answer, NULL, NULL);
    return code;
}

/* -- ranges, roles ----------------------------------------------------------------------------------------------------------- */

static int read_ranges(lb_tx *tx, void *context, lb_error *err)
{
    const admin_work *w = context;
    return lb_admin_ranges(tx, study_query(w->request, "site"), w->list, err);
}

static int get_ranges(study_request *r, lb_answer *answer, lb_error *err)
{
    return answer_list(r, answer, "ranges", read_ranges, err);
}

static int set_range(lb_tx *tx, void *context, lb_error *err)
{
    const admin_work *w = context;
    return lb_admin_set_range(tx, w->request->study, w->request->body, err);
}

static int post_ranges(study_request *r, lb_answer *answer, lb_error *err)
{
    admin_work w = {.request = r};
    int code = study_write(r, set_range, &w, err);
    if (!code) answer_done(r, answer, NULL, NULL);
    return code;
}

static int get_roles(study_request *r, lb_answer *answer, lb_error *err)
{
    (void)err;
    lb_value *out = lb_value_object(r->arena), *list = lb_set_array(out, "roles");
    for (size_t i = 0; lb_rights_role(i); i++) {
        const char *role = lb_rights_role(i);
        const lb_value *of = lb_role_of(r->study, role);
        if (!of && strcmp(role, "administrator") != 0) continue;
        lb_value *one = lb_push_object(list), *may = NULL;
        lb_set_text(one, "id", role);
        if (lb_get(of, "label")) lb_set(one, "label", lb_get(of, "label"));
        lb_set_bool(one, "masked", lb_role_masked(r->study, role));
        lb_set_bool(one, "clinical", lb_role_clinical(r->study, role));
        may = lb_set_array(one, "may");
        for (size_t k = 0; lb_rights_at(k); k++)
            if (lb_rights_may(role, lb_rights_at(k))) lb_push_text(may, lb_rights_at(k));
    }
    study_answer(answer, out);
    return LB_OK;
}

static const study_route routes[] = {
    {"GET", "/api/users", LB_MAY_USERS, STUDY_BEFORE, get_users, "people who may sign in", NULL, NULL, "{users:[#User]}"},
    {"POST", "/api/users", LB_MAY_USERS, STUDY_BEFORE, post_users, "add a user; the answer holds a password to be used once", NULL,
     "{name:text,full_name:text,role:text,sites:[text],second_factor?:bool}", "{done:bool,once:text}"},
    {"PUT", "/api/users/{name}", LB_MAY_USERS, STUDY_BEFORE, put_user, "change a user, lock, let back in, reset secrets", NULL,
     "{full_name?:text,role?:text,sites?:[text],state?:(active|locked|left),second_factor?:bool,reset_second_factor?:bool,reset_password?:bool,reason:text}",
     "{done:bool,once?:text}"},
    {"GET", "/api/roles", NULL, STUDY_BEFORE, get_roles, "roles of the study and what each may do", NULL, NULL,
     "{roles:[{id:text,label?:#Label,masked:bool,clinical:bool,may:[text]}]}"},
    {"GET", "/api/sites", LB_MAY_SITES_READ, 0, get_sites, "sites with ethics approval and version in force", NULL, NULL, "{sites:[#Site]}"},
    {"PUT", "/api/sites/{site}", LB_MAY_SITES, 0, put_site, "open or close a site, record an approval, put a version in force", NULL,
     "{state?:(open|paused|closed),target?:int,protocol_version?:text,ethics?:[#Ethics],reason:text}", "{done:bool}"},
    {"GET", "/api/delegation", LB_MAY_DELEGATION_READ, 0, get_delegation, "who may do what at a site", "site", NULL, "{delegation:[#Delegation]}"},
    {"POST", "/api/delegation", LB_MAY_DELEGATION, 0, post_delegation, "delegate tasks; signed with the password", NULL,
     "{site:text,user:text,tasks:[text],from:date,to?:date,password:text}", "{done:bool,id:text}"},
    {"PUT", "/api/delegation/{id}", LB_MAY_DELEGATION, 0, put_delegation, "end a delegation", NULL, "{to:date,reason:text}", "{done:bool}"},
    {"GET", "/api/ranges", LB_MAY_RANGES_READ, 0, get_ranges, "laboratory ranges by site and date", "site", NULL, "{ranges:[#Range]}"},
    {"POST", "/api/ranges", LB_MAY_RANGES, 0, post_ranges, "a laboratory's range from a day on", NULL,
     "{site:text,item:text,from:date,low?:number,high?:number,unit?:text,sex?:text,reason?:text}", "{done:bool}"},
};

static const study_schema schemas[] = {
    {"User", "{name:text,full_name:text,role:text,sites:[text],state:(active|locked|left),must_change:bool,second_factor:bool,second_factor_set:bool,changed_at:time}"},
    {"Ethics", "{version:text,approved:date,expires?:date~,reference?:text~}"},
    {"Site", "{id:text,label:#Label,city:text~,country:text~,state:(open|paused|closed),target:int,protocol_version:text~,ethics:[#Ethics]}"},
    {"Delegation", "{id:text,site:text,user:text,full_name:text~,role:text~,tasks:[text],from:date,to?:date~,signed_by:text,signed_at:time,state:text}"},
    {"Range", "{id:text,site:text,item:text,from:date,low?:number,high?:number,unit?:text,sex?:text}"},
};

const study_table study_admin_routes = {routes, LB_COUNT(routes), schemas, LB_COUNT(schemas)};

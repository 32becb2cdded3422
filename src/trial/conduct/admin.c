/* Users: added, changed, locked, never taken away. */
#include "trial/conduct/admin.h"

#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"
#include "trial/conduct/rights.h"
#include "trial/conduct/session.h"

#include <string.h>

static int bad(lb_error *err, const char *where, const char *message, const char *hint)
{
    lb_fail(err, LB_BAD_DATA, "%s", message);
    lb_error_where(err, "%s", where);
    lb_error_hint(err, "%s", hint);
    return LB_BAD_DATA;
}

static int need_reason(const lb_value *ask, const char **reason, lb_error *err)
{
    *reason = lb_get_text(ask, "reason", "");
    return (*reason)[strspn(*reason, " \t\n")] ? LB_OK : bad(err, "reason", "say why", "the audit keeps it");
}

/* -- list ---------------------------------------------------------------------------------------------------------- */

static int take_user(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    static const char *const kept[] = {"full_name", "role", "sites", "must_change", "second_factor"};
    lb_value *one = lb_push_object(context);
    lb_set_text(one, "name", record->key);
    for (size_t i = 0; i < LB_COUNT(kept); i++)
        if (lb_get(record->body, kept[i])) lb_set(one, kept[i], lb_get(record->body, kept[i]));
    lb_set_text(one, "state", record->state);
    lb_set_bool(one, "second_factor_set", lb_get_text(record->body, "otp_sealed", NULL) != NULL);
    lb_set_text(one, "changed_at", lb_when(record->changed_us, one->arena));
    return 0;
}

int lb_admin_users(lb_tx *tx, lb_value *list, lb_error *err)
{
    const lb_find find = {.kind = LB_KIND_USER};
    return lb_tx_scan(tx, &find, take_user, list, err);
}

/* -- checks ---------------------------------------------------------------------------------------------------------- */

static int check_role(const lb_study *study, const char *role, lb_error *err)
{
    bool known = false;
    for (size_t i = 0; lb_rights_role(i); i++) known |= strcmp(lb_rights_role(i), role) == 0;
    bool planned = !study || lb_role_of(study, role) || strcmp(role, "administrator") == 0;
    return known && planned ? LB_OK : bad(err, "role", "this is no role of the study", "GET /api/roles lists them");
}

static int check_sites(const lb_study *study, const lb_value *sites, lb_error *err)
{
    for (size_t i = 0; sites && i < sites->count; i++) {
        bool known = false;
        for (size_t k = 0; study && k < study->site_count; k++) known |= strcmp(study->site[k].id, sites->item[i]->text) == 0;
        if (!known) return bad(err, "sites", "there is no such site", "GET /api/sites lists them; an empty list means all");
    }
    return LB_OK;
}

static int check_full_name(const char *name, lb_error *err)
{
    size_t length = strlen(name);
    bool plain = length > 0 && length <= 100;
    for (const char *c = name; *c && plain; c++) plain = (unsigned char)*c >= ' ' && *c != 0x7f;
    return plain ? LB_OK : bad(err, "full_name", "this cannot be a name", "1 to 100 characters, as it should stand under a signature");
}

/* -- add -------------------------------------------------------------------------------------------------------------- */

int lb_admin_add_user(lb_tx *tx, const lb_study *study, const lb_value *ask, const char *hash, lb_error *err)
{
    const lb_value *sites = lb_get(ask, "sites");
    size_t count = sites ? sites->count : 0;
    const char **site = lb_arena_array(lb_tx_arena(tx), count + 1, sizeof *site);
    for (size_t i = 0; i < count; i++) site[i] = sites->item[i]->text;
    const lb_user_new user = {.name = lb_get_text(ask, "name", ""), .full_name = lb_get_text(ask, "full_name", ""), .role = lb_get_text(ask, "role", ""),
                              .site = site, .site_count = count, .hash = hash, .second_factor = lb_get_bool(ask, "second_factor", false)};
    int code = check_role(study, user.role, err);
    if (!code) code = check_sites(study, sites, err);
    if (!code) code = check_full_name(user.full_name, err);
    return code ? code : lb_user_add(tx, &user, err);
}

/* -- change ------------------------------------------------------------------------------------------------------------ */

typedef struct counting {
    const char *but;
    size_t count;
} counting;

static int count_administrator(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    counting *c = context;
    c->count += lb_text_equal(lb_get_text(record->body, "role", NULL), "administrator") && strcmp(record->key, c->but) != 0;
    return 0;
}

/* Somebody must be left who can let others in. */
static int keep_one(lb_tx *tx, const lb_record *old, const char *role, const char *state, lb_error *err)
{
    counting c = {old->key, 0};
    const lb_find find = {.kind = LB_KIND_USER, .state = "active"};
    if (!lb_text_equal(lb_get_text(old->body, "role", NULL), "administrator")) return LB_OK;
    if (lb_text_equal(role, "administrator") && lb_text_equal(state, "active")) return LB_OK;
    int code = lb_tx_scan(tx, &find, count_administrator, &c, err);
    if (code || c.count > 0) return code;
    lb_fail(err, LB_CONFLICT, "this is the last administrator");
    lb_error_hint(err, "make another one first");
    return LB_CONFLICT;
}

static int apply(const lb_study *study, const lb_value *ask, lb_value *body, lb_error *err)
{
    const char *name = lb_get_text(ask, "full_name", NULL), *role = lb_get_text(ask, "role", NULL);
    const lb_value *sites = lb_get(ask, "sites");
    int code = name ? check_full_name(name, err) : LB_OK;
    if (!code && role) code = check_role(study, role, err);
    if (!code && sites) code = check_sites(study, sites, err);
    if (code) return code;
    if (name) lb_set_text(body, "full_name", name);
    if (role) lb_set_text(body, "role", role);
    if (sites) lb_set(body, "sites", (lb_value *)sites);
    if (lb_get(ask, "second_factor")) lb_set_bool(body, "second_factor", lb_get_bool(ask, "second_factor", false));
    if (lb_text_equal(lb_get_text(body, "role", NULL), "administrator")) lb_set_bool(body, "second_factor", true);
    if (lb_get_bool(ask, "reset_second_factor", false)) lb_set_null(body, "otp_sealed");
    return LB_OK;
}

int lb_admin_change_user(lb_tx *tx, const lb_study *study, const char *name, const lb_value *ask, const char *hash, lb_error *err)
{
    const lb_record *old = NULL;
    const char *reason = NULL;
    int code = need_reason(ask, &reason, err);
    if (!code) code = lb_tx_get(tx, LB_KIND_USER, name, &old, err);
    if (!code && !old) code = lb_fail(err, LB_NOT_FOUND, "there is no user '%.60s'", name);
    if (code) return code;
    lb_value *body = lb_body_copy(old->body, lb_tx_arena(tx));
    const char *state = lb_get_text(ask, "state", old->state);
    code = apply(study, ask, body, err);
    if (!code) code = keep_one(tx, old, lb_get_text(body, "role", ""), state, err);
    if (code) return code;
    if (hash) {
        lb_set_text(body, "password", hash);
        lb_set_bool(body, "must_change", true);
    }
    lb_record record = *old;
    record.state = state;
    record.body = body;
    const lb_change change = {.action = "change_user", .reason = reason};
    code = lb_tx_put(tx, &record, old->revision, &change, err);
    if (!code && lb_text_equal(state, "active")) code = lb_signin_passed(tx, name, err); /* the count of wrong passwords begins anew */
    return code ? code : lb_sessions_end(tx, name, NULL, err);
}

/* Sites, delegation log, laboratory ranges. ICH E6(R3): approval by the ethics committee and a protocol version in force before
 * anybody is enrolled; who may do what at a site is written down and signed. */
#include "trial/conduct/admin.h"

#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"
#include "trial/conduct/settings.h"

#include <math.h>
#include <string.h>

static int bad(lb_error *err, const char *where, const char *message, const char *hint)
{
    lb_fail(err, LB_BAD_DATA, "%s", message);
    lb_error_where(err, "%s", where);
    lb_error_hint(err, "%s", hint);
    return LB_BAD_DATA;
}

static bool is_date(const char *text)
{
    int64_t days;
    return text && lb_date_days(text, strlen(text), &days);
}

static bool known_site(const lb_study *study, const char *site)
{
    for (size_t i = 0; i < study->site_count; i++)
        if (strcmp(study->site[i].id, site) == 0) return true;
    return false;
}

static bool own_site(const lb_actor *actor, const char *site)
{
    for (size_t i = 0; i < actor->site_count; i++)
        if (strcmp(actor->site[i], site) == 0) return true;
    return actor->site_count == 0;
}

/* -- sites ------------------------------------------------------------------------------------------------------------ */

int lb_admin_sites(lb_tx *tx, const lb_study *study, lb_value *list, lb_error *err)
{
    for (size_t i = 0; i < study->site_count; i++) {
        const lb_study_site *s = &study->site[i];
        const lb_record *record = NULL;
        if (!own_site(lb_tx_actor(tx), s->id)) continue;
        int code = lb_tx_get(tx, LB_KIND_SITE, s->id, &record, err);
        if (code) return code;
        lb_value *one = lb_push_object(list);
        lb_set_text(one, "id", s->id);
        lb_set_label(one, "label", &s->label);
        lb_set_text(one, "city", s->city);
        lb_set_text(one, "country", s->country);
        lb_set_text(one, "state", record && record->state ? record->state : "closed");
        int64_t target = study->conduct->site_target[i];
        lb_set_int(one, "target", record ? lb_get_int(record->body, "target", target) : target);
        lb_set_text(one, "protocol_version", record ? lb_get_text(record->body, "protocol_version", NULL) : NULL);
        const lb_value *ethics = record ? lb_get(record->body, "ethics") : NULL;
        lb_set(one, "ethics", ethics ? (lb_value *)ethics : lb_value_array(list->arena));
    }
    return LB_OK;
}

static int check_ethics(const lb_value *ethics, lb_error *err)
{
    for (size_t i = 0; ethics && i < ethics->count; i++) {
        const char *approved = lb_get_text(ethics->item[i], "approved", NULL), *expires = lb_get_text(ethics->item[i], "expires", NULL);
        if (!is_date(approved)) return bad(err, "ethics.approved", "an approval has a date", "2026-01-31");
        if (expires && !is_date(expires)) return bad(err, "ethics.expires", "this is no date", "2026-01-31, or leave it out");
        if (expires && strcmp(expires, approved) < 0) return bad(err, "ethics.expires", "it would expire before it was given", "check both dates");
    }
    return LB_OK;
}

int lb_admin_change_site(lb_tx *tx, const lb_study *study, const char *site, const lb_value *ask, lb_error *err)
{
    const lb_record *old = NULL, *version = NULL;
    const char *reason = lb_get_text(ask, "reason", ""), *wanted = lb_get_text(ask, "protocol_version", NULL);
    if (!known_site(study, site)) return lb_fail(err, LB_NOT_FOUND, "there is no site '%.60s'", site);
    if (!reason[strspn(reason, " \t\n")]) return bad(err, "reason", "say why", "the audit keeps it");
    int code = check_ethics(lb_get(ask, "ethics"), err);
    if (!code && wanted) code = lb_tx_get(tx, LB_KIND_PROTOCOL, wanted, &version, err);
    if (!code && wanted && !version) code = bad(err, "protocol_version", "there is no such version", "GET /api/protocol/versions lists them");
    if (!code) code = lb_tx_get(tx, LB_KIND_SITE, site, &old, err);
    if (code) return code;
    static const char *const kept[] = {"target", "protocol_version", "ethics"};
    lb_value *body = lb_body_copy(old ? old->body : NULL, lb_tx_arena(tx));
    for (size_t i = 0; i < LB_COUNT(kept); i++)
        if (lb_get(ask, kept[i])) lb_set(body, kept[i], lb_get(ask, kept[i]));
    lb_record record = {.kind = LB_KIND_SITE, .key = site, .site = site, .state = lb_get_text(ask, "state", old && old->state ? old->state : "closed"), .body = body};
    const lb_change change = {.action = "change_site", .reason = reason, .version = study->version};
    return lb_tx_put(tx, &record, old ? old->revision : 0, &change, err);
}

/* -- delegation -------------------------------------------------------------------------------------------------------- */

typedef struct delegation_list {
    lb_tx *tx;
    lb_value *list;
} delegation_list;

static int take_delegation(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    static const char *const kept[] = {"tasks", "from", "to", "signed_by", "signed_at", "user"};
    delegation_list *d = context;
    lb_value *one = lb_push_object(d->list);
    lb_set_text(one, "id", record->key);
    lb_set_text(one, "site", record->site);
    lb_set_text(one, "state", record->state);
    for (size_t i = 0; i < LB_COUNT(kept); i++)
        if (lb_get(record->body, kept[i])) lb_set(one, kept[i], lb_get(record->body, kept[i]));
    return 0;
}

int lb_admin_delegation(lb_tx *tx, const char *site, lb_value *list, lb_error *err)
{
    delegation_list d = {tx, list};
    const lb_find find = {.kind = LB_KIND_DELEGATION, .site = site};
    int code = lb_tx_scan(tx, &find, take_delegation, &d, err);
    for (size_t i = 0; i < list->count && !code; i++) {
        const lb_record *user = NULL;
        code = lb_tx_get(tx, LB_KIND_USER, lb_get_text(list->item[i], "user", ""), &user, err);
        lb_set_text(list->item[i], "full_name", user ? lb_get_text(user->body, "full_name", NULL) : NULL);
        lb_set_text(list->item[i], "role", user ? lb_get_text(user->body, "role", NULL) : NULL);
    }
    return code;
}

int lb_admin_delegate(lb_tx *tx, const lb_study *study, const lb_value *ask, const char **key, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const char *site = lb_get_text(ask, "site", ""), *name = lb_get_text(ask, "user", ""), *from = lb_get_text(ask, "from", ""), *to = lb_get_text(ask, "to", NULL);
    const lb_value *tasks = lb_get(ask, "tasks");
    const lb_record *user = NULL;
    int64_t count = 0;
    if (!known_site(study, site) || !own_site(lb_tx_actor(tx), site)) return bad(err, "site", "this is not a site of yours", "GET /api/sites lists them");
    if (!is_date(from)) return bad(err, "from", "this is no date", "2026-01-31");
    if (to && (!is_date(to) || strcmp(to, from) < 0)) return bad(err, "to", "this is no date after the first", "leave it out as long as it holds");
    if (!tasks || tasks->count == 0) return bad(err, "tasks", "nothing is delegated", "for instance consent, randomise, enter");
    int code = lb_tx_get(tx, LB_KIND_USER, name, &user, err);
    if (!code && !user) code = bad(err, "user", "there is no such user", "the administrator adds people first");
    const char *below = lb_arena_printf(arena, "%s|%s|", site, name);
    const lb_find find = {.kind = LB_KIND_DELEGATION, .key_from = below, .key_below = lb_arena_printf(arena, "%s|%s}", site, name)};
    if (!code) code = lb_tx_count(tx, &find, &count, err);
    if (code) return code;
    *key = lb_arena_printf(arena, "%s%03d", below, (int)count + 1);
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "user", name);
    lb_set(body, "tasks", (lb_value *)tasks);
    lb_set_text(body, "from", from);
    lb_set_text(body, "to", to);
    lb_set_text(body, "signed_by", lb_tx_actor(tx)->user);
    lb_set_text(body, "signed_at", lb_when(lb_tx_now_us(tx), arena));
    lb_record record = {.kind = LB_KIND_DELEGATION, .key = *key, .site = site, .parent = name, .state = "active", .body = body};
    const lb_change change = {.action = "delegate", .version = study->version};
    return lb_tx_put(tx, &record, 0, &change, err);
}

int lb_admin_end_delegation(lb_tx *tx, const char *key, const char *to, const char *reason, lb_error *err)
{
    const lb_record *old = NULL;
    if (!is_date(to)) return bad(err, "to", "this is no date", "2026-01-31");
    if (!reason[strspn(reason, " \t\n")]) return bad(err, "reason", "say why", "the audit keeps it");
    int code = lb_tx_get(tx, LB_KIND_DELEGATION, key, &old, err);
    if (!code && !old) code = lb_fail(err, LB_NOT_FOUND, "there is no such delegation");
    if (code) return code;
    if (strcmp(to, lb_get_text(old->body, "from", "")) < 0) return bad(err, "to", "it would end before it began", "check the date");
    lb_value *body = lb_body_copy(old->body, lb_tx_arena(tx));
    lb_set_text(body, "to", to);
    lb_record record = *old;
    record.body = body;
    const lb_change change = {.action = "end_delegation", .reason = reason};
    return lb_tx_put(tx, &record, old->revision, &change, err);
}

/* -- ranges -------------------------------------------------------------------------------------------------------------- */

static int take_range(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    static const char *const kept[] = {"item", "from", "low", "high", "unit", "sex"};
    lb_value *one = lb_push_object(context);
    lb_set_text(one, "id", record->key);
    lb_set_text(one, "site", record->site);
    for (size_t i = 0; i < LB_COUNT(kept); i++)
        if (lb_get(record->body, kept[i])) lb_set(one, kept[i], lb_get(record->body, kept[i]));
    return 0;
}

int lb_admin_ranges(lb_tx *tx, const char *site, lb_value *list, lb_error *err)
{
    const lb_find find = {.kind = LB_KIND_RANGE, .site = site};
    return lb_tx_scan(tx, &find, take_range, list, err);
}

int lb_admin_set_range(lb_tx *tx, const lb_study *study, const lb_value *ask, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const char *site = lb_get_text(ask, "site", ""), *id = lb_get_text(ask, "item", ""), *from = lb_get_text(ask, "from", ""), *sex = lb_get_text(ask, "sex", NULL);
    const char *unit = lb_get_text(ask, "unit", NULL), *reason = lb_get_text(ask, "reason", NULL);
    double low = lb_get_number(ask, "low", NAN), high = lb_get_number(ask, "high", NAN);
    const lb_study_item *item = lb_study_item_named(study, id, NULL);
    const lb_record *old = NULL;
    if (!known_site(study, site) || !own_site(lb_tx_actor(tx), site)) return bad(err, "site", "this is not a site of yours", "GET /api/sites lists them");
    if (!item || (item->type != LB_ITEM_NUMBER && item->type != LB_ITEM_INTEGER)) return bad(err, "item", "this is no measured item", "a number of a form, such as creat");
    if (!is_date(from)) return bad(err, "from", "this is no date", "the day from which the laboratory uses the range: 2026-01-31");
    if (isnan(low) && isnan(high)) return bad(err, "low", "the range has no limit", "give low, high, or both");
    if (low > high) return bad(err, "high", "the upper limit is below the lower one", "check both");
    if (unit && isnan(lb_item_unit_factor(study, item, unit))) return bad(err, "unit", "the protocol does not convert this unit", "use the item's own unit, or one of its `units`");
    if (sex && (strchr(sex, '|') || strlen(sex) > 10)) return bad(err, "sex", "this is no code of sex", "as the protocol codes it");
    const char *key = lb_arena_printf(arena, "%s|%s|%s%s%s", site, id, from, sex ? "|" : "", sex ? sex : "");
    int code = lb_tx_get(tx, LB_KIND_RANGE, key, &old, err);
    if (code) return code;
    if (old && !(reason && reason[strspn(reason, " \t\n")])) return bad(err, "reason", "a range of this day is there already: say why it changes", "the audit keeps it");
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "item", id);
    lb_set_text(body, "from", from);
    if (!isnan(low)) lb_set_number(body, "low", low);
    if (!isnan(high)) lb_set_number(body, "high", high);
    if (unit) lb_set_text(body, "unit", unit);
    if (sex) lb_set_text(body, "sex", sex);
    lb_record record = {.kind = LB_KIND_RANGE, .key = key, .site = site, .body = body};
    const lb_change change = {.action = "range", .reason = reason, .version = study->version};
    return lb_tx_put(tx, &record, old ? old->revision : 0, &change, err);
}

/* Audit entries to rows. */
#include "trial/conduct/history.h"

#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"
#include "trial/conduct/rights.h"

#include <string.h>

typedef struct reading {
    lb_tx *tx;
    const lb_history_ask *ask;
    lb_arena *arena;
    lb_value *entries;
    int64_t last;
    bool more;
} reading;

/* Secrets of an account, and sealed values, are in the audit so that a change of them is found; nobody reads them there. */
static bool is_secret(const char *kind, const char *key)
{
    static const char *const secret[] = {"password", "otp_sealed", "otp_pending", "sessions_from", "arm_sealed", "text"};
    bool account = strcmp(kind, LB_KIND_USER) == 0 || strcmp(kind, LB_KIND_ALLOCATION) == 0;
    for (size_t i = 0; account && i < LB_COUNT(secret); i++)
        if (strcmp(secret[i], key) == 0) return true;
    return strcmp(kind, LB_KIND_PROTOCOL) == 0 && strcmp(key, "text") == 0;
}

static void add_change(const reading *r, const lb_audit *a, const char *item, const lb_value *before, const lb_value *after, lb_value *list)
{
    if (r->ask->item && strcmp(r->ask->item, item) != 0) return;
    if (is_secret(a->kind, item)) before = after = NULL;
    const lb_study_item *known = r->ask->study ? lb_study_item_named(r->ask->study, item, NULL) : NULL;
    lb_value *one = lb_push_object(list);
    lb_set_text(one, "item", item);
    if (known) lb_set_label(one, "label", &known->label);
    if (before) lb_set(one, "before", (lb_value *)before);
    else lb_set_null(one, "before");
    if (after) lb_set(one, "after", (lb_value *)after);
    else lb_set_null(one, "after");
}

static void add_members(const reading *r, const lb_audit *a, const lb_value *before, const lb_value *after, const char *prefix, lb_value *list)
{
    for (int pass = 0; pass < 2; pass++) {
        const lb_value *from = pass ? after : before;
        for (size_t i = 0; from && from->type == LB_OBJECT && i < from->count; i++) {
            const char *key = from->key[i];
            if (pass && lb_get(before, key)) continue; /* told with its value before */
            const lb_value *b = lb_get(before, key), *c = lb_get(after, key);
            bool inner = !*prefix && (strcmp(key, "values") == 0 || strcmp(key, "missing") == 0);
            if (inner) add_members(r, a, b, c, strcmp(key, "values") == 0 ? "values" : "missing", list);
            else add_change(r, a, strcmp(prefix, "missing") == 0 ? lb_arena_printf(r->arena, "%s?", key) : key, b, c, list);
        }
    }
}

/* Who has yet to key a form the second time must not learn from the audit what the first person typed. */
static int is_withheld(const reading *r, const lb_audit *a, bool *out, lb_error *err)
{
    size_t count = 0;
    char **part = lb_text_split(r->arena, a->key, '|', &count);
    bool entry = strcmp(a->kind, LB_KIND_ENTRY) == 0 || strcmp(a->kind, LB_KIND_KEYED) == 0;
    const lb_record *second = NULL;
    *out = false;
    if (!entry || count < 3 || !r->ask->study || !lb_rights_may(lb_tx_actor(r->tx)->role, LB_MAY_SECOND)) return LB_OK;
    for (size_t f = 0; f < r->ask->study->form_count; f++)
        if (strcmp(r->ask->study->form[f].id, part[2]) == 0) *out = r->ask->study->form[f].double_entry;
    if (!*out) return LB_OK;
    int code = lb_tx_get(r->tx, LB_KIND_KEYED, lb_arena_printf(r->arena, "%s|%s|%s|2", part[0], part[1], part[2]), &second, err);
    *out = second == NULL;
    return code;
}

static bool wanted_form(const reading *r, const char *visit, const char *form)
{
    return (!r->ask->visit || lb_text_equal(r->ask->visit, visit)) && (!r->ask->form || lb_text_equal(r->ask->form, form));
}

static int take(void *context, const lb_audit *a, lb_error *err)
{
    reading *r = context;
    if ((int64_t)r->entries->count == r->ask->limit) {
        r->more = true;
        return 1;
    }
    size_t count = 0;
    char **part = lb_text_split(r->arena, a->key ? a->key : "", '|', &count);
    bool entry = lb_text_equal(a->kind, LB_KIND_ENTRY) || lb_text_equal(a->kind, LB_KIND_KEYED), withheld = false;
    const char *visit = entry && count >= 3 ? part[1] : NULL, *form = entry && count >= 3 ? part[2] : NULL;
    if (!wanted_form(r, visit, form)) return 0;
    int code = is_withheld(r, a, &withheld, err);
    if (code) return code;
    lb_value *changes = lb_value_array(r->arena);
    if (!withheld) add_members(r, a, a->before, a->after, "", changes);
    if (r->ask->item && changes->count == 0) return 0;
    lb_value *one = lb_push_object(r->entries);
    lb_set_int(one, "seq", a->seq);
    lb_set_text(one, "at", lb_when(a->at_us, r->arena));
    lb_set_text(one, "user", a->user);
    lb_set_text(one, "role", a->role);
    lb_set_text(one, "site", a->site);
    lb_set_text(one, "subject", a->subject);
    lb_set_text(one, "kind", a->kind);
    lb_set_text(one, "key", a->key);
    if (visit) lb_set_text(one, "visit", visit);
    if (form) lb_set_text(one, "form", form);
    lb_set_text(one, "action", a->action);
    lb_set_text(one, "reason", a->reason);
    lb_set_text(one, "version", a->version);
    if (a->origin) {
        lb_value *origin = lb_set_object(one, "origin");
        lb_set_text(origin, "system", a->origin->system);
        lb_set_text(origin, "user", a->origin->user);
        lb_set_text(origin, "role", a->origin->role);
        lb_set_text(origin, "at", lb_when(a->origin->at_us, r->arena));
    }
    if (withheld) lb_set_bool(one, "withheld", true);
    lb_set(one, "changes", changes);
    r->last = a->seq;
    return 0;
}

static int day_us(const char *name, const char *text, int64_t plus, int64_t *out, lb_error *err)
{
    int64_t days = 0;
    if (!text) return LB_OK;
    if (!lb_date_days(text, strlen(text), &days)) {
        lb_fail(err, LB_USAGE, "'%.40s' is no date", text);
        lb_error_where(err, "%s", name);
        return LB_USAGE;
    }
    *out = (days + plus) * 86400 * 1000000;
    return LB_OK;
}

int lb_history_read(lb_tx *tx, const lb_history_ask *ask, lb_value **out, lb_error *err)
{
    reading r = {.tx = tx, .ask = ask, .arena = lb_tx_arena(tx), .entries = lb_value_array(lb_tx_arena(tx))};
    lb_audit_find find = {.user = ask->user, .subject = ask->subject, .kind = ask->kind, .action = ask->action, .seq_below = ask->seq_before, .newest_first = true};
    int code = day_us("from", ask->from, 0, &find.at_from_us, err);
    if (!code) code = day_us("to", ask->to, 1, &find.at_below_us, err);
    if (!code) code = lb_tx_audit(tx, &find, take, &r, err);
    if (code) return code;
    *out = lb_value_object(r.arena);
    lb_set(*out, "entries", r.entries);
    if (r.more) lb_set_int(*out, "next", r.last);
    else lb_set_null(*out, "next");
    return LB_OK;
}

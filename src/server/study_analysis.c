/* A study's snapshots and its analysis plan, as the analysis pages and operations ask for them: under the rights of the person
 * whose request it is. The plan and its ledger are one audited record; before there is one, the plan is the file that the
 * protocol names, shipped beside it. */
#include "server/study_analysis.h"

#include "server/place.h"
#include "server/study_home.h"
#include "trial/conduct/records.h"

#include <string.h>

/* -- snapshots ------------------------------------------------------------------------------------------------------------ */

typedef struct listing {
    lb_tx *tx;
    lb_value *list;
    bool masked;
    int code;
    lb_error *err;
} listing;

/* The names in the first line. No name of ours holds a comma or a quote. */
static void add_columns(lb_value *table, const lb_bytes *csv)
{
    const char *text = (const char *)csv->data, *end = csv->data ? memchr(text, '\n', csv->length) : NULL;
    lb_value *columns = lb_set_array(table, "columns");
    size_t count = 0;
    if (!end) return;
    char **name = lb_text_split(table->arena, lb_arena_textn(table->arena, text, (size_t)(end - text)), ',', &count);
    for (size_t i = 0; i < count; i++) lb_push_text(columns, name[i]);
}

static lb_value *table_named(const lb_value *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (lb_text_equal(lb_get_text(list->item[i], "name", NULL), name)) return list->item[i];
    return NULL;
}

/* A reader gets one form of each table, the one they may read, and nothing tells of the other: a table that is there already is
 * the open form of this one. */
static int add_tables(listing *l, const char *id, const lb_value *tables, lb_value *out)
{
    int code = LB_OK;
    for (size_t i = 0; tables && i < tables->count && !code; i++) {
        const char *name = lb_get_text(tables->item[i], "name", "");
        lb_value *one = table_named(out, name);
        lb_bytes csv = {0};
        if (l->masked && lb_get_bool(tables->item[i], "reveals_arm", false)) continue;
        code = lb_tx_frozen(l->tx, id, name, &csv, l->err);
        if (code) break;
        if (!one) one = lb_push_object(out);
        lb_set_text(one, "name", name);
        lb_set_int(one, "rows", lb_get_int(tables->item[i], "rows", 0));
        lb_set_text(one, "sha256", lb_get_text(tables->item[i], "sha256", NULL));
        add_columns(one, &csv);
    }
    return code;
}

/* What reveals the arm is a record of its own, "ID|arms", that masked readers do not get: its tables join the snapshot's. */
static int take_arms(void *context, const lb_record *record, lb_error *err)
{
    listing *l = context;
    const char *bar = strchr(record->key, '|');
    if (!bar) return LB_OK;
    const char *id = lb_arena_textn(l->list->arena, record->key, (size_t)(bar - record->key));
    l->err = err;
    for (size_t i = 0; i < l->list->count && !l->code; i++)
        if (lb_text_equal(lb_get_text(l->list->item[i], "id", NULL), id))
            l->code = add_tables(l, id, lb_get(record->body, "tables"), lb_get(l->list->item[i], "tables"));
    return l->code;
}

static int take_snapshot(void *context, const lb_record *record, lb_error *err)
{
    listing *l = context;
    static const char *const kept[] = {"label", "made", "by"};
    if (strchr(record->key, '|')) return LB_OK;
    lb_value *one = lb_push_object(l->list);
    lb_set_text(one, "id", record->key);
    for (size_t i = 0; i < LB_COUNT(kept); i++)
        if (lb_get(record->body, kept[i])) lb_set(one, kept[i], lb_get(record->body, kept[i]));
    lb_set_text(one, "sha256", l->masked ? NULL : lb_get_text(record->body, "sha256", NULL));
    lb_set_bool(one, "masked", l->masked);
    l->err = err;
    l->code = add_tables(l, record->key, lb_get(record->body, "tables"), lb_set_array(one, "tables"));
    return l->code;
}

static int read_snapshots(lb_tx *tx, void *context, lb_error *err)
{
    listing *l = context;
    const lb_find find = {.kind = LB_KIND_SNAPSHOT};
    l->tx = tx;
    int code = lb_tx_scan(tx, &find, take_snapshot, l, err);
    if (!code && !l->code && !l->masked) code = lb_tx_scan(tx, &find, take_arms, l, err);
    return code ? code : l->code;
}

int study_snapshot_list(study_request *person, lb_value *list, lb_error *err)
{
    listing l = {.list = list, .masked = person->actor.masked};
    return study_read(person, read_snapshots, &l, err);
}

/* -- the source -------------------------------------------------------------------------------------------------------------- */

/* The person of a request that the router has let in already. */
static int person_of(study_home *home, const lb_request *request, study_request **out, lb_error *err)
{
    lb_answer answer = LB_ANSWER_INIT;
    *out = study_admit(home, request, LB_MAY_ANALYSE, &answer);
    lb_answer_free(&answer);
    return *out ? LB_OK : lb_fail(err, LB_FORBIDDEN, "your role may not do this");
}

static int list(void *context, const lb_request *request, lb_value *out, lb_error *err)
{
    study_request *person = NULL;
    int code = person_of(context, request, &person, err);
    if (code) return code;
    code = study_snapshot_list(person, out, err);
    study_dismiss(person);
    return code;
}

static int table(void *context, const lb_request *request, const char *snapshot, const char *name, lb_bytes *out, lb_error *err)
{
    study_request *person = NULL;
    int code = person_of(context, request, &person, err);
    if (code) return code;
    if (!study_frozen(person, lb_arena_printf(request->arena, "%s/%s", snapshot, name), out)) code = study_absent(err, "table of a snapshot");
    study_dismiss(person);
    return code;
}

typedef struct plan_work {
    const lb_record *plan, *study;
    const lb_bytes *text;
    const lb_value *before, *ledger;
} plan_work;

static int read_plan(lb_tx *tx, void *context, lb_error *err)
{
    plan_work *w = context;
    int code = lb_tx_get(tx, LB_KIND_PLAN, "plan", &w->plan, err);
    return code ? code : lb_tx_get(tx, LB_KIND_STUDY, "study", &w->study, err);
}

static int shipped_plan(const study_request *person, lb_bytes *out, lb_error *err)
{
    const char *name = person->study ? lb_get_text(lb_get(person->study->root, "plan"), "file", "") : "", *root = study_home_options(person->home)->root;
    if (!*name || strchr(name, '/') || name[0] == '.' || !root || !lb_place_below(root, lb_arena_printf(person->arena, "studies/%s", name), person->arena)) {
        lb_fail(err, LB_NOT_FOUND, "there is no analysis plan yet");
        lb_error_hint(err, "the protocol names the file in `plan`; it lies beside the protocols in studies/");
        return LB_NOT_FOUND;
    }
    int code = lb_file_read(lb_arena_printf(person->arena, "%s/studies/%s", root, name), 1 << 20, person->arena, out, err);
    out->name = name;
    return code;
}

static int plan(void *context, const lb_request *request, lb_plan_now *out, lb_error *err)
{
    study_request *person = NULL;
    plan_work w = {0};
    *out = (lb_plan_now){0};
    int code = person_of(context, request, &person, err);
    if (code) return code;
    code = study_read(person, read_plan, &w, err);
    if (!code && w.plan) {
        const char *text = lb_get_text(w.plan->body, "text", "");
        out->text = (lb_bytes){(const uint8_t *)text, strlen(text), lb_get_text(w.plan->body, "name", "plan.yaml")};
        out->ledger = lb_get(w.plan->body, "ledger");
    } else if (!code) {
        code = shipped_plan(person, &out->text, err);
    }
    bool statistician = lb_rights_may(person->actor.role, LB_MAY_PLAN);
    out->may_rehearse = out->may_lock = out->may_amend = statistician;
    out->may_run = statistician && w.study && lb_get_bool(w.study->body, "unblinded", false);
    out->who = lb_arena_text(request->arena, person->actor.user);
    study_dismiss(person);
    return code;
}

static bool same_ledger(const lb_value *a, const lb_value *b)
{
    lb_buf one = {0}, two = {0};
    if (a) lb_json_write(a, 0, &one);
    if (b) lb_json_write(b, 0, &two);
    bool same = one.length == two.length && (one.length == 0 || memcmp(one.data, two.data, one.length) == 0);
    lb_buf_free(&one);
    lb_buf_free(&two);
    return same;
}

static int write_plan(lb_tx *tx, void *context, lb_error *err)
{
    plan_work *w = context;
    const lb_record *old = NULL;
    lb_arena *arena = lb_tx_arena(tx);
    int code = lb_tx_get(tx, LB_KIND_PLAN, "plan", &old, err);
    if (code) return code;
    if (!same_ledger(old ? lb_get(old->body, "ledger") : NULL, w->before)) {
        lb_fail(err, LB_CONFLICT, "somebody else entered something in the plan's ledger first");
        lb_error_hint(err, "look at the plan again");
        return LB_CONFLICT;
    }
    lb_value *body = lb_body_copy(old ? old->body : NULL, arena);
    if (w->text) {
        lb_set_text(body, "text", lb_arena_textn(arena, (const char *)w->text->data, w->text->length));
        lb_set_text(body, "name", w->text->name);
    }
    lb_set(body, "ledger", (lb_value *)w->ledger);
    lb_record record = {.kind = LB_KIND_PLAN, .key = "plan", .body = body};
    const lb_change change = {.action = "plan"};
    return lb_tx_put(tx, &record, old ? old->revision : 0, &change, err);
}

static int keep(void *context, const lb_request *request, const lb_bytes *text, const lb_value *before, const lb_value *ledger, lb_error *err)
{
    study_request *person = NULL;
    plan_work w = {.text = text, .before = before, .ledger = ledger};
    lb_bytes shipped = {0};
    int code = person_of(context, request, &person, err);
    if (code) return code;
    if (!lb_rights_may(person->actor.role, LB_MAY_PLAN)) code = lb_fail(err, LB_FORBIDDEN, "your role may not change the plan's ledger");
    plan_work now = {0};
    if (!code) code = study_read(person, read_plan, &now, err);
    if (!code && !now.plan && !text) { /* the first entry keeps the plan itself, too */
        code = shipped_plan(person, &shipped, err);
        w.text = &shipped;
    }
    if (!code) code = study_write(person, write_plan, &w, err);
    study_dismiss(person);
    return code;
}

lb_analysis_source study_analysis_source(study_home *home)
{
    return (lb_analysis_source){.list = list, .table = table, .plan = plan, .keep = keep, .context = home};
}

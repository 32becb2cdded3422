/* Queries and their life: open, answered, closed, open again. */
#include "trial/conduct/query.h"

#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"
#include "trial/conduct/rights.h"

#include <sodium.h>
#include <string.h>

static void make_id(char id[LB_QUERY_ID])
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    for (int i = 0; i < LB_QUERY_ID - 1; i++) id[i] = letters[randombytes_uniform(sizeof letters - 1)];
    id[LB_QUERY_ID - 1] = '\0';
}

static void say(lb_tx *tx, lb_value *body, const char *action, const char *text, bool by_rule)
{
    lb_value *thread = lb_value_array(body->arena);
    const lb_value *old = lb_get(body, "thread");
    for (size_t i = 0; old && i < old->count; i++) lb_push(thread, old->item[i]);
    lb_value *one = lb_push_object(thread);
    lb_set_text(one, "at", lb_when(lb_tx_now_us(tx), body->arena));
    lb_set_text(one, "by", by_rule ? "system" : lb_tx_actor(tx)->user);
    lb_set_text(one, "role", by_rule ? "system" : lb_tx_actor(tx)->role);
    lb_set_text(one, "action", action);
    lb_set_text(one, "text", text);
    lb_set(body, "thread", thread);
}

/* A check that reads what reveals the arm tells of it, wherever it is shown. */
static bool rule_reveals(const lb_study_form *form, const char *rule, lb_arena *arena)
{
    for (size_t i = 0; rule && i < form->check_count; i++) {
        size_t count = 0;
        if (strcmp(form->check[i].id, rule) != 0) continue;
        const char **name = lb_rule_names(form->check[i].rule, arena, &count);
        for (size_t n = 0; n < count; n++) {
            const lb_study_item *item = lb_form_item(form, name[n]);
            if (item && item->reveals_arm) return true;
        }
    }
    return false;
}

int lb_query_open(lb_tx *tx, const lb_entry *entry, const char *item, const char *text, const char *rule, char id[LB_QUERY_ID], lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_form_place *p = entry->place;
    const lb_study_item *at = *item ? lb_form_item(entry->form, item) : NULL;
    bool masked = lb_tx_actor(tx)->masked;
    if (*item && (!at || (masked && at->reveals_arm))) {
        lb_fail(err, LB_BAD_DATA, "this form has no item '%.60s'", item);
        lb_error_where(err, "item");
        return LB_BAD_DATA;
    }
    if (!text[strspn(text, " \t\n")]) {
        lb_fail(err, LB_BAD_DATA, "the query asks nothing");
        lb_error_where(err, "text");
        return LB_BAD_DATA;
    }
    make_id(id);
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "visit", p->visit_text);
    lb_set_text(body, "form", entry->form->id);
    lb_set_text(body, "item", item);
    lb_set_text(body, "text", text);
    lb_set_text(body, "rule", rule);
    lb_set_text(body, "by", rule ? "system" : lb_tx_actor(tx)->user);
    lb_set_text(body, "role", rule ? "system" : lb_tx_actor(tx)->role);
    lb_set_text(body, "opened_at", lb_when(lb_tx_now_us(tx), arena));
    say(tx, body, "open", text, rule != NULL);
    bool reveals = lb_form_reveals(entry->form, &p->study->visit[p->visit]) || (at && at->reveals_arm) || rule_reveals(entry->form, rule, arena);
    lb_record record = {.kind = LB_KIND_QUERY, .key = id, .site = entry->person->site, .subject = p->subject, .parent = p->key, .state = "open",
                        .reveals_arm = reveals, .body = body};
    const lb_change change = {.action = "query", .version = p->study->version};
    return lb_tx_put(tx, &record, 0, &change, err);
}

static int wrong_state(const lb_record *query, lb_error *err)
{
    lb_fail(err, LB_CONFLICT, "the query is %s", query->state);
    lb_error_hint(err, "open queries are answered, answered ones closed, closed ones opened again");
    return LB_CONFLICT;
}

static int change_state(lb_tx *tx, const lb_record *query, const char *state, const char *action, const char *text, bool by_rule, lb_error *err)
{
    lb_record record = *query;
    lb_value *body = lb_body_copy(query->body, lb_tx_arena(tx));
    say(tx, body, action, text, by_rule);
    record.body = body;
    record.state = state;
    const lb_change change = {.action = lb_arena_printf(lb_tx_arena(tx), "query_%s", action), .reason = text};
    return lb_tx_put(tx, &record, query->revision, &change, err);
}

int lb_query_act(lb_tx *tx, const char *id, const char *action, const char *text, const lb_record **out, lb_error *err)
{
    static const struct {
        const char *action, *right, *from, *or_from, *to;
    } moves[] = {{"answer", LB_MAY_ANSWER, "open", "answered", "answered"}, {"close", LB_MAY_CLOSE, "answered", "open", "closed"},
                 {"reopen", LB_MAY_CLOSE, "closed", "answered", "open"}};
    const lb_record *query = NULL;
    int code = lb_tx_get(tx, LB_KIND_QUERY, id, &query, err);
    if (code || !query) return code ? code : lb_fail(err, LB_NOT_FOUND, "there is no such query");
    for (size_t i = 0; i < LB_COUNT(moves); i++) {
        if (strcmp(moves[i].action, action) != 0) continue;
        if (!lb_rights_may(lb_tx_actor(tx)->role, moves[i].right)) return lb_fail(err, LB_FORBIDDEN, "your role may not %s a query", action);
        if (!lb_text_equal(query->state, moves[i].from) && !lb_text_equal(query->state, moves[i].or_from)) return wrong_state(query, err);
        if (i != 1 && !text[strspn(text, " \t\n")]) return lb_fail(err, LB_BAD_DATA, "%s", i ? "say why it is opened again" : "the answer is empty");
        code = change_state(tx, query, moves[i].to, action, text, false, err);
        return code ? code : lb_tx_get(tx, LB_KIND_QUERY, id, out, err);
    }
    return lb_fail(err, LB_USAGE, "a query is answered, closed or reopened, not '%.20s'", action);
}

lb_value *lb_query_value(const lb_record *record, int64_t now_us, lb_arena *arena)
{
    static const char *const kept[] = {"visit", "form", "item", "text", "rule", "by", "role", "opened_at", "thread"};
    int64_t opened = 0;
    lb_value *out = lb_value_object(arena);
    lb_set_text(out, "id", record->key);
    lb_set_text(out, "subject", record->subject);
    lb_set_text(out, "site", record->site);
    lb_set_text(out, "state", record->state);
    for (size_t i = 0; i < LB_COUNT(kept); i++)
        if (lb_get(record->body, kept[i])) lb_set(out, kept[i], lb_get(record->body, kept[i]));
    lb_time_seconds(lb_get_text(record->body, "opened_at", ""), &opened);
    lb_set_int(out, "age_days", opened ? (now_us / 1000000 - opened) / 86400 : 0);
    return out;
}

/* -- queries by rule ------------------------------------------------------------------------------------------------------ */

typedef struct rule_queries {
    lb_arena *arena;
    const lb_record *query[64];
    size_t count;
} rule_queries;

static int gather(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    rule_queries *q = context;
    if (!lb_get_text(record->body, "rule", NULL) || lb_text_equal(record->state, "closed")) return 0;
    lb_record *copy = lb_arena_alloc(q->arena, sizeof *copy);
    *copy = *record;
    q->query[q->count++] = copy;
    return q->count == LB_COUNT(q->query);
}

static const lb_record *query_of(const rule_queries *q, const char *item, const char *rule)
{
    for (size_t i = 0; i < q->count; i++)
        if (lb_text_equal(lb_get_text(q->query[i]->body, "item", ""), item) && lb_text_equal(lb_get_text(q->query[i]->body, "rule", ""), rule))
            return q->query[i];
    return NULL;
}

static bool is_confirmed(const lb_entry_plan *plan, const char *item, const char *rule)
{
    const lb_value *confirmed = lb_get(plan->main_body, "confirmed");
    return lb_text_equal(lb_get_text(confirmed, item, NULL), rule);
}

static bool still_found(const lb_entry_plan *plan, const lb_record *query)
{
    const char *item = lb_get_text(query->body, "item", ""), *rule = lb_get_text(query->body, "rule", "");
    const lb_value *findings = plan->computed.findings;
    for (size_t i = 0; i < findings->count; i++)
        if (lb_text_equal(lb_get_text(findings->item[i], "item", ""), item) && lb_text_equal(lb_get_text(findings->item[i], "code", ""), rule))
            return !is_confirmed(plan, item, rule);
    return false;
}

int lb_entry_queries(lb_tx *tx, const lb_entry_plan *plan, size_t *opened, lb_error *err)
{
    const lb_value *findings = plan->computed.findings;
    rule_queries there = {.arena = lb_tx_arena(tx)};
    *opened = 0;
    if (!plan->main_body && !plan->arm_body) return LB_OK;
    int code = lb_tx_scan(tx, &plan->queries, gather, &there, err);
    for (size_t i = 0; i < there.count && !code; i++)
        if (!still_found(plan, there.query[i]))
            code = change_state(tx, there.query[i], "closed", "close", "the value was changed or confirmed", true, err);
    for (size_t i = 0; i < findings->count && !code; i++) {
        char id[LB_QUERY_ID];
        const char *item = lb_get_text(findings->item[i], "item", ""), *rule = lb_get_text(findings->item[i], "code", "");
        if (strcmp(lb_get_text(findings->item[i], "severity", ""), "soft") != 0) continue;
        if (query_of(&there, item, rule) || is_confirmed(plan, item, rule)) continue;
        code = lb_query_open(tx, &plan->before, item, lb_get_text(findings->item[i], "message", ""), rule, id, err);
        ++*opened;
    }
    return code;
}

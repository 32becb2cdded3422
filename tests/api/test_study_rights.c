/* Every route of the study × every role × own site, another site, nobody: what the table of rights says is what happens. The
 * routes come from the tables themselves, so that a new one is in the test before it has one of its own. */
#include "api/study_fixture.h"
#include "server/study_home.h"

static study_fixture f;
static const char *const visit = "SCR", *const form = "eligibility";

static int fixture_person(lb_tx *tx, void *context, lb_error *err)
{
    (void)context;
    const char *const sites[] = {"C01", "C02"};
    int code = LB_OK;
    for (size_t i = 0; i < LB_COUNT(sites) && !code; i++) {
        const char *subject = lb_arena_printf(lb_tx_arena(tx), "%s-001", sites[i]);
        lb_value *body = lb_value_object(lb_tx_arena(tx));
        lb_set_text(body, "site", sites[i]);
        const lb_change change = {.action = "fixture"};
        lb_record record = {.kind = LB_KIND_SUBJECT, .key = subject, .site = sites[i], .subject = subject, .state = "screening", .body = body};
        code = lb_tx_put(tx, &record, 0, &change, err);
    }
    return code;
}

static int start(void **state)
{
    (void)state;
    lb_error err = LB_ERROR_INIT;
    fixture_start(&f, "metnlbp.yaml");
    return lb_store_write(f.store, &fixture_actor, f.arena, fixture_person, NULL, &err);
}

static int stop(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

/* A body that the schema takes: the smallest of every type. */
static lb_value *sample(const lb_value *schema)
{
    lb_value *out = lb_value_object(f.arena);
    const lb_value *type = lb_get(schema, "type"), *properties = lb_get(schema, "properties"), *ref = lb_get(schema, "$ref"), *any = lb_get(schema, "anyOf");
    if (ref) return sample(study_schema_json(study_schema_named(strrchr(ref->text, '/') + 1), true, f.arena));
    if (any) return sample(any->item[0]);
    const char *word = type && type->type == LB_ARRAY ? type->item[0]->text : type ? type->text : "null";
    if (lb_get(schema, "enum")) out->type = LB_STRING, out->text = lb_get(schema, "enum")->item[0]->text;
    else if (strcmp(word, "string") == 0) out->type = LB_STRING, out->text = lb_get(schema, "format") ? "2026-01-01" : "x";
    else if (strcmp(word, "integer") == 0) out->type = LB_INT, out->integer = 1;
    else if (strcmp(word, "number") == 0) out->type = LB_DOUBLE, out->number = 1;
    else if (strcmp(word, "boolean") == 0) out->type = LB_BOOL, out->boolean = false;
    else if (strcmp(word, "array") == 0) out->type = LB_ARRAY;
    for (size_t i = 0; properties && i < properties->count; i++) {
        const char *key = properties->key[i];
        lb_value *value = sample(properties->item[i]);
        if (strcmp(key, "password") == 0 || strcmp(key, "old") == 0) value->text = STUDY_PASSWORD;
        if (strcmp(key, "subject") == 0) value->text = "C01-001";
        if (strcmp(key, "site") == 0) value->text = "C01";
        if (strcmp(key, "visit") == 0) value->text = visit;
        if (strcmp(key, "form") == 0) value->text = form;
        lb_set(out, key, value);
    }
    return out;
}

static const char *body_of(const study_route *route)
{
    if (!route->body) return strcmp(route->method, "GET") == 0 || strcmp(route->method, "DELETE") == 0 || route->flags & STUDY_RAW ? NULL : "{}";
    lb_buf text = {0};
    lb_json_write(sample(study_schema_json(route->body, true, f.arena)), 0, &text);
    const char *copy = lb_arena_text(f.arena, text.data);
    lb_buf_free(&text);
    return copy;
}

/* The pattern with things that exist in its places. */
static const char *path_of(const char *pattern)
{
    static const char *const names[][2] = {{"subject", "C01-001"}, {"visit", "SCR"}, {"form", "eligibility"}, {"site", "C01"}, {"item", "age"}};
    lb_buf path = {0};
    while (*pattern) {
        if (*pattern != '{') {
            lb_buf_putc(&path, *pattern++);
            continue;
        }
        size_t length = strcspn(pattern, "}") - 1;
        const char *value = "x";
        for (size_t i = 0; i < LB_COUNT(names); i++)
            if (strlen(names[i][0]) == length && strncmp(names[i][0], pattern + 1, length) == 0) value = names[i][1];
        lb_buf_puts(&path, value);
        pattern += length + 2;
    }
    const char *copy = lb_arena_text(f.arena, path.data);
    lb_buf_free(&path);
    return copy;
}

static bool refused_by_rights(const lb_value *got)
{
    return strcmp(study_error(got), "your role may not do this") == 0;
}

/* What ends sessions, or the study, is tried where it must be refused only. */
static bool too_drastic(const study_route *route)
{
    static const char *const drastic[] = {"/api/session", "/api/study/lock", "/api/study/open", "/api/study/unblind", "/api/users/{name}"};
    for (size_t i = 0; i < LB_COUNT(drastic); i++)
        if (strcmp(route->path, drastic[i]) == 0) return true;
    return false;
}

static void each_route(void (*check)(const study_route *route, const char *path, const char *body, void *context), void *context)
{
    const study_table *table;
    for (size_t t = 0; (table = study_table_at(t)); t++)
        for (size_t i = 0; i < table->count; i++) check(&table->route[i], path_of(table->route[i].path), body_of(&table->route[i]), context);
}

static void check_nobody(const study_route *route, const char *path, const char *body, void *context)
{
    ++*(size_t *)context;
    if (route->flags & STUDY_OPEN) return;
    lb_value *got = NULL;
    int status = study_ask(&f, NULL, route->method, path, body, &got);
    if (status != 401) fail_msg("%s %s without a session: %d, not 401", route->method, path, status);
}

static void test_nobody(void **state)
{
    (void)state;
    size_t count = 0;
    each_route(check_nobody, &count);
    assert_true(count > 60);
}

typedef struct walker {
    study_user user;
    const char *role;
    bool masked, elsewhere; /* elsewhere: a user of another site than the paths speak of */
} walker;

static void check_role(const study_route *route, const char *path, const char *body, void *context)
{
    const walker *w = context;
    lb_value *got = NULL;
    bool gone = (route->flags & STUDY_UNMASKED) && w->masked, may = !route->right || lb_rights_may(w->role, route->right);
    if (route->flags & STUDY_OPEN || (!gone && may && too_drastic(route))) return;
    int status = study_ask(&f, &w->user, route->method, path, body, &got);
    if (gone) {
        if (status != 404) fail_msg("%s %s as %s: %d, not 404", route->method, path, w->role, status);
    } else if (!may) {
        if (status != 403 || !refused_by_rights(got)) fail_msg("%s %s as %s: %d, not 403", route->method, path, w->role, status);
    } else {
        bool told = status == 403 && refused_by_rights(got);
        if (status == 401 || status >= 500 || told) fail_msg("%s %s as %s: %d: %s", route->method, path, w->role, status, study_error(got));
        if (w->elsewhere && strstr(route->path, "{subject}") && status < 400) fail_msg("%s %s as %s of another site: %d", route->method, path, w->role, status);
    }
    if (strcmp(route->method, "GET") == 0 || gone || !may) return;
    study_user forged = w->user;
    forged.token[0] ^= 1;
    status = study_ask(&f, &forged, route->method, path, body, &got);
    if (status != 403) fail_msg("%s %s as %s with a wrong token: %d, not 403", route->method, path, w->role, status);
}

static void walk(const char *name, const char *role, bool elsewhere)
{
    walker w = {.user = study_as(&f, name), .role = role, .elsewhere = elsewhere};
    lb_value *session = NULL;
    study_expect(&f, &w.user, "GET", "/api/session", NULL, 200, &session);
    w.masked = lb_get_bool(lb_get(session, "user"), "masked", false);
    each_route(check_role, &w);
}

static void test_every_role(void **state)
{
    (void)state;
    for (size_t i = 0; lb_rights_role(i); i++) walk(lb_arena_printf(f.arena, "%s.c01", lb_rights_role(i)), lb_rights_role(i), false);
}

static void test_other_site(void **state)
{
    (void)state;
    for (size_t i = 0; lb_rights_role(i); i++) walk(lb_arena_printf(f.arena, "%s.c02", lb_rights_role(i)), lb_rights_role(i), true);
}

/* Everything a person of C02 may read holds nothing of C01. */
static void check_leak(const study_route *route, const char *path, const char *body, void *context)
{
    (void)body;
    const walker *w = context;
    if (strcmp(route->method, "GET") != 0 || route->flags & STUDY_OPEN) return;
    lb_value *got = NULL;
    lb_buf text = {0};
    if (study_ask(&f, &w->user, "GET", path, NULL, &got) == 200 && got) lb_json_write(got, 0, &text);
    if (text.data && strstr(text.data, "C01-001")) fail_msg("GET %s as %s of C02 tells of C01-001", path, w->role);
    lb_buf_free(&text);
}

static void test_no_leak_between_sites(void **state)
{
    (void)state;
    for (size_t i = 0; lb_rights_role(i); i++) {
        walker w = {.user = study_as(&f, lb_arena_printf(f.arena, "%s.c02", lb_rights_role(i))), .role = lb_rights_role(i)};
        each_route(check_leak, &w);
    }
}

/* What reveals the arm does not exist to a masked role. */
static void test_masked(void **state)
{
    (void)state;
    const char *const paths[] = {"/api/forms/C01-001/DIARY.1/diary", "/api/forms/C01-001/CALL.1/supervision", "/api/adherence", "/api/randomisation/report"};
    const char *const masked[] = {"assessor.c01", "data_manager.c01", "monitor.c01", "statistician.c01"};
    for (size_t m = 0; m < LB_COUNT(masked); m++) {
        study_user user = study_as(&f, masked[m]);
        lb_value *form_page = NULL;
        for (size_t i = 0; i < LB_COUNT(paths); i++) {
            int status = study_ask(&f, &user, "GET", paths[i], NULL, NULL);
            if (status != 404 && !(strcmp(masked[m], "statistician.c01") == 0 && status == 403)) fail_msg("%s as %s: %d, not 404", paths[i], masked[m], status);
        }
        if (study_ask(&f, &user, "GET", "/api/forms/C01-001/AE.1/ae", NULL, &form_page) != 200) continue;
        const lb_value *items = lb_get(lb_get(form_page, "form"), "items");
        for (size_t i = 0; i < items->count; i++) assert_string_not_equal(lb_get_text(items->item[i], "id", ""), "ae_rel_ex");
        assert_int_equal(study_ask(&f, &user, "POST", "/api/forms/C01-001/AE.1/ae/check", "{\"values\":{\"ae_rel_ex\":\"4\"}}", &form_page), 200);
        assert_string_equal(lb_path(form_page, "findings[0].code")->text, "unknown_item"); /* as any name that is none */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody), cmocka_unit_test(test_every_role), cmocka_unit_test(test_other_site),
        cmocka_unit_test(test_no_leak_between_sites), cmocka_unit_test(test_masked),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

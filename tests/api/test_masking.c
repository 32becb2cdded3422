/* What a masked role can learn of the arms: nothing. One small trial is conducted twice, the second time with every person in the
 * other arm (and so with the diaries, calls, judgements and unblindings of the other arm); every GET route is asked by every
 * masked role under every address that exists or might, and the answers must be the same to the byte: status, type, headers, body. */
#include "conduct_trial.h"

#include "server/study_home.h"
#include "trial/conduct/phone.h"
#include "trial/conduct/snapshot.h"
#include "trial/conduct/users.h"

#define PASSWORD "correct horse battery staple"
#define ELIGIBLE                                                                                                                      \
    "{'sex':'F','age':66,'lbp_months':12,'odi_screen':40,'goutallier':'2','surg_indication':0,'conservative':1,'can_exercise':1,"     \
    "'willing':1,'exc_specific':0,'exc_surgery':0,'exc_comorb':0,'exc_cognition':0,'exc_physical':0,'exc_trial':0,'exc_hypersens':0}"

enum { PEOPLE = 8 };

typedef struct world {
    trial t;
    study_home *home;
    lb_registry *registry;
    const char *cookie[16]; /* per role of roles[] */
} world;

static const char *const roles[] = {"assessor", "data_manager", "monitor", "statistician", "administrator", "unmasked_data_manager"};
enum { MASKED = 5 }; /* the last one is not masked: it must see a difference, or this test could not fail */

static char hash[LB_PASSWORD_HASH];

/* ---- the trial ---- */

static void add_user(trial *t, const char *name)
{
    lb_user_new user = {.name = name, .full_name = name, .role = name, .hash = hash};
    lb_value *body = lb_user_body(&user, t->arena);
    lb_error err = LB_ERROR_INIT;
    lb_actor system = {.user = "system", .role = "system", .clinical = true};
    lb_set_bool(body, "must_change", false);
    lb_set_bool(body, "second_factor", false);
    trial_put put = {{.kind = LB_KIND_USER, .key = name, .state = "active", .body = body}};
    TRIAL_OK(lb_store_write(t->store, &system, t->arena, trial_put_body, &put, &err), err);
}

static void add_protocol(trial *t, const char *file)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    TRIAL_OK(lb_file_read(repository_file(file), 1 << 20, t->arena, &bytes, &err), err);
    lb_value *body = lb_value_object(t->arena);
    lb_set_text(body, "text", lb_arena_textn(t->arena, (const char *)bytes.data, bytes.length));
    lb_set_text(body, "sha256", t->study->sha256);
    lb_actor system = {.user = "system", .role = "system", .clinical = true};
    trial_put put = {{.kind = LB_KIND_PROTOCOL, .key = t->study->version, .state = "active", .body = body}};
    TRIAL_OK(lb_store_write(t->store, &system, t->arena, trial_put_body, &put, &err), err);
}

static void sync_day(trial *t, lb_registry *registry, const char *s, int day)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    char now[24];
    lb_time_text(t->clock / 1000000, now);
    lb_value *batch = trial_json(t, lb_arena_printf(t->arena, "{'sent_at':'%s','entries':[{'id':'day-%s-%d','form':'diary','visit':'DIARY.%d','recorded_at':'%s',"
                                                              "'values':{'min_aerobic':20,'min_strength':10,'diary_pain':%d}}]}", now, s, day, day, now, 10 + day));
    TRIAL_OK(lb_phone_sync(t->store, t->study, s, batch, registry, t->arena, &out, &err), err);
    assert_string_equal(lb_get_text(out->item[0], "status", ""), "kept");
}

static bool exercises(const trial *t, const char *s)
{
    for (size_t i = 0; i < t->allocator.count; i++)
        if (strcmp(t->allocator.subject[i], s) == 0) return strcmp(t->allocator.arm[i], "A") == 0;
    return false;
}

/* What is entered because of the arm: diaries, calls, the exercise's part in an event, a deviation that tells, a query, an unblinding. */
static void because_of_the_arm(trial *t, const char *s, int i)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    if (!exercises(t, s)) return;
    trial_entry(t, s, "CALL.1", "supervision", "{'call_held':1,'call_note':'more balance'}");
    trial_record(t, LB_KIND_ENTRY, lb_arena_printf(t->arena, "%s|AE.1|ae|arm", s), "C01", s, "complete", true, "{'values':{'ae_rel_ex':'3'}}");
    TRIAL_OK(trial_do(t, lb_deviation_add, s, "{'kind':'treatment','severity':'minor','text':'trained twice a day','reveals_arm':true}", &err), err);
    trial_record(t, LB_KIND_QUERY, lb_arena_printf(t->arena, "QHIDDEN%d", i), "C01", s, "open", true, "{'item':'min_aerobic','visit':'DIARY.1','form':'diary'}");
    t->actor.role = "investigator";
    if (i % 2) TRIAL_OK(lb_unblind_person(t->store, &t->actor, t->study, s, "a fall, which treatment?", t->arena, &out, &err), err);
    t->actor.role = "coordinator";
}

static void everybody(trial *t, lb_registry *registry)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    for (int i = 1; i <= PEOPLE; i++) {
        const char *s = lb_arena_printf(t->arena, "C01-%03d", i);
        trial_subject(t, s, "C01");
        trial_entry(t, s, "SCR", "eligibility", ELIGIBLE);
        TRIAL_OK(trial_do(t, lb_consent_add, s, "{'date':'2026-02-02','form_version':'1.0'}", &err), err);
        trial_entry(t, s, "BL", "odi", "{'odi1':'2','odi2':'3'}");
        TRIAL_OK(trial_randomise(t, s, lb_arena_printf(t->arena, "key-%05d", i), &out, &err), err);
        trial_entry(t, s, "AE.1", "ae", "{'ae_term':'fall','ae_start':'2026-02-03','ae_sev':'2','ae_serious':1,'ae_aware':'2026-02-03T10:00','ae_rel_drug':'1'}");
        trial_entry(t, s, "MED.1", "medication", "{'drug_name':'celecoxib','drug_dose_mg':200,'drug_days':7}");
        trial_record(t, LB_KIND_QUERY, lb_arena_printf(t->arena, "QOPEN%d", i), "C01", s, "open", false, "{'item':'odi3','visit':'BL','form':'odi'}");
    }
    for (int day = 1; day <= 5; day++) { /* time only goes forward */
        trial_at(t, "2026-02-02");
        trial_pass(t, day);
        for (int i = 1; i <= PEOPLE; i++) {
            const char *s = lb_arena_printf(t->arena, "C01-%03d", i);
            if (exercises(t, s) && day <= 3 + i % 3) sync_day(t, registry, s, day);
        }
    }
    trial_at(t, "2026-02-09");
    for (int i = 1; i <= PEOPLE; i++) because_of_the_arm(t, lb_arena_printf(t->arena, "C01-%03d", i), i);
    trial_at(t, "2026-02-10");
    for (int i = 1; i <= PEOPLE; i++)
        TRIAL_OK(trial_do(t, lb_deviation_add, lb_arena_printf(t->arena, "C01-%03d", i), "{'kind':'visit','severity':'minor','text':'a day late'}", &err), err);
    lb_value *snapshot;
    lb_actor maker = {.user = "data_manager", .role = "data_manager", .masked = true, .clinical = true};
    TRIAL_OK(lb_snapshot(t->store, &maker, t->study, "S1", "first", t->arena, &snapshot, &err), err);
}

/* ---- asking ---- */

static void answer_text(world *w, const char *cookie, const char *method, const char *path, const char *name, const char *value, const char *body, lb_buf *out)
{
    struct lb_query query = {name, value};
    lb_request request = {.arena = lb_arena_new(), .method = method, .path = path, .host = "127.0.0.1:1", .address = "127.0.0.1"};
    lb_answer answer = LB_ANSWER_INIT;
    if (cookie) request.cookie = lb_arena_printf(request.arena, "lumbar=%s", cookie);
    if (name) {
        request.queries = 1;
        request.query = &query;
    }
    if (body) {
        request.content_type = "application/json";
        lb_buf_puts(&request.body, body);
    }
    study_route_request(w->home, &request, &answer);
    lb_buf_printf(out, "%u %s\n", answer.status, answer.type ? answer.type : "");
    for (size_t i = 0; i < answer.headers; i++) lb_buf_printf(out, "%s: %s\n", answer.name[i], answer.value[i]);
    if (answer.borrowed) lb_buf_add(out, answer.borrowed, answer.borrowed_length);
    else if (answer.body.data) lb_buf_add(out, answer.body.data, answer.body.length);
    lb_buf_free(&request.body);
    lb_answer_free(&answer);
    lb_arena_free(request.arena);
}

/* The session's own token is random; it is the one thing that may differ. */
static void hide_token(lb_buf *text)
{
    char *at = text->data ? strstr(text->data, "\"token\":\"") : NULL;
    for (char *c = at ? at + 9 : NULL; c && *c && *c != '"'; c++) *c = 'x';
}

static const char *sign_in(world *w, const char *name)
{
    lb_buf out = {0};
    answer_text(w, NULL, "POST", "/api/session", NULL, NULL, lb_arena_printf(w->t.arena, "{\"user\":\"%s\",\"password\":\"%s\"}", name, PASSWORD), &out);
    const char *at = strstr(out.data, "lumbar=");
    if (!at) fail_msg("%s cannot sign in: %s", name, out.data);
    const char *cookie = lb_arena_textn(w->t.arena, at + 7, strcspn(at + 7, ";"));
    lb_buf_free(&out);
    return cookie;
}

static void world_open(world *w, bool swapped)
{
    lb_error err = LB_ERROR_INIT;
    memset(w, 0, sizeof *w);
    w->registry = lb_registry_all();
    trial_open(&w->t, "studies/metnlbp.yaml", "2026-02-02");
    w->t.allocator.swapped = swapped;
    add_protocol(&w->t, "studies/metnlbp.yaml");
    for (size_t r = 0; r < LB_COUNT(roles); r++) add_user(&w->t, roles[r]);
    everybody(&w->t, w->registry);
    study_options options = {.store = w->t.store, .registry = w->registry, .root = LUMBAR_TEST_SOURCE, .allocator = &w->t.face};
    TRIAL_OK(study_home_new(&options, &w->home, &err), err);
    trial_at(&w->t, "2026-02-11");
    for (size_t r = 0; r < LB_COUNT(roles); r++) w->cookie[r] = sign_in(w, roles[r]);
}

static void world_close(world *w)
{
    study_home_free(w->home);
    trial_close(&w->t);
    lb_registry_free(w->registry);
}

/* ---- every address ---- */

typedef struct choice {
    const char *name;
    const char *const *value;
} choice;
#define VALUES(...) (const char *const[]) {__VA_ARGS__, NULL}
static const choice choices[] = {
    {"subject", VALUES("C01-001", "C01-002", "C01-003", "C01-004", "C01-005", "C01-999")},
    {"visit", VALUES("SCR", "BL", "DIARY.1", "DIARY.5", "CALL.1", "CALL.2", "AE.1", "MED.1", "NOPE")},
    {"form", VALUES("eligibility", "odi", "diary", "supervision", "ae", "medication", "nope")},
    {"kind", VALUES("consent", "manual", "diary", "booklet", "crf", "nope")},
    {"table", VALUES("participants", "visits", "diary", "adherence", "allocations", "adverse_events", "screening", "nope")},
    {"item", VALUES("odi1", "ae_rel_ex", "min_aerobic")},
    {"id", VALUES("S1", "QOPEN1", "QHIDDEN1", "QHIDDEN2", "open-1", "closed-1", "C01-001|1", "1")},
    {"n", VALUES("1", "2")},
};
static const char *const other[] = {"1", "S1", "C01", "nope", NULL};
static const struct {
    const char *name;
    const char *const *value;
} queries[] = {{"subject", VALUES("C01-001", "C01-002")}, {"site", VALUES("C01", "C02")}, {"item", VALUES("ae_rel_ex", "odi1", "min_aerobic")},
               {"state", VALUES("open", "randomised")}, {"kind", VALUES("arm", "allocation", "unblinding", "entry", "query", "deviation")}, {"lang", VALUES("zh")}};

typedef void (*path_seen)(void *context, const char *path, const char *name, const char *value);

static void with_queries(const study_route *route, const char *path, path_seen seen, void *context)
{
    seen(context, path, NULL, NULL);
    for (size_t q = 0; route->query && q < LB_COUNT(queries); q++) {
        if (!strstr(route->query, queries[q].name)) continue;
        for (size_t i = 0; queries[q].value[i]; i++) seen(context, path, queries[q].name, queries[q].value[i]);
    }
}

/* Replace the first {…} of the pattern by each of its values, and go on with the next. */
static void fill(const study_route *route, const char *pattern, path_seen seen, void *context)
{
    const char *open = strchr(pattern, '{');
    if (!open) {
        with_queries(route, pattern, seen, context);
        return;
    }
    const char *close = strchr(open, '}');
    const char *const *values = other;
    char path[300];
    for (size_t c = 0; c < LB_COUNT(choices); c++)
        if (strlen(choices[c].name) == (size_t)(close - open - 1) && strncmp(choices[c].name, open + 1, (size_t)(close - open - 1)) == 0) values = choices[c].value;
    for (size_t i = 0; values[i]; i++) {
        snprintf(path, sizeof path, "%.*s%s%s", (int)(open - pattern), pattern, values[i], close + 1);
        fill(route, path, seen, context);
    }
}

typedef struct comparing {
    world *one, *two;
    size_t role, asked, good, different;
} comparing;

static void compare(void *context, const char *path, const char *name, const char *value)
{
    comparing *c = context;
    lb_buf a = {0}, b = {0};
    answer_text(c->one, c->one->cookie[c->role], "GET", path, name, value, NULL, &a);
    answer_text(c->two, c->two->cookie[c->role], "GET", path, name, value, NULL, &b);
    hide_token(&a);
    hide_token(&b);
    c->asked++;
    c->good += lb_text_starts(a.data, "200");
    bool same = a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
    c->different += !same;
    if (!same && c->role < MASKED) {
        size_t at = 0;
        while (at < a.length && at < b.length && a.data[at] == b.data[at]) at++;
        size_t from = at > 120 ? at - 120 : 0;
        print_error("%s, %s?%s=%s:\n  …%.260s\n  …%.260s\n", roles[c->role], path, name ? name : "", value ? value : "", a.data + from, b.data + from);
    }
    lb_buf_free(&a);
    lb_buf_free(&b);
}

static void every_get(comparing *c)
{
    for (size_t t = 0; study_table_at(t); t++)
        for (size_t i = 0; i < study_table_at(t)->count; i++) {
            const study_route *route = &study_table_at(t)->route[i];
            if (strcmp(route->method, "GET") == 0) fill(route, route->path, compare, c);
        }
}

/* Addresses that must be among those with content, or the comparison would say little. */
static void must_answer(world *w)
{
    static const struct {
        int role;
        const char *path;
    } sure[] = {{0, "/api/forms/C01-001/BL/odi"}, {1, "/api/audit"}, {1, "/api/people"}, {1, "/api/quality"}, {1, "/api/safety"}, {2, "/api/people/C01-001"},
                {2, "/api/people/C01-001/history"}, {3, "/api/snapshots/S1/participants.csv"}, {0, "/api/people/C01-001/randomise"}, {1, "/api/queries"},
                {0, "/api/documents/crf.pdf"}, {2, "/api/today"}};
    for (size_t i = 0; i < LB_COUNT(sure); i++) {
        lb_buf out = {0};
        answer_text(w, w->cookie[sure[i].role], "GET", sure[i].path, NULL, NULL, NULL, &out);
        if (!lb_text_starts(out.data, "200")) fail_msg("%s, %s: %.200s", roles[sure[i].role], sure[i].path, out.data);
        lb_buf_free(&out);
    }
}

static void arms_swapped(void **state)
{
    (void)state;
    world one, two;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_password_hash(PASSWORD, hash, &err), LB_OK);
    world_open(&one, false);
    world_open(&two, true);
    size_t moved = 0;
    for (size_t i = 0; i < one.t.allocator.count; i++) moved += strcmp(one.t.allocator.arm[i], two.t.allocator.arm[i]) != 0;
    assert_int_equal(moved, PEOPLE);
    must_answer(&one);
    size_t faults = 0, asked = 0, good = 0;
    for (size_t r = 0; r < LB_COUNT(roles); r++) {
        comparing c = {.one = &one, .two = &two, .role = r};
        every_get(&c);
        assert_true(c.asked > 300);
        if (r < MASKED) {
            faults += c.different;
            asked += c.asked;
            good += c.good;
        } else {
            assert_true(c.different > 10);
        }
    }
    print_message("%zu answers to masked roles compared, %zu of them with content, %zu different\n", asked, good, faults);
    assert_true(good > 200);
    assert_int_equal(faults, 0);
    world_close(&one);
    world_close(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(arms_swapped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

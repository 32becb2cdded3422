/* The care for people over the routes: who may, what is refused, what a retry does; participants' pages and calendars without
 * sign-in; the board. In the program, without a network. */
#include "conduct_trial.h"

#include "server/study_home.h"
#include "trial/conduct/users.h"

#define PASSWORD "correct horse battery staple"
#define ELIGIBLE                                                                                                                      \
    "{'sex':'F','age':66,'lbp_months':12,'odi_screen':40,'goutallier':'2','surg_indication':0,'conservative':1,'can_exercise':1,"     \
    "'willing':1,'exc_specific':0,'exc_surgery':0,'exc_comorb':0,'exc_cognition':0,'exc_physical':0,'exc_trial':0,'exc_hypersens':0}"

enum { ROLES = 10 };
static const char *const roles[ROLES] = {"coordinator", "therapist",    "investigator", "unmasked_statistician", "dsmb",
                                         "assessor",    "data_manager", "statistician", "administrator",         "unmasked_data_manager"};
static trial t;
static study_home *home;
static lb_registry *registry;
static const char *cookie[ROLES], *token[ROLES];

typedef struct reply {
    unsigned status;
    const char *type, *text;
    lb_value *json;
} reply;

static int index_of(const char *role)
{
    for (int i = 0; role && i < ROLES; i++)
        if (strcmp(roles[i], role) == 0) return i;
    return -1;
}

static reply ask(const char *role, const char *method, const char *path, const char *body)
{
    int who = index_of(role);
    lb_request request = {.arena = t.arena, .method = method, .path = path, .host = "127.0.0.1:1", .address = "127.0.0.1"};
    lb_answer answer = LB_ANSWER_INIT;
    reply r = {0};
    lb_error err = LB_ERROR_INIT;
    if (who >= 0 && cookie[who]) request.cookie = lb_arena_printf(t.arena, "lumbar=%s", cookie[who]);
    if (who >= 0) request.token = token[who];
    if (body) {
        char *copy = lb_arena_text(t.arena, body);
        bool json = body[0] == '{';
        for (char *c = copy; json && *c; c++)
            if (*c == '\'') *c = '"';
        request.content_type = json ? "application/json" : "text/plain";
        lb_buf_puts(&request.body, copy);
    }
    study_route_request(home, &request, &answer);
    r.status = answer.status;
    r.type = lb_arena_text(t.arena, answer.type);
    r.text = lb_arena_textn(t.arena, answer.body.data ? answer.body.data : "", answer.body.length);
    lb_bytes bytes = {(const uint8_t *)r.text, answer.body.length, "reply"};
    if (answer.body.length && lb_text_starts(answer.type, "application/json")) (void)!lb_json_read(&bytes, t.arena, &r.json, &err);
    for (size_t i = 0; who >= 0 && i < answer.headers; i++)
        if (strcmp(answer.name[i], "Set-Cookie") == 0) cookie[who] = lb_arena_textn(t.arena, answer.value[i] + 7, strcspn(answer.value[i] + 7, ";"));
    lb_buf_free(&request.body);
    lb_answer_free(&answer);
    return r;
}

#define EXPECT(reply_, status_)                                                                                          \
    do {                                                                                                                 \
        reply got_ = (reply_);                                                                                           \
        if (got_.status != (status_)) fail_msg("line %d: %u, not %u: %.300s", __LINE__, got_.status, (unsigned)(status_), got_.text); \
    } while (0)

static const char *send_password(const char *rest)
{
    return lb_arena_printf(t.arena, "{'password':'%s'%s%s}", PASSWORD, *rest ? "," : "", rest);
}

/* Sessions end when the clock is moved by days. */
static void sign_in_again(void)
{
    for (int i = 0; i < ROLES; i++) {
        reply r = ask(roles[i], "POST", "/api/session", lb_arena_printf(t.arena, "{'user':'%s','password':'%s'}", roles[i], PASSWORD));
        EXPECT(r, 200);
        token[i] = lb_get_text(r.json, "token", "");
    }
}

static int start(void **state)
{
    (void)state;
    lb_error err = LB_ERROR_INIT;
    char hash[LB_PASSWORD_HASH];
    lb_bytes bytes;
    registry = lb_registry_all();
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    TRIAL_OK(lb_password_hash(PASSWORD, hash, &err), err);
    TRIAL_OK(lb_file_read(repository_file("studies/metnlbp.yaml"), 1 << 20, t.arena, &bytes, &err), err);
    lb_actor system = {.user = "system", .role = "system", .clinical = true};
    lb_value *protocol = lb_value_object(t.arena);
    lb_set_text(protocol, "text", lb_arena_textn(t.arena, (const char *)bytes.data, bytes.length));
    lb_set_text(protocol, "sha256", t.study->sha256);
    trial_put put = {{.kind = LB_KIND_PROTOCOL, .key = t.study->version, .state = "active", .body = protocol}};
    TRIAL_OK(lb_store_write(t.store, &system, t.arena, trial_put_body, &put, &err), err);
    study_options options = {.store = t.store, .registry = registry, .root = LUMBAR_TEST_SOURCE, .allocator = &t.face};
    TRIAL_OK(study_home_new(&options, &home, &err), err);
    for (int i = 0; i < ROLES; i++) {
        lb_user_new user = {.name = roles[i], .full_name = roles[i], .role = roles[i], .hash = hash};
        lb_value *body = lb_user_body(&user, t.arena);
        lb_set_bool(body, "must_change", false);
        lb_set_bool(body, "second_factor", false);
        trial_put one = {{.kind = LB_KIND_USER, .key = roles[i], .state = "active", .body = body}};
        TRIAL_OK(lb_store_write(t.store, &system, t.arena, trial_put_body, &one, &err), err);
    }
    sign_in_again();
    trial_subject(&t, "C01-001", "C01");
    trial_entry(&t, "C01-001", "SCR", "eligibility", ELIGIBLE);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    study_home_free(home);
    trial_close(&t);
    lb_registry_free(registry);
    return 0;
}

static void consent_and_randomise(void **state)
{
    (void)state;
    const char *consent = "{'date':'2026-02-02','form_version':'1.0','language':'zh'}", *way = "/api/people/C01-001/randomise";
    EXPECT(ask("assessor", "POST", "/api/people/C01-001/consent", consent), 403);
    EXPECT(ask(NULL, "POST", "/api/people/C01-001/consent", consent), 401);
    EXPECT(ask("coordinator", "POST", "/api/people/C01-001/consent", consent), 409); /* not on the delegation log */
    trial_record(&t, LB_KIND_DELEGATION, "C01|coordinator|1", "C01", NULL, NULL, false, "{'tasks':['consent','randomise'],'from':'2000-01-01'}");
    EXPECT(ask("coordinator", "POST", "/api/people/C01-001/consent", "{'date':'2026-02-02','colour':'red'}"), 400);
    EXPECT(ask("coordinator", "POST", "/api/people/C01-404/consent", consent), 404);
    EXPECT(ask("coordinator", "POST", "/api/people/C01-001/consent", consent), 200);
    reply r = ask("coordinator", "GET", way, NULL);
    EXPECT(r, 200);
    assert_true(lb_get_bool(r.json, "ready", false));
    assert_null(strstr(r.text, "block"));
    EXPECT(ask("assessor", "POST", way, send_password("'key':'k-000001'")), 404); /* to a masked role the address does not exist */
    EXPECT(ask("therapist", "POST", way, send_password("'key':'k-000001'")), 403);
    EXPECT(ask("coordinator", "POST", way, "{'key':'k-000001','password':'wrong'}"), 403);
    assert_int_equal(t.allocator.count, 0);
    EXPECT(ask("coordinator", "POST", way, send_password("'key':'short'")), 400);
    r = ask("coordinator", "POST", way, send_password("'key':'k-000001'"));
    EXPECT(r, 200);
    const char *arm = lb_get_text(lb_get(r.json, "arm"), "id", "");
    assert_true(*arm);
    r = ask("coordinator", "POST", way, send_password("'key':'k-000001'"));
    assert_true(lb_get_bool(r.json, "again", false));
    EXPECT(ask("coordinator", "POST", way, send_password("'key':'k-000002'")), 409);
    r = ask("assessor", "GET", way, NULL);
    EXPECT(r, 200);
    assert_string_equal(lb_get_text(lb_get(r.json, "allocated"), "state", ""), "allocated");
    assert_null(lb_get(lb_get(r.json, "allocated"), "arm"));
    r = ask("coordinator", "GET", way, NULL);
    assert_string_equal(lb_get_text(lb_path(r.json, "allocated.arm"), "id", ""), arm);
    EXPECT(ask("coordinator", "POST", "/api/people/C01-001/unblind", send_password("'reason':'a fall, which treatment?'")), 403);
    EXPECT(ask("investigator", "POST", "/api/people/C01-001/unblind", send_password("'reason':'x'")), 422);
    r = ask("investigator", "POST", "/api/people/C01-001/unblind", send_password("'reason':'a fall, which treatment?'"));
    EXPECT(r, 200);
    assert_string_equal(lb_get_text(lb_get(r.json, "arm"), "id", ""), arm);
}

static void participants_pages(void **state)
{
    (void)state;
    EXPECT(ask("data_manager", "POST", "/api/people/C01-001/link", NULL), 403);
    reply r = ask("coordinator", "POST", "/api/people/C01-001/link", NULL);
    EXPECT(r, 200);
    const char *url = lb_get_text(r.json, "url", ""), *secret = strstr(url, "/p/");
    assert_non_null(secret);
    assert_non_null(strstr(lb_get_text(r.json, "qr_svg", ""), "<svg"));
    const char *page = lb_arena_printf(t.arena, "/api%s", secret), *entries = lb_arena_printf(t.arena, "%s/entries", page);
    r = ask(NULL, "GET", page, NULL);
    EXPECT(r, 200);
    assert_string_equal(lb_get_text(r.json, "subject_code", ""), "C01-001");
    assert_null(strstr(r.text, "EXERCISE"));
    trial_at(&t, "2026-03-04"); /* day 30: the monthly question is in both arms' plan */
    const char *batch = "{'sent_at':'2026-03-04T12:00:00Z','entries':[{'id':'client-0001','form':'recurrence','visit':'RECUR.1',"
                        "'recorded_at':'2026-03-04T11:00:00Z','values':{'rec_new':0}}]}";
    r = ask(NULL, "POST", entries, batch);
    EXPECT(r, 200);
    assert_string_equal(lb_get_text(lb_path(r.json, "entries[0]"), "status", ""), "kept");
    r = ask(NULL, "POST", entries, batch);
    assert_string_equal(lb_get_text(lb_path(r.json, "entries[0]"), "status", ""), "already");
    EXPECT(ask(NULL, "POST", entries, "{'sent_at':'2026-03-04T12:00:00Z','entries':{}}"), 400);
    EXPECT(ask(NULL, "GET", "/api/p/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL), 404);
    EXPECT(ask(NULL, "GET", "/api/p/..", NULL), 404);
    sign_in_again();
    EXPECT(ask("coordinator", "DELETE", "/api/people/C01-001/link", NULL), 200);
    EXPECT(ask(NULL, "GET", page, NULL), 404);
    EXPECT(ask(NULL, "POST", entries, batch), 404);
}

static void calendars(void **state)
{
    (void)state;
    EXPECT(ask("statistician", "POST", "/api/calendar", NULL), 403);
    reply r = ask("coordinator", "POST", "/api/calendar", NULL);
    EXPECT(r, 200);
    const char *path = strstr(lb_get_text(r.json, "url", ""), "/api/");
    r = ask(NULL, "GET", path, NULL);
    EXPECT(r, 200);
    assert_true(lb_text_starts(r.type, "text/calendar"));
    assert_non_null(strstr(r.text, "C01-001"));
    EXPECT(ask(NULL, "GET", "/api/calendar/nothing.ics", NULL), 404);
}

static void safety_and_board(void **state)
{
    (void)state;
    trial_entry(&t, "C01-001", "AE.1", "ae", "{'ae_term':'fall','ae_start':'2026-03-03','ae_sev':'3','ae_serious':1,'ae_aware':'2026-03-04T18:00','ae_rel_ex':'3'}");
    reply r = ask("investigator", "GET", "/api/safety", NULL);
    EXPECT(r, 200);
    assert_string_equal(lb_get_text(lb_path(r.json, "events[0]"), "state", ""), "due");
    r = ask("monitor", "GET", "/api/safety", NULL);
    EXPECT(r, 401); /* nobody of that name has signed in here */
    r = ask("data_manager", "GET", "/api/safety", NULL);
    assert_null(strstr(r.text, "ae_rel_ex"));
    EXPECT(ask("dsmb", "POST", "/api/safety/C01-001/1/report", send_password("'kind':'initial'")), 403);
    EXPECT(ask("investigator", "POST", "/api/safety/C01-001/1/report", "{'kind':'initial','password':'no'}"), 403);
    EXPECT(ask("investigator", "POST", "/api/safety/C01-001/9/report", send_password("'kind':'initial'")), 404);
    EXPECT(ask("investigator", "POST", "/api/safety/C01-001/1/report", send_password("'kind':'initial'")), 200);
    EXPECT(ask("dsmb", "POST", "/api/board/reports", "{'kind':'closed'}"), 403);
    r = ask("unmasked_statistician", "POST", "/api/board/reports", "{'kind':'closed'}");
    EXPECT(r, 200);
    EXPECT(ask("statistician", "GET", "/api/board/reports/closed-1", NULL), 404);
    r = ask("dsmb", "GET", "/api/board/reports/closed-1", NULL);
    EXPECT(r, 200);
    r = ask("dsmb", "GET", "/api/board/reports/closed-1.pdf", NULL);
    EXPECT(r, 200);
    assert_string_equal(r.type, "application/pdf");
    EXPECT(ask("dsmb", "POST", "/api/board/recommendations", send_password("'report':'closed-1','decision':'continue'")), 200);
    r = ask("unmasked_statistician", "GET", "/api/board", NULL);
    assert_int_equal(lb_get(r.json, "recommendations")->count, 1);
    EXPECT(ask("unmasked_statistician", "GET", "/api/randomisation/report", NULL), 200);
    EXPECT(ask("statistician", "GET", "/api/randomisation/report", NULL), 404);
    EXPECT(ask("coordinator", "GET", "/api/randomisation/report", NULL), 403);
}

static void documents_and_texts(void **state)
{
    (void)state;
    reply r = ask("coordinator", "GET", "/api/documents/consent.pdf", NULL);
    EXPECT(r, 200);
    assert_string_equal(r.type, "application/pdf");
    EXPECT(ask("assessor", "GET", "/api/documents/diary.pdf", NULL), 404);
    EXPECT(ask("coordinator", "GET", "/api/documents/secrets.pdf", NULL), 404);
    EXPECT(ask("coordinator", "PUT", "/api/texts/C01", "lumbar-text/1\ninstrument: vas\nlanguage: en\n---\nitems:\n  - {text: a}\n"), 422);
    char hex[65];
    const char *body = "items:\n  - {text: How bad now}\n";
    lb_sha256_hex(body, strlen(body), hex);
    const char *file = lb_arena_printf(t.arena, "lumbar-text/1\ninstrument: vas\nlanguage: en\nlicence: public domain, no number\nsha256: %s\n---\n%s", hex, body);
    EXPECT(ask("coordinator", "PUT", "/api/texts/NOWHERE", file), 404);
    EXPECT(ask("coordinator", "PUT", "/api/texts/C01", file), 200);
    r = ask("assessor", "GET", "/api/texts", NULL);
    EXPECT(r, 200);
    assert_string_equal(lb_get_text(lb_path(r.json, "texts[0].items.vas_mm"), "text", ""), "How bad now");
    r = ask("assessor", "GET", "/api/forms/C01-001/BL/vas", NULL);
    EXPECT(r, 200);
    assert_string_equal(lb_get_text(lb_path(r.json, "form.items[0].label"), "en", ""), "How bad now");
}

static void overviews(void **state)
{
    (void)state;
    for (int i = 0; i < ROLES; i++) EXPECT(ask(roles[i], "GET", "/api/today", NULL), 200);
    EXPECT(ask("therapist", "GET", "/api/adherence", NULL), 200);
    EXPECT(ask("therapist", "GET", "/api/calls", NULL), 200);
    EXPECT(ask("data_manager", "GET", "/api/adherence", NULL), 404);
    EXPECT(ask("coordinator", "GET", "/api/drugs", NULL), 200);
    EXPECT(ask("data_manager", "GET", "/api/quality", NULL), 200);
    EXPECT(ask("administrator", "GET", "/api/quality", NULL), 403);
    reply r = ask("administrator", "GET", "/api/today", NULL);
    assert_null(strstr(r.text, "C01-001")); /* no clinical data */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(consent_and_randomise), cmocka_unit_test(participants_pages), cmocka_unit_test(calendars),
                                       cmocka_unit_test(safety_and_board), cmocka_unit_test(documents_and_texts), cmocka_unit_test(overviews)};
    return cmocka_run_group_tests(tests, start, stop);
}

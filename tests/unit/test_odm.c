/* A study as ODM: what is in the file, what a masked person's file leaves out; both kinds pass the official schema. */
#include "lumbar_test.h"
#include "store/store.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/odm.h"

#include <libxml/xmlschemas.h>

static const lb_actor manager = {"udm", "unmasked_data_manager", NULL, 0, false, true};
static const lb_actor masked = {"dm", "data_manager", NULL, 0, true, true};

typedef struct world {
    lb_store *store;
    lb_study *study;
    lb_arena *arena;
} world;

static lb_value *json(lb_arena *arena, const char *text)
{
    lb_value *value = NULL;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_json_read(&(lb_bytes){(const uint8_t *)text, strlen(text), "test"}, arena, &value, &err), LB_OK);
    return value;
}

typedef struct putting {
    const char *kind, *key, *json, *reason;
    bool reveals;
    int64_t expected;
} putting;

static int put_body(lb_tx *tx, void *context, lb_error *err)
{
    const putting *p = context;
    bool user = strcmp(p->kind, LB_KIND_USER) == 0;
    lb_record record = {.kind = p->kind, .key = p->key, .site = user ? NULL : "C01", .subject = user ? NULL : "C01-001", .state = "complete",
                        .reveals_arm = p->reveals, .body = json(lb_tx_arena(tx), p->json)};
    return lb_tx_put(tx, &record, p->expected, &(lb_change){"save", p->reason, "1.0"}, err);
}

static void put(world *w, putting p)
{
    lb_error err = LB_ERROR_INIT;
    if (lb_store_write(w->store, &manager, w->arena, put_body, &p, &err)) fail_msg("%s: %s", p.key, err.message);
}

/* One person: baseline changed once, two diary days (which reveal the arm), an event with one item that does, something missing, an
 * odd text. */
static void open_world(world *w)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    w->arena = lb_arena_new();
    assert_int_equal(lb_file_read(repository_file("studies/metnlbp.yaml"), 0, w->arena, &bytes, &err), LB_OK);
    assert_int_equal(lb_study_read(&bytes, w->arena, &w->study, NULL, &err), LB_OK);
    assert_int_equal(lb_store_open_scratch(NULL, &w->store, &err), LB_OK);
    put(w, (putting){LB_KIND_USER, "udm", "{\"full_name\":\"Unmasked data manager\",\"role\":\"unmasked_data_manager\"}", NULL, false, 0});
    put(w, (putting){LB_KIND_SUBJECT, "C01-001", "{\"site\":\"C01\"}", NULL, false, 0});
    put(w, (putting){LB_KIND_ENTRY, "C01-001|BL|odi", "{\"values\":{\"odi1\":\"2\",\"odi2\":\"3\"},\"missing\":{\"odi3\":\"refused\"}}", NULL, false, 0});
    put(w, (putting){LB_KIND_ENTRY, "C01-001|BL|odi", "{\"values\":{\"odi1\":\"2\",\"odi2\":\"4\"},\"missing\":{\"odi3\":\"refused\"}}", "keyed wrongly", false, 1});
    put(w, (putting){LB_KIND_ENTRY, "C01-001|DIARY.1|diary", "{\"values\":{\"diary_date\":\"2026-03-02\",\"min_aerobic\":30}}", NULL, true, 0});
    put(w, (putting){LB_KIND_ENTRY, "C01-001|DIARY.2|diary", "{\"values\":{\"diary_date\":\"2026-03-03\",\"min_aerobic\":12.5}}", NULL, true, 0});
    put(w, (putting){LB_KIND_ENTRY, "C01-001|AE.1|ae",
                     "{\"values\":{\"ae_term\":\"pain <left> & \\u0001 \\\"knee\\\"\",\"ae_start\":\"2026-03-05\",\"ae_sae_crit\":[\"1\",\"3\"],"
                     "\"ae_aware\":\"2026-03-05T09:41\"}}", NULL, false, 0});
    put(w, (putting){LB_KIND_ENTRY, "C01-001|AE.1|ae|arm", "{\"values\":{\"ae_rel_ex\":\"3\"}}", NULL, true, 0});
}

static void close_world(world *w)
{
    lb_store_close(w->store);
    lb_study_close(w->study);
    lb_arena_free(w->arena);
}

typedef struct exporting {
    world *w;
    bool transactional;
    lb_buf xml;
    lb_odm_counts counts;
} exporting;

static int take(void *context, const char *data, size_t length)
{
    exporting *e = context;
    lb_buf_add(&e->xml, data, length);
    return 0;
}

static int export_body(lb_tx *tx, void *context, lb_error *err)
{
    exporting *e = context;
    const lb_odm_options options = {.transactional = e->transactional, .write = take, .context = e};
    return lb_odm_export(tx, e->w->study, &options, &e->counts, err);
}

static exporting export_as(world *w, const lb_actor *actor, bool transactional)
{
    exporting e = {.w = w, .transactional = transactional};
    lb_error err = LB_ERROR_INIT;
    if (lb_store_read(w->store, actor, w->arena, export_body, &e, &err)) fail_msg("%s", err.message);
    lb_buf_putc(&e.xml, '\0');
    return e;
}

static void snapshot_holds_the_values(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    exporting e = export_as(&w, &manager, false);
    assert_int_equal(e.counts.subjects, 1);
    assert_int_equal(e.counts.events, 4);
    assert_int_equal(e.counts.values, 3 + 2 + 2 + 5);
    static const char *const there[] = {
        "ODMVersion=\"1.3.2\"", "FileType=\"Snapshot\"", "<ItemData ItemOID=\"I.odi2\" Value=\"4\"/>", "<ItemData ItemOID=\"I.odi3\" IsNull=\"Yes\">",
        "<Comment>refused</Comment>", "StudyEventOID=\"SE.DIARY\" StudyEventRepeatKey=\"2\"", "Value=\"12.5\"",
        "Value=\"pain &lt;left&gt; &amp; \xEF\xBF\xBD &quot;knee&quot;\"", "Value=\"1 3\"", "Value=\"2026-03-05T09:41:00\"",
        "<ItemData ItemOID=\"I.ae_rel_ex\" Value=\"3\"/>", "xml:lang=\"zh\""};
    for (size_t i = 0; i < LB_COUNT(there); i++)
        if (!strstr(e.xml.data, there[i])) fail_msg("the file lacks %s", there[i]);
    assert_null(strstr(e.xml.data, "keyed wrongly"));
    assert_null(strstr(e.xml.data, "I.birth_year")); /* an identifier */
    lb_buf_free(&e.xml);
    close_world(&w);
}

static void transactions_say_who_when_and_why(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    exporting e = export_as(&w, &manager, true);
    assert_int_equal(e.counts.changes, 6);
    assert_non_null(strstr(e.xml.data, "<ItemData ItemOID=\"I.odi2\" TransactionType=\"Update\" Value=\"4\">"));
    assert_non_null(strstr(e.xml.data, "<ReasonForChange>keyed wrongly</ReasonForChange>"));
    assert_non_null(strstr(e.xml.data, "<UserRef UserOID=\"USR.udm\"/>"));
    lb_buf_free(&e.xml);
    close_world(&w);
}

static void masked_people_get_a_file_without_the_arm(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    for (int transactional = 0; transactional < 2; transactional++) {
        exporting e = export_as(&w, &masked, transactional);
        static const char *const secret[] = {"diary", "DIARY", "ae_rel_ex", "supervision", "12.5"};
        for (size_t i = 0; i < LB_COUNT(secret); i++)
            if (strstr(e.xml.data, secret[i])) fail_msg("a masked file holds %s", secret[i]);
        assert_non_null(strstr(e.xml.data, "I.ae_term"));
        lb_buf_free(&e.xml);
    }
    close_world(&w);
}

static void passes_the_official_schema(void **state)
{
    (void)state;
    const char *path = shared_data("edc/odm/schema-1.3.2/ODM1-3-2.xsd");
    if (!path) skip();
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(path);
    xmlSchemaPtr schema = xmlSchemaParse(parser);
    assert_non_null(schema);
    world w;
    open_world(&w);
    for (int i = 0; i < 4; i++) {
        exporting e = export_as(&w, i < 2 ? &manager : &masked, i % 2);
        xmlDocPtr document = xmlReadMemory(e.xml.data, (int)e.xml.length - 1, "export.xml", NULL, 0);
        assert_non_null(document);
        xmlSchemaValidCtxtPtr valid = xmlSchemaNewValidCtxt(schema);
        assert_int_equal(xmlSchemaValidateDoc(valid, document), 0);
        xmlSchemaFreeValidCtxt(valid);
        xmlFreeDoc(document);
        lb_buf_free(&e.xml);
    }
    close_world(&w);
    xmlSchemaFree(schema);
    xmlSchemaFreeParserCtxt(parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshot_holds_the_values),
        cmocka_unit_test(transactions_say_who_when_and_why),
        cmocka_unit_test(masked_people_get_a_file_without_the_arm),
        cmocka_unit_test(passes_the_official_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

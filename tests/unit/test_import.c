/* A study out of one store and into another: equal values, equal audit; nothing written over, nothing half there. */
#include "lumbar_test.h"
#include "fill_study.h"
#include "store_place.h"
#include "trial/conduct/import.h"
#include "trial/conduct/odm.h"

static lb_registry *registry;
static lb_study *study;
static lb_arena *arena;
static const lb_actor coordinator = {"ccc", "coordinator", NULL, 0, false, true};
static const lb_actor phone = {"participant:C01-901", "participant", NULL, 0, false, true};
static const lb_actor importer = {"operator", "operator", NULL, 0, false, true};

/* ---- a study that has lived ---- */

typedef struct saving {
    const char *key, *json, *reason;
    bool reveals;
} saving;

static lb_value *json(const char *text)
{
    lb_value *value = NULL;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_json_read(&(lb_bytes){(const uint8_t *)text, strlen(text), "test"}, arena, &value, &err), LB_OK);
    return value;
}

static int save_body(lb_tx *tx, void *context, lb_error *err)
{
    const saving *s = context;
    const lb_record *old = NULL;
    char subject[40], visit[40];
    assert_int_equal(sscanf(s->key, "%39[^|]|%39[^|]", subject, visit), 2);
    int code = lb_tx_get(tx, LB_KIND_ENTRY, s->key, &old, err);
    const lb_record record = {.kind = LB_KIND_ENTRY, .key = s->key, .site = "C01", .subject = subject, .parent = visit, .state = "complete",
                              .reveals_arm = s->reveals, .body = json(s->json)};
    return code ? code : lb_tx_put(tx, &record, old ? old->revision : 0, &(lb_change){s->reason ? "correct" : "save", s->reason, "1.0"}, err);
}

static void save(lb_store *store, const lb_actor *actor, saving s)
{
    lb_error err = LB_ERROR_INIT;
    if (lb_store_write(store, actor, arena, save_body, &s, &err)) fail_msg("%s: %s", s.key, err.message);
}

static int add_person(lb_tx *tx, void *context, lb_error *err)
{
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "site", "C01");
    const lb_record record = {.kind = LB_KIND_SUBJECT, .key = context, .site = "C01", .subject = context, .state = "screening", .body = body};
    return lb_tx_put(tx, &record, 0, &(lb_change){"screen", NULL, "1.0"}, err);
}

/* A simulated trial, and one person whose answers were changed, taken back, missing, hidden, and entered on a phone. */
static lb_store *lived(void)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes protocol;
    lb_store *store = scratch();
    assert_int_equal(lb_file_read(repository_file("studies/metnlbp.yaml"), 0, arena, &protocol, &err), LB_OK);
    lb_result *simulated = fill_simulate(registry, &protocol, 12, 5, &err);
    assert_non_null(simulated);
    if (fill_study(store, study, lb_get(simulated->results, "tables"), &err)) fail_msg("%s", err.message);
    lb_result_free(simulated);
    char person[] = "C01-901";
    assert_int_equal(lb_store_write(store, &coordinator, arena, add_person, person, &err), LB_OK);
    save(store, &coordinator, (saving){"C01-901|BL|odi", "{\"values\":{\"odi1\":\"2\",\"odi2\":\"3\"},\"missing\":{\"odi3\":\"refused\"}}", NULL, false});
    save(store, &coordinator, (saving){"C01-901|BL|odi", "{\"values\":{\"odi1\":\"2\",\"odi2\":\"4\",\"odi3\":\"1\"}}", "misread <the> paper & \"form\"", false});
    save(store, &coordinator, (saving){"C01-901|BL|odi", "{\"values\":{\"odi2\":\"4\",\"odi3\":\"1\"}}", "keyed into the wrong line", false});
    save(store, &coordinator, (saving){"C01-901|BL|vas", "{\"values\":{\"vas_mm\":12.5}}", NULL, false});
    save(store, &phone, (saving){"C01-901|DIARY.1|diary", "{\"values\":{\"diary_date\":\"2026-03-02\",\"min_aerobic\":25}}", NULL, true});
    save(store, &coordinator, (saving){"C01-901|AE.1|ae", "{\"values\":{\"ae_term\":\"l\\u00e6nde\\nsmerter\",\"ae_start\":\"2026-03-05\",\"ae_sae_crit\":[\"1\",\"3\"],\"ae_aware\":\"2026-03-05T09:41\"}}", NULL, false});
    save(store, &coordinator, (saving){"C01-901|AE.1|ae|arm", "{\"values\":{\"ae_rel_ex\":\"3\"}}", NULL, true});
    return store;
}

/* ---- out and in ---- */

typedef struct exporting {
    bool transactional;
    lb_buf xml;
    lb_odm_counts counts;
} exporting;

static int take(void *context, const char *data, size_t length)
{
    lb_buf_add(&((exporting *)context)->xml, data, length);
    return 0;
}

static int export_body(lb_tx *tx, void *context, lb_error *err)
{
    exporting *e = context;
    const lb_odm_options options = {.transactional = e->transactional, .identifiers = true, .write = take, .context = e};
    return lb_odm_export(tx, study, &options, &e->counts, err);
}

static exporting export_all(lb_store *store, bool transactional)
{
    exporting e = {.transactional = transactional};
    lb_error err = LB_ERROR_INIT;
    if (lb_store_read(store, &importer, arena, export_body, &e, &err)) fail_msg("%s", err.message);
    return e;
}

static int write_import(lb_tx *tx, void *context, lb_error *err)
{
    const char *id;
    return lb_import_write(tx, context, &id, err);
}

static int check_import(lb_tx *tx, void *context, lb_error *err) { return lb_import_check(tx, context, err); }

/* The findings of the import; written when there is no error among them. */
static const lb_value *bring_in(lb_store *store, const lb_buf *xml, lb_import *m)
{
    lb_error err = LB_ERROR_INIT;
    xml_node *root;
    const lb_bytes bytes = {(const uint8_t *)xml->data, xml->length, "study.xml"};
    lb_import_begin(m, study, registry, arena);
    m->name = bytes.name;
    m->sha256 = "";
    if (xml_read(&bytes, 0, arena, &root, &err) || lb_import_odm(m, root, NULL, &err)) fail_msg("%s", err.message);
    if (lb_store_read(store, &importer, arena, check_import, m, &err)) fail_msg("%s", err.message);
    if (!exchange_has_errors(m->findings) && lb_store_write(store, &importer, arena, write_import, m, &err)) fail_msg("%s", err.message);
    const lb_value *findings = m->findings;
    lb_import_end(m);
    return findings;
}

/* ---- comparing ---- */

static void assert_equal(const lb_value *a, const lb_value *b, const char *where)
{
    if ((!a || a->count == 0) && (!b || b->count == 0) && (!a || a->type == LB_OBJECT) && (!b || b->type == LB_OBJECT)) return;
    if (!a || !b) fail_msg("%s: only on one side", where);
    if (lb_is_number(a) && lb_is_number(b)) {
        assert_close(lb_number_of(a), lb_number_of(b), 0);
        return;
    }
    if (a->type != b->type) fail_msg("%s: other types", where);
    if (a->type == LB_STRING) {
        if (strcmp(a->text, b->text) != 0) fail_msg("%s: '%s' and '%s'", where, a->text, b->text);
        return;
    }
    if (a->count != b->count) fail_msg("%s: %zu and %zu parts", where, a->count, b->count);
    for (size_t i = 0; i < a->count; i++) assert_equal(a->item[i], a->type == LB_OBJECT ? lb_get(b, a->key[i]) : b->item[i], where);
}

static bool holds(const lb_value *body)
{
    const lb_value *values = lb_get(body, "values"), *missing = lb_get(body, "missing");
    return (values && values->count) || (missing && missing->count);
}

typedef struct keeping {
    const lb_record **record;
    const lb_audit **entry;
    size_t records, entries, room;
} keeping;

static int keep_record(void *context, const lb_record *record, lb_error *err)
{
    keeping *k = context;
    (void)err;
    if (!holds(record->body)) return 0;
    k->record = realloc(k->record, (k->records + 1) * sizeof *k->record);
    lb_record *copy = lb_arena_alloc(arena, sizeof *copy);
    *copy = *record;
    k->record[k->records++] = copy;
    return 0;
}

static int keep_entry(void *context, const lb_audit *entry, lb_error *err)
{
    keeping *k = context;
    (void)err;
    if (!holds(entry->before) && !holds(entry->after)) return 0;
    k->entry = realloc(k->entry, (k->entries + 1) * sizeof *k->entry);
    lb_audit *copy = lb_arena_alloc(arena, sizeof *copy);
    *copy = *entry;
    k->entry[k->entries++] = copy;
    return 0;
}

static int keep_all(lb_tx *tx, void *context, lb_error *err)
{
    int code = lb_tx_scan(tx, &(lb_find){.kind = LB_KIND_ENTRY}, keep_record, context, err);
    return code ? code : lb_tx_audit(tx, &(lb_audit_find){.kind = LB_KIND_ENTRY}, keep_entry, context, err);
}

static keeping everything(lb_store *store)
{
    keeping k = {0};
    lb_error err = LB_ERROR_INIT;
    if (lb_store_read(store, &importer, arena, keep_all, &k, &err)) fail_msg("%s", err.message);
    return k;
}

static void forget(keeping *k)
{
    free(k->record);
    free(k->entry);
}

static void assert_same_values(const keeping *a, const keeping *b)
{
    assert_int_equal(a->records, b->records);
    for (size_t i = 0; i < a->records; i++) {
        const lb_record *x = a->record[i], *y = b->record[i];
        assert_string_equal(x->key, y->key);
        assert_string_equal(x->site, y->site);
        assert_string_equal(x->subject, y->subject);
        assert_string_equal(x->parent, y->parent);
        assert_int_equal(x->reveals_arm, y->reveals_arm);
        assert_equal(lb_get(x->body, "values"), lb_get(y->body, "values"), x->key);
        assert_equal(lb_get(x->body, "missing"), lb_get(y->body, "missing"), x->key);
    }
}

/* Who, in which role, when, what, why, under which version: of every change in order, with the values before and after. */
static void assert_same_audit(const keeping *a, const keeping *b)
{
    assert_int_equal(a->entries, b->entries);
    for (size_t i = 0; i < a->entries; i++) {
        const lb_audit *x = a->entry[i], *y = b->entry[i];
        assert_non_null(y->origin);
        assert_string_equal(y->origin->system, "Lumbar");
        assert_string_equal(x->user, y->origin->user);
        assert_string_equal(x->role, y->origin->role);
        assert_int_equal(x->at_us, y->origin->at_us);
        assert_int_equal(x->seq, y->origin->seq);
        assert_string_equal(y->user, "operator"); /* and who brought it here */
        assert_string_equal(x->key, y->key);
        assert_string_equal(x->site, y->site);
        assert_string_equal(x->subject, y->subject);
        assert_string_equal(x->action, y->action);
        assert_string_equal(x->reason ? x->reason : "", y->reason ? y->reason : "");
        assert_string_equal(x->version, y->version);
        assert_int_equal(x->revision, y->revision);
        static const char *const parts[] = {"values", "missing"};
        for (size_t k = 0; k < LB_COUNT(parts); k++) {
            assert_equal(lb_get(x->before, parts[k]), lb_get(y->before, parts[k]), x->key);
            assert_equal(lb_get(x->after, parts[k]), lb_get(y->after, parts[k]), x->key);
        }
    }
}

static void assert_valid(lb_store *store)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    assert_int_equal(lb_store_verify(store, arena, &out, &err), LB_OK);
    if (!lb_get_bool(out, "valid", false)) fail_msg("%s", lb_get_text(lb_path(out, "faults[0]"), "message", "?"));
}

static const char *data_of(const exporting *e) { return strstr(e->xml.data, "<ClinicalData"); }

/* ---- the tests ---- */

/* Out of one store and into another, and out again: byte for byte; with every change of it, or only what it came to. */
static void out_and_in(bool transactional)
{
    lb_import m;
    lb_store *first = lived(), *second = scratch();
    exporting out = export_all(first, transactional);
    const lb_value *findings = bring_in(second, &out.xml, &m);
    if (findings->count) fail_msg("%s", lb_get_text(findings->item[0], "message", ""));
    assert_valid(second);
    keeping a = everything(first), b = everything(second);
    assert_true(a.records > 12 && a.entries > a.records);
    assert_same_values(&a, &b);
    if (transactional) assert_same_audit(&a, &b);
    for (size_t i = 0; !transactional && i < b.entries; i++) assert_null(b.entry[i]->origin);
    exporting again = export_all(second, transactional);
    assert_string_equal(data_of(&out), data_of(&again));
    if (transactional) assert_non_null(strstr(again.xml.data, "<User OID=\"USR.ccc\""));
    forget(&a);
    forget(&b);
    lb_buf_free(&out.xml);
    lb_buf_free(&again.xml);
    lb_store_close(first);
    lb_store_close(second);
}

static void every_change_comes_back(void **state)
{
    (void)state;
    out_and_in(true);
}

static void a_snapshot_gives_the_values(void **state)
{
    (void)state;
    out_and_in(false);
}

static void nothing_is_written_over_and_nothing_half_there(void **state)
{
    (void)state;
    lb_import m;
    lb_store *first = lived(), *second = scratch();
    exporting out = export_all(first, true);
    lb_buf bad = {0};
    char *at = strstr(out.xml.data, "<ItemData ItemOID=\"I.min_aerobic\"");
    assert_non_null(at);
    at = strstr(at, "Value=\"25\"");
    assert_non_null(at);
    lb_buf_add(&bad, out.xml.data, (size_t)(at - out.xml.data));
    lb_buf_puts(&bad, "Value=\"much\"");
    lb_buf_puts(&bad, at + strlen("Value=\"25\""));
    const lb_value *findings = bring_in(second, &bad, &m);
    assert_int_equal(findings->count, 1);
    assert_non_null(strstr(lb_get_text(findings->item[0], "message", ""), "'min_aerobic' cannot be 'much'"));
    keeping none = everything(second);
    assert_int_equal(none.records, 0);
    assert_int_equal(none.entries, 0);
    assert_int_equal(bring_in(second, &out.xml, &m)->count, 0);
    keeping once = everything(second);
    findings = bring_in(second, &out.xml, &m); /* a second time */
    assert_true(exchange_has_errors(findings));
    assert_non_null(strstr(lb_get_text(findings->item[0], "message", ""), "something is there already"));
    keeping twice = everything(second);
    assert_int_equal(once.entries, twice.entries);
    forget(&none);
    forget(&once);
    forget(&twice);
    lb_buf_free(&bad);
    lb_buf_free(&out.xml);
    lb_store_close(first);
    lb_store_close(second);
}

int main(void)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes protocol;
    arena = lb_arena_new();
    registry = lb_registry_all();
    if (lb_file_read(repository_file("studies/metnlbp.yaml"), 0, arena, &protocol, &err) || lb_study_read(&protocol, arena, &study, NULL, &err)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_comes_back),
        cmocka_unit_test(a_snapshot_gives_the_values),
        cmocka_unit_test(nothing_is_written_over_and_nothing_half_there),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lb_study_close(study);
    lb_registry_free(registry);
    lb_arena_free(arena);
    return failed;
}

/* The form engine on the forms of the METNLBP protocol: skip logic, derived items, checks, units, partial dates, scores, masks. */
#include "lumbar_test.h"
#include "trial/conduct/form.h"

static lb_arena *arena;
static lb_registry *registry;
static lb_study *study;

static int start(void **state)
{
    (void)state;
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    arena = lb_arena_new();
    registry = lb_registry_all();
    assert_int_equal(lb_file_read(LUMBAR_TEST_SOURCE "/studies/metnlbp.yaml", 0, arena, &bytes, &err), LB_OK);
    assert_int_equal(lb_study_read(&bytes, arena, &study, NULL, &err), LB_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    lb_study_close(study);
    lb_registry_free(registry);
    lb_arena_free(arena);
    return 0;
}

static lb_value *json(const char *text)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *value = NULL;
    const lb_bytes bytes = {(const uint8_t *)text, strlen(text), "test"};
    if (lb_json_read(&bytes, arena, &value, &err) != LB_OK) fail_msg("%s", err.message);
    return value;
}

static lb_form_computed compute(const char *form, const char *values, const char *missing, bool masked, const char *today)
{
    lb_error err = LB_ERROR_INIT;
    lb_form_computed out;
    const lb_form_context context = {.study = study, .form = lb_form_named(study, form), .registry = registry, .masked = masked, .today = today};
    assert_non_null(context.form);
    assert_int_equal(lb_form_compute(&context, json(values), missing ? json(missing) : NULL, arena, &out, &err), LB_OK);
    return out;
}

static const char *finding(const lb_form_computed *c, const char *item)
{
    for (size_t i = 0; i < c->findings->count; i++)
        if (lb_text_equal(lb_get_text(c->findings->item[i], "item", NULL), item)) return lb_get_text(c->findings->item[i], "code", "");
    return NULL;
}

static void test_derived(void **state)
{
    (void)state;
    lb_form_computed c = compute("demographics", "{\"height_cm\":170,\"weight_kg\":65.5,\"smoking\":2}", NULL, false, NULL);
    assert_close(lb_get_number(c.derived, "bmi", 0), 22.7, 0); /* 65.5 / 1.7² = 22.664 */
    assert_int_equal(lb_get_int(c.derived, "smoker", -1), 1);
    assert_close(lb_get_number(c.values, "bmi", 0), 22.7, 0);
    assert_string_equal(lb_get_text(c.values, "smoking", ""), "2");
    c = compute("demographics", "{\"height_cm\":170,\"bmi\":99}", NULL, false, NULL);
    assert_int_equal(lb_get(c.derived, "bmi")->type, LB_NULL); /* weight is missing; what was sent for a derived item counts nothing */
    assert_null(lb_get(c.values, "bmi"));
}

static void test_skip(void **state)
{
    (void)state;
    lb_form_computed c = compute("medication", "{\"drug_name\":\"none\",\"drug_dose_mg\":200}", NULL, false, NULL);
    assert_false(lb_get_bool(c.shown, "drug_dose_mg", true));
    assert_null(lb_get(c.values, "drug_dose_mg")); /* not shown, not kept */
    assert_true(c.complete);
    c = compute("medication", "{\"drug_name\":\"celecoxib\",\"drug_dose_mg\":200}", NULL, false, NULL);
    assert_true(lb_get_bool(c.shown, "drug_dose_mg", false));
    assert_int_equal(lb_get_int(c.values, "drug_dose_mg", 0), 200);
    c = compute("medication", "{}", NULL, false, NULL); /* the rule reads something missing: not shown */
    assert_false(lb_get_bool(c.shown, "drug_dose_mg", true));
    assert_int_equal(c.required_missing, 1);
    assert_false(c.complete);
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *form, *values, *item, *code;
    } cases[] = {
        {"eligibility", "{\"age\":17}", "age", "value"},          {"eligibility", "{\"age\":68.5}", "age", "value"},
        {"eligibility", "{\"age\":\"old\"}", "age", "value"},     {"eligibility", "{\"sex\":\"X\"}", "sex", "value"},
        {"eligibility", "{\"willing\":2}", "willing", "value"},   {"eligibility", "{\"consent_date\":\"2026-02-30\"}", "consent_date", "value"},
        {"eligibility", "{\"consent_date\":\"2026-02\"}", "consent_date", "value"}, /* not a partial date's item */
        {"eligibility", "{\"consent_date\":\"2026-05-01\"}", "consent_date", "future"},
        {"eligibility", "{\"nothing\":1}", "nothing", "unknown_item"},
        {"ae", "{\"ae_sae_crit\":[\"1\",\"9\"],\"ae_serious\":1}", "ae_sae_crit", "value"},
        {"ae", "{\"ae_aware\":\"2026-02-01\",\"ae_serious\":1}", "ae_aware", "value"},
        {"imaging", "{\"field_tesla\":1.5}", "field_tesla", "expected"},
        {"labs", "{\"creat\":{\"value\":1.2,\"unit\":\"stone\"}}", "creat", "value"},
        {"ae", "{\"ae_start\":\"2026-03-05\",\"ae_end\":\"2026-03-04\"}", "ae_end", "ae_order"},
        {"ae", "{\"ae_sev\":\"5\",\"ae_serious\":0}", "ae_serious", "ae_death"},
        {"ae", "{\"ae_sev\":\"5\",\"ae_serious\":1,\"ae_outcome\":\"recovered\"}", "ae_outcome", "ae_fatal"},
    };
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        lb_form_computed c = compute(cases[i].form, cases[i].values, NULL, false, "2026-04-01");
        const char *code = finding(&c, cases[i].item);
        if (!lb_text_equal(code, cases[i].code)) fail_msg("%s: %s, not %s", cases[i].values, code ? code : "nothing", cases[i].code);
    }
    lb_form_computed c = compute("ae", "{\"ae_sae_crit\":[\"3\",\"1\",\"3\"],\"ae_serious\":1,\"ae_aware\":\"2026-02-01T09:30\"}", NULL, false, "2026-04-01");
    assert_int_equal(c.findings->count, 0);
    assert_int_equal(lb_get(c.values, "ae_sae_crit")->count, 2); /* each once, in the protocol's order */
    assert_string_equal(lb_get(c.values, "ae_sae_crit")->item[0]->text, "1");
}

static void test_partial_dates(void **state)
{
    (void)state;
    lb_form_computed c = compute("ae", "{\"ae_start\":\"2026-03\",\"ae_end\":\"2026-03-04\"}", NULL, false, "2026-04-01");
    assert_null(finding(&c, "ae_end")); /* no contradiction in what is known */
    assert_string_equal(lb_get_text(c.values, "ae_start", ""), "2026-03");
    c = compute("ae", "{\"ae_start\":\"2026-03\",\"ae_end\":\"2026\"}", NULL, false, "2026-04-01");
    assert_null(finding(&c, "ae_end"));
    c = compute("ae", "{\"ae_start\":\"2026-03\",\"ae_end\":\"2025\"}", NULL, false, "2026-04-01");
    assert_string_equal(finding(&c, "ae_end"), "ae_order");
    c = compute("ae", "{\"ae_start\":\"2026-05\"}", NULL, false, "2026-04-01");
    assert_string_equal(finding(&c, "ae_start"), "future");
    c = compute("ae", "{\"ae_start\":\"2026-04\"}", NULL, false, "2026-04-01"); /* this month has begun */
    assert_null(finding(&c, "ae_start"));
    const char *const none[] = {"", "26", "2026-13", "2026-00", "2026-3", "2026-02-30", "2026-1-01", "abcd", "2026-01-01T", "02026"};
    for (size_t i = 0; i < LB_COUNT(none); i++) assert_int_equal(lb_date_precision(none[i]), 0);
    assert_int_equal(lb_date_precision("2026"), 1);
    assert_int_equal(lb_date_precision("2026-12"), 2);
    assert_int_equal(lb_date_precision("2024-02-29"), 3);
}

static void test_units(void **state)
{
    (void)state;
    lb_form_computed c = compute("labs", "{\"creat\":{\"value\":1.2,\"unit\":\"mg/dL\"},\"hb\":{\"value\":13.4,\"unit\":\"g/dL\"},\"alt\":30}", NULL, false, NULL);
    assert_close(lb_get_number(c.values, "creat", 0), 106.104, 1e-9); /* × 88.42 */
    assert_close(lb_get_number(c.values, "hb", 0), 134, 1e-9);
    assert_string_equal(lb_get_text(lb_get(c.entered, "creat"), "unit", ""), "mg/dL");
    assert_null(lb_get(c.entered, "alt"));
    c = compute("labs", "{\"creat\":{\"value\":1.5,\"unit\":\"mg/dL\"}}", NULL, false, NULL); /* 132.63: outside what is expected, kept */
    assert_string_equal(finding(&c, "creat"), "expected");
    assert_false(c.hard);
}

static void test_site_ranges(void **state)
{
    (void)state;
    lb_error err = LB_ERROR_INIT;
    lb_form_computed c;
    lb_form_context context = {.study = study, .form = lb_form_named(study, "labs"), .ranges = json("{\"creat\":{\"low\":50,\"high\":90}}")};
    assert_int_equal(lb_form_compute(&context, json("{\"creat\":100}"), NULL, arena, &c, &err), LB_OK);
    assert_string_equal(finding(&c, "creat"), "reference_range");
    assert_int_equal(lb_form_compute(&context, json("{\"creat\":90}"), NULL, arena, &c, &err), LB_OK);
    assert_null(finding(&c, "creat"));
}

static void test_scores(void **state)
{
    (void)state;
    const char *const eight = "{\"odi1\":\"5\",\"odi2\":\"4\",\"odi3\":3,\"odi4\":2,\"odi5\":1,\"odi6\":0,\"odi7\":5,\"odi8\":4}";
    lb_form_computed c = compute("odi", eight, NULL, false, NULL); /* 24 of 40 */
    assert_string_equal(c.score_name, "odi");
    assert_close(lb_get_number(c.score, "score", 0), 60, 0);
    assert_string_equal(lb_get_text(c.score, "category", ""), "severe");
    assert_int_equal(c.answered, 8);
    assert_int_equal(c.unanswered, 2);
    c = compute("odi", "{\"odi1\":\"5\",\"odi2\":\"4\",\"odi3\":3,\"odi4\":2,\"odi5\":1,\"odi6\":0,\"odi7\":5}", "{\"odi8\":\"refused\",\"odi9\":\"bored\"}", false, NULL);
    assert_true(isnan(lb_get_number(c.score, "score", NAN)));
    assert_non_null(strstr(lb_get_text(c.score, "reason", ""), "7 of 10"));
    assert_string_equal(lb_get_text(c.missing, "odi8", ""), "refused");
    assert_string_equal(finding(&c, "odi9"), "reason");
    c = compute("vas", "{\"vas_mm\":43}", NULL, false, NULL);
    assert_close(lb_get_number(c.score, "score", 0), 43, 0);
    c = compute("joa", "{\"joa_lbp\":3,\"joa_leg\":2,\"joa_gait\":3,\"joa_slr\":2,\"joa_sensory\":1,\"joa_motor\":2,\"joa_turning\":2,\"joa_standing\":1,"
                       "\"joa_washing\":2,\"joa_leaning\":1,\"joa_sitting\":1,\"joa_lifting\":1,\"joa_walking\":2,\"joa_bladder\":\"-3\"}", NULL, false, NULL);
    assert_close(lb_get_number(c.score, "score", 0), 20, 0); /* 8 + 5 + 10 - 3 */
    c = compute("eq5d", "{\"eq_mo\":1,\"eq_sc\":1,\"eq_ua\":1,\"eq_pd\":1,\"eq_ad\":1,\"eq_vas\":80}", NULL, false, NULL);
    assert_close(lb_get_number(c.score, "score", 0), 1, 0);
}

/* To a masked role an item that reveals the arm is a name like any other that is not there. */
static void test_masked(void **state)
{
    (void)state;
    lb_form_computed c = compute("ae", "{\"ae_term\":\"fall\",\"ae_rel_ex\":\"4\"}", NULL, true, NULL), other = compute("ae", "{\"ae_term\":\"fall\",\"nonsense\":\"4\"}", NULL, true, NULL);
    assert_string_equal(finding(&c, "ae_rel_ex"), finding(&other, "nonsense"));
    assert_null(lb_get(c.values, "ae_rel_ex"));
    lb_buf text = {0};
    lb_json_write(lb_form_describe(study, lb_form_named(study, "ae"), true, arena), 0, &text);
    assert_null(strstr(text.data, "ae_rel_ex"));
    lb_buf_free(&text);
    lb_json_write(lb_form_describe(study, lb_form_named(study, "ae"), false, arena), 0, &text);
    assert_non_null(strstr(text.data, "ae_rel_ex"));
    lb_buf_free(&text);
}

/* An item that depends on what reveals the arm must say that it reveals it, too: the protocol is refused otherwise. */
static void test_masks_of_rules(void **state)
{
    (void)state;
    static const char plain[] = "- {id: ae_rel_drug, label:", leaky[] = "- {id: ae_rel_drug, shown_if: ae_rel_ex ~= 4, label:";
    static const char said[] = "- {id: ae_rel_drug, reveals_arm: true, shown_if: ae_rel_ex ~= 4, label:";
    const char *const variants[] = {plain, leaky, said};
    for (size_t i = 0; i < LB_COUNT(variants); i++) {
        lb_error err = LB_ERROR_INIT;
        lb_bytes bytes;
        lb_study *changed = NULL;
        assert_int_equal(lb_file_read(LUMBAR_TEST_SOURCE "/studies/metnlbp.yaml", 0, arena, &bytes, &err), LB_OK);
        const char *text = lb_arena_textn(arena, (const char *)bytes.data, bytes.length), *at = strstr(text, plain);
        assert_non_null(at);
        const char *next = lb_arena_printf(arena, "%.*s%s%s", (int)(at - text), text, variants[i], at + strlen(plain));
        const lb_bytes protocol = {(const uint8_t *)next, strlen(next), "changed.yaml"};
        int code = lb_study_read(&protocol, arena, &changed, NULL, &err);
        assert_int_equal(code, i == 1 ? LB_BAD_DATA : LB_OK);
        if (i == 1) assert_non_null(strstr(err.message, "reveals the arm"));
        if (changed) lb_study_close(changed);
    }
}

/* What is computed once is computed the same from its own result. */
static void test_idempotent(void **state)
{
    (void)state;
    for (size_t f = 0; f < study->form_count; f++) {
        lb_buf first = {0}, second = {0};
        lb_form_computed a = compute(study->form[f].id, "{}", NULL, false, NULL), b;
        lb_error err = LB_ERROR_INIT;
        const lb_form_context context = {.study = study, .form = &study->form[f], .registry = registry};
        assert_int_equal(lb_form_compute(&context, a.values, a.missing, arena, &b, &err), LB_OK);
        lb_json_write(lb_form_computed_json(&a, arena), 0, &first);
        lb_json_write(lb_form_computed_json(&b, arena), 0, &second);
        assert_string_equal(first.data, second.data);
        lb_buf_free(&first);
        lb_buf_free(&second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_derived), cmocka_unit_test(test_skip),   cmocka_unit_test(test_values),      cmocka_unit_test(test_partial_dates),
        cmocka_unit_test(test_units),   cmocka_unit_test(test_scores), cmocka_unit_test(test_site_ranges), cmocka_unit_test(test_masked),
        cmocka_unit_test(test_idempotent), cmocka_unit_test(test_masks_of_rules),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

/* Flaws of protocol files: each edit of a sound study gives the finding that names its line, column and nearest word. */
#include "lumbar_test.h"

#include <lumbar/trial.h>

#include "trial/shape.h"

static char *text_of(const char *relative)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    assert_int_equal(lb_file_read(repository_file(relative), 1 << 20, arena, &bytes, NULL), LB_OK);
    char *text = malloc(bytes.length + 1);
    memcpy(text, bytes.data, bytes.length);
    text[bytes.length] = 0;
    lb_arena_free(arena);
    return text;
}

/* The text with its first `from` replaced by `to`; *line and *column tell where. */
static char *edited(const char *text, const char *from, const char *to, int *line, int *column)
{
    const char *at = strstr(text, from);
    if (!at) fail_msg("the study holds no '%s'", from);
    *line = 1;
    *column = 1;
    for (const char *p = text; p < at; p++) {
        *column = *p == '\n' ? 1 : *column + 1;
        *line += *p == '\n';
    }
    size_t length = strlen(text) + strlen(to) + 1;
    char *out = malloc(length);
    snprintf(out, length, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

typedef struct flaw {
    const char *from, *to, *message, *hint;
    int offset; /* column of the finding within `to`, from 0; -1: only the line is checked; -2: nowhere in particular */
} flaw;

static const flaw cases_of_flaws[] = {
    {"retention:", "retentoin:", "a study has no key 'retentoin'", "did you mean 'retention'?", 0},
    {"kind: inclusion", "kindd: inclusion", "a criterion has no key 'kindd'", "did you mean 'kind'?", 0},
    {"kind: inclusion", "kind: inclusoin", "'inclusoin' is no kind", "did you mean 'inclusion'?", 6},
    {"plan: {file: small.plan.yaml}", "plan: {}", "this plan lacks the key 'file'", "add file", 6},
    {"sharing: {share: false}\n", "", "this study lacks the key 'sharing'", "add sharing", -2},
    {"rule: age >= 60", "rule: age >= ", "the rule is no Lua expression", "one expression", 6},
    {"rule: age >= 60", "rule: age = 60", "the rule is no Lua expression", "compare with '=='", 6},
    {"rule: age >= 60", "rule: agee >= 60", "'agee' is no item of this study", "did you mean 'age'?", 6},
    {"rule: age >= 60", "rule: 60 <= agee", "'agee' is no item of this study", "did you mean 'age'?", 12},
    {"rule: age >= 60", "rule: os.exit()", "'os' is no item of this study", NULL, 6},
    {"rule: age >= 60", "rule: \"(function() while true do end end)()\"", "'function' cannot stand in a rule", NULL, 8},
    {"anchor: randomisation, day: 42", "anchor: FU, day: 42", "round in a circle: END → FU → END", "count from randomisation", 8},
    {"anchor: END, day: 30", "anchor: ENDE, day: 30", "there is no visit 'ENDE'", "did you mean 'END'?", 8},
    {"anchor: END, day: 30", "anchor: FU, day: 30", "round in a circle: FU → FU", NULL, 8},
    {"window: [-7, 7]", "window: [7, -7]", "'window' is inverted", "smaller number first", 8},
    {"window: [-3, 3]", "window: [-3, 28]", "windows of 'END' (day 39 to 70) and 'FU' (day 65 to 79) overlap", "narrow", -2},
    {"window: [-3, 3]", "window: [-3, ~]", "whole numbers", NULL, 13},
    {"window: [-3, 3]", "window: [-2.5, 3]", "whole numbers", NULL, 9},
    {"anchor: END, day: 30", "anchor: END, day: 4294967326", "more than 36525 days away", NULL, -1},
    {"window: [-3, 3]", "window: [-3]", "must hold two numbers", "[from, to]", 8},
    {"forms: [events]", "forms: [event]", "there is no form 'event'", "did you mean 'events'?", 8},
    {"instrument: nrs", "instrument: nsr", "there is no instrument 'nsr'", "did you mean 'nrs'?", 12},
    {"treated: ACTIVE", "treated: ACTVE", "there is no arm 'ACTVE'", "did you mean 'ACTIVE'?", 9},
    {"visits: [FU]", "visits: [FO]", "there is no visit 'FO'", "FU", 9},
    {"masked: [assessor]", "masked: [assesor]", "there is no role 'assesor'", "did you mean 'assessor'?", 9},
    {"item: consent_date", "item: consent", "there is no item 'consent'", NULL, 6},
    {"id: FU, label", "id: END, label", "the visit 'END' is there twice", "line", 4},
    {"id: why", "id: age", "the item 'age' is there twice", "line", 4},
    {"id: E1", "id: I1", "the criterion 'I1' is there twice", NULL, 4},
    {"code: B", "code: A", "the arm code 'A' is there twice", NULL, 6},
    {"blocks: [2, 4]", "blocks: [2, 5]", "a block of 5 cannot be shared equally by 2 arms", "multiples of 2", 12},
    {"blocks: [2, 4], ", "", "permuted blocks need their sizes", "blocks: [4, 6]", -2},
    {"codes: {F: female, M: male}", "codes: sexes", "there is no code list 'sexes'", NULL, 7},
    {", codes: {F: female, M: male}", "", "is a choice without codes", "add codes", -1},
    {", derived_by: nrs_now > 5", "", "no rule says how", "derived_by", -1},
    {"derived_by: nrs_now > 5", "derived_by: worse", "derived from itself", NULL, 12},
    {"every: 7", "every: 0", "every 0", NULL, -1},
    {"{en: A small study, zh: 小型研究}", "{zh: 小型研究}", "'title' has no English text", "add en", 0},
    {"{en: A small study, zh: 小型研究}", "{en: A small study, comma, zh: 小型研究}", "'comma' is no language", "quotes", 20},
    {"enrolment: 24", "enrolment: many", "'enrolment' must be a whole number, here is a text", NULL, 11},
    {"lumbar: study/1", "lumbar: study/9", "no study file that this version can read", "study/1", 8},
    {"masked: false}", "masked: true}", "masked in one place and not in the other", NULL, -2},
    {"id: C2,", "id: \"C 2\",", "'C 2' cannot be the id", "letters", 4},
    {"version: \"1\"", "version: \"1\n", "not valid YAML", NULL, -2},
    {"version: \"1\"", "version: \"1\"\nversion: \"2\"", "stands twice", NULL, -2},
    {"course: {END: -1, FU: -1}", "course: {END: -1, FUP: -1}", "there is no visit 'FUP'", "did you mean 'FU'?", 18},
};

static bool fits(const flaw *f, const lb_value *finding, int line, int column)
{
    char where[64];
    const char *at = lb_get_text(finding, "where", ""), *hint = lb_get_text(finding, "hint", "");
    if (!strstr(lb_get_text(finding, "message", ""), f->message)) return false;
    if (f->hint && !strstr(hint, f->hint)) return false;
    if (f->offset == -2) return true;
    snprintf(where, sizeof where, f->offset >= 0 ? "small.yaml:%d:%d" : "small.yaml:%d:", line, column + f->offset);
    return f->offset >= 0 ? strcmp(at, where) == 0 : strncmp(at, where, strlen(where)) == 0;
}

static void check_flaw(const char *sound, const flaw *f)
{
    int line, column;
    char *text = edited(sound, f->from, f->to, &line, &column);
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {(const uint8_t *)text, strlen(text), "small.yaml"};
    lb_value *findings = lb_value_array(arena);
    lb_error err = LB_ERROR_INIT;
    lb_study *study;
    assert_int_equal(lb_study_read(&bytes, arena, &study, findings, &err), LB_BAD_DATA);
    assert_null(study);
    bool found = false;
    for (size_t i = 0; i < findings->count; i++) found |= fits(f, findings->item[i], line, column);
    if (!found) {
        lb_buf seen = {0};
        lb_json_write(findings, 2, &seen);
        fail_msg("'%s' → '%s' at %d:%d: no finding '%s' (%s); found %s", f->from, f->to, line, column, f->message, f->hint ? f->hint : "-",
                 seen.data);
    }
    assert_true(err.message[0] != 0 && err.where[0] != 0);
    lb_arena_free(arena);
    free(text);
}

static void flaws_are_named(void **state)
{
    (void)state;
    char *sound = text_of("reference/trial/minimal.yaml");
    for (size_t i = 0; i < LB_COUNT(cases_of_flaws); i++) check_flaw(sound, &cases_of_flaws[i]);
    free(sound);
}

static void one_flaw_is_one_finding(void **state)
{
    (void)state;
    static const flaw single[] = {{"rule: age >= 60", "rule: agee >= 60", "agee", NULL, -2},
                                  {"forms: [events]", "forms: [event]", "event", NULL, -2},
                                  {"blocks: [2, 4]", "blocks: [2, 5]", "block of 5", NULL, -2},
                                  {"window: [-7, 7]", "window: [7, -7]", "inverted", NULL, -2}};
    char *sound = text_of("reference/trial/minimal.yaml");
    for (size_t i = 0; i < LB_COUNT(single); i++) {
        int line, column;
        char *text = edited(sound, single[i].from, single[i].to, &line, &column);
        lb_arena *arena = lb_arena_new();
        lb_bytes bytes = {(const uint8_t *)text, strlen(text), "small.yaml"};
        lb_value *findings = lb_value_array(arena);
        lb_study *study;
        assert_int_equal(lb_study_read(&bytes, arena, &study, findings, NULL), LB_BAD_DATA);
        size_t errors = 0;
        for (size_t k = 0; k < findings->count; k++) errors += strcmp(lb_get_text(findings->item[k], "severity", ""), "error") == 0;
        assert_int_equal(errors, 1);
        lb_arena_free(arena);
        free(text);
    }
    free(sound);
}

static void read_study(const char *relative, lb_arena *arena, lb_study **study)
{
    lb_bytes bytes;
    lb_error err = LB_ERROR_INIT;
    lb_value *findings = lb_value_array(arena);
    assert_int_equal(lb_file_read(repository_file(relative), 1 << 22, arena, &bytes, NULL), LB_OK);
    if (lb_study_read(&bytes, arena, study, findings, &err) != LB_OK) fail_msg("%s: %s (%s)", relative, err.message, err.where);
    assert_int_equal(findings->count, 0);
}

static void both_trials_are_sound(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_study *m, *x;
    read_study("studies/metnlbp.yaml", arena, &m);
    read_study("studies/modic.yaml", arena, &x);
    assert_int_equal(m->site_count, 5);
    assert_int_equal(m->criterion_count, 14);
    assert_int_equal(m->visit[lb_study_visit_named(m, "M01")].nominal, 72);
    assert_int_equal(m->visit[lb_study_visit_named(m, "M06")].nominal, 224);
    assert_int_equal(m->visit[lb_study_visit_named(m, "M12")].nominal, 365);
    assert_int_equal(m->visit[lb_study_visit_named(m, "M12P")].nominal, 407);
    assert_int_equal(m->rtsm.size_count, 2);
    assert_false(m->minimised);
    assert_true(x->minimised);
    assert_int_equal(x->factor_count, 4);
    assert_int_equal(x->criterion_count, 9);
    const lb_study_form *form;
    assert_non_null(lb_study_item_named(m, "min_aerobic", &form));
    assert_true(form->reveals_arm);
    assert_true(lb_study_item_named(m, "ae_rel_ex", NULL)->reveals_arm);
    assert_null(lb_study_item_named(m, "no_such_item", NULL));
    lb_study_close(m);
    lb_study_close(x);
    lb_arena_free(arena);
}

/* ---- eligibility, at the borders of each criterion ---- */

typedef struct person {
    const char *name;
    double value;
} person;

static const person sound_person[] = {{"age", 60}, {"lbp_months", 3}, {"odi_screen", 20}, {"goutallier", 2}, {"surg_indication", 0},
                                      {"conservative", 1}, {"can_exercise", 1}, {"willing", 1}, {"exc_specific", 0}, {"exc_surgery", 0},
                                      {"exc_comorb", 0}, {"exc_cognition", 0}, {"exc_physical", 0}, {"exc_trial", 0}, {"exc_hypersens", 0}};

static bool look(void *context, const char *name, lb_value *out)
{
    const person *changed = context;
    for (size_t i = 0; i < LB_COUNT(sound_person); i++) {
        if (strcmp(sound_person[i].name, name) != 0) continue;
        double value = changed && strcmp(changed->name, name) == 0 ? changed->value : sound_person[i].value;
        *out = (lb_value){.type = isnan(value) ? LB_NULL : LB_DOUBLE, .number = value};
        return true;
    }
    return false;
}

static void eligibility_at_its_borders(void **state)
{
    (void)state;
    static const struct {
        person change;
        const char *reason; /* NULL = eligible */
    } cases[] = {{{"age", 60}, NULL}, {{"age", 59}, "I1"}, {{"lbp_months", 2.9}, "I2"}, {{"odi_screen", 60}, NULL}, {{"odi_screen", 60.1}, "I3"},
                 {{"odi_screen", 19.9}, "I3"}, {{"goutallier", 1}, "I4"}, {{"conservative", 0}, "I5"}, {{"can_exercise", 0}, "I6"},
                 {{"willing", 0}, "I7"}, {{"exc_specific", 1}, "E1"}, {{"exc_surgery", 1}, "E2"}, {{"surg_indication", 1}, "E2"},
                 {{"exc_comorb", 1}, "E3"}, {{"exc_cognition", 1}, "E4"}, {{"exc_physical", 1}, "E5"}, {{"exc_trial", 1}, "E6"},
                 {{"exc_hypersens", 1}, "E7"}, {{"exc_trial", NAN}, "E6"}, {{"goutallier", NAN}, "I4"}};
    lb_arena *arena = lb_arena_new();
    lb_study *m;
    read_study("studies/metnlbp.yaml", arena, &m);
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        int answer[32], first;
        person change = cases[i].change;
        assert_int_equal(lb_study_eligible(m, look, &change, answer, &first, NULL), LB_OK);
        if (!cases[i].reason) assert_int_equal(first, -1);
        else assert_string_equal(m->criterion[first].id, cases[i].reason);
        if (isnan(change.value)) assert_int_equal(answer[first], -1);
    }
    lb_study_close(m);
    lb_arena_free(arena);
}

/* The instruments that the studies name exist and hold to their shape. */
static void instruments_are_sound(void **state)
{
    (void)state;
    static const char *const studies[] = {"studies/metnlbp.yaml", "studies/modic.yaml"};
    lb_arena *arena = lb_arena_new();
    for (size_t s = 0; s < LB_COUNT(studies); s++) {
        lb_study *study;
        read_study(studies[s], arena, &study);
        for (size_t i = 0; i < study->instrument_count; i++) {
            char path[256];
            snprintf(path, sizeof path, "studies/%s", study->instrument[i].file);
            lb_bytes bytes;
            lb_value *root;
            lb_error err = LB_ERROR_INIT;
            if (lb_file_read(repository_file(path), 1 << 20, arena, &bytes, &err) != LB_OK) fail_msg("%s: %s", path, err.message);
            if (lb_yaml_read(&bytes, arena, &root, &err) != LB_OK) fail_msg("%s: %s", path, err.message);
            struct flaws f = {&bytes, arena, lb_value_array(arena), 0, &err};
            trial_shape_check(&f, root, &trial_shape_instrument);
            if (f.errors) fail_msg("%s: %s at %s", path, err.message, err.where);
        }
        lb_study_close(study);
    }
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flaws_are_named),       cmocka_unit_test(one_flaw_is_one_finding),    cmocka_unit_test(both_trials_are_sound),
        cmocka_unit_test(eligibility_at_its_borders), cmocka_unit_test(instruments_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

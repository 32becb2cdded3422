/* Rules: what they answer, and that nothing gets out of the sandbox, runs on, or eats the memory. */
#include "lumbar_test.h"

#include <lumbar/trial.h>

static bool look(void *context, const char *name, lb_value *out)
{
    const char *text = context;
    if (strcmp(name, "age") == 0) *out = (lb_value){.type = LB_DOUBLE, .number = 64};
    else if (strcmp(name, "odi") == 0) *out = (lb_value){.type = LB_INT, .integer = 42};
    else if (strcmp(name, "sex") == 0) *out = (lb_value){.type = LB_STRING, .text = "F"};
    else if (strcmp(name, "born") == 0) *out = (lb_value){.type = LB_STRING, .text = "1961-02-28"};
    else if (strcmp(name, "seen") == 0) *out = (lb_value){.type = LB_STRING, .text = "2026-03-01"};
    else if (strcmp(name, "long") == 0) *out = (lb_value){.type = LB_STRING, .text = text};
    else if (strcmp(name, "gone") == 0) *out = (lb_value){.type = LB_NULL};
    else return false;
    return true;
}

static const char *const known[] = {"age", "odi", "sex", "born", "seen", "long", "gone"};

static void answers(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        double value;      /* truth as 1 and 0 */
        const char *missing; /* "" = known */
    } cases[] = {
        {"age >= 60", 1, ""}, {"age >= 60 and odi > 60", 0, ""}, {"age >= 60 and (odi > 60 or sex == 'F')", 1, ""}, {"not (sex == \"M\")", 1, ""},
        {"sex ~= 'M'", 1, ""}, {"round(age / 3, 1)", 21.3, ""}, {"round(-2.5)", -3, ""}, {"min(age, odi, 50)", 42, ""}, {"max(age, odi)", 64, ""},
        {"sum(1, 2, odi)", 45, ""}, {"abs(odi - age)", 22, ""}, {"floor(2.7) + ceil(2.1)", 5, ""}, {"sqrt(age)", 8, ""}, {"log(exp(2))", 2, ""},
        {"one_of(sex, 'M', 'F')", 1, ""}, {"one_of(odi, 1, 2)", 0, ""}, {"length(sex)", 1, ""}, {"contains('melaena', 'lae')", 1, ""},
        {"contains('a.b', '%a')", 0, ""}, {"days(born, seen)", 23742, ""}, {"year(seen) - year(born)", 65, ""}, {"2 ^ 10", 1024, ""}, {"7 % 4", 3, ""},
        {"gone > 1", 0, "gone"}, {"gone == nil", 0, "gone"}, {"not gone", 0, "gone"}, {"age < 60 and gone > 1", 0, ""}, {"age >= 60 or gone > 1", 1, ""},
        {"missing('gone')", 1, ""}, {"missing('age')", 0, ""}, {"missing('gone') or gone > 1", 1, ""}, {"not missing('gone') and gone > 1", 0, ""},
        {"true", 1, ""},
    };
    lb_rules *rules = lb_rules_new(NULL);
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        int id;
        lb_error err = LB_ERROR_INIT;
        lb_rule_answer got;
        if (lb_rules_compile(rules, cases[i].rule, known, LB_COUNT(known), &id, &err) != LB_OK) fail_msg("%s: %s", cases[i].rule, err.message);
        if (lb_rules_run(rules, id, look, NULL, &got, &err) != LB_OK) fail_msg("%s: %s", cases[i].rule, err.message);
        if (got.known != (cases[i].missing[0] == 0)) fail_msg("%s: known is %d", cases[i].rule, got.known);
        assert_string_equal(got.missing, cases[i].missing);
        double value = got.value.type == LB_BOOL ? got.value.boolean : got.value.type == LB_DOUBLE ? got.value.number : 0;
        if (got.known) assert_close(value, cases[i].value, 1e-12);
    }
    lb_rules_free(rules);
}

/* Ways out, and statements: refused before anything runs, with or without a list of names. */
static void escapes(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "os.execute('x')", "io.open('x')", "require('os')", "load('return 1')()", "dofile('x')", "_G.os", "_ENV", "getmetatable('').__index",
        "setmetatable(age, age)", "rawget(age, 1)", "string.rep('x', 1e9)", "('x'):rep(1e9)", "debug.getinfo(1)", "collectgarbage()", "print(1)",
        "pcall(age)", "coroutine.create(age)", "age.x", "select(1)", "tostring(age)", "error('x')"};
    static const char *const syntax[] = {
        "(function() while true do end end)()", "while true do end", "for i = 1, 9 do end", "repeat until false", "if age then 1 end", "goto x", "local x = 1",
        "return 1", "age = 3", "age == 1; os", "{}", "{1, 2}[1]", "age[1]", "#sex", "age --[[ comment ]]", "age -- comment", "[[long]]", "1) + (", "(",
        "age >=", "and", "'open", "age age", "::x::", "\"\\", ""};
    lb_rules *rules = lb_rules_new(NULL);
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        int id;
        lb_error err = LB_ERROR_INIT;
        lb_rule_answer got;
        assert_int_not_equal(lb_rules_compile(rules, bad[i], known, LB_COUNT(known), &id, &err), LB_OK);
        assert_true(err.message[0] != 0);
        /* Even without the list of names nothing is there to be called: names are simply missing. */
        if (lb_rules_compile(rules, bad[i], NULL, 0, &id, &err) != LB_OK) continue;
        int code = lb_rules_run(rules, id, look, NULL, &got, &err);
        if (code == LB_OK && got.known) fail_msg("'%s' had an answer", bad[i]);
    }
    for (size_t i = 0; i < LB_COUNT(syntax); i++) {
        int id;
        lb_error err = LB_ERROR_INIT;
        if (lb_rules_compile(rules, syntax[i], NULL, 0, &id, &err) == LB_OK) fail_msg("'%s' was accepted", syntax[i]);
        assert_int_equal(err.code, LB_BAD_DATA);
    }
    lb_rules_free(rules);
}

static void bytecode_is_refused(void **state)
{
    (void)state;
    lb_rules *rules = lb_rules_new(NULL);
    int id;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_rules_compile(rules, "\x1bLua", NULL, 0, &id, &err), LB_BAD_DATA);
    lb_rules_free(rules);
}

/* A long computation: thousands of operations, more than the limit set here. */
static void steps_are_limited(void **state)
{
    (void)state;
    lb_rules_limits few = {4u << 20, 200};
    lb_rules *small = lb_rules_new(&few), *usual = lb_rules_new(NULL);
    lb_buf rule = {0};
    lb_buf_puts(&rule, "age");
    for (int i = 0; i < 150; i++) lb_buf_puts(&rule, " + age - odi + odi");
    int id;
    lb_error err = LB_ERROR_INIT;
    lb_rule_answer got;
    assert_int_equal(lb_rules_compile(small, rule.data, known, LB_COUNT(known), &id, &err), LB_OK);
    assert_int_equal(lb_rules_run(small, id, look, NULL, &got, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.message, "too many steps"));
    assert_int_equal(lb_rules_compile(small, "age > 1", known, LB_COUNT(known), &id, &err), LB_OK);
    assert_int_equal(lb_rules_run(small, id, look, NULL, &got, &err), LB_OK); /* the state is still good */
    assert_true(got.value.boolean);
    assert_int_equal(lb_rules_compile(usual, rule.data, known, LB_COUNT(known), &id, &err), LB_OK);
    assert_int_equal(lb_rules_run(usual, id, look, NULL, &got, &err), LB_OK);
    assert_close(got.value.number, 64 * 151, 1e-12);
    lb_buf_free(&rule);
    lb_rules_free(small);
    lb_rules_free(usual);
}

/* Texts joined to more than the state may hold: an error, and the state goes on working. */
static void memory_is_limited(void **state)
{
    (void)state;
    lb_rules *rules = lb_rules_new(NULL);
    size_t length = 1u << 20;
    char *text = malloc(length + 1);
    memset(text, 'x', length);
    text[length] = 0;
    int id, again;
    lb_error err = LB_ERROR_INIT;
    lb_rule_answer got;
    assert_int_equal(lb_rules_compile(rules, "length(long .. long .. long .. long .. long .. long)", known, LB_COUNT(known), &id, &err), LB_OK);
    assert_int_equal(lb_rules_compile(rules, "length(long) == 1048576", known, LB_COUNT(known), &again, &err), LB_OK);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(lb_rules_run(rules, id, look, text, &got, &err), LB_BAD_DATA);
        assert_non_null(strstr(err.message, "memory"));
        assert_int_equal(lb_rules_run(rules, again, look, text, &got, &err), LB_OK);
        assert_true(got.known && got.value.boolean);
    }
    free(text);
    lb_rules_free(rules);
    lb_rules_limits none = {1000, 100};
    assert_null(lb_rules_new(&none));
}

static void deep_and_long_rules(void **state)
{
    (void)state;
    lb_rules *rules = lb_rules_new(NULL);
    lb_buf deep = {0}, longest = {0};
    int id;
    lb_error err = LB_ERROR_INIT;
    for (int i = 0; i < 1500; i++) lb_buf_putc(&deep, '(');
    lb_buf_puts(&deep, "1");
    for (int i = 0; i < 1500; i++) lb_buf_putc(&deep, ')');
    for (int i = 0; i < 5000; i++) lb_buf_putc(&longest, '1');
    assert_int_equal(lb_rules_compile(rules, deep.data, NULL, 0, &id, &err), LB_BAD_DATA);
    assert_int_equal(lb_rules_compile(rules, longest.data, NULL, 0, &id, &err), LB_BAD_DATA);
    assert_int_equal(lb_rules_compile(rules, "age > 1", NULL, 0, &id, &err), LB_OK);
    lb_buf_free(&deep);
    lb_buf_free(&longest);
    lb_rules_free(rules);
}

static void names_of_a_rule(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    size_t count;
    const char **name = lb_rule_names("age >= 60 and round(odi, 1) > 2e1 and sex == 'male' or missing('gone') and not age", arena, &count);
    assert_int_equal(count, 4);
    assert_string_equal(name[0], "age");
    assert_string_equal(name[1], "odi");
    assert_string_equal(name[2], "sex");
    assert_string_equal(name[3], "gone");
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),           cmocka_unit_test(escapes),         cmocka_unit_test(bytecode_is_refused),
        cmocka_unit_test(steps_are_limited), cmocka_unit_test(memory_is_limited), cmocka_unit_test(deep_and_long_rules),
        cmocka_unit_test(names_of_a_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The ledger of a plan: every transition that is allowed, every one that is not, and every way of tampering that shows. */
#include "lumbar_test.h"

#include <lumbar/analysis.h>

static const char first[] = "plan: p\ntitle: T\nprimary: {mcid: 10}\n", second[] = "plan: p\ntitle: T\nprimary: {mcid: 8}\n";
static const uint8_t key[32] = {1, 2, 3};

static lb_ledger_act act(const char *plan)
{
    return (lb_ledger_act){.when = "2026-03-01T10:00:00Z", .by = "stat-1", .plan = {(const uint8_t *)plan, strlen(plan), "p.yaml"}};
}

static void refused(int code, const lb_error *err, int expected, const char *words)
{
    assert_int_equal(code, expected);
    if (!strstr(err->message, words)) fail_msg("'%s' does not say '%s'", err->message, words);
}

static void the_order_of_things(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *ledger = lb_ledger_new(arena);
    lb_error err = LB_ERROR_INIT;
    lb_ledger_act a = act(first), b = act(second);
    lb_ledger_state s;
    refused(lb_ledger_final(ledger, &a, &err), &err, LB_BAD_DATA, "not locked");
    refused(lb_ledger_amend(ledger, &(lb_ledger_act){.when = "x", .by = "y", .reason = "z", .plan = b.plan}, &err), &err, LB_BAD_DATA, "nothing to amend");
    assert_int_equal(lb_ledger_rehearse(ledger, &a, &err), 0);
    refused(lb_ledger_lock(ledger, &(lb_ledger_act){.when = "x", .plan = a.plan}, &err), &err, LB_USAGE, "who locks");
    refused(lb_ledger_lock(ledger, &(lb_ledger_act){.by = "x", .plan = a.plan}, &err), &err, LB_USAGE, "time");
    a.key = key;
    assert_int_equal(lb_ledger_lock(ledger, &a, &err), 0);
    refused(lb_ledger_lock(ledger, &a, &err), &err, LB_BAD_DATA, "was locked by stat-1");
    assert_int_equal(lb_ledger_may_run(ledger, &a.plan, &err), 0);
    refused(lb_ledger_may_run(ledger, &b.plan, &err), &err, LB_BAD_DATA, "changed since it was locked");
    refused(lb_ledger_final(ledger, &b, &err), &err, LB_BAD_DATA, "changed since it was locked");
    assert_int_equal(lb_ledger_final(ledger, &a, &err), 0);
    refused(lb_ledger_amend(ledger, &b, &err), &err, LB_USAGE, "reason");
    b.reason = "the MCID of the target group is 8";
    refused(lb_ledger_amend(ledger, &b, &err), &err, LB_BAD_DATA, "locked with a signature");
    b.key = key;
    assert_int_equal(lb_ledger_amend(ledger, &b, &err), 0);
    refused(lb_ledger_amend(ledger, &b, &err), &err, LB_BAD_DATA, "in force already");
    assert_int_equal(lb_ledger_final(ledger, &b, &err), 0);
    refused(lb_ledger_final(ledger, &a, &err), &err, LB_BAD_DATA, "changed");
    lb_ledger_state_of(ledger, NULL, &s);
    assert_true(s.locked && s.signed_by_key && s.rehearsals == 1 && s.amendments == 1 && s.finals == 2);
    assert_string_equal(s.text, second);
    const lb_value *amendment = lb_path(ledger, "entries[3]");
    assert_string_equal(lb_path(amendment, "changed[0]")->text, "primary");
    assert_int_equal(lb_get(amendment, "changed")->count, 1);
    assert_true(lb_get_bool(amendment, "after_unblinding", false)); /* a final run came before it */
    assert_int_equal(lb_ledger_verify(ledger, &err), 0);
    lb_arena_free(arena);
}

/* Each change of a stored ledger must show: a value, an entry gone, the order, a signature, the text. */
static void tampering(void **state)
{
    (void)state;
    static const char *const change[][2] = {{"stat-1", "stat-2"}, {"mcid: 10", "mcid: 11"}, {"2026-03-01", "2026-02-01"}, {"\"rehearsal\"", "\"lock\""}};
    lb_arena *arena = lb_arena_new();
    lb_value *ledger = lb_ledger_new(arena), *read;
    lb_error err = LB_ERROR_INIT;
    lb_ledger_act a = act(first);
    assert_int_equal(lb_ledger_rehearse(ledger, &a, &err), 0);
    a.key = key;
    assert_int_equal(lb_ledger_lock(ledger, &a, &err), 0);
    lb_buf text = {0};
    lb_json_write(ledger, 2, &text);
    lb_bytes bytes = {(const uint8_t *)text.data, text.length, "ledger.json"};
    assert_int_equal(lb_ledger_read(&bytes, arena, &read, &err), 0);
    for (size_t i = 0; i < LB_COUNT(change); i++) {
        char *found = strstr(text.data, change[i][0]);
        assert_non_null(found);
        lb_buf other = {0};
        lb_buf_add(&other, text.data, (size_t)(found - text.data));
        lb_buf_puts(&other, change[i][1]);
        lb_buf_puts(&other, found + strlen(change[i][0]));
        lb_bytes changed = {(const uint8_t *)other.data, other.length, "ledger.json"};
        refused(lb_ledger_read(&changed, arena, &read, &err), &err, LB_BAD_DATA, "not intact");
        lb_buf_free(&other);
    }
    lb_value *entries = lb_get(ledger, "entries"), *signature = lb_get(entries->item[1], "signature");
    lb_value *kept = entries->item[0];
    entries->item[0] = entries->item[1];
    entries->count = 1; /* the rehearsal is taken out */
    refused(lb_ledger_verify(ledger, &err), &err, LB_BAD_DATA, "does not follow");
    entries->item[0] = kept;
    entries->count = 2;
    lb_set_text(signature, "value", "00");
    refused(lb_ledger_verify(ledger, &err), &err, LB_BAD_DATA, "signature");
    lb_buf_free(&text);
    static const char *const none[] = {"{}", "[]", "{\"ledger\": \"lumbar-plan-ledger-1\"}", "{\"ledger\": \"lumbar-plan-ledger-1\", \"entries\": [3]}"};
    for (size_t i = 0; i < LB_COUNT(none); i++) {
        lb_bytes odd = {(const uint8_t *)none[i], strlen(none[i]), "odd.json"};
        assert_int_equal(lb_ledger_read(&odd, arena, &read, &err), LB_BAD_DATA);
    }
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_order_of_things), cmocka_unit_test(tampering)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

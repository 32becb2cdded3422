/* Passwords, one-time codes against the vectors of RFC 4226 and RFC 6238, the table of rights, the schema notation. */
#include "lumbar_test.h"
#include "server/study.h"
#include "trial/conduct/rights.h"
#include "trial/conduct/totp.h"
#include "trial/conduct/users.h"

static void test_hotp(void **state)
{
    (void)state;
    static const uint32_t expected[] = {755224, 287082, 359152, 969429, 338314, 254676, 287922, 162583, 399871, 520489}; /* RFC 4226, appendix D */
    for (int64_t i = 0; i < 10; i++) assert_int_equal(lb_totp_code((const uint8_t *)"12345678901234567890", 20, i, 6), expected[i]);
}

static void test_totp(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        uint32_t code;
    } vectors[] = {{59, 94287082}, {1111111109, 7081804}, {1111111111, 14050471}, {1234567890, 89005924}, {2000000000, 69279037}, {20000000000, 65353130}};
    for (size_t i = 0; i < LB_COUNT(vectors); i++) /* RFC 6238, appendix B, SHA-1 */
        assert_int_equal(lb_totp_code((const uint8_t *)"12345678901234567890", 20, vectors[i].seconds / 30, 8), vectors[i].code);
    char base32[LB_TOTP_BASE32];
    lb_totp_base32((const uint8_t *)"12345678901234567890", base32);
    assert_string_equal(base32, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    int64_t step = 0;
    assert_true(lb_totp_right((const uint8_t *)"12345678901234567890", "287082", 59, 0, &step));
    assert_int_equal(step, 1);
    assert_false(lb_totp_right((const uint8_t *)"12345678901234567890", "287082", 59, 1, &step)); /* used */
    assert_true(lb_totp_right((const uint8_t *)"12345678901234567890", "287082", 89, 0, &step));  /* one step late */
    assert_false(lb_totp_right((const uint8_t *)"12345678901234567890", "287082", 121, 0, &step));
    assert_false(lb_totp_right((const uint8_t *)"12345678901234567890", "28708", 59, 0, &step));
    assert_false(lb_totp_right((const uint8_t *)"12345678901234567890", "+28708", 59, 0, &step));
}

static void test_passwords(void **state)
{
    (void)state;
    lb_error err = LB_ERROR_INIT;
    char hash[LB_PASSWORD_HASH], once[LB_PASSWORD_ONCE], again[LB_PASSWORD_ONCE];
    const char *const bad[] = {"", "short", "12345678901", "password1234", "aaaaaaaaaaaaaaa", "my-name-is-long-enough", "abababababababab"};
    for (size_t i = 0; i < LB_COUNT(bad); i++) assert_int_equal(lb_password_check(bad[i], "name", &err), LB_BAD_DATA);
    assert_int_equal(lb_password_check("四个互不相关的词语放在一起用", "name", &err), LB_OK);
    assert_int_equal(lb_password_check("four unrelated words", "name", &err), LB_OK);
    assert_int_equal(lb_password_hash("four unrelated words", hash, &err), LB_OK);
    assert_true(lb_text_starts(hash, "$argon2id$"));
    assert_true(lb_password_right(hash, "four unrelated words"));
    assert_false(lb_password_right(hash, "four unrelated word"));
    double before = lb_cpu_seconds();
    assert_false(lb_password_right(hash, "wrong"));
    double real = lb_cpu_seconds() - before;
    before = lb_cpu_seconds();
    assert_false(lb_password_right(NULL, "wrong")); /* nobody of that name: no faster answer */
    double nobody = lb_cpu_seconds() - before;
    if (nobody < real / 3 || nobody > real * 3) fail_msg("a wrong password takes %g s, an unknown user %g s", real, nobody);
    lb_password_make(once);
    lb_password_make(again);
    assert_int_equal(strlen(once), 19);
    assert_string_not_equal(once, again);
    assert_int_equal(lb_password_check(once, "name", &err), LB_OK);
    const char *const names[] = {"", "a", "A.b", "1abc", "a b", "a|b", "ünal", "this.name.is.much.too.long.to.be.typed.by.hand"};
    for (size_t i = 0; i < LB_COUNT(names); i++) assert_int_equal(lb_user_name_check(names[i], &err), LB_BAD_DATA);
    assert_int_equal(lb_user_name_check("m.li-2", &err), LB_OK);
}

/* Rules of the table that must hold whatever else changes. */
static void test_rights(void **state)
{
    (void)state;
    static const char *const clinical[] = {LB_MAY_PEOPLE, LB_MAY_IDENTITY, LB_MAY_ENTER, LB_MAY_SAFETY, LB_MAY_BOARD, LB_MAY_EXPORT, LB_MAY_SNAPSHOTS, LB_MAY_RANDOMISE};
    static const char *const unmasked_only[] = {LB_MAY_ARM, LB_MAY_ADHERENCE, LB_MAY_BALANCE, LB_MAY_BOARD_REPORT, LB_MAY_STUDY_UNBLIND, LB_MAY_RANDOMISE};
    static const char *const masked[] = {"assessor", "data_manager", "monitor", "statistician"};
    for (size_t i = 0; i < LB_COUNT(clinical); i++) assert_false(lb_rights_may("administrator", clinical[i]));
    for (size_t m = 0; m < LB_COUNT(masked); m++)
        for (size_t i = 0; i < LB_COUNT(unmasked_only); i++) assert_false(lb_rights_may(masked[m], unmasked_only[i]));
    for (size_t i = 0; lb_rights_at(i); i++) {
        bool somebody = false;
        for (size_t r = 0; lb_rights_role(r); r++) somebody |= lb_rights_may(lb_rights_role(r), lb_rights_at(i));
        if (!somebody) fail_msg("nobody may: %s", lb_rights_at(i));
        assert_false(lb_rights_may("nobody", lb_rights_at(i)));
        assert_false(lb_rights_may(NULL, lb_rights_at(i)));
    }
    assert_false(lb_rights_may("coordinator", "no.such.right"));
    assert_false(lb_rights_may("coordinator", LB_MAY_VERIFY) || lb_rights_may("monitor", LB_MAY_ENTER) || lb_rights_may("data_manager", LB_MAY_SIGN));
    lb_study_form form = {.id = "x", .filled_by = "assessor"};
    assert_true(lb_rights_form("assessor", &form));
    assert_false(lb_rights_form("coordinator", &form) || lb_rights_form("data_manager", &form) || lb_rights_form("unmasked_data_manager", &form));
    form.reveals_arm = true;
    assert_true(lb_rights_form("unmasked_data_manager", &form));
}

static int check(lb_arena *arena, const char *schema, const char *text, char where[256])
{
    lb_error err = LB_ERROR_INIT;
    lb_value *value = NULL;
    const lb_bytes bytes = {(const uint8_t *)text, strlen(text), "test"};
    assert_int_equal(lb_json_read(&bytes, arena, &value, &err), LB_OK);
    int code = study_schema_check(schema, value, NULL, &err);
    snprintf(where, 256, "%s", err.where);
    return code;
}

static void test_schemas(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    char where[256];
    const char *const schema = "{a:text,b?:int~,c?:[{d:(x|y),e?:{*:number}}]}";
    assert_int_equal(check(arena, schema, "{\"a\":\"\"}", where), LB_OK);
    assert_int_equal(check(arena, schema, "{\"a\":\"\",\"b\":null,\"c\":[]}", where), LB_OK);
    assert_int_equal(check(arena, schema, "{\"a\":\"\",\"c\":[{\"d\":\"y\",\"e\":{\"p\":1.5}}]}", where), LB_OK);
    static const char *const bad[][2] = {{"{}", "a"},  {"{\"a\":1}", "a"}, {"{\"a\":\"\",\"z\":1}", "z"}, {"{\"a\":\"\",\"b\":1.5}", "b"},
                                         {"[]", "body"}, {"{\"a\":\"\",\"c\":[{\"d\":\"z\"}]}", "c.[0].d"}, {"{\"a\":\"\",\"c\":[{\"d\":\"x\",\"e\":{\"p\":\"q\"}}]}", "c.[0].e.p"},
                                         {"{\"a\":null}", "a"}};
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        assert_int_equal(check(arena, schema, bad[i][0], where), LB_USAGE);
        assert_string_equal(where, bad[i][1]);
    }
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hotp), cmocka_unit_test(test_totp), cmocka_unit_test(test_passwords), cmocka_unit_test(test_rights),
                                       cmocka_unit_test(test_schemas)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

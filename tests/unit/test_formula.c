/* Formulas and designs against R 4.2.2: coefficient names and term labels of terms() and model.matrix(), and a checksum of
 * the matrix, sum over rows i and columns j of sqrt(i) x[i][j] / j, computed by R from the same twelve rows. */
#include <lumbar/data.h>

#include "lumbar_test.h"

static const char csv[] = "y,x,z,a,b,s,odi.0,post op\n"
                          "3.1,1,0.5,p,u,10,40,1\n"
                          "2.4,2,1.5,q,u,2,35,0\n"
                          "5.9,3,0.25,r,v,2,30,1\n"
                          "4.4,4,2,p,v,10,28,1\n"
                          "6.2,5,1,q,u,33,44,0\n"
                          "5.1,6,3,r,v,2,39,0\n"
                          "7.7,7,0.75,p,v,10,31,1\n"
                          "8.3,8,2.5,q,u,33,36,0\n"
                          "9.4,9,1.25,r,u,2,42,1\n"
                          "8.8,10,0.1,p,v,10,29,0\n"
                          "10.1,11,4,q,u,33,33,1\n"
                          "12.5,12,2.2,r,v,2,38,0\n";

static const struct expected {
    const char *formula, *names, *terms;
    double checksum;
} cases[] = {
    {"y ~ x",
     "(Intercept)|x",
     "x", 139.61120596385663},
    {"y ~ 0 + x",
     "x",
     "x", 220.72440274431875},
    {"y ~ x - 1",
     "x",
     "x", 220.72440274431875},
    {"y ~ -1 + a",
     "ap|aq|ar",
     "a", 17.25424308721681},
    {"y ~ a",
     "(Intercept)|aq|ar",
     "a", 37.695218707681093},
    {"y ~ a + b",
     "(Intercept)|aq|ar|bv",
     "a|b", 41.55863649186179},
    {"y ~ a * b",
     "(Intercept)|aq|ar|bv|aq:bv|ar:bv",
     "a|b|a:b", 42.832910186110091},
    {"y ~ a:b",
     "(Intercept)|ap:bu|aq:bu|ar:bu|ap:bv|aq:bv|ar:bv",
     "a:b", 36.417956132671975},
    {"y ~ 0 + a:b",
     "ap:bu|aq:bu|ar:bu|ap:bv|aq:bv|ar:bv",
     "a:b", 10.123947664543781},
    {"y ~ a + a:b",
     "(Intercept)|aq|ar|ap:bv|aq:bv|ar:bv",
     "a|a:b", 40.921499644737644},
    {"y ~ b + a:b",
     "(Intercept)|bv|bu:aq|bv:aq|bu:ar|bv:ar",
     "b|b:a", 42.115225005965101},
    {"y ~ a:x",
     "(Intercept)|ap:x|aq:x|ar:x",
     "a:x", 105.30911894790459},
    {"y ~ x + a:x",
     "(Intercept)|x|x:aq|x:ar",
     "x|x:a", 186.099802430496},
    {"y ~ a + a:x",
     "(Intercept)|aq|ar|ap:x|aq:x|ar:x",
     "a|a:x", 81.848507370133007},
    {"y ~ 0 + a + b",
     "ap|aq|ar|bv",
     "a|b", 21.117660871397504},
    {"y ~ x:z",
     "(Intercept)|x:z",
     "x:z", 240.28281559362111},
    {"y ~ (x + z)^2",
     "(Intercept)|x|z|x:z",
     "x|z|x:z", 262.01077880722073},
    {"y ~ (a + b + x)^2",
     "(Intercept)|aq|ar|bv|x|aq:bv|ar:bv|aq:x|ar:x|bv:x",
     "a|b|x|a:b|a:x|b:x", 117.72531391239258},
    {"y ~ (a + b + x)^3",
     "(Intercept)|aq|ar|bv|x|aq:bv|ar:bv|aq:x|ar:x|bv:x|aq:bv:x|ar:bv:x",
     "a|b|x|a:b|a:x|b:x|a:b:x", 122.84717310081413},
    {"y ~ a/b",
     "(Intercept)|aq|ar|ap:bv|aq:bv|ar:bv",
     "a|a:b", 40.921499644737644},
    {"y ~ a/x",
     "(Intercept)|aq|ar|ap:x|aq:x|ar:x",
     "a|a:x", 81.848507370133007},
    {"y ~ x/a",
     "(Intercept)|x|x:aq|x:ar",
     "x|x:a", 186.099802430496},
    {"y ~ a/(b + x)",
     "(Intercept)|aq|ar|ap:bv|aq:bv|ar:bv|ap:x|aq:x|ar:x",
     "a|a:b|a:x", 68.339532428620359},
    {"y ~ I(x^2)",
     "(Intercept)|I(x^2)",
     "I(x^2)", 1013.4288996671474},
    {"y ~ x + I(x^2) + I(x^3)",
     "(Intercept)|x|I(x^2)|I(x^3)",
     "x|I(x^2)|I(x^3)", 5570.9805351608184},
    {"y ~ log(x)",
     "(Intercept)|log(x)",
     "log(x)", 56.802667868308639},
    {"y ~ log(x, 2)",
     "(Intercept)|log(x, 2)",
     "log(x, 2)", 69.000537959188847},
    {"y ~ sqrt(x) + exp(z)",
     "(Intercept)|sqrt(x)|exp(z)",
     "sqrt(x)|exp(z)", 183.7942898170086},
    {"y ~ log2(x):a",
     "(Intercept)|log2(x):ap|log2(x):aq|log2(x):ar",
     "log2(x):a", 56.821636822857613},
    {"y ~ factor(s)",
     "(Intercept)|factor(s)10|factor(s)33",
     "factor(s)", 36.446725708180864},
    {"y ~ factor(s) * x",
     "(Intercept)|factor(s)10|factor(s)33|x|factor(s)10:x|factor(s)33:x",
     "factor(s)|x|factor(s):x", 115.17153847998405},
    {"y ~ 0 + factor(s)",
     "factor(s)2|factor(s)10|factor(s)33",
     "factor(s)", 19.257576844346517},
    {"y ~ a*b - a:b",
     "(Intercept)|aq|ar|bv",
     "a|b", 41.55863649186179},
    {"y ~ a*b*x - a:b:x",
     "(Intercept)|aq|ar|bv|x|aq:bv|ar:bv|aq:x|ar:x|bv:x",
     "a|b|x|a:b|a:x|b:x", 117.72531391239258},
    {"y ~ . - s - `post op`",
     "(Intercept)|x|z|aq|ar|bv|odi.0",
     "x|z|a|b|odi.0", 311.36291676270235},
    {"y ~ .^2 - .",
     "(Intercept)|x:z|x:aq|x:ar|x:bv|x:s|x:odi.0|x:`post op`|z:aq|z:ar|z:bv|z:s|z:odi.0|z:`post op`|aq:bv|ar:bv|aq:s|ar:s|aq:odi.0|ar:odi.0|aq:`post op`|ar:`post op`|bv:s|bv:odi.0|bv:`post op`|s:odi.0|s:`post op`|odi.0:`post op`",
     "x:z|x:a|x:b|x:s|x:odi.0|x:`post op`|z:a|z:b|z:s|z:odi.0|z:`post op`|a:b|a:s|a:odi.0|a:`post op`|b:s|b:odi.0|b:`post op`|s:odi.0|s:`post op`|odi.0:`post op`", 2810.852068793457},
    {"y ~ odi.0 + `post op`",
     "(Intercept)|odi.0|`post op`",
     "odi.0|`post op`", 550.81795787354542},
    {"y ~ `post op`:a",
     "(Intercept)|`post op`:ap|`post op`:aq|`post op`:ar",
     "`post op`:a", 34.360434545906905},
    {"y ~ b:a",
     "(Intercept)|bu:ap|bv:ap|bu:aq|bv:aq|bu:ar|bv:ar",
     "b:a", 36.392748874255169},
    {"y ~ x + b:a",
     "(Intercept)|x|bu:ap|bv:ap|bu:aq|bv:aq|bu:ar|bv:ar",
     "x|b:a", 145.23988993025077},
    {"y ~ a %in% b",
     "(Intercept)|ap:bu|aq:bu|ar:bu|ap:bv|aq:bv|ar:bv",
     "a:b", 36.417956132671975},
    {"y ~ a + b %in% a",
     "(Intercept)|aq|ar|ap:bv|aq:bv|ar:bv",
     "a|a:b", 40.921499644737644},
    {"y ~ I(x + z)",
     "(Intercept)|I(x + z)",
     "I(x + z)", 164.93520697745993},
    {"y ~ I(x/z)",
     "(Intercept)|I(x/z)",
     "I(x/z)", 251.41789297107815},
    {"y ~ I((x - 6)^2)",
     "(Intercept)|I((x - 6)^2)",
     "I((x - 6)^2)", 215.56456585178566},
    {"y ~ I(-x)",
     "(Intercept)|I(-x)",
     "I(-x)", -81.113196780462118},
    {"y ~ I(x * 2 + 1)",
     "(Intercept)|I(x * 2 + 1)",
     "I(x * 2 + 1)", 264.59790963186464},
    {"y ~ 1",
     "(Intercept)",
     "", 29.249004591697254},
    {"y ~ 0",
     "",
     "", 0},
    {"y ~ abs(x - 6)",
     "(Intercept)|abs(x - 6)",
     "abs(x - 6)", 73.953266838463662},
    {"y ~ I(x^0.5)",
     "(Intercept)|I(x^0.5)",
     "I(x^0.5)", 68.249004591697258},
    {"y ~ I(1e5 * x)",
     "(Intercept)|I(1e+05 * x)",
     "I(1e+05 * x)", 11036249.38622053},
    {"y ~ I(100000 * x)",
     "(Intercept)|I(1e+05 * x)",
     "I(1e+05 * x)", 11036249.38622053},
    {"y ~ I(x * 123456)",
     "(Intercept)|I(x * 123456)",
     "I(x * 123456)", 13624905.181605898},
    {"y ~ I(0.1 * x)",
     "(Intercept)|I(0.1 * x)",
     "I(0.1 * x)", 40.285224728913192},
    {"y ~ x*a*b",
     "(Intercept)|x|aq|ar|bv|x:aq|x:ar|x:bv|aq:bv|ar:bv|x:aq:bv|x:ar:bv",
     "x|a|b|x:a|x:b|a:b|x:a:b", 194.28953588935099},
    {"y ~ 0 + x:a",
     "x:ap|x:aq|x:ar",
     "x:a", 125.19000088488421},
    {"y ~ 0 + x + a:b",
     "x|ap:bu|aq:bu|ar:bu|ap:bv|aq:bv|ar:bv",
     "x|a:b", 227.89335428529347},
    {"y ~ a + x:b",
     "(Intercept)|aq|ar|x:bu|x:bv",
     "a|x:b", 86.896052091751045},
    {"y ~ (a + b) - b",
     "(Intercept)|aq|ar",
     "a", 37.695218707681093},
    {"y ~ (a + x):(b + z)",
     "(Intercept)|ap:bu|aq:bu|ar:bu|ap:bv|aq:bv|ar:bv|ap:z|aq:z|ar:z|x:bu|x:bv|x:z",
     "a:b|a:z|x:b|x:z", 93.553652101500006},
    {"y ~ a:b:x",
     "(Intercept)|ap:bu:x|aq:bu:x|ar:bu:x|ap:bv:x|aq:bv:x|ar:bv:x",
     "a:b:x", 81.280960686193225},
    {"y ~ a:b + a:b:x",
     "(Intercept)|ap:bu|aq:bu|ar:bu|ap:bv|aq:bv|ar:bv|ap:bu:x|aq:bu:x|ar:bu:x|ap:bv:x|aq:bv:x|ar:bv:x",
     "a:b|a:b:x", 57.380896311920978},
    {"y ~ 0 + a:b:x",
     "ap:bu:x|aq:bu:x|ar:bu:x|ap:bv:x|aq:bv:x|ar:bv:x",
     "a:b:x", 71.339005673689144},
    {"y ~ x + 0 + a",
     "x|ap|aq|ar",
     "x|a", 231.05493892296585},
    {"y ~ a - 0",
     "(Intercept)|aq|ar",
     "a", 37.695218707681093},
    {"log(y) ~ a",
     "(Intercept)|aq|ar",
     "a", 37.695218707681093},
    {"I(y - x) ~ a + x",
     "(Intercept)|aq|ar|x",
     "a|x", 92.876319393760781},
    {"y ~ a + -1",
     "ap|aq|ar",
     "a", 17.25424308721681},
    {"y ~ log10(x) + log1p(z)",
     "(Intercept)|log10(x)|log1p(z)",
     "log10(x)|log1p(z)", 50.000731712422365},
    {"y ~ I(x^-1)",
     "(Intercept)|I(x^-1)",
     "I(x^-1)", 32.054596780929877},
    {"y ~ b*x + a:x",
     "(Intercept)|bv|x|bv:x|x:aq|x:ar",
     "b|x|b:x|x:a", 169.81950730254817},
    {"y ~ (x + z + a)^2 - x:z",
     "(Intercept)|x|z|aq|ar|x:aq|x:ar|z:aq|z:ar",
     "x|z|a|x:a|z:a", 191.11074302485633},
    {"y ~ a:x + b",
     "(Intercept)|bv|ap:x|aq:x|ar:x",
     "b|a:x", 92.662411648013389},
    {"y ~ x:a:b + z",
     "(Intercept)|z|x:ap:bu|x:aq:bu|x:ar:bu|x:ap:bv|x:aq:bv|x:ar:bv",
     "z|x:a:b", 95.959397860486561},
    {"y ~ factor(s):a",
     "(Intercept)|factor(s)2:ap|factor(s)10:ap|factor(s)33:ap|factor(s)2:aq|factor(s)10:aq|factor(s)33:aq|factor(s)2:ar|factor(s)10:ar|factor(s)33:ar",
     "factor(s):a", 34.995865073735956},
    {"y ~ as.factor(s)",
     "(Intercept)|as.factor(s)10|as.factor(s)33",
     "as.factor(s)", 36.446725708180864},
};

static lb_table *read_table(const char *text, lb_arena *arena)
{
    lb_bytes bytes = {(const uint8_t *)text, strlen(text), "test.csv"};
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_error err = LB_ERROR_INIT;
    lb_table *table = NULL;
    if (lb_csv_read(&bytes, &options, arena, &table, &err)) fail_msg("%s", err.message);
    return table;
}

static int build(const char *text, const char *formula, const lb_design_options *options, lb_arena *arena, lb_design **out,
                 lb_error *err)
{
    lb_formula *parsed;
    int rc = lb_formula_parse(formula, arena, &parsed, err);
    return rc ? rc : lb_design_build(parsed, read_table(text, arena), options, arena, out, err);
}

static void join(lb_buf *buf, const char *text, bool first) { lb_buf_printf(buf, "%s%s", first ? "" : "|", text); }

static void designs_equal_r(void **state)
{
    (void)state;
    for (size_t c = 0; c < LB_COUNT(cases); c++) {
        lb_arena *arena = lb_arena_new();
        lb_design *d;
        lb_error err = LB_ERROR_INIT;
        if (build(csv, cases[c].formula, NULL, arena, &d, &err)) fail_msg("%s: %s", cases[c].formula, err.message);
        lb_buf names = {0}, terms = {0};
        lb_buf_puts(&names, "");
        lb_buf_puts(&terms, "");
        long double sum = 0;
        for (size_t j = 0; j < d->p; j++) {
            join(&names, d->name[j], j == 0);
            for (size_t i = 0; i < d->n; i++) sum += sqrtl((long double)i + 1) * d->x[i + j * d->n] / (j + 1);
        }
        for (size_t t = 0; t < d->terms; t++) join(&terms, d->term[t].name, t == 0);
        assert_int_equal(d->n, 12);
        if (strcmp(names.data ? names.data : "", cases[c].names) || strcmp(terms.data ? terms.data : "", cases[c].terms)) {
            fail_msg("%s: %s [%s], expected %s [%s]", cases[c].formula, names.data, terms.data, cases[c].names,
                     cases[c].terms);
        }
        if (!is_close((double)sum, cases[c].checksum, 1e-13)) {
            fail_msg("%s: checksum %.17g, expected %.17g", cases[c].formula, (double)sum, cases[c].checksum);
        }
        lb_buf_free(&names);
        lb_buf_free(&terms);
        lb_arena_free(arena);
    }
}

static void reference_comes_first(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_design *d;
    lb_error err = LB_ERROR_INIT;
    lb_design_options options = {.reference_column = "a", .reference_level = "r"};
    assert_int_equal(build(csv, "y ~ a", &options, arena, &d, &err), 0);
    assert_string_equal(d->name[1], "ap");
    assert_string_equal(d->name[2], "aq");
    options.reference_level = "x";
    assert_int_equal(build(csv, "y ~ a", &options, arena, &d, &err), LB_BAD_DATA);
    assert_string_equal(err.message, "'x' is not a level of a");
    const char *const numeric = "s";
    options = (lb_design_options){.factor_columns = &numeric, .factor_count = 1, .reference_column = "s",
                                  .reference_level = "10"};
    assert_int_equal(build(csv, "y ~ s", &options, arena, &d, &err), 0);
    assert_string_equal(d->name[1], "s2");
    assert_string_equal(d->name[2], "s33");
    lb_arena_free(arena);
}

static void incomplete_rows_are_counted(void **state)
{
    (void)state;
    static const char text[] = "y,x,arm,w\n1,2,A,1\n,3,A,1\n3,,B,1\n4,5,,1\n5,6,B,\n6,NA,C,1\n7,8,B,2\n,,A,1\n";
    lb_arena *arena = lb_arena_new();
    lb_design *d;
    lb_error err = LB_ERROR_INIT;
    const char *const weight = "w";
    lb_design_options options = {.also_complete = &weight, .also_count = 1};
    assert_int_equal(build(text, "y ~ x + arm", &options, arena, &d, &err), 0);
    assert_int_equal(d->n, 2);
    assert_int_equal(d->row[1], 6);
    assert_int_equal(d->dropped_count, 4);
    assert_string_equal(d->dropped[0].column, "y");
    assert_int_equal(d->dropped[0].rows, 2); /* the last row misses y first */
    assert_string_equal(d->dropped[1].column, "x");
    assert_int_equal(d->dropped[1].rows, 2);
    assert_string_equal(d->dropped[2].column, "arm");
    assert_string_equal(d->dropped[3].column, "w");
    const lb_column *arm = lb_design_raw(d, "arm");
    assert_int_equal(arm->level_count, 2); /* C has no complete row */
    lb_arena_free(arena);
}

static void new_rows_follow_the_coding(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_design *d;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(build(csv, "y ~ a * log(x) + factor(s)", NULL, arena, &d, &err), 0);
    double *x;
    lb_table *table = read_table("a,x,s\nq,2,33\nr,5,2\n", arena);
    assert_int_equal(lb_design_rows(d, table, arena, &x, &err), 0);
    /* (Intercept) aq ar log(x) factor(s)10 factor(s)33 aq:log(x) ar:log(x) */
    const double expected[2][8] = {{1, 1, 0, log(2), 0, 1, log(2), 0}, {1, 0, 1, log(5), 0, 0, 0, log(5)}};
    assert_int_equal(d->p, 8);
    for (size_t j = 0; j < 8; j++) {
        assert_close(x[0 + j * 2], expected[0][j], 1e-15);
        assert_close(x[1 + j * 2], expected[1][j], 1e-15);
    }
    assert_int_equal(lb_design_rows(d, read_table("a,x,s\nw,2,33\n", arena), arena, &x, &err), LB_BAD_DATA);
    assert_string_equal(err.message, "'w' is not a level of a in the fitted model");
    assert_int_equal(lb_design_rows(d, read_table("a,s\nq,33\n", arena), arena, &x, &err), LB_BAD_DATA);
    lb_arena_free(arena);
}

static void sum_to_zero_coding(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_design *d;
    lb_error err = LB_ERROR_INIT;
    double *x;
    assert_int_equal(build(csv, "y ~ a", NULL, arena, &d, &err), 0);
    assert_int_equal(lb_design_sum_coded(d, arena, &x, &err), 0);
    const double expected[3][2] = {{1, 0}, {0, 1}, {-1, -1}}; /* contr.sum(3) for p, q, r */
    for (size_t i = 0; i < 12; i++) {
        assert_true(x[i + 12] == expected[i % 3][0]);
        assert_true(x[i + 24] == expected[i % 3][1]);
    }
    lb_arena_free(arena);
}

static void bars_are_kept_aside(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_design *d;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(build(csv, "y ~ x + (1 + x | a) + z + (1 | b)", NULL, arena, &d, &err), 0);
    assert_string_equal(d->bars, "(1 + x | a) + (1 | b)");
    assert_int_equal(d->p, 3);
    lb_arena_free(arena);
}

/* Numbers of any length, with or without a digit before or after the point: a fuzzer's finding at 63 digits. */
static void long_numbers_are_read(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 17, 61, 62, 63, 64, 65, 500};
    for (size_t k = 0; k < LB_COUNT(lengths); k++) {
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        lb_formula *formula;
        char text[600] = "y ~ I(x * .", *end = text + strlen(text);
        memset(end, '5', lengths[k]);
        strncpy(end + lengths[k], ")", 2);
        if (lb_formula_parse(text, arena, &formula, &err) != 0) fail_msg("%zu digits: %s", lengths[k], err.message);
        lb_arena_free(arena);
    }
}

static void faults_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *formula;
        int code;
        const char *says;
    } bad[] = {{"y ~ odi.1", LB_BAD_DATA, "there is no column 'odi.1'"},
               {"y ~ a +", LB_USAGE, "something missing at its end"},
               {"y ~ x)", LB_USAGE, "at character 6, before ')'"},
               {"y x", LB_USAGE, "has no ~"},
               {"y ~ poly(x, 2)", LB_USAGE, "'poly', which is not known"},
               {"a ~ x", LB_BAD_DATA, "the outcome a is a factor"},
               {"y ~ x + y", LB_USAGE, "both sides"},
               {"y ~ log(x - 1)", LB_BAD_DATA, "log(x - 1) is infinite in data row 1"},
               {"y ~ sqrt(x - 2)", LB_BAD_DATA, "sqrt(x - 2) is not a number in data row 1"},
               {"y ~ log(a)", LB_BAD_DATA, "column 'a'"},
               {"y ~ x + 2", LB_USAGE, "other than 0 and 1"},
               {"y ~ x^1.5", LB_USAGE, "whole number"},
               {"y ~ `x", LB_USAGE, "backquote"},
               {"y ~ ", LB_USAGE, "missing"},
               {"", LB_USAGE, "missing"},
               {"y ~ I(factor(s))", LB_USAGE, "factor inside"},
               {"y ~ I(a:b)", LB_USAGE, "not arithmetic"}};
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        lb_arena *arena = lb_arena_new();
        lb_design *d;
        lb_error err = LB_ERROR_INIT;
        int rc = build(csv, bad[i].formula, NULL, arena, &d, &err);
        if (rc != bad[i].code || !strstr(err.message, bad[i].says)) {
            fail_msg("'%s' gave %d '%s', expected %d '%s'", bad[i].formula, rc, err.message, bad[i].code, bad[i].says);
        }
        lb_arena_free(arena);
    }
}

static void depth_and_size_are_limited(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_formula *f;
    lb_error err = LB_ERROR_INIT;
    enum { DEEP = 30000 };
    static char deep[2 * DEEP + 8], wide[2 * DEEP + 8], powers[2 * DEEP + 8], signs[DEEP + 8];
    char *w = wide, *q = powers;
    memcpy(deep, "y~", 2);
    memset(deep + 2, '(', DEEP);
    deep[DEEP + 2] = 'x';
    memset(deep + DEEP + 3, ')', DEEP);
    memcpy(w, "y~x", 3);
    memcpy(q, "y~x", 3);
    w += 3;
    q += 3;
    for (int i = 0; i < DEEP - 8; i++) {
        *w++ = '+', *w++ = 'x';
        *q++ = '^', *q++ = 'x';
    }
    memset(signs, '-', DEEP);
    memcpy(signs, "y~", 2);
    signs[DEEP] = 'x';
    assert_int_equal(lb_formula_parse(deep, arena, &f, &err), LB_USAGE);
    assert_non_null(strstr(err.message, "too many levels"));
    assert_int_equal(lb_formula_parse(wide, arena, &f, &err), LB_USAGE);
    assert_non_null(strstr(err.message, "too many parts"));
    assert_int_equal(lb_formula_parse(powers, arena, &f, &err), LB_USAGE);
    assert_int_equal(lb_formula_parse(signs, arena, &f, &err), LB_USAGE);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_numbers_are_read), cmocka_unit_test(designs_equal_r),          cmocka_unit_test(reference_comes_first),
        cmocka_unit_test(incomplete_rows_are_counted), cmocka_unit_test(new_rows_follow_the_coding),
        cmocka_unit_test(sum_to_zero_coding),       cmocka_unit_test(bars_are_kept_aside),
        cmocka_unit_test(faults_are_named),         cmocka_unit_test(depth_and_size_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

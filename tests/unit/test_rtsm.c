/* Properties of rtsm-v1 that must hold for every seed; uniformity with fixed seeds; dates; the order of rows. */
#include "lumbar_test.h"

#include <lumbar/trial.h>

#include "trial/log.h"

static lb_rtsm generator(uint64_t number)
{
    lb_rtsm r = {.trial = "T", .size_count = 2, .size = {4, 6}, .arm_count = 2, .arm = {"A", "B"}};
    for (int i = 0; i < 8; i++) r.seed[i] = (uint8_t)(number >> (8 * i));
    return r;
}

static void invariants(void **state)
{
    (void)state;
    int worst = 0, longest = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        lb_rtsm r = generator(seed);
        assert_int_equal(lb_rtsm_check(&r, NULL), LB_OK);
        int difference = 0, run = 0, last = -1;
        for (uint32_t b = 0; b < 40; b++) {
            lb_rtsm_block block;
            lb_rtsm_draw(&r, "C01/F", b, &block);
            assert_true(block.size == 4 || block.size == 6);
            for (unsigned i = 0; i < block.size; i++) {
                difference += block.arm[i] ? -1 : 1;
                run = block.arm[i] == last ? run + 1 : 1;
                last = block.arm[i];
                worst = abs(difference) > worst ? abs(difference) : worst;
                longest = run > longest ? run : longest;
            }
            assert_int_equal(difference, 0); /* closed blocks are balanced */
        }
    }
    assert_int_equal(worst, 3);
    assert_true(longest <= 6 && longest >= 5);
}

static void strata_blocks_and_trials_differ(void **state)
{
    (void)state;
    lb_rtsm r = generator(7), other = r;
    char one[65], two[65];
    other.trial = "U";
    lb_rtsm_commitment(&r, one);
    lb_rtsm_commitment(&other, two);
    assert_string_not_equal(one, two);
    unsigned same = 0;
    for (uint32_t b = 0; b < 200; b++) {
        lb_rtsm_block x, y;
        lb_rtsm_draw(&r, "C01/F", b, &x);
        lb_rtsm_draw(&r, "C01/M", b, &y);
        same += x.size == y.size && memcmp(x.arm, y.arm, x.size) == 0;
    }
    assert_true(same < 60);
}

static double chi_square(const unsigned *count, size_t cells, double expected)
{
    double sum = 0;
    for (size_t i = 0; i < cells; i++) sum += (count[i] - expected) * (count[i] - expected) / expected;
    return sum;
}

/* Patterns of a block as numbers: all C(4,2) and C(6,3) appear equally often; the two sizes, too. Fixed seeds: cannot flake. */
static void uniform_over_patterns(void **state)
{
    (void)state;
    unsigned four[16] = {0}, six[64] = {0}, size[2] = {0}, f[6], s[20];
    for (uint64_t seed = 0; seed < 1000; seed++) {
        lb_rtsm r = generator(seed * 2654435761u);
        for (uint32_t b = 0; b < 60; b++) {
            lb_rtsm_block block;
            unsigned pattern = 0;
            lb_rtsm_draw(&r, "S", b, &block);
            for (unsigned i = 0; i < block.size; i++) pattern |= (unsigned)block.arm[i] << i;
            if (block.size == 4) four[pattern]++;
            else six[pattern]++;
            size[block.size == 6]++;
        }
    }
    size_t nf = 0, ns = 0;
    for (unsigned i = 0; i < 16; i++)
        if (__builtin_popcount(i) == 2) f[nf++] = four[i];
        else assert_int_equal(four[i], 0);
    for (unsigned i = 0; i < 64; i++)
        if (__builtin_popcount(i) == 3) s[ns++] = six[i];
        else assert_int_equal(six[i], 0);
    assert_true(chi_square(f, 6, size[0] / 6.0) < 20.515);  /* df 5, p = 0.001 */
    assert_true(chi_square(s, 20, size[1] / 20.0) < 43.820); /* df 19 */
    assert_true(chi_square(size, 2, 30000) < 10.828);        /* df 1 */
}

static void three_arms(void **state)
{
    (void)state;
    lb_rtsm r = {.trial = "T", .size_count = 1, .size = {9}, .arm_count = 3, .arm = {"A", "B", "C"}};
    lb_rtsm_block block;
    assert_int_equal(lb_rtsm_check(&r, NULL), LB_OK);
    lb_rtsm_draw(&r, "S", 3, &block);
    unsigned count[3] = {0};
    for (unsigned i = 0; i < 9; i++) count[block.arm[i]]++;
    for (int i = 0; i < 3; i++) assert_int_equal(count[i], 3);
    r.size[0] = 4;
    assert_int_equal(lb_rtsm_check(&r, NULL), LB_USAGE);
    r.size[0] = 9;
    r.arm[2] = "A";
    assert_int_equal(lb_rtsm_check(&r, NULL), LB_USAGE);
}

static void dates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t days;
    } good[] = {{"1970-01-01", 0}, {"2000-02-29", 11016}, {"2026-01-31", 20484}, {"1969-12-31", -1}, {"1900-03-01", -25508}};
    static const char *const bad[] = {"2026-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "2026/01/01", "26-01-01", "2026-01-32", "2026-01-01x", ""};
    int64_t days;
    char text[24];
    for (size_t i = 0; i < LB_COUNT(good); i++) {
        assert_true(lb_date_days(good[i].text, strlen(good[i].text), &days));
        assert_int_equal(days, good[i].days);
        lb_date_text(days, text);
        assert_string_equal(text, good[i].text);
    }
    for (size_t i = 0; i < LB_COUNT(bad); i++) assert_false(lb_date_days(bad[i], strlen(bad[i]), &days));
    for (int64_t d = -200000; d < 200000; d += 7) {
        lb_date_text(d, text);
        assert_true(lb_date_days(text, 10, &days));
        assert_int_equal(days, d);
    }
    int64_t seconds;
    assert_true(lb_time_seconds("2026-01-31T09:30:15Z", &seconds));
    assert_int_equal(seconds, 20484 * 86400 + 9 * 3600 + 30 * 60 + 15);
    lb_time_text(seconds, text);
    assert_string_equal(text, "2026-01-31T09:30:15Z");
    assert_true(lb_time_seconds("2026-01-31T09:30Z", &seconds));
    assert_false(lb_time_seconds("2026-01-31T24:30Z", &seconds));
    assert_false(lb_time_seconds("2026-01-31 09:30Z", &seconds));
    assert_false(lb_time_seconds("2026-01-31T09:30:15", &seconds));
}

static void fewest_rows_out_of_order(void **state)
{
    (void)state;
    static const struct {
        int64_t key[8];
        size_t n;
        bool strict;
        const char *off; /* x = out of order */
    } cases[] = {{{1, 2, 3, 4}, 4, false, "...."}, {{1, 9, 3, 4}, 4, false, ".x.."}, {{1, 2, 0, 4}, 4, false, "..x."}, {{1, 3, 2, 4}, 4, false, "..x."},
                 {{1, 2, 2, 3}, 4, false, "...."}, {{1, 2, 2, 3}, 4, true, "..x."}, {{5, 1, 2, 3}, 4, false, "x..."}, {{7}, 1, true, "."},
                 {{4, 3, 2, 1}, 4, false, ".xxx"}};
    lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        bool off[8];
        trial_log_disorder(cases[i].key, cases[i].n, cases[i].strict, arena, off);
        for (size_t k = 0; k < cases[i].n; k++)
            if (off[k] != (cases[i].off[k] == 'x')) fail_msg("case %zu row %zu", i, k);
    }
    lb_arena_free(arena);
}

static void minimisation_by_hand(void **state)
{
    (void)state;
    /* Two factors; arm A has 3 and 1 people with the new person's levels, B has 1 and 1. */
    uint32_t counts[] = {3, 1, 1, 1};
    double weight[] = {1, 2}, score[3], chance[3];
    lb_minimise m = {2, 2, weight, counts, false, 0.8};
    lb_minimise_scores(&m, score, chance);
    assert_close(score[0], 3 + 2 * 1, 1e-15); /* ranges |4-1|, |2-1| */
    assert_close(score[1], 1 + 2 * 1, 1e-15); /* ranges |3-2|, |1-2| */
    assert_close(chance[1], 0.8, 1e-15);
    m.variance = true;
    lb_minimise_scores(&m, score, chance);
    assert_close(score[0], 4.5 + 2 * 0.5, 1e-15); /* divisor n - 1 */
    assert_close(score[1], 0.5 + 2 * 0.5, 1e-15);
    uint32_t even[] = {2, 2, 2};
    lb_minimise three = {3, 1, weight, even, false, 0.8};
    lb_minimise_scores(&three, score, chance);
    for (int i = 0; i < 3; i++) assert_close(chance[i], 1.0 / 3, 1e-15);
    uint32_t tied[] = {1, 1, 5};
    three.counts = tied;
    lb_minimise_scores(&three, score, chance);
    assert_close(chance[0], 0.4, 1e-15);
    assert_close(chance[1], 0.4, 1e-15);
    assert_close(chance[2], 0.2, 1e-14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invariants), cmocka_unit_test(strata_blocks_and_trials_differ), cmocka_unit_test(uniform_over_patterns), cmocka_unit_test(three_arms),
        cmocka_unit_test(dates),      cmocka_unit_test(fewest_rows_out_of_order),        cmocka_unit_test(minimisation_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

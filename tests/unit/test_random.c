/* Random numbers made in several ways: by every kind of register that this processor has, one at a time or many, they have the same bits. */
#include "lumbar_test.h"

#include <lumbar/base.h>

#include "base/random_parts.h"

/* Known answers of Random123 (kat_vectors, philox4x32 10), for the plain way and all others; counters that carry. */
static void every_way_gives_the_same_blocks(void **state)
{
    (void)state;
    static const uint32_t pi_counter[] = {0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, pi_key[] = {0xa4093822u, 0x299f31d0u};
    static const uint32_t pi_block[] = {0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u};
    lb_philox_way *way[LB_PHILOX_WAYS];
    size_t ways = lb_philox_ways(way);
    assert_in_range(ways, 1, LB_PHILOX_WAYS);
    print_message("%zu ways on this processor\n", ways);
    for (size_t w = 0; w < ways; w++) {
        uint32_t out[LB_PHILOX_MADE], plain[LB_PHILOX_MADE];
        way[w](pi_counter, pi_key, out);
        assert_memory_equal(out, pi_block, sizeof pi_block);
        lb_random random;
        lb_random_init(&random, 12, w);
        for (int i = 0; i < 2000; i++) {
            uint32_t counter[4], key[2];
            for (int k = 0; k < 4; k++) counter[k] = lb_random_u32(&random);
            for (int k = 0; k < 2; k++) key[k] = lb_random_u32(&random);
            if (i % 4 == 0) counter[0] = 0xffffffffu - (uint32_t)(i % 9);
            if (i % 8 == 0) counter[1] = 0xffffffffu;
            way[w](counter, key, out);
            lb_philox_plain(counter, key, plain);
            assert_memory_equal(out, plain, sizeof plain);
        }
        lb_philox(pi_counter, pi_key, plain);
        way[w](pi_counter, pi_key, out);
        assert_memory_equal(out, plain, sizeof plain);
    }
}

static void quantiles_of_many_are_those_of_each(void **state)
{
    (void)state;
    enum { N = 5003 };
    static double p[N], z[N];
    lb_random random;
    lb_random_init(&random, 7, 7);
    lb_random_run(&random, N, p);
    static const double special[] = {0x1p-54, 1 - 0x1p-53, 0.5, 0.075, 0.925, 1e-11, 1.3887943864964021e-11, 1e-300, 1 - 1e-12};
    for (size_t i = 0; i < LB_COUNT(special); i++) p[100 + i] = special[i];
    for (size_t n = 0; n < 200; n += n < 70 ? 1 : 13) {
        lb_normal_quantiles(p, n, z);
        for (size_t i = 0; i < n; i++) assert_true(z[i] == lb_normal_quantile(p[i]));
    }
    lb_normal_quantiles(p, N, z);
    for (size_t i = 0; i < N; i++) {
        assert_true(z[i] == lb_normal_quantile(p[i]));
        assert_true(fabs(0.5 * erfc(-z[i] / sqrt(2)) - p[i]) <= 1e-14 + 1e-13 * p[i]); /* and they are quantiles */
    }
}

/* One from each of many streams, wherever they stand, is what each gives by itself. */
static void many_streams_are_each_by_itself(void **state)
{
    (void)state;
    enum { N = 131 };
    static lb_random one[N], other[N];
    lb_random *stream[N];
    double out[N];
    for (uint32_t i = 0; i < N; i++) {
        lb_random_init(&one[i], 9, i);
        lb_random_init(&other[i], 9, i);
        for (uint32_t k = 0; k < i % 37; k++) assert_int_equal(lb_random_u32(&one[i]), lb_random_u32(&other[i]));
        stream[i] = &one[i];
    }
    for (int round = 0; round < 20; round++) {
        lb_random_normals(stream, N, out);
        for (size_t i = 0; i < N; i++) assert_true(out[i] == lb_random_normal(&other[i]));
        lb_random_uniforms(stream, N, out);
        for (size_t i = 0; i < N; i++) assert_true(out[i] == lb_random_uniform(&other[i]));
        lb_random_run(stream[round], 21, out);
        for (size_t i = 0; i < 21; i++) assert_true(out[i] == lb_random_uniform(&other[round]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_gives_the_same_blocks),
        cmocka_unit_test(quantiles_of_many_are_those_of_each),
        cmocka_unit_test(many_streams_are_each_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

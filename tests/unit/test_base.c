/* Base: numbers from and to text, arenas, buffers, nearest words, UTF-8, random streams, files. */
#include "lumbar_test.h"

#include <nettle/sha2.h>

static void numbers_read_as_strtod(void **state)
{
    (void)state;
    static const char *const texts[] = {"0", "-0", "1", "12.5", "-3.25e2", "1e-300", "4.9e-324", "1.7976931348623157e308", "0.1", "123456789012345678",
                                        "9007199254740993", "2.2250738585072011e-308", ".5", "5.", "00012", "1E5", "3.14159265358979323846"};
    for (size_t i = 0; i < LB_COUNT(texts); i++) {
        double value;
        assert_true(lb_text_number(texts[i], strlen(texts[i]), &value));
        assert_true(value == strtod(texts[i], NULL));
        assert_int_equal(signbit(value) != 0, texts[i][0] == '-');
    }
    static const char *const wrong[] = {"", "-", ".", "e5", "1e", "1 2", "0x10", "nan", "inf", "1,5", "1e999"};
    for (size_t i = 0; i < LB_COUNT(wrong); i++) {
        double value;
        assert_false(lb_text_number(wrong[i], strlen(wrong[i]), &value));
    }
}

static void random_doubles_survive_text(void **state)
{
    (void)state;
    lb_random random;
    lb_random_init(&random, 7, 0);
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = (uint64_t)lb_random_u32(&random) << 32 | lb_random_u32(&random);
        double value, back;
        memcpy(&value, &bits, 8);
        if (!isfinite(value)) continue;
        char text[32];
        lb_number_text(value, text);
        assert_true(lb_text_number(text, strlen(text), &back));
        assert_true(back == value);
    }
}

/* Sixteen to nineteen digits with any power of ten, and values in the middle of two doubles or one digit beside it. */
static void long_numbers_read_as_strtod(void **state)
{
    (void)state;
    static const char *const middles[] = {"9007199254740993", "9007199254740995", "18014398509481986", "18014398509481990", "4503599627370496.5",
                                          "4503599627370497.5", "1125899906842624.125", "1125899906842624.375", "9007199254740993e0", "900719925474099.3e1",
                                          "9007199254740993000e-3", "0.000000000000000000000000000", "0e99", "1152921504606847104", "1152921504606847360"};
    char text[64];
    double value;
    lb_random random;
    lb_random_init(&random, 9, 0);
    for (size_t i = 0; i < 400000; i++) {
        if (i < LB_COUNT(middles)) {
            snprintf(text, sizeof text, "%s%s", i % 2 ? "-" : "", middles[i]);
        } else if (i % 4 == 0) { /* beside a middle: an odd number of 54 bits, times a power of two that ends in few digits */
            uint64_t odd = (UINT64_C(1) << 53) + 1 + 2 * (uint64_t)lb_random_below(&random, 1000000000);
            snprintf(text, sizeof text, "%llu.%u", (unsigned long long)odd, lb_random_below(&random, 3));
        } else {
            uint64_t digits = (uint64_t)lb_random_u32(&random) << 32 | lb_random_u32(&random);
            digits >>= lb_random_below(&random, 16);
            snprintf(text, sizeof text, "%llue%d", (unsigned long long)digits, (int)lb_random_below(&random, 61) - 30);
        }
        assert_true(lb_text_number(text, strlen(text), &value));
        double expected = strtod(text, NULL);
        if (memcmp(&value, &expected, sizeof value) != 0) fail_msg("%s: %.17g, strtod says %.17g", text, value, expected);
    }
}

/* Large inputs go another way: the same digest as of the standard's example of a million times a, and of pieces beside 4 MiB. */
static void large_inputs_hash_as_small_ones(void **state)
{
    (void)state;
    char hex[65], again[65];
    uint8_t *data = lb_alloc(5u << 20, 1);
    memset(data, 'a', 5u << 20);
    lb_sha256_hex(data, 1000000, hex); /* FIPS 180-2, appendix B.3 */
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    for (size_t length = (4u << 20) - 1; length <= (4u << 20) + 1; length++) {
        struct sha256_ctx context;
        uint8_t digest[32];
        sha256_init(&context);
        sha256_update(&context, length, data);
        sha256_digest(&context, sizeof digest, digest);
        for (size_t i = 0; i < sizeof digest; i++) snprintf(again + 2 * i, 3, "%02x", digest[i]);
        lb_sha256_hex(data, length, hex);
        assert_string_equal(hex, again);
    }
    free(data);
}

/* Whole numbers are written as the C library writes them. */
static void whole_numbers_as_printf(void **state)
{
    (void)state;
    static const double edges[] = {0.0, -0.0, 1, -1, 9, 10, 99, 100, 999999999999999.0, -999999999999999.0, 1e15, 123456789012345.0};
    char text[32], expected[32];
    lb_random random;
    lb_random_init(&random, 8, 0);
    for (size_t i = 0; i < 20000; i++) {
        double value = i < LB_COUNT(edges) ? edges[i] : floor(ldexp(lb_random_uniform(&random), (int)lb_random_below(&random, 50))) * (i % 2 ? -1 : 1);
        snprintf(expected, sizeof expected, fabs(value) < 1e15 ? "%.0f" : "%.15g", value);
        assert_string_equal(lb_number_text(value, text), expected);
    }
}

/* The short way to the digits agrees with the C library's, for values of every kind that tables hold. */
static void fractions_as_printed(void **state)
{
    (void)state;
    char text[32], expected[32];
    lb_random random;
    lb_random_init(&random, 9, 0);
    for (int i = 0; i < 600000; i++) {
        double value, u = lb_random_uniform(&random), whole = floor(1e6 * lb_random_uniform(&random));
        int power = (int)lb_random_below(&random, 30);
        switch (i % 6) {
        case 0: value = u * pow(10, power - 12); break;
        case 1: value = whole / pow(10, power % 9); break;
        case 2: value = nextafter(whole / pow(10, power % 9), i % 4 ? INFINITY : 0); break;
        case 3: value = whole * u / 7; break;
        case 4: value = -exp(60 * (u - 0.5)); break;
        default: value = ldexp(1 + 0x1p-52 * (double)(power % 3), power - 15); /* next to powers of two */
        }
        if (value == floor(value)) continue;
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(expected, sizeof expected, "%.*g", digits, value);
            if (strtod(expected, NULL) == value) break;
        }
        assert_string_equal(lb_number_text(value, text), expected);
    }
}

static void integers_know_their_limits(void **state)
{
    (void)state;
    int64_t value;
    assert_true(lb_text_integer("-9223372036854775808", 20, &value) && value == INT64_MIN);
    assert_false(lb_text_integer("9223372036854775808", 19, &value));
    assert_false(lb_text_integer("12a", 3, &value));
}

static void arena_zeroes_aligns_and_refuses(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    for (size_t size = 1; size < 100000; size = size * 3 + 1) {
        unsigned char *block = lb_arena_alloc(arena, size);
        assert_true((uintptr_t)block % 16 == 0);
        for (size_t i = 0; i < size; i++) assert_int_equal(block[i], 0);
        memset(block, 0xff, size);
    }
    assert_null(lb_arena_try(arena, SIZE_MAX / 2, 8));
    assert_null(lb_arena_try(arena, SIZE_MAX - 8, 1));
    assert_true((uintptr_t)lb_arena_try(arena, 100000, 8) % 64 == 0);
    lb_arena_free(arena);
}

/* A list keeps what it holds when it grows, moves only when its room is used up, and is zeroed beyond. */
static void arena_lists_grow(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    int64_t *list = NULL;
    size_t count = 0, room = 0, moved = 0;
    for (int64_t i = 0; i < 10000; i++) {
        int64_t *before = list;
        list = lb_arena_grow(arena, list, count, &room, 16, sizeof *list);
        moved += list != before;
        assert_true(count < room && list[count] == 0 && list[room - 1] == 0);
        list[count++] = i + 1;
    }
    for (int64_t i = 0; i < 10000; i++) assert_int_equal(list[i], i + 1);
    assert_int_equal(room, 16384);
    assert_int_equal(moved, 11); /* 16, 32, … 16384 */
    lb_arena_free(arena);
}

static void buffer_stops_at_its_maximum(void **state)
{
    (void)state;
    lb_buf buf = {.max = 10};
    lb_buf_puts(&buf, "0123456789");
    assert_false(buf.overflow);
    lb_buf_putc(&buf, 'x');
    assert_true(buf.overflow);
    assert_string_equal(buf.data, "0123456789");
    lb_buf_free(&buf);
    buf.max = 0;
    lb_buf_xml(&buf, "a<b & \"c\"\x01'");
    assert_string_equal(buf.data, "a&lt;b &amp; &quot;c&quot;&#39;");
    lb_buf_free(&buf);
}

static void nearest_word_is_helpful(void **state)
{
    (void)state;
    static const char *const words[] = {"margin", "means", "method", "odi_12m", "data"};
    assert_string_equal(lb_text_nearest("margn", words, 5), "margin");
    assert_string_equal(lb_text_nearest("mehtod", words, 5), "method");
    assert_string_equal(lb_text_nearest("odi", words, 5), "odi_12m");
    assert_null(lb_text_nearest("zebra", words, 5));
}

static void utf8_is_checked(void **state)
{
    (void)state;
    assert_int_equal(lb_utf8_bad("abcdefgh腰痛é", 16), 16);
    assert_int_equal(lb_utf8_bad("abc\xC0\xAF", 5), 3);           /* overlong */
    assert_int_equal(lb_utf8_bad("\xED\xA0\x80", 3), 0);          /* surrogate */
    assert_int_equal(lb_utf8_bad("12345678\xF4\x90\x80\x80", 12), 8); /* above U+10FFFF */
    assert_int_equal(lb_utf8_bad("\xE8\x85", 2), 0);              /* cut off */
}

/* Known answers of Philox4x32-10 from the paper's reference implementation (kat_vectors). */
static void philox_known_answers(void **state)
{
    (void)state;
    lb_random random;
    lb_random_init(&random, 0, 0);
    static const uint32_t zero[] = {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u};
    for (int i = 0; i < 4; i++) assert_int_equal(lb_random_u32(&random), zero[i]);
    lb_random_init(&random, 0xffffffffffffffffu, 0xffffffffffffffffu);
    random.counter[0] = random.counter[1] = 0xffffffffu;
    static const uint32_t ones[] = {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu};
    for (int i = 0; i < 4; i++) assert_int_equal(lb_random_u32(&random), ones[i]);
}

/* Passing over numbers leaves the stream where drawing them does, from any place in a block. */
static void skipping_is_drawing(void **state)
{
    (void)state;
    for (uint32_t before = 0; before < 6; before++)
        for (uint32_t count = 0; count < 40; count++) {
            lb_random a, b;
            lb_random_init(&a, 5, 6);
            lb_random_init(&b, 5, 6);
            for (uint32_t i = 0; i < before + count; i++) (void)lb_random_u32(&a);
            for (uint32_t i = 0; i < before; i++) (void)lb_random_u32(&b);
            lb_random_skip(&b, count);
            for (int i = 0; i < 9; i++) assert_int_equal(lb_random_u32(&a), lb_random_u32(&b));
        }
}

static void random_moments(void **state)
{
    (void)state;
    lb_random random;
    lb_random_init(&random, 42, 3);
    double sum = 0, square = 0;
    enum { N = 400000 };
    unsigned count[7] = {0};
    for (int i = 0; i < N; i++) {
        double z = lb_random_normal(&random);
        sum += z;
        square += z * z;
        count[lb_random_below(&random, 7)]++;
    }
    assert_true(fabs(sum / N) < 5 / sqrt(N));
    assert_true(fabs(square / N - 1) < 5 * sqrt(2.0 / N));
    for (int k = 0; k < 7; k++) assert_true(fabs(count[k] - N / 7.0) < 5 * sqrt(N * 6.0 / 49));
}

static void slot(void *context, size_t index) { ((size_t *)context)[index] = index * index; }

static void parallel_for_fills_every_slot(void **state)
{
    (void)state;
    static size_t slots[1000];
    for (unsigned threads = 1; threads <= 8; threads *= 2) {
        memset(slots, 0, sizeof slots);
        lb_parallel_for(1000, threads, slot, slots);
        for (size_t i = 0; i < 1000; i++) assert_int_equal(slots[i], i * i);
    }
}

static void sha256_known_answer(void **state)
{
    (void)state;
    char hex[65];
    lb_sha256_hex("abc", 3, hex); /* FIPS 180-4 example */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void files_report_plainly(void **state)
{
    (void)state;
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    assert_int_equal(lb_file_read("/nonexistent/file.csv", 0, arena, &bytes, &err), LB_NOT_FOUND);
    assert_string_equal(err.where, "/nonexistent/file.csv");
    assert_int_equal(lb_file_read("/", 0, arena, &bytes, &err), LB_BAD_DATA);
    assert_int_equal(lb_file_read("/dev/zero", 1 << 20, arena, &bytes, &err), LB_TOO_LARGE);
    assert_int_equal(lb_file_write("/nonexistent/file.csv", "x", 1, &err), LB_FAILED);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_read_as_strtod),     cmocka_unit_test(random_doubles_survive_text),
        cmocka_unit_test(whole_numbers_as_printf),    cmocka_unit_test(long_numbers_read_as_strtod),
        cmocka_unit_test(fractions_as_printed),       cmocka_unit_test(large_inputs_hash_as_small_ones),
        cmocka_unit_test(skipping_is_drawing),
        cmocka_unit_test(integers_know_their_limits), cmocka_unit_test(arena_zeroes_aligns_and_refuses),
        cmocka_unit_test(arena_lists_grow), cmocka_unit_test(buffer_stops_at_its_maximum), cmocka_unit_test(nearest_word_is_helpful),
        cmocka_unit_test(utf8_is_checked),            cmocka_unit_test(philox_known_answers),
        cmocka_unit_test(random_moments),             cmocka_unit_test(parallel_for_fills_every_slot),
        cmocka_unit_test(sha256_known_answer),        cmocka_unit_test(files_report_plainly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

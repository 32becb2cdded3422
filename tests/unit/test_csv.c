/* CSV in and out, codebooks, and the messages for what is wrong. */
#include "data/csv_plain.h"
#include "lumbar_test.h"

static lb_arena *arena;
static lb_error err;

static int setup(void **state)
{
    (void)state;
    arena = lb_arena_new();
    err = (lb_error)LB_ERROR_INIT;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lb_arena_free(arena);
    return 0;
}

static lb_table *read_with(const char *text, size_t length, const lb_csv_options *options)
{
    lb_bytes bytes = {(const uint8_t *)text, length, "t.csv"};
    lb_table *table = NULL;
    return lb_csv_read(&bytes, options, arena, &table, &err) == LB_OK ? table : NULL;
}

static lb_table *read_text(const char *text) { return read_with(text, strlen(text), NULL); }

static void types_and_missing(void **state)
{
    (void)state;
    lb_table *t = read_text("\xEF\xBB\xBFid,odi,sex,note\r\nA1,34.5,F,\"a, \"\"b\"\"\"\r\nA2,,M,NA\r\n\r\nA3,-1e2,F,\"two\nlines\"");
    assert_non_null(t);
    assert_int_equal(t->rows, 3);
    lb_column *odi, *sex;
    assert_int_equal(lb_table_number(t, "odi", &odi, &err), LB_OK);
    assert_true(odi->number[0] == 34.5 && isnan(odi->number[1]) && odi->number[2] == -100);
    assert_int_equal(odi->missing, 1);
    assert_int_equal(lb_table_column(t, "sex", &sex, &err), LB_OK);
    assert_int_equal(sex->level_count, 2);
    assert_string_equal(sex->level[0], "F");
    char buffer[32];
    assert_string_equal(lb_column_text(lb_table_find(t, "note"), 0, buffer), "a, \"b\"");
    assert_string_equal(lb_column_text(lb_table_find(t, "note"), 1, buffer), "");
    assert_string_equal(lb_column_text(lb_table_find(t, "note"), 2, buffer), "two\nlines");
}

/* A column that turns out to be text far down keeps the text of its early cells ("007"). */
static void late_text_keeps_early_cells(void **state)
{
    (void)state;
    lb_table *t = read_text("code,x\n007,1\n8,2\nabc,3\n");
    char buffer[32];
    assert_string_equal(lb_column_text(lb_table_find(t, "code"), 0, buffer), "007");
    lb_column *column;
    assert_int_equal(lb_table_number(t, "code", &column, &err), LB_BAD_DATA);
    assert_string_equal(err.where, "t.csv:4");
    assert_non_null(strstr(err.message, "'abc'"));
}

static void round_trip(void **state)
{
    (void)state;
    lb_table *t = read_text("a,b,c\n0.1,\"x,y\",=1+1\n1e-300,,\"q\"\"q\"\n123456789.123456789,z,-\n");
    lb_buf out = {0};
    lb_csv_write(t, false, &out);
    lb_table *u = read_with(out.data, out.length, NULL);
    assert_non_null(u);
    for (size_t c = 0; c < 3; c++)
        for (size_t r = 0; r < 3; r++) {
            char b1[32], b2[32];
            assert_string_equal(lb_column_text(&t->column[c], r, b1), lb_column_text(&u->column[c], r, b2));
        }
    lb_buf_free(&out);
    lb_csv_write(t, true, &out);
    assert_non_null(strstr(out.data, "\"'=1+1\"")); /* a spreadsheet would run it */
    lb_buf_free(&out);
}

static void semicolons_commas_and_missing_words(void **state)
{
    (void)state;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_table *t = read_text("a;b\n1,5;2\n3;4\n");
    lb_column *column;
    assert_int_equal(lb_table_number(t, "a", &column, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.message, "decimal comma"));
    options.decimal = ',';
    t = read_with("a;b\n1,5;2\n3;4\n", 14, &options);
    assert_int_equal(lb_table_number(t, "a", &column, &err), LB_OK);
    assert_true(column->number[0] == 1.5 && column->number[1] == 3);
    options = (lb_csv_options)LB_CSV_OPTIONS_INIT;
    options.missing = "-99,.";
    t = read_with("a,b\n-99,1\n2,.\n", 14, &options);
    assert_int_equal(lb_table_find(t, "a")->missing, 1);
    assert_int_equal(lb_table_find(t, "b")->missing, 1);
    assert_int_equal(lb_table_find(t, "b")->type, LB_NUMBER);
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
        const char *where, *message;
    } wrong[] = {
        {"a,b\n1,2\n3\n", 0, "t.csv:3", "1 cells"},
        {"a,b\n1,2\n3,4,5\n", 0, "t.csv:3", "3 cells"},
        {"a,b,a\n1,2,3\n", 0, "t.csv:1", "called 'a'"},
        {"a,,c\n1,2,3\n", 0, "t.csv:1", "column 2 has no name"},
        {"a,b\n1,\"x\n", 0, "t.csv:2", "never closes"},
        {"a,b\n1,\"x\"y\n", 0, "t.csv:2", "closing quote"},
        {"a,b\n1,\0002\n", 9, "t.csv:2", "NUL"},
        {"a,b\n1,\xE9\n", 0, "t.csv:2", "not UTF-8"},
        {"\xFF\xFE" "a\0", 4, "t.csv", "UTF-16"},
        {"PK\3\4rest", 0, "t.csv", "spreadsheet"},
        {"", 0, "t.csv", "empty"},
        {"a,b\r1,2\r", 0, "t.csv", "carriage return"},
        {"\n\r\n \t\n", 0, "t.csv", "blank lines alone"},
        {"\xEF\xBB\xBF", 0, "t.csv", "the file is empty"},
        {"\xEF\xBB\xBF\r\n", 0, "t.csv", "blank lines alone"},
        {"\r\na,b\n1,2\n", 0, "t.csv:1", "the first line is blank"},
    };
    for (size_t i = 0; i < LB_COUNT(wrong); i++) {
        assert_null(read_with(wrong[i].text, wrong[i].length ? wrong[i].length : strlen(wrong[i].text), NULL));
        assert_string_equal(err.where, wrong[i].where);
        if (!strstr(err.message, wrong[i].message)) fail_msg("'%s' does not say '%s'", err.message, wrong[i].message);
    }
    lb_table *empty = read_text("a,b\n\n");
    assert_int_equal(lb_table_needs_rows(empty, &err), LB_BAD_DATA);
    assert_string_equal(err.hint, "export it again with its rows; its columns are a, b");
    assert_int_equal(lb_table_needs_rows(read_text("a\n1\n"), &err), LB_OK);
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    options.max_bytes = 4;
    assert_null(read_with("a,b\n1,2\n", 8, &options));
    assert_int_equal(err.code, LB_TOO_LARGE);
}

static void absent_column_names_the_nearest(void **state)
{
    (void)state;
    lb_table *t = read_text("odi_0,odi_12m,sex\n1,2,F\n");
    lb_column *column;
    assert_int_equal(lb_table_column(t, "odi_12", &column, &err), LB_BAD_DATA);
    assert_string_equal(err.hint, "did you mean 'odi_12m'?");
}

static void factors_of_numbers_sort_as_numbers(void **state)
{
    (void)state;
    lb_table *t = read_text("g\n10\n2\n2\n\nNA\n1\n");
    lb_column factor;
    assert_int_equal(lb_table_factor(t, "g", arena, &factor, &err), LB_OK);
    assert_int_equal(factor.level_count, 3);
    assert_string_equal(factor.level[0], "1");
    assert_string_equal(factor.level[2], "10");
    assert_int_equal(factor.code[0], 2);
    assert_int_equal(factor.code[3], -1);
}

static void codebook_gives_order_labels_and_missing(void **state)
{
    (void)state;
    lb_table *codebook = read_text("name,label,unit,codes,missing\nsex,Sex,,1=male;2=female,9\nage,Age,years,,-1\n");
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    options.codebook = codebook;
    lb_table *t = read_with("sex,age\n2,61\n9,-1\n1,70\n", 23, &options);
    assert_non_null(t);
    lb_column *sex = lb_table_find(t, "sex");
    assert_string_equal(sex->level[0], "male");
    assert_int_equal(sex->code[0], 1);
    assert_int_equal(sex->code[1], -1);
    assert_string_equal(lb_table_find(t, "age")->unit, "years");
    assert_int_equal(lb_table_find(t, "age")->missing, 1);
    assert_null(read_with("sex,age\n3,61\n", 13, &options));
    assert_non_null(strstr(err.message, "not in its code list"));
}

static void values_to_table_and_back(void **state)
{
    (void)state;
    const char *json = "[{\"a\":1,\"b\":\"x\"},{\"a\":null,\"c\":2.5}]";
    lb_bytes bytes = {(const uint8_t *)json, strlen(json), "j"};
    lb_value *value;
    lb_table *t;
    assert_int_equal(lb_json_read(&bytes, arena, &value, &err), LB_OK);
    assert_int_equal(lb_table_from_value(value, "j", arena, &t, &err), LB_OK);
    lb_buf out = {0};
    lb_json_write(lb_table_to_value(t, arena), 0, &out);
    assert_string_equal(out.data, "[{\"a\":1,\"b\":\"x\",\"c\":null},{\"a\":null,\"b\":null,\"c\":2.5}]");
    lb_buf_free(&out);
}

/* Cells of every shape, wherever they fall in the blocks that are looked at together: each as strtod() reads it, bit for bit. */
static void cells_as_strtod(void **state)
{
    (void)state;
    enum { ROWS = 20000, COLUMNS = 7 };
    static const char *const odd[] = {"5.", ".5", "-.25", "+3", "1e5", "-0", "-0.0", "12345678", "123456789", "1234567.12345678", "12345678.1234567",
                                      "12345678.12345678", "0.123456789", "00012.50", "1.7976931348623157e308", "4.9e-324", "\"7.5\"", " 8.25 "};
    lb_buf text = {0};
    double *expected = lb_arena_array(arena, (size_t)ROWS * COLUMNS, sizeof *expected);
    lb_random random;
    lb_random_init(&random, 3, 0);
    lb_buf_puts(&text, "a,b,c,d,e,f,g\n");
    for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++) {
        char cell[64];
        if (lb_random_below(&random, 8) == 0) {
            snprintf(cell, sizeof cell, "%s", odd[lb_random_below(&random, LB_COUNT(odd))]);
        } else { /* so many digits before the point and after it */
            int whole = 1 + (int)lb_random_below(&random, 9), decimals = (int)lb_random_below(&random, 10);
            snprintf(cell, sizeof cell, "%s%.*f", lb_random_below(&random, 3) == 0 ? "-" : "", decimals, pow(10, whole) * lb_random_uniform(&random));
        }
        const char *number = cell + strspn(cell, " \"");
        expected[i] = strtod(number, NULL);
        bool last = i % COLUMNS == COLUMNS - 1;
        lb_buf_printf(&text, "%s%s", cell, !last ? "," : lb_random_below(&random, 2) ? "\r\n" : "\n");
    }
    lb_table *t = read_with(text.data, text.length, NULL);
    assert_non_null(t);
    assert_int_equal(t->rows, ROWS);
    for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++) assert_memory_equal(&t->column[i % COLUMNS].number[i / COLUMNS], &expected[i], sizeof(double));
    lb_buf_free(&text);
}

/* Other separators, decimal commas, and what is not a number must be seen where cells are read many at once. */
static void cells_in_blocks(void **state)
{
    (void)state;
    const char *wrong[] = {"1.2.3", "1-2", "--5", "12a", "1 2", "/9", ":1", "1\r2"};
    for (size_t i = 0; i < LB_COUNT(wrong); i++) {
        lb_buf text = {0};
        lb_buf_puts(&text, "a;b\n");
        for (int k = 0; k < 200; k++) lb_buf_printf(&text, "%d,5;%s\n", k, k == 77 ? wrong[i] : "3,25");
        lb_csv_options options = LB_CSV_OPTIONS_INIT;
        options.decimal = ',';
        lb_table *t = read_with(text.data, text.length, &options);
        assert_non_null(t);
        lb_column *column;
        assert_int_equal(lb_table_number(t, "a", &column, &err), LB_OK);
        for (int k = 0; k < 200; k++) assert_true(column->number[k] == k + 0.5);
        assert_int_equal(lb_table_number(t, "b", &column, &err), LB_BAD_DATA);
        assert_string_equal(err.where, "t.csv:79");
        lb_buf_free(&text);
    }
}

static void assert_same(const lb_table *a, const lb_table *b)
{
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->columns, b->columns);
    for (size_t c = 0; c < a->columns; c++) {
        const lb_column *x = &a->column[c], *y = &b->column[c];
        assert_int_equal(x->type, y->type);
        assert_int_equal(x->missing, y->missing);
        if (x->type == LB_NUMBER) {
            assert_memory_equal(x->number, y->number, a->rows * sizeof(double));
            continue;
        }
        assert_memory_equal(x->code, y->code, a->rows * sizeof(int32_t));
        assert_int_equal(x->level_count, y->level_count);
        for (size_t k = 0; k < x->level_count; k++) assert_string_equal(x->level[k], y->level[k]);
        assert_int_equal(x->odd_line, y->odd_line);
        assert_int_equal(x->number_cells, y->number_cells);
    }
}

/* Every way to read the text gives the same table, or the same refusal. NULL: refused. */
static lb_table *read_every_way(const lb_buf *text, const lb_csv_options *options)
{
    csv_plain_reader *const reader[] = {NULL, lb_csv_plain, lb_csv_plain_best()};
    lb_bytes bytes = {(const uint8_t *)text->data, text->length, "t.csv"};
    lb_table *table[3] = {NULL};
    lb_error error[3] = {LB_ERROR_INIT, LB_ERROR_INIT, LB_ERROR_INIT};
    for (size_t i = 0; i < 3; i++) {
        int code = lb_csv_read_by(reader[i], &bytes, options, arena, &table[i], &error[i]);
        assert_int_equal(code == LB_OK, table[i] != NULL);
        assert_string_equal(error[i].message, error[0].message);
        assert_string_equal(error[i].where, error[0].where);
        if (table[i]) assert_same(table[0], table[i]);
    }
    return table[0];
}

static uint64_t any_bits(lb_random *random) { return (uint64_t)lb_random_below(random, UINT32_MAX) << 32 | lb_random_below(random, UINT32_MAX); }

/* A number as somebody might write it: of any size, of many digits, in the middle of two doubles or just beside it. */
static void write_number(lb_random *random, lb_buf *cell)
{
    cell->length = 0;
    uint64_t bits = any_bits(random);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) value = 1 / 3.0;
    double near = (lb_random_uniform(random) - 0.5) * pow(10, lb_random_below(random, 12));
    switch (lb_random_below(random, 12)) {
    case 0: lb_buf_printf(cell, "%.17g", value); break;
    case 1: lb_buf_printf(cell, "%.15g", near); break;
    case 2: lb_buf_printf(cell, "%.17g", near); break;
    case 3: lb_buf_printf(cell, "%g", value); break;
    case 4: lb_buf_printf(cell, "%+.3e", near); break;
    case 5: lb_buf_printf(cell, "%.*f", (int)lb_random_below(random, 30), near); break;
    case 6: lb_buf_printf(cell, "%s%0*d", lb_random_below(random, 2) ? "-" : "", 1 + (int)lb_random_below(random, 40), (int)lb_random_below(random, 1000000)); break;
    case 7: lb_buf_printf(cell, "%d", (int)lb_random_below(random, 1000) - 500); break;
    case 8: { /* the middle of two doubles near 2^53, and what lies one digit beside it */
        uint64_t whole = (UINT64_C(1) << 53) + 2 * any_bits(random) % (UINT64_C(1) << 52) + 1;
        lb_buf_printf(cell, "%llu%s", (unsigned long long)whole, lb_random_below(random, 2) ? "" : lb_random_below(random, 2) ? ".0" : ".0000000000000000000000001");
        break;
    }
    case 9: lb_buf_printf(cell, "%lld.%0*lld", (long long)(any_bits(random) % 100000000), 1 + (int)lb_random_below(random, 15), (long long)lb_random_below(random, 10)); break;
    case 10: lb_buf_printf(cell, "%.25Lf", ((long double)near + nextafter(near, INFINITY)) / 2); break;
    default: lb_buf_printf(cell, "%.*f", (int)lb_random_below(random, 7), near); break;
    }
}

/* Numbers of every kind in cells of every kind, with what else is found among them: as strtod() reads them, bit for bit, each way. */
static void every_number_every_way(void **state)
{
    (void)state;
    enum { ROWS = 3000 };
    lb_random random;
    lb_random_init(&random, 11, 0);
    for (int round = 0; round < 12; round++) {
        const size_t columns = 1 + (size_t)round % 6;
        const bool crlf = round % 2, odd = round >= 4;
        lb_buf text = {0}, cell = {0};
        double *expected = lb_arena_array(arena, ROWS * columns, sizeof *expected);
        for (size_t c = 0; c < columns; c++) lb_buf_printf(&text, "%sc%zu", c ? "," : "", c);
        lb_buf_puts(&text, crlf ? "\r\n" : "\n");
        for (size_t i = 0; i < ROWS * columns; i++) {
            write_number(&random, &cell);
            expected[i] = strtod(cell.data, NULL);
            uint64_t kind = odd ? lb_random_below(&random, 12) : 99;
            bool missing = columns > 1 && kind == 0;
            if (missing || kind == 1) expected[i] = NAN;
            if (kind == 1) lb_buf_puts(&text, "NA");
            else if (!missing) lb_buf_printf(&text, kind == 2 ? "\"%s\"" : kind == 3 ? " %s" : kind == 4 ? "%s  " : "%s", cell.data);
            if (i % columns < columns - 1) lb_buf_puts(&text, ",");
            else if (i + 1 < ROWS * columns || round % 3) lb_buf_puts(&text, crlf && lb_random_below(&random, 9) ? "\r\n" : "\n");
        }
        lb_table *t = read_every_way(&text, NULL);
        assert_non_null(t);
        for (size_t i = 0; i < t->rows * columns; i++) {
            double got = t->column[i % columns].number[i / columns];
            if (isnan(expected[i]) ? !isnan(got) : memcmp(&got, &expected[i], sizeof got) != 0) fail_msg("cell %zu: %.17g, not %.17g", i, got, expected[i]);
        }
        assert_int_equal(t->rows, ROWS);
        lb_buf_free(&cell);
        lb_buf_free(&text);
    }
}

/* Damage of one byte, wherever it falls: each way reads the same, or refuses with the same words. */
static void damage_every_way(void **state)
{
    (void)state;
    static const char byte[] = "0123456789.,;-+eE\"\n\r \tNAx:/";
    lb_random random;
    lb_random_init(&random, 12, 0);
    size_t read = 0, refused = 0;
    for (int round = 0; round < 1500; round++) {
        lb_csv_options options = LB_CSV_OPTIONS_INIT;
        options.decimal = round % 3 ? '.' : ',';
        options.missing = round % 5 ? "NA" : "-99,NA,7";
        options.text_columns = round % 7 ? NULL : "b";
        lb_buf text = {0};
        lb_buf_puts(&text, options.decimal == ',' ? "a;b;c\n" : "a,b,c\n");
        for (int row = 0; row < (round % 50 ? 12 : 400); row++)
            for (int c = 0; c < 3; c++) {
                char cell[32];
                snprintf(cell, sizeof cell, "%.*f", (int)lb_random_below(&random, 4), 200 * lb_random_uniform(&random) - 100);
                char *point = strchr(cell, '.');
                if (point) *point = options.decimal;
                lb_buf_printf(&text, "%s%s", lb_random_below(&random, 20) ? cell : "-99", c == 2 ? "\n" : options.decimal == ',' ? ";" : ",");
            }
        for (uint64_t k = lb_random_below(&random, 3); k < 3; k++) text.data[6 + lb_random_below(&random, text.length - 6)] = byte[lb_random_below(&random, sizeof byte - 1)];
        if (read_every_way(&text, &options)) read++;
        else refused++;
        lb_buf_free(&text);
    }
    assert_true(read > 100 && refused > 100);
}

/* A large text is hashed beside the reading: the same table, the same hash, the same refusal. */
static void hashed_beside(void **state)
{
    (void)state;
    lb_buf text = {0};
    lb_buf_puts(&text, "a,b\n");
    for (int i = 0; i < 120000; i++) lb_buf_printf(&text, "%d,%d.5\n", i, i % 977);
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_table *one = read_with(text.data, text.length, &options);
    options.threads = 2;
    lb_table *two = read_with(text.data, text.length, &options);
    char hex[65];
    lb_sha256_hex(text.data, text.length, hex);
    assert_same(one, two);
    assert_string_equal(one->sha256, hex);
    assert_string_equal(two->sha256, hex);
    lb_buf_puts(&text, "1\n");
    assert_null(read_with(text.data, text.length, &options));
    assert_string_equal(err.where, "t.csv:120002");
    lb_buf_free(&text);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(types_and_missing), CASE(late_text_keeps_early_cells), CASE(round_trip), CASE(semicolons_commas_and_missing_words),
        CASE(refusals), CASE(absent_column_names_the_nearest), CASE(factors_of_numbers_sort_as_numbers),
        CASE(codebook_gives_order_labels_and_missing), CASE(values_to_table_and_back), CASE(cells_as_strtod), CASE(cells_in_blocks),
        CASE(every_number_every_way), CASE(damage_every_way), CASE(hashed_beside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

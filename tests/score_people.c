/* What the C library says of the people in a table, row by row as JSON: for tests that hold it beside the command line, HTTP and browsers.
 *     score_people MODEL.json PEOPLE.csv */
#include "predict/published.h"

#include <stdio.h>

static int refuse(const lb_error *err)
{
    fprintf(stderr, "%s: %s\n", err->where, err->message);
    return 1;
}

int main(int count, char **word)
{
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_bytes model_bytes, people;
    lb_value *root, *out = lb_value_array(arena);
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_table *table;
    lb_published model;
    lb_published_rows rows;
    lb_buf text = {.max = 1 << 28};
    if (count != 3) {
        fprintf(stderr, "usage: score_people MODEL.json PEOPLE.csv\n");
        return 2;
    }
    if (lb_file_read(word[1], 0, arena, &model_bytes, &err) || lb_json_read(&model_bytes, arena, &root, &err) || lb_published_open(root, arena, &model, &err) ||
        lb_file_read(word[2], 0, arena, &people, &err) || lb_csv_read(&people, &options, arena, &table, &err) ||
        lb_published_read(&model, table, arena, &rows, &err))
        return refuse(&err);
    for (size_t i = 0; i < table->rows; i++) {
        const double *input = rows.input + i * model.inputs;
        double lower, upper;
        lb_score_interval(model.model, input, 0.95, &lower, &upper, model.scratch, model.sorted);
        lb_value *row = lb_push_object(out);
        lb_set_number(row, "score", lb_score_program_risk(model.model, 0, input, model.scratch));
        lb_set_number(row, "margin", lb_score_program_margin(model.model, 0, input, model.scratch));
        lb_set_number(row, "lower", lower);
        lb_set_number(row, "upper", upper);
    }
    lb_json_write(out, 0, &text);
    fwrite(text.data, 1, text.length, stdout);
    lb_buf_free(&text);
    lb_arena_free(arena);
    return 0;
}

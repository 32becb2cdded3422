/* The model file of predict forest, predict perceptron and the like. */
#include "predict/plain_model.h"

#include <math.h>

void lb_plain_model(lb_result *result, const lb_training *t, const char *learner, const char *label, const lb_score_program *program)
{
    lb_value *d = lb_value_object(result->arena), *o = lb_set_object(d, "outcome"), *inputs = lb_set_array(d, "inputs"), *l = lb_set_object(d, "learner");
    lb_set_text(d, "format", "lumbar-model");
    lb_set_int(d, "format_version", 2);
    lb_set_text(d, "status", "research use only");
    lb_set_text(o, "label", t->outcome.column);
    lb_set_text(o, "event", t->outcome.column);
    lb_set_text(o, "value", t->outcome.event_level);
    lb_set_text(l, "name", learner);
    lb_set_text(l, "label", label);
    for (size_t j = 0; j < t->p; j++) {
        double low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < t->n; i++)
            if (!isnan(t->x[j * t->n + i])) low = fmin(low, t->x[j * t->n + i]), high = fmax(high, t->x[j * t->n + i]);
        const lb_column *column = lb_table_find(t->table, t->name[j]);
        lb_value *row = lb_push_object(inputs);
        lb_set_text(row, "name", t->name[j]);
        lb_set_text(row, "label", column && column->label ? column->label : t->name[j]);
        if (column && column->unit) lb_set_text(row, "unit", column->unit);
        lb_set_text(row, "type", "number");
        lb_set_bool(row, "in_model", true);
        lb_set_bool(row, "unknown_allowed", false);
        lb_set_number(row, "training_min", low);
        lb_set_number(row, "training_max", high);
    }
    lb_program_write(program, t->name, 0, lb_set_object(d, "model"));
    (void)lb_set_array(d, "refits");
    (void)lb_set_array(d, "strata");
    lb_value *made = lb_set_object(d, "training");
    lb_set_int(made, "people", (int64_t)t->n);
    lb_set_int(made, "events", (int64_t)t->outcome.events);
    lb_set_text(made, "version", lb_version());
    lb_value *data = lb_push_object(lb_set_array(made, "data"));
    lb_set_text(data, "table", t->table->name);
    lb_set_int(data, "rows", (int64_t)t->rows);
    lb_set_text(data, "sha256", t->table->sha256);
    lb_buf text = {.max = (size_t)1 << 30};
    lb_published_write(d, &text);
    lb_result_artifact(result, "model.json", "application/json", text.data, text.length);
    lb_buf_free(&text);
}

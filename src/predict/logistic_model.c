/* The model file of a logistic regression: one JSON document with inputs and their training range, coefficients with their
 * covariance, provenance and apparent performance. Research use only, and it says so. */
#include "predict/logistic_model.h"
#include "predict/published.h"

#include <math.h>

/* A raw input: numbers with the range seen in training, categories with their levels (the first is the reference). */
static void input(lb_value *inputs, const lb_design *design, const lb_table *table, const char *name)
{
    const lb_column *column = lb_design_raw(design, name), *source = lb_table_find(table, name);
    lb_value *row = lb_push_object(inputs);
    lb_set_text(row, "name", name);
    if (source && source->label) lb_set_text(row, "label", source->label);
    if (source && source->unit) lb_set_text(row, "unit", source->unit);
    if (!column) return;
    lb_set_text(row, "type", column->type == LB_NUMBER ? "number" : "category");
    if (column->type == LB_TEXT) {
        lb_value *levels = lb_set_array(row, "levels");
        for (size_t i = 0; i < column->level_count; i++) lb_push_text(levels, column->level[i]);
        return;
    }
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < design->n; i++) {
        low = fmin(low, column->number[i]);
        high = fmax(high, column->number[i]);
    }
    lb_set_number(row, "training_min", low);
    lb_set_number(row, "training_max", high);
}

void lb_logistic_model_artifact(lb_result *result, const lb_table *table, const lb_design *design, const lb_logistic *fit,
                                const lb_outcome *outcome, const char *right)
{
    lb_value *model = lb_value_object(result->arena);
    lb_set_text(model, "format", "lumbar-model");
    lb_set_int(model, "format_version", 1);
    lb_set_text(model, "kind", "logistic");
    lb_set_text(model, "status", "research use only");
    lb_value *about = lb_set_object(model, "outcome");
    lb_set_text(about, "column", outcome->column);
    lb_set_text(about, "event", outcome->event_level);
    lb_set_text(about, "other", outcome->other_level);
    lb_set_text(model, "formula", right);
    lb_value *inputs = lb_set_array(model, "inputs");
    for (size_t i = 0; i < design->raw_count; i++) input(inputs, design, table, design->raw_name[i]);
    lb_value *terms = lb_set_array(model, "coefficients");
    for (size_t j = 0; j < design->p; j++) {
        lb_value *row = lb_push_object(terms);
        lb_set_text(row, "term", design->name[j]);
        lb_set_number(row, "estimate", fit->aliased[j] ? 0 : fit->coefficient[j]);
    }
    lb_value *covariance = lb_set_array(model, "covariance");
    for (size_t i = 0; i < design->p; i++) {
        lb_value *row = lb_push_array(covariance);
        for (size_t j = 0; j < design->p; j++) lb_push_number(row, fit->vcov[j * design->p + i]);
    }
    lb_value *made = lb_set_object(model, "training");
    lb_set_int(made, "n", (int64_t)fit->n);
    lb_set_text(made, "data_sha256", table->sha256);
    lb_set_text(made, "software", "lumbar");
    lb_set_text(made, "version", lb_version());
    lb_set_bool(made, "converged", fit->converged);
    lb_set_bool(made, "separated", fit->separated);
    lb_set_number(made, "apparent_auc", lb_get_number(result->results, "auc", NAN));
    lb_set_number(made, "apparent_brier", lb_get_number(result->results, "brier", NAN));
    lb_buf text = {0};
    lb_published_write(model, &text);
    lb_result_artifact(result, "model.json", "application/json", text.data, text.length);
    lb_buf_free(&text);
}

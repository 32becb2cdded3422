/* What is doubtful about rows that are scored all the same, said by the names of the inputs: what nobody knows and what stands in for
 * it, and values outside the range the model was trained on. */
#include "predict/doubts.h"

#include <math.h>
#include <stdio.h>

enum { MOST_NAMED = 8 };

/* One warning about many inputs: "NAME in COUNT (what)". */
typedef struct listing {
    lb_buf text;
    size_t named, more;
} listing;

static void name(listing *l, const char *input, size_t count, const char *what)
{
    if (!count) return;
    if (l->named == MOST_NAMED) {
        l->more++;
        return;
    }
    lb_buf_printf(&l->text, "%s%s in %zu%s%s%s", l->named ? "; " : "", input, count, *what ? " (" : "", what, *what ? ")" : "");
    l->named++;
}

static void warn(lb_result *result, listing *l, size_t rows, size_t of, const char *what, const char *follows)
{
    if (l->more) lb_buf_printf(&l->text, "; and %zu inputs more", l->more);
    if (rows) lb_result_warn(result, "%zu of %zu rows %s: %s. %s", rows, of, what, l->text.data, follows);
    lb_buf_free(&l->text);
}

/* What a published model computes with when nobody knows this input. */
static void stand_in(const lb_published *m, size_t i, lb_buf *out)
{
    const lb_published_input *in = &m->input[i];
    const lb_score_program *p = &m->model->program[0];
    bool own = false, batch = false, filled = false;
    for (size_t j = 0; j < p->columns; j++) {
        if (p->column[j].input == i) own = true, filled = !isnan(p->column[j].fill);
        if (p->column[j].batch && (int32_t)i == m->model->batch_input) batch = true;
    }
    if (batch) lb_buf_puts(out, "values are not adjusted for it");
    if (batch && own) lb_buf_puts(out, ", ");
    if (own && !filled) lb_buf_puts(out, "the way the trees learned for it");
    else if (own && in->category) lb_buf_printf(out, "the most frequent stands in, %s", in->level[in->usual]);
    else if (own) lb_buf_puts(out, "the study's typical value stands in");
}

void lb_doubts_published(const lb_published *m, const lb_published_rows *rows, lb_result *result)
{
    listing filled = {0}, outside = {0};
    size_t filled_rows = 0, outside_rows = 0;
    for (size_t row = 0; row < rows->n; row++) {
        filled_rows += !rows->fault[row] && rows->filled[row];
        outside_rows += !rows->fault[row] && rows->doubt[row];
    }
    for (size_t i = 0; i < m->inputs; i++) {
        size_t missing = 0, beyond = 0;
        lb_buf what = {0}, range = {0};
        if (!m->input[i].in_model) continue;
        for (size_t row = 0; row < rows->n; row++) {
            double v = rows->input[row * m->inputs + i];
            if (rows->fault[row]) continue;
            missing += isnan(v);
            beyond += lb_published_outside(&m->input[i], v);
        }
        if (missing) stand_in(m, i, &what);
        if (beyond && m->input[i].category) lb_buf_puts(&range, "a level nobody had");
        else if (beyond) lb_buf_printf(&range, "%.6g to %.6g", m->input[i].training_min, m->input[i].training_max);
        name(&filled, m->name[i], missing, what.length ? what.data : "");
        name(&outside, m->name[i], beyond, range.length ? range.data : "");
        lb_buf_free(&what);
        lb_buf_free(&range);
    }
    warn(result, &outside, outside_rows, rows->n, "lie outside the range the model was trained on", "Their scores are extrapolations.");
    warn(result, &filled, filled_rows, rows->n, "lack an input", "Their scores say less about these people.");
}

void lb_doubts_model(const lb_model *m, const double *x, size_t rows, lb_value *scores, lb_result *result)
{
    listing missing = {0}, outside = {0};
    size_t missing_rows = 0, outside_rows = 0;
    for (size_t row = 0; row < rows; row++) {
        lb_buf unknown = {0}, beyond = {0};
        for (size_t j = 0; j < m->features; j++) {
            double v = x[row * m->features + j];
            if (isnan(v)) lb_buf_printf(&unknown, "%s%s", unknown.length ? ", " : "", m->feature[j]);
            else if (m->low && (v < m->low[j] || v > m->high[j])) lb_buf_printf(&beyond, "%s%s", beyond.length ? ", " : "", m->feature[j]);
        }
        if (scores && beyond.length) lb_set_text(scores->item[row], "outside_training_range", beyond.data);
        if (scores && unknown.length) lb_set_text(scores->item[row], "unknown", unknown.data);
        missing_rows += unknown.length > 0;
        outside_rows += beyond.length > 0;
        lb_buf_free(&unknown);
        lb_buf_free(&beyond);
    }
    for (size_t j = 0; j < m->features; j++) {
        size_t lost = 0, beyond = 0;
        char range[64] = "";
        for (size_t row = 0; row < rows; row++) {
            double v = x[row * m->features + j];
            lost += isnan(v);
            beyond += m->low && (v < m->low[j] || v > m->high[j]);
        }
        if (beyond) snprintf(range, sizeof range, "%.6g to %.6g", m->low[j], m->high[j]);
        name(&missing, m->feature[j], lost, "");
        name(&outside, m->feature[j], beyond, range);
    }
    warn(result, &outside, outside_rows, rows, "lie outside the range the model was trained on", "Their scores are extrapolations.");
    warn(result, &missing, missing_rows, rows, "lack a predictor", m->linear ? "They have no score." : "They go the way the trees learned for a missing value.");
    if (!m->linear) lb_result_note(result, "The library's file carries no hash: nobody can tell whether it was edited.%s", m->low ? "" : " Nor does it say the ranges it was trained on: values outside them cannot be told.");
}

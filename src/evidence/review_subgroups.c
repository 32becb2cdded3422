/* Subgroups of main analyses: subgroups: {of: {comparator, term}, by: [exercise_type, psych, rob, comparator]}. Without a
 * comparator in `of`, all of them. Each gets its model; Q between tests the difference (E6). */
#include "evidence/review.h"
#include "evidence/subgroup.h"

#include <math.h>
#include <string.h>

static bool in_scope(const lb_review *review, const lb_review_contrast *c, size_t outcome, const char *comparator, const char *term)
{
    return c->outcome == outcome && (!comparator || strcmp(review->comparator[c->comparator], comparator) == 0) &&
           (!term || strcmp(review->term[c->term].name, term) == 0);
}

static int one(lb_review *review, size_t outcome, const lb_value *of, const char *by, lb_value *rows, lb_error *err)
{
    const char *comparator = lb_get_text(of, "comparator", NULL), *term = lb_get_text(of, "term", review->term[0].name);
    if (lb_text_equal(comparator, "both") || lb_text_equal(comparator, "all")) comparator = NULL;
    const lb_column *column = lb_table_find(review->table, by);
    lb_review_cell cell = lb_review_cell_new(review, by, outcome);
    size_t without = 0;
    for (size_t i = 0; i < review->contrasts; i++) {
        if (!in_scope(review, &review->contrast[i], outcome, comparator, term)) continue;
        if (column && lb_column_missing(column, i)) {
            without++;
            continue;
        }
        lb_review_cell_add(review, &cell, i);
    }
    lb_value *out = lb_push_object(rows);
    lb_set_textf(out, "id", "%s_by_%s", review->outcome[outcome], by);
    lb_set_text(out, "outcome", review->outcome[outcome]);
    lb_set_text(out, "by", by);
    lb_set_int(out, "k", (int64_t)cell.k);
    lb_set_int(out, "without_level", (int64_t)without);
    if (cell.k == 0) return 0;
    lb_subgroups groups;
    lb_effects effects = lb_review_effects(review, &cell);
    int code = lb_subgroups_fit(&effects, by, false, &review->settings, review->arena, &groups, err);
    if (!code) lb_subgroups_report(&groups, &review->settings, out);
    return code;
}

int lb_review_subgroups(lb_review *review, lb_error *err)
{
    const lb_value *asked = lb_get(review->protocol, "subgroups"), *by = lb_get(asked, "by"), *of = lb_get(asked, "of");
    if (!asked) return 0;
    if (!by || by->type != LB_ARRAY) return lb_review_fault(asked, err, "subgroups.by is no list of columns");
    lb_value *rows = lb_set_array(review->result->results, "subgroups");
    for (size_t o = 0; o < review->outcome_count; o++) {
        for (size_t i = 0; i < by->count; i++) {
            if (by->item[i]->type != LB_STRING) return lb_review_fault(by->item[i], err, "this is no name of a column");
            int code = one(review, o, of, by->item[i]->text, rows, err);
            if (!code) continue;
            if (err && by->item[i]->line) lb_error_where(err, "review:%d:%d", by->item[i]->line, by->item[i]->column);
            return code;
        }
    }
    return 0;
}

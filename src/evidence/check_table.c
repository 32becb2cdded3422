/* Rows and columns of a table of studies: the same study twice, groups that grew, moderators that say nothing or say the
 * same thing. */
#include "evidence/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct labelled {
    const char *text;
    size_t row;
} labelled;

static int by_text(const void *a, const void *b)
{
    const labelled *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

/* A table with arms, outcomes or visits in rows repeats its studies by design. */
static bool repeats_by_design(const lb_table *table)
{
    static const char *const names[] = {"arm", "week", "visit", "outcome", "dimension", "treat1"};
    for (size_t i = 0; i < LB_COUNT(names); i++)
        if (lb_table_find(table, names[i])) return true;
    return false;
}

static bool rows_equal(const lb_table *table, size_t a, size_t b)
{
    char one[32], two[32];
    for (size_t c = 0; c < table->columns; c++)
        if (strcmp(lb_column_text(&table->column[c], a, one), lb_column_text(&table->column[c], b, two)) != 0) return false;
    return true;
}

static void check_duplicates(lb_check *check)
{
    if (!check->labels) return;
    labelled *all = lb_arena_array(check->arena, check->rows + 1, sizeof *all);
    size_t n = 0;
    bool design = repeats_by_design(check->table);
    for (size_t r = 0; r < check->rows; r++) {
        const char *study = lb_check_study(check, r);
        if (study) all[n++] = (labelled){study, r};
    }
    qsort(all, n, sizeof *all, by_text);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(all[i].text, all[i - 1].text) != 0) continue;
        bool whole = rows_equal(check->table, all[i].row, all[i - 1].row);
        if (design && !whole) continue;
        lb_check_find(check, all[i].row + 1, NULL, "duplicate", whole ? "error" : "warning",
                      whole ? "'%s' stands here a second time, the same in every cell (first in row %zu)" : "'%s' stands here a second time (first in row %zu)",
                      all[i].text, all[i - 1].row + 1);
    }
}

/* More people at the end than at the start of the same arm. */
static void check_growth(lb_check *check)
{
    for (size_t a = 0; a < check->columns; a++) {
        const char *name = check->column[a].column->name;
        if (check->column[a].role != LB_ROLE_N || !lb_text_starts(name, "post_")) continue;
        const char *base = lb_arena_printf(check->arena, "base_%s", name + 5);
        for (size_t b = 0; b < check->columns; b++) {
            if (strcmp(check->column[b].column->name, base) != 0) continue;
            for (size_t r = 0; r < check->rows; r++)
                if (check->column[a].number[r] > check->column[b].number[r])
                    lb_check_find(check, r + 1, name, "group_grew", "warning", "%g people afterwards, %g before", check->column[a].number[r],
                                  check->column[b].number[r]);
        }
    }
}

static void check_levels(lb_check *check)
{
    for (size_t c = 0; c < check->columns; c++) {
        const lb_column *column = check->column[c].column;
        size_t filled = 0, different = 0;
        char buffer[32];
        const char *seen = NULL;
        for (size_t r = 0; r < check->rows; r++) {
            if (lb_column_missing(column, r)) continue;
            const char *text = lb_column_text(column, r, buffer);
            if (!filled++)
                seen = lb_arena_text(check->arena, text);
            else if (strcmp(seen, text) != 0)
                different++;
        }
        if (check->rows >= 3 && filled == 0) lb_check_find(check, 0, column->name, "empty", "note", "the column is empty");
        if (filled >= 3 && !different) lb_check_find(check, 0, column->name, "one_level", "note", "every study has '%s': it cannot be a moderator", seen);
    }
}

/* Two numeric columns with the same information: exactly linear in each other. */
static void check_collinear(lb_check *check)
{
    for (size_t a = 0; a < check->columns; a++) {
        for (size_t b = 0; b < a; b++) {
            const lb_check_column *x = &check->column[a], *y = &check->column[b];
            if (x->column->type != LB_NUMBER || y->column->type != LB_NUMBER) continue;
            double n = 0, mx = 0, my = 0, sxx = 0, syy = 0, sxy = 0;
            for (size_t r = 0; r < check->rows; r++) {
                if (isnan(x->number[r]) || isnan(y->number[r])) continue;
                double dx = x->number[r] - mx, dy = y->number[r] - my;
                n++;
                mx += dx / n;
                my += dy / n;
                sxx += dx * (x->number[r] - mx);
                syy += dy * (y->number[r] - my);
                sxy += dx * (y->number[r] - my);
            }
            if (n < 6 || 2 * n < (double)check->rows || !(sxx > 0 && syy > 0)) continue;
            if (fabs(sxy) / sqrt(sxx * syy) > 1 - 1e-12)
                lb_check_find(check, 0, x->column->name, "collinear", "note", "says the same as '%s': only one of the two can be a moderator", y->column->name);
        }
    }
}

void lb_check_table(lb_check *check)
{
    check_duplicates(check);
    check_growth(check);
    check_levels(check);
    if (check->columns <= 80) check_collinear(check);
}

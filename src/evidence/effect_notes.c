/* What is said of the studies beside their result: rows left out, studies that cannot be estimated, labels that stand twice. */
#include "evidence/effect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAMED = 5 };

typedef struct labelled {
    const char *label;
    size_t row;
} labelled;

static int by_label(const void *a, const void *b)
{
    const labelled *x = a, *y = b;
    int order = strcmp(x->label, y->label);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

/* Effects of one study depend on each other, and a fit takes them as independent. */
static void warn_of_labels(const lb_effects *effects, lb_result *result)
{
    lb_buf text = {.max = 1000};
    labelled *list = lb_alloc(effects->k + 1, sizeof *list);
    size_t twice = 0;
    for (size_t i = 0; i < effects->k; i++) list[i] = (labelled){effects->study[effects->used[i]], effects->used[i]};
    qsort(list, effects->k, sizeof *list, by_label);
    for (size_t i = 0; i < effects->k;) {
        size_t end = i + 1;
        while (end < effects->k && strcmp(list[end].label, list[i].label) == 0) end++;
        if (end - i > 1 && twice++ < MOST_NAMED) {
            lb_buf_printf(&text, "%s'%.60s' (rows", text.length ? ", " : "", list[i].label);
            for (size_t j = i; j < end && j < i + MOST_NAMED; j++) lb_buf_printf(&text, " %zu", list[j].row + 1);
            lb_buf_printf(&text, "%s)", end - i > MOST_NAMED ? " ..." : "");
        }
        i = end;
    }
    if (twice)
        lb_result_warn(result,
                       "the same label stands more than once: %s%s; the rows were taken as different studies. If they are the same people, leave one out, or "
                       "use meta multilevel",
                       text.data, twice > MOST_NAMED ? " and others" : "");
    free(list);
    lb_buf_free(&text);
}

static void note_inestimable(const lb_effects *effects, lb_result *result)
{
    lb_buf text = {.max = 1000};
    size_t named = 0;
    for (size_t r = 0; r < effects->rows && named < MOST_NAMED; r++) {
        bool complete = isnan(effects->yi[r]);
        for (size_t c = 0; complete && c < LB_EFFECT_COLUMNS && effects->arm[c]; c++) complete = !isnan(effects->arm[c][r]);
        if (complete) lb_buf_printf(&text, "%s%.60s", named++ ? ", " : "", effects->study[r]);
    }
    lb_result_note(result, "%zu of %zu studies left out: the effect cannot be estimated from its numbers (%s%s).", effects->inestimable, effects->rows,
                   text.data ? text.data : "", effects->inestimable > named ? " and others" : "");
    lb_buf_free(&text);
}

void lb_effects_note(const lb_effects *effects, lb_result *result)
{
    if (effects->missing)
        lb_result_note(result, "%zu of %zu rows left out: a value that the effect needs is missing.", effects->missing, effects->rows);
    if (effects->inestimable) note_inestimable(effects, result);
    if (!effects->nested) warn_of_labels(effects, result);
}

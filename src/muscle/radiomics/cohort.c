/* A table of features that is the same whatever the number of threads, shards or breaks: rows by case, columns by name.
 */
#include <stdlib.h>
#include <string.h>

#include "muscle/radiomics/cohort.h"

const char *const lb_cohort_columns[] = {"id",           "image",       "mask",            "label",   "case",     "cases",
                                         "error",        "hint",        "undefined",       "warning", "version",  "profile",
                                         "image_sha256", "mask_sha256", "settings_sha256", "voxels",  "grey_bins"};
const size_t lb_cohort_column_count = LB_COUNT(lb_cohort_columns);
const char lb_cohort_texts[] =
    "id,image,mask,error,hint,undefined,warning,version,profile,image_sha256,mask_sha256,settings_sha256";

static bool is_head(const char *key)
{
    for (size_t i = 0; i < lb_cohort_column_count; i++)
        if (strcmp(lb_cohort_columns[i], key) == 0) return true;
    return false;
}

static int by_case(const void *a, const void *b)
{
    const lb_value *x = *(const lb_value *const *)a, *y = *(const lb_value *const *)b;
    double i = lb_get_number(x, "case", 0), k = lb_get_number(y, "case", 0);
    return (i > k) - (i < k);
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* All feature names, sorted, each once; freed by the caller. */
static const char **feature_names(const lb_value *const *rows, size_t count, size_t *names)
{
    size_t capacity = 256, used = 0;
    const char **name = lb_alloc(capacity, sizeof *name);
    const lb_value *last = NULL;
    for (size_t r = 0; r < count; r++) {
        bool same = last && last->count == rows[r]->count;
        for (size_t i = 0; same && i < last->count; i++) same = strcmp(last->key[i], rows[r]->key[i]) == 0;
        last = rows[r];
        for (size_t i = 0; !same && i < rows[r]->count; i++) {
            if (is_head(rows[r]->key[i])) continue;
            if (used == capacity) name = lb_realloc(name, capacity *= 2, sizeof *name);
            name[used++] = rows[r]->key[i];
        }
        qsort(name, used, sizeof *name, by_bytes);
        size_t kept = 0;
        for (size_t i = 0; i < used; i++)
            if (kept == 0 || strcmp(name[kept - 1], name[i]) != 0) name[kept++] = name[i];
        used = kept;
    }
    *names = used;
    return name;
}

/* A text or number, or null. */
static void copy_cell(lb_value *to, const char *key, const lb_value *cell)
{
    lb_value *copy = lb_arena_alloc(to->arena, sizeof *copy);
    bool kept = cell && (cell->type == LB_STRING || cell->type == LB_INT || cell->type == LB_DOUBLE);
    *copy = kept ? *cell : (lb_value){.type = LB_NULL};
    copy->arena = to->arena;
    if (kept && cell->type == LB_STRING) copy->text = lb_arena_text(to->arena, cell->text);
    lb_value_append(to, key, copy);
}

void lb_cohort_arrange(const lb_value *const *rows, size_t count, lb_value *out)
{
    if (count == 0) return;
    const lb_value **sorted = lb_alloc(count, sizeof(lb_value *));
    size_t names;
    memcpy(sorted, rows, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_case);
    const char **name = feature_names(sorted, count, &names);
    for (size_t r = 0; r < count; r++) {
        lb_value *row = lb_push_object(out);
        for (size_t i = 0; i < lb_cohort_column_count; i++)
            copy_cell(row, lb_cohort_columns[i], lb_get(sorted[r], lb_cohort_columns[i]));
        for (size_t i = 0; i < names; i++)
            copy_cell(row, name[i], lb_get(sorted[r], name[i]));
    }
    free(name);
    free(sorted);
}

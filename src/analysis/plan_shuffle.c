/* The rehearsal's arms: those of the participants, dealt anew within the strata the plan names; or, where the arms are masked
 * and the column is not there or empty, dealt one to one. Nothing else of the data changes. */
#include "analysis/plan.h"

#include <stdlib.h>
#include <string.h>

static int strata_of(const lb_plan *plan, int32_t *stratum, size_t *count, lb_error *err)
{
    const lb_value *names = lb_get(lb_get(plan->root, "rehearsal"), "strata");
    size_t rows = plan->participants->rows;
    *count = 1;
    memset(stratum, 0, rows * sizeof *stratum);
    for (size_t i = 0; names && i < names->count; i++) {
        lb_column factor;
        int code = lb_table_factor(plan->participants, names->item[i]->type == LB_STRING ? names->item[i]->text : "", plan->arena, &factor, err);
        if (code) return code;
        size_t levels = factor.level_count + 1; /* one for those without a value */
        if (levels > 100000 / *count) return lb_plan_fail(plan, names, err, "the strata of the rehearsal are more than 100000");
        for (size_t r = 0; r < rows; r++) stratum[r] = stratum[r] * (int32_t)levels + factor.code[r] + 1;
        *count *= levels;
    }
    return 0;
}

static void deal(int32_t *code, const int32_t *stratum, size_t rows, size_t strata, uint64_t seed)
{
    size_t *row = lb_alloc(rows + 1, sizeof *row);
    for (size_t s = 0; s < strata; s++) {
        lb_random random;
        size_t n = 0;
        for (size_t r = 0; r < rows; r++)
            if (stratum[r] == (int32_t)s && code[r] >= 0) row[n++] = r;
        lb_random_init(&random, seed, s);
        for (size_t i = n; i > 1; i--) { /* Fisher and Yates */
            size_t j = lb_random_below(&random, (uint32_t)i);
            int32_t swap = code[row[i - 1]];
            code[row[i - 1]] = code[row[j]];
            code[row[j]] = swap;
        }
    }
    free(row);
}

static lb_column *arm_column(lb_plan *plan, lb_table *table)
{
    lb_column *column = lb_table_find(table, plan->arm);
    if (column) return column;
    lb_column *grown = lb_arena_array(plan->arena, table->columns + 2, sizeof *grown);
    if (table->columns) memcpy(grown, table->column, table->columns * sizeof *grown);
    table->column = grown;
    return &grown[table->columns++];
}

/* Does a text anywhere in the plan name the table? One that it does not is never read, as those a study's server hands over with the rest. */
static bool named(const lb_value *node, const char *table)
{
    if (node->type == LB_STRING) return strcmp(node->text, table) == 0;
    for (size_t i = 0; (node->type == LB_ARRAY || node->type == LB_OBJECT) && i < node->count; i++)
        if (named(node->item[i], table)) return true;
    return false;
}

/* Other tables that repeat the arm get the person's new one. */
static int carry_over(lb_plan *plan, const lb_column *arm, lb_error *err)
{
    lb_column *id;
    char a[64], b[64];
    for (size_t t = 0; t < plan->tables; t++) {
        lb_table *table = plan->table[t];
        if (table == plan->participants || !lb_table_find(table, plan->arm)) continue;
        int code = lb_table_column(plan->participants, plan->id, &id, err);
        lb_column *theirs = lb_table_find(table, plan->id), out = *arm;
        if (code) return code;
        if (!theirs && !named(plan->root, table->name)) continue;
        if (!theirs) {
            lb_fail(err, LB_BAD_DATA, "the table %s has arms but no %s: they cannot be shuffled with their people", table->name, plan->id);
            return LB_BAD_DATA;
        }
        out.code = lb_arena_array(plan->arena, table->rows + 1, sizeof *out.code);
        out.missing = 0;
        size_t last = 0;
        for (size_t r = 0; r < table->rows; r++) {
            const char *who = lb_column_text(theirs, r, a);
            out.code[r] = -1;
            for (size_t tried = 0; tried < plan->participants->rows; tried++) { /* rows of a person follow each other */
                size_t k = (last + tried) % plan->participants->rows;
                if (strcmp(who, lb_column_text(id, k, b)) != 0) continue;
                out.code[r] = arm->code[last = k];
                break;
            }
            out.missing += out.code[r] < 0;
        }
        *lb_table_find(table, plan->arm) = out;
    }
    return 0;
}

int lb_plan_shuffle(lb_plan *plan, uint64_t seed, lb_error *err)
{
    size_t rows = plan->participants->rows, strata;
    int32_t *stratum = lb_arena_array(plan->arena, rows + 1, sizeof *stratum);
    int code = strata_of(plan, stratum, &strata, err);
    if (code) return code;
    lb_column out = {.type = LB_TEXT}, given;
    const lb_column *there = lb_table_find(plan->participants, plan->arm);
    bool masked = !there || there->missing == rows; /* a snapshot's open form keeps the column, and leaves it empty */
    if (masked) {
        lb_result_note(plan->result, "The arms are masked: the rehearsal deals %s and %s one to one.", plan->comparison, plan->reference);
        out.name = plan->arm;
        out.level = lb_arena_array(plan->arena, 2, sizeof *out.level);
        out.level[0] = plan->reference;
        out.level[1] = plan->comparison;
        out.level_count = 2;
    } else {
        code = lb_table_factor(plan->participants, plan->arm, plan->arena, &given, err);
        if (code) return code;
        out = given;
        out.type = LB_TEXT;
        out.number = NULL;
    }
    out.code = lb_arena_array(plan->arena, rows + 1, sizeof *out.code);
    size_t *dealt = lb_arena_array(plan->arena, strata + 1, sizeof *dealt);
    for (size_t r = 0; r < rows; r++) out.code[r] = masked ? (int32_t)(dealt[stratum[r]]++ % 2) : given.code[r];
    deal(out.code, stratum, rows, strata, seed);
    *arm_column(plan, plan->participants) = out;
    return carry_over(plan, lb_table_find(plan->participants, plan->arm), err);
}

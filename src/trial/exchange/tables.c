/* What an import hands on: the records as CSV with a codebook, and the values of ODM as one long table. */
#include <stdio.h>
#include <string.h>

#include "trial/exchange/odm.h"
#include "trial/exchange/tables.h"

static void add_artifact(lb_result *result, const char *name, const lb_table *table)
{
    lb_buf csv = {0};
    lb_csv_write(table, true, &csv);
    lb_result_artifact(result, name, "text/csv", csv.data ? csv.data : "", csv.length);
    lb_buf_free(&csv);
}

static void add_column(lb_table *table, const entry_file *file, size_t f, const size_t *live)
{
    const char **text = lb_arena_array(file->arena, table->rows + 1, sizeof *text);
    double *number = lb_arena_array(file->arena, table->rows + 1, sizeof *number);
    bool numbers = file->field[f].kind == ENTRY_NUMBER;
    for (size_t r = 0; r < table->rows; r++) {
        text[r] = entry_cell(file, live[r], f);
        if (text[r]) numbers = numbers && lb_text_number(text[r], strlen(text[r]), &number[r]);
    }
    if (!numbers) {
        lb_table_add_text(table, file->field[f].name, text);
        return;
    }
    lb_column *column = lb_table_add_number(table, file->field[f].name);
    for (size_t r = 0; r < table->rows; r++)
        if (text[r]) column->number[r] = number[r];
}

void tables_of_entries(const entry_file *file, const char *name, lb_result *result)
{
    size_t *live = lb_arena_array(file->arena, file->records + 1, sizeof *live), count = 0;
    for (size_t r = 0; r < file->records; r++)
        if (file->flag[r] != ENTRY_DELETED) live[count++] = r;
    lb_table *records = lb_table_new(file->arena, name, count), *codebook = lb_table_new(file->arena, "codebook", file->fields);
    const char **column[3];
    for (size_t k = 0; k < 3; k++) column[k] = lb_arena_array(file->arena, file->fields + 1, sizeof **column);
    for (size_t f = 0; f < file->fields; f++) {
        add_column(records, file, f, live);
        column[0][f] = file->field[f].name;
        column[1][f] = file->field[f].label;
        for (size_t i = 0; i < file->field[f].missing_count; i++)
            column[2][f] = lb_arena_printf(file->arena, "%s%s%s", i ? column[2][f] : "", i ? ";" : "", file->field[f].missing[i]);
    }
    static const char *const heading[] = {"name", "label", "missing"};
    for (size_t k = 0; k < 3; k++) lb_table_add_text(codebook, heading[k], column[k]);
    add_artifact(result, lb_arena_printf(file->arena, "%s.csv", name), records);
    add_artifact(result, lb_arena_printf(file->arena, "%s_codebook.csv", name), codebook);
}

int tables_of_epx(const xml_node *root, lb_arena *arena, lb_result *result, lb_error *err)
{
    epx_project project;
    int code = epx_open(root, arena, &project, err);
    for (size_t i = 0; i < project.files && code == LB_OK; i++) {
        entry_file file;
        code = epx_read_file(&project, i, &file, NULL, err);
        /* numbered, not named: a name out of the file must not become a path */
        if (code == LB_OK && file.fields) tables_of_entries(&file, project.files == 1 ? "records" : lb_arena_printf(arena, "records_%zu", i + 1), result);
    }
    return code;
}

/* Where a value stands: its elements from the person down, and how often each was repeated. */
static const struct {
    const char *heading, *element, *attribute;
} level[] = {{"subject", "SubjectData", "SubjectKey"},       {"event", "StudyEventData", "StudyEventOID"},
             {"event_repeat", "StudyEventData", "StudyEventRepeatKey"}, {"form", "FormData", "FormOID"},
             {"form_repeat", "FormData", "FormRepeatKey"},   {"group", "ItemGroupData", "ItemGroupOID"},
             {"group_repeat", "ItemGroupData", "ItemGroupRepeatKey"}};

static const char *level_value(const xml_node *item, size_t k)
{
    for (const xml_node *node = item->parent; node; node = node->parent)
        if (xml_is(node, level[k].element)) return xml_get(node, level[k].attribute);
    return NULL;
}

int tables_of_odm(const xml_node *root, lb_arena *arena, lb_result *result, lb_error *err)
{
    size_t rows = 0, at = 0;
    for (const xml_node *node = root; node; node = xml_next(node, root))
        rows += odm_own(node, root) && lb_text_starts(node->name, "ItemData") && odm_item_value(node);
    if (rows == 0) return LB_OK;
    const char **column[LB_COUNT(level) + 2];
    for (size_t k = 0; k < LB_COUNT(column); k++)
        if (!(column[k] = lb_arena_try(arena, rows, sizeof **column))) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu values", rows);
    for (const xml_node *node = root; node; node = xml_next(node, root)) {
        const char *value = odm_own(node, root) && lb_text_starts(node->name, "ItemData") ? odm_item_value(node) : NULL;
        if (!value) continue;
        for (size_t k = 0; k < LB_COUNT(level); k++) column[k][at] = level_value(node, k);
        column[LB_COUNT(level)][at] = xml_get(node, "ItemOID");
        column[LB_COUNT(level) + 1][at++] = value;
    }
    lb_table *table = lb_table_new(arena, "values", rows);
    for (size_t k = 0; k < LB_COUNT(level); k++) lb_table_add_text(table, level[k].heading, column[k]);
    lb_table_add_text(table, "item", column[LB_COUNT(level)]);
    lb_table_add_text(table, "value", column[LB_COUNT(level) + 1]);
    add_artifact(result, "values.csv", table);
    return LB_OK;
}

/* A table of entered records as changes of a study: REDCap data (events, repeating instruments, checkboxes), EpiData REC and EPX,
 * any CSV whose columns are items of the protocol or are mapped to them. A row is one person at one visit. */
#include "trial/conduct/import.h"

#include "trial/conduct/form.h"
#include "trial/conduct/person.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a column is to the protocol. */
typedef struct column {
    size_t field;
    const lb_study_item *item;
    int form;
    const char *code; /* a checkbox: the code that its 1 stands for */
} column;

typedef struct rows {
    lb_import *import;
    const entry_file *file;
    size_t id, site, visit, occurrence; /* fields; file->fields: none */
    const char *all_site, *all_visit;   /* the same for all rows */
    column *column;
    size_t columns;
} rows;

/* ---- columns ------------------------------------------------------------------------------------------------------- */

static size_t usual(const entry_file *file, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (entry_find(file, names[i]) < file->fields) return entry_find(file, names[i]);
    return file->fields;
}

static bool is_place(const rows *r, size_t field)
{
    const char *name = r->file->field[field].name;
    return field == r->id || field == r->site || field == r->visit || field == r->occurrence || lb_text_starts(name, "redcap_");
}

static int form_index(const lb_study *study, const lb_study_form *form) { return (int)(form - study->form); }

/* "pain_site___3": the code 3 of the item pain_site. REDCap writes codes in lower case, '-' as '_'. */
static const lb_study_item *checkbox(const rows *r, const char *name, const lb_study_form **form, const char **code)
{
    const char *mark = strstr(name, "___");
    const char *base = mark ? import_word(r->import, lb_arena_textn(r->import->arena, name, (size_t)(mark - name))) : NULL;
    const lb_study_item *item = base ? lb_study_item_named(r->import->study, base, form) : NULL;
    if (!item || item->type != LB_ITEM_CHOICES) return NULL;
    for (size_t i = 0; i < item->code_count; i++) {
        if (strcasecmp(item->code[i].code, mark + 3) != 0) continue;
        *code = item->code[i].code;
        return item;
    }
    return NULL;
}

/* REDCap's own column of a form: is it incomplete, unverified, complete? */
static bool is_status(const rows *r, const char *name)
{
    return lb_text_ends(name, "_complete") && (entry_find(r->file, "redcap_event_name") < r->file->fields || lb_text_equal(r->file->field[0].name, "record_id"));
}

static void unknown_column(const rows *r, const char *name)
{
    const lb_study *study = r->import->study;
    size_t count = 0, at = 0;
    for (size_t f = 0; f < study->form_count; f++) count += study->form[f].item_count;
    const char **names = lb_arena_array(r->import->arena, count + 1, sizeof *names);
    for (size_t f = 0; f < study->form_count; f++)
        for (size_t i = 0; i < study->form[f].item_count; i++) names[at++] = study->form[f].item[i].id;
    import_unknown(r->import, "item", name, r->file->name, names, count);
}

static bool filled(const rows *r, size_t field)
{
    for (size_t i = 0; i < r->file->records; i++)
        if (r->file->flag[i] != ENTRY_DELETED && entry_cell(r->file, i, field)) return true;
    return false;
}

static int by_form(const void *left, const void *right)
{
    const column *a = left, *b = right;
    if (a->form != b->form) return a->form - b->form;
    if (a->item != b->item) return a->item < b->item ? -1 : 1;
    return a->field < b->field ? -1 : a->field > b->field;
}

static void find_columns(rows *r)
{
    r->column = lb_arena_array(r->import->arena, r->file->fields + 1, sizeof *r->column);
    for (size_t f = 0; f < r->file->fields; f++) {
        const char *name = r->file->field[f].name, *word = import_word(r->import, name), *code = NULL;
        const lb_study_form *form = NULL;
        if (!word || is_place(r, f)) continue;
        const lb_study_item *item = lb_study_item_named(r->import->study, word, &form);
        if (!item) item = checkbox(r, word, &form, &code);
        if (item && item->type == LB_ITEM_DERIVED) import_find(r->import, "info", r->file->name, "'%s' is computed here: what the file says is passed over", item->id);
        else if (item) r->column[r->columns++] = (column){f, item, form_index(r->import->study, form), code};
        else if (!is_status(r, name) && filled(r, f)) unknown_column(r, name);
    }
    if (r->columns) qsort(r->column, r->columns, sizeof *r->column, by_form);
}

/* An option names a column, or is what all rows share. */
static size_t choose(const rows *r, const char *option, const char *const *names, size_t count, const char **all)
{
    if (!option) return usual(r->file, names, count);
    size_t field = entry_find(r->file, option);
    if (field == r->file->fields && all) *all = option;
    return field;
}

static int find_places(rows *r, const lb_import_rows_options *o, lb_error *err)
{
    static const char *const ids[] = {"record_id", "subject", "subject_id", "participant_id", "participant", "id"};
    static const char *const sites[] = {"redcap_data_access_group", "site", "centre", "center"};
    static const char *const visits[] = {"redcap_event_name", "visit", "event"};
    static const char *const numbers[] = {"redcap_repeat_instance", "occurrence"};
    r->id = choose(r, o->id, ids, LB_COUNT(ids), NULL);
    if (o->id && r->id == r->file->fields) {
        lb_fail(err, LB_BAD_DATA, "there is no column '%.80s'", o->id);
        lb_error_where(err, "%s", r->file->name);
        lb_error_hint(err, "--id names the column with the codes of the participants");
        return LB_BAD_DATA;
    }
    if (r->id == r->file->fields) r->id = 0;
    r->site = choose(r, o->site, sites, LB_COUNT(sites), &r->all_site);
    r->visit = choose(r, o->visit, visits, LB_COUNT(visits), &r->all_visit);
    r->occurrence = choose(r, o->occurrence, numbers, LB_COUNT(numbers), NULL);
    if (!r->all_site && r->site == r->file->fields && r->import->study->site_count == 1) r->all_site = r->import->study->site[0].id;
    return LB_OK;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------ */

static const char *cell_of(const rows *r, size_t record, size_t field)
{
    return field < r->file->fields ? entry_cell(r->file, record, field) : NULL;
}

/* A visit and its occasion ("VISIT.12"), or, as REDCap has it, "VISIT_arm_1" in any case of letters. */
static bool visit_word(const rows *r, const char *text, int *visit, int *occurrence)
{
    const char *word = import_word(r->import, text);
    if (!word) return false;
    if (lb_visit_parse(r->import->study, word, visit, occurrence)) return true;
    *occurrence = 0;
    const char *arm = strstr(word, "_arm_");
    size_t length = arm ? (size_t)(arm - word) : strlen(word);
    const char *stem = import_word(r->import, lb_arena_textn(r->import->arena, word, length));
    for (size_t v = 0; stem && v < r->import->study->visit_count; v++) {
        if (strcasecmp(r->import->study->visit[v].id, stem) != 0) continue;
        *visit = (int)v;
        return true;
    }
    return false;
}

/* Visit and occasion of a row; −1: the row names none. */
static bool row_visit(const rows *r, size_t record, const char *where, int *visit, int *occurrence)
{
    const char *text = r->all_visit ? r->all_visit : cell_of(r, record, r->visit), *number = cell_of(r, record, r->occurrence);
    int64_t nth;
    *visit = -1;
    *occurrence = 0;
    if (text && !visit_word(r, text, visit, occurrence)) {
        const char **names = lb_arena_array(r->import->arena, r->import->study->visit_count + 1, sizeof *names);
        for (size_t i = 0; i < r->import->study->visit_count; i++) names[i] = r->import->study->visit[i].id;
        if (!import_word(r->import, text)) return false;
        import_unknown(r->import, "visit", text, where, names, r->import->study->visit_count);
        return false;
    }
    if (!number) return true;
    if (!lb_text_integer(number, strlen(number), &nth) || nth < 1 || nth > 100000) {
        import_find(r->import, "error", where, "'%.40s' is no number of an occasion", number);
        return false;
    }
    *occurrence = (int)nth;
    return true;
}

/* The codes of a checkbox's columns that say 1, from `c` on; *next: the column after them. */
static const char *ticked(const rows *r, size_t record, size_t c, size_t *next)
{
    lb_buf codes = {0};
    bool any = false;
    size_t first = c;
    for (; c < r->columns && r->column[c].item == r->column[first].item; c++) {
        const char *cell = entry_cell(r->file, record, r->column[c].field);
        if (!r->column[c].code) continue;
        any |= cell && *cell == '1';
        if (cell && *cell == '1') lb_buf_printf(&codes, "%s%s", codes.length ? " " : "", r->column[c].code);
    }
    *next = c;
    const char *text = any ? lb_arena_text(r->import->arena, codes.data) : NULL;
    lb_buf_free(&codes);
    return text;
}

/* One form of one row: a change, when something is filled in. */
static size_t take_form(rows *r, size_t record, size_t person, size_t c, int visit, int occurrence, const char *where)
{
    lb_import_change *change = NULL;
    int form = r->column[c].form;
    while (c < r->columns && r->column[c].form == form) {
        const column *at = &r->column[c];
        size_t next = c + 1;
        const char *text = at->code ? ticked(r, record, c, &next) : entry_cell(r->file, record, at->field);
        if (text && !at->code && entry_is_missing(&r->file->field[at->field], text)) text = NULL;
        c = next;
        if (!text) continue;
        if (!change) {
            int here = visit, nth = occurrence;
            if (!import_place(r->import, form, &here, &nth, where)) break;
            change = import_change(r->import, person);
            change->visit = here;
            change->occurrence = nth;
            change->form = form;
            change->where = where;
        }
        import_value(r->import, change, at->item, text, NULL, where);
    }
    while (c < r->columns && r->column[c].form == form) c++;
    return c;
}

static void take_row(rows *r, size_t record)
{
    const char *code = entry_cell(r->file, record, r->id), *where = lb_arena_printf(r->import->arena, "%s, record %zu", r->file->name, record + 1);
    const char *site = r->all_site ? r->all_site : cell_of(r, record, r->site);
    int visit, occurrence;
    if (!code) {
        import_find(r->import, "error", where, "the record says nothing in '%.60s'", r->file->field[r->id].name);
        return;
    }
    code = import_word(r->import, code);
    if (!code || !row_visit(r, record, where, &visit, &occurrence)) return;
    size_t person = import_person(r->import, code, import_word(r->import, site), where);
    if (person == SIZE_MAX) return;
    for (size_t c = 0; c < r->columns;) c = take_form(r, record, person, c, visit, occurrence, where);
}

int lb_import_rows(lb_import *import, const entry_file *file, const lb_import_rows_options *options, lb_error *err)
{
    rows r = {.import = import, .file = file};
    if (file->fields == 0) return lb_fail(err, LB_BAD_DATA, "the file has no columns");
    int code = entry_needs_records(file, err);
    if (!code) code = find_places(&r, options, err);
    if (code) return code;
    import->derives = true;
    find_columns(&r);
    for (size_t i = 0; i < file->records; i++)
        if (file->flag[i] != ENTRY_DELETED) take_row(&r, i);
    import_check_twice(import);
    return LB_OK;
}

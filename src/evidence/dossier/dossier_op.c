/* meta screen and meta extract: the review document goes in, decisions or values are entered, the document comes out with
 * its state. The server's pages use the same two operations, one event at a time. */
#include "evidence/dossier/dossier.h"
#include "evidence/exchange/ris.h"
#include "evidence/ops.h"

#include <string.h>

static int open_dossier(lb_call *call, lb_dossier *dossier, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    lb_bytes bytes;
    int code = lb_call_document(call, "review", &bytes, err);
    return code ? code : lb_dossier_read(dossier, &bytes, arena, err);
}

/* One event as JSON text, or a document with a list of them. */
static int apply_events(lb_call *call, lb_dossier *dossier, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    lb_value *event = NULL;
    lb_bytes bytes = {0};
    const char *text = lb_call_text(call, "event"), *at = lb_call_text(call, "at");
    int code = 0;
    if (text) {
        bytes = (lb_bytes){(const uint8_t *)text, strlen(text), "event"};
        code = lb_json_read(&bytes, arena, &event, err);
    } else if (lb_call_given(call, "events")) {
        code = lb_call_document(call, "events", &bytes, err);
        if (!code) code = lb_json_read(&bytes, arena, &event, err);
    }
    if (code || !event) return code;
    if (event->type == LB_OBJECT) return lb_dossier_apply(dossier, event, at, err);
    if (event->type != LB_ARRAY) return lb_fail(err, LB_BAD_DATA, "an event is an object, several are an array");
    for (size_t i = 0; i < event->count && !code; i++) {
        code = lb_dossier_apply(dossier, event->item[i], at, err);
        if (code) lb_error_where(err, "event %zu", i + 1);
    }
    return code;
}

static void give_back(lb_call *call, const lb_dossier *dossier, lb_result *result)
{
    lb_buf text = {0};
    lb_json_write(dossier->root, 1, &text);
    lb_result_artifact(result, "review.json", "application/json", text.data, text.length);
    lb_buf_free(&text);
    lb_dossier_report(dossier, lb_call_text(call, "viewer"), result->results);
}

/* -- screening ---------------------------------------------------------------------------------------------------- */

/* Decisions that came with the references, as the events they were. */
static void apply_notes(lb_dossier *dossier, const lb_value *records, size_t first, lb_call *call, lb_result *result)
{
    lb_arena *arena = lb_call_arena(call);
    size_t refused = 0;
    lb_error last = LB_ERROR_INIT;
    for (size_t i = 0; i < records->count; i++) {
        lb_value *decisions = lb_value_array(arena);
        const char *reason = lb_ris_decisions(records->item[i], decisions, arena);
        if (dossier->record[first + i].duplicate) continue;
        for (size_t d = 0; d < decisions->count; d++) {
            lb_value *event = decisions->item[d];
            lb_set_text(event, "what", "screen");
            lb_set_text(event, "record", dossier->record[first + i].id);
            lb_set_text(event, "stage", lb_call_text(call, "stage"));
            if (lb_text_equal(lb_get_text(event, "decision", ""), "exclude") && reason) lb_set_text(event, "reason", reason);
            refused += lb_dossier_apply(dossier, event, lb_call_text(call, "at"), &last) != 0;
        }
    }
    if (refused)
        lb_result_warn(result, "%zu decisions in the references' notes were not taken; the last: %s", refused, last.message);
}

static int add_references(lb_call *call, lb_dossier *dossier, lb_result *result, lb_error *err)
{
    lb_bytes bytes;
    lb_value *records;
    size_t added, duplicates, first = dossier->records;
    if (!lb_call_given(call, "ris")) return 0;
    int code = lb_call_document(call, "ris", &bytes, err);
    if (!code) code = lb_ris_read(&bytes, lb_call_arena(call), &records, err);
    const char *source = lb_call_text(call, "source");
    if (!code) code = lb_dossier_add(dossier, records, source ? source : bytes.name, &added, &duplicates, err);
    if (code) return code;
    lb_set_int(result->results, "added", (int64_t)added);
    lb_set_int(result->results, "duplicates", (int64_t)duplicates);
    apply_notes(dossier, records, first, call, result);
    return 0;
}

static const char *cell(const lb_table *table, const char *name, size_t row, lb_arena *arena)
{
    const lb_column *column = lb_table_find(table, name);
    char buffer[32];
    return column && !lb_column_missing(column, row) ? lb_arena_text(arena, lb_column_text(column, row, buffer)) : NULL;
}

/* Rows record, who, decision [, stage, reason, settle]. */
static int apply_decisions(lb_call *call, lb_dossier *dossier, lb_error *err)
{
    static const char *const needed[] = {"record", "who", "decision"};
    lb_arena *arena = lb_call_arena(call);
    lb_table *table = NULL;
    lb_column *column;
    if (!lb_call_given(call, "decisions")) return 0;
    int code = lb_call_table(call, "decisions", &table, err);
    for (size_t i = 0; i < LB_COUNT(needed) && !code; i++) code = lb_table_column(table, needed[i], &column, err);
    for (size_t row = 0; !code && row < table->rows; row++) {
        lb_value *event = lb_value_object(arena);
        const char *settles = cell(table, "settle", row, arena), *stage = cell(table, "stage", row, arena);
        lb_set_text(event, "what", settles && strcmp(settles, "1") == 0 ? "settle" : "screen");
        lb_set_text(event, "who", cell(table, "who", row, arena));
        lb_set_text(event, "record", cell(table, "record", row, arena));
        lb_set_text(event, "stage", stage ? stage : lb_call_text(call, "stage"));
        lb_set_text(event, "decision", cell(table, "decision", row, arena));
        lb_set_text(event, "reason", cell(table, "reason", row, arena));
        code = lb_dossier_apply(dossier, event, lb_call_text(call, "at"), err);
        if (code) lb_error_where(err, "decisions, row %zu", row + 1);
    }
    return code;
}

/* The form of a new review: its question, fields to extract, reasons to exclude. */
static int take_form(lb_call *call, lb_dossier *dossier, lb_error *err)
{
    static const char *const keys[] = {"question", "reasons", "fields"};
    lb_bytes bytes;
    lb_value *form;
    if (!lb_call_given(call, "form")) return 0;
    int code = lb_call_document(call, "form", &bytes, err);
    if (!code) code = lb_yaml_read(&bytes, lb_call_arena(call), &form, err);
    if (code) return code;
    const lb_value *fields = lb_get(form, "fields");
    for (size_t i = 0; fields && i < fields->count; i++) {
        if (lb_get_text(fields->item[i], "name", NULL)) continue;
        code = lb_fail(err, LB_BAD_DATA, "a field of the form has no name");
        lb_error_where(err, "form:%d:%d", fields->item[i]->line, fields->item[i]->column);
        return code;
    }
    for (size_t i = 0; i < LB_COUNT(keys); i++) {
        lb_value *value = lb_get(form, keys[i]);
        if (value) lb_set(dossier->root, keys[i], value);
    }
    return 0;
}

static int run_screen(lb_call *call, lb_result *result, lb_error *err)
{
    lb_dossier dossier;
    if (!lb_call_given(call, "review") && !lb_call_given(call, "ris")) {
        int code = lb_fail(err, LB_USAGE, "there is nothing to screen");
        lb_error_hint(err, "begin with --ris FILE.ris, go on with the review document that it writes");
        return code;
    }
    int code = 0;
    if (lb_call_given(call, "review"))
        code = open_dossier(call, &dossier, err);
    else
        lb_dossier_new(&dossier, lb_call_has(call, "title") ? lb_call_text(call, "title") : "Review", lb_call_arena(call));
    if (!code) code = take_form(call, &dossier, err);
    if (!code) code = add_references(call, &dossier, result, err);
    if (!code) code = apply_decisions(call, &dossier, err);
    if (!code) code = apply_events(call, &dossier, err);
    if (code) return code;
    give_back(call, &dossier, result);
    lb_result_note(result, "Kappa is Cohen's, of references that two people have decided about; unsure counts as kept. A "
                           "third person settles differences. The document goes to --save.");
    return 0;
}

/* -- extraction --------------------------------------------------------------------------------------------------- */

static int enter(lb_call *call, lb_dossier *dossier, const lb_table *table, size_t row, const lb_column *column,
                 const char *field, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    lb_value *event = lb_value_object(arena);
    const char *settles = cell(table, "settle", row, arena), *text = cell(table, column->name, row, arena);
    double number;
    lb_set_text(event, "what", settles && strcmp(settles, "1") == 0 ? "settle_value" : "extract");
    lb_set_text(event, "who", cell(table, "who", row, arena));
    lb_set_text(event, "study", cell(table, "study", row, arena));
    lb_set_text(event, "field", field);
    if (text && lb_text_number(text, strlen(text), &number))
        lb_set_number(event, "value", number);
    else
        lb_set_text(event, "value", text); /* NULL: not reported */
    lb_set_text(event, "reason", cell(table, "reason", row, arena));
    int code = lb_dossier_apply(dossier, event, lb_call_text(call, "at"), err);
    if (code) lb_error_where(err, "values, row %zu", row + 1);
    return code;
}

/* Long: study, who, field, value. Wide: study, who, and a column for each field. */
static int apply_values(lb_call *call, lb_dossier *dossier, lb_error *err)
{
    static const char *const frame[] = {"study", "who", "settle", "reason"};
    lb_arena *arena = lb_call_arena(call);
    lb_table *table = NULL;
    lb_column *column;
    if (!lb_call_given(call, "values")) return 0;
    int code = lb_call_table(call, "values", &table, err);
    for (size_t i = 0; i < 2 && !code; i++) code = lb_table_column(table, frame[i], &column, err);
    if (code) return code;
    const lb_column *field = lb_table_find(table, "field"), *value = lb_table_find(table, "value");
    for (size_t row = 0; row < table->rows && !code; row++) {
        if (field && value) {
            code = enter(call, dossier, table, row, value, cell(table, "field", row, arena), err);
            continue;
        }
        for (size_t c = 0; c < table->columns && !code; c++) {
            bool framed = false;
            for (size_t i = 0; i < LB_COUNT(frame); i++) framed |= strcmp(frame[i], table->column[c].name) == 0;
            if (!framed) code = enter(call, dossier, table, row, &table->column[c], table->column[c].name, err);
        }
    }
    return code;
}

static int run_extract(lb_call *call, lb_result *result, lb_error *err)
{
    lb_dossier dossier;
    int code = open_dossier(call, &dossier, err);
    if (!code) code = apply_values(call, &dossier, err);
    if (!code) code = apply_events(call, &dossier, err);
    if (code) return code;
    give_back(call, &dossier, result);
    size_t conflicts = 0, both = 0;
    for (size_t i = 0; i < dossier.extracts; i++) {
        conflicts += lb_extract_conflict(&dossier.extract[i]);
        both += dossier.extract[i].value[0] && dossier.extract[i].value[1];
    }
    lb_table *table = lb_dossier_table(&dossier, lb_call_arena(call));
    lb_buf csv = {0};
    lb_csv_write(table, true, &csv);
    lb_result_artifact(result, "extraction.csv", "text/csv; charset=utf-8", csv.data, csv.length);
    lb_buf_free(&csv);
    lb_set(result->results, "table", lb_table_to_value(table, result->arena));
    lb_set_int(result->results, "values", (int64_t)dossier.extracts);
    lb_set_int(result->results, "read_by_two", (int64_t)both);
    lb_set_int(result->results, "to_settle", (int64_t)conflicts);
    lb_result_note(result, "%zu values, %zu read by two people, %zu to settle. The table holds what two agree on or a third "
                           "settled; the rest is empty.",
                   dossier.extracts, both, conflicts);
    return 0;
}

#define DOSSIER_PARAMS                                                                                                 \
    {.name = "event", .type = LB_P_TEXT, .flags = LB_ADVANCED, .summary = "one event as JSON: who, what, …"},          \
        {.name = "events", .type = LB_P_DOCUMENT, .flags = LB_ADVANCED, .summary = "a JSON list of events"},           \
        {.name = "viewer",                                                                                             \
         .type = LB_P_TEXT,                                                                                            \
         .summary = "show the state to this person: the other's decisions appear only after their own"},               \
        {.name = "at", .type = LB_P_TEXT, .flags = LB_ADVANCED, .summary = "date and time written beside the entries"}, \
    {                                                                                                                  \
        .name = "save", .type = LB_P_TEXT, .flags = LB_OUTPUT, .summary = "write the review document here"             \
    }

static const lb_param screen_params[] = {
    {.name = "review", .type = LB_P_DOCUMENT, .flags = LB_POSITIONAL, .summary = "the review document (JSON); none begins one"},
    {.name = "ris", .type = LB_P_DOCUMENT, .summary = "references to add (RIS)"},
    {.name = "source", .type = LB_P_TEXT, .summary = "where they come from (default: the file's name)"},
    {.name = "title", .type = LB_P_TEXT, .summary = "title of a new review"},
    {.name = "form", .type = LB_P_DOCUMENT, .summary = "its question, fields to extract and reasons to exclude (YAML)"},
    {.name = "stage",
     .type = LB_P_CHOICE,
     .choices = "title,full_text",
     .preset = "title",
     .summary = "stage of decisions that do not name one"},
    {.name = "decisions", .type = LB_P_TABLE, .summary = "rows record, who, decision [, stage, reason, settle] (CSV)"},
    DOSSIER_PARAMS,
};

static const lb_param extract_params[] = {
    {.name = "review",
     .type = LB_P_DOCUMENT,
     .flags = LB_REQUIRED | LB_POSITIONAL,
     .summary = "the review document (JSON)"},
    {.name = "values",
     .type = LB_P_TABLE,
     .summary = "rows study, who, field, value [, settle, reason]; or a column for each field (CSV)"},
    DOSSIER_PARAMS,
};

const lb_op lb_op_meta_screen = {
    .area = "meta",
    .verb = "screen",
    .summary = "screen references by two people, with kappa and settlement",
    .description = "Keeps the conduct of a review in one document. References come from RIS; the same DOI, or the same title "
                   "and year, is a duplicate. Two people decide on titles and abstracts, then on full texts, without seeing "
                   "each other's decision; an excluded full text has a reason; a third person settles differences. Reports "
                   "where every reference stands, what is to settle, Cohen's kappa with its interval for each stage, and "
                   "the counts of the PRISMA flow. Decisions in the notes of an exported screening (Rayyan) are taken over.",
    .params = screen_params,
    .param_count = LB_COUNT(screen_params),
    .run = run_screen,
    .example = "lumbar meta screen --ris reference/evidence/screening.ris --title \"Exercise for low back pain\" --save review.json",
};

const lb_op lb_op_meta_extract = {
    .area = "meta",
    .verb = "extract",
    .summary = "extract data by two people, list and settle differences",
    .description = "Enters what two people read in the included reports, value by value, lists where they differ, and lets a "
                   "third person settle it with a reason. The table holds what two agree on or what was settled.",
    .params = extract_params,
    .param_count = LB_COUNT(extract_params),
    .run = run_extract,
    .example = "lumbar meta extract reference/evidence/dossier.json --values reference/evidence/extraction.csv",
};

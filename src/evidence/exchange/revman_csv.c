/* RevMan's tables: the CSV export of RevMan 5 (one table, a heading row per analysis), and the data package of RevMan Web
 * (settings and rows in tables of their own, references as RIS). Columns are found by their names. */
#include "evidence/exchange/revman.h"
#include "evidence/exchange/ris.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *text_at(const lb_table *table, const char *name, size_t row, lb_arena *arena)
{
    const lb_column *column = lb_table_find(table, name);
    char buffer[32];
    return column && !lb_column_missing(column, row) ? lb_arena_text(arena, lb_column_text(column, row, buffer)) : "";
}

static double number_at(const lb_table *table, const char *name, size_t row)
{
    const lb_column *column = lb_table_find(table, name);
    return column && column->type == LB_NUMBER ? column->number[row] : NAN;
}

static int read(const lb_bytes *bytes, lb_arena *arena, lb_table **out, lb_error *err)
{
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    options.text_columns = "Study,Name,Subgroup,Analysis name";
    return lb_csv_read(bytes, &options, arena, out, err);
}

static int need(const lb_table *table, const char *const *names, const char *what, lb_error *err)
{
    for (; *names; names++) {
        if (lb_table_find(table, *names)) continue;
        int code = lb_fail(err, LB_BAD_DATA, "%s has no column '%s'", what, *names);
        lb_error_hint(err, "is this an export of RevMan? other tables go to meta fit or meta effect");
        return code;
    }
    return 0;
}

/* Columns of counts or means under their names here; `give`: pairs from, to, ended by NULL. */
static void copy_numbers(const lb_table *table, size_t row, const char *const *give, lb_value *out)
{
    for (; give[0]; give += 2) lb_set_number(out, give[1], number_at(table, give[0], row));
}

static const char *kind_of(const char *type)
{
    if (strcmp(type, "DIC") == 0 || strcmp(type, "Dichotomous") == 0) return "counts";
    if (strcmp(type, "CON") == 0 || strcmp(type, "Continuous") == 0) return "means";
    return strcmp(type, "IPD") == 0 || strcmp(type, "O-E and Variance") == 0 ? "peto" : "given";
}

static lb_value *fill_analysis(lb_value *a, const char *id, const char *name, const char *type, const char *measure,
                               const char *method, const char *model)
{
    const char *kind = kind_of(type);
    lb_set_text(a, "id", id);
    lb_set_text(a, "name", name);
    lb_set_text(a, "kind", kind);
    lb_set_text(a, "measure", strcmp(kind, "given") == 0 ? "GEN" : lb_revman_measure(measure));
    lb_set_text(a, "method", *method ? method : "IV");
    lb_set_text(a, "model", lb_text_starts(model, "Random") ? "random" : "fixed");
    return a;
}

/* -- the CSV export of RevMan 5 ----------------------------------------------------------------------------------- */

static void export_row(const lb_table *t, size_t row, const char *kind, const char *subgroup, lb_arena *arena, lb_value *out)
{
    static const char *const counts[] = {"Events 1", "ai", "Total 1", "n1i", "Events 2", "ci", "Total 2", "n2i", NULL},
                             *const means[] = {"Mean 1", "m1i", "SD 1", "sd1i", "Total 1", "n1i",
                                               "Mean 2", "m2i", "SD 2", "sd2i", "Total 2", "n2i", NULL},
                             *const given[] = {"Effect Estimate", "yi", "SE", "sei", NULL};
    lb_set_text(out, "study", text_at(t, "Name", row, arena));
    lb_set_number(out, "year", number_at(t, "Year of study", row));
    lb_set_text(out, "subgroup", *subgroup ? subgroup : NULL);
    copy_numbers(t, row, strcmp(kind, "counts") == 0 ? counts : strcmp(kind, "means") == 0 ? means : given, out);
}

int lb_revman_csv(const lb_bytes *bytes, lb_revman *out, lb_error *err)
{
    static const char *const needed[] = {"Comparison Number", "Outcome Number", "Subgroup Number", "Name",
                                         "Data Type",         "Effect Measure", NULL};
    lb_table *t;
    int code = read(bytes, out->arena, &t, err);
    if (!code) code = need(t, needed, "the table", err);
    lb_value *analysis = NULL, *made;
    const char *comparison = "", *subgroup = "";
    double outcome = NAN;
    for (size_t row = 0; !code && row < t->rows; row++) {
        double no = number_at(t, "Outcome Number", row), in = number_at(t, "Comparison Number", row);
        const char *name = text_at(t, "Name", row, out->arena), *type = text_at(t, "Data Type", row, out->arena);
        if (no == 0) {
            comparison = name;
            continue;
        }
        if (*type) { /* a heading: of the analysis, or of a subgroup in it */
            if (number_at(t, "Subgroup Number", row) > 0 && no == outcome) {
                subgroup = name;
                continue;
            }
            code = lb_revman_analysis(out, &analysis, err);
            if (code) break;
            fill_analysis(analysis, lb_arena_printf(out->arena, "%g.%g", in, no), name, type,
                          text_at(t, "Effect Measure", row, out->arena), text_at(t, "Statistical Method", row, out->arena),
                          text_at(t, "Analysis Model", row, out->arena));
            lb_set_text(analysis, "comparison", comparison);
            lb_set_text(analysis, "label1", text_at(t, "Group Label 1", row, out->arena));
            lb_set_text(analysis, "label2", text_at(t, "Group Label 2", row, out->arena));
            outcome = no;
            subgroup = "";
            continue;
        }
        if (!analysis) {
            code = lb_fail(err, LB_BAD_DATA, "'%.80s' stands before the first outcome", name);
            lb_error_where(err, "row %zu", row + 1);
            break;
        }
        code = lb_revman_row(out, analysis, &made, err);
        if (!code) export_row(t, row, lb_get_text(analysis, "kind", ""), subgroup, out->arena, made);
    }
    return code;
}

/* -- RevMan Web --------------------------------------------------------------------------------------------------- */

static const lb_bytes *file_named(const lb_zip_file *file, size_t files, const char *end)
{
    for (size_t i = 0; i < files; i++) {
        if (lb_text_ends(file[i].name, end)) return &file[i].bytes;
    }
    return NULL;
}

static int read_settings(const lb_bytes *bytes, lb_revman *out, lb_error *err)
{
    static const char *const needed[] = {"Analysis group", "Analysis number", "Analysis name", "Data type", "Effect measure",
                                         NULL};
    lb_table *t;
    int code = read(bytes, out->arena, &t, err);
    if (!code) code = need(t, needed, "overall-estimates-and-settings.csv", err);
    for (size_t row = 0; !code && row < t->rows; row++) {
        lb_value *a;
        lb_arena *arena = out->arena;
        code = lb_revman_analysis(out, &a, err);
        if (code) break;
        fill_analysis(a,
                      lb_arena_printf(arena, "%g.%g", number_at(t, "Analysis group", row),
                                      number_at(t, "Analysis number", row)),
                      text_at(t, "Analysis name", row, arena), text_at(t, "Data type", row, arena),
                      text_at(t, "Effect measure", row, arena), text_at(t, "Statistical method", row, arena),
                      text_at(t, "Analysis model", row, arena));
        lb_set_text(a, "comparison", text_at(t, "Analysis group name", row, arena));
        lb_set_text(a, "label1", text_at(t, "Experimental group label", row, arena));
        lb_set_text(a, "label2", text_at(t, "Control group label", row, arena));
    }
    return code;
}

static int read_rows(const lb_bytes *bytes, lb_revman *out, lb_error *err)
{
    static const char *const needed[] = {"Analysis group", "Analysis number", "Study", NULL},
                             *const counts[] = {"Experimental cases", "ai", "Experimental N", "n1i", "Control cases", "ci",
                                                "Control N", "n2i", NULL},
                             *const means[] = {"Experimental mean", "m1i", "Experimental SD", "sd1i", "Experimental N", "n1i",
                                               "Control mean", "m2i", "Control SD", "sd2i", "Control N", "n2i", NULL},
                             *const given[] = {"GIV Mean", "yi", "GIV SE", "sei", NULL}, *const peto[] = {"O-E", "oe", "Variance", "v", NULL};
    lb_table *t;
    int code = read(bytes, out->arena, &t, err);
    if (!code) code = need(t, needed, "data-rows.csv", err);
    for (size_t row = 0; !code && row < t->rows; row++) {
        const char *id = lb_arena_printf(out->arena, "%g.%g", number_at(t, "Analysis group", row),
                                         number_at(t, "Analysis number", row));
        lb_value *analysis = NULL, *made;
        for (size_t i = 0; i < out->analyses->count; i++) {
            if (lb_text_equal(lb_get_text(out->analyses->item[i], "id", ""), id)) analysis = out->analyses->item[i];
        }
        if (!analysis) {
            code = lb_fail(err, LB_BAD_DATA, "a row belongs to analysis %s, which the settings do not have", id);
            lb_error_where(err, "data-rows.csv, row %zu", row + 1);
            return code;
        }
        code = lb_revman_row(out, analysis, &made, err);
        if (code) return code;
        const char *kind = lb_get_text(analysis, "kind", ""), *subgroup = text_at(t, "Subgroup", row, out->arena);
        lb_set_text(made, "study", text_at(t, "Study", row, out->arena));
        lb_set_number(made, "year", number_at(t, "Study year", row));
        lb_set_text(made, "subgroup", *subgroup ? subgroup : NULL);
        copy_numbers(t, row,
                     strcmp(kind, "counts") == 0  ? counts
                     : strcmp(kind, "means") == 0 ? means
                     : strcmp(kind, "peto") == 0  ? peto
                                                  : given,
                     made);
    }
    return code;
}

/* "Domain (judgement): Allocation concealment?" */
static int read_risk(const lb_bytes *bytes, lb_revman *out, lb_error *err)
{
    static const char start[] = "Domain (judgement): ";
    lb_table *t;
    int code = read(bytes, out->arena, &t, err);
    for (size_t row = 0; !code && row < t->rows; row++) {
        lb_value *risk = lb_push_object(out->risk);
        lb_set_text(risk, "study", text_at(t, "Study", row, out->arena));
        for (size_t c = 0; c < t->columns; c++) {
            const char *name = t->column[c].name;
            if (lb_text_starts(name, start)) lb_set_text(risk, name + sizeof start - 1, text_at(t, name, row, out->arena));
        }
    }
    return code;
}

int lb_revman_web(const lb_zip_file *file, size_t files, lb_revman *out, lb_error *err)
{
    const lb_bytes *settings = file_named(file, files, "overall-estimates-and-settings.csv"),
                   *rows = file_named(file, files, "data-rows.csv"), *risk = file_named(file, files, "risk-of-bias.csv"),
                   *ris = file_named(file, files, "included.ris");
    if (!settings || !rows) {
        int code = lb_fail(err, LB_BAD_DATA, "the archive holds no %s",
                           settings ? "data-rows.csv" : "overall-estimates-and-settings.csv");
        lb_error_hint(err, "export 'analysis data' from RevMan Web as one zip");
        return code;
    }
    int code = read_settings(settings, out, err);
    if (!code) code = read_rows(rows, out, err);
    if (!code && risk) code = read_risk(risk, out, err);
    if (!code && ris) code = lb_ris_read(ris, out->arena, &out->references, err);
    return code;
}

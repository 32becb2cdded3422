/* Which of RevMan's formats a file is in, and what the three readers share. */
#include "evidence/exchange/revman.h"

#include <string.h>

int lb_revman_analysis(lb_revman *out, lb_value **analysis, lb_error *err)
{
    if (out->analyses->count >= LB_REVMAN_MOST_ANALYSES)
        return lb_fail(err, LB_TOO_LARGE, "more than %d analyses are too many", LB_REVMAN_MOST_ANALYSES);
    *analysis = lb_push_object(out->analyses);
    return 0;
}

int lb_revman_row(lb_revman *out, lb_value *analysis, lb_value **row, lb_error *err)
{
    if (++out->rows > LB_REVMAN_MOST_ROWS)
        return lb_fail(err, LB_TOO_LARGE, "more than %d rows of data are too many", LB_REVMAN_MOST_ROWS);
    lb_value *rows = lb_get(analysis, "rows");
    *row = lb_push_object(rows ? rows : lb_set_array(analysis, "rows"));
    return 0;
}

const char *lb_revman_measure(const char *words)
{
    static const char *const known[][2] = {
        {"OR", "OR"},         {"RR", "RR"},           {"RD", "RD"},
        {"MD", "MD"},         {"WMD", "MD"},          {"SMD", "SMD"},
        {"PETO_OR", "OR"},    {"Odds Ratio", "OR"},   {"Risk Ratio", "RR"},
        {"Peto Odds Ratio", "OR"},  {"Risk Difference", "RD"}, {"Mean Difference", "MD"},
        {"Standardized Mean Difference", "SMD"}, {"Standardised Mean Difference", "SMD"}, {"Std. Mean Difference", "SMD"},
        {"Std Mean Difference", "SMD"}};
    for (size_t i = 0; i < LB_COUNT(known); i++) {
        if (words && strcmp(known[i][0], words) == 0) return known[i][1];
    }
    return "GEN";
}

int lb_revman_read(const lb_bytes *bytes, lb_arena *arena, lb_revman *out, lb_error *err)
{
    *out = (lb_revman){.arena = arena, .analyses = lb_value_array(arena), .risk = lb_value_array(arena)};
    int code;
    if (lb_zip_is(bytes)) {
        lb_zip_file *file;
        size_t files;
        out->format = "web";
        code = lb_zip_read(bytes, arena, &file, &files, err);
        if (!code) code = lb_revman_web(file, files, out, err);
    } else if (bytes->length && memchr("<\xef", bytes->data[0], 2) && memmem(bytes->data, bytes->length < 4096 ? bytes->length : 4096, "<COCHRANE_REVIEW", 16)) {
        out->format = "rm5";
        code = lb_revman_rm5(bytes, out, err);
    } else {
        out->format = "csv";
        code = lb_revman_csv(bytes, out, err);
    }
    if (code) return code;
    if (out->analyses->count == 0) {
        code = lb_fail(err, LB_BAD_DATA, "'%.100s' holds no analyses", bytes->name ? bytes->name : "the file");
        lb_error_hint(err, "give RevMan 5 (.rm5), its CSV export, or the data package of RevMan Web (.zip)");
    }
    return code;
}

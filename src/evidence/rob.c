/* Judgements of risk of bias as a traffic-light table with summary bars. Symbols and a colour-blind safe set
 * of colours (Okabe & Ito) say the same, so that neither is needed alone. */
#include "evidence/forest_draw.h"
#include "evidence/rob.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MOST_STUDIES = 300, MOST_DOMAINS = LB_ROB_MOST_DOMAINS, LEVELS = LB_ROB_LEVELS, MOST_LINES = 3 };
#define ROW 16.
#define CELL 26.
static const char ink[] = "#222222";

const lb_rob_level lb_rob_levels[LB_ROB_LEVELS] = {
    {"low", "+", "#009e73", "low", "低"},
    {"some", "\xe2\x88\x92", "#f0e442", "some concerns, moderate or unclear", "有一定担忧、中等或不清楚"},
    {"high", "\xc3\x97", "#d55e00", "high or serious", "高或严重"},
    {"critical", "!", "#7a2e00", "critical", "极其严重"},
    {"none", "?", "#c4cbd3", "no information", "无信息"}};

int lb_rob_level_of(const char *text)
{
    static const struct {
        const char *start;
        int level;
    } words[] = {{"low", 0},     {"some", 1},      {"moderate", 1}, {"unclear", 1}, {"high", 2},
                 {"serious", 2}, {"very high", 2}, {"critical", 3}, {"no info", 4}, {"no_info", 4},
                 {"not app", 4}, {"lr", 0},        {"sc", 1},       {"hr", 2}};
    for (size_t i = 0; i < LB_COUNT(words); i++) {
        if (strncasecmp(text, words[i].start, strlen(words[i].start)) == 0) return words[i].level;
    }
    return !*text || strcasecmp(text, "ni") == 0 ? 4 : -1;
}

void lb_rob_draw(lb_svg *svg, double x, double y, double radius, int level)
{
    lb_svg_circle(svg, x, y, radius, lb_rob_levels[level].colour, ink, .5);
    lb_svg_text(svg, x, y + radius / 2, 1.5 * radius, LB_MIDDLE, "bold", level == 3 ? "#ffffff" : ink, lb_rob_levels[level].symbol);
}

typedef lb_rob_table judgements;

static bool is_domain(const lb_column *column, const lb_column *study, const lb_column *weight)
{
    if (column == study || column == weight || column->type != LB_TEXT) return false;
    for (size_t i = 0; i < column->level_count; i++) {
        if (lb_rob_level_of(column->level[i]) < 0) return false;
    }
    return column->level_count > 0;
}

/* Names from R have dots for spaces. */
static const char *readable(lb_arena *arena, const char *name)
{
    char *out = lb_arena_text(arena, name);
    for (char *at = out; *at; at++) {
        if (*at == '.' || *at == '_') *at = ' ';
    }
    return out;
}

int lb_rob_read(const lb_table *table, const lb_column *weight, lb_arena *arena, lb_rob_table *j, lb_error *err)
{
    const lb_column *column[MOST_DOMAINS];
    char buffer[32];
    int code;
    *j = (lb_rob_table){0};
    if (table->rows == 0 || table->rows > MOST_STUDIES)
        return lb_fail(err, table->rows ? LB_TOO_LARGE : LB_BAD_DATA,
                       "%zu studies: a traffic-light table shows 1 to %d", table->rows, MOST_STUDIES);
    const lb_column *study = &table->column[0];
    for (size_t c = 0; c < table->columns && j->domains < MOST_DOMAINS; c++) {
        if (!is_domain(&table->column[c], study, weight)) continue;
        column[j->domains] = &table->column[c];
        j->domain[j->domains++] = readable(arena, table->column[c].name);
    }
    if (j->domains == 0) {
        code = lb_fail(err, LB_BAD_DATA, "no column holds judgements of risk of bias");
        lb_error_hint(err, "write low, some concerns, high, serious, critical, unclear or no information");
        return code;
    }
    j->overall = strcasecmp(j->domain[j->domains - 1], "overall") == 0;
    j->studies = table->rows;
    j->study = lb_arena_array(arena, table->rows, sizeof *j->study);
    j->level = lb_arena_array(arena, table->rows, sizeof *j->level);
    j->weight = lb_arena_array(arena, table->rows, sizeof *j->weight);
    for (size_t i = 0; i < table->rows; i++) {
        j->study[i] = lb_arena_text(arena, lb_column_text(study, i, buffer));
        j->weight[i] = weight ? weight->number[i] : 1;
        if (!(j->weight[i] >= 0) || !isfinite(j->weight[i])) {
            code = lb_fail(err, LB_BAD_DATA, "the weight of '%.80s' is no number above 0", j->study[i]);
            lb_error_where(err, "row %zu", i + 1);
            return code;
        }
        for (size_t d = 0; d < j->domains; d++) j->level[i][d] = lb_rob_level_of(lb_column_text(column[d], i, buffer));
    }
    return 0;
}

/* A name on as many lines as it needs, and the height of its row. */
typedef struct named_row {
    const char *line[MOST_LINES];
    size_t lines;
    double height;
} named_row;

#define NAME_SIZE 8.
#define LEADING 9.5

static named_row *wrap_names(const char *const *name, size_t count, double width, lb_arena *arena, double *total)
{
    named_row *row = lb_arena_array(arena, count + 1, sizeof *row);
    *total = 0;
    for (size_t i = 0; i < count; i++) {
        row[i].lines = lb_forest_wrap(name[i], NAME_SIZE, false, width, MOST_LINES, row[i].line, arena);
        row[i].height = fmax(ROW, 6 + LEADING * (double)row[i].lines);
        *total += row[i].height;
    }
    return row;
}

/* Ends at `right`; the lines together are centred on `middle`. */
static void draw_name(lb_svg *svg, const named_row *row, double right, double middle, const char *style)
{
    double y = middle + 2.8 - LEADING * ((double)row->lines - 1) / 2;
    for (size_t i = 0; i < row->lines; i++, y += LEADING) lb_svg_text(svg, right, y, NAME_SIZE, LB_END, style, ink, row->line[i]);
}

static double name_width(const judgements *j)
{
    double width = 60;
    for (size_t i = 0; i < j->studies; i++) width = fmax(width, lb_svg_text_width(j->study[i], NAME_SIZE, false));
    for (size_t d = 0; d < j->domains; d++) width = fmax(width, lb_svg_text_width(j->domain[d], NAME_SIZE, true));
    return fmin(width, 220);
}

static void draw_lights(lb_svg *svg, const judgements *j, const named_row *name, double left, double top, double height)
{
    char text[32];
    for (size_t d = 0; d < j->domains; d++) {
        double x = left + CELL * ((double)d + .5);
        bool overall = j->overall && d + 1 == j->domains;
        if (overall) lb_svg_rect(svg, x - CELL / 2, top - 14, CELL, 14 + height, "#eef1f4", NULL, 0);
        snprintf(text, sizeof text, "D%zu", d + 1);
        lb_svg_text(svg, x, top - 4, 8, LB_MIDDLE, "bold", ink, overall ? "All" : text);
    }
    double y = top;
    for (size_t i = 0; i < j->studies; i++) {
        double middle = y + name[i].height / 2;
        y += name[i].height;
        draw_name(svg, &name[i], left - 6, middle, "");
        lb_svg_line(svg, 6, y, left + CELL * (double)j->domains, y, "#dddddd", .4, NULL);
        for (size_t d = 0; d < j->domains; d++) lb_rob_draw(svg, left + CELL * ((double)d + .5), middle, 6, j->level[i][d]);
    }
}

/* Shares of the judgements per domain, weighted. */
static void draw_bars(lb_svg *svg, const judgements *j, const named_row *name, double left, double top, double width, lb_value *rows)
{
    for (size_t d = 0; d < j->domains; d++) {
        double share[LEVELS] = {0}, total = 0, x = left, y = top + (name[d].height - ROW) / 2;
        top += name[d].height;
        for (size_t i = 0; i < j->studies; i++) {
            share[j->level[i][d]] += j->weight[i];
            total += j->weight[i];
        }
        bool overall = j->overall && d + 1 == j->domains;
        draw_name(svg, &name[d], left - 6, y + ROW / 2, overall ? "bold" : "");
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "domain", j->domain[d]);
        for (int level = 0; level < LEVELS; level++) {
            double part = total > 0 ? share[level] / total : 0;
            lb_set_number(row, lb_rob_levels[level].name, 100 * part);
            if (part <= 0) continue;
            lb_svg_rect(svg, x, y + 2, width * part, ROW - 4, lb_rob_levels[level].colour, ink, .4);
            if (width * part > 10)
                lb_svg_text(svg, x + width * part / 2, y + 11, 8, LB_MIDDLE, "bold", level == 3 ? "#ffffff" : ink,
                            lb_rob_levels[level].symbol);
            x += width * part;
        }
    }
}

static size_t levels_used(const judgements *j)
{
    bool used[LEVELS] = {false};
    size_t count = 0;
    for (size_t i = 0; i < j->studies; i++)
        for (size_t d = 0; d < j->domains; d++) used[j->level[i][d]] = true;
    for (int level = 0; level < LEVELS; level++) count += used[level];
    return count;
}

static void draw_key(lb_svg *svg, const judgements *j, double x, double y)
{
    bool used[LEVELS] = {false};
    for (size_t i = 0; i < j->studies; i++) {
        for (size_t d = 0; d < j->domains; d++) used[j->level[i][d]] = true;
    }
    for (int level = 0; level < LEVELS; level++) {
        if (!used[level]) continue;
        lb_rob_draw(svg, x + 5, y - 2.6, 5, level);
        lb_svg_text(svg, x + 14, y, 7.5, LB_START, "", ink, lb_rob_levels[level].words);
        y += 13;
    }
}

const char *lb_rob_picture(const lb_rob_table *j, lb_value *rows, lb_arena *arena)
{
    double names = name_width(j), left = names + 12, wide = fmax(CELL * (double)j->domains, 190), lights, shares;
    named_row *study = wrap_names(j->study, j->studies, names, arena, &lights), *domain = wrap_names(j->domain, j->domains, names, arena, &shares);
    double top = 24, bars = top + lights + 18, key = bars + shares + 16;
    size_t used = levels_used(j);
    lb_svg *svg = lb_svg_new(arena, left + wide + 10, key + 13 * (double)used - 4, "Risk of bias",
                             lb_arena_printf(arena, "Judgements of %zu studies in %zu domains.", j->studies, j->domains));
    draw_lights(svg, j, study, left, top, lights);
    draw_bars(svg, j, domain, left, bars, wide, rows);
    draw_key(svg, j, left, key);
    return lb_svg_finish(svg);
}

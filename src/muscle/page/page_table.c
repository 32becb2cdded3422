/* The table of the page: every muscle of every reader with volume, areas and fat by each method; by level when levels are
 * known; the notes without which the numbers cannot be read; where the radiologist signs. */
#include <math.h>
#include <string.h>

#include "muscle/page/page.h"

enum { ROW = 11, SMALL = 7, NOTES = 4, FOOT = 62, MOST_METHODS = 7, MOST_LEVELS = 6, NAME_WIDTH = 150, LINE = 140 /* letters of a note's line */ };

typedef struct method_word {
    const char *key, *word;
} method_word;
static const method_word methods[MOST_METHODS] = {{"fat_fraction_dixon_mean", "Dixon mean"}, {"fat_fraction_dixon_ratio", "Dixon ratio"},
                                                  {"fat_fraction_otsu", "Otsu"},             {"fat_fraction_gmm2", "mixture 2"},
                                                  {"fat_fraction_gmm3", "mixture 3"},        {"fat_fraction_kmeans2", "k-means 2"},
                                                  {"fat_fraction_kmeans3", "k-means 3"}};
static const char ink[] = "#222222", grey[] = "#666666";

static bool is_whole(const lb_value *row)
{
    return lb_get_int(row, "slice", -1) < 0 && !lb_get_text(row, "level", NULL);
}

size_t lb_page_whole(const lb_page_reading *reading, const lb_value **row, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; reading->rows && i < reading->rows->count; i++)
        if (is_whole(reading->rows->item[i]) && count++ < most) row[count - 1] = reading->rows->item[i];
    return count;
}

static const lb_value *of_level(const lb_page_reading *reading, int64_t label, const char *level)
{
    for (size_t i = 0; i < reading->rows->count; i++) {
        const lb_value *row = reading->rows->item[i];
        if (lb_get_int(row, "slice", -1) < 0 && lb_get_int(row, "label", 0) == label && lb_text_equal(lb_get_text(row, "level", NULL), level)) return row;
    }
    return NULL;
}

static size_t rows_of(const lb_page *page)
{
    const lb_value *row[LB_PAGE_ROWS];
    size_t count = 0;
    for (size_t r = 0; r < page->readings; r++) count += lb_page_whole(&page->reading[r], row, LB_PAGE_ROWS);
    return count;
}

static size_t levels_of(const lb_page *page)
{
    size_t levels = page->reading[0].names.levels;
    return levels > MOST_LEVELS ? 0 : levels;
}

/* Warnings in lines that fit the page; `y` NULL: only counted. */
static size_t warning_lines(const lb_page *page, double *y)
{
    size_t lines = 0;
    for (size_t i = 0; page->warnings && i < page->warnings->count; i++) {
        const char *text = lb_arena_printf(page->arena, "Warning: %s", page->warnings->item[i]->text);
        while (*text) {
            size_t length = strlen(text), cut = length;
            if (length > LINE)
                for (cut = LINE; cut > LINE / 2 && text[cut] != ' ';) cut--;
            while (cut < length && ((unsigned char)text[cut] & 0xC0) == 0x80) cut--; /* never inside a letter */
            if (y) {
                lb_svg_text(page->svg, LB_PAGE_LEFT, *y, SMALL, LB_START, "bold", ink, lb_arena_textn(page->arena, text, cut));
                *y += SMALL + 2.5;
            }
            text += cut;
            while (*text == ' ') text++;
            lines++;
        }
    }
    return lines;
}

double lb_page_table_height(const lb_page *page)
{
    double rows = (double)rows_of(page);
    return 16 + (rows + 2.2) * ROW + (levels_of(page) ? (rows + 2.2) * ROW + 12 : 0) + (NOTES + (double)page->readings + (double)warning_lines(page, NULL)) * (SMALL + 2.5) + FOOT;
}

static void number(const lb_page *page, double x, double y, double value, int digits)
{
    char text[64];
    lb_svg_text(page->svg, x, y, 8, LB_END, "", ink, isfinite(value) ? lb_svg_number(value, digits, text) : "–");
}

static void rule(const lb_page *page, double y, double width)
{
    lb_svg_line(page->svg, LB_PAGE_LEFT, y, LB_PAGE_RIGHT, y, ink, width, NULL);
}

static const char *name_of(const lb_page *page, size_t reading, const lb_value *row)
{
    const char *side = lb_get_text(row, "side", NULL), *reader = page->reading[reading].reader;
    return lb_arena_printf(page->arena, "%s%s%s%s%s", side ? side : "", side ? " " : "", lb_get_text(row, "muscle", "?"), reader ? " · reader " : "",
                           reader ? reader : "");
}

static void draw_name(const lb_page *page, size_t reading, const lb_value *row, double y)
{
    lb_svg_line(page->svg, LB_PAGE_LEFT, y - 2.8, LB_PAGE_LEFT + 15, y - 2.8, lb_page_colour(page, lb_get_text(row, "muscle", NULL)), 2, lb_page_dash(reading));
    lb_svg_text(page->svg, LB_PAGE_LEFT + 19, y, 8, LB_START, "", ink, name_of(page, reading, row));
}

/* Methods that the rows have. */
static size_t find_methods(const lb_page *page, const method_word *found[MOST_METHODS])
{
    const lb_value *row[LB_PAGE_ROWS];
    size_t count = 0;
    if (lb_page_whole(&page->reading[0], row, LB_PAGE_ROWS) == 0) return 0;
    for (size_t m = 0; m < MOST_METHODS; m++)
        if (lb_get(row[0], methods[m].key)) found[count++] = &methods[m];
    return count;
}

static void head(const lb_page *page, double x, double y, const char *word, const char *unit)
{
    lb_svg_text(page->svg, x, y, 7.5, LB_END, "bold", ink, word);
    lb_svg_text(page->svg, x, y + 9, 7, LB_END, "", grey, unit);
}

static double draw_whole(const lb_page *page, double y)
{
    const method_word *method[MOST_METHODS];
    const lb_value *row[LB_PAGE_ROWS];
    size_t count = find_methods(page, method);
    double first = LB_PAGE_LEFT + NAME_WIDTH, step = (LB_PAGE_RIGHT - first) / (double)(3 + count);
    static const char *const word[] = {"Volume", "Area", "Lean area"}, *const unit[] = {"ml", "cm²", "cm²"};
    rule(page, y, 0.9);
    lb_svg_text(page->svg, LB_PAGE_LEFT, y + 10, 7.5, LB_START, "bold", ink, "Whole muscle");
    for (size_t c = 0; c < 3; c++) head(page, first + step * (double)(c + 1), y + 10, word[c], unit[c]);
    for (size_t m = 0; m < count; m++) head(page, first + step * (double)(m + 4), y + 10, method[m]->word, "fat, %");
    rule(page, y + 2.2 * ROW, 0.5);
    y += 3.1 * ROW;
    for (size_t r = 0; r < page->readings; r++) {
        size_t rows = lb_page_whole(&page->reading[r], row, LB_PAGE_ROWS);
        for (size_t i = 0; i < rows; i++, y += ROW) {
            draw_name(page, r, row[i], y);
            number(page, first + step, y, lb_get_number(row[i], "volume_ml", NAN), 1);
            number(page, first + 2 * step, y, lb_get_number(row[i], "csa_mm2", NAN) / 100, 2);
            number(page, first + 3 * step, y, lb_get_number(row[i], "functional_csa_mm2", NAN) / 100, 2);
            for (size_t m = 0; m < count; m++) number(page, first + step * (double)(m + 4), y, 100 * lb_get_number(row[i], method[m]->key, NAN), 1);
        }
    }
    y -= 0.6 * ROW;
    rule(page, y, 0.9);
    return y + 12;
}

static double draw_levels(const lb_page *page, double y)
{
    const method_word *method[MOST_METHODS];
    const lb_value *row[LB_PAGE_ROWS];
    const lb_names *names = &page->reading[0].names;
    size_t levels = levels_of(page), count = find_methods(page, method);
    if (levels == 0 || count == 0) return y;
    double first = LB_PAGE_LEFT + NAME_WIDTH, step = (LB_PAGE_RIGHT - first) / (double)levels;
    rule(page, y, 0.9);
    lb_svg_text(page->svg, LB_PAGE_LEFT, y + 10, 7.5, LB_START, "bold", ink, "By level");
    lb_svg_text(page->svg, LB_PAGE_LEFT, y + 19, 7, LB_START, "", grey, lb_arena_printf(page->arena, "area, cm² · fat, %% (%s)", method[0]->word));
    for (size_t l = 0; l < levels; l++)
        head(page, first + step * (double)(l + 1), y + 10, names->level[l].level,
             lb_arena_printf(page->arena, "slices %lld–%lld", (long long)names->level[l].first, (long long)names->level[l].last));
    rule(page, y + 2.2 * ROW, 0.5);
    y += 3.1 * ROW;
    for (size_t r = 0; r < page->readings; r++) {
        size_t rows = lb_page_whole(&page->reading[r], row, LB_PAGE_ROWS);
        for (size_t i = 0; i < rows; i++, y += ROW) {
            draw_name(page, r, row[i], y);
            for (size_t l = 0; l < levels; l++) {
                char area[64], fat[64];
                const lb_value *at = of_level(&page->reading[r], lb_get_int(row[i], "label", 0), names->level[l].level);
                const char *text = at ? lb_arena_printf(page->arena, "%s · %s", lb_svg_number(lb_get_number(at, "csa_mm2", NAN) / 100, 2, area),
                                                        lb_svg_number(100 * lb_get_number(at, method[0]->key, NAN), 1, fat))
                                      : "–";
                lb_svg_text(page->svg, first + step * (double)(l + 1), y, 8, LB_END, "", ink, text);
            }
        }
    }
    y -= 0.6 * ROW;
    rule(page, y, 0.9);
    return y + 6;
}

/* "multifidus 3.1 % (right larger)" for each pair of sides. */
static const char *asymmetry(const lb_page *page, size_t reading)
{
    const lb_value *row[LB_PAGE_ROWS];
    size_t rows = lb_page_whole(&page->reading[reading], row, LB_PAGE_ROWS);
    const char *text = "";
    for (size_t a = 0; a < rows; a++)
        for (size_t b = 0; b < rows; b++) {
            char number_text[64];
            if (!lb_text_equal(lb_get_text(row[a], "side", NULL), "right") || !lb_text_equal(lb_get_text(row[b], "side", NULL), "left") ||
                !lb_text_equal(lb_get_text(row[a], "muscle", NULL), lb_get_text(row[b], "muscle", "")))
                continue;
            double r = lb_get_number(row[a], "volume_ml", NAN), l = lb_get_number(row[b], "volume_ml", NAN);
            text = lb_arena_printf(page->arena, "%s%s%s %s %%%s", text, *text ? "; " : "", lb_get_text(row[a], "muscle", ""),
                                   lb_svg_number(100 * fabs(r - l) / fmax(r, l), 1, number_text), r > l ? " (right larger)" : r < l ? " (left larger)" : "");
        }
    return text;
}

static double note(const lb_page *page, double y, const char *text)
{
    if (*text) lb_svg_text(page->svg, LB_PAGE_LEFT, y, SMALL, LB_START, "", grey, text);
    return *text ? y + SMALL + 2.5 : y;
}

static double draw_notes(const lb_page *page, double y)
{
    const method_word *method[MOST_METHODS];
    const char *files = "";
    (void)warning_lines(page, &y);
    if (find_methods(page, method) > 0)
        y = note(page, y, lb_arena_printf(page->arena, "Area: mean over the slices that hold the muscle. Lean area = area × (1 − fat by %s). Slices count from 0.", method[0]->word));
    y = note(page, y, lb_arena_printf(page->arena, "Shown: %s%s. Fat fractions of different methods are not interchangeable.", page->image_word,
                                      page->readings > 1 ? "; contours of reader 1 solid, of reader 2 dashed" : ""));
    for (size_t r = 0; r < page->readings; r++) {
        const char *text = asymmetry(page, r);
        if (*text) y = note(page, y, lb_arena_printf(page->arena, "Difference of sides in volume%s%s: %s.", page->reading[r].reader ? ", reader " : "",
                                                     page->reading[r].reader ? page->reading[r].reader : "", text));
    }
    for (size_t i = 0; page->inputs && i < page->inputs->count; i++) {
        const lb_value *file = page->inputs->item[i];
        const char *sha256 = lb_get_text(file, "sha256", NULL);
        if (sha256) files = lb_arena_printf(page->arena, "%s · %s %.12s", files, lb_get_text(file, "parameter", ""), sha256);
    }
    return note(page, y, lb_arena_printf(page->arena, "Lumbar %s · SHA-256 of the files%s", lb_version(), files));
}

static void draw_signature(const lb_page *page)
{
    double y = LB_PAGE_HEIGHT - 40;
    if (page->signing) {
        lb_svg_text(page->svg, LB_PAGE_LEFT, y, 8.5, LB_START, "", ink, page->signing);
        return;
    }
    static const char *const word[] = {"Radiologist", "Signature", "Date"};
    static const double from[] = {LB_PAGE_LEFT, 232, 452}, to[] = {212, 432, LB_PAGE_RIGHT};
    for (int i = 0; i < 3; i++) {
        lb_svg_line(page->svg, from[i], y, to[i], y, ink, 0.6, NULL);
        lb_svg_text(page->svg, from[i], y + 10, 7.5, LB_START, "", grey, word[i]);
    }
}

void lb_page_table(const lb_page *page, double top)
{
    double y = draw_whole(page, top);
    y = draw_levels(page, y);
    draw_notes(page, y + 4);
    draw_signature(page);
}

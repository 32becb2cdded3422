/* The flow of a review from records to studies, as PRISMA 2020 draws it (Page et al. 2021, doi:10.1136/bmj.n71), with the
 * second column for other sources when there are any. */
#include "evidence/dossier/prisma.h"

#include "evidence/forest_draw.h"

#include <math.h>
#include <string.h>

#define SIZE 8.
#define LINE 10.5
#define PAD 7.
enum { MOST_LINES = 40 };
static const char ink[] = "#1a1a1a";

/* -- counts ------------------------------------------------------------------------------------------------------- */

static double get(const lb_value *flow, const char *key) { return lb_get_number(flow, key, NAN); }

static double or_zero(const lb_value *flow, const char *key) { return lb_get_number(flow, key, 0); }

static double sum_reasons(const lb_value *list)
{
    double sum = 0;
    for (size_t i = 0; list && list->type == LB_ARRAY && i < list->count; i++) sum += lb_get_number(list->item[i], "n", 0);
    return sum;
}

/* key = value, when it is not given; when it is given and differs, that is said. */
static void follows(lb_value *flow, lb_result *result, const char *key, double value, const char *why)
{
    double given = get(flow, key);
    if (isnan(value) || value < 0) {
        if (value < 0) lb_result_warn(result, "%s would be %g: %s", key, value, why);
        return;
    }
    if (isnan(given))
        lb_set_int(flow, key, (int64_t)value);
    else if (given != value)
        lb_result_warn(result, "%s is %g, but %g follows: %s", key, given, value, why);
}

void lb_prisma_complete(lb_value *flow, lb_result *result)
{
    bool open = lb_get_int(flow, "open", 0) > 0; /* a review under way: what is not yet decided is missing below */
    double removed = or_zero(flow, "duplicates") + or_zero(flow, "automation") + or_zero(flow, "other_removed"),
           found = get(flow, "databases") + or_zero(flow, "registers");
    if (!open || isnan(get(flow, "screened")))
        follows(flow, result, "screened", found - removed, "records found, less those removed before screening");
    if (!open || isnan(get(flow, "sought")))
        follows(flow, result, "sought", get(flow, "screened") - get(flow, "excluded"), "records screened, less those excluded");
    if (!open || isnan(get(flow, "assessed")))
        follows(flow, result, "assessed", get(flow, "sought") - or_zero(flow, "not_retrieved"),
                "reports sought, less those not retrieved");
    const lb_value *reasons = lb_get(flow, "excluded_reports"), *others = lb_get(flow, "other_excluded");
    double other = get(flow, "websites");
    if (isnan(other)) other = get(flow, "organisations");
    if (isnan(other)) other = get(flow, "citations");
    double other_in = 0;
    if (!isnan(other)) {
        double all = or_zero(flow, "websites") + or_zero(flow, "organisations") + or_zero(flow, "citations");
        follows(flow, result, "other_sought", all, "records of other sources");
        follows(flow, result, "other_assessed", get(flow, "other_sought") - or_zero(flow, "other_not_retrieved"),
                "reports sought from other sources, less those not retrieved");
        other_in = get(flow, "other_assessed") - sum_reasons(others);
    }
    if (reasons && !open) {
        double in = get(flow, "assessed") - sum_reasons(reasons) + other_in;
        follows(flow, result, "included_reports", in, "reports assessed, less those excluded");
    }
    double studies = get(flow, "included_studies"), reports = get(flow, "included_reports");
    if (studies > reports)
        lb_result_warn(result, "%g studies are included from %g reports: a study has at least one", studies, reports);
}

/* -- words -------------------------------------------------------------------------------------------------------- */

typedef enum word {
    W_DATABASES_HEAD, W_OTHER_HEAD, W_IDENTIFICATION, W_SCREENING, W_INCLUDED, W_IDENTIFIED, W_DATABASES, W_REGISTERS,
    W_REMOVED, W_DUPLICATES, W_AUTOMATION, W_OTHER_REMOVED, W_SCREENED, W_EXCLUDED, W_SOUGHT, W_NOT_RETRIEVED, W_ASSESSED,
    W_REPORTS_EXCLUDED, W_STUDIES, W_REPORTS, W_OTHER_IDENTIFIED, W_WEBSITES, W_ORGANISATIONS, W_CITATIONS, WORDS
} word;

static const char *const words[2][WORDS] = {
    {"Identification of studies via databases and registers", "Identification of studies via other methods",
     "Identification", "Screening", "Included", "Records identified from:", "Databases", "Registers",
     "Records removed before screening:", "Duplicate records", "Marked as ineligible by automation tools",
     "Removed for other reasons", "Records screened", "Records excluded", "Reports sought for retrieval",
     "Reports not retrieved", "Reports assessed for eligibility", "Reports excluded:", "Studies included in review",
     "Reports of included studies", "Records identified from:", "Websites", "Organisations", "Citation searching"},
    {"通过数据库和注册库检索研究", "通过其他途径检索研究", "识别", "筛选", "纳入", "识别的记录来源:", "数据库", "注册库",
     "筛选前剔除的记录:", "重复记录", "自动化工具判定不合格", "因其他原因剔除", "筛选的记录", "排除的记录", "拟获取全文的报告",
     "未能获取的报告", "评估合格性的报告", "排除的报告:", "纳入综述的研究", "纳入研究的报告", "识别的记录来源:", "网站", "机构",
     "引文检索"}};

/* -- boxes -------------------------------------------------------------------------------------------------------- */

typedef struct box {
    double x, y, width, height;
    const char *line[MOST_LINES];
    bool indented[MOST_LINES];
    size_t lines;
} box;

typedef struct drawing {
    const lb_value *flow;
    lb_arena *arena;
    const char *const *word;
    lb_svg *svg;
} drawing;

static void add_line(const drawing *d, box *b, bool indent, const char *text)
{
    const char *part[LB_FOREST_LINES];
    size_t parts = lb_forest_wrap(text, SIZE, false, b->width - 2 * PAD - (indent ? 10 : 0), LB_FOREST_LINES, part, d->arena);
    for (size_t i = 0; i < parts && b->lines < MOST_LINES; i++) {
        b->indented[b->lines] = indent;
        b->line[b->lines++] = part[i];
    }
}

static void add_count(const drawing *d, box *b, bool indent, const char *label, const char *key)
{
    double n = get(d->flow, key);
    if (isnan(n)) return;
    add_line(d, b, indent, lb_arena_printf(d->arena, "%s (n\xc2\xa0=\xc2\xa0%.0f)", label, n));
}

static void add_reasons(const drawing *d, box *b, const lb_value *list)
{
    for (size_t i = 0; list && list->type == LB_ARRAY && i < list->count; i++)
        add_line(d, b, true, lb_arena_printf(d->arena, "%s (n\xc2\xa0=\xc2\xa0%.0f)", lb_get_text(list->item[i], "reason", "?"),
                                             lb_get_number(list->item[i], "n", 0)));
}

static void finish(box *b) { b->height = 2 * PAD + LINE * (double)b->lines - 2; }

static void draw_box(const drawing *d, const box *b)
{
    if (!b->lines) return;
    lb_svg_rect(d->svg, b->x, b->y, b->width, b->height, "#ffffff", ink, .8);
    for (size_t i = 0; i < b->lines; i++)
        lb_svg_text(d->svg, b->x + PAD + (b->indented[i] ? 10 : 0), b->y + PAD + 7 + LINE * (double)i, SIZE, LB_START, "", ink,
                    b->line[i]);
}

static void draw_arrow(const drawing *d, double x1, double y1, double x2, double y2)
{
    double dx = x2 - x1, dy = y2 - y1, length = hypot(dx, dy);
    if (!(length > 0)) return;
    dx /= length, dy /= length;
    lb_svg_line(d->svg, x1, y1, x2 - 4 * dx, y2 - 4 * dy, ink, .8, NULL);
    const double tip[] = {x2, y2, x2 - 5 * dx - 2.6 * dy, y2 - 5 * dy + 2.6 * dx, x2 - 5 * dx + 2.6 * dy, y2 - 5 * dy - 2.6 * dx};
    lb_svg_polygon(d->svg, tip, 3, ink, NULL, 0);
}

static void arrow_down(const drawing *d, const box *from, const box *to)
{
    if (from->lines && to->lines) draw_arrow(d, from->x + from->width / 2, from->y + from->height, from->x + from->width / 2, to->y);
}

static void arrow_right(const drawing *d, const box *from, const box *to)
{
    double y = from->y + fmin(from->height, to->height) / 2;
    if (from->lines && to->lines) draw_arrow(d, from->x + from->width, y, to->x, y);
}

/* -- the diagram -------------------------------------------------------------------------------------------------- */

enum { IDENTIFIED, SCREENED, SOUGHT, ASSESSED, ROWS };

typedef struct diagram {
    box main[ROWS], aside[ROWS], included; /* of databases and registers */
    box other[ROWS], other_aside[ROWS];
    bool others;
} diagram;

static void fill_main(const drawing *d, diagram *g)
{
    const char *const *w = d->word;
    add_line(d, &g->main[IDENTIFIED], false, w[W_IDENTIFIED]);
    add_count(d, &g->main[IDENTIFIED], true, w[W_DATABASES], "databases");
    add_count(d, &g->main[IDENTIFIED], true, w[W_REGISTERS], "registers");
    add_line(d, &g->aside[IDENTIFIED], false, w[W_REMOVED]);
    add_count(d, &g->aside[IDENTIFIED], true, w[W_DUPLICATES], "duplicates");
    add_count(d, &g->aside[IDENTIFIED], true, w[W_AUTOMATION], "automation");
    add_count(d, &g->aside[IDENTIFIED], true, w[W_OTHER_REMOVED], "other_removed");
    if (g->aside[IDENTIFIED].lines == 1) g->aside[IDENTIFIED].lines = 0;
    add_count(d, &g->main[SCREENED], false, w[W_SCREENED], "screened");
    add_count(d, &g->aside[SCREENED], false, w[W_EXCLUDED], "excluded");
    add_count(d, &g->main[SOUGHT], false, w[W_SOUGHT], "sought");
    add_count(d, &g->aside[SOUGHT], false, w[W_NOT_RETRIEVED], "not_retrieved");
    add_count(d, &g->main[ASSESSED], false, w[W_ASSESSED], "assessed");
    const lb_value *reasons = lb_get(d->flow, "excluded_reports");
    double out = get(d->flow, "assessed") - get(d->flow, "included_reports");
    if (reasons && reasons->count)
        add_line(d, &g->aside[ASSESSED], false, w[W_REPORTS_EXCLUDED]);
    else if (out > 0) /* without reasons, at least how many */
        add_line(d, &g->aside[ASSESSED], false, lb_arena_printf(d->arena, "%s (n\xc2\xa0=\xc2\xa0%.0f)", w[W_REPORTS_EXCLUDED], out));
    add_reasons(d, &g->aside[ASSESSED], reasons);
    add_count(d, &g->included, false, w[W_STUDIES], "included_studies");
    add_count(d, &g->included, false, w[W_REPORTS], "included_reports");
}

static void fill_other(const drawing *d, diagram *g)
{
    const char *const *w = d->word;
    add_line(d, &g->other[IDENTIFIED], false, w[W_OTHER_IDENTIFIED]);
    add_count(d, &g->other[IDENTIFIED], true, w[W_WEBSITES], "websites");
    add_count(d, &g->other[IDENTIFIED], true, w[W_ORGANISATIONS], "organisations");
    add_count(d, &g->other[IDENTIFIED], true, w[W_CITATIONS], "citations");
    add_count(d, &g->other[SOUGHT], false, w[W_SOUGHT], "other_sought");
    add_count(d, &g->other_aside[SOUGHT], false, w[W_NOT_RETRIEVED], "other_not_retrieved");
    add_count(d, &g->other[ASSESSED], false, w[W_ASSESSED], "other_assessed");
    const lb_value *reasons = lb_get(d->flow, "other_excluded");
    if (reasons && reasons->count) add_line(d, &g->other_aside[ASSESSED], false, w[W_REPORTS_EXCLUDED]);
    add_reasons(d, &g->other_aside[ASSESSED], reasons);
}

/* Rows as high as their highest box; returns where the last ends. */
static double place(diagram *g, double *row_top, double top, double first, double last)
{
    for (int r = 0; r < ROWS; r++) {
        box *boxes[] = {&g->main[r], &g->aside[r], &g->other[r], &g->other_aside[r]};
        double high = 0;
        row_top[r] = top;
        for (size_t i = 0; i < LB_COUNT(boxes); i++) {
            boxes[i]->y = top;
            finish(boxes[i]);
            if (boxes[i]->lines) high = fmax(high, boxes[i]->height);
        }
        if (r == IDENTIFIED) high = fmax(high, first - 12); /* the band beside it has room for its word */
        top += high + 20;
    }
    g->included.y = top;
    finish(&g->included);
    return top + fmax(g->included.height, last);
}

static void draw_band(const drawing *d, double top, double bottom, const char *text)
{
    lb_svg_rect(d->svg, 8, top, 18, bottom - top, "#d5e3f0", ink, .5);
    lb_svg_text_rotated(d->svg, 20, (top + bottom) / 2, -90, SIZE, LB_MIDDLE, "bold", ink, text);
}

static void draw_arrows(const drawing *d, const diagram *g)
{
    for (int r = 0; r < ROWS; r++) {
        arrow_right(d, &g->main[r], &g->aside[r]);
        arrow_down(d, &g->main[r], r + 1 < ROWS ? &g->main[r + 1] : &g->included);
        if (!g->others) continue;
        arrow_right(d, &g->other[r], &g->other_aside[r]);
        if (r == IDENTIFIED) arrow_down(d, &g->other[IDENTIFIED], &g->other[SOUGHT]);
        if (r == SOUGHT) arrow_down(d, &g->other[SOUGHT], &g->other[ASSESSED]);
    }
    if (!g->others || !g->other[ASSESSED].lines || !g->included.lines) return;
    double x = g->other[ASSESSED].x + g->other[ASSESSED].width / 2, y = g->included.y + g->included.height / 2;
    lb_svg_line(d->svg, x, g->other[ASSESSED].y + g->other[ASSESSED].height, x, y, ink, .8, NULL);
    draw_arrow(d, x, y, g->included.x + g->included.width, y);
}

const char *lb_prisma_draw(const lb_value *flow, const char *language, lb_arena *arena)
{
    drawing d = {flow, arena, words[lb_text_equal(language, "zh")], NULL};
    diagram *g = lb_arena_alloc(arena, sizeof *g);
    g->others = !isnan(get(flow, "websites")) || !isnan(get(flow, "organisations")) || !isnan(get(flow, "citations"));
    const double width = 150, gap = 22, left = 34;
    for (int r = 0; r < ROWS; r++) {
        box *boxes[] = {&g->main[r], &g->aside[r], &g->other[r], &g->other_aside[r]};
        for (size_t i = 0; i < LB_COUNT(boxes); i++) {
            boxes[i]->x = left + (width + gap) * (double)i;
            boxes[i]->width = width;
        }
    }
    g->included.x = left;
    g->included.width = width;
    fill_main(&d, g);
    if (g->others) fill_other(&d, g);
    double row[ROWS], head = 8, top = head + 22 + 12, bottom = place(g, row, top, lb_svg_text_width(d.word[W_IDENTIFICATION], SIZE, true) + 8,
                                                                      lb_svg_text_width(d.word[W_INCLUDED], SIZE, true) + 8);
    double columns = g->others ? 4 : 2, right = left + columns * width + (columns - 1) * gap;
    d.svg = lb_svg_new(arena, right + 8, bottom + 8, d.word[W_DATABASES_HEAD],
                       lb_arena_printf(arena, "PRISMA 2020 flow: %.0f records screened, %.0f reports assessed, %.0f studies included.",
                                       get(flow, "screened"), get(flow, "assessed"), get(flow, "included_studies")));
    for (int i = 0; i < (g->others ? 2 : 1); i++) {
        double x = left + (double)i * 2 * (width + gap);
        lb_svg_rect(d.svg, x, head, 2 * width + gap, 20, i ? "#e4e4e4" : "#f6d58a", ink, .5);
        lb_svg_text(d.svg, x + width + gap / 2, head + 13, SIZE, LB_MIDDLE, "bold", ink, d.word[i ? W_OTHER_HEAD : W_DATABASES_HEAD]);
    }
    draw_band(&d, row[IDENTIFIED], row[SCREENED] - 8, d.word[W_IDENTIFICATION]);
    draw_band(&d, row[SCREENED], g->included.y - 8, d.word[W_SCREENING]);
    draw_band(&d, g->included.y, bottom, d.word[W_INCLUDED]);
    draw_arrows(&d, g);
    for (int r = 0; r < ROWS; r++) {
        draw_box(&d, &g->main[r]);
        draw_box(&d, &g->aside[r]);
        draw_box(&d, &g->other[r]);
        draw_box(&d, &g->other_aside[r]);
    }
    draw_box(&d, &g->included);
    return lb_svg_finish(d.svg);
}

void lb_prisma_report(const lb_value *flow, lb_value *rows)
{
    for (size_t i = 0; i < flow->count; i++) {
        const lb_value *value = flow->item[i];
        if (lb_is_number(value)) {
            lb_value *row = lb_push_object(rows);
            lb_set_text(row, "box", flow->key[i]);
            lb_set_int(row, "n", (int64_t)lb_number_of(value));
            continue;
        }
        for (size_t r = 0; value->type == LB_ARRAY && r < value->count; r++) {
            lb_value *row = lb_push_object(rows);
            lb_set_textf(row, "box", "%s: %s", flow->key[i], lb_get_text(value->item[r], "reason", "?"));
            lb_set_int(row, "n", lb_get_int(value->item[r], "n", 0));
        }
    }
}

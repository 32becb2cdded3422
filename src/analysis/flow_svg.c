/* The CONSORT flow diagram: boxes for enrolment, allocation, follow-up and analysis, one column per arm. */
#include "analysis/room.h"

#include <lumbar/figure.h>

#include <math.h>
#include <string.h>

#define TEXT_PT 8.0
#define LINE_PT 10.5
#define PAD_PT 6.0
#define GAP_PT 20.0
#define TAB_PT 17.0
#define LEVEL_PT 8.0
#define HANG_PT 5.0
enum { MAX_LINES = 60, MAX_ARMS = 6 };

typedef struct box {
    double x, y, width;
    const char *line[MAX_LINES];
    double indent[MAX_LINES];
    bool bold[MAX_LINES];
    size_t lines;
    bool centred;
} box;

static double box_height(const box *b) { return 2 * PAD_PT + LINE_PT * (double)b->lines - (LINE_PT - TEXT_PT); }

/* Add text at a level of indentation, broken between words where it would leave the box; what continues hangs. */
static void add_line(lb_arena *arena, box *b, bool bold, int level, const char *text)
{
    char *rest = lb_arena_text(arena, text);
    double indent = LEVEL_PT * level;
    while (*rest && b->lines < MAX_LINES) {
        double room = b->width - 2 * PAD_PT - indent;
        size_t cut = strlen(rest);
        while (cut > 0) {
            if (lb_svg_text_width(lb_arena_textn(arena, rest, cut), TEXT_PT, bold) <= room) break;
            size_t shorter = cut;
            while (shorter > 0 && rest[shorter - 1] != ' ') shorter--;
            if (shorter == 0) break; /* one word wider than the box: let it stand out */
            cut = shorter - 1;
        }
        if (cut == 0) cut = strcspn(rest, " ");
        b->line[b->lines] = lb_arena_textn(arena, rest, cut);
        b->indent[b->lines] = indent;
        b->bold[b->lines++] = bold;
        rest += cut;
        while (*rest == ' ') rest++;
        indent = LEVEL_PT * level + HANG_PT;
    }
}

static void draw_box(lb_svg *svg, const box *b, double height)
{
    lb_svg_rect(svg, b->x, b->y, b->width, height, "#ffffff", "#000000", 0.75);
    double y = b->y + PAD_PT + TEXT_PT * 0.8;
    for (size_t i = 0; i < b->lines; i++, y += LINE_PT)
        lb_svg_text(svg, b->centred ? b->x + b->width / 2 : b->x + PAD_PT + b->indent[i], y, TEXT_PT, b->centred ? LB_MIDDLE : LB_START,
                    b->bold[i] ? "bold" : "", "#000000", b->line[i]);
}

static void arrow(lb_svg *svg, double x1, double y1, double x2, double y2)
{
    lb_svg_line(svg, x1, y1, x2, y2, "#000000", 0.75, NULL);
    double dx = x2 > x1 ? 1 : x2 < x1 ? -1 : 0, dy = y2 > y1 ? 1 : y2 < y1 ? -1 : 0;
    double head[6] = {x2, y2, x2 - 5 * dx - 2.2 * dy, y2 - 5 * dy - 2.2 * dx, x2 - 5 * dx + 2.2 * dy, y2 - 5 * dy + 2.2 * dx};
    lb_svg_polygon(svg, head, 3, "#000000", NULL, 0);
}

/* The word of a phase needs more room than a low box has: how far the tab stands out above and below it. */
static double tab_overhang(const char *text, double height) { return fmax(0, lb_svg_text_width(text, TEXT_PT, true) + 8 - height) / 2; }

static void tab(lb_svg *svg, double y, double height, const char *text)
{
    double extra = tab_overhang(text, height);
    lb_svg_rect(svg, 4, y - extra, TAB_PT, height + 2 * extra, "#e8e8e8", "#000000", 0.5);
    lb_svg_text_rotated(svg, 4 + TAB_PT / 2 + 2.8, y + height / 2, -90, TEXT_PT, LB_MIDDLE, "bold", "#000000", text);
}

static const char *counted(lb_arena *arena, const char *text, int64_t n)
{
    return lb_arena_printf(arena, "%s (n\xC2\xA0=\xC2\xA0%lld)", text, (long long)n); /* never broken inside */
}

static void add_reasons(lb_arena *arena, box *b, const lb_value *reasons, int level, const char *bullet)
{
    for (size_t i = 0; reasons && i < reasons->count; i++) {
        const lb_value *row = reasons->item[i];
        char *text = lb_arena_text(arena, lb_get_text(row, "reason", ""));
        if (text[0] >= 'a' && text[0] <= 'z') text[0] = (char)(text[0] - 'a' + 'A');
        add_line(arena, b, false, level, counted(arena, lb_arena_printf(arena, "%s%s", bullet, text), lb_get_int(row, "n", 0)));
    }
}

typedef struct layout {
    lb_arena *arena;
    lb_svg *svg; /* NULL while only measuring */
    double left, width, arm_width, y, top;
    double arrows_from; /* where the arrows into the next phase begin */
    double tabs_to;     /* lower end of the last tab */
    size_t arms;
} layout;

static double arm_x(const layout *l, size_t arm) { return l->left + (double)arm * (l->arm_width + GAP_PT); }

/* Screening: assessed, and to its right the excluded with their reasons. */
static void enrolment(layout *l, const lb_value *screening)
{
    if (!screening) return;
    double centre = l->left + l->width / 2;
    box top = {.x = centre - 80, .y = l->y, .width = 160, .centred = true};
    add_line(l->arena, &top, false, 0, counted(l->arena, "Assessed for eligibility", lb_get_int(screening, "assessed", 0)));
    double height = box_height(&top);
    box side = {.x = centre + 18, .y = l->y + height + 8, .width = l->left + l->width - centre - 18};
    add_line(l->arena, &side, true, 0, counted(l->arena, "Excluded", lb_get_int(screening, "excluded", 0)));
    const lb_value *stages = lb_get(screening, "stages");
    for (size_t i = 0; stages && i < stages->count; i++) {
        const lb_value *stage = stages->item[i], *reasons = lb_get(stage, "reasons");
        if (lb_get_int(stage, "n", 0) == 0) continue;
        add_line(l->arena, &side, false, 0, counted(l->arena, lb_arena_printf(l->arena, "\xE2\x80\xA2 %s", lb_get_text(stage, "stage", "")),
                                                 lb_get_int(stage, "n", 0)));
        if (i == 0 || reasons->count > 1) add_reasons(l->arena, &side, reasons, 1, "\xE2\x80\x93 ");
    }
    double side_height = box_height(&side), bottom = side.y + side_height + 12;
    if (l->svg) {
        draw_box(l->svg, &top, height);
        draw_box(l->svg, &side, side_height);
        arrow(l->svg, centre, top.y + height, centre, bottom);
        arrow(l->svg, centre, side.y + side_height / 2, side.x, side.y + side_height / 2);
    }
    l->y = bottom;
}

static void randomised(layout *l, const lb_value *results)
{
    double centre = l->left + l->width / 2;
    box b = {.x = centre - 80, .y = l->y, .width = 160, .centred = true};
    add_line(l->arena, &b, true, 0, counted(l->arena, "Randomised", lb_get_int(results, "randomised", 0)));
    double height = box_height(&b), bar = l->y + height + GAP_PT / 2;
    bool screened = lb_get(results, "screening") != NULL;
    if (l->svg) {
        draw_box(l->svg, &b, height);
        lb_svg_line(l->svg, centre, l->y + height, centre, bar, "#000000", 0.75, NULL);
        lb_svg_line(l->svg, arm_x(l, 0) + l->arm_width / 2, bar, arm_x(l, l->arms - 1) + l->arm_width / 2, bar, "#000000", 0.75, NULL);
        if (screened) tab(l->svg, l->top, b.y + height - l->top, "Enrolment");
    }
    l->tabs_to = screened ? b.y + height : 0;
    l->arrows_from = bar;
    l->y = bar + GAP_PT / 2 + 2;
}

static void allocation_lines(lb_arena *arena, const lb_value *arm, box *b)
{
    add_line(arena, b, true, 0, lb_arena_printf(arena, "Allocated to %s", counted(arena, lb_get_text(arm, "label", lb_get_text(arm, "arm", "")), lb_get_int(arm, "randomised", 0))));
    if (lb_get(arm, "adherent"))
        add_line(arena, b, false, 0, lb_arena_printf(arena, "\xE2\x80\xA2 Adherent (%g %% or more): %lld of %lld evaluable",
                 lb_get_number(arm, "adherence_threshold", 0), (long long)lb_get_int(arm, "adherent", 0),
                 (long long)lb_get_int(arm, "adherence_evaluable", 0)));
    if (!lb_get(arm, "received")) return;
    add_line(arena, b, false, 0, counted(arena, "\xE2\x80\xA2 Received it", lb_get_int(arm, "received", 0)));
    add_line(arena, b, false, 0, counted(arena, "\xE2\x80\xA2 Did not receive it", lb_get_int(arm, "not_received", 0)));
}

static void follow_up_lines(lb_arena *arena, const lb_value *arm, box *b)
{
    add_line(arena, b, true, 0, counted(arena, "Did not complete follow-up", lb_get_int(arm, "left", 0)));
    add_reasons(arena, b, lb_get(arm, "reasons"), 0, "\xE2\x80\xA2 ");
}

static void analysis_lines(lb_arena *arena, const lb_value *arm, box *b)
{
    add_line(arena, b, true, 0, counted(arena, "Analysed", lb_get_int(arm, "analysed", 0)));
    add_line(arena, b, false, 0, counted(arena, "\xE2\x80\xA2 Not analysed: no primary outcome", lb_get_int(arm, "not_analysed", 0)));
}

/* One phase: a box per arm, all of one height, arrows into them, and the phase's tab at the left. */
static void phase(layout *l, const lb_value *arms, const char *name, void (*lines)(lb_arena *arena, const lb_value *arm, box *b))
{
    box *boxes = lb_arena_array(l->arena, l->arms, sizeof(box));
    double height = 0;
    for (size_t arm = 0; arm < l->arms; arm++) {
        boxes[arm] = (box){.x = arm_x(l, arm), .width = l->arm_width};
        lines(l->arena, arms->item[arm], &boxes[arm]);
        height = fmax(height, box_height(&boxes[arm]));
    }
    double overhang = tab_overhang(name, height);
    l->y = fmax(l->y, l->tabs_to + 4 + overhang);
    for (size_t arm = 0; arm < l->arms && l->svg; arm++) {
        double x = boxes[arm].x + l->arm_width / 2;
        boxes[arm].y = l->y;
        draw_box(l->svg, &boxes[arm], height);
        arrow(l->svg, x, l->arrows_from, x, l->y);
    }
    if (l->svg) tab(l->svg, l->y, height, name);
    l->arrows_from = l->y + height;
    l->tabs_to = l->y + height + overhang;
    l->y += height + GAP_PT;
}

static void lay_out(layout *l, const lb_value *results)
{
    const lb_value *arms = lb_get(results, "arms"), *first = arms->item[0];
    l->top = l->y = 10;
    enrolment(l, lb_get(results, "screening"));
    randomised(l, results);
    phase(l, arms, "Allocation", allocation_lines);
    if (lb_get(first, "left")) phase(l, arms, "Follow-up", follow_up_lines);
    if (lb_get(first, "analysed")) phase(l, arms, "Analysis", analysis_lines);
}

const char *lb_flow_svg(lb_arena *arena, const lb_value *results)
{
    const lb_value *arms = lb_get(results, "arms");
    layout l = {.arena = arena, .left = TAB_PT + 16, .arms = arms->count};
    if (l.arms == 0 || l.arms > MAX_ARMS) {
        lb_svg *empty = lb_svg_new(arena, 200, 40, "Flow diagram", "No diagram: it needs 1 to 6 arms");
        lb_svg_text(empty, 8, 24, TEXT_PT, LB_START, "", "#000000", "A flow diagram needs 1 to 6 arms.");
        return lb_svg_finish(empty);
    }
    l.width = l.arms <= 2 ? 440 : 170.0 * (double)l.arms;
    l.arm_width = (l.width - GAP_PT * (double)(l.arms - 1)) / (double)l.arms;
    lay_out(&l, results);
    double height = l.tabs_to + 10;
    l.svg = lb_svg_new(arena, l.left + l.width + 6, height, "Flow of people through the trial",
                       "CONSORT flow diagram: enrolment, allocation, follow-up and analysis by arm");
    lay_out(&l, results);
    return lb_svg_finish(l.svg);
}

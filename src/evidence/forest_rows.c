/* From a meta-analysis to the rows, columns and footers of its forest plot. */
#include "evidence/forest.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const lb_forest_layout layouts[] = {
    {"revman", false, false, " [", ", ", "]", "Favours", "#2f5d8a", "#111111"},
    {"jama", true, true, " (", " to ", ")", "Favors", "#1a1a1a", "#1a1a1a"},
    {"bmj", false, false, " (", " to ", ")", "Favours", "#2a6ebb", "#2a6ebb"},
};

const lb_forest_layout *lb_forest_layout_named(const char *name)
{
    for (size_t i = 0; i < LB_COUNT(layouts); i++) {
        if (strcmp(layouts[i].name, name) == 0) return &layouts[i];
    }
    return NULL;
}

/* What the filling needs at every step. */
typedef struct filler {
    lb_forest *forest;
    const lb_effects *effects;
    const lb_forest_wishes *wishes;
    lb_arena *arena;
    double critical; /**< of the studies' own intervals: always z */
    double level;
} filler;

static double position(const filler *f, double value)
{
    return f->forest->log_axis ? value : lb_transform(f->wishes->transform, value);
}

static const char *number(const filler *f, double value, int digits)
{
    char text[64];
    return lb_arena_text(f->arena, lb_svg_number(value, digits, text));
}

static const char *shown(const filler *f, double value)
{
    double back = lb_transform(f->wishes->transform, value);
    /* A ratio of thousands needs no decimals. */
    return number(f, back, fabs(back) >= 1000 ? 0 : f->wishes->digits);
}

static const char *interval_text(const filler *f, double lower, double upper)
{
    const lb_forest_layout *l = f->forest->layout;
    bool zh = f->forest->word == lb_forest_words("zh");
    const char *between = zh && strcmp(l->between, " to ") == 0 ? " \xe8\x87\xb3 " : l->between;
    return lb_arena_printf(f->arena, "%s%s%s%s%s", l->open + 1, shown(f, lower), between, shown(f, upper), l->close);
}

static lb_forest_row *add_row(filler *f, lb_forest_kind kind, const char *label)
{
    lb_forest_row *row = &f->forest->row[f->forest->rows++];
    *row = (lb_forest_row){.kind = kind, .label = label, .estimate = NAN, .lower = NAN, .upper = NAN, .weight = NAN};
    return row;
}

static void set_effect(filler *f, lb_forest_row *row, double estimate, double lower, double upper)
{
    row->estimate = position(f, estimate);
    row->lower = position(f, lower);
    row->upper = position(f, upper);
    row->effect_text = lb_arena_printf(f->arena, "%s %s", shown(f, estimate), interval_text(f, lower, upper));
}

static void set_weight(filler *f, lb_forest_row *row, double weight)
{
    row->weight = weight;
    row->weight_text = lb_arena_printf(f->arena, "%s%%", number(f, weight, 1));
}

/* -- columns of the arms ------------------------------------------------------------------------------------------ */

typedef struct arm_column {
    lb_forest_word title;
    int column; /* of effects->arm */
    int added;  /* a second one to add (events + non-events), or -1 */
    bool total; /* summed in the pooled rows */
} arm_column;

static const arm_column *arm_columns(lb_effect_kind kind, size_t *count, size_t *first_group)
{
    static const arm_column means[] = {{LB_W_MEAN, 0, -1, false}, {LB_W_SD, 1, -1, false}, {LB_W_TOTAL, 2, -1, true},
                                       {LB_W_MEAN, 3, -1, false}, {LB_W_SD, 4, -1, false}, {LB_W_TOTAL, 5, -1, true}};
    static const arm_column counts[] = {
        {LB_W_EVENTS, 0, -1, true}, {LB_W_TOTAL, 0, 1, true}, {LB_W_EVENTS, 2, -1, true}, {LB_W_TOTAL, 2, 3, true}};
    static const arm_column rates[] = {
        {LB_W_EVENTS, 0, -1, true}, {LB_W_TIME, 1, -1, true}, {LB_W_EVENTS, 2, -1, true}, {LB_W_TIME, 3, -1, true}};
    static const arm_column paired[] = {{LB_W_MEAN, 0, -1, false},
                                        {LB_W_SD, 1, -1, false},
                                        {LB_W_MEAN, 2, -1, false},
                                        {LB_W_SD, 3, -1, false},
                                        {LB_W_TOTAL, 4, -1, true}};
    static const arm_column correlation[] = {{LB_W_TOTAL, 1, -1, true}};
    static const arm_column proportion[] = {{LB_W_EVENTS, 0, -1, true}, {LB_W_TOTAL, 1, -1, true}};
    *first_group = 0;
    switch (kind) {
    case LB_EFFECT_MEANS:
        *count = 6;
        *first_group = 3;
        return means;
    case LB_EFFECT_COUNTS:
        *count = 4;
        *first_group = 2;
        return counts;
    case LB_EFFECT_RATES:
        *count = 4;
        *first_group = 2;
        return rates;
    case LB_EFFECT_PAIRED:
        *count = 5;
        return paired;
    case LB_EFFECT_CORRELATION:
        *count = 1;
        return correlation;
    case LB_EFFECT_PROPORTION:
        *count = 2;
        return proportion;
    case LB_EFFECT_GIVEN:
        break;
    }
    *count = 0;
    return NULL;
}

static double arm_value(const lb_effects *effects, const arm_column *column, size_t row)
{
    double value = effects->arm[column->column][row];
    return column->added < 0 ? value : value + effects->arm[column->added][row];
}

/* Decimals that the values of a column and of its like in the other group need, at most two. */
static int decimals(const filler *f, const arm_column *column, size_t c)
{
    int most = 0;
    for (size_t like = 0; like < f->forest->cells; like++) {
        if (column[like].title != column[c].title) continue;
        for (size_t r = 0; r < f->effects->rows && most < 2; r++) {
            double value = arm_value(f->effects, &column[like], r);
            if (isnan(value)) continue;
            while (most < 2 && fabs(value * pow(10, most) - round(value * pow(10, most))) > 1e-6) most++;
        }
    }
    return most;
}

static void name_columns(filler *f)
{
    lb_forest *forest = f->forest;
    size_t first;
    const arm_column *column = arm_columns(f->effects->measure->kind, &forest->cells, &first);
    if (!f->effects->arm[0]) forest->cells = 0;
    for (size_t c = 0; c < forest->cells; c++) forest->cell_title[c] = forest->word[column[c].title];
    if (!forest->cells || !first) return;
    forest->groups = 2;
    forest->group_count[0] = forest->group_count[1] = first;
    forest->group_first[1] = first;
    forest->group_title[0] = f->wishes->label1 ? f->wishes->label1 : forest->word[LB_W_EXPERIMENTAL];
    forest->group_title[1] = f->wishes->label2 ? f->wishes->label2 : forest->word[LB_W_CONTROL];
}

static void fill_cells(filler *f, lb_forest_row *row, size_t study)
{
    size_t count, first;
    const arm_column *column = arm_columns(f->effects->measure->kind, &count, &first);
    for (size_t c = 0; c < f->forest->cells; c++) {
        row->cell[c] = number(f, arm_value(f->effects, &column[c], study), decimals(f, column, c));
    }
}

/* Sums over the studies pooled: `member` NULL means all. */
static void fill_totals(filler *f, lb_forest_row *row, const size_t *member, size_t k)
{
    size_t count, first;
    const arm_column *column = arm_columns(f->effects->measure->kind, &count, &first);
    for (size_t c = 0; c < f->forest->cells; c++) {
        if (!column[c].total) continue;
        double sum = 0;
        for (size_t i = 0; i < k; i++)
            sum += arm_value(f->effects, &column[c], f->effects->used[member ? member[i] : i]);
        row->cell[c] = number(f, sum, decimals(f, column, c));
    }
}

/* -- rows --------------------------------------------------------------------------------------------------------- */

/* "Total (95% CI)": the word holds the place of the level. */
static const char *with_level(const filler *f, lb_forest_word word)
{
    const char *text = f->forest->word[word], *at = strstr(text, "%g");
    return at ? lb_arena_printf(f->arena, "%.*s%g%%%s", (int)(at - text), text, 100 * f->level, at + 4) : text;
}

static void fill_risk(const filler *f, lb_forest_row *row, size_t r)
{
    for (size_t d = 0; d < f->forest->risks; d++) {
        char buffer[32];
        const lb_column *column = lb_table_find(f->effects->table, f->wishes->risk[d]);
        int level = column ? lb_rob_level_of(lb_column_text(column, r, buffer)) : -1;
        row->risk[d] = level + 1;
    }
}

static void add_study(filler *f, size_t r, double weight)
{
    const lb_effects *effects = f->effects;
    bool is_new = f->wishes->last_is_new && r + 1 == effects->rows;
    if (is_new && r > 0) add_row(f, LB_FOREST_GAP, NULL);
    lb_forest_row *row = add_row(f, LB_FOREST_STUDY, effects->study[r]);
    row->marked = is_new;
    fill_cells(f, row, r);
    fill_risk(f, row, r);
    if (isnan(effects->yi[r])) {
        row->effect_text = f->forest->word[LB_W_NOT_ESTIMABLE];
        return;
    }
    double half = f->critical * sqrt(effects->vi[r]);
    set_effect(f, row, effects->yi[r], effects->yi[r] - half, effects->yi[r] + half);
    set_weight(f, row, weight);
}

static const char *p_text(double p, lb_arena *arena)
{
    if (p < .001) return "P < 0.001";
    return lb_arena_printf(arena, p < .1 ? "P = %.3f" : "P = %.2f", p);
}

static const char *heterogeneity_text(const filler *f, const lb_summary *s, bool random)
{
    const lb_pool *pool = &s->pool;
    if (s->single) return f->forest->word[LB_W_NOT_APPLICABLE];
    double value = pool->tau2.tau2;
    const char *tau2 = random ? lb_arena_printf(f->arena, "\xcf\x84\xc2\xb2 = %s; ",
                                                number(f, value,
                                                       value >= 100                ? 0
                                                       : value > 0 && value < .005 ? 4
                                                                                   : 2))
                              : "";
    return lb_arena_printf(f->arena, "%s%s\xcf\x87\xc2\xb2 = %s, df = %.0f (%s); I\xc2\xb2 = %.0f%%",
                           f->forest->word[LB_W_HETEROGENEITY], tau2,
                           number(f, pool->q, 1), pool->q_df, p_text(pool->q_p, f->arena), pool->i2);
}

/* Only the spaces after a semicolon may break a line. */
static const char *keep_clauses(const char *text, lb_arena *arena)
{
    lb_buf out = {0};
    for (const char *s = text; *s; s++) {
        if (*s == ' ' && s > text && s[-1] != ';' && s[-1] != ':')
            lb_buf_puts(&out, "\xc2\xa0");
        else
            lb_buf_putc(&out, *s);
    }
    const char *kept = lb_arena_text(arena, out.data ? out.data : "");
    lb_buf_free(&out);
    return kept;
}

static const char *overall_text(const filler *f, const lb_summary *s)
{
    const lb_pool *pool = &s->pool;
    char text[64];
    const char *statistic = lb_svg_number(pool->statistic[0], 2, text);
    if (!isfinite(pool->df)) {
        return lb_arena_printf(f->arena, "%sZ = %s (%s)", f->forest->word[LB_W_OVERALL], statistic,
                               p_text(pool->p_value[0], f->arena));
    }
    return lb_arena_printf(f->arena, "%st = %s, df = %.0f (%s)", f->forest->word[LB_W_OVERALL], statistic, pool->df,
                           p_text(pool->p_value[0], f->arena));
}

static void add_pooled(filler *f, lb_forest_kind kind, const char *label, const lb_summary *s, const size_t *member,
                       size_t k, double weight)
{
    lb_forest_row *row = add_row(f, kind, label);
    fill_totals(f, row, member, k);
    set_effect(f, row, s->pool.beta[0], s->pool.lower[0], s->pool.upper[0]);
    set_weight(f, row, weight);
}

static void add_subgroup(filler *f, const lb_subgroups *groups, size_t g, const double *weight, bool random)
{
    const lb_subgroup *group = &groups->group[g];
    add_row(f, LB_FOREST_GROUP, group->level);
    double sum = 0;
    for (size_t r = 0, i = 0; r < f->effects->rows; r++) {
        if (groups->group_of[r] != (int32_t)g) continue;
        bool used = i < group->k && f->effects->used[group->member[i]] == r;
        add_study(f, r, used ? weight[group->member[i]] : NAN);
        if (used) sum += weight[group->member[i++]];
    }
    const char *label = with_level(f, LB_W_SUBTOTAL);
    add_pooled(f, LB_FOREST_SUBTOTAL, label, &group->summary, group->member, group->k, sum);
    add_row(f, LB_FOREST_TEXT, keep_clauses(heterogeneity_text(f, &group->summary, random), f->arena));
    add_row(f, LB_FOREST_GAP, NULL);
}

/* Studies without an effect are shown where they stand; those of no subgroup after the groups. */
static void add_studies(filler *f, const lb_summary *total, const lb_subgroups *groups, bool random)
{
    const lb_effects *effects = f->effects;
    if (groups) {
        for (size_t g = 0; g < groups->count; g++) add_subgroup(f, groups, g, total->pool.weight, random);
    }
    for (size_t r = 0, i = 0; r < effects->rows; r++) {
        bool used = i < effects->k && effects->used[i] == r;
        if (!groups || groups->group_of[r] < 0) add_study(f, r, used ? total->pool.weight[i] : NAN);
        if (used) i++;
    }
}

static void add_total(filler *f, const lb_summary *total, bool random)
{
    const lb_effects *effects = f->effects;
    if (f->forest->row[f->forest->rows - 1].kind != LB_FOREST_GAP) add_row(f, LB_FOREST_GAP, NULL);
    add_pooled(f, LB_FOREST_TOTAL, with_level(f, LB_W_POOLED), total, NULL,
               effects->k, 100);
    f->forest->pooled_at = position(f, total->pool.beta[0]);
    if (!random || !isfinite(total->prediction.lower)) return;
    lb_forest_row *row =
        add_row(f, LB_FOREST_PREDICTION, with_level(f, LB_W_PREDICTION));
    row->lower = position(f, total->prediction.lower);
    row->upper = position(f, total->prediction.upper);
    row->effect_text = interval_text(f, total->prediction.lower, total->prediction.upper);
}

static void set_titles(filler *f, const lb_summary *total, bool random)
{
    lb_forest *forest = f->forest;
    const lb_forest_wishes *wishes = f->wishes;
    const char *effect = wishes->effect_label ? wishes->effect_label : f->effects->measure->shown;
    const char *model = forest->word[random ? LB_W_RANDOM : LB_W_FIXED];
    forest->effect_title = effect;
    forest->effect_subtitle =
        lb_arena_printf(f->arena, "%s%g%% CI%s", forest->layout->open + 1, 100 * f->level, forest->layout->close);
    forest->plot_subtitle = lb_arena_printf(f->arena, "IV, %s, %g%% CI", model, 100 * f->level);
    forest->title = wishes->title ? wishes->title : lb_arena_printf(f->arena, "Forest plot: %s", effect);
    forest->description = lb_arena_printf(
        f->arena, "%zu studies. Pooled %s %s %s. %s.", total->pool.k, effect, shown(f, total->pool.beta[0]),
        interval_text(f, total->pool.lower[0], total->pool.upper[0]), heterogeneity_text(f, total, random));
    if (!wishes->favours_known || !forest->has_null) return;
    bool zh = forest->word == lb_forest_words("zh");
    const char *before = zh ? "" : forest->layout->favours, *gap = zh ? "" : " ", *after = zh ? "\xe6\x9b\xb4\xe4\xbc\x98" : "";
    const char *name1 = wishes->label1 ? wishes->label1 : zh ? forest->word[LB_W_EXPERIMENTAL] : "experimental",
               *name2 = wishes->label2 ? wishes->label2 : zh ? forest->word[LB_W_CONTROL] : "control";
    const char *one = lb_arena_printf(f->arena, "%s%s%s%s", before, gap, name1, after);
    const char *two = lb_arena_printf(f->arena, "%s%s%s%s", before, gap, name2, after);
    forest->favours_left = wishes->favours_right ? two : one;
    forest->favours_right = wishes->favours_right ? one : two;
}

/* Names of columns have dots or underscores for spaces; the overall judgement is "All" over its light. */
static const char *readable(const char *name, lb_arena *arena)
{
    if (strcmp(name, "overall") == 0 || strcmp(name, "Overall") == 0 || strcmp(name, "rob") == 0) return "All";
    char *out = lb_arena_text(arena, name);
    for (char *at = out; *at; at++) {
        if (*at == '.' || *at == '_') *at = ' ';
    }
    return out;
}

void lb_forest_fill(lb_forest *forest, const lb_effects *effects, const lb_summary *total, const lb_subgroups *groups,
                    const lb_pool_settings *settings, const lb_forest_wishes *wishes, lb_arena *arena)
{
    bool random = settings->fit.method != LB_TAU2_FE;
    lb_effect_kind kind = effects->measure->kind;
    *forest = (lb_forest){.layout = wishes->layout, .show_weight = true, .pooled_at = NAN, .risks = wishes->risks,
                          .word = lb_forest_words(wishes->language)};
    for (size_t d = 0; d < wishes->risks; d++) forest->risk_name[d] = readable(wishes->risk[d], arena);
    bool level_only = kind == LB_EFFECT_PROPORTION; /* a share has no "no effect" */
    forest->log_axis = strcmp(wishes->transform, "exp") == 0 && !level_only;
    forest->has_null = !level_only && strcmp(wishes->transform, "logit") != 0;
    filler f = {
        forest, effects, wishes, arena, lb_norm_q((1 - settings->fit.level) / 2, LB_UPPER), settings->fit.level};
    forest->row = lb_arena_array(arena, effects->rows + (groups ? 4 * groups->count : 0) + 8, sizeof *forest->row);
    name_columns(&f);
    set_titles(&f, total, random);
    add_studies(&f, total, groups, random);
    add_total(&f, total, random);
    forest->footer[forest->footers++] = heterogeneity_text(&f, total, random);
    if (forest->has_null) forest->footer[forest->footers++] = overall_text(&f, total);
    if (groups && groups->count > 1) {
        forest->footer[forest->footers++] =
            lb_arena_printf(arena, "%s\xcf\x87\xc2\xb2 = %s, df = %.0f (%s)", forest->word[LB_W_DIFFERENCES],
                            number(&f, groups->q, 2), groups->df, p_text(groups->p, arena));
    }
    lb_forest_axis(forest, wishes->xlim);
}

/* The pictures of a review: a forest with lights of risk of bias and a contour funnel for every main analysis, the
 * traffic-light table, the flow. */
#include "evidence/dossier/prisma.h"
#include "evidence/forest.h"
#include "evidence/funnel.h"
#include "evidence/review.h"
#include "evidence/rob.h"

#include <math.h>
#include <string.h>

static void draw_forest(lb_review *review, const lb_review_cell *cell, const lb_effects *effects)
{
    const char *label1 = lb_get_text(lb_get(review->protocol, "figures"), "label1", review->intervention);
    const lb_value *figures = lb_get(review->protocol, "figures");
    const lb_forest_layout *layout = lb_forest_layout_named(lb_get_text(figures, "layout", "revman"));
    lb_forest_wishes wishes = {.layout = layout ? layout : lb_forest_layout_named("revman"),
                               .title = lb_arena_printf(review->arena, "Forest plot: %s", cell->id),
                               .label1 = label1,
                               .label2 = lb_get_text(figures, "label2", "comparator"),
                               .transform = "none",
                               .favours_known = true,
                               .digits = 2,
                               .language = lb_get_text(figures, "language", "en")};
    lb_forest forest;
    static const char *const domains[] = {"D1", "D2", "D3", "D4", "D5", "D6", "D7", "rob"};
    size_t count = 0;
    const char *found[LB_COUNT(domains)];
    for (size_t d = 0; d < LB_COUNT(domains); d++)
        if (review->risk && lb_table_find(review->table, domains[d])) found[count++] = domains[d];
    wishes.risk = found;
    wishes.risks = count;
    lb_forest_fill(&forest, effects, &cell->summary, NULL, &review->settings, &wishes, review->arena);
    lb_result_picture(review->result, lb_arena_printf(review->arena, "forest_%s", cell->id), forest.title, lb_forest_draw(&forest, review->arena));
}

static void draw_risk(lb_review *review)
{
    lb_rob_table table;
    if (!review->risk || review->risk->rows == 0 || review->risk->rows > 300) return;
    lb_error local = LB_ERROR_INIT;
    if (lb_rob_read(review->risk, NULL, review->arena, &table, &local)) {
        lb_result_warn(review->result, "the risk of bias is not drawn: %s", local.message);
        return;
    }
    lb_value *rows = lb_set_array(review->result->results, "risk_of_bias");
    lb_result_picture(review->result, "risk_of_bias", "Risk of bias", lb_rob_picture(&table, rows, review->arena));
}

static void draw_flow(lb_review *review)
{
    lb_value *flow = lb_get(review->protocol, "flow"), *results = review->result->results;
    if (!flow) flow = lb_get(results, "flow");
    if (!flow || flow->type != LB_OBJECT) return;
    lb_value *own = lb_set_object(results, "flow");
    for (size_t i = 0; i < flow->count; i++) lb_set(own, flow->key[i], flow->item[i]);
    lb_prisma_complete(own, review->result);
    lb_result_picture(review->result, "prisma", "PRISMA 2020 flow diagram",
                      lb_prisma_draw(own, lb_get_text(lb_get(review->protocol, "figures"), "language", "en"), review->arena));
}

void lb_review_figures(lb_review *review)
{
    if (!review->pictures) return;
    for (size_t i = 0; i < review->mains; i++) {
        const lb_review_cell *cell = &review->main[i];
        lb_effects effects = lb_review_effects(review, cell);
        draw_forest(review, cell, &effects);
        if (cell->k < 3) continue;
        const char *title = lb_arena_printf(review->arena, "Funnel plot: %s", cell->id);
        lb_result_picture(review->result, lb_arena_printf(review->arena, "funnel_%s", cell->id), title,
                          lb_funnel_draw(&effects, cell->summary.pool.beta[0], true, false, "Std. mean difference", title, review->arena));
    }
    draw_flow(review);
    draw_risk(review);
}

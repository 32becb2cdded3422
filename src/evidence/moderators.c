/* The moderators of a meta-regression: a formula's design on the studies that have an effect. */
#include "evidence/report.h"

#include <string.h>

int lb_moderators_read(lb_call *call, const lb_effects *effects, lb_moderators *out, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    lb_formula *formula;
    const char *text = lb_call_text(call, "mods");
    if (!strchr(text, '~')) text = lb_arena_printf(arena, "~ %s", text);
    int code = lb_formula_parse(text, arena, &formula, err);
    if (code) return code;
    lb_table *used = lb_table_rows(effects->table, effects->used, effects->k, arena);
    lb_design_options options = {0};
    lb_design *design;
    code = lb_design_build(formula, used, &options, arena, &design, err);
    if (code) return code;
    if (design->y) {
        code = lb_fail(err, LB_USAGE, "the moderators' formula has a response, '%s'", design->response);
        lb_error_where(err, "--mods");
        lb_error_hint(err, "the effects are the response: write only what is right of the ~");
        return code;
    }
    double *y = lb_arena_array(arena, design->n + 1, sizeof *y), *v = lb_arena_array(arena, design->n + 1, sizeof *v);
    for (size_t i = 0; i < design->n; i++) {
        y[i] = effects->y[design->row[i]];
        v[i] = effects->v[design->row[i]];
    }
    *out = (lb_moderators){.design = design, .y = y, .v = v};
    return 0;
}

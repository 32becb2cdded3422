/* The plan's confirmatory tests: families of hypotheses at one level, in the order and by the procedure the plan states. */
#include "analysis/multiplicity.h"
#include "analysis/plan.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

typedef struct hypothesis {
    const char *id, *title, *family;
    double p;
    const char *reason;
} hypothesis;

static const lb_value *entry_of(const lb_plan *plan, const char *id)
{
    static const char *const sections[] = {"sensitivity", "secondary"};
    const lb_value *primary = lb_get(plan->root, "primary");
    if (strcmp(id, lb_get_text(primary, "id", "primary")) == 0 || strcmp(id, "primary") == 0) return primary;
    for (size_t s = 0; s < LB_COUNT(sections); s++) {
        const lb_value *list = lb_get(plan->root, sections[s]);
        for (size_t i = 0; list && i < list->count; i++)
            if (lb_text_equal(lb_get_text(list->item[i], "id", NULL), id)) return list->item[i];
    }
    return NULL;
}

/* "odi_mmrm@M12" is the row of that visit. One-sided p is that of the benefit, which the analysis states (for hazards: fewer). */
static int find_p(const lb_plan *plan, const lb_value *node, bool one_sided, hypothesis *out, lb_error *err)
{
    if (node->type != LB_STRING) return lb_plan_fail(plan, node, err, "a hypothesis is named by the id of its analysis");
    const char *at = strchr(node->text, '@'), *visit = at ? at + 1 : NULL;
    const char *id = at ? lb_arena_textn(plan->arena, node->text, (size_t)(at - node->text)) : node->text;
    out->id = out->title = node->text;
    out->p = NAN;
    if (strcmp(id, "margin_test") == 0) {
        const lb_value *margin = lb_get(plan->result->results, "margin_test");
        if (!margin) return lb_plan_fail(plan, node, err, "the plan has no margin_test");
        out->title = lb_get_text(lb_get(plan->root, "margin_test"), "title", "Superiority by the margin");
        out->p = lb_get_number(margin, "p_one_sided", NAN);
        if (!one_sided) out->p = fmin(1, 2 * out->p);
        return 0;
    }
    const lb_value *entry = entry_of(plan, id);
    if (!entry) {
        lb_plan_fail(plan, node, err, "no analysis of the plan has the id '%.60s'", id);
        lb_error_hint(err, "name an analysis of primary, sensitivity or secondary, or margin_test");
        return LB_BAD_DATA;
    }
    const lb_value *benefit = lb_get(entry, "benefit");
    out->title = lb_get_text(entry, "title", id);
    for (size_t i = 0; i < plan->rows; i++) {
        const lb_plan_row *row = &plan->row[i];
        bool mine = strcmp(row->id, id) == 0 || (i == 0 && strcmp(id, "primary") == 0);
        if (!mine || (visit && !lb_text_equal(row->label, visit))) continue;
        if (one_sided && !benefit && !row->hazard_ratio)
            return lb_plan_fail(plan, entry, err, "'%s' is tested one-sided and does not say which direction is a benefit", id);
        double sign = row->hazard_ratio && !benefit ? -1 : lb_text_equal(lb_get_text(entry, "benefit", NULL), "lower") ? -1 : 1;
        out->p = one_sided ? lb_t_p(sign * row->statistic, row->df, LB_UPPER) : row->p;
        return 0;
    }
    for (size_t i = 0; i < plan->others; i++) { /* a log-rank test has only a two-sided p */
        if (!lb_text_equal(plan->other[i].title, out->title)) continue;
        double p = lb_get_number(plan->other[i].result->results, "p", NAN);
        out->p = p;
        if (one_sided) out->reason = "the test has a two-sided p only";
        return 0;
    }
    out->reason = "the analysis was not run";
    return 0;
}

static int read_families(const lb_plan *plan, const lb_value *section, lb_family_tests *family, size_t *families, hypothesis *list, size_t *count,
                         bool one_sided, lb_error *err)
{
    const lb_value *groups = lb_get(section, "families");
    bool any = strcmp(lb_get_text(section, "gate", "all"), "any") == 0;
    for (size_t f = 0; f < groups->count; f++) {
        const lb_value *group = groups->item[f], *names = lb_get(group, "hypotheses");
        const char *method = lb_get_text(group, "method", "fixed_sequence");
        lb_family_tests *now = &family[(*families)++];
        *now = (lb_family_tests){.first = *count, .gate_any = any};
        if (!lb_multiple_method(method, &now->method)) {
            lb_plan_fail(plan, lb_get(group, "method"), err, "there is no procedure '%.40s'", method);
            lb_error_hint(err, "the procedures are fixed_sequence, holm, hochberg, bonferroni");
            return LB_BAD_DATA;
        }
        if (any && now->method != LB_BONFERRONI && f + 1 < groups->count)
            return lb_plan_fail(plan, group, err, "a gate that any rejection opens needs families tested by bonferroni");
        if (!names || names->type != LB_ARRAY || names->count == 0)
            return lb_plan_fail(plan, group, err, "a family needs a list of hypotheses");
        for (size_t i = 0; i < names->count; i++) {
            list[*count].family = lb_get_text(group, "id", lb_arena_printf(plan->arena, "family %zu", f + 1));
            int code = find_p(plan, names->item[i], one_sided, &list[(*count)++], err);
            if (code) return code;
        }
        now->count = names->count;
    }
    return 0;
}

int lb_plan_multiplicity(lb_plan *plan, lb_error *err)
{
    const lb_value *section = lb_get(plan->root, "multiplicity"), *groups = lb_get(section, "families");
    if (!section) return 0;
    if (!groups || groups->type != LB_ARRAY || groups->count == 0)
        return lb_plan_fail(plan, section, err, "multiplicity needs a list of families");
    size_t most = 0, families = 0, count = 0;
    for (size_t f = 0; f < groups->count; f++) {
        const lb_value *names = lb_get(groups->item[f], "hypotheses");
        most += names ? names->count : 0;
    }
    bool one_sided = lb_get_int(section, "sides", 1) == 1;
    double alpha = lb_get_number(section, "alpha", one_sided ? plan->alpha : 2 * plan->alpha);
    lb_family_tests *family = lb_arena_array(plan->arena, groups->count + 1, sizeof *family);
    hypothesis *list = lb_arena_array(plan->arena, most + 1, sizeof *list);
    int code = read_families(plan, section, family, &families, list, &count, one_sided, err);
    if (code) return code;
    double *p = lb_arena_array(plan->arena, count + 1, sizeof *p), *adjusted = lb_arena_array(plan->arena, count + 1, sizeof *adjusted);
    bool *rejected = lb_arena_array(plan->arena, count + 1, sizeof *rejected);
    for (size_t i = 0; i < count; i++) p[i] = list[i].p;
    lb_multiple_reject(family, families, p, alpha, rejected);
    lb_multiple_adjust(family, families, p, count, adjusted);
    lb_value *out = lb_set_object(plan->result->results, "multiplicity"), *rows;
    lb_set_number(out, "alpha", alpha);
    lb_set_int(out, "sides", one_sided ? 1 : 2);
    lb_set_text(out, "gate", lb_get_text(section, "gate", "all"));
    rows = lb_set_array(out, "hypotheses");
    for (size_t f = 0; f < families; f++) {
        for (size_t i = family[f].first; i < family[f].first + family[f].count; i++) {
            lb_value *row = lb_push_object(rows);
            lb_set_text(row, "family", list[i].family);
            lb_set_text(row, "method", lb_get_text(groups->item[f], "method", "fixed_sequence"));
            lb_set_text(row, "id", list[i].id);
            lb_set_text(row, "title", list[i].title);
            lb_set_number(row, "p", list[i].p);
            lb_set_number(row, "p_adjusted", isnan(list[i].p) ? NAN : adjusted[i]);
            lb_set_bool(row, "shown", rejected[i]);
            if (list[i].reason) lb_set_text(row, "reason", list[i].reason);
        }
    }
    return 0;
}

/* What the protocol says of randomisation, as the text that is sealed together with the seed. */
#include "allocator/room.h"

#include <math.h>
#include <string.h>

void lb_allocator_plan(const lb_study *study, lb_buf *out)
{
    lb_arena *arena = lb_arena_new();
    lb_value *root = lb_value_object(arena), *list;
    lb_set_text(root, "trial", study->rtsm.trial);
    lb_set_text(root, "method", study->minimised ? "minimisation" : "permuted_blocks");
    list = lb_set_array(root, "arms");
    for (unsigned i = 0; i < study->rtsm.arm_count; i++) lb_push_text(list, study->rtsm.arm[i]);
    list = lb_set_array(root, "sizes");
    for (unsigned i = 0; i < study->rtsm.size_count; i++) lb_push_int(list, study->rtsm.size[i]);
    list = lb_set_array(root, "factors");
    for (size_t i = 0; study->minimised && i < study->factor_count; i++) {
        lb_value *one = lb_push_object(list);
        lb_set_text(one, "item", study->factor[i]);
        lb_set_number(one, "weight", study->factor_weight[i]);
    }
    lb_set_number(root, "p_best", study->p_best);
    lb_set_bool(root, "variance", study->variance);
    lb_json_write(root, 0, out);
    lb_arena_free(arena);
}

static int bad(lb_error *err, const char *what) { return lb_fail(err, LB_BAD_DATA, "the plan of randomisation has no sound %s", what); }

static int parse_minimisation(const lb_value *root, lb_arena *arena, plan *p, lb_error *err)
{
    const lb_value *list = lb_get(root, "factors");
    if (!list || list->type != LB_ARRAY || list->count == 0 || list->count > ALLOCATOR_FACTORS) return bad(err, "factors");
    for (size_t i = 0; i < list->count; i++) {
        p->factor[i] = lb_arena_text(arena, lb_get_text(list->item[i], "item", NULL));
        p->weight[i] = lb_get_number(list->item[i], "weight", 1);
        if (!p->factor[i] || !(p->weight[i] >= 0) || !isfinite(p->weight[i])) return bad(err, "factors");
    }
    p->factor_count = (unsigned)list->count;
    p->p_best = lb_get_number(root, "p_best", 0.8);
    p->variance = lb_get_bool(root, "variance", false);
    return p->p_best > 0 && p->p_best <= 1 ? LB_OK : bad(err, "p_best");
}

int plan_parse(const char *json, size_t length, lb_arena *arena, plan *p, lb_error *err)
{
    lb_bytes bytes = {(const uint8_t *)json, length, "plan of randomisation"};
    lb_value *root;
    int code = lb_json_read(&bytes, arena, &root, err);
    if (code) return code;
    *p = (plan){.minimised = strcmp(lb_get_text(root, "method", ""), "minimisation") == 0};
    p->rtsm.trial = lb_arena_text(arena, lb_get_text(root, "trial", NULL));
    const lb_value *arms = lb_get(root, "arms"), *sizes = lb_get(root, "sizes");
    if (!p->rtsm.trial || !*p->rtsm.trial) return bad(err, "trial");
    for (size_t i = 0; arms && arms->type == LB_ARRAY && i < arms->count && i < LB_RTSM_ARMS; i++) {
        const lb_value *arm = arms->item[i];
        if (arm->type != LB_STRING || strlen(arm->text) > 60) return bad(err, "arms");
        p->rtsm.arm[p->rtsm.arm_count++] = lb_arena_text(arena, arm->text);
    }
    for (size_t i = 0; sizes && sizes->type == LB_ARRAY && i < sizes->count && i < LB_RTSM_SIZES; i++) {
        double size = lb_number_of(sizes->item[i]);
        if (!(size >= 1 && size <= LB_RTSM_BLOCK)) return bad(err, "block sizes");
        p->rtsm.size[p->rtsm.size_count++] = (unsigned)size;
    }
    if (p->minimised) {
        if (p->rtsm.arm_count < 2) return bad(err, "arms");
        return parse_minimisation(root, arena, p, err);
    }
    return lb_rtsm_check(&p->rtsm, err);
}

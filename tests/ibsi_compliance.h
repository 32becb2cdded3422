/* For tests of the profile ibsi-1: every reference value of one configuration must be met. */
#ifndef LUMBAR_IBSI_COMPLIANCE_H
#define LUMBAR_IBSI_COMPLIANCE_H
#include "call_files.h"

static inline void assert_all_met(const char *configuration, const char *phantom, const char *table, size_t values)
{
    char name[2][80];
    lb_error err = LB_ERROR_INIT;
    lb_result *result;
    if (!shared_data(table)) skip();
    lb_arena *arena = lb_arena_new();
    snprintf(name[0], sizeof name[0], "ibsi/%s_image.nii.gz", phantom);
    snprintf(name[1], sizeof name[1], "ibsi/%s_mask.nii.gz", phantom);
    pair file[] = {{"image", lb_arena_text(arena, shared_data(name[0]))},
                   {"mask", lb_arena_text(arena, shared_data(name[1]))},
                   {"reference", lb_arena_text(arena, shared_data(table))},
                   {NULL, NULL}};
    pair set[] = {{"configuration", configuration}, {NULL, NULL}};
    if (call_files("radiomics", "compliance", file, set, arena, &result, &err) != LB_OK) fail_msg("%s", err.message);
    const lb_value *rows = lb_get(result->results, "rows");
    for (size_t i = 0; i < rows->count; i++)
        if (!lb_text_equal(lb_get_text(rows->item[i], "verdict", ""), "met"))
            fail_msg("%s %s: %g instead of %g", configuration, lb_get_text(rows->item[i], "tag", ""),
                     lb_get_number(rows->item[i], "value", NAN), lb_get_number(rows->item[i], "reference", NAN));
    assert_int_equal(rows->count, values);
    assert_int_equal(lb_get_int(result->results, "met", 0), values);
    lb_result_free(result);
    lb_arena_free(arena);
}
#endif

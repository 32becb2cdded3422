/* Profile ibsi-1 against the consensus values: the CT phantom in space, configurations C and D. */
#include "ibsi_compliance.h"

#include <math.h>

static void fixed_width(void **state)
{
    (void)state;
    assert_all_met("C", "ct_phantom_PAT1", "ibsi/ibsi1_reference_values_ct_configs_ACD.csv", 210);
}

static void fixed_number(void **state)
{
    (void)state;
    assert_all_met("D", "ct_phantom_PAT1", "ibsi/ibsi1_reference_values_ct_configs_ACD.csv", 210);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fixed_width), cmocka_unit_test(fixed_number)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Profile ibsi-1 against the consensus values: digital phantom, and the CT phantom slice by slice (configuration A). */
#include "ibsi_compliance.h"

#include <math.h>

static void digital(void **state)
{
    (void)state;
    assert_all_met("digital", "digital_phantom", "ibsi/ibsi1_reference_values_digital_phantom.csv", 482);
}

static void ct_slices(void **state)
{
    (void)state;
    assert_all_met("A", "ct_phantom_PAT1", "ibsi/ibsi1_reference_values_ct_configs_ACD.csv", 346);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(digital), cmocka_unit_test(ct_slices)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

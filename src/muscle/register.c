/* The operations of this room. */
#include "muscle/muscle.h"

void lb_muscle_register(lb_registry *registry)
{
    lb_registry_add(registry, &lb_op_image_info);
    lb_registry_add(registry, &lb_op_image_convert);
    lb_registry_add(registry, &lb_op_image_phantom);
    lb_registry_add(registry, &lb_op_image_grow);
    lb_registry_add(registry, &lb_op_image_fill);
    lb_registry_add(registry, &lb_op_image_smooth);
    lb_registry_add(registry, &lb_op_image_largest);
    lb_registry_add(registry, &lb_op_image_threshold);
    lb_registry_add(registry, &lb_op_image_trace);
    lb_registry_add(registry, &lb_op_image_agree);
    lb_registry_add(registry, &lb_op_emg_fatigue);
    lb_registry_add(registry, &lb_op_image_bias);
    lb_registry_add(registry, &lb_op_image_normalise);
    lb_registry_add(registry, &lb_op_muscle_measure);
    lb_registry_add(registry, &lb_op_muscle_page);
    lb_registry_add(registry, &lb_op_radiomics_extract);
    lb_registry_add(registry, &lb_op_radiomics_batch);
    lb_registry_add(registry, &lb_op_radiomics_merge);
    lb_registry_add(registry, &lb_op_radiomics_compliance);
    lb_registry_add(registry, &lb_op_radiomics_icc);
    lb_registry_add(registry, &lb_op_radiomics_combat);
}

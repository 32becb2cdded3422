/* The registry with all five rooms in it: the one place that knows every room. */
#include <lumbar/op.h>

#include "muscle/emg/recording.h"
#include "muscle/files/files.h"

lb_registry *lb_registry_all(void)
{
    lb_registry *registry = lb_registry_new();
    lb_trial_register(registry);
    lb_muscle_register(registry);
    lb_analysis_register(registry);
    lb_predict_register(registry);
    lb_evidence_register(registry);
    lb_registry_image_reader(registry, lb_images_read, NULL);
    lb_registry_recording_reader(registry, lb_recording_read, NULL);
    return registry;
}

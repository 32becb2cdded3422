/* A made-up lumbar spine: what tissue lies where, in millimetres towards left (x) and posterior (y). */
#ifndef LUMBAR_MUSCLE_ANATOMY_H
#define LUMBAR_MUSCLE_ANATOMY_H
#include <lumbar/base.h>

enum { LB_PHANTOM_MUSCLES = 8, LB_PHANTOM_LEVELS = 5 };

/** Smooth random numbers in space: a lattice of uniform numbers, interpolated. */
typedef struct lb_noise {
    double step[3];
    size_t size[3];
    float *value;
} lb_noise;

typedef struct lb_anatomy {
    lb_noise coarse, fine; /**< patchy and streaky fat */
    double infiltration;   /**< 1 = a middle-aged person */
} lb_anatomy;

/** One place: proton signal (0 = air or bone cortex), fat share 0…1, label of the muscle or 0. */
typedef struct lb_tissue {
    double signal, fat;
    int label;
} lb_tissue;

extern const char *const lb_phantom_muscle[LB_PHANTOM_MUSCLES + 1]; /**< by label: "right erector spinae" */

void lb_anatomy_init(lb_anatomy *anatomy, const double extent_mm[3], double infiltration, uint64_t seed);
void lb_anatomy_free(lb_anatomy *anatomy);
/** `down`: 0 at the upper end of L1 to 1 at the lower end of L5. */
lb_tissue lb_anatomy_at(const lb_anatomy *anatomy, double x_mm, double y_mm, double z_mm, double down);
#endif

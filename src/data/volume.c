/* Volumes and masks: voxel types, allocation, scaled values, and how far apart two grids are in millimetres.
 * The coordinate convention (LPS, voxel centres) is the one of DICOM and ITK. */
#include <lumbar/data.h>

#include <math.h>
#include <string.h>

static const struct {
    size_t size;
    const char *name;
} voxel_types[] = {
    [LB_U8] = {1, "uint8"},    [LB_I8] = {1, "int8"},     [LB_U16] = {2, "uint16"}, [LB_I16] = {2, "int16"},
    [LB_U32] = {4, "uint32"},  [LB_I32] = {4, "int32"},   [LB_U64] = {8, "uint64"}, [LB_I64] = {8, "int64"},
    [LB_F32] = {4, "float32"}, [LB_F64] = {8, "float64"},
};

size_t lb_voxel_size(lb_voxel type) { return voxel_types[type].size; }

const char *lb_voxel_name(lb_voxel type) { return voxel_types[type].name; }

lb_volume *lb_volume_new(lb_arena *arena, const size_t size[3], lb_voxel type)
{
    size_t count = 1;
    for (int axis = 0; axis < 3; axis++) {
        if (size[axis] == 0 || size[axis] > SIZE_MAX / count) return NULL;
        count *= size[axis];
    }
    if (count > SIZE_MAX / 2 / lb_voxel_size(type)) return NULL;
    void *voxels = lb_arena_try(arena, count, lb_voxel_size(type));
    if (!voxels) return NULL;
    lb_volume *volume = lb_arena_alloc(arena, sizeof *volume);
    memcpy(volume->size, size, sizeof volume->size);
    for (int axis = 0; axis < 3; axis++) {
        volume->spacing_mm[axis] = 1;
        volume->direction[4 * axis] = 1;
    }
    volume->type = type;
    volume->voxels = voxels;
    volume->slope = 1;
    volume->name = "";
    volume->arena = arena;
    return volume;
}

size_t lb_volume_count(const lb_volume *volume) { return volume->size[0] * volume->size[1] * volume->size[2]; }

static double stored_at(const lb_volume *volume, size_t index)
{
    const void *v = volume->voxels;
    switch (volume->type) {
    case LB_U8:
        return ((const uint8_t *)v)[index];
    case LB_I8:
        return ((const int8_t *)v)[index];
    case LB_U16:
        return ((const uint16_t *)v)[index];
    case LB_I16:
        return ((const int16_t *)v)[index];
    case LB_U32:
        return ((const uint32_t *)v)[index];
    case LB_I32:
        return ((const int32_t *)v)[index];
    case LB_U64:
        return (double)((const uint64_t *)v)[index];
    case LB_I64:
        return (double)((const int64_t *)v)[index];
    case LB_F32:
        return (double)((const float *)v)[index];
    case LB_F64:
        return ((const double *)v)[index];
    }
    return NAN;
}

double lb_volume_at(const lb_volume *volume, size_t index)
{
    double stored = stored_at(volume, index);
    if (volume->slope == 1 && volume->intercept == 0) return stored;
    return volume->slope * stored + volume->intercept;
}

/* Position of the corner voxel whose bits say which axes are at their far end. */
static void corner_position(const lb_volume *volume, unsigned corner, double position_mm[3])
{
    double step_mm[3];
    for (int axis = 0; axis < 3; axis++) {
        step_mm[axis] = (corner >> axis) & 1 ? volume->spacing_mm[axis] * (double)(volume->size[axis] - 1) : 0;
    }
    for (int row = 0; row < 3; row++) {
        const double *d = volume->direction + 3 * row;
        position_mm[row] = volume->origin_mm[row] + d[0] * step_mm[0] + d[1] * step_mm[1] + d[2] * step_mm[2];
    }
}

double lb_volume_distance_mm(const lb_volume *a, const lb_volume *b)
{
    double largest = 0;
    for (unsigned corner = 0; corner < 8; corner++) {
        double p[3], q[3];
        corner_position(a, corner, p);
        corner_position(b, corner, q);
        double distance =
            sqrt((p[0] - q[0]) * (p[0] - q[0]) + (p[1] - q[1]) * (p[1] - q[1]) + (p[2] - q[2]) * (p[2] - q[2]));
        if (distance > largest) largest = distance;
    }
    return largest;
}

/* Geometry of a mask against an image: compared in millimetres at the corners; never changed silently.
 * A segmentation may be cropped to its segments: then it is put by its place in space, not by its index. */
#include "muscle/common/grid.h"

#include <math.h>
#include <string.h>

static void copy_geometry(lb_volume *to, const lb_volume *from)
{
    memcpy(to->spacing_mm, from->spacing_mm, sizeof to->spacing_mm);
    memcpy(to->origin_mm, from->origin_mm, sizeof to->origin_mm);
    memcpy(to->direction, from->direction, sizeof to->direction);
}

/* Index in `fixed` of the first voxel of `moving`, when both are parts of one lattice. */
static bool lattice_shift(const lb_volume *fixed, const lb_volume *moving, int64_t shift[3])
{
    for (int i = 0; i < 9; i++)
        if (fabs(fixed->direction[i] - moving->direction[i]) > 1e-4) return false;
    for (int axis = 0; axis < 3; axis++) {
        double across = fabs(fixed->spacing_mm[axis] - moving->spacing_mm[axis]) * (double)moving->size[axis];
        if (across > 0.02 * fixed->spacing_mm[axis]) return false;
        double along_mm = 0;
        for (int row = 0; row < 3; row++)
            along_mm += fixed->direction[3 * row + axis] * (moving->origin_mm[row] - fixed->origin_mm[row]);
        double steps = along_mm / fixed->spacing_mm[axis];
        if (!(fabs(steps) < 1e9) || fabs(steps - round(steps)) > 0.02) return false;
        shift[axis] = (int64_t)round(steps);
    }
    return true;
}

/* Row of voxels [from, to) of `moving` along its first axis that falls inside `fixed`. */
static void overlap(size_t moving, size_t fixed, int64_t shift, size_t *from, size_t *to)
{
    int64_t low = shift < 0 ? -shift : 0, high = (int64_t)fixed - shift;
    if (high > (int64_t)moving) high = (int64_t)moving;
    *from = (size_t)low;
    *to = high > low ? (size_t)high : (size_t)low;
}

static size_t labelled(const lb_volume *mask, const size_t from[3], const size_t to[3])
{
    size_t count = 0;
    for (size_t k = from[2]; k < to[2]; k++)
        for (size_t j = from[1]; j < to[1]; j++)
            for (size_t i = from[0]; i < to[0]; i++)
                count += lb_volume_at(mask, i + mask->size[0] * (j + mask->size[1] * k)) != 0;
    return count;
}

/* Labelled voxels of the mask that lie outside the other volume; `shift` is the mask's place in it. */
static int check_inside(const lb_volume *mask, const lb_volume *image, const int64_t shift[3], lb_error *err)
{
    size_t zero[3] = {0, 0, 0}, from[3], to[3];
    for (int axis = 0; axis < 3; axis++)
        overlap(mask->size[axis], image->size[axis], shift[axis], &from[axis], &to[axis]);
    size_t all = labelled(mask, zero, mask->size), inside = labelled(mask, from, to);
    if (inside == all) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "%zu of %zu labelled voxels lie outside the image", all - inside, all);
    lb_error_hint(err, "is this the mask of another scan? check that both come from the same examination");
    return LB_BAD_DATA;
}

static int put_on_lattice(const lb_volume *fixed, lb_volume **moving, const int64_t shift[3], lb_error *err)
{
    const lb_volume *from_volume = *moving;
    lb_volume *placed = lb_volume_new(from_volume->arena, fixed->size, from_volume->type);
    if (!placed) return lb_fail(err, LB_NO_MEMORY, "not enough memory to place the volume on the other's grid");
    size_t voxel = lb_voxel_size(from_volume->type), from[3], to[3];
    for (int axis = 0; axis < 3; axis++)
        overlap(from_volume->size[axis], fixed->size[axis], shift[axis], &from[axis], &to[axis]);
    for (size_t k = from[2]; k < to[2]; k++) {
        for (size_t j = from[1]; j < to[1]; j++) {
            size_t source = from[0] + from_volume->size[0] * (j + from_volume->size[1] * k);
            size_t i = (size_t)((int64_t)from[0] + shift[0]);
            size_t row = (size_t)((int64_t)j + shift[1]) + fixed->size[1] * (size_t)((int64_t)k + shift[2]);
            memcpy((char *)placed->voxels + voxel * (i + fixed->size[0] * row),
                   (const char *)from_volume->voxels + voxel * source, voxel * (to[0] - from[0]));
        }
    }
    copy_geometry(placed, fixed);
    placed->slope = from_volume->slope;
    placed->intercept = from_volume->intercept;
    placed->name = from_volume->name;
    placed->segment = from_volume->segment;
    placed->segment_count = from_volume->segment_count;
    *moving = placed;
    return LB_OK;
}

/* In words: "origin 204.6, 147.9, 192.8 mm and spacing 1.0185 x 1.0185 x 4 mm". */
static const char *geometry_text(const lb_volume *v, lb_arena *arena)
{
    return lb_arena_printf(arena, "origin (%.6g, %.6g, %.6g), spacing (%.7g, %.7g, %.7g)", v->origin_mm[0],
                           v->origin_mm[1], v->origin_mm[2], v->spacing_mm[0], v->spacing_mm[1], v->spacing_mm[2]);
}

static int adopt(lb_volume **fixed, lb_volume **moving, bool fixed_counts, const char *message, lb_result *result)
{
    lb_volume **changed = fixed_counts ? moving : fixed;
    lb_volume *copy = lb_arena_alloc((*changed)->arena, sizeof *copy);
    *copy = **changed;
    copy_geometry(copy, fixed_counts ? *fixed : *moving);
    *changed = copy;
    lb_result_warn(result, "%s", message);
    return LB_OK;
}

int lb_grid_match(lb_volume **fixed, lb_volume **moving, const lb_volume *mask, const char *fixed_word,
                  const char *moving_word, const lb_grid_rule *rule, lb_result *result, lb_error *err)
{
    lb_volume *f = *fixed, *m = *moving;
    bool same_size = memcmp(f->size, m->size, sizeof f->size) == 0, fixed_is_mask = mask == f;
    double distance_mm = lb_volume_distance_mm(f, m);
    if (same_size && distance_mm <= rule->tolerance_mm) return LB_OK;
    if (same_size && rule->adopt) {
        bool adopt_mask = lb_text_equal(rule->adopt, "mask");
        const char *message =
            lb_arena_printf(result->arena,
                            "the %s and the %s lie up to %.4g mm apart (%s; %s): voxels were paired by index "
                            "and the geometry of the %s was used, as asked",
                            moving_word, fixed_word, distance_mm, geometry_text(m, result->arena),
                            geometry_text(f, result->arena), adopt_mask ? "mask" : "image");
        return adopt(fixed, moving, adopt_mask == fixed_is_mask, message, result);
    }
    int64_t shift[3];
    if (!same_size && lattice_shift(f, m, shift)) {
        int64_t back[3] = {-shift[0], -shift[1], -shift[2]};
        int status = fixed_is_mask ? check_inside(f, m, back, err) : check_inside(m, f, shift, err);
        if (status != LB_OK) return status;
        lb_result_note(result,
                       "The %s (%zu x %zu x %zu voxels) is part of the same lattice as the %s and was placed by its "
                       "position: shift %lld, %lld, %lld voxels.",
                       moving_word, m->size[0], m->size[1], m->size[2], fixed_word, (long long)shift[0],
                       (long long)shift[1], (long long)shift[2]);
        return put_on_lattice(f, moving, shift, err);
    }
    if (!same_size) {
        lb_fail(err, LB_BAD_DATA,
                "the %s has %zu x %zu x %zu voxels, the %s %zu x %zu x %zu, and they are not parts of one "
                "lattice (corners up to %.4g mm apart)",
                moving_word, m->size[0], m->size[1], m->size[2], fixed_word, f->size[0], f->size[1], f->size[2],
                distance_mm);
        lb_error_hint(err, "draw or resample the mask on this image first");
        return LB_BAD_DATA;
    }
    lb_fail(err, LB_BAD_DATA, "the %s and the %s have the same size but lie up to %.4g mm apart", moving_word,
            fixed_word, distance_mm);
    lb_error_detail(err, "%s: %s; %s: %s", moving_word, geometry_text(m, result->arena), fixed_word,
                    geometry_text(f, result->arena));
    lb_error_hint(err,
                  "if the voxels do belong together, say whose position and spacing to use: --adopt-geometry mask or "
                  "--adopt-geometry image");
    return LB_BAD_DATA;
}

int lb_mask_check(const lb_volume *mask, lb_error *err)
{
    bool whole = mask->slope == 1 && mask->intercept == 0 && mask->type != LB_F32 && mask->type != LB_F64;
    size_t count = lb_volume_count(mask), odd = 0, first = 0;
    for (size_t i = 0; !whole && i < count; i++) {
        double value = lb_volume_at(mask, i);
        if (value == floor(value) && fabs(value) < 1e9) continue;
        if (odd++ == 0) first = i;
    }
    if (odd == 0) return LB_OK;
    lb_fail(err, LB_BAD_DATA,
            "the mask holds values that are not whole numbers: %zu voxels, the first %g at (%zu, %zu, %zu)", odd,
            lb_volume_at(mask, first), first % mask->size[0], first / mask->size[0] % mask->size[1],
            first / mask->size[0] / mask->size[1]);
    lb_error_where(err, "%s", mask->name);
    lb_error_hint(err, "a mask holds labels 0, 1, 2, …; was a probability map or the image itself given?");
    return LB_BAD_DATA;
}

lb_volume *lb_mask_layer_at(const lb_volume *mask, size_t index)
{
    const lb_volume *layer = index == 0 ? mask : mask->layer[index - 1];
    lb_volume *own = lb_arena_alloc(mask->arena, sizeof *own);
    lb_segment *segment = lb_arena_array(mask->arena, mask->segment_count + 1, sizeof *segment);
    *own = *layer;
    own->layers = own->segment_count = 0;
    for (size_t s = 0; s < mask->segment_count; s++) {
        if (mask->segment[s].layer != index) continue;
        segment[own->segment_count] = mask->segment[s];
        segment[own->segment_count++].layer = 0;
    }
    own->segment = segment;
    own->name = mask->name;
    return own;
}

int lb_mask_layer(lb_volume **mask, int64_t label, lb_error *err)
{
    const lb_volume *whole = *mask;
    const char *first = NULL;
    if (whole->layers == 0) return LB_OK;
    for (size_t s = 0; s < whole->segment_count; s++) {
        if (whole->segment[s].label != label) continue;
        if (first) {
            lb_fail(err, LB_BAD_DATA, "label %lld stands for \"%.80s\" and for \"%.80s\", which overlap", (long long)label, first,
                    whole->segment[s].name);
            lb_error_hint(err, "take one out of the file: lumbar image convert FILE one.nrrd --roi NAME");
            return LB_BAD_DATA;
        }
        first = whole->segment[s].name;
        *mask = lb_mask_layer_at(whole, whole->segment[s].layer);
    }
    if (!first) *mask = lb_mask_layer_at(whole, 0);
    return LB_OK;
}

int lb_mask_flat(const lb_volume *mask, lb_error *err)
{
    if (mask->layers == 0) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "some of the %zu segments overlap; one label a voxel is needed here", mask->segment_count);
    lb_error_where(err, "%s", mask->name);
    lb_error_hint(err, "take one out of the file: lumbar image convert FILE one.nrrd --roi NAME");
    return LB_BAD_DATA;
}

enum { MAX_LISTED = 20 };

const char *lb_mask_labels(const lb_volume *mask, lb_arena *arena)
{
    double label[MAX_LISTED];
    size_t voxels[MAX_LISTED], labels = 0, count = lb_volume_count(mask);
    bool more = false;
    for (size_t i = 0; i < count; i++) {
        double value = lb_volume_at(mask, i);
        if (value == 0) continue;
        size_t at = 0;
        while (at < labels && label[at] != value) at++;
        if (at == labels && labels == MAX_LISTED) {
            more = true;
            continue;
        }
        if (at == labels) label[labels] = value, voxels[labels++] = 0;
        voxels[at]++;
    }
    const char *text = labels == 0 ? "none: the mask is empty" : "";
    for (size_t at = 0; at < labels; at++)
        text = lb_arena_printf(arena, "%s%s%g (%zu voxels)", text, at ? ", " : "", label[at], voxels[at]);
    return more ? lb_arena_printf(arena, "%s, …", text) : text;
}

void lb_volume_pass_warnings(const lb_volume *volume, const char *word, lb_result *result)
{
    for (size_t i = 0; i < volume->warning_count; i++) lb_result_warn(result, "%s: %s", word, volume->warning[i]);
}

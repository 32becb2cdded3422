/* DICOM: every series of the samples against dcm2niix and the expected figures; series made odd on purpose; segmentations
 * and contours against their reference masks. */
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dirent.h>

#include "lumbar_test.h"
#include "muscle/files/files.h"
#include "muscle/files/layers.h"

enum { MOST_FILES = 256 };

typedef struct folder {
    lb_arena *arena;
    lb_bytes file[MOST_FILES];
    size_t files;
} folder;

static void add_file(folder *f, const char *path)
{
    lb_error err = LB_ERROR_INIT;
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) return;
    assert_true(f->files < MOST_FILES);
    assert_int_equal(lb_file_read(path, 0, f->arena, &f->file[f->files++], &err), LB_OK);
}

static void read_folder(folder *f, const char *path)
{
    *f = (folder){.arena = lb_arena_new()};
    DIR *open_folder = opendir(path);
    assert_non_null(open_folder);
    for (struct dirent *entry; (entry = readdir(open_folder));)
        if (entry->d_name[0] != '.') add_file(f, lb_arena_printf(f->arena, "%s/%s", path, entry->d_name));
    closedir(open_folder);
}

static int read_all(folder *f, lb_image **out, size_t *count, lb_error *err)
{
    lb_image_request request = LB_IMAGE_REQUEST_INIT;
    request.file = f->file;
    request.files = f->files;
    request.all = true;
    return lb_images_read(NULL, &request, f->arena, out, count, err);
}

static lb_volume *read_file(const char *path, lb_arena *arena)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    lb_volume *volume;
    assert_int_equal(lb_file_read(path, 0, arena, &bytes, &err), LB_OK);
    if (lb_image_read(&bytes, arena, &volume, &err) != LB_OK) fail_msg("%s: %s", path, err.message);
    return volume;
}

/* Largest difference of values (or, for `stored`, of the numbers before scaling) at the same place; INFINITY when the grids
 * do not cover each other voxel by voxel. */
static double difference(const lb_volume *ours, const lb_volume *theirs, bool stored)
{
    double worst = 0;
    if (lb_volume_count(ours) != lb_volume_count(theirs)) return INFINITY;
    for (size_t k = 0; k < ours->size[2]; k++)
        for (size_t j = 0; j < ours->size[1]; j++)
            for (size_t i = 0; i < ours->size[0]; i++) {
                double index[3] = {(double)i, (double)j, (double)k}, point[3], at[3];
                lb_volume_point_of(ours, index, point);
                lb_volume_index_of(theirs, point, at);
                size_t place = 0, step = 1;
                for (int axis = 0; axis < 3; axis++) {
                    double near = round(at[axis]);
                    if (fabs(at[axis] - near) > 0.02 || near < 0 || near >= (double)theirs->size[axis]) return INFINITY;
                    place += step * (size_t)near;
                    step *= theirs->size[axis];
                }
                double a = lb_volume_at(ours, i + ours->size[0] * (j + ours->size[1] * k)), b = lb_volume_at(theirs, place);
                if (stored) a = (a - ours->intercept) / ours->slope, b = (b - theirs->intercept) / theirs->slope;
                worst = fmax(worst, fabs(a - b));
            }
    return worst;
}

/* dcm2niix on a folder; then every volume it wrote must be one of ours, at the same place with the same values. */
static size_t agrees_with_dcm2niix(const char *name, bool stored)
{
    char place[] = "/tmp/lumbar-dicom-XXXXXX", command[4096];
    assert_non_null(mkdtemp(place));
    snprintf(command, sizeof command, "dcm2niix -z n -v 0 -f %%s_%%e_%%t -o %s %s > %s/log 2>&1", place, shared_data(name), place);
    int status = system(command); /* its status counts warnings, too: what it wrote is what counts */
    (void)status;
    folder f, written;
    lb_image *image;
    size_t count, matched = 0;
    lb_error err = LB_ERROR_INIT;
    read_folder(&f, shared_data(name));
    if (read_all(&f, &image, &count, &err) != LB_OK) fail_msg("%s: %s", name, err.message);
    read_folder(&written, place);
    for (size_t w = 0; w < written.files; w++) {
        if (!lb_text_ends(written.file[w].name, ".nii")) continue;
        lb_volume *theirs = read_file(lb_arena_printf(f.arena, "%s/%s", place, written.file[w].name), f.arena);
        double best = INFINITY;
        for (size_t i = 0; i < count; i++) best = fmin(best, difference(image[i].volume, theirs, stored));
        double range = 0;
        for (size_t i = 0; i < lb_volume_count(theirs); i++) range = fmax(range, stored ? 4095 : fabs(lb_volume_at(theirs, i)));
        if (!(best <= 2e-6 * range)) fail_msg("%s, %s: differs by %g (values to %g)", name, written.file[w].name, best, range);
        matched++;
    }
    snprintf(command, sizeof command, "rm -r %s", place);
    if (system(command) != 0) fail_msg("cannot remove %s", place);
    lb_arena_free(written.arena);
    lb_arena_free(f.arena);
    return matched;
}

static void agrees_with_second_reader(void **state)
{
    (void)state;
    if (!shared_data("dicom/README.md") || system("dcm2niix -h > /dev/null 2>&1") != 0) skip();
    assert_int_equal(agrees_with_dcm2niix("dicom/tum01_lumbar_dixon", false), 2);
    assert_int_equal(agrees_with_dcm2niix("dicom/transfer_syntaxes", false), 5);
    assert_int_equal(agrees_with_dcm2niix("dicom/siemens_fieldmap", false), 1);
    /* dcm2niix scales Philips volumes by a private "precise" slope and in single precision; the stored numbers agree. */
    assert_int_equal(agrees_with_dcm2niix("dicom/enhanced_philips", true), 2);
    assert_int_equal(agrees_with_dcm2niix("seg/dicom_seg/ct-3slice", false), 1);
}

static void agrees_with_given_files(void **state)
{
    (void)state;
    if (!shared_data("dicom/README.md")) skip();
    static const char *const file[][2] = {
        {"dicom/transfer_syntaxes", "dicom/transfer_syntaxes/ref_dcm2niix.nii.gz"},
        {"dicom/enhanced_philips", "dicom/enhanced_philips/Philips_WIP_B0_NS_801_e1.nii.gz"},
        {"dicom/enhanced_philips", "dicom/enhanced_philips/Philips_WIP_B0_NS_801_e2_fieldmaphz.nii.gz"}};
    for (size_t c = 0; c < LB_COUNT(file); c++) {
        folder f;
        lb_image *image;
        size_t count, same = 0;
        lb_error err = LB_ERROR_INIT;
        read_folder(&f, shared_data(file[c][0]));
        for (size_t i = 0; i < f.files;) { /* only the DICOM files, else the reference is read as well */
            if (lb_image_format(&f.file[i])) f.file[i] = f.file[--f.files];
            else i++;
        }
        assert_int_equal(read_all(&f, &image, &count, &err), LB_OK);
        lb_volume *theirs = read_file(shared_data(file[c][1]), f.arena);
        for (size_t i = 0; i < count; i++) same += difference(image[i].volume, theirs, c > 0) <= 1e-3;
        assert_int_equal(same, c == 0 ? 5 : 1);
        lb_arena_free(f.arena);
    }
}

static double sum_of(const lb_volume *volume)
{
    double sum = 0;
    for (size_t i = 0; i < lb_volume_count(volume); i++) sum += lb_volume_at(volume, i);
    return sum;
}

/* Voxels, volume and fat of one label of the label map, which lies on the same grid. */
static void label_equals(const lb_volume *label, int wanted, const lb_volume *water, const lb_volume *fat, const lb_value *expected)
{
    double share = 0, voxels = 0, water_sum = 0, fat_sum = 0;
    for (size_t i = 0; i < lb_volume_count(label); i++) {
        if ((int)lb_volume_at(label, i) != wanted) continue;
        double w = lb_volume_at(water, i), f = lb_volume_at(fat, i);
        voxels++;
        water_sum += w;
        fat_sum += f;
        if (w + f > 0) share += f / (w + f);
    }
    assert_close(voxels, lb_get_number(expected, "voxels", NAN), 0);
    assert_close(voxels * water->spacing_mm[0] * water->spacing_mm[1] * water->spacing_mm[2] / 1000, lb_get_number(expected, "volume_ml", NAN), 1e-9);
    assert_close(share / voxels, lb_get_number(expected, "ff_mean_of_voxels", NAN), 1e-9);
    assert_close(fat_sum / (fat_sum + water_sum), lb_get_number(expected, "ff_ratio_of_sums", NAN), 1e-9);
    assert_close(water_sum / voxels, lb_get_number(expected, "water_mean", NAN), 1e-12);
}

/* Every number of the file of expected figures. */
static void equals_expected(void **state)
{
    (void)state;
    if (!shared_data("dicom/README.md")) skip();
    folder f;
    lb_image *image;
    lb_bytes bytes;
    lb_value *expected;
    size_t count;
    char name[16];
    lb_error err = LB_ERROR_INIT;
    read_folder(&f, shared_data("dicom/tum01_lumbar_dixon"));
    assert_int_equal(lb_file_read(shared_data("dicom/tum01_lumbar_dixon_expected.json"), 0, f.arena, &bytes, &err), LB_OK);
    assert_int_equal(lb_json_read(&bytes, f.arena, &expected, &err), LB_OK);
    assert_int_equal(read_all(&f, &image, &count, &err), LB_OK);
    assert_int_equal(count, 2);
    assert_int_equal(image[0].series, 3);
    assert_int_equal(image[1].series, 4);
    const lb_volume *water = image[0].volume, *fat = image[1].volume;
    assert_close(sum_of(water), lb_get_number(expected, "water_sum", NAN), 0);
    assert_close(sum_of(fat), lb_get_number(expected, "fat_sum", NAN), 1e-12);
    assert_close((double)water->size[2], lb_get_number(expected, "slices", NAN), 0);
    for (size_t axis = 0; axis < 3; axis++) {
        assert_close((double)water->size[axis], lb_number_of(lb_get(expected, "size")->item[axis]), 0);
        assert_close(water->spacing_mm[axis], lb_number_of(lb_get(expected, "spacing")->item[axis]), 1e-9);
        assert_close(water->origin_mm[axis], lb_number_of(lb_get(expected, "origin_lps")->item[axis]), 1e-7);
        for (size_t along = 0; along < 2; along++) /* columns of the matrix are the axes */
            assert_true(fabs(water->direction[3 * axis + along] - lb_number_of(lb_get(expected, "iop")->item[3 * along + axis])) < 1e-9);
        assert_true(fabs(water->direction[3 * axis + 2] - lb_number_of(lb_get(expected, "slice_normal")->item[axis])) < 1e-9);
    }
    lb_volume *label = read_file(shared_data("dicom/tum01_lumbar_dixon_label.nrrd"), f.arena);
    for (int l = 1; l <= 4; l++) {
        snprintf(name, sizeof name, "label%d", l);
        label_equals(label, l, water, fat, lb_get(expected, name));
    }
    lb_arena_free(f.arena);
}

/* TUM01 water only, with slices taken out or moved. */
static void water_only(folder *f)
{
    read_folder(f, shared_data("dicom/tum01_lumbar_dixon"));
    for (size_t i = 0; i < f->files;) {
        if (strncmp(f->file[i].name, "IM03", 4) != 0) f->file[i] = f->file[--f->files];
        else i++;
    }
    assert_int_equal(f->files, 29);
}

static size_t drop(folder *f, const char *name)
{
    for (size_t i = 0; i < f->files; i++)
        if (strcmp(f->file[i].name, name) == 0) {
            f->file[i] = f->file[--f->files];
            return 1;
        }
    return 0;
}

static void says_what_is_missing(void **state)
{
    (void)state;
    if (!shared_data("dicom/README.md")) skip();
    folder f;
    lb_image *image;
    size_t count;
    lb_error err = LB_ERROR_INIT;
    water_only(&f);
    assert_int_equal(drop(&f, "IM030010"), 1);
    assert_int_equal(read_all(&f, &image, &count, &err), LB_OK);
    assert_int_equal(count, 1);
    if (image[0].slices_missing == 0) { /* the files are shuffled: it was the first or last slice */
        fail_msg("drop another file");
    }
    assert_int_equal(image[0].slices_missing, 1);
    assert_non_null(strstr(image[0].volume->warning[0], "the step is 8.0000 mm instead of 4.0000 mm"));
    lb_image_request request = LB_IMAGE_REQUEST_INIT;
    request.file = f.file;
    request.files = f.files;
    assert_int_equal(lb_images_read(NULL, &request, f.arena, &image, &count, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.message, "1 of 29 slices is missing"));
    request.gaps = true;
    assert_int_equal(lb_images_read(NULL, &request, f.arena, &image, &count, &err), LB_OK);
    assert_int_equal(image[0].volume->size[2], 29);
    lb_arena_free(f.arena);
}

/* A copy of a file with one decimal string written over (same length). */
static void patch(folder *f, size_t file, const char *from, const char *to)
{
    uint8_t *copy = lb_arena_alloc(f->arena, f->file[file].length);
    memcpy(copy, f->file[file].data, f->file[file].length);
    uint8_t *at = memmem(copy, f->file[file].length, from, strlen(from));
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
    f->file[file].data = copy;
}

static void refuses_several_series(void **state)
{
    (void)state;
    if (!shared_data("dicom/README.md")) skip();
    folder f;
    lb_image *image;
    size_t count;
    lb_error err = LB_ERROR_INIT;
    lb_image_request request = LB_IMAGE_REQUEST_INIT;
    read_folder(&f, shared_data("dicom/tum01_lumbar_dixon"));
    request.file = f.file;
    request.files = f.files;
    assert_int_equal(lb_images_read(NULL, &request, f.arena, &image, &count, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.message, "several series: 3 ax_dixon_water (180 x 120 x 29), 4 ax_dixon_fat"));
    request.series = 4;
    assert_int_equal(lb_images_read(NULL, &request, f.arena, &image, &count, &err), LB_OK);
    assert_close(sum_of(image[0].volume), 224501762.95, 1e-12);
    request.series = 9;
    assert_int_equal(lb_images_read(NULL, &request, f.arena, &image, &count, &err), LB_BAD_DATA);
    /* The same image twice: two at one place. */
    folder g;
    water_only(&g);
    g.file[g.files++] = g.file[3];
    request = (lb_image_request)LB_IMAGE_REQUEST_INIT;
    request.file = g.file;
    request.files = g.files;
    assert_int_equal(lb_images_read(NULL, &request, g.arena, &image, &count, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.message, "same place"));
    /* Cut short. */
    g.files = 1;
    g.file[0].length = 3000;
    assert_int_equal(lb_images_read(NULL, &request, g.arena, &image, &count, &err), LB_BAD_DATA);
    lb_arena_free(g.arena);
    lb_arena_free(f.arena);
}

static void segmentation_objects(void **state)
{
    (void)state;
    if (!shared_data("seg/README.md")) skip();
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    folder images;
    read_folder(&images, shared_data("seg/dicom_seg/ct-3slice"));
    static const struct {
        const char *seg, *reference;
        int label[3];
    } cases[] = {{"liver.dcm", "liver_seg.nrrd", {1}}, {"partial_overlaps.dcm", "partial_overlaps-1.nrrd", {1, 4, 5}},
                 {"partial_overlaps.dcm", "partial_overlaps-2.nrrd", {2}}, {"partial_overlaps.dcm", "partial_overlaps-3.nrrd", {3}}};
    for (size_t c = 0; c < LB_COUNT(cases); c++)
        for (int referred = 0; referred < 2; referred++) {
            lb_bytes bytes;
            lb_image *image;
            size_t count;
            assert_int_equal(lb_file_read(shared_data(lb_arena_printf(arena, "seg/dicom_seg/%s", cases[c].seg)), 0, arena, &bytes, &err), 0);
            lb_image_request request = LB_IMAGE_REQUEST_INIT;
            request.file = &bytes;
            request.files = 1;
            request.reference = referred ? images.file : NULL;
            request.references = referred ? images.files : 0;
            if (lb_images_read(NULL, &request, arena, &image, &count, &err) != LB_OK) fail_msg("%s", err.message);
            lb_volume *reference = read_file(shared_data(lb_arena_printf(arena, "seg/dicom_seg/%s", cases[c].reference)), arena);
            for (int l = 0; l < 3 && cases[c].label[l]; l++) {
                const lb_segment *segment = NULL;
                for (size_t s = 0; s < image[0].volume->segment_count; s++)
                    if (image[0].volume->segment[s].label == cases[c].label[l]) segment = &image[0].volume->segment[s];
                assert_non_null(segment);
                const lb_volume *ours = lb_layer_of(image[0].volume, segment);
                assert_memory_equal(ours->size, reference->size, sizeof ours->size);
                assert_true(lb_volume_distance_mm(ours, reference) < 2e-3);
                for (size_t i = 0; i < lb_volume_count(ours); i++)
                    if ((lb_volume_at(ours, i) == segment->label) != (lb_volume_at(reference, i) == segment->label))
                        fail_msg("%s label %d: voxel %zu differs", cases[c].seg, cases[c].label[l], i);
            }
        }
    lb_arena_free(images.arena);
    lb_arena_free(arena);
}

static void overlapping_layers(void **state)
{
    (void)state;
    if (!shared_data("seg/README.md")) skip();
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_volume *overlapping = read_file(shared_data("seg/slicer/SegmentationOverlapping.seg.nrrd"), arena);
    lb_volume *plain = read_file(shared_data("seg/slicer/Segmentation.seg.nrrd"), arena);
    assert_int_equal(overlapping->layers, 1);
    assert_int_equal(overlapping->segment_count, 8);
    assert_string_equal(overlapping->segment[7].name, "overlapping sphere");
    assert_memory_equal(overlapping->voxels, plain->voxels, lb_volume_count(plain));
    size_t sphere = 0;
    for (size_t i = 0; i < lb_volume_count(overlapping->layer[0]); i++) sphere += lb_volume_at(overlapping->layer[0], i) == 1;
    assert_int_equal(sphere, 27626 - 8487); /* all ones of both layers less the ribs */
    lb_buf out = {0};
    assert_int_equal(lb_nrrd_write(overlapping, true, &out, &err), LB_OK);
    lb_bytes bytes = {(uint8_t *)out.data, out.length, "again.seg.nrrd"};
    lb_volume *again;
    assert_int_equal(lb_image_read(&bytes, arena, &again, &err), LB_OK);
    assert_int_equal(again->layers, 1);
    assert_memory_equal(again->layer[0]->voxels, overlapping->layer[0]->voxels, lb_volume_count(again));
    assert_memory_equal(again->voxels, overlapping->voxels, lb_volume_count(again));
    assert_int_equal(again->segment[7].layer, 1);
    lb_buf_free(&out);
    lb_arena_free(arena);
}

/* A slice moved by half a millimetre, and a stack that leans. */
static void says_uneven_and_tilted(void **state)
{
    (void)state;
    if (!shared_data("dicom/README.md")) skip();
    folder f;
    lb_image *image;
    size_t count;
    lb_error err = LB_ERROR_INIT;
    water_only(&f);
    lb_image_request request = LB_IMAGE_REQUEST_INIT;
    request.file = f.file;
    request.files = f.files;
    size_t patched = 0;
    for (size_t i = 0; i < f.files; i++)
        if (memmem(f.file[i].data, f.file[i].length, "\\240.784241", 11)) patch(&f, i, "\\240.784241", "\\241.284241"), patched++;
    assert_int_equal(patched, 1);
    assert_int_equal(lb_images_read(NULL, &request, f.arena, &image, &count, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.message, "unevenly spaced: steps of 3.5000 to 4.5000 mm, usually 4.0000 mm"));
    lb_arena_free(f.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_second_reader), cmocka_unit_test(agrees_with_given_files),
                                       cmocka_unit_test(equals_expected), cmocka_unit_test(says_what_is_missing),
                                       cmocka_unit_test(refuses_several_series), cmocka_unit_test(segmentation_objects),
                                       cmocka_unit_test(overlapping_layers), cmocka_unit_test(says_uneven_and_tilted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

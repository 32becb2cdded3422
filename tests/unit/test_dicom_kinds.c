/* Kinds of DICOM the samples lack: signed pixels, oblique slices, tilted stacks, JPEG 2000, contours, two scales in one series;
 * and objects that lie about their size. */
#include <math.h>
#include <openjpeg.h>

#include "dicom_write.h"
#include "muscle/files/dicom.h"
#include "muscle/files/files.h"
#include "muscle/files/layers.h"

enum { NX = 6, NY = 5, NZ = 4 };

static int read_files(lb_bytes *file, size_t files, lb_arena *arena, lb_volume **out, lb_error *err)
{
    lb_image_request request = LB_IMAGE_REQUEST_INIT;
    lb_image *image;
    size_t count;
    request.file = file;
    request.files = files;
    int status = lb_images_read(NULL, &request, arena, &image, &count, err);
    *out = status == LB_OK ? image[0].volume : NULL;
    return status;
}

static void signed_and_oblique(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    int16_t pixel[NZ][NX * NY];
    lb_bytes file[NZ];
    double c = cos(0.3), s = sin(0.3);
    const char *orientation = lb_arena_printf(arena, "1\\0\\0\\0\\%.10f\\%.10f", c, s);
    for (int k = 0; k < NZ; k++) {
        for (int p = 0; p < NX * NY; p++) pixel[k][p] = (int16_t)(p * 7 - 100 + 1000 * k - 2000);
        /* The normal of these slices is (0, -s, c); the files come in the wrong order. */
        slice one = {NY, NX, true, lb_arena_printf(arena, "-10\\%.8f\\%.8f", 5 - 4 * s * k, 7 + 4 * c * k), orientation, "2\\1.5", "0.5", "-3", k,
                     pixel[k], sizeof pixel[k], false};
        file[(k * 3 + 1) % NZ] = mr_file(arena, &one);
    }
    lb_volume *v;
    if (read_files(file, NZ, arena, &v, &err) != LB_OK) fail_msg("%s", err.message);
    assert_int_equal(v->type, LB_I16);
    assert_int_equal(v->size[0], NX);
    assert_int_equal(v->size[2], NZ);
    assert_close(v->spacing_mm[0], 1.5, 0);
    assert_close(v->spacing_mm[1], 2, 0);
    assert_close(v->spacing_mm[2], 4, 1e-7);
    for (int k = 0; k < NZ; k++)
        for (int p = 0; p < NX * NY; p++) assert_close(lb_volume_at(v, (size_t)(k * NX * NY + p)), 0.5 * pixel[k][p] - 3, 1e-15);
    double index[3] = {2, 3, 1}, point[3];
    lb_volume_point_of(v, index, point);
    assert_close(point[0], -10 + 2 * 1.5, 1e-7);
    assert_close(point[1], 5 - 4 * s + 3 * 2 * c, 1e-7);
    assert_close(point[2], 7 + 4 * c + 3 * 2 * s, 1e-7);
    lb_arena_free(arena);
}

static void tilted_stack_is_refused(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    uint16_t pixel[NX * NY] = {0};
    lb_bytes file[NZ];
    for (int k = 0; k < NZ; k++) {
        slice one = {NY, NX, false, lb_arena_printf(arena, "0\\%.6f\\%d", 0.7 * k, 4 * k), "1\\0\\0\\0\\1\\0", "1\\1", NULL, NULL, k, pixel, sizeof pixel, false};
        file[k] = mr_file(arena, &one);
    }
    lb_volume *v;
    assert_int_equal(read_files(file, NZ, arena, &v, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.message, "shifted 0.7 mm"));
    assert_non_null(strstr(err.message, "9.93 degrees"));
    lb_arena_free(arena);
}

static void scales_of_their_own(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    uint16_t pixel[NX * NY];
    lb_bytes file[2];
    for (int p = 0; p < NX * NY; p++) pixel[p] = (uint16_t)(p + 0xf000); /* bits above the twelve stored are not part of the value */
    for (int k = 0; k < 2; k++) {
        slice one = {NY, NX, false, k ? "0\\0\\4" : "0\\0\\0", "1\\0\\0\\0\\1\\0", "1\\1", k ? "3" : "2", "1", k, pixel, sizeof pixel, false};
        file[k] = mr_file(arena, &one);
    }
    lb_volume *v;
    assert_int_equal(read_files(file, 2, arena, &v, &err), LB_OK);
    assert_int_equal(v->type, LB_F64);
    assert_close(lb_volume_at(v, 5), 11, 0);
    assert_close(lb_volume_at(v, NX * NY + 5), 16, 0);
    assert_int_equal(v->warning_count, 1);
    lb_arena_free(arena);
}

typedef struct sink {
    uint8_t data[65536];
    size_t length, at;
} sink;
static OPJ_SIZE_T take(void *from, OPJ_SIZE_T count, void *user)
{
    sink *s = user;
    assert_true(s->at + count <= sizeof s->data);
    memcpy(s->data + s->at, from, count);
    s->at += count;
    if (s->at > s->length) s->length = s->at;
    return count;
}
static OPJ_BOOL seek(OPJ_OFF_T place, void *user)
{
    ((sink *)user)->at = (size_t)place;
    return OPJ_TRUE;
}
static OPJ_OFF_T forward(OPJ_OFF_T count, void *user)
{
    ((sink *)user)->at += (size_t)count;
    return count;
}

/* Lossless code stream of one 16-bit picture. */
static void encode(const int16_t *pixel, int columns, int rows, sink *out)
{
    opj_cparameters_t p;
    opj_set_default_encoder_parameters(&p);
    p.tcp_numlayers = 1;
    p.cp_disto_alloc = 1;
    p.numresolution = 2;
    opj_image_cmptparm_t part = {.dx = 1, .dy = 1, .w = (OPJ_UINT32)columns, .h = (OPJ_UINT32)rows, .prec = 16, .bpp = 16, .sgnd = 1};
    opj_image_t *image = opj_image_create(1, &part, OPJ_CLRSPC_GRAY);
    image->x1 = (OPJ_UINT32)columns, image->y1 = (OPJ_UINT32)rows;
    for (int i = 0; i < columns * rows; i++) image->comps[0].data[i] = pixel[i];
    opj_codec_t *codec = opj_create_compress(OPJ_CODEC_J2K);
    assert_true(opj_setup_encoder(codec, &p, image));
    opj_stream_t *stream = opj_stream_default_create(OPJ_FALSE);
    opj_stream_set_user_data(stream, out, NULL);
    opj_stream_set_write_function(stream, take);
    opj_stream_set_seek_function(stream, seek);
    opj_stream_set_skip_function(stream, forward);
    assert_true(opj_start_compress(codec, image, stream) && opj_encode(codec, stream) && opj_end_compress(codec, stream));
    opj_stream_destroy(stream);
    opj_destroy_codec(codec);
    opj_image_destroy(image);
}

static void jpeg2000(void **state)
{
    (void)state;
    enum { W = 32, H = 24 };
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    int16_t pixel[W * H];
    sink stream = {.length = 0};
    for (int i = 0; i < W * H; i++) pixel[i] = (int16_t)((i * 7919) % 5000 - 2500);
    encode(pixel, W, H, &stream);
    slice one = {H, W, true, "0\\0\\0", "1\\0\\0\\0\\1\\0", "1\\1", NULL, NULL, 1, stream.data, stream.length, true};
    lb_bytes file = mr_file(arena, &one);
    lb_volume *v;
    if (read_files(&file, 1, arena, &v, &err) != LB_OK) fail_msg("%s (%s)", err.message, err.hint);
    for (int i = 0; i < W * H; i++) assert_close(lb_volume_at(v, (size_t)i), pixel[i], 0);
    /* A header that claims another size than the code stream. */
    one.rows = 4000, one.columns = 4000;
    file = mr_file(arena, &one);
    assert_int_equal(read_files(&file, 1, arena, &v, &err) < 0, 1);
    one.rows = H, one.columns = W, one.bytes = stream.length / 2;
    file = mr_file(arena, &one);
    (void)!read_files(&file, 1, arena, &v, &err); /* cut short: refused, or what was there */
    lb_arena_free(arena);
}

static void claims_too_much(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    uint16_t pixel[NX * NY] = {0};
    slice one = {32000, 32000, false, "0\\0\\0", "1\\0\\0\\0\\1\\0", "1\\1", NULL, NULL, 1, pixel, sizeof pixel, false};
    lb_bytes file = mr_file(arena, &one);
    lb_volume *v;
    int status = read_files(&file, 1, arena, &v, &err);
    assert_true(status == LB_TOO_LARGE || status == LB_BAD_DATA);
    assert_true(lb_arena_bytes(arena) < (size_t)64 << 20);
    lb_arena_free(arena);
}

/* A circle drawn on slice 2: its voxels are those whose centres lie inside the polygon. */
/* Contours whose coordinates are no numbers: refused with how many there are. */
static void contours_that_lie(void **state)
{
    (void)state;
    static const char *const points[] = {"1\\1\\nan\\4\\1\\0\\4\\4\\0", "a\\b\\c\\d\\e\\f\\g\\h\\i"};
    for (size_t i = 0; i < LB_COUNT(points); i++) {
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        size_t size[3] = {NX, NY, NZ};
        lb_volume *grid = lb_volume_new(arena, size, LB_U8), *out;
        lb_bytes file = rtstruct_file(arena, "psoas", points[i], 3);
        assert_int_equal(lb_dcm_contours_read(&file, grid, NULL, arena, &out, &err), LB_BAD_DATA);
        assert_true(strlen(err.message) > 10 && strlen(err.hint) > 10);
        lb_arena_free(arena);
    }
}

static void contours_land_where_drawn(void **state)
{
    (void)state;
    enum { W = 40, H = 30, POINTS = 24 };
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    static uint16_t pixel[W * H];
    lb_bytes images[NZ];
    for (int k = 0; k < NZ; k++) {
        slice one = {H, W, false, lb_arena_printf(arena, "-10\\-20\\%d", 30 + 4 * k), "1\\0\\0\\0\\1\\0", "1.5\\0.5", NULL, NULL, k, pixel, sizeof pixel, false};
        images[k] = mr_file(arena, &one);
    }
    double x[POINTS], y[POINTS];
    const char *points = "";
    for (int p = 0; p < POINTS; p++) {
        x[p] = round((-1.3 + 6 * cos(2 * acos(-1.0) * p / POINTS)) * 100) / 100;
        y[p] = round((1.7 + 9 * sin(2 * acos(-1.0) * p / POINTS)) * 100) / 100;
        points = lb_arena_printf(arena, "%s%s%.2f\\%.2f\\38", points, p ? "\\" : "", x[p], y[p]);
    }
    lb_bytes rt = rtstruct_file(arena, "Multifidus L", points, POINTS);
    lb_image_request request = LB_IMAGE_REQUEST_INIT;
    lb_image *image;
    size_t count, inside = 0;
    request.file = &rt;
    request.files = 1;
    assert_int_equal(lb_images_read(NULL, &request, arena, &image, &count, &err), LB_BAD_DATA); /* needs its images */
    assert_non_null(strstr(err.hint, "--reference"));
    request.reference = images;
    request.references = NZ;
    request.roi = "Multifidus L";
    if (lb_images_read(NULL, &request, arena, &image, &count, &err) != LB_OK) fail_msg("%s", err.message);
    const lb_volume *v = image[0].volume;
    assert_int_equal(v->segment_count, 1);
    assert_int_equal(v->segment[0].label, 5);
    for (size_t i = 0; i < lb_volume_count(v); i++) {
        double px = -10 + 0.5 * (double)(i % W), py = -20 + 1.5 * (double)(i / W % H);
        bool in = false; /* winding by angles: another way than crossings */
        double turn = 0;
        for (int p = 0; p < POINTS; p++) {
            double ax = x[p] - px, ay = y[p] - py, bx = x[(p + 1) % POINTS] - px, by = y[(p + 1) % POINTS] - py;
            turn += atan2(ax * by - ay * bx, ax * bx + ay * by);
        }
        in = fabs(turn) > 3 && i / W / H == 2;
        inside += in;
        assert_int_equal(lb_volume_at(v, i) == 5, in);
    }
    assert_true(inside > 200);
    request.roi = "Psoas";
    assert_int_equal(lb_images_read(NULL, &request, arena, &image, &count, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.hint, "Multifidus L"));
    lb_arena_free(arena);
}

/* An element of four gigabytes in a file of a few hundred bytes, in every object and at both ends: said, and no memory asked for. */
static void claims_are_not_believed(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    uint16_t pixel[NX * NY] = {1, 2, 3};
    const slice one = {NY, NX, false, "0\\0\\0", "1\\0\\0\\0\\1\\0", "1\\1", NULL, NULL, 1, pixel, sizeof pixel, false};
    lb_bytes good[2] = {mr_file(arena, &one), rtstruct_file(arena, "psoas", "1\\1\\0\\4\\1\\0\\4\\4\\0", 3)};
    static const uint32_t claim[] = {4294967280U, 2147483648U, 100000};
    for (size_t f = 0; f < 2; f++)
        for (size_t c = 0; c < LB_COUNT(claim); c++) {
            lb_buf out = {0};
            lb_volume *v;
            lb_error err = LB_ERROR_INIT;
            lb_buf_add(&out, (const char *)good[f].data, good[f].length);
            put16(&out, 0x7fe1), put16(&out, 0x1010), lb_buf_puts(&out, "OB"), put16(&out, 0), put32(&out, claim[c]);
            lb_buf_puts(&out, "less than that");
            lb_bytes file = {(const uint8_t *)out.data, out.length, "claim"};
            assert_int_equal(read_files(&file, 1, arena, &v, &err), LB_BAD_DATA);
            assert_true(strlen(err.hint) > 10);
            lb_buf_free(&out);
        }
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(signed_and_oblique), cmocka_unit_test(tilted_stack_is_refused), cmocka_unit_test(scales_of_their_own),
                                       cmocka_unit_test(jpeg2000), cmocka_unit_test(claims_too_much), cmocka_unit_test(claims_are_not_believed),
                                       cmocka_unit_test(contours_that_lie), cmocka_unit_test(contours_land_where_drawn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

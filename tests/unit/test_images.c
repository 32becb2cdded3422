/* NIfTI and NRRD: written and read back, both byte orders, compared with libnifti2, and damaged in every way. */
#include "lumbar_test.h"

#ifdef LUMBAR_TEST_NIFTI2
#include <nifti2_io.h>
#endif

#include "muscle/files/bundle.h"
#include "muscle/files/files.h"
#include "muscle/files/stream.h"

static lb_volume *sample(lb_arena *arena, lb_voxel type)
{
    size_t size[3] = {5, 4, 3};
    lb_volume *v = lb_volume_new(arena, size, type);
    double angle = 0.3, c = cos(angle), s = sin(angle);
    double direction[9] = {c, -s, 0, s, c, 0, 0, 0, 1};
    memcpy(v->direction, direction, sizeof direction);
    v->spacing_mm[0] = 0.75, v->spacing_mm[1] = 1.25, v->spacing_mm[2] = 3.5;
    v->origin_mm[0] = -11.5, v->origin_mm[1] = 22.25, v->origin_mm[2] = -7;
    for (size_t i = 0; i < 60; i++) {
        switch (type) {
        case LB_U8:
            ((uint8_t *)v->voxels)[i] = (uint8_t)(200 + i % 50);
            break;
        case LB_I8:
            ((int8_t *)v->voxels)[i] = (int8_t)(i - 30);
            break;
        case LB_U16:
            ((uint16_t *)v->voxels)[i] = (uint16_t)(65000 + i);
            break;
        case LB_I16:
            ((int16_t *)v->voxels)[i] = (int16_t)(i * 100 - 3000);
            break;
        case LB_U32:
            ((uint32_t *)v->voxels)[i] = 4000000000u + (uint32_t)i;
            break;
        case LB_I32:
            ((int32_t *)v->voxels)[i] = -2000000000 + (int32_t)i;
            break;
        case LB_U64:
            ((uint64_t *)v->voxels)[i] = ((uint64_t)1 << 52) + i;
            break;
        case LB_I64:
            ((int64_t *)v->voxels)[i] = -((int64_t)1 << 52) + (int64_t)i;
            break;
        case LB_F32:
            ((float *)v->voxels)[i] = (float)i / 7;
            break;
        case LB_F64:
            ((double *)v->voxels)[i] = (double)i / 7 - 3;
            break;
        }
    }
    return v;
}

static void expect_same(const lb_volume *a, const lb_volume *b, double tolerance_mm)
{
    assert_memory_equal(a->size, b->size, sizeof a->size);
    assert_int_equal(a->type, b->type);
    assert_true(lb_volume_distance_mm(a, b) <= tolerance_mm);
    for (int i = 0; i < 3; i++) assert_true(fabs(a->spacing_mm[i] - b->spacing_mm[i]) <= tolerance_mm);
    for (size_t i = 0; i < lb_volume_count(a); i++) assert_true(lb_volume_at(a, i) == lb_volume_at(b, i));
}

static lb_bytes bytes_of(const lb_buf *buf) { return (lb_bytes){(const uint8_t *)buf->data, buf->length, "made.nii"}; }

static void round_trips(void **state)
{
    (void)state;
    for (int type = LB_U8; type <= LB_F64; type++)
        for (int form = 0; form < 6; form++) {
            lb_arena *arena = lb_arena_new();
            lb_volume *v = sample(arena, (lb_voxel)type), *back = NULL;
            lb_buf buf = {0};
            lb_error err = LB_ERROR_INIT;
            if (form < 4)
                assert_int_equal(lb_nifti_write(v, 1 + form % 2, form / 2, &buf, &err), LB_OK);
            else
                assert_int_equal(lb_nrrd_write(v, form == 5, &buf, &err), LB_OK);
            lb_bytes bytes = bytes_of(&buf);
            if (lb_image_read(&bytes, arena, &back, &err) != LB_OK) fail_msg("%s", err.message);
            expect_same(v, back, form < 4 && form % 2 == 0 ? 1e-5 : 1e-12);
            assert_int_equal(back->warning_count, 0);
            lb_buf_free(&buf);
            lb_arena_free(arena);
        }
}

/* Every field of an uncompressed NIfTI-1 in the other byte order. */
static void other_byte_order(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_volume *v = sample(arena, LB_I16), *back = NULL;
    lb_buf buf = {0};
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_nifti_write(v, 1, false, &buf, &err), LB_OK);
    uint8_t *raw = (uint8_t *)buf.data;
    lb_swap_bytes(raw, 1, 4);
    lb_swap_bytes(raw + 40, 8, 2);
    lb_swap_bytes(raw + 70, 2, 2);
    lb_swap_bytes(raw + 76, 8, 4);
    lb_swap_bytes(raw + 108, 3, 4);
    lb_swap_bytes(raw + 252, 2, 2);
    lb_swap_bytes(raw + 256, 18, 4);
    lb_swap_bytes(raw + 352, 60, 2);
    lb_bytes bytes = bytes_of(&buf);
    if (lb_image_read(&bytes, arena, &back, &err) != LB_OK) fail_msg("%s", err.message);
    expect_same(v, back, 1e-5);
    lb_buf_free(&buf);
    lb_arena_free(arena);
}

/* libnifti2 reads what we write, at the same place, by q-form and by s-form. */
static void agrees_with_libnifti(void **state)
{
    (void)state;
#ifndef LUMBAR_TEST_NIFTI2
    skip();
#else
    for (int version = 1; version <= 2; version++) {
        lb_arena *arena = lb_arena_new();
        lb_volume *v = sample(arena, LB_F32);
        v->slope = 2;
        v->intercept = -1;
        lb_buf buf = {0};
        lb_error err = LB_ERROR_INIT;
        char path[] = "/tmp/lumbar_XXXXXX.nii";
        int fd = mkstemps(path, 4);
        assert_true(fd >= 0);
        assert_int_equal(lb_nifti_write(v, version, false, &buf, &err), LB_OK);
        assert_int_equal(write(fd, buf.data, buf.length), (ssize_t)buf.length);
        close(fd);
        nifti_image *image = nifti_image_read(path, 1);
        unlink(path);
        assert_non_null(image);
        assert_int_equal(image->nx, 5);
        assert_int_equal(image->nz, 3);
        assert_close(image->scl_slope, 2, 0);
        assert_memory_equal(image->data, v->voxels, 60 * sizeof(float));
        for (int form = 0; form < 2; form++) {
            const double(*m)[4] = form ? image->sto_xyz.m : image->qto_xyz.m;
            for (int row = 0; row < 3; row++) {
                double sign = row < 2 ? -1 : 1;
                assert_true(fabs(m[row][3] - sign * v->origin_mm[row]) < 1e-5);
                for (int c = 0; c < 3; c++)
                    assert_true(fabs(m[row][c] - sign * v->direction[3 * row + c] * v->spacing_mm[c]) < 1e-5);
            }
        }
        nifti_image_free(image);
        lb_buf_free(&buf);
        lb_arena_free(arena);
    }
#endif
}

/* A damage: bytes at an offset of a good NIfTI-1 header, and a part of the message it must give. */
static const struct {
    size_t at, size;
    const char bytes[8];
    const char *message;
} damages[] = {
    {344, 4, "ni1", "header half"},
    {344, 4, "xxx", "no NIfTI mark"},
    {40, 2, {9, 0}, "9 dimensions"},
    {40, 2, {0, 0}, "0 dimensions"},
    {42, 2, {0, 0}, "0 voxels along axis 1"},
    {44, 2, {(char)0xff, (char)0xff}, "-1 voxels"},
    {42, 2, {(char)0xff, 0x7f}, "claims"},
    {70, 2, {0x20, 0}, "type 32"},
    {280, 4, {0, 0, (char)0xc0, 0x7f}, "right angles"},
    {108, 4, {0, 0, 0, 0}, "start at byte 0"},
    {108, 4, {0, 0, (char)0x80, 0x7f}, "start at byte inf"},
    {292, 4, {0, 0, (char)0x80, 0x7f}, "origin"},
};

static void damaged_nifti(void **state)
{
    (void)state;
    for (size_t d = 0; d < LB_COUNT(damages); d++) {
        lb_arena *arena = lb_arena_new();
        lb_volume *v = sample(arena, LB_I16), *back = NULL;
        lb_buf buf = {0};
        lb_error err = LB_ERROR_INIT;
        assert_int_equal(lb_nifti_write(v, 1, false, &buf, &err), LB_OK);
        memcpy(buf.data + damages[d].at, damages[d].bytes, damages[d].size);
        if (damages[d].at == 280) memset(buf.data + 252, 0, 2); /* no q-form to fall back on */
        lb_bytes bytes = bytes_of(&buf);
        int status = lb_image_read(&bytes, arena, &back, &err);
        assert_int_equal(status, LB_BAD_DATA);
        assert_null(back);
        if (!strstr(err.message, damages[d].message)) fail_msg("damage %zu: %s", d, err.message);
        assert_true(err.hint[0] != '\0');
        lb_buf_free(&buf);
        lb_arena_free(arena);
    }
}

static void cut_short(void **state)
{
    (void)state;
    for (int form = 0; form < 4; form++) {
        lb_arena *arena = lb_arena_new();
        lb_volume *v = sample(arena, LB_F64), *back = NULL;
        lb_buf buf = {0};
        lb_error err = LB_ERROR_INIT;
        int status = form < 2 ? lb_nifti_write(v, 1, form, &buf, &err) : lb_nrrd_write(v, form == 3, &buf, &err);
        assert_int_equal(status, LB_OK);
        for (size_t length = 0; length + 9 < buf.length; length += 1 + length / 40) {
            lb_bytes bytes = {(const uint8_t *)buf.data, length, "cut"};
            assert_true(lb_image_read(&bytes, arena, &back, &err) < 0);
            assert_null(back);
        }
        lb_buf_free(&buf);
        lb_arena_free(arena);
    }
}

static void nrrd_headers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message; /* message NULL: it is read */
    } cases[] = {
        {"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 1 1\nencoding: ascii\nspace: RAS\nspace directions: (2,0,0) "
         "(0,1,0) "
         "(0,0,1)\nspace origin: (1,2,3)\n\n7 9\n",
         NULL},
        {"NRRD0004\ntype: uchar\ndimension: 4\nsizes: 1 2 1 1\nencoding: raw\nspace: LPS\nspace directions: none "
         "(1,0,0) (0,1,0) "
         "(0,0,1)\n\nab",
         NULL},
        {"NRRD0004\ntype: block\ndimension: 3\nsizes: 2 1 1\nencoding: raw\n\nab", "block"},
        {"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 1 1\nencoding: bzip2\n\nab", "bzip2"},
        {"NRRD0009\ntype: uchar\n\n", "first line"},
        {"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 1 1\nencoding: raw\ndata file: a.raw\n\n", "another file"},
        {"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 1\nencoding: raw\n\nab", "2 sizes"},
        {"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 1 9999999\nencoding: raw\n\nab", "claims"},
        {"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 -1 1\nencoding: raw\n\nab", "-1 voxels"},
        {"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 1 1\nencoding: ascii\n\n7 300\n", "not a uint8"},
        {"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 1 1\nencoding: raw\nspace: LPS\nspace directions: (0,0,0) "
         "(0,1,0) "
         "(0,0,1)\n\nab",
         "zero"},
        {"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 1 1\nencoding: raw\nspace: LPS\nspace directions: (nan,0,0) "
         "(0,1,0) "
         "(0,0,1)\n\nab",
         "not a number"},
        {"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 1 1\nencoding: raw\nspace: LPS\nspace directions: (1,0,0) "
         "(1,1,0) "
         "(0,0,1)\n\nab",
         "right angles"},
        {"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 1 1\nencoding: raw\nnonsense\n\nab", "no colon"},
        {"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 1 1\nencoding: raw\n", "no end"},
        {"NRRD0004\ndimension: 3\nsizes: 2 1 1\nencoding: raw\n\nab", "no \"type\""},
    };
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        lb_arena *arena = lb_arena_new();
        lb_volume *v = NULL;
        lb_error err = LB_ERROR_INIT;
        lb_bytes bytes = {(const uint8_t *)cases[i].text, strlen(cases[i].text), "case.nrrd"};
        int status = lb_image_read(&bytes, arena, &v, &err);
        if (!cases[i].message && status != LB_OK) fail_msg("case %zu: %s", i, err.message);
        if (cases[i].message && (status == LB_OK || !strstr(err.message, cases[i].message)))
            fail_msg("case %zu: %d %s", i, status, err.message);
        if (i == 0) {
            assert_true(lb_volume_at(v, 1) == 9);
            assert_true(v->origin_mm[0] == -1 && v->origin_mm[1] == -2 && v->origin_mm[2] == 3);
            assert_true(v->direction[0] == -1 && v->direction[4] == -1 && v->direction[8] == 1 &&
                        v->spacing_mm[0] == 2);
        }
        lb_arena_free(arena);
    }
}

/* A few bytes of gzip that claim a gigabyte: refused before the memory is asked for. */
static void zip_bomb(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_volume *v = sample(arena, LB_U8), *back = NULL;
    lb_buf plain = {0}, packed = {0};
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_nifti_write(v, 1, false, &plain, &err), LB_OK);
    int16_t large[3] = {1024, 1024, 1024};
    memcpy(plain.data + 42, large, sizeof large);
    assert_int_equal(lb_gzip_add(&packed, plain.data, plain.length, &err), LB_OK);
    lb_bytes bytes = {(const uint8_t *)packed.data, packed.length, "bomb.nii.gz"};
    size_t before = lb_arena_bytes(arena);
    assert_int_equal(lb_image_read(&bytes, arena, &back, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.message, "claims"));
    assert_true(lb_arena_bytes(arena) - before < 1 << 20);
    lb_buf_free(&plain);
    lb_buf_free(&packed);
    lb_arena_free(arena);
}

static void put_le(lb_buf *out, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) lb_buf_putc(out, (char)(value >> 8 * i & 255));
}

/* A zip archive of `entries` times one deflated entry whose bytes begin at the same place; sizes as claimed. */
static void zip_of(lb_buf *out, size_t entries, uint32_t packed, uint32_t plain)
{
    static const char deflated[] = {0x03, 0x00}; /* nothing */
    put_le(out, 0x04034b50, 4), put_le(out, 20, 2), put_le(out, 0, 2), put_le(out, 8, 2), put_le(out, 0, 4), put_le(out, 0, 4);
    put_le(out, packed, 4), put_le(out, plain, 4), put_le(out, 1, 2), put_le(out, 0, 2), lb_buf_putc(out, 'a');
    lb_buf_add(out, deflated, sizeof deflated);
    size_t start = out->length;
    for (size_t i = 0; i < entries; i++) {
        put_le(out, 0x02014b50, 4), put_le(out, 20, 2), put_le(out, 20, 2), put_le(out, 0, 2), put_le(out, 8, 2), put_le(out, 0, 4), put_le(out, 0, 4);
        put_le(out, packed, 4), put_le(out, plain, 4), put_le(out, 1, 2), put_le(out, 0, 2), put_le(out, 0, 2), put_le(out, 0, 2), put_le(out, 0, 2);
        put_le(out, 0, 4), put_le(out, 0, 4), lb_buf_putc(out, 'a');
    }
    size_t length = out->length - start;
    put_le(out, 0x06054b50, 4), put_le(out, 0, 4), put_le(out, (uint32_t)entries, 2), put_le(out, (uint32_t)entries, 2);
    put_le(out, (uint32_t)length, 4), put_le(out, (uint32_t)start, 4), put_le(out, 0, 2);
}

/* Archives made to unpack to more than they hold: a claim no packing reaches, one entry under many names, more than is allowed. */
static void zip_archives_that_lie(void **state)
{
    (void)state;
    static const struct {
        size_t entries;
        uint32_t packed, plain;
        size_t most;
        const char *says;
    } lie[] = {{1, 2, 4000000000U, (size_t)1 << 40, "damaged"}, {2, 2, 1000, (size_t)1 << 40, "overlap"}, {1, 2, 2000, 1000, "more than the"},
               {1, 4000000000U, 4000000000U, (size_t)1 << 40, "damaged"}, {60000, 2, 1, (size_t)1 << 40, "overlap"}};
    for (size_t i = 0; i < LB_COUNT(lie); i++) {
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        lb_buf zip = {0};
        lb_bytes *file;
        size_t count;
        zip_of(&zip, lie[i].entries, lie[i].packed, lie[i].plain);
        lb_bytes bytes = {(const uint8_t *)zip.data, zip.length, "bomb.zip"};
        assert_true(lb_bundle_looks_like(&bytes));
        assert_int_not_equal(lb_bundle_read(&bytes, lie[i].most, arena, &file, &count, &err), LB_OK);
        if (!strstr(err.message, lie[i].says)) fail_msg("%zu: %s", i, err.message);
        assert_true(lb_arena_bytes(arena) < (size_t)16 << 20);
        lb_buf_free(&zip);
        lb_arena_free(arena);
    }
}

static void segment_names(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_volume *v = sample(arena, LB_U8), *back = NULL;
    lb_segment segment[2] = {{"left multifidus", 3, 0}, {"right psoas major", 200, 0}};
    v->segment = segment;
    v->segment_count = 2;
    lb_buf buf = {0};
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_nrrd_write(v, true, &buf, &err), LB_OK);
    lb_bytes bytes = bytes_of(&buf);
    assert_int_equal(lb_image_read(&bytes, arena, &back, &err), LB_OK);
    assert_int_equal(back->segment_count, 2);
    assert_string_equal(back->segment[1].name, "right psoas major");
    assert_int_equal(back->segment[1].label, 200);
    lb_buf_free(&buf);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),   cmocka_unit_test(other_byte_order), cmocka_unit_test(agrees_with_libnifti),
        cmocka_unit_test(damaged_nifti), cmocka_unit_test(cut_short),        cmocka_unit_test(nrrd_headers),
        cmocka_unit_test(zip_bomb),      cmocka_unit_test(zip_archives_that_lie), cmocka_unit_test(segment_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Reader and writer of NIfTI-1 and NIfTI-2 in one file (.nii, .nii.gz), either byte order.
 * Layout: nifti1.h (R. Cox and others, NIH, 2004) and nifti2.h (2011), as published at nifti.nimh.nih.gov.
 * NIfTI counts millimetres towards right, anterior, superior; Lumbar towards left, posterior, superior. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/files/files.h"
#include "muscle/files/stream.h"

/* What the two versions have in common, in native byte order. */
typedef struct header {
    int version;
    bool swap;
    double dim[8], pixdim[8];
    int datatype;
    double offset, slope, intercept;
    int qform_code, sform_code;
    double quatern[3], qoffset[3], srow[12];
    int units;
} header;

enum { NIFTI1_SIZE = 348, NIFTI2_SIZE = 540 };

static const struct {
    int code;
    lb_voxel type;
} datatypes[] = {{2, LB_U8},  {256, LB_I8},   {512, LB_U16},  {4, LB_I16},  {768, LB_U32},
                 {8, LB_I32}, {1280, LB_U64}, {1024, LB_I64}, {16, LB_F32}, {64, LB_F64}};

/* A field of the header: bytes at `at`, swapped when the file has the other byte order. */
static void field(const uint8_t *raw, bool swap, size_t at, void *out, size_t size)
{
    memcpy(out, raw + at, size);
    if (swap) lb_swap_bytes(out, 1, size);
}
static double i16_at(const uint8_t *raw, bool swap, size_t at)
{
    int16_t v;
    field(raw, swap, at, &v, sizeof v);
    return v;
}
static double i32_at(const uint8_t *raw, bool swap, size_t at)
{
    int32_t v;
    field(raw, swap, at, &v, sizeof v);
    return v;
}
static double i64_at(const uint8_t *raw, bool swap, size_t at)
{
    int64_t v;
    field(raw, swap, at, &v, sizeof v);
    return (double)v;
}
static double f32_at(const uint8_t *raw, bool swap, size_t at)
{
    float v;
    field(raw, swap, at, &v, sizeof v);
    return (double)v;
}
static double f64_at(const uint8_t *raw, bool swap, size_t at)
{
    double v;
    field(raw, swap, at, &v, sizeof v);
    return v;
}

static void parse_1(const uint8_t *raw, header *h)
{
    bool s = h->swap;
    for (size_t i = 0; i < 8; i++) {
        h->dim[i] = i16_at(raw, s, 40 + 2 * i);
        h->pixdim[i] = f32_at(raw, s, 76 + 4 * i);
    }
    h->datatype = (int)i16_at(raw, s, 70);
    h->offset = f32_at(raw, s, 108);
    h->slope = f32_at(raw, s, 112);
    h->intercept = f32_at(raw, s, 116);
    h->units = raw[123] & 7;
    h->qform_code = (int)i16_at(raw, s, 252);
    h->sform_code = (int)i16_at(raw, s, 254);
    for (size_t i = 0; i < 3; i++) {
        h->quatern[i] = f32_at(raw, s, 256 + 4 * i);
        h->qoffset[i] = f32_at(raw, s, 268 + 4 * i);
    }
    for (size_t i = 0; i < 12; i++) h->srow[i] = f32_at(raw, s, 280 + 4 * i);
}

static void parse_2(const uint8_t *raw, header *h)
{
    bool s = h->swap;
    for (size_t i = 0; i < 8; i++) {
        h->dim[i] = i64_at(raw, s, 16 + 8 * i);
        h->pixdim[i] = f64_at(raw, s, 104 + 8 * i);
    }
    h->datatype = (int)i16_at(raw, s, 12);
    h->offset = i64_at(raw, s, 168);
    h->slope = f64_at(raw, s, 176);
    h->intercept = f64_at(raw, s, 184);
    h->qform_code = (int)i32_at(raw, s, 344);
    h->sform_code = (int)i32_at(raw, s, 348);
    for (size_t i = 0; i < 3; i++) {
        h->quatern[i] = f64_at(raw, s, 352 + 8 * i);
        h->qoffset[i] = f64_at(raw, s, 376 + 8 * i);
    }
    for (size_t i = 0; i < 12; i++) h->srow[i] = f64_at(raw, s, 400 + 8 * i);
    h->units = (int)i32_at(raw, s, 500) & 7;
}

/* Version and byte order from sizeof_hdr; 0 when it is neither. */
static int header_version(const uint8_t *raw, size_t length, bool *swap)
{
    if (length < NIFTI1_SIZE) return 0;
    for (int s = 0; s < 2; s++) {
        *swap = s == 1;
        double size = i32_at(raw, *swap, 0);
        if (size == NIFTI1_SIZE) return 1;
        if (size == NIFTI2_SIZE) return 2;
    }
    return 0;
}

static int refuse(lb_error *err, const char *name, int code, const char *hint)
{
    lb_error_where(err, "%s", name);
    lb_error_hint(err, "%s", hint);
    return code;
}

static int parse(const uint8_t *raw, size_t length, const char *name, header *h, lb_error *err)
{
    memset(h, 0, sizeof *h);
    h->version = header_version(raw, length, &h->swap);
    if (h->version == 0 || (h->version == 2 && length < NIFTI2_SIZE)) {
        lb_fail(err, LB_BAD_DATA, "this is not a NIfTI header, or it is cut short after %zu bytes", length);
        return refuse(err, name, LB_BAD_DATA, "give a .nii or .nii.gz file");
    }
    const char *magic = (const char *)raw + (h->version == 1 ? 344 : 4);
    if (memcmp(magic, h->version == 1 ? "ni1" : "ni2", 4) == 0) {
        lb_fail(err, LB_BAD_DATA, "this is the header half of a .hdr/.img pair: the voxels are in another file");
        return refuse(err, name, LB_BAD_DATA, "convert the pair to a single .nii.gz first");
    }
    if (memcmp(magic, h->version == 1 ? "n+1" : "n+2", 4) != 0) {
        lb_fail(err, LB_BAD_DATA, "the header has no NIfTI mark (it may be an old Analyze file)");
        return refuse(err, name, LB_BAD_DATA, "Analyze files do not say which side is left: export as NIfTI or DICOM");
    }
    if (h->version == 1)
        parse_1(raw, h);
    else
        parse_2(raw, h);
    return LB_OK;
}

static int check_shape(const header *h, const char *name, lb_claim *claim, lb_error *err)
{
    if (!(h->dim[0] >= 2 && h->dim[0] <= 7)) {
        lb_fail(err, LB_BAD_DATA, "the header says the image has %g dimensions", h->dim[0]);
        return refuse(err, name, LB_BAD_DATA, "Lumbar reads images of three dimensions");
    }
    for (int axis = 4; axis <= (int)h->dim[0]; axis++) {
        if (h->dim[axis] == 1) continue;
        lb_fail(err, LB_BAD_DATA, "the image has %d dimensions: %g volumes along dimension %d", (int)h->dim[0],
                h->dim[axis], axis);
        return refuse(err, name, LB_BAD_DATA,
                      "split the series and give one volume, such as the water or the fat image");
    }
    for (int axis = 0; axis < 3; axis++) claim->size[axis] = axis < (int)h->dim[0] ? h->dim[axis + 1] : 1;
    for (size_t i = 0; i < LB_COUNT(datatypes); i++) {
        if (datatypes[i].code != h->datatype) continue;
        claim->type = datatypes[i].type;
        claim->swap = h->swap;
        return LB_OK;
    }
    lb_fail(err, LB_BAD_DATA, "voxels of NIfTI type %d (complex, colour or long double) cannot be measured",
            h->datatype);
    return refuse(err, name, LB_BAD_DATA, "convert the image to whole numbers or single or double precision");
}

/* Columns i, j, k of the q-form in RAS: pixdim times the rotation of the unit quaternion (nifti1.h, method 2). */
static bool qform_columns(const header *h, double column[9])
{
    double b = h->quatern[0], c = h->quatern[1], d = h->quatern[2], rest = 1 - (b * b + c * c + d * d);
    if (!isfinite(rest)) return false;
    double a;
    if (rest < 1e-7) {
        double length = sqrt(b * b + c * c + d * d);
        b /= length, c /= length, d /= length;
        a = 0;
    } else {
        a = sqrt(rest);
    }
    double x = fabs(h->pixdim[1]), y = fabs(h->pixdim[2]), z = fabs(h->pixdim[3]) * (h->pixdim[0] < 0 ? -1 : 1);
    double rotation[9] = {a * a + b * b - c * c - d * d, 2 * (b * c - a * d),           2 * (b * d + a * c),
                          2 * (b * c + a * d),           a * a + c * c - b * b - d * d, 2 * (c * d - a * b),
                          2 * (b * d - a * c),           2 * (c * d + a * b),           a * a + d * d - b * b - c * c};
    for (int row = 0; row < 3; row++) {
        column[3 * row] = rotation[3 * row] * x;
        column[3 * row + 1] = rotation[3 * row + 1] * y;
        column[3 * row + 2] = rotation[3 * row + 2] * z;
    }
    return true;
}

/* Method 2: spacing exactly as stored, directions from the quaternion. */
static bool place_by_qform(const header *h, lb_claim *claim)
{
    double column[9], unused[3];
    if (!qform_columns(h, column) || !lb_claim_axes(column, unused, claim->direction)) return false;
    for (int i = 0; i < 3; i++) {
        claim->spacing_mm[i] = fabs(h->pixdim[i + 1]);
        claim->origin_mm[i] = h->qoffset[i];
    }
    return true;
}

/* Method 3, when it is a rotation with scales. */
static bool place_by_sform(const header *h, lb_claim *claim)
{
    double column[9];
    for (int row = 0; row < 3; row++) {
        for (int c = 0; c < 3; c++) column[3 * row + c] = h->srow[4 * row + c];
        claim->origin_mm[row] = h->srow[4 * row + 3];
    }
    return lb_claim_axes(column, claim->spacing_mm, claim->direction);
}

/* RAS to LPS, and metres or micrometres to millimetres. */
static void to_lps(const header *h, lb_claim *claim)
{
    double unit = h->units == 1 ? 1000 : h->units == 3 ? 0.001 : 1;
    for (int row = 0; row < 3; row++) {
        double sign = row < 2 ? -1 : 1;
        claim->origin_mm[row] = claim->origin_mm[row] == 0 ? 0 : sign * unit * claim->origin_mm[row];
        for (int c = 0; c < 3; c++) {
            double *d = &claim->direction[3 * row + c];
            *d = *d == 0 ? 0 : sign * *d;
        }
        claim->spacing_mm[row] *= unit;
    }
}

enum placed { BY_SFORM, BY_QFORM, BY_PIXDIM };

/* Where the grid lies. The s-form goes first, as in nibabel and NiiVue; a sheared one gives way to the q-form. */
static int place(const header *h, const char *name, lb_claim *claim, enum placed *placed, lb_error *err)
{
    if (h->sform_code > 0 && place_by_sform(h, claim) && lb_claim_shear(claim->direction) < 1e-3) {
        *placed = BY_SFORM;
    } else if (h->qform_code > 0 && place_by_qform(h, claim)) {
        *placed = BY_QFORM;
    } else if (h->sform_code > 0) {
        lb_fail(err, LB_BAD_DATA,
                "the position matrix (s-form) is sheared or has an empty column: its axes are not at "
                "right angles");
        return refuse(err, name, LB_BAD_DATA, "resample the image to a grid with right angles first");
    } else {
        static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
        memcpy(claim->direction, identity, sizeof identity);
        for (int i = 0; i < 3; i++) claim->spacing_mm[i] = fabs(h->pixdim[i + 1]);
        *placed = BY_PIXDIM;
    }
    if (claim->size[2] == 1 && h->dim[0] == 2 && claim->spacing_mm[2] == 0) claim->spacing_mm[2] = 1;
    to_lps(h, claim);
    return LB_OK;
}

/* What a careful reader would want to know about the header. */
static void add_warnings(const header *h, enum placed placed, const lb_claim *claim, lb_volume *volume)
{
    if (placed == BY_PIXDIM)
        lb_volume_warn(volume, "the file does not say how the patient lay (no q-form, no s-form): axes taken as right, "
                               "anterior, superior; check sides");
    for (int i = 1; i <= 3; i++)
        if (h->pixdim[i] < 0)
            lb_volume_warn(volume, "negative spacing %g along axis %d: its size is used", h->pixdim[i], i);
    if (placed == BY_QFORM && h->sform_code > 0)
        lb_volume_warn(volume, "the s-form is sheared and was not used; the position is the q-form's");
    lb_claim other = *claim;
    if (placed == BY_SFORM && h->qform_code > 0 && place_by_qform(h, &other)) {
        to_lps(h, &other);
        lb_volume twin = *volume;
        memcpy(twin.spacing_mm, other.spacing_mm, sizeof twin.spacing_mm);
        memcpy(twin.origin_mm, other.origin_mm, sizeof twin.origin_mm);
        memcpy(twin.direction, other.direction, sizeof twin.direction);
        double distance = lb_volume_distance_mm(volume, &twin);
        if (!(distance < 0.01))
            lb_volume_warn(volume, "s-form and q-form differ by up to %.3g mm: the s-form is used", distance);
    }
    if (h->units == 1 || h->units == 3)
        lb_volume_warn(volume, "lengths were stored in %s and converted to millimetres",
                       h->units == 1 ? "metres" : "micrometres");
}

static int read_body(lb_stream *stream, const char *name, lb_arena *arena, lb_volume **out, lb_error *err)
{
    uint8_t raw[NIFTI2_SIZE];
    header h;
    lb_claim claim = {0};
    enum placed placed;
    size_t got = lb_stream_read(stream, raw, NIFTI1_SIZE);
    bool swap;
    if (header_version(raw, got, &swap) == 2) got += lb_stream_read(stream, raw + got, NIFTI2_SIZE - NIFTI1_SIZE);
    int status = parse(raw, got, name, &h, err);
    if (status == LB_OK) status = check_shape(&h, name, &claim, err);
    if (status == LB_OK) status = place(&h, name, &claim, &placed, err);
    if (status != LB_OK) return status;
    if (!(h.offset >= (double)got) || h.offset > lb_stream_most(stream)) {
        lb_fail(err, LB_BAD_DATA, "the header says the voxels start at byte %g", h.offset);
        return refuse(err, name, LB_BAD_DATA, "they start after the header and inside the file; the file is damaged");
    }
    status = lb_claim_check(&claim, lb_stream_most(stream), h.offset, name, err);
    if (status == LB_OK) status = lb_claim_volume(&claim, arena, out, err);
    if (status != LB_OK) return status;
    lb_stream_read(stream, NULL, (size_t)h.offset - got);
    status = lb_claim_voxels(&claim, stream, *out, name, err);
    if (status != LB_OK) return status;
    (*out)->name = lb_arena_text(arena, name);
    if (isfinite(h.slope) && h.slope != 0 && isfinite(h.intercept)) {
        (*out)->slope = h.slope;
        (*out)->intercept = h.intercept;
    }
    add_warnings(&h, placed, &claim, *out);
    return LB_OK;
}

int lb_nifti_read(const lb_bytes *bytes, lb_arena *arena, lb_volume **out, lb_error *err)
{
    *out = NULL;
    lb_stream stream;
    int status = lb_stream_open(&stream, bytes->data, bytes->length, err);
    if (status != LB_OK) return status;
    status = read_body(&stream, bytes->name ? bytes->name : "image", arena, out, err);
    lb_stream_close(&stream);
    if (status != LB_OK) *out = NULL;
    return status;
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

/* The unit quaternion of a rotation (nifti1.h); returns qfac, −1 when the grid is left-handed. */
static double quaternion(const double ras[9], double q[3])
{
    double r[9];
    memcpy(r, ras, sizeof r);
    double det =
        r[0] * (r[4] * r[8] - r[5] * r[7]) - r[1] * (r[3] * r[8] - r[5] * r[6]) + r[2] * (r[3] * r[7] - r[4] * r[6]);
    double qfac = det < 0 ? -1 : 1;
    for (int row = 0; row < 3; row++) r[3 * row + 2] *= qfac;
    double trace = r[0] + r[4] + r[8] + 1, a, b, c, d;
    if (trace > 0.5) {
        a = 0.5 * sqrt(trace);
        b = 0.25 * (r[7] - r[5]) / a, c = 0.25 * (r[2] - r[6]) / a, d = 0.25 * (r[3] - r[1]) / a;
    } else {
        double xd = 1 + r[0] - (r[4] + r[8]), yd = 1 + r[4] - (r[0] + r[8]), zd = 1 + r[8] - (r[0] + r[4]);
        if (xd > 1) {
            b = 0.5 * sqrt(xd);
            c = 0.25 * (r[1] + r[3]) / b, d = 0.25 * (r[2] + r[6]) / b, a = 0.25 * (r[7] - r[5]) / b;
        } else if (yd > 1) {
            c = 0.5 * sqrt(yd);
            b = 0.25 * (r[1] + r[3]) / c, d = 0.25 * (r[5] + r[7]) / c, a = 0.25 * (r[2] - r[6]) / c;
        } else {
            d = 0.5 * sqrt(zd);
            b = 0.25 * (r[2] + r[6]) / d, c = 0.25 * (r[5] + r[7]) / d, a = 0.25 * (r[3] - r[1]) / d;
        }
        if (a < 0) b = -b, c = -c, d = -d;
    }
    q[0] = b, q[1] = c, q[2] = d;
    return qfac;
}

static void put(uint8_t *raw, size_t at, const void *value, size_t size) { memcpy(raw + at, value, size); }
static void put_i16(uint8_t *raw, size_t at, int value) { put(raw, at, &(int16_t){(int16_t)value}, 2); }
static void put_i32(uint8_t *raw, size_t at, int value) { put(raw, at, &(int32_t){value}, 4); }
static void put_i64(uint8_t *raw, size_t at, int64_t value) { put(raw, at, &value, 8); }
/* A real number: 4 bytes in version 1, 8 in version 2. */
static void put_real(uint8_t *raw, size_t at, int version, double value)
{
    if (version == 1)
        put(raw, at, &(float){(float)value}, 4);
    else
        put(raw, at, &value, 8);
}

static void write_header(const lb_volume *volume, int version, uint8_t *raw)
{
    bool one = version == 1;
    size_t real = one ? 4 : 8, header_size = one ? NIFTI1_SIZE : NIFTI2_SIZE;
    double ras[9], q[3];
    for (int i = 0; i < 9; i++) ras[i] = (i < 6 ? -1 : 1) * volume->direction[i];
    double qfac = quaternion(ras, q);
    int datatype = 0;
    for (size_t i = 0; i < LB_COUNT(datatypes); i++)
        if (datatypes[i].type == volume->type) datatype = datatypes[i].code;
    memset(raw, 0, NIFTI2_SIZE + 4);
    put_i32(raw, 0, (int)header_size);
    put(raw, one ? 344 : 4, one ? "n+1\0" : "n+2\0\r\n\032\n", one ? 4 : 8);
    put_i16(raw, one ? 70 : 12, datatype);
    put_i16(raw, one ? 72 : 14, (int)lb_voxel_size(volume->type) * 8);
    for (size_t i = 0; i < 8; i++) {
        int64_t dim = i == 0 ? 3 : i <= 3 ? (int64_t)volume->size[i - 1] : 1;
        if (one)
            put_i16(raw, 40 + 2 * i, (int)dim);
        else
            put_i64(raw, 16 + 8 * i, dim);
        double step = i == 0 ? qfac : i <= 3 ? volume->spacing_mm[i - 1] : 0;
        put_real(raw, (one ? 76 : 104) + real * i, version, step);
    }
    if (one)
        put_real(raw, 108, 1, (double)header_size + 4);
    else
        put_i64(raw, 168, (int64_t)header_size + 4);
    put_real(raw, one ? 112 : 176, version, volume->slope);
    put_real(raw, one ? 116 : 184, version, volume->intercept);
    if (one) {
        raw[123] = 2; /* millimetres */
        put_i16(raw, 252, 1);
        put_i16(raw, 254, 1);
    } else {
        put_i32(raw, 500, 2);
        put_i32(raw, 344, 1);
        put_i32(raw, 348, 1);
    }
    for (size_t i = 0; i < 3; i++) {
        double sign = i < 2 ? -1 : 1, origin = sign * volume->origin_mm[i];
        put_real(raw, (one ? 256 : 352) + real * i, version, q[i]);
        put_real(raw, (one ? 268 : 376) + real * i, version, origin);
        for (size_t c = 0; c < 3; c++)
            put_real(raw, (one ? 280 : 400) + real * (4 * i + c), version, ras[3 * i + c] * volume->spacing_mm[c]);
        put_real(raw, (one ? 280 : 400) + real * (4 * i + 3), version, origin);
    }
}

int lb_nifti_write(const lb_volume *volume, int version, bool gzip, lb_buf *out, lb_error *err)
{
    if (version == 1)
        for (int axis = 0; axis < 3; axis++)
            if (volume->size[axis] > INT16_MAX) version = 2; /* version 1 counts voxels in 16 bits */
    uint8_t raw[NIFTI2_SIZE + 4];
    write_header(volume, version, raw);
    size_t head = (version == 1 ? NIFTI1_SIZE : NIFTI2_SIZE) + 4;
    size_t body = lb_volume_count(volume) * lb_voxel_size(volume->type);
    if (!gzip) {
        lb_buf_add(out, (const char *)raw, head);
        lb_buf_add(out, volume->voxels, body);
        return out->overflow ? lb_fail(err, LB_TOO_LARGE, "the image is too large to write") : LB_OK;
    }
    /* Two gzip members would be legal, but some readers stop after the first: one block it is. */
    uint8_t *whole = lb_alloc(head + body, 1);
    memcpy(whole, raw, head);
    memcpy(whole + head, volume->voxels, body);
    int status = lb_gzip_add(out, whole, head + body, err);
    free(whole);
    return status;
}

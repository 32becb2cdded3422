/* For tests: small DICOM objects written byte by byte (explicit VR, little endian; PS3.5 section 7), so that readers meet
 * kinds of files the samples do not have. */
#ifndef LUMBAR_DICOM_WRITE_H
#define LUMBAR_DICOM_WRITE_H
#include "lumbar_test.h"

static inline void put16(lb_buf *out, unsigned value)
{
    lb_buf_putc(out, (char)(value & 255));
    lb_buf_putc(out, (char)(value >> 8 & 255));
}
static inline void put32(lb_buf *out, uint32_t value)
{
    put16(out, value & 65535);
    put16(out, value >> 16);
}

/* An element; odd lengths are padded (text with a blank, UIDs and bytes with a zero). */
static inline void put(lb_buf *out, unsigned group, unsigned element, const char *vr, const void *data, size_t length)
{
    bool wide = strcmp(vr, "OB") == 0 || strcmp(vr, "OW") == 0 || strcmp(vr, "SQ") == 0 || strcmp(vr, "UN") == 0;
    put16(out, group);
    put16(out, element);
    lb_buf_add(out, vr, 2);
    if (wide) {
        put16(out, 0);
        put32(out, (uint32_t)(length + length % 2));
    } else {
        put16(out, (unsigned)(length + length % 2));
    }
    lb_buf_add(out, data, length);
    if (length % 2) lb_buf_putc(out, strcmp(vr, "UI") == 0 || wide ? '\0' : ' ');
}
static inline void put_text(lb_buf *out, unsigned group, unsigned element, const char *vr, const char *text)
{
    put(out, group, element, vr, text, strlen(text));
}
static inline void put_us(lb_buf *out, unsigned group, unsigned element, unsigned value)
{
    uint8_t two[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    put(out, group, element, "US", two, 2);
}
/* A sequence of one item. */
static inline void put_item(lb_buf *out, unsigned group, unsigned element, const lb_buf *inner)
{
    lb_buf item = {0};
    put16(&item, 0xfffe);
    put16(&item, 0xe000);
    put32(&item, (uint32_t)inner->length);
    lb_buf_add(&item, inner->data, inner->length);
    put(out, group, element, "SQ", item.data, item.length);
    lb_buf_free(&item);
}

static inline void put_head(lb_buf *out, const char *class_uid, const char *syntax)
{
    lb_buf meta = {0};
    put(&meta, 2, 1, "OB", "\0\1", 2);
    put_text(&meta, 2, 2, "UI", class_uid);
    put_text(&meta, 2, 3, "UI", "1.2.3.4");
    put_text(&meta, 2, 0x10, "UI", syntax);
    put_text(&meta, 2, 0x12, "UI", "1.2.3.5");
    for (int i = 0; i < 128; i++) lb_buf_putc(out, '\0');
    lb_buf_puts(out, "DICM");
    uint8_t length[4] = {(uint8_t)meta.length, (uint8_t)(meta.length >> 8), 0, 0};
    put(out, 2, 0, "UL", length, 4);
    lb_buf_add(out, meta.data, meta.length);
    lb_buf_free(&meta);
}

typedef struct slice {
    unsigned rows, columns;
    bool is_signed;
    const char *position, *orientation, *spacing; /* as DICOM writes them */
    const char *slope, *intercept;
    int number;
    const void *pixels; /* 16 bit; or the code stream of JPEG 2000 */
    size_t bytes;
    bool jpeg2000;
} slice;

#define MR_CLASS "1.2.840.10008.5.1.4.1.1.4"
#define EXPLICIT "1.2.840.10008.1.2.1"

/** One classic MR image as a file in the arena. */
static inline lb_bytes mr_file(lb_arena *arena, const slice *s)
{
    lb_buf out = {0};
    char number[16];
    snprintf(number, sizeof number, "%d", s->number);
    put_head(&out, MR_CLASS, s->jpeg2000 ? "1.2.840.10008.1.2.4.90" : EXPLICIT);
    put_text(&out, 8, 8, "CS", "ORIGINAL\\PRIMARY");
    put_text(&out, 8, 0x16, "UI", MR_CLASS);
    put_text(&out, 8, 0x18, "UI", "1.2.3.4");
    put_text(&out, 8, 0x60, "CS", "MR");
    put_text(&out, 0x18, 0x50, "DS", "4");
    put_text(&out, 0x20, 0xe, "UI", "1.2.3.6");
    put_text(&out, 0x20, 0x11, "IS", "7");
    put_text(&out, 0x20, 0x13, "IS", number);
    put_text(&out, 0x20, 0x32, "DS", s->position);
    put_text(&out, 0x20, 0x37, "DS", s->orientation);
    put_us(&out, 0x28, 2, 1);
    put_text(&out, 0x28, 4, "CS", "MONOCHROME2");
    put_us(&out, 0x28, 0x10, s->rows);
    put_us(&out, 0x28, 0x11, s->columns);
    put_text(&out, 0x28, 0x30, "DS", s->spacing);
    put_us(&out, 0x28, 0x100, 16);
    put_us(&out, 0x28, 0x101, s->is_signed ? 16 : 12);
    put_us(&out, 0x28, 0x102, s->is_signed ? 15 : 11);
    put_us(&out, 0x28, 0x103, s->is_signed);
    if (s->intercept) put_text(&out, 0x28, 0x1052, "DS", s->intercept);
    if (s->slope) put_text(&out, 0x28, 0x1053, "DS", s->slope);
    if (s->jpeg2000) {
        put16(&out, 0x7fe0), put16(&out, 0x10), lb_buf_puts(&out, "OB"), put16(&out, 0), put32(&out, UINT32_MAX);
        put16(&out, 0xfffe), put16(&out, 0xe000), put32(&out, 0);
        put16(&out, 0xfffe), put16(&out, 0xe000), put32(&out, (uint32_t)(s->bytes + s->bytes % 2));
        lb_buf_add(&out, s->pixels, s->bytes);
        if (s->bytes % 2) lb_buf_putc(&out, '\0');
        put16(&out, 0xfffe), put16(&out, 0xe0dd), put32(&out, 0);
    } else {
        put(&out, 0x7fe0, 0x10, "OW", s->pixels, s->bytes);
    }
    uint8_t *data = lb_arena_alloc(arena, out.length);
    memcpy(data, out.data, out.length);
    lb_bytes file = {data, out.length, lb_arena_printf(arena, "IM%d", s->number)};
    lb_buf_free(&out);
    return file;
}

/** An RTSTRUCT of one region with one closed contour: points as DICOM text. */
static inline lb_bytes rtstruct_file(lb_arena *arena, const char *name, const char *points, int count)
{
    lb_buf out = {0}, roi = {0}, contour = {0}, region = {0};
    char number[16];
    snprintf(number, sizeof number, "%d", count);
    put_head(&out, "1.2.840.10008.5.1.4.1.1.481.3", EXPLICIT);
    put_text(&out, 8, 0x16, "UI", "1.2.840.10008.5.1.4.1.1.481.3");
    put_text(&roi, 0x3006, 0x22, "IS", "5");
    put_text(&roi, 0x3006, 0x26, "LO", name);
    put_item(&out, 0x3006, 0x20, &roi);
    put_text(&contour, 0x3006, 0x42, "CS", "CLOSED_PLANAR");
    put_text(&contour, 0x3006, 0x46, "IS", number);
    put_text(&contour, 0x3006, 0x50, "DS", points);
    put_item(&region, 0x3006, 0x40, &contour);
    put_text(&region, 0x3006, 0x84, "IS", "5");
    put_item(&out, 0x3006, 0x39, &region);
    uint8_t *data = lb_arena_alloc(arena, out.length);
    memcpy(data, out.data, out.length);
    lb_bytes file = {data, out.length, "RS"};
    lb_buf_free(&out), lb_buf_free(&roi), lb_buf_free(&contour), lb_buf_free(&region);
    return file;
}
#endif

/* One JPEG 2000 code stream (or JP2 file) of a DICOM frame, through OpenJPEG; ISO/IEC 15444-1, DICOM PS3.5 A.4.4. */
#include <openjpeg.h>
#include <string.h>

#include "muscle/files/dicom.h"

typedef struct memory {
    const uint8_t *data;
    size_t length, at;
} memory;

static OPJ_SIZE_T take(void *to, OPJ_SIZE_T count, void *user)
{
    memory *from = user;
    if (from->at >= from->length) return (OPJ_SIZE_T)-1;
    if (count > from->length - from->at) count = from->length - from->at;
    memcpy(to, from->data + from->at, count);
    from->at += count;
    return count;
}
static OPJ_OFF_T skip(OPJ_OFF_T count, void *user)
{
    memory *from = user;
    if (count < 0 || (size_t)count > from->length - from->at) return -1;
    from->at += (size_t)count;
    return count;
}
static OPJ_BOOL seek(OPJ_OFF_T place, void *user)
{
    memory *from = user;
    if (place < 0 || (size_t)place > from->length) return OPJ_FALSE;
    from->at = (size_t)place;
    return OPJ_TRUE;
}
static void ignore(const char *message, void *user)
{
    (void)message;
    (void)user;
}

static int refuse(lb_error *err, const char *what)
{
    lb_fail(err, LB_BAD_DATA, "the JPEG 2000 pixels %s", what);
    lb_error_hint(err, "export the series again without compression");
    return LB_BAD_DATA;
}

static int copy_out(const opj_image_t *image, size_t rows, size_t columns, size_t bits, bool is_signed, void *out,
                    lb_error *err)
{
    const opj_image_comp_t *part = &image->comps[0];
    if (image->numcomps != 1 || part->w != columns || part->h != rows || !part->data || part->prec > bits)
        return refuse(err, "have another size or depth than the header says");
    for (size_t i = 0; i < rows * columns; i++) {
        OPJ_INT32 value = part->data[i];
        if (bits == 8)
            ((uint8_t *)out)[i] = (uint8_t)value;
        else
            ((uint16_t *)out)[i] = (uint16_t)value;
    }
    (void)is_signed; /* two's complement in both */
    return LB_OK;
}

int lb_jpeg2000_decode(const uint8_t *data, size_t length, size_t rows, size_t columns, size_t bits_allocated,
                       bool is_signed, void *out, lb_error *err)
{
    if (bits_allocated != 8 && bits_allocated != 16) return refuse(err, "are not of 8 or 16 bits");
    bool boxed = length > 12 && memcmp(data + 4, "jP  ", 4) == 0;
    memory from = {data, length, 0};
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    opj_codec_t *codec = opj_create_decompress(boxed ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K);
    opj_stream_t *stream = opj_stream_default_create(OPJ_TRUE);
    opj_image_t *image = NULL;
    int status = LB_BAD_DATA;
    if (!codec || !stream) {
        status = lb_fail(err, LB_NO_MEMORY, "not enough memory to unpack JPEG 2000");
        goto out;
    }
    opj_set_info_handler(codec, ignore, NULL);
    opj_set_warning_handler(codec, ignore, NULL);
    opj_set_error_handler(codec, ignore, NULL);
    opj_stream_set_read_function(stream, take);
    opj_stream_set_skip_function(stream, skip);
    opj_stream_set_seek_function(stream, seek);
    opj_stream_set_user_data(stream, &from, NULL);
    opj_stream_set_user_data_length(stream, length);
    if (!opj_setup_decoder(codec, &parameters) || !opj_read_header(stream, codec, &image) || !image) {
        refuse(err, "have a damaged header");
        goto out;
    }
    /* The claim of the code stream is checked against the DICOM header before anything is unpacked. */
    if (image->numcomps != 1 || image->x1 - image->x0 != columns || image->y1 - image->y0 != rows) {
        refuse(err, "have another size than the header says");
        goto out;
    }
    if (!opj_decode(codec, stream, image)) {
        refuse(err, "are damaged");
        goto out;
    }
    status = copy_out(image, rows, columns, bits_allocated, is_signed, out, err);
out:
    opj_image_destroy(image);
    if (stream) opj_stream_destroy(stream);
    if (codec) opj_destroy_codec(codec);
    return status;
}

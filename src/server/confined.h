/* Images and recordings that come over the network are decoded in a child process that may use so much time and memory, and
 * can open, connect and start nothing: whatever a damaged or malicious file does to a decoder stays there. */
#ifndef LUMBAR_CONFINED_H
#define LUMBAR_CONFINED_H
#include <lumbar/op.h>

typedef struct lb_confined {
    const char *program;   /**< the executable to start as "program decode-images" or "program decode-recording" */
    unsigned cpu_seconds;  /**< also, twice that, by the clock */
    size_t memory_bytes;
} lb_confined;
#define LB_CONFINED_INIT {NULL, 60, (size_t)4 << 30}

/** An lb_image_reader; the context is an lb_confined. */
int lb_confined_read(void *context, const lb_image_request *request, lb_arena *arena, lb_image **out, size_t *count, lb_error *err) LB_MUST_CHECK;
/** An lb_recording_reader; the context is an lb_confined. */
int lb_confined_recording(void *context, const lb_bytes *file, double rate_hz, lb_arena *arena, lb_recording **out, lb_error *err) LB_MUST_CHECK;
/** The child's side: request on standard input, answer on standard output. Its exit status. */
int lb_confined_child(lb_image_reader reader, unsigned cpu_seconds, size_t memory_bytes);
int lb_confined_recording_child(lb_recording_reader reader, unsigned cpu_seconds, size_t memory_bytes);

/* How requests and answers are packed. The parent trusts nothing in an answer. */
void lb_confined_pack_request(const lb_image_request *request, lb_buf *out);
int lb_confined_unpack_request(const lb_bytes *bytes, lb_arena *arena, lb_image_request *out) LB_MUST_CHECK;
void lb_confined_pack_answer(int code, const lb_error *err, const lb_image *image, size_t count, lb_buf *out);
/** The code the child's reader gave, or LB_FAILED when the answer makes no sense. */
int lb_confined_unpack_answer(const lb_bytes *bytes, lb_arena *arena, lb_image **out, size_t *count, lb_error *err) LB_MUST_CHECK;
void lb_confined_pack_recording(const lb_bytes *file, double rate_hz, lb_buf *out);
int lb_confined_unpack_recording(const lb_bytes *bytes, lb_arena *arena, lb_bytes *file, double *rate_hz) LB_MUST_CHECK;
void lb_confined_pack_channels(int code, const lb_error *err, const lb_recording *recording, lb_buf *out);
int lb_confined_unpack_channels(const lb_bytes *bytes, lb_arena *arena, lb_recording **out, lb_error *err) LB_MUST_CHECK;
#endif

/* A recording: channels of samples, each with its own rate. */
#ifndef LUMBAR_MUSCLE_RECORDING_H
#define LUMBAR_MUSCLE_RECORDING_H
#include <lumbar/data.h>

typedef struct lb_channel {
    const char *name, *unit;
    double rate_hz;
    double *sample; /**< physical values; NaN where missing */
    size_t samples;
    double lowest, highest; /**< what the recorder can hold; NaN when unknown */
} lb_channel;

typedef struct lb_recording {
    const char *format; /**< "EDF", "EDF+", "BDF", "BDF+", "CSV" */
    lb_channel *channel;
    size_t channels;
    double seconds;
    const char **warning;
    size_t warnings;
} lb_recording;

/** EDF, EDF+, BDF, BDF+ (told by content), else CSV: a column a channel, and a column of seconds or `rate_hz`. */
int lb_recording_read(const lb_bytes *bytes, double rate_hz, lb_arena *arena, lb_recording **out, lb_error *err) LB_MUST_CHECK;
bool lb_edf_looks_like(const lb_bytes *bytes);
int lb_edf_read(const lb_bytes *bytes, lb_arena *arena, lb_recording **out, lb_error *err) LB_MUST_CHECK;
#endif

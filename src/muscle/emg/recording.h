/* Reading recordings. */
#ifndef LUMBAR_MUSCLE_RECORDING_H
#define LUMBAR_MUSCLE_RECORDING_H
#include <lumbar/op.h>

/** EDF, EDF+, BDF, BDF+ (told by content), else CSV: a column a channel, and a column of seconds or `rate_hz`. An lb_recording_reader. */
int lb_recording_read(void *context, const lb_bytes *bytes, double rate_hz, lb_arena *arena, lb_recording **out, lb_error *err) LB_MUST_CHECK;
bool lb_edf_looks_like(const lb_bytes *bytes);
int lb_edf_read(const lb_bytes *bytes, lb_arena *arena, lb_recording **out, lb_error *err) LB_MUST_CHECK;
#endif

/* Recordings: EDF, BDF and CSV; what is read is measured, too. */
#include <math.h>
#include <stdlib.h>

#include "muscle/emg/fatigue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes file = {data, size, "fuzz"};
    lb_recording *recording;
    lb_error err = LB_ERROR_INIT;
    lb_fatigue_settings settings = {.low_hz = 20, .high_hz = 450, .window_s = 1, .segment_s = 0.5, .artefact = 3, .level = 0.95};
    if (lb_recording_read(NULL, &file, 1000, arena, &recording, &err) == LB_OK) {
        for (size_t c = 0; c < recording->channels && c < 4; c++) {
            lb_fatigue fatigue;
            if (!(recording->channel[c].rate_hz > 0)) abort();
            if (lb_fatigue_measure(&recording->channel[c], &settings, arena, &fatigue, &err) == LB_OK && fatigue.used > fatigue.windows) abort();
        }
    } else if (err.message[0] == '\0') {
        abort();
    }
    lb_arena_free(arena);
    return 0;
}

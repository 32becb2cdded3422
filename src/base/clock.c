/* The time of day. Visits of a trial run over a year, and tests must live through one: a build made with LUMBAR_TEST_CLOCK
 * (CMake option; the presets dev and asan, never release) adds the whole seconds that the file named by LUMBAR_CLOCK_FILE
 * holds. A release build has no such code. */
#include <lumbar/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef LUMBAR_TEST_CLOCK
static int64_t moved_seconds(void)
{
    const char *path = getenv("LUMBAR_CLOCK_FILE");
    FILE *file = path && *path ? fopen(path, "re") : NULL;
    char text[32] = "";
    int64_t seconds = 0;
    if (!file) return 0;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' ')) length--;
    return lb_text_integer(text, length, &seconds) && seconds > -4000000000 && seconds < 4000000000 ? seconds : 0;
}
#endif

bool lb_clock_moves(void)
{
#ifdef LUMBAR_TEST_CLOCK
    const char *path = getenv("LUMBAR_CLOCK_FILE");
    return path && *path;
#else
    return false;
#endif
}

int64_t lb_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
#ifdef LUMBAR_TEST_CLOCK
    us += moved_seconds() * 1000000;
#endif
    return us;
}

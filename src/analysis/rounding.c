/* Rounding for printed tables, with the rule stated: half away from zero (SAS ROUND) or half to even (IEEE 754). */
#include "analysis/room.h"

#include <math.h>

const char *lb_round_text(lb_arena *arena, double value, int digits, bool even)
{
    if (!isfinite(value)) return "";
    double scale = pow(10, digits), scaled = fabs(value) * scale;
    if (!(scaled < 1e15)) return lb_arena_printf(arena, "%.*f", digits, value);
    double whole = floor(scaled), rest = scaled - whole;
    /* 2.675 is stored a little below itself: what prints as a tie is a tie */
    if (fabs(rest - 0.5) <= 1e-12 * fmax(1, scaled)) whole += !even || fmod(whole, 2) == 1;
    else if (rest > 0.5) whole += 1;
    return lb_arena_printf(arena, "%s%.*f", value < 0 && whole > 0 ? "-" : "", digits, whole / scale);
}

/* Long names on several lines: broken at spaces, between East Asian characters, and inside a word only when it alone is
 * too long; what does not fit on the last line ends in an ellipsis. */
#include "evidence/forest_draw.h"

#include <string.h>

static size_t char_length(const char *text)
{
    unsigned char lead = (unsigned char)*text;
    size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    size_t i = 1;
    while (i < length && ((unsigned char)text[i] & 0xc0) == 0x80) i++;
    return i;
}

/* Bytes of `text` that fit in `width`, ending at a place to break. */
static size_t fitting(const char *text, double size_pt, bool bold, double width)
{
    size_t end = 0, broken = 0;
    char part[512];
    while (text[end]) {
        size_t next = end + char_length(text + end);
        if (next >= sizeof part) break;
        memcpy(part, text, next);
        part[next] = '\0';
        if (lb_svg_text_width(part, size_pt, bold) > width) return broken ? broken : end ? end : next;
        bool wide = (unsigned char)text[end] >= 0xe3; /* from U+3000 on */
        end = next;
        if (text[end] == ' ' || text[end] == '\0' || wide) broken = end;
    }
    return end;
}

size_t lb_forest_wrap(const char *text, double size_pt, bool bold, double width, size_t most, const char **line,
                      lb_arena *arena)
{
    size_t lines = 0;
    while (text && *text && lines < most) {
        while (*text == ' ') text++;
        size_t length = fitting(text, size_pt, bold, width);
        if (lines + 1 == most && text[length]) {
            length = fitting(text, size_pt, bold, width - size_pt);
            line[lines++] = lb_arena_printf(arena, "%.*s\xe2\x80\xa6", (int)length, text);
            break;
        }
        line[lines++] = lb_arena_textn(arena, text, length);
        text += length;
    }
    return lines;
}

/* Growing byte buffer with a maximum. */
#include <lumbar/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(lb_buf *buf, size_t more)
{
    size_t max = buf->max ? buf->max : (size_t)1 << 30;
    if (buf->overflow || more > max - buf->length) {
        buf->overflow = true;
        return false;
    }
    size_t need = buf->length + more + 1;
    if (need > buf->capacity) {
        size_t capacity = buf->capacity ? buf->capacity : 256;
        while (capacity < need) capacity *= 2;
        buf->data = lb_realloc(buf->data, capacity, 1);
        buf->capacity = capacity;
    }
    return true;
}

void lb_buf_add(lb_buf *buf, const char *text, size_t length)
{
    if (!reserve(buf, length)) return;
    if (length) memcpy(buf->data + buf->length, text, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void lb_buf_puts(lb_buf *buf, const char *text) { lb_buf_add(buf, text, strlen(text)); }
void lb_buf_putc(lb_buf *buf, char c) { lb_buf_add(buf, &c, 1); }

void lb_buf_vprintf(lb_buf *buf, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    /* Into the room that is there; only what does not fit is written twice. */
    size_t room = buf->overflow ? 0 : buf->capacity - buf->length;
    int length = vsnprintf(room ? buf->data + buf->length : NULL, room, fmt, args);
    size_t max = buf->max ? buf->max : (size_t)1 << 30;
    if (length >= 0 && (size_t)length < room && (size_t)length <= max - buf->length) {
        buf->length += (size_t)length;
    } else if (length >= 0 && reserve(buf, (size_t)length)) {
        vsnprintf(buf->data + buf->length, (size_t)length + 1, fmt, again);
        buf->length += (size_t)length;
    } else if (room) {
        buf->data[buf->length] = '\0';
    }
    va_end(again);
}

void lb_buf_printf(lb_buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    lb_buf_vprintf(buf, fmt, args);
    va_end(args);
}

void lb_buf_xml(lb_buf *buf, const char *text)
{
    for (const char *p = text ? text : ""; *p; p++) {
        switch (*p) {
        case '&': lb_buf_puts(buf, "&amp;"); break;
        case '<': lb_buf_puts(buf, "&lt;"); break;
        case '>': lb_buf_puts(buf, "&gt;"); break;
        case '"': lb_buf_puts(buf, "&quot;"); break;
        case '\'': lb_buf_puts(buf, "&#39;"); break;
        default:
            /* XML 1.0 knows no control characters but tab and line ends. */
            if ((unsigned char)*p >= 0x20 || *p == '\t' || *p == '\n' || *p == '\r') lb_buf_putc(buf, *p);
        }
    }
}

void lb_buf_free(lb_buf *buf)
{
    if (buf == NULL) return;
    free(buf->data);
    *buf = (lb_buf){.max = buf->max};
}

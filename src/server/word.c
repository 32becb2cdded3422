/* HTML to Word: pandoc reads the page from a pipe and writes the document to another. The page is
 * ours: its texts are escaped and its pictures are data, so that there is nothing for pandoc to fetch.
 * Pictures become PNG in data addresses first, since Word does not show SVG everywhere. */
#include "server/analysis.h"

#include <lumbar/figure.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void base64(const unsigned char *data, size_t length, lb_buf *out)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < length; i += 3) {
        unsigned value = (unsigned)data[i] << 16 | (i + 1 < length ? (unsigned)data[i + 1] << 8 : 0) | (i + 2 < length ? data[i + 2] : 0u);
        lb_buf_putc(out, digit[value >> 18 & 63]);
        lb_buf_putc(out, digit[value >> 12 & 63]);
        lb_buf_putc(out, i + 1 < length ? digit[value >> 6 & 63] : '=');
        lb_buf_putc(out, i + 2 < length ? digit[value & 63] : '=');
    }
}

/* Each <svg …>…</svg> of the page as an image. */
static int pictures(const char *html, lb_buf *out, lb_error *err)
{
    for (const char *svg; (svg = strstr(html, "<svg")) != NULL;) {
        const char *end = strstr(svg, "</svg>");
        if (!end) break;
        lb_buf_add(out, html, (size_t)(svg - html));
        lb_buf text = {0}, png = {0};
        lb_buf_add(&text, svg, (size_t)(end - svg) + 6);
        int code = lb_figure_png(text.data, 200, &png, err);
        if (!code) {
            lb_buf_puts(out, "<img alt=\"figure\" src=\"data:image/png;base64,");
            base64((const unsigned char *)png.data, png.length, out);
            lb_buf_puts(out, "\"/>");
        }
        lb_buf_free(&text);
        lb_buf_free(&png);
        if (code) return code;
        html = end + 6;
    }
    lb_buf_puts(out, html);
    return 0;
}

/* Write all of `in` and read all that comes, whichever is ready; 120 seconds at most. */
static int exchange(int to, int from, const lb_buf *in, lb_buf *out)
{
    size_t sent = 0;
    double end = lb_seconds() + 120;
    for (;;) {
        struct pollfd wait[2] = {{from, POLLIN, 0}, {to, POLLOUT, 0}};
        int ready = poll(wait, to >= 0 ? 2 : 1, 1000);
        if (lb_seconds() > end || (ready < 0 && errno != EINTR)) break;
        if (to >= 0 && (wait[1].revents & (POLLOUT | POLLERR | POLLHUP))) {
            ssize_t n = write(to, in->data + sent, in->length - sent > 65536 ? 65536 : in->length - sent);
            if (n > 0) sent += (size_t)n;
            if (n < 0 || sent == in->length) {
                close(to);
                to = -1;
            }
        }
        if (wait[0].revents & (POLLIN | POLLHUP)) {
            char block[65536];
            ssize_t n = read(from, block, sizeof block);
            if (n <= 0) {
                if (to >= 0) close(to);
                return n == 0 ? 0 : -1;
            }
            lb_buf_add(out, block, (size_t)n);
        }
    }
    if (to >= 0) close(to);
    return -1;
}

static int pandoc(const lb_buf *in, lb_buf *out, lb_error *err)
{
    char *const words[] = {"pandoc", "-f", "html", "-t", "docx", "-o", "-", NULL};
    /* One date for every document, as in a PDF: the same report is the same file. */
    char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent", "SOURCE_DATE_EPOCH=0", NULL};
    int to[2], from[2], status = 0;
    pid_t child;
    if (pipe(to)) return lb_fail(err, LB_FAILED, "no pipe: %s", strerror(errno));
    if (pipe(from)) {
        close(to[0]), close(to[1]);
        return lb_fail(err, LB_FAILED, "no pipe: %s", strerror(errno));
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    int ends[] = {to[0], to[1], from[0], from[1]};
    for (size_t i = 0; i < LB_COUNT(ends); i++) posix_spawn_file_actions_addclose(&actions, ends[i]);
    int failed = posix_spawnp(&child, "pandoc", &actions, NULL, words, environment);
    posix_spawn_file_actions_destroy(&actions);
    close(to[0]);
    close(from[1]);
    if (failed) {
        close(to[1]), close(from[0]);
        lb_fail(err, LB_NOT_FOUND, "pandoc is not installed: no Word document can be made");
        lb_error_hint(err, "install the package pandoc, or take HTML or PDF");
        return LB_NOT_FOUND;
    }
    int got = exchange(to[1], from[0], in, out);
    close(from[0]);
    if (got) kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (got || !WIFEXITED(status) || WEXITSTATUS(status) != 0 || out->length == 0)
        return lb_fail(err, LB_FAILED, "pandoc could not make the Word document");
    return 0;
}

int lb_word_from_html(const char *html, size_t length, lb_buf *out, lb_error *err)
{
    (void)length;
    lb_buf page = {0};
    int code = pictures(html, &page, err);
    if (!code) code = pandoc(&page, out, err);
    lb_buf_free(&page);
    return code;
}

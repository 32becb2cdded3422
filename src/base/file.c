/* Files: whole inputs with a limit (read, not mapped: a mapped file that another program cuts short ends the reader), atomic writes. */
#include <lumbar/base.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

size_t lb_max_input(void)
{
    const size_t preset = (size_t)2 << 30;
    const char *text = getenv("LUMBAR_MAX_INPUT");
    if (text == NULL || *text == '\0') return preset;
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    int shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    if (value == 0 || (value << shift) >> shift != value) return preset;
    return (size_t)(value << shift);
}

static int too_large(const char *name, size_t max, lb_error *err)
{
    lb_fail(err, LB_TOO_LARGE, "the input is larger than %.3g MiB", (double)max / 1048576.0);
    lb_error_where(err, "%s", name);
    lb_error_hint(err, "split it, or raise the limit with LUMBAR_MAX_INPUT (for example LUMBAR_MAX_INPUT=8G)");
    return LB_TOO_LARGE;
}

/* Read until the end into a buffer that grows; realloc moves large blocks by their pages, without copying. */
static int read_all(int fd, const char *name, size_t expected, size_t max, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    size_t capacity = expected ? expected + 1 : 65536, length = 0;
    char *data = malloc(capacity);
    if (data) lb_large_pages(data, capacity);
    for (;;) {
        if (data == NULL) return lb_fail(err, LB_NO_MEMORY, "not enough memory to read %s", name);
        ssize_t got = read(fd, data + length, capacity - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            int code = lb_fail(err, LB_FAILED, "cannot read: %s", strerror(errno));
            lb_error_where(err, "%s", name);
            free(data);
            return code;
        }
        length += (size_t)got;
        if (length > max) {
            free(data);
            return too_large(name, max, err);
        }
        if (got == 0) break;
        if (length == capacity) {
            capacity = capacity * 2 < max + 1 ? capacity * 2 : max + 1;
            char *grown = realloc(data, capacity);
            if (grown == NULL) free(data);
            data = grown;
        }
    }
    lb_arena_adopt(arena, data);
    *out = (lb_bytes){(const uint8_t *)data, length, name};
    return LB_OK;
}

int lb_file_read(const char *path, size_t max, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    if (max == 0) max = lb_max_input();
    bool standard_input = strcmp(path, "-") == 0;
    const char *slash = strrchr(path, '/');
    const char *name = lb_arena_text(arena, standard_input ? "standard input" : slash ? slash + 1 : path);
    int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        int code = lb_fail(err, errno == ENOENT ? LB_NOT_FOUND : LB_FAILED, "cannot open: %s", strerror(errno));
        lb_error_where(err, "%s", path);
        if (errno == ENOENT) lb_error_hint(err, "check the spelling and the folder you are in");
        return code;
    }
    struct stat st;
    int code;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        code = lb_fail(err, LB_BAD_DATA, "this is a folder, not a file");
        lb_error_where(err, "%s", path);
    } else if (S_ISREG(st.st_mode) && (size_t)st.st_size > max) {
        code = too_large(name, max, err);
    } else {
        code = read_all(fd, name, S_ISREG(st.st_mode) ? (size_t)st.st_size : 0, max, arena, out, err);
    }
    if (!standard_input) close(fd);
    return code;
}

static int write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t done = write(fd, data, length);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return -1;
        data += done;
        length -= (size_t)done;
    }
    return 0;
}

int lb_file_write(const char *path, const void *data, size_t length, lb_error *err)
{
    struct stat st;
    /* A pipe or a device (/dev/null, /dev/stdout) is written as it is; a file by temporary file and rename. */
    bool special = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
    char *target = lb_alloc(strlen(path) + 16, 1);
    snprintf(target, strlen(path) + 16, special ? "%s" : "%s.XXXXXX", path);
    int fd = special ? open(target, O_WRONLY | O_CLOEXEC) : mkostemp(target, O_CLOEXEC);
    int failed = fd < 0 || write_all(fd, data, length) != 0;
    if (!failed && !special) failed = fchmod(fd, 0644) != 0 || fsync(fd) != 0;
    int saved = errno;
    if (fd >= 0 && close(fd) != 0 && !failed) failed = 1, saved = errno;
    if (!failed && !special && rename(target, path) != 0) failed = 1, saved = errno;
    if (failed && fd >= 0 && !special) unlink(target);
    free(target);
    if (!failed) return LB_OK;
    lb_fail(err, LB_FAILED, "cannot write: %s", strerror(saved));
    lb_error_where(err, "%s", path);
    return LB_FAILED;
}

/* Files of the built front end. The path is walked one component at a time from the folder's descriptor and no symbolic
 * link is followed, so nothing outside the folder can be reached whatever the path says. */
#include "server/static.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"}, {".css", "text/css; charset=utf-8"},
        {".json", "application/json"}, {".map", "application/json"}, {".webmanifest", "application/manifest+json"},
        {".wasm", "application/wasm"}, {".svg", "image/svg+xml"}, {".png", "image/png"}, {".jpg", "image/jpeg"},
        {".webp", "image/webp"}, {".ico", "image/x-icon"}, {".woff2", "font/woff2"}, {".woff", "font/woff"},
        {".txt", "text/plain; charset=utf-8"}, {".csv", "text/csv; charset=utf-8"}, {".pdf", "application/pdf"},
    };
    for (size_t i = 0; i < LB_COUNT(types); i++) {
        if (lb_text_ends(name, types[i][0])) return types[i][1];
    }
    return "application/octet-stream";
}

/* Open the regular file `path` ("assets/a.js") below `folder` without following links; -1 when there is none. */
static int open_below(const char *folder, const char *path, struct stat *info)
{
    int at = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (at >= 0) {
        size_t length = strcspn(path, "/");
        bool last = path[length] == '\0';
        char part[256];
        int next = -1;
        /* No empty, hidden, "." or ".." component. */
        if (length > 0 && length < sizeof part && path[0] != '.') {
            memcpy(part, path, length);
            part[length] = '\0';
            next = openat(at, part, O_CLOEXEC | O_NOFOLLOW | (last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY));
        }
        close(at);
        at = next;
        if (last) break;
        path += length + 1;
    }
    if (at < 0) return -1;
    if (fstat(at, info) == 0 && S_ISREG(info->st_mode)) return at;
    close(at);
    return -1;
}

static void answer_absent(lb_answer *answer)
{
    static const char page[] =
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Lumbar</title>"
        "<style>body{font:18px/1.5 sans-serif;max-width:40em;margin:4em auto;padding:0 1em}</style>"
        "<h1>Lumbar is running</h1><p>The pages have not been built yet. In the repository, run</p>"
        "<pre>./dev build</pre><p>and load this address again. The operations answer already: "
        "<a href=\"/api/ops\">/api/ops</a>, <a href=\"/api/health\">/api/health</a>.</p></html>\n";
    lb_answer_borrow(answer, "text/html; charset=utf-8", page, sizeof page - 1);
    lb_answer_header(answer, "Cache-Control", "no-cache");
}

/* The file, or its precompressed copy NAME.gz where the client takes it. */
static int open_best(const char *web, const char *path, const lb_request *request, lb_answer *answer, struct stat *info)
{
    struct stat packed;
    int plain = open_below(web, path, info);
    if (plain < 0) return -1;
    int fd = open_below(web, lb_arena_printf(request->arena, "%s.gz", path), &packed);
    if (fd < 0) return plain;
    lb_answer_header(answer, "Vary", "Accept-Encoding");
    if (!lb_accept_gzip(request->accept_encoding)) {
        close(fd);
        return plain;
    }
    close(plain);
    *info = packed;
    lb_answer_header(answer, "Content-Encoding", "gzip");
    return fd;
}

void lb_static_answer(const char *web, const lb_request *request, lb_answer *answer)
{
    const char *path = request->path + 1;
    const char *slash = strrchr(request->path, '/');
    bool page = strchr(slash, '.') == NULL; /* an address of the application, not a file */
    /* Dot segments and empty ones name no page of ours. */
    bool odd = strstr(request->path, "/.") || strstr(request->path, "//");
    struct stat info;
    if (page) path = "index.html";
    int fd = web && !odd ? open_best(web, path, request, answer, &info) : -1;
    if (fd < 0) {
        if (page && !odd) answer_absent(answer);
        else lb_answer_refuse(answer, 404, "there is no such file", "start at /");
        return;
    }
    answer->type = type_of(path);
    bool immutable = lb_text_starts(path, "assets/");
    lb_answer_header(answer, "Cache-Control", immutable ? "public, max-age=31536000, immutable" : "no-cache");
    const char *etag = lb_arena_printf(request->arena, "\"%llx-%llx-%llx\"", (unsigned long long)info.st_mtim.tv_sec,
                                       (unsigned long long)info.st_mtim.tv_nsec, (unsigned long long)info.st_size);
    if (lb_answer_etag(answer, request, etag)) {
        close(fd);
        return;
    }
    answer->fd = fd;
    answer->fd_length = (size_t)info.st_size;
}

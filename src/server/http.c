/* Reading the parts of a request's head that decide what may be done: path, Host, Origin, Accept. RFC 3986 and RFC 9110. */
#include "server/http.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool lb_path_decode(const char *raw, lb_arena *arena, const char **out)
{
    char *path = lb_arena_alloc(arena, strlen(raw) + 1);
    size_t length = 0;
    for (const char *c = raw; *c && *c != '?'; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '%') {
            int high = hex_digit(c[1]), low = high < 0 ? -1 : hex_digit(c[2]);
            if (low < 0) return false;
            byte = (unsigned char)(high * 16 + low);
            c += 2;
        }
        if (byte < ' ' || byte == 0x7f || byte == '\\') return false;
        path[length++] = (char)byte;
    }
    path[length] = '\0';
    *out = path;
    return path[0] == '/' && lb_utf8_bad(path, length) == length;
}

bool lb_query_decode(const char *raw, lb_arena *arena, const char **out)
{
    char *text = lb_arena_alloc(arena, strlen(raw) + 1);
    size_t length = 0;
    for (const char *c = raw; *c; c++) {
        unsigned char byte = *c == '+' ? ' ' : (unsigned char)*c;
        if (byte == '%') {
            int high = hex_digit(c[1]), low = high < 0 ? -1 : hex_digit(c[2]);
            if (low < 0) return false;
            byte = (unsigned char)(high * 16 + low);
            c += 2;
        }
        if (byte < ' ' || byte == 0x7f) return false;
        text[length++] = (char)byte;
    }
    text[length] = '\0';
    *out = text;
    return lb_utf8_bad(text, length) == length;
}

const char *lb_request_query(const lb_request *request, const char *name)
{
    for (size_t i = 0; i < request->queries; i++) {
        if (strcmp(request->query[i].name, name) == 0) return request->query[i].value;
    }
    return NULL;
}

const char *lb_request_cookie(const lb_request *request, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = request->cookie; at && *at;) {
        while (*at == ' ' || *at == ';') at++;
        size_t part = strcspn(at, ";");
        if (part > length && at[length] == '=' && strncmp(at, name, length) == 0) {
            return lb_arena_textn(request->arena, at + length + 1, part - length - 1);
        }
        at += part;
    }
    return NULL;
}

/* Host without its port into `name`. */
static bool host_name(const char *host, char *name, size_t size)
{
    const char *end = host[0] == '[' ? strchr(host, ']') : strchr(host, ':');
    if (host[0] == '[' && !end) return false;
    size_t length = end ? (size_t)(end - host) + (host[0] == '[') : strlen(host);
    if (length == 0 || length >= size) return false;
    memcpy(name, host, length);
    name[length] = '\0';
    const char *port = host + length;
    if (*port == '\0') return true;
    if (*port++ != ':') return false;
    while (isdigit((unsigned char)*port)) port++;
    return *port == '\0';
}

bool lb_host_is_loopback(const char *host)
{
    char name[256];
    if (!host || !host_name(host, name, sizeof name)) return false;
    if (strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0) return true;
    if (strncmp(name, "127.", 4) != 0) return false;
    unsigned dots = 0; /* 127.0.0.1.example.org is a name like any other */
    for (const char *c = name; *c; c++) {
        if (*c == '.') dots++;
        else if (!isdigit((unsigned char)*c)) return false;
    }
    return dots == 3;
}

bool lb_host_is(const char *host, const char *name)
{
    char sent[256];
    return host && name && host_name(host, sent, sizeof sent) && strcasecmp(sent, name) == 0;
}

bool lb_origin_allowed(const lb_request *request)
{
    const char *site = request->fetch_site;
    if (site && strcasecmp(site, "same-origin") != 0 && strcasecmp(site, "none") != 0) return false;
    if (!request->origin) return true;
    const char *rest = strstr(request->origin, "://");
    return rest && request->host && strcasecmp(rest + 3, request->host) == 0;
}

/* One element of an Accept list: its range without parameters, and its quality. */
static const char *accept_element(const char *text, char *range, size_t size, double *quality)
{
    size_t length = strcspn(text, ",");
    size_t used = 0;
    *quality = 1;
    for (size_t i = 0; i < length && text[i] != ';'; i++) {
        if (!isspace((unsigned char)text[i]) && used + 1 < size) range[used++] = (char)tolower((unsigned char)text[i]);
    }
    range[used] = '\0';
    for (size_t i = 0; i + 1 < length; i++) {
        if (text[i] != ';') continue;
        size_t at = i + 1;
        while (at < length && isspace((unsigned char)text[at])) at++;
        if (at + 2 > length || tolower((unsigned char)text[at]) != 'q' || text[at + 1] != '=') continue;
        size_t end = at + 2;
        while (end < length && (isdigit((unsigned char)text[end]) || text[end] == '.')) end++;
        if (!lb_text_number(text + at + 2, end - at - 2, quality)) *quality = 0;
    }
    return text[length] ? text + length + 1 : text + length;
}

lb_format lb_accept_format(const char *accept)
{
    static const struct {
        const char *range;
        lb_format format;
    } known[] = {{"application/json", LB_FORMAT_JSON}, {"text/csv", LB_FORMAT_CSV},   {"text/html", LB_FORMAT_HTML},
                 {"image/svg+xml", LB_FORMAT_SVG},     {"text/plain", LB_FORMAT_TEXT}, {"*/*", LB_FORMAT_JSON},
                 {"application/*", LB_FORMAT_JSON},    {"text/*", LB_FORMAT_TEXT},     {"image/*", LB_FORMAT_SVG}};
    if (!accept || accept[strspn(accept, " \t")] == '\0') return LB_FORMAT_JSON;
    lb_format best = LB_FORMAT_NONE;
    double best_quality = 0;
    for (const char *next = accept; *next;) {
        char range[64];
        double quality;
        next = accept_element(next, range, sizeof range, &quality);
        for (size_t i = 0; i < LB_COUNT(known); i++) {
            if (quality <= best_quality || strcmp(range, known[i].range) != 0) continue;
            best = known[i].format;
            best_quality = quality;
        }
    }
    return best;
}

bool lb_accept_gzip(const char *accept_encoding)
{
    for (const char *next = accept_encoding ? accept_encoding : ""; *next;) {
        char range[64];
        double quality;
        next = accept_element(next, range, sizeof range, &quality);
        if (strcmp(range, "gzip") == 0 && quality > 0) return true;
    }
    return false;
}

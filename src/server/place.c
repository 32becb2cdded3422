/* Where the program's own files are, told from where the program is: PREFIX/bin/lumbar has PREFIX/share/lumbar, and
 * REPOSITORY/build/dev/lumbar has the repository. */
#include "server/place.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *lb_place_below(const char *folder, const char *relative, lb_arena *arena)
{
    if (!folder) return NULL;
    const char *path = lb_arena_printf(arena, "%s/%s", folder, relative);
    return access(path, R_OK) == 0 ? path : NULL;
}

const char *lb_place_root(lb_arena *arena)
{
    static const char *const ways[] = {"../share/lumbar", "../..", "../../.."};
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) return NULL;
    program[length] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash) return NULL;
    *slash = '\0';
    for (size_t i = 0; i < LB_COUNT(ways); i++) {
        const char *root = lb_place_below(program, ways[i], arena);
        if (!root || !(lb_place_below(root, "studies", arena) || lb_place_below(root, "reference", arena))) continue;
        char *plain = realpath(root, NULL);
        if (plain) lb_arena_adopt(arena, plain);
        return plain ? plain : root;
    }
    return NULL;
}

const char *lb_place_web(const char *root, lb_arena *arena)
{
    static const char *const ways[] = {"web/dist", "web"};
    for (size_t i = 0; i < LB_COUNT(ways); i++) {
        const char *web = lb_place_below(root, ways[i], arena);
        /* The repository's web/ holds an index.html of the sources beside its package.json. */
        if (web && lb_place_below(web, "index.html", arena) && !lb_place_below(web, "package.json", arena)) return web;
    }
    return NULL;
}

const char *lb_place_shared(const char *root, lb_arena *arena)
{
    const char *named = getenv("LUMBAR_SHARED");
    if (named && named[0]) return named;
    return lb_place_below(root, "../shared", arena);
}

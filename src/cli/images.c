/* An image from the command line: a file, a folder (all files below it), and which of its series: PATH#4 or PATH#4.2. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

enum { MOST_FILES = 100000, MOST_DEPTH = 16 };

typedef struct listing {
    lb_arena *arena;
    const char **path;
    size_t count, room;
} listing;

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void add(listing *list, const char *path)
{
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        list->path = lb_realloc(list->path, list->room, sizeof *list->path);
    }
    list->path[list->count++] = path;
}

/* Hidden files are left out; links are followed to files only, so that there is no way round in circles. */
static int walk(listing *list, const char *folder, int depth, lb_error *err)
{
    DIR *open_folder = opendir(folder);
    if (!open_folder || depth > MOST_DEPTH) {
        if (open_folder) closedir(open_folder);
        int code = lb_fail(err, LB_FAILED, open_folder ? "folders lie more than %d deep" : "cannot open the folder", MOST_DEPTH);
        lb_error_where(err, "%s", folder);
        return code;
    }
    int code = LB_OK;
    for (struct dirent *entry; code == LB_OK && (entry = readdir(open_folder));) {
        if (entry->d_name[0] == '.') continue;
        const char *path = lb_arena_printf(list->arena, "%s/%s", folder, entry->d_name);
        struct stat itself, target;
        if (lstat(path, &itself) != 0 || stat(path, &target) != 0) continue;
        if (S_ISDIR(itself.st_mode)) code = walk(list, path, depth + 1, err);
        else if (S_ISREG(target.st_mode)) add(list, path);
        if (list->count > MOST_FILES) code = lb_fail(err, LB_TOO_LARGE, "the folder holds more than %d files", MOST_FILES);
    }
    closedir(open_folder);
    return code;
}

int lb_cli_read_folder(const char *folder, lb_arena *arena, lb_bytes **out, size_t *count, lb_error *err)
{
    listing list = {.arena = arena};
    int code = walk(&list, folder, 0, err);
    if (code == LB_OK && list.count == 0) {
        code = lb_fail(err, LB_BAD_DATA, "the folder is empty");
        lb_error_where(err, "%s", folder);
        lb_error_hint(err, "give the folder that holds the files of the series");
    }
    if (list.count > 1) qsort(list.path, list.count, sizeof *list.path, by_text);
    size_t left = lb_max_input();
    *out = lb_arena_array(arena, list.count + 1, sizeof **out);
    *count = 0;
    for (size_t i = 0; i < list.count && code == LB_OK; i++) {
        lb_bytes bytes = {0};
        code = lb_file_read(list.path[i], left, arena, &bytes, err);
        if (code == LB_OK && bytes.length > 0) (*out)[(*count)++] = bytes;
        left -= bytes.length < left ? bytes.length : left - 1;
    }
    free(list.path);
    return code;
}

static int bind_folder(lb_call *call, const lb_param *param, const char *folder, lb_arena *arena, lb_error *err)
{
    lb_bytes *file;
    size_t count;
    int code = lb_cli_read_folder(folder, arena, &file, &count, err);
    for (size_t i = 0; i < count && code == LB_OK; i++) code = lb_call_bind(call, param->name, &file[i], err);
    return code;
}

int lb_cli_bind_images(lb_call *call, const lb_param *param, const char *path, lb_arena *arena, lb_error *err)
{
    struct stat st;
    const char *mark = strrchr(path, '#');
    if (mark && mark != path && stat(path, &st) != 0) {
        path = lb_arena_textn(arena, path, (size_t)(mark - path));
        int code = lb_call_choose(call, param->name, mark + 1, err);
        if (code != LB_OK) return code;
    }
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return bind_folder(call, param, path, arena, err);
    lb_bytes bytes;
    int code = lb_file_read(path, 0, arena, &bytes, err);
    return code == LB_OK ? lb_call_bind(call, param->name, &bytes, err) : code;
}

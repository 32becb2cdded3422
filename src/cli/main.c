/* lumbar <area> <verb> …: the registry's operations, and a few verbs of the program itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "muscle/emg/recording.h"
#include "muscle/files/files.h"
#include "server/confined.h"

int lb_cli_error(const lb_error *err)
{
    if (err->where[0]) fprintf(stderr, "lumbar: error: %s: %s\n", err->where, err->message);
    else fprintf(stderr, "lumbar: error: %s\n", err->message);
    if (err->detail[0]) fprintf(stderr, "detail: %s\n", err->detail);
    if (err->hint[0]) fprintf(stderr, "hint: %s\n", err->hint);
    return lb_error_exit_status(err->code);
}

const char *lb_cli_home(const char *variable, const char *name, char *buffer, size_t size)
{
    const char *set = getenv(variable);
    if (set && *set) {
        snprintf(buffer, size, "%s", set);
        return access(buffer, R_OK) == 0 ? buffer : NULL;
    }
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) return NULL;
    program[length] = '\0';
    char *slash = strrchr(program, '/');
    if (slash) *slash = '\0';
    static const char *const places[] = {"../share/lumbar", "../.."};
    for (size_t i = 0; i < LB_COUNT(places); i++) {
        snprintf(buffer, size, "%s/%s/%s", program, places[i], name);
        if (access(buffer, R_OK) == 0) return buffer;
    }
    return NULL;
}

static int unknown(const lb_registry *registry, const char *area, const char *verb)
{
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    bool known_area = false;
    for (size_t i = 0; i < lb_registry_count(registry); i++) known_area |= strcmp(lb_registry_at(registry, i)->area, area) == 0;
    if (known_area && verb == NULL) lb_fail(&err, LB_USAGE, "'%s' needs a verb", area);
    else lb_fail(&err, LB_USAGE, "there is no command '%.60s%s%.60s'", area, verb ? " " : "", verb ? verb : "");
    const char *near = lb_registry_nearest(registry, area, known_area || verb ? verb : NULL, arena);
    if (near) lb_error_hint(&err, "did you mean 'lumbar %s'?", near);
    else if (known_area) lb_error_hint(&err, "lumbar help %s lists its verbs", area);
    else lb_error_hint(&err, "lumbar help lists what there is");
    int status = lb_cli_error(&err);
    lb_arena_free(arena);
    return status;
}

static int dispatch(const lb_registry *registry, int argc, char **argv)
{
    const char *area = argc > 1 ? argv[1] : "help";
    if (strcmp(area, "--version") == 0 || strcmp(area, "version") == 0) {
        printf("lumbar %s\n", lb_version());
        return 0;
    }
    if (strcmp(area, "help") == 0 || strcmp(area, "--help") == 0 || strcmp(area, "-h") == 0)
        return lb_cli_help(registry, argc > 1 ? argc - 2 : 0, argv + 2);
    if (strcmp(area, "decode-images") == 0) { /* the server's child: not for people */
        lb_confined limits = LB_CONFINED_INIT;
        return lb_confined_child(lb_images_read, limits.cpu_seconds, limits.memory_bytes);
    }
    if (strcmp(area, "decode-recording") == 0) {
        lb_confined limits = LB_CONFINED_INIT;
        return lb_confined_recording_child(lb_recording_read, limits.cpu_seconds, limits.memory_bytes);
    }
    if (strcmp(area, "serve") == 0) return lb_cli_serve(argc - 2, argv + 2);
    if (strcmp(area, "study") == 0 && argc > 2 && lb_cli_study_knows(argc - 2, argv + 2)) return lb_cli_study(argc - 2, argv + 2);
    if (strcmp(area, "allocator") == 0) return lb_cli_allocator(argc - 2, argv + 2);
    if (strcmp(area, "validate") == 0) return lb_cli_validate(argc - 2, argv + 2);
    if (strcmp(area, "man") == 0) return lb_cli_man(registry, argc - 2, argv + 2);
    if (strcmp(area, "completion") == 0) {
        lb_buf out = {0};
        lb_registry_completion(registry, &out);
        fwrite(out.data, 1, out.length, stdout);
        lb_buf_free(&out);
        return 0;
    }
    if (strcmp(area, "merge") == 0) /* shards of a cohort */
        return lb_cli_operation(registry, lb_registry_find(registry, "radiomics", "merge"), argc - 2, argv + 2);
    const lb_op *op = argc > 2 ? lb_registry_find(registry, area, argv[2]) : NULL;
    if (op == NULL) return unknown(registry, area, argc > 2 ? argv[2] : NULL);
    return lb_cli_operation(registry, op, argc - 3, argv + 3);
}

int main(int argc, char **argv)
{
    lb_registry *registry = lb_registry_all();
    int status = dispatch(registry, argc, argv);
    lb_registry_free(registry);
    if (fflush(stdout) != 0 && status == 0) {
        fprintf(stderr, "lumbar: error: cannot write to standard output\n");
        status = 1;
    }
    return status;
}

/* `lumbar serve`: start the HTTP server, say where it is, and wait for SIGINT or SIGTERM. */
#include "cli/cli.h"
#include "cli/study.h"
#include "server/confined.h"
#include "server/server.h"
#include "store/store.h"
#include "trial/conduct/randomise.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage_text[] =
    "usage: lumbar serve [--listen HOST:PORT] [--host NAME] [--demo | --db FILE] [--study FILE] [--calculators DIR] [--web DIR] [--log FILE]\n"
    "\n"
    "  --listen HOST:PORT  where to listen (default 127.0.0.1:8080; port 0 picks a free one)\n"
    "  --host NAME         the public name it has behind a proxy, e.g. trial.example.org\n"
    "  --demo              serve a simulated trial, scans and a small meta-analysis; this machine only\n"
    "  --db FILE           conduct the study of this database (made by `lumbar study new`)\n"
    "  --study FILE        show this protocol beside the shipped ones\n"
    "  --calculators DIR   published models (*.json) to offer at /calculator, open to all\n"
    "  --web DIR           folder of the built front end (default: found beside the program)\n"
    "  --log FILE          a line of JSON for every request, without personal data; - is the standard error\n"
    "  --openapi           print the description of the API (OpenAPI 3.1) and end\n"
    "\n"
    "Stop it with Ctrl+C or SIGTERM. docs/server.md describes the API and its limits.\n";

/* The value of option `name` in "--name VALUE" or "--name=VALUE"; NULL when argv[*i] is another option. */
static const char *option_value(int argc, char **argv, int *i, const char *name)
{
    const char *word = argv[*i];
    size_t length = strlen(name);
    if (strncmp(word, name, length) != 0) return NULL;
    if (word[length] == '=') return word + length + 1;
    if (word[length] != '\0' || *i + 1 >= argc) return NULL;
    return argv[++*i];
}

/* What the command line asks for beside the server's own options. */
typedef struct wishes {
    bool help, openapi;
    const char *db;
} wishes;

static int read_options(int argc, char **argv, lb_server_options *options, wishes *want, lb_error *err)
{
    for (int i = 0; i < argc; i++) {
        const char *value = NULL;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) want->help = true;
        else if (strcmp(argv[i], "--openapi") == 0) want->openapi = true;
        else if (strcmp(argv[i], "--demo") == 0) options->demo = true;
        else if (strcmp(argv[i], "--quiet") == 0) continue;
        else if ((value = option_value(argc, argv, &i, "--listen"))) options->listen = value;
        else if ((value = option_value(argc, argv, &i, "--host"))) options->host = value;
        else if ((value = option_value(argc, argv, &i, "--db"))) want->db = value;
        else if ((value = option_value(argc, argv, &i, "--study"))) options->study = value;
        else if ((value = option_value(argc, argv, &i, "--calculators"))) options->calculators = value;
        else if ((value = option_value(argc, argv, &i, "--web"))) options->web = value;
        else if ((value = option_value(argc, argv, &i, "--log"))) options->log = value;
        else {
            static const char *const names[] = {"--listen", "--host", "--demo", "--db", "--study", "--calculators", "--web", "--log", "--openapi", "--help"};
            const char *nearest = lb_text_nearest(argv[i], names, LB_COUNT(names));
            bool lone = nearest && strcmp(nearest, argv[i]) == 0;
            lb_fail(err, LB_USAGE, lone ? "'%.100s' needs a value" : "serve has no option '%.100s'", argv[i]);
            if (nearest && !lone) lb_error_hint(err, "did you mean %s?", nearest);
            else lb_error_hint(err, "see lumbar serve --help");
            return LB_USAGE;
        }
    }
    if (want->db && options->demo) {
        lb_fail(err, LB_USAGE, "--db and --demo do not go together");
        lb_error_hint(err, "the demo has no users and no passwords; leave --demo out to conduct a study");
        return LB_USAGE;
    }
    return LB_OK;
}

static void warn(const lb_server *server, const wishes *want)
{
    if (lb_clock_moves()) fputs("lumbar: warning: a file moves the clock of this test build (LUMBAR_CLOCK_FILE)\n", stderr);
    if (!lb_server_is_public(server)) return;
    if (want->db) fputs("lumbar: warning: other machines can reach this server, and it speaks HTTP without TLS\n"
                        "hint: listen on 127.0.0.1 behind a proxy with TLS, and start with --host NAME: docs/server.md\n", stderr);
    else fputs("lumbar: warning: other machines can reach this server, and it has no users and no passwords\n"
               "hint: listen on 127.0.0.1 and let nginx ask for a password: docs/server.md\n", stderr);
}

/* What a crash left between the intention to randomise somebody and the answer is finished first. */
static int resume(lb_store *store, const lb_allocator_face *allocator, lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    lb_study *study = NULL;
    size_t count = 0;
    int code = study_protocol(store, arena, &study, err);
    if (!code) code = lb_randomise_resume(store, study, allocator, &count, err);
    if (!code && count) fprintf(stderr, "lumbar: finished %zu randomisation%s that a crash had interrupted\n", count, count == 1 ? "" : "s");
    lb_study_close(study);
    lb_arena_free(arena);
    return code;
}

/* Uploads are decoded by this program started anew; without /proc it has to be done in the server itself. */
static void confine_uploads(lb_registry *registry, lb_confined *limits, char *program, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", program, size - 1);
    if (length <= 0) return;
    program[length] = '\0';
    limits->program = program;
    lb_registry_image_reader(registry, lb_confined_read, limits);
    lb_registry_recording_reader(registry, lb_confined_recording, limits);
}

/* Until SIGINT or SIGTERM. */
static int run_server(lb_server_options *options, const wishes *want, const sigset_t *ends, lb_error *err)
{
    lb_registry *registry = lb_registry_all();
    lb_confined limits = LB_CONFINED_INIT;
    char program[4096];
    confine_uploads(registry, &limits, program, sizeof program);
    lb_server *server = NULL;
    lb_store *store = NULL;
    lb_allocator *allocator = NULL;
    int code = LB_OK, received = 0;
    if (want->db) {
        lb_store_options how = LB_STORE_OPTIONS_INIT;
        how.where = want->db;
        code = lb_store_open(&how, &store, err);
        options->store = store;
        if (!code) code = study_allocator(store, &allocator, err);
        if (!code) options->allocator = lb_allocator_ask(allocator);
        if (!code) code = resume(store, options->allocator, err);
    }
    if (!code) code = lb_server_start(options, registry, &server, err);
    if (!code) {
        printf("Lumbar is running at %s\n", lb_server_url(server));
        fflush(stdout);
        warn(server, want);
        sigwait(ends, &received);
    }
    lb_server_stop(server);
    lb_allocator_stop(allocator);
    if (store) lb_store_close(store);
    lb_registry_free(registry);
    return code;
}

static void print_openapi(void)
{
    lb_registry *registry = lb_registry_all();
    lb_buf text = {0};
    lb_server_openapi(registry, &text);
    puts(text.data);
    lb_buf_free(&text);
    lb_registry_free(registry);
}

int lb_cli_serve(int argc, char **argv)
{
    lb_server_options options = LB_SERVER_OPTIONS_INIT;
    lb_error err = LB_ERROR_INIT;
    wishes want = {0};
    if (read_options(argc, argv, &options, &want, &err)) return lb_cli_error(&err);
    if (want.help) {
        fputs(usage_text, stdout);
        return 0;
    }
    if (want.openapi) {
        print_openapi();
        return 0;
    }
    /* Blocked before any thread is made, so that only the wait below receives them. */
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    return run_server(&options, &want, &ends, &err) ? lb_cli_error(&err) : 0;
}

/* `lumbar serve`: start the HTTP server, say where it is, and wait for SIGINT or SIGTERM. */
#include "cli/cli.h"
#include "server/server.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char usage_text[] =
    "usage: lumbar serve [--listen HOST:PORT] [--host NAME] [--demo] [--study FILE] [--web DIR]\n"
    "\n"
    "  --listen HOST:PORT  where to listen (default 127.0.0.1:8080; port 0 picks a free one)\n"
    "  --host NAME         the public name it has behind a proxy, e.g. trial.example.org\n"
    "  --demo              serve a simulated trial, scans and a small meta-analysis; this machine only\n"
    "  --study FILE        show this protocol beside the shipped ones\n"
    "  --web DIR           folder of the built front end (default: found beside the program)\n"
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

static int read_options(int argc, char **argv, lb_server_options *options, bool *help, lb_error *err)
{
    for (int i = 0; i < argc; i++) {
        const char *value = NULL;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) *help = true;
        else if (strcmp(argv[i], "--demo") == 0) options->demo = true;
        else if (strcmp(argv[i], "--quiet") == 0) continue;
        else if ((value = option_value(argc, argv, &i, "--listen"))) options->listen = value;
        else if ((value = option_value(argc, argv, &i, "--host"))) options->host = value;
        else if ((value = option_value(argc, argv, &i, "--study"))) options->study = value;
        else if ((value = option_value(argc, argv, &i, "--web"))) options->web = value;
        else {
            static const char *const names[] = {"--listen", "--host", "--demo", "--study", "--web", "--help"};
            const char *nearest = lb_text_nearest(argv[i], names, LB_COUNT(names));
            bool lone = nearest && strcmp(nearest, argv[i]) == 0;
            lb_fail(err, LB_USAGE, lone ? "'%.100s' needs a value" : "serve has no option '%.100s'", argv[i]);
            if (nearest && !lone) lb_error_hint(err, "did you mean %s?", nearest);
            else lb_error_hint(err, "see lumbar serve --help");
            return LB_USAGE;
        }
    }
    return LB_OK;
}

int lb_cli_serve(int argc, char **argv)
{
    lb_server_options options = LB_SERVER_OPTIONS_INIT;
    lb_error err = LB_ERROR_INIT;
    bool help = false;
    if (read_options(argc, argv, &options, &help, &err)) return lb_cli_error(&err);
    if (help) {
        fputs(usage_text, stdout);
        return 0;
    }
    /* Blocked before any thread is made, so that only the wait below receives them. */
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    lb_registry *registry = lb_registry_all();
    lb_server *server = NULL;
    int code = lb_server_start(&options, registry, &server, &err);
    if (code) {
        lb_registry_free(registry);
        return lb_cli_error(&err);
    }
    printf("Lumbar is running at %s\n", lb_server_url(server));
    fflush(stdout);
    if (lb_server_is_public(server)) {
        fputs("lumbar: warning: other machines can reach this server, and it has no users and no passwords\n"
              "hint: listen on 127.0.0.1 and let nginx ask for a password: docs/server.md\n", stderr);
    }
    int received = 0;
    sigwait(&ends, &received);
    lb_server_stop(server);
    lb_registry_free(registry);
    return 0;
}

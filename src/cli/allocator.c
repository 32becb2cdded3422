/* `lumbar allocator`: the process that alone holds the randomisation key. The program starts it itself; called by hand it
 * only says what it is. */
#include "allocator/allocator.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

int lb_cli_allocator(int argc, char **argv)
{
    const char *folder = NULL, *key = NULL, *socket = NULL, *verb = argc > 0 ? argv[0] : "";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--folder") == 0) folder = argv[i + 1];
        else if (strcmp(argv[i], "--key") == 0) key = argv[i + 1];
        else if (strcmp(argv[i], "--socket-fd") == 0) socket = argv[i + 1];
    }
    int64_t control;
    bool sound = folder && key && socket && lb_text_integer(socket, strlen(socket), &control) && control >= 0 && control < 1024;
    if (sound && strcmp(verb, "serve") == 0) return lb_allocator_serve((int)control, folder, key);
    if (sound && strcmp(verb, "create") == 0) return lb_allocator_make((int)control, folder, key);
    lb_error err = LB_ERROR_INIT;
    lb_fail(&err, LB_USAGE, "the allocator is started by 'lumbar serve' and 'lumbar study new', not by hand");
    lb_error_hint(&err, "see docs/store.md");
    return lb_cli_error(&err);
}

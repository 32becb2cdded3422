/* lumbar serve: the web pages. */
#include <stdio.h>

#include "cli/cli.h"

int lb_cli_serve(int argc, char **argv)
{
    (void)argc, (void)argv;
    fprintf(stderr, "lumbar: error: this build has no server\n");
    return 1;
}

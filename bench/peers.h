/* For benches beside peers: the same data in a file that R (readBin) and numpy (fromfile) read, and their programs run in the same run. */
#ifndef LUMBAR_BENCH_PEERS_H
#define LUMBAR_BENCH_PEERS_H

#include <lumbar/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Doubles: n, p, x (column after column), y. Peers find the file's name in LUMBAR_BENCH_DATA. */
static inline void peers_see(const double *x, const double *y, size_t n, size_t p)
{
    static char path[] = "/tmp/lumbar-bench-XXXXXX"; /* benches run one after another: one file each */
    static int file = -1;
    const double head[] = {(double)n, (double)p};
    if (file < 0) file = mkstemp(path);
    FILE *to = fopen(path, "wb");
    if (file < 0 || !to || fwrite(head, sizeof *head, 2, to) != 2 || fwrite(x, sizeof *x, n * p, to) != n * p || fwrite(y, sizeof *y, n, to) != n) {
        fprintf(stderr, "cannot write %s\n", path);
        exit(1);
    }
    fclose(to);
    setenv("LUMBAR_BENCH_DATA", path, 1);
}

static inline void peers_done(void) { unlink(getenv("LUMBAR_BENCH_DATA")); }

static inline void peer_runs(const char *what, const char *start, const char *code, const char *end)
{
    lb_buf command = {0};
    lb_buf_printf(&command, "%s%s%s", start, code, end);
    fflush(stdout);
    if (system(command.data) != 0) printf("  (peer: %s not installed)\n", what);
    lb_buf_free(&command);
}

/* `cpu(expression)` gives its CPU seconds; no single quotes in the code. */
static inline void peer_r(const char *what, const char *code)
{
    peer_runs(what,
              "OMP_NUM_THREADS=1 Rscript -e 'f <- file(Sys.getenv(\"LUMBAR_BENCH_DATA\"), \"rb\"); d <- readBin(f, \"double\", 2); n <- d[1]; p <- d[2]; "
              "x <- matrix(readBin(f, \"double\", n * p), n); y <- readBin(f, \"double\", n); cpu <- function(e) sum(system.time(e)[1:2]); "
              "tell <- function(what, s) cat(sprintf(\"  (peer: %s %.3f s)\\n\", what, s)); ",
              code, "' 2>/dev/null");
}

/* Debian's own Python: its scikit-learn belongs to it. */
static inline void peer_python(const char *what, const char *code)
{
    peer_runs(what,
              "OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 /usr/bin/python3 -c 'import os, time, numpy as np\nd = np.fromfile(os.environ[\"LUMBAR_BENCH_DATA\"])\n"
              "n, p = int(d[0]), int(d[1])\nx, y = np.ascontiguousarray(d[2:2 + n * p].reshape(p, n).T), d[2 + n * p:]\n"
              "def tell(what, s): print(\"  (peer: %s %.3f s)\" % (what, s))\ncpu = time.process_time\n",
              code, "' 2>/dev/null");
}
#endif

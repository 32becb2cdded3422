/* CSV in: rows per second of a numeric table of 10 columns, beside R's data.table::fread where it is installed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lumbar/data.h>

static void make(const char *path, size_t rows)
{
    lb_random random;
    lb_random_init(&random, 1, 1);
    FILE *file = fopen(path, "w");
    fprintf(file, "y,x1,x2,x3,x4,x5,x6,x7,x8,x9\n");
    for (size_t r = 0; r < rows; r++)
        for (int c = 0; c < 10; c++) fprintf(file, "%.6f%c", 10 * lb_random_uniform(&random), c == 9 ? '\n' : ',');
    fclose(file);
}

int main(int argc, char **argv)
{
    size_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    char path[] = "/tmp/lumbar_bench_XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    make(path, rows);
    double best = 1e9, hashing = 1e9, cells = 0;
    for (int repeat = 0; repeat < 3; repeat++) {
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        lb_bytes bytes;
        lb_table *table = NULL;
        double start = lb_cpu_seconds();
        if (lb_file_read(path, 0, arena, &bytes, &err) || lb_csv_read(&bytes, NULL, arena, &table, &err)) {
            fprintf(stderr, "%s\n", err.message);
            return 1;
        }
        double used = lb_cpu_seconds() - start;
        if (used < best) best = used;
        cells = (double)table->rows * (double)table->columns;
        char hex[65];
        start = lb_cpu_seconds();
        lb_sha256_hex(bytes.data, bytes.length, hex);
        used = lb_cpu_seconds() - start;
        if (used < hashing) hashing = used;
        lb_arena_free(arena);
    }
    printf("csv_read  %.3f s CPU for %zu rows x 10 (%.3g rows/s, %.3g cells/s; %.3f s of it for SHA-256, which the peer does not make)\n", best, rows,
           (double)rows / best, cells / best, hashing);
    fflush(stdout);
    char command[512];
    snprintf(command, sizeof command,
             "Rscript -e 'suppressMessages(library(data.table)); t <- sapply(1:3, function(i) sum(system.time(fread(\"%s\", "
             "nThread = 1))[c(1, 2)])); cat(sprintf(\"  peer: fread %%.3f s CPU\\n\", min(t)))' 2>/dev/null", path);
    if (system("command -v Rscript >/dev/null 2>&1") != 0 || system(command) != 0) printf("  peer: data.table is not installed\n");
    unlink(path);
    return 0;
}

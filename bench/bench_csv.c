/* CSV in: rows per second of a numeric table of 10 columns by one thread and by two (the text's SHA-256 is made beside the reading),
 * beside R's data.table::fread where it is installed. */
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

/* Best seconds of several: of the processor, and of the clock on the wall. */
typedef struct spent {
    double cpu, wall;
} spent;

static void keep(spent *best, double cpu, double wall)
{
    cpu = lb_cpu_seconds() - cpu;
    wall = lb_seconds() - wall;
    if (cpu < best->cpu) best->cpu = cpu;
    if (wall < best->wall) best->wall = wall;
}

int main(int argc, char **argv)
{
    size_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    char path[] = "/tmp/lumbar_bench_XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    make(path, rows);
    spent reading[3], file = {1e9, 1e9}, hashing = {1e9, 1e9};
    double cells = 0, bytes_read = 0;
    for (unsigned threads = 1; threads <= 2; threads++) {
        reading[threads] = (spent){1e9, 1e9};
        for (int repeat = 0; repeat < 5; repeat++) {
            lb_arena *arena = lb_arena_new();
            lb_error err = LB_ERROR_INIT;
            lb_csv_options options = LB_CSV_OPTIONS_INIT;
            options.threads = threads;
            lb_bytes bytes;
            lb_table *table = NULL;
            double cpu = lb_cpu_seconds(), wall = lb_seconds();
            int code = lb_file_read(path, 0, arena, &bytes, &err);
            keep(&file, cpu, wall);
            if (code || lb_csv_read(&bytes, &options, arena, &table, &err)) {
                fprintf(stderr, "%s\n", err.message);
                return 1;
            }
            keep(&reading[threads], cpu, wall);
            cells = (double)table->rows * (double)table->columns;
            bytes_read = (double)bytes.length;
            char hex[65];
            cpu = lb_cpu_seconds(), wall = lb_seconds();
            lb_sha256_hex(bytes.data, bytes.length, hex);
            keep(&hashing, cpu, wall);
            lb_arena_free(arena);
        }
    }
    printf("csv_read  %.3f s CPU for %zu rows x 10, %.0f MB (%.3g rows/s, %.3g cells/s; %.3f s of it for the file, %.3f s for SHA-256, which the peer does not make)\n",
           reading[1].cpu, rows, bytes_read / 1e6, (double)rows / reading[1].cpu, cells / reading[1].cpu, file.cpu, hashing.cpu);
    printf("  on the wall: %.3f s by one thread, %.3f s by two (%.3f s CPU)\n", reading[1].wall, reading[2].wall, reading[2].cpu);
    fflush(stdout);
    char command[512];
    snprintf(command, sizeof command,
             "Rscript -e 'suppressMessages(library(data.table)); t <- sapply(1:3, function(i) sum(system.time(fread(\"%s\", "
             "nThread = 1))[c(1, 2)])); cat(sprintf(\"  peer: fread %%.3f s CPU\\n\", min(t)))' 2>/dev/null", path);
    if (system("command -v Rscript >/dev/null 2>&1") != 0 || system(command) != 0) printf("  peer: data.table is not installed\n");
    unlink(path);
    return 0;
}

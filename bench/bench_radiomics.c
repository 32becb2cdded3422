/* Radiomics: CPU time of all classes that are computed, files read beforehand, for brain1 (4,137 voxels), a lumbar
 * muscle (48,953 voxels) and the sphere of 1,987,776 voxels; memory of the sphere. Peer: PyRadiomics, where it is
 * installed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <lumbar/op.h>

#include "muscle/files/files.h"

static double extract(const lb_registry *registry, lb_volume *image, lb_volume *mask, int repeats)
{
    double best = 1e9;
    for (int r = 0; r < repeats; r++) {
        lb_error err = LB_ERROR_INIT;
        lb_result *result = NULL;
        lb_call *call = lb_call_new(registry, lb_registry_find(registry, "radiomics", "extract"));
        lb_call_set_threads(call, 1);
        double start = lb_cpu_seconds();
        if (lb_call_bind_volume(call, "image", image, &err) || lb_call_bind_volume(call, "mask", mask, &err) ||
            lb_call_set(call, "adopt-geometry", "image", &err) || lb_call_run(call, &result, &err)) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
        double used = lb_cpu_seconds() - start;
        if (used < best) best = used;
        lb_result_free(result);
        lb_call_free(call);
    }
    return best;
}

static lb_volume *read_shared(const char *name, lb_arena *arena)
{
    char path[1024];
    const char *root = getenv("LUMBAR_SHARED");
    lb_bytes bytes;
    lb_volume *volume;
    lb_error err = LB_ERROR_INIT;
    snprintf(path, sizeof path, "%s/data/%s", root ? root : "../shared", name);
    if (access(path, R_OK) != 0) return NULL;
    if (lb_file_read(path, (size_t)1 << 30, arena, &bytes, &err) || lb_image_read(&bytes, arena, &volume, &err)) {
        fprintf(stderr, "%s: %s\n", name, err.message);
        exit(1);
    }
    return volume;
}

static void sphere(const lb_registry *registry)
{
    enum { N = 256 };
    lb_arena *arena = lb_arena_new();
    size_t size[3] = {N, N, N};
    lb_volume *image = lb_volume_new(arena, size, LB_I16), *mask = lb_volume_new(arena, size, LB_U8);
    for (uint32_t z = 0; z < N; z++)
        for (uint32_t y = 0; y < N; y++)
            for (uint32_t x = 0; x < N; x++) {
                uint32_t h = x * 73856093u ^ y * 19349663u ^ z * 83492791u;
                double dx = x - 127.5, dy = y - 127.5, dz = z - 127.5;
                size_t at = x + N * (y + N * (size_t)z);
                ((int16_t *)image->voxels)[at] =
                    (int16_t)floor(500 + 150 * sin(x / 7.0) * cos(y / 9.0) + 120 * sin(z / 5.0 + x / 11.0) +
                                   ((int)(h % 61) - 30) + 0.5);
                ((uint8_t *)mask->voxels)[at] = dx * dx + dy * dy + dz * dz <= 78.0 * 78.0;
            }
    double seconds = extract(registry, image, mask, 3);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("radiomics_sphere  %.3f s CPU for 1,987,776 voxels; %ld MiB at most  (PyRadiomics elsewhere: 25.1 s, 554 "
           "MiB, 107 features)\n",
           seconds, usage.ru_maxrss / 1024);
    lb_arena_free(arena);
}

static double wall_seconds(const char *command)
{
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    if (system(command) != 0) {
        fprintf(stderr, "failed: %s\n", command);
        exit(1);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    return (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
}

static double children_cpu(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + 1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Arithmetic alone, without memory or system calls: what two threads gain on this machine at this hour. */
static void multiply(void *context, size_t index)
{
    uint64_t x = index;
    for (int i = 0; i < 300000000; i++) x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
    ((volatile uint64_t *)context)[8 * index] = x;
}
static double arithmetic(unsigned threads)
{
    uint64_t out[16];
    double start = lb_seconds();
    lb_parallel_for(2, threads, multiply, out);
    return lb_seconds() - start;
}

/* A cohort of 1,000 cases, by the clock with one and with two jobs, turn and turn about: the best of three each. It says
 * something on a machine with two idle cores only, so the load is printed, CPU seconds too, and what arithmetic alone gains
 * between the rounds. */
static void cohort(void)
{
    char folder[] = "/tmp/lumbar-bench-XXXXXX", command[1024];
    double best[2] = {1e9, 1e9}, cpu[2] = {1e9, 1e9}, plain[2] = {1e9, 1e9}, load = NAN;
    if (!mkdtemp(folder)) return;
    snprintf(command, sizeof command,
             "cp reference/muscle/phantom_water.nii.gz reference/muscle/phantom_mask.nii.gz %s/ && awk 'BEGIN { print \"id,image,mask,label\"; for (i = 0; i < 1000; i++) "
             "printf \"%%04d,phantom_water.nii.gz,phantom_mask.nii.gz,%%d\\n\", i, i %% 4 + 1 }' > %s/cases.csv",
             folder, folder);
    wall_seconds(command);
    if (getloadavg(&load, 1) != 1) load = NAN;
    for (int round = 0; round < 3; round++)
        for (int jobs = 1; jobs <= 2; jobs++) {
            snprintf(command, sizeof command, LUMBAR_BENCH_BINARY " radiomics batch %s/cases.csv --jobs %d --quiet -o %s/f%d.csv", folder, jobs, folder, jobs);
            double before = children_cpu();
            best[jobs - 1] = fmin(best[jobs - 1], wall_seconds(command));
            cpu[jobs - 1] = fmin(cpu[jobs - 1], children_cpu() - before);
            plain[jobs - 1] = fmin(plain[jobs - 1], arithmetic((unsigned)jobs));
        }
    snprintf(command, sizeof command, "cmp %s/f1.csv %s/f2.csv && rm -r %s", folder, folder, folder);
    wall_seconds(command);
    printf("radiomics_cohort  1,000 cases: %.2f s with one job, %.2f s with two: %.2f times (arithmetic alone: %.2f times); "
           "%.2f and %.2f s CPU; equal tables; load before: %.2f\n",
           best[0], best[1], best[0] / best[1], plain[0] / plain[1], cpu[0], cpu[1], load);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "cohort") == 0) {
        cohort();
        return 0;
    }
    lb_registry *registry = lb_registry_all();
    sphere(registry); /* first: the largest memory is its own */
    if (argc > 1 && strcmp(argv[1], "sphere") == 0) {
        lb_registry_free(registry);
        return 0;
    }
    lb_arena *arena = lb_arena_new();
    lb_volume *image = read_shared("radiomics/brain1_image.nrrd", arena),
              *mask = read_shared("radiomics/brain1_label.nrrd", arena);
    if (image && mask)
        printf("radiomics_brain1  %.3f ms CPU for 4,137 voxels  (PyRadiomics elsewhere: 83 ms, 107 features)\n",
               1e3 * extract(registry, image, mask, 20));
    image = read_shared("lumbar_mri/TUM01_water_img_img_L2-L5.nii.gz", arena);
    mask = read_shared("lumbar_mri/TUM01_fat_manual_label_segmentation_L2-L5.nii.gz", arena);
    if (image && mask)
        printf("radiomics_muscle  %.3f ms CPU for 48,953 voxels  (PyRadiomics elsewhere: 610 ms, 107 features)\n",
               1e3 * extract(registry, image, mask, 10));
    if (system("python3 -c 'import radiomics' 2>/dev/null") != 0) printf("  peer: PyRadiomics is not installed\n");
    lb_arena_free(arena);
    lb_registry_free(registry);
    cohort();
    return 0;
}

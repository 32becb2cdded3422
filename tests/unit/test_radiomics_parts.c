/* Parts of radiomics against truths that need no reference program: boxes, all pairs, every cut, every order. */
#include "lumbar_test.h"

#include <lumbar/numeric.h>

#include "muscle/composition/classes.h"
#include "muscle/radiomics/texture.h"

/* Box of voxels inside an empty frame. */
static uint8_t *box(const size_t n[3], size_t size[3])
{
    for (int a = 0; a < 3; a++) size[a] = n[a] + 2;
    uint8_t *mask = lb_alloc(size[0] * size[1] * size[2], 1);
    for (size_t z = 1; z <= n[2]; z++)
        for (size_t y = 1; y <= n[1]; y++)
            for (size_t x = 1; x <= n[0]; x++) mask[x + size[0] * (y + size[1] * z)] = 1;
    return mask;
}

/* The surface cuts the 12 edges of a box by an eighth of a voxel's section and the 8 corners to a tetrahedron's cut. */
static void box_mesh(void **state)
{
    (void)state;
    size_t sizes[][3] = {{1, 1, 1}, {2, 2, 2}, {6, 5, 4}, {17, 9, 23}};
    for (size_t i = 0; i < LB_COUNT(sizes); i++) {
        size_t size[3];
        uint8_t *mask = box(sizes[i], size);
        double mm[3] = {1, 1, 1}, a = (double)sizes[i][0], b = (double)sizes[i][1], c = (double)sizes[i][2];
        lb_mesh mesh;
        lb_mesh_measure(mask, size, mm, &mesh);
        double edges = a + b + c - 3;
        assert_close(mesh.volume_mm3, a * b * c - edges * 4 / 8 - 8 * (1.0 / 8 - 1.0 / 48), 1e-13);
        assert_close(mesh.area_mm2,
                     2 * ((a - 1) * (b - 1) + (a - 1) * (c - 1) + (b - 1) * (c - 1)) + 4 * edges * sqrt(0.5) + sqrt(3),
                     1e-13);
        free(mask);
    }
}

/* Stretching the grid stretches the volume, whatever the mask. */
static void stretched_mesh(void **state)
{
    (void)state;
    enum { N = 14 };
    size_t size[3] = {N, N, N};
    lb_random random;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint8_t mask[N * N * N] = {0};
        lb_random_init(&random, seed, 0);
        for (size_t z = 2; z < N - 2; z++)
            for (size_t y = 2; y < N - 2; y++)
                for (size_t x = 2; x < N - 2; x++) mask[x + N * (y + N * z)] = lb_random_uniform(&random) < 0.7;
        lb_mesh a, b;
        lb_mesh_measure(mask, size, (double[3]){1, 1, 1}, &a);
        lb_mesh_measure(mask, size, (double[3]){2, 3, 0.5}, &b);
        assert_true(a.volume_mm3 > 100);
        assert_close(b.volume_mm3, 3 * a.volume_mm3, 1e-12);
    }
}

/* All pairs of vertices, the slow way. */
static void all_pairs(const uint8_t *mask, const size_t size[3], const double mm[3], lb_diameters *out)
{
    size_t step[3] = {1, size[0], size[0] * size[1]}, count = size[0] * size[1] * size[2], vertices = 0;
    int(*v)[3] = lb_alloc(3 * count, sizeof *v);
    for (size_t i = 0; i < count; i++) {
        size_t at[3] = {i % size[0], i / size[0] % size[1], i / size[0] / size[1]};
        for (int a = 0; a < 3; a++) {
            if (at[a] + 1 >= size[a] || mask[i] == mask[i + step[a]]) continue;
            for (int k = 0; k < 3; k++) v[vertices][k] = 2 * (int)at[k] + (k == a);
            vertices++;
        }
    }
    double most[4] = {0};
    for (size_t i = 0; i < vertices; i++)
        for (size_t k = 0; k < i; k++) {
            double d = 0;
            for (int a = 0; a < 3; a++) d += pow((v[i][a] - v[k][a]) * mm[a] / 2, 2);
            most[3] = fmax(most[3], d);
            for (int a = 0; a < 3; a++)
                if (v[i][a] == v[k][a]) most[a] = fmax(most[a], d);
        }
    for (int a = 0; a < 3; a++) out->plane_mm[a] = sqrt(most[a]);
    out->any_mm = sqrt(most[3]);
    free(v);
}

static void diameters(void **state)
{
    (void)state;
    lb_random random;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        lb_random_init(&random, seed, 0);
        size_t size[3];
        for (int a = 0; a < 3; a++) size[a] = 3 + lb_random_below(&random, 11);
        uint8_t *mask = lb_alloc(size[0] * size[1] * size[2], 1);
        double fill = lb_random_uniform(&random), mm[3];
        for (int a = 0; a < 3; a++) mm[a] = 0.2 + 3 * lb_random_uniform(&random);
        for (size_t z = 1; z + 1 < size[2]; z++)
            for (size_t y = 1; y + 1 < size[1]; y++)
                for (size_t x = 1; x + 1 < size[0]; x++)
                    mask[x + size[0] * (y + size[1] * z)] = lb_random_uniform(&random) < fill;
        mask[1 + size[0] * (1 + size[1])] = 1;
        lb_diameters fast, slow;
        lb_diameters_measure(mask, size, mm, &fast);
        all_pairs(mask, size, mm, &slow);
        assert_close(fast.any_mm, slow.any_mm, 1e-13);
        for (int a = 0; a < 3; a++) assert_close(fast.plane_mm[a], slow.plane_mm[a], 1e-13);
        free(mask);
    }
}

static double within(const double *x, size_t from, size_t to)
{
    double mean = 0, sum = 0;
    for (size_t i = from; i < to; i++) mean += x[i] / (double)(to - from);
    for (size_t i = from; i < to; i++) sum += (x[i] - mean) * (x[i] - mean);
    return sum;
}

/* The classes found are no worse than those of any cut. */
static void kmeans(void **state)
{
    (void)state;
    lb_random random;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        enum { MOST = 60 };
        double x[MOST], best2 = INFINITY, best3 = INFINITY;
        lb_random_init(&random, seed, 0);
        size_t n = 4 + lb_random_below(&random, MOST - 4);
        for (size_t i = 0; i < n; i++) x[i] = floor(20 * lb_random_normal(&random)) + (i % 3) * 25;
        lb_sort_numbers(x, n);
        for (size_t i = 1; i < n; i++) assert_true(x[i - 1] <= x[i]);
        for (size_t a = 1; a < n; a++) {
            best2 = fmin(best2, within(x, 0, a) + within(x, a, n));
            for (size_t b = a + 1; b < n; b++) best3 = fmin(best3, within(x, 0, a) + within(x, a, b) + within(x, b, n));
        }
        lb_kmeans k;
        assert_true(lb_kmeans_fit(x, n, 2, &k));
        assert_close(within(x, 0, k.count[0]) + within(x, k.count[0], n), best2, 1e-9);
        assert_true(lb_kmeans_fit(x, n, 3, &k));
        size_t a = k.count[0], b = a + k.count[1];
        assert_int_equal(b + k.count[2], n);
        assert_close(within(x, 0, a) + within(x, a, b) + within(x, b, n), best3, 1e-9);
    }
    double equal[3] = {5, 5, 5};
    lb_kmeans k;
    assert_false(lb_kmeans_fit(equal, 3, 2, &k));
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sorting(void **state)
{
    (void)state;
    enum { N = 20000 };
    double *x = lb_alloc(N, sizeof *x), *y = lb_alloc(N, sizeof *y);
    lb_random random;
    lb_random_init(&random, 3, 0);
    for (int whole = 0; whole < 2; whole++) {
        for (size_t i = 0; i < N; i++)
            x[i] = y[i] = whole ? floor(300 * lb_random_normal(&random)) : lb_random_normal(&random);
        lb_sort_numbers(x, N);
        qsort(y, N, sizeof *y, ascending);
        assert_memory_equal(x, y, N * sizeof *x);
    }
    free(x);
    free(y);
}

/* A spline through a cubic keeps it far from the mirrored borders; at the samples it returns them everywhere. */
static void spline(void **state)
{
    (void)state;
    size_t size[3] = {40, 5, 4};
    double value[800], kept[800], out[800];
    for (size_t i = 0; i < 800; i++)
        value[i] = kept[i] = sin((double)(i % 40) / 5) + (double)(i / 40 % 5) - (double)(i / 200);
    lb_resample_grid grid = {{40, 5, 4}, {0, 0, 0}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}};
    lb_resample_image(value, size, &grid, LB_BSPLINE, out);
    for (size_t i = 0; i < 800; i++) assert_true(fabs(out[i] - kept[i]) < 1e-13);
    size_t line[3] = {60, 1, 1};
    double cubic[60], half[20];
    for (size_t i = 0; i < 60; i++) cubic[i] = pow((double)i - 30, 3) / 100;
    lb_resample_grid middle = {{20, 1, 1}, {20.5, 0, 0}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}};
    lb_resample_image(cubic, line, &middle, LB_BSPLINE, half);
    for (size_t i = 0; i < 20; i++) assert_true(fabs(half[i] - pow((double)i - 9.5, 3) / 100) < 1e-6);
}

/* Against Jacobi's method of the numeric module; and twins, where the second equals the first. */
static void second_eigenvalue(void **state)
{
    (void)state;
    lb_random random;
    for (size_t n = 2; n <= 40; n++) {
        double a[1600], b[1600], value[40], vector[1600];
        lb_random_init(&random, n, 0);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = lb_random_normal(&random);
        memcpy(b, a, sizeof a);
        lb_eigen_symmetric(b, n, value, vector);
        assert_true(fabs(lb_second_eigenvalue(a, n) - value[n - 2]) < 1e-12);
    }
    double twins[4] = {3, 0, 0, 3}, zero[9] = {0};
    assert_true(lb_second_eigenvalue(twins, 2) == 3);
    assert_true(fabs(lb_second_eigenvalue(zero, 3)) < 1e-300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(box_mesh),          cmocka_unit_test(stretched_mesh),
        cmocka_unit_test(diameters),         cmocka_unit_test(kmeans),
        cmocka_unit_test(sorting),           cmocka_unit_test(spline),
        cmocka_unit_test(second_eigenvalue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

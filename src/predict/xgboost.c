/* XGBoost (Chen & Guestrin 2016) by its library. One thread: inside small fits OpenMP costs far more than it gives. */
#include "predict/xgboost.h"

#include <xgboost/c_api.h>

#include <stdlib.h>

static int refused(lb_error *err)
{
    char text[400] = {0};
    const char *said = XGBGetLastError();
    for (size_t i = 0; said && said[i] && said[i] != '\n' && i + 1 < sizeof text; i++) text[i] = said[i];
    int code = lb_fail(err, LB_BAD_DATA, "XGBoost refused: %s", text);
    lb_error_where(err, "xgboost");
    lb_error_hint(err, "check the parameters against XGBoost's own documentation");
    return code;
}

static int make_matrix(const double *x, const double *y, const double *weight, size_t n, size_t p, DMatrixHandle *out, lb_error *err)
{
    float *single = lb_alloc(n * p + 2 * n, sizeof *single), *label = single + n * p, *share = label + n;
    for (size_t i = 0; i < n * p; i++) single[i] = (float)x[i];
    for (size_t i = 0; i < n; i++) label[i] = (float)y[i], share[i] = weight ? (float)weight[i] : 1;
    bool ok = XGDMatrixCreateFromMat_omp(single, n, p, __builtin_nanf(""), out, 1) == 0;
    if (!ok) *out = NULL;
    ok = ok && XGDMatrixSetFloatInfo(*out, "label", label, n) == 0;
    if (ok && weight) ok = XGDMatrixSetFloatInfo(*out, "weight", share, n) == 0;
    free(single);
    return ok ? 0 : refused(err);
}

/* The library writes the names of the columns only where the booster itself was told them; without them a model is good for nothing but its own
 * table. */
static int save(BoosterHandle booster, const char *const *names, size_t p, lb_arena *arena, lb_xgboost *out, lb_error *err)
{
    bst_ulong length;
    const char *text;
    if (names) {
        const char **copy = lb_alloc(p, sizeof *copy);
        for (size_t j = 0; j < p; j++) copy[j] = names[j];
        int refusal = XGBoosterSetStrFeatureInfo(booster, "feature_name", copy, p);
        free(copy);
        if (refusal) return refused(err);
    }
    if (XGBoosterSaveModelToBuffer(booster, "{\"format\": \"json\"}", &length, &text)) return refused(err);
    out->json = lb_arena_textn(arena, text, length);
    out->length = length;
    return 0;
}

int lb_xgboost_fit(const double *x, const double *y, const double *weight, size_t n, size_t p, const char *const *names,
                   const lb_xgboost_option *options, size_t option_count, size_t rounds, const lb_progress *progress, lb_arena *arena,
                   lb_xgboost *out, lb_error *err)
{
    DMatrixHandle matrix = NULL;
    BoosterHandle booster = NULL;
    if (n > SIZE_MAX / 16 / (p + 1)) return lb_fail(err, LB_TOO_LARGE, "%zu rows by %zu features do not fit in memory", n, p);
    int code = make_matrix(x, y, weight, n, p, &matrix, err);
    if (!code && XGBoosterCreate(&matrix, 1, &booster)) code = refused(err);
    if (!code && (XGBoosterSetParam(booster, "nthread", "1") || XGBoosterSetParam(booster, "verbosity", "0"))) code = refused(err);
    for (size_t i = 0; i < option_count && !code; i++)
        if (XGBoosterSetParam(booster, options[i].name, options[i].value)) code = refused(err);
    for (size_t r = 0; r < rounds && !code; r++) {
        if (lb_progress_cancelled(progress)) code = lb_fail(err, LB_CANCELLED, "cancelled");
        else if (XGBoosterUpdateOneIter(booster, (int)r, matrix)) code = refused(err);
        lb_progress_report(progress, (double)(r + 1) / (double)rounds, "trees");
    }
    if (!code) code = save(booster, names, p, arena, out, err);
    if (booster) XGBoosterFree(booster);
    if (matrix) XGDMatrixFree(matrix);
    return code;
}

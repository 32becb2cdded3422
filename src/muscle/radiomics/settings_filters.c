/* The part imageType of a PyRadiomics parameter file: which derived images, with what settings of their own. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "muscle/radiomics/radiomics.h"

static int bad(const lb_value *at, lb_error *err, const char *name, const char *hint)
{
    lb_fail(err, LB_BAD_DATA, "the setting %s cannot be used with this value", name);
    lb_error_where(err, "settings:%d:%d", at->line, at->column);
    lb_error_hint(err, "%s", hint);
    return LB_BAD_DATA;
}

static int add(lb_radiomics_settings *s, const lb_filter *filter, const lb_value *at, lb_error *err)
{
    if (s->filters == LB_MAX_FILTERS) return bad(at, err, "imageType", "at most 64 derived images are computed at once");
    s->filter[s->filters++] = *filter;
    return LB_OK;
}

/* What a type of image may carry beside its own settings. */
static int read_own(const lb_value *own, const char *const *known, lb_filter *filter, lb_error *err)
{
    for (size_t i = 0; own->type == LB_OBJECT && i < own->count; i++) {
        const char *key = own->key[i];
        double x = lb_number_of(own->item[i]);
        bool found = false;
        if (strcmp(key, "binWidth") == 0) {
            if (!(x > 0)) return bad(own->item[i], err, key, "give a number above 0");
            filter->bin_width = x;
            continue;
        }
        if (strcmp(key, "binCount") == 0) {
            if (!(x >= 1 && x <= 65535) || x != floor(x)) return bad(own->item[i], err, key, "give a whole number of bins");
            filter->bin_count = (int64_t)x;
            continue;
        }
        for (size_t k = 0; known[k]; k++) found |= strcmp(known[k], key) == 0;
        if (found) continue;
        lb_fail(err, LB_BAD_DATA, "the setting %s is not computed for one image type only", key);
        lb_error_where(err, "settings:%d:%d", own->item[i]->line, own->item[i]->column);
        lb_error_hint(err, "binWidth, binCount, sigma, wavelet, level, start_level and gradientUseSpacing may stand here");
        return LB_BAD_DATA;
    }
    return LB_OK;
}

/* A sigma of 2 is named 2, one of 2.0 is 2-0, as it is written; points become dashes. */
static int read_log(const lb_value *own, lb_filter filter, lb_radiomics_settings *s, lb_error *err)
{
    const lb_value *sigma = lb_get(own, "sigma");
    size_t count = sigma && sigma->type == LB_ARRAY ? sigma->count : sigma ? 1 : 0;
    if (count == 0) return bad(own, err, "LoG", "say how wide in millimetres: LoG: {sigma: [2.0, 4.0]}");
    for (size_t i = 0; i < count; i++) {
        const lb_value *item = sigma->type == LB_ARRAY ? sigma->item[i] : sigma;
        char text[32];
        filter.sigma_mm = lb_number_of(item);
        if (!(filter.sigma_mm > 0 && filter.sigma_mm <= 1000)) return bad(item, err, "sigma", "give millimetres above 0");
        lb_number_text(filter.sigma_mm, text);
        bool point = strchr(text, '.') != NULL || item->type == LB_INT;
        snprintf(filter.name, sizeof filter.name, "log-sigma-%.20s%s-mm-3D", text, point ? "" : ".0");
        for (char *c = filter.name; *c; c++)
            if (*c == '.') *c = '-';
        int status = add(s, &filter, item, err);
        if (status != LB_OK) return status;
    }
    return LB_OK;
}

static int read_level(const lb_value *own, const char *key, int preset, int low, int *out, lb_error *err)
{
    const lb_value *item = lb_get(own, key);
    double x = item ? lb_number_of(item) : preset;
    if (!(x >= low && x <= LB_MAX_WAVELET_LEVELS) || x != floor(x)) return bad(item, err, key, "give a small whole number");
    *out = (int)x;
    return LB_OK;
}

/* All bands of the levels wanted, the low-pass one of the last. Letters stand for x, y, z in this order. */
static int read_wavelet(const lb_value *own, lb_filter filter, lb_radiomics_settings *s, lb_error *err)
{
    const char *family = lb_get_text(own, "wavelet", "coif1");
    int level, start, status = read_level(own, "level", 1, 1, &level, err);
    if (status == LB_OK) status = read_level(own, "start_level", 0, 0, &start, err);
    if (status != LB_OK) return status;
    filter.haar = strcmp(family, "haar") == 0 || strcmp(family, "db1") == 0;
    if (!filter.haar && strcmp(family, "coif1") != 0)
        return bad(lb_get(own, "wavelet"), err, "wavelet", "coif1 and haar are computed here");
    int across = s->force_2d ? 2 - s->force_2d_dimension : -1, axes = across < 0 ? 3 : 2;
    for (int a = 0; a < 3; a++) filter.skip[a] = a == across;
    for (int k = 1; k <= level; k++)
        for (int band = 1; band <= 1 << axes; band++) {
            if (band == 1 << axes && k < level) continue; /* the low-pass band of the last level only */
            char letters[4] = "";
            int bit = axes, used = 0;
            for (int a = 0; a < 3; a++) {
                filter.high[a] = a != across && (band >> --bit & 1);
                if (a == across) bit++;
                if (a != across) letters[used++] = filter.high[a] ? 'H' : 'L';
            }
            filter.before = start + k - 1;
            if (k == 1)
                snprintf(filter.name, sizeof filter.name, "wavelet-%s", letters);
            else
                snprintf(filter.name, sizeof filter.name, "wavelet%d-%s", k, letters);
            status = add(s, &filter, own, err);
            if (status != LB_OK) return status;
        }
    return LB_OK;
}

static const struct {
    const char *type, *name;
    lb_filter_kind kind;
    const char *known[4];
} types[] = {
    {"Original", "original", LB_FILTER_ORIGINAL, {NULL}},
    {"Square", "square", LB_FILTER_SQUARE, {NULL}},
    {"SquareRoot", "squareroot", LB_FILTER_SQUARE_ROOT, {NULL}},
    {"Logarithm", "logarithm", LB_FILTER_LOGARITHM, {NULL}},
    {"Exponential", "exponential", LB_FILTER_EXPONENTIAL, {NULL}},
    {"Gradient", "gradient", LB_FILTER_GRADIENT, {"gradientUseSpacing", NULL}},
    {"LoG", "log", LB_FILTER_LOG, {"sigma", NULL}},
    {"Wavelet", "wavelet", LB_FILTER_WAVELET, {"wavelet", "level", "start_level", NULL}},
};

int lb_radiomics_filters_read(const lb_value *image_types, lb_radiomics_settings *s, lb_error *err)
{
    const char *names[LB_COUNT(types)];
    for (size_t t = 0; t < LB_COUNT(types); t++) names[t] = types[t].type;
    s->filters = 0;
    for (size_t i = 0; i < image_types->count; i++) {
        const lb_value *own = image_types->item[i];
        size_t t = 0;
        while (t < LB_COUNT(types) && strcasecmp(image_types->key[i], types[t].type) != 0) t++;
        if (t == LB_COUNT(types)) {
            lb_fail(err, LB_BAD_DATA, "the image type %s is not computed here", image_types->key[i]);
            lb_error_where(err, "settings:%d:%d", own->line, own->column);
            const char *near = lb_text_nearest(image_types->key[i], names, LB_COUNT(names));
            lb_error_hint(err, near ? "did you mean %s? otherwise take it out of imageType" : "take it out of imageType", near);
            return LB_BAD_DATA;
        }
        lb_filter filter = {.kind = types[t].kind};
        snprintf(filter.name, sizeof filter.name, "%s", types[t].name);
        if (own->type != LB_OBJECT && own->type != LB_NULL)
            return bad(own, err, types[t].type, "it holds names and values, or {} for the defaults");
        filter.in_voxels = !lb_get_bool(own, "gradientUseSpacing", true);
        int status = read_own(own, types[t].known, &filter, err);
        if (status != LB_OK) return status;
        status = filter.kind == LB_FILTER_LOG       ? read_log(own, filter, s, err)
                 : filter.kind == LB_FILTER_WAVELET ? read_wavelet(own, filter, s, err)
                                                    : add(s, &filter, own, err);
        if (status != LB_OK) return status;
    }
    return LB_OK;
}

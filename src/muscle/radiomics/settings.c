/* A PyRadiomics parameter file (YAML or JSON) as it is: setting, imageType, featureClass.
 * Names and defaults: PyRadiomics documentation, "Customizing the extraction". What is not computed here is refused
 * by name, never ignored. */
#include <math.h>
#include <string.h>

#include "muscle/radiomics/radiomics.h"

static void defaults(lb_radiomics_settings *s)
{
    memset(s, 0, sizeof *s);
    s->bin_width = 25;
    s->label = 1;
    s->normalize_scale = 1;
    s->remove_outliers = NAN;
    s->interpolator = LB_BSPLINE;
    s->pad_distance = 5;
    s->least_dimensions = 2;
    s->least_voxels = -1;
    s->geometry_tolerance = NAN;
    s->distance[0] = 1;
    s->distances = 1;
    s->symmetrical_glcm = true;
    s->filter[0] = (lb_filter){.name = "original"};
    s->filters = 1;
}

static int bad(const lb_value *at, lb_error *err, const char *name, const char *hint)
{
    lb_fail(err, LB_BAD_DATA, "the setting %s cannot be used with this value", name);
    lb_error_where(err, "settings:%d:%d", at->line, at->column);
    lb_error_hint(err, "%s", hint);
    return LB_BAD_DATA;
}

typedef int (*reader)(const lb_value *value, lb_radiomics_settings *s, const char *name, lb_error *err);

static int read_number(const lb_value *v, double low, double high, double *out, const char *name, lb_error *err)
{
    double x = lb_number_of(v);
    if (!(x >= low && x <= high)) return bad(v, err, name, "give a number in its range");
    *out = x;
    return LB_OK;
}
static int read_whole(const lb_value *v, int64_t low, int64_t high, int64_t *out, const char *name, lb_error *err)
{
    double x = lb_number_of(v);
    if (!(x >= (double)low && x <= (double)high) || x != floor(x))
        return bad(v, err, name, "give a whole number in its range");
    *out = (int64_t)x;
    return LB_OK;
}
static int read_flag(const lb_value *v, bool *out, const char *name, lb_error *err)
{
    if (v->type == LB_NULL) return LB_OK;
    if (v->type != LB_BOOL && lb_number_of(v) != 0 && lb_number_of(v) != 1)
        return bad(v, err, name, "write true or false");
    *out = v->type == LB_BOOL ? v->boolean : lb_number_of(v) == 1;
    return LB_OK;
}
/* A list of numbers, or one number; returns how many (at most max), or −1. */
static int numbers(const lb_value *v, double *out, int max)
{
    if (lb_is_number(v)) {
        out[0] = lb_number_of(v);
        return 1;
    }
    if (v->type != LB_ARRAY || v->count == 0 || v->count > (size_t)max) return -1;
    for (size_t i = 0; i < v->count; i++) {
        if (!lb_is_number(v->item[i])) return -1;
        out[i] = lb_number_of(v->item[i]);
    }
    return (int)v->count;
}

static int set_bin_width(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return read_number(v, 1e-9, 1e12, &s->bin_width, n, e);
}
static int set_bin_count(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return v->type == LB_NULL ? LB_OK : read_whole(v, 1, 100000, &s->bin_count, n, e);
}
static int set_label(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return read_whole(v, 1, 1000000000, &s->label, n, e);
}
static int set_force_2d(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return read_flag(v, &s->force_2d, n, e);
}
static int set_dimension(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    int64_t dimension = 0;
    int status = v->type == LB_NULL ? LB_OK : read_whole(v, 0, 2, &dimension, n, e);
    s->force_2d_dimension = (int)dimension;
    return status;
}
static int set_normalize(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return read_flag(v, &s->normalize, n, e);
}
static int set_scale(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return read_number(v, 1e-12, 1e12, &s->normalize_scale, n, e);
}
static int set_outliers(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return v->type == LB_NULL ? LB_OK : read_number(v, 1e-12, 1e12, &s->remove_outliers, n, e);
}
static int set_spacing(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    if (v->type == LB_NULL) return LB_OK;
    int count = numbers(v, s->spacing_mm, 3);
    if (count == 1) s->spacing_mm[1] = s->spacing_mm[2] = s->spacing_mm[0];
    for (int i = 0; i < 3; i++)
        if (count != -1 && !(s->spacing_mm[i] >= 0 && s->spacing_mm[i] <= 1000)) count = -1;
    if (count != 1 && count != 3) return bad(v, e, n, "give three spacings in millimetres, 0 for an axis to keep");
    s->resample = s->spacing_mm[0] > 0 || s->spacing_mm[1] > 0 || s->spacing_mm[2] > 0;
    return LB_OK;
}
static int set_interpolator(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    static const struct {
        const char *word;
        int number;
        lb_interpolator kind;
    } known[] = {{"sitkNearestNeighbor", 1, LB_NEAREST}, {"sitkLinear", 2, LB_LINEAR}, {"sitkBSpline", 3, LB_BSPLINE}};
    if (v->type == LB_NULL) {
        s->resample = false;
        s->interpolator = LB_BSPLINE;
        return LB_OK;
    }
    for (size_t i = 0; i < LB_COUNT(known); i++) {
        bool same = v->type == LB_STRING ? strcmp(v->text, known[i].word) == 0 : lb_number_of(v) == known[i].number;
        if (!same) continue;
        s->interpolator = known[i].kind;
        return LB_OK;
    }
    return bad(v, e, n, "sitkBSpline, sitkLinear and sitkNearestNeighbor are computed here");
}
static int set_pad(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return read_whole(v, 0, 10000, &s->pad_distance, n, e);
}
static int set_range(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    if (v->type == LB_NULL) return LB_OK;
    s->resegment_bounds = numbers(v, s->resegment_range, 2);
    if (s->resegment_bounds < 1) return bad(v, e, n, "give [lower] or [lower, upper]");
    if (s->resegment_bounds == 2 && s->resegment_range[0] > s->resegment_range[1]) {
        double lower = s->resegment_range[1];
        s->resegment_range[1] = s->resegment_range[0];
        s->resegment_range[0] = lower;
    }
    if (s->resegment == LB_RESEGMENT_NONE) s->resegment = LB_RESEGMENT_ABSOLUTE;
    return LB_OK;
}
static int set_mode(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    const char *word = v->type == LB_STRING ? v->text : "";
    if (strcmp(word, "absolute") == 0)
        s->resegment = LB_RESEGMENT_ABSOLUTE;
    else if (strcmp(word, "relative") == 0)
        s->resegment = LB_RESEGMENT_RELATIVE;
    else if (strcmp(word, "sigma") == 0)
        s->resegment = LB_RESEGMENT_SIGMA;
    else
        return bad(v, e, n, "absolute, relative and sigma are known");
    return LB_OK;
}
static int set_resegment_shape(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return read_flag(v, &s->resegment_shape, n, e);
}
static int set_shift(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return v->type == LB_NULL ? LB_OK : read_number(v, -1e12, 1e12, &s->voxel_array_shift, n, e);
}
static int set_least_dimensions(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return v->type == LB_NULL ? LB_OK : read_whole(v, 1, 3, &s->least_dimensions, n, e);
}
static int set_least_voxels(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return v->type == LB_NULL ? LB_OK : read_whole(v, 0, 1000000000, &s->least_voxels, n, e);
}
static int set_correct(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return read_flag(v, &s->correct_mask, n, e);
}
static int set_pre_crop(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return read_flag(v, &s->pre_crop, n, e);
}
static int set_tolerance(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return v->type == LB_NULL ? LB_OK : read_number(v, 0, 1e6, &s->geometry_tolerance, n, e);
}
static int set_distances(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    double d[LB_MAX_DISTANCES];
    int count = numbers(v, d, LB_MAX_DISTANCES);
    if (count < 1) return bad(v, e, n, "give one to eight whole distances, such as [1]");
    for (int i = 0; i < count; i++) {
        if (!(d[i] >= 1 && d[i] <= 100) || d[i] != floor(d[i]))
            return bad(v, e, n, "distances are whole voxels, 1 to 100");
        s->distance[i] = (int64_t)d[i];
    }
    s->distances = (size_t)count;
    return LB_OK;
}
static int set_symmetrical(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return read_flag(v, &s->symmetrical_glcm, n, e);
}
static int set_weighting(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    static const char *const word[] = {"", "no_weighting", "euclidean", "manhattan", "infinity"};
    s->weighting = LB_WEIGHT_NONE;
    if (v->type == LB_NULL) return LB_OK;
    for (size_t i = 1; i < LB_COUNT(word) && v->type == LB_STRING; i++) {
        if (strcmp(v->text, word[i]) != 0) continue;
        s->weighting = (lb_weighting)i;
        return LB_OK;
    }
    return bad(v, e, n, "no_weighting, euclidean, manhattan and infinity are known");
}
static int set_gldm_a(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    return read_whole(v, 0, 1000000, &s->gldm_a, n, e);
}
static int set_ignored(const lb_value *v, lb_radiomics_settings *s, const char *n, lb_error *e)
{
    (void)v, (void)s, (void)n, (void)e;
    return LB_OK;
}

static const struct {
    const char *name;
    reader set;
} known[] = {
    {"binWidth", set_bin_width},
    {"binCount", set_bin_count},
    {"label", set_label},
    {"force2D", set_force_2d},
    {"force2Ddimension", set_dimension},
    {"normalize", set_normalize},
    {"normalizeScale", set_scale},
    {"removeOutliers", set_outliers},
    {"resampledPixelSpacing", set_spacing},
    {"interpolator", set_interpolator},
    {"padDistance", set_pad},
    {"resegmentRange", set_range},
    {"resegmentMode", set_mode},
    {"resegmentShape", set_resegment_shape},
    {"voxelArrayShift", set_shift},
    {"minimumROIDimensions", set_least_dimensions},
    {"minimumROISize", set_least_voxels},
    {"correctMask", set_correct},
    {"preCrop", set_pre_crop},
    {"geometryTolerance", set_tolerance},
    {"distances", set_distances},
    {"symmetricalGLCM", set_symmetrical},
    {"weightingNorm", set_weighting},
    {"gldm_a", set_gldm_a},
    {"additionalInfo", set_ignored},
    {"enableCExtensions", set_ignored},
};

static int read_setting(const lb_value *setting, lb_radiomics_settings *out, lb_error *err)
{
    const lb_value *interpolator = NULL;
    const char *names[LB_COUNT(known)];
    for (size_t k = 0; k < LB_COUNT(known); k++) names[k] = known[k].name;
    for (size_t i = 0; i < setting->count; i++) {
        size_t k = 0;
        while (k < LB_COUNT(known) && strcmp(setting->key[i], known[k].name) != 0) k++;
        if (k == LB_COUNT(known)) {
            lb_fail(err, LB_BAD_DATA, "the setting %s is not computed here", setting->key[i]);
            lb_error_where(err, "settings:%d:%d", setting->item[i]->line, setting->item[i]->column);
            const char *near = lb_text_nearest(setting->key[i], names, LB_COUNT(names));
            lb_error_hint(err, near ? "did you mean %s? otherwise take it out of the file" : "take it out of the file",
                          near);
            return LB_BAD_DATA;
        }
        if (known[k].set == set_interpolator) interpolator = setting->item[i];
        int status = known[k].set(setting->item[i], out, known[k].name, err);
        if (status != LB_OK) return status;
    }
    if (interpolator && interpolator->type == LB_NULL) out->resample = false; /* no interpolator: no resampling */
    if (out->resegment_bounds == 0) out->resegment = LB_RESEGMENT_NONE;
    return LB_OK;
}

static int read_classes(const lb_value *classes, lb_radiomics_settings *out, lb_error *err)
{
    out->classes_given = true;
    for (size_t i = 0; i < classes->count; i++) {
        size_t c = 0;
        while (c < lb_feature_class_count && strcmp(classes->key[i], lb_feature_classes[c].name) != 0) c++;
        if (c == lb_feature_class_count) {
            lb_fail(err, LB_BAD_DATA, "the feature class %s is not computed here", classes->key[i]);
            lb_error_where(err, "settings:%d:%d", classes->item[i]->line, classes->item[i]->column);
            lb_error_hint(err, "take it out of featureClass");
            return LB_BAD_DATA;
        }
        const lb_value *list = classes->item[i];
        out->chosen[c] = list;
        for (size_t f = 0; list->type == LB_ARRAY && f < list->count; f++) {
            const lb_feature_class *class = &lb_feature_classes[c];
            const char *wanted = list->item[f]->type == LB_STRING ? list->item[f]->text : "";
            size_t at = 0;
            while (at < class->features && strcmp(class->feature[at], wanted) != 0) at++;
            if (at < class->features) continue;
            lb_fail(err, LB_BAD_DATA, "the class %s has no feature \"%s\"", class->name, wanted);
            lb_error_where(err, "settings:%d:%d", list->item[f]->line, list->item[f]->column);
            const char *near = lb_text_nearest(wanted, class->feature, class->features);
            if (near) lb_error_hint(err, "did you mean %s?", near);
            return LB_BAD_DATA;
        }
    }
    return LB_OK;
}

int lb_radiomics_settings_read(const lb_value *yaml, lb_radiomics_settings *out, lb_error *err)
{
    defaults(out);
    if (!yaml || yaml->type == LB_NULL) return LB_OK;
    if (yaml->type != LB_OBJECT)
        return bad(yaml, err, "file", "a parameter file holds setting, imageType and featureClass");
    const lb_value *image_types = NULL;
    for (size_t i = 0; i < yaml->count; i++) {
        const lb_value *part = yaml->item[i];
        int status = LB_OK;
        if (part->type == LB_NULL) continue;
        if (part->type != LB_OBJECT) return bad(part, err, yaml->key[i], "it holds names and values");
        if (strcmp(yaml->key[i], "setting") == 0)
            status = read_setting(part, out, err);
        else if (strcmp(yaml->key[i], "featureClass") == 0)
            status = read_classes(part, out, err);
        else if (strcmp(yaml->key[i], "imageType") == 0)
            image_types = part; /* after the settings, wherever it stands */
        else {
            lb_fail(err, LB_BAD_DATA, "the part %s is not computed here", yaml->key[i]);
            lb_error_where(err, "settings:%d:%d", part->line, part->column);
            lb_error_hint(err, "setting, imageType and featureClass are read; voxelSetting is not");
            status = LB_BAD_DATA;
        }
        if (status != LB_OK) return status;
    }
    return image_types ? lb_radiomics_filters_read(image_types, out, err) : LB_OK;
}

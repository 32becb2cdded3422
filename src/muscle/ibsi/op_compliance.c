/* `radiomics compliance`: our IBSI values beside a table of reference values: met, missed, not implemented. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/common/grid.h"
#include "muscle/ibsi/ibsi.h"
#include "muscle/muscle.h"

/* Within the tolerance; without one, equal at the three digits that are printed. */
static bool meets(double got, double value, double tolerance)
{
    char a[40], b[40];
    if (tolerance > 0) return fabs(got - value) <= tolerance * (1 + 1e-9);
    snprintf(a, sizeof a, "%.2e", got);
    snprintf(b, sizeof b, "%.2e", value);
    return strtod(a, NULL) == strtod(b, NULL);
}

static const lb_value *find(const lb_value *rows, const char *tag, const char *aggregation)
{
    for (size_t i = 0; i < rows->count; i++)
        if (lb_text_equal(lb_get_text(rows->item[i], "tag", ""), tag) &&
            lb_text_equal(lb_get_text(rows->item[i], "aggregation", ""), aggregation))
            return rows->item[i];
    return NULL;
}

typedef struct columns {
    lb_column *config, *tag, *aggregation, *value, *tolerance;
} columns;

static int read_reference(lb_call *call, lb_table **table, columns *c, lb_error *err)
{
    lb_csv_options *csv = lb_call_csv(call);
    if (!csv->text_columns) csv->text_columns = "config,tag,aggregation";
    int status = lb_call_table(call, "reference", table, err);
    if (status == LB_OK) status = lb_table_column(*table, "config", &c->config, err);
    if (status == LB_OK) status = lb_table_column(*table, "tag", &c->tag, err);
    if (status == LB_OK) status = lb_table_column(*table, "aggregation", &c->aggregation, err);
    if (status == LB_OK) status = lb_table_number(*table, "value", &c->value, err);
    if (status == LB_OK) status = lb_table_number(*table, "tolerance", &c->tolerance, err);
    return status;
}

static void push_verdict(const columns *c, size_t i, const lb_value *own, const char *tag, const char *aggregation,
                         const char *verdict, lb_value *rows)
{
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "ibsi_code", lb_get_text(own, "ibsi_code", NULL));
    lb_set_text(row, "tag", tag);
    lb_set_text(row, "aggregation", lb_arena_text(rows->arena, aggregation));
    lb_set_number(row, "reference", c->value->number[i]);
    lb_set_number(row, "tolerance", c->tolerance->number[i]);
    lb_set_number(row, "value", lb_get_number(own, "value", NAN));
    lb_set_text(row, "verdict", verdict);
}

static int compare(lb_call *call, const lb_value *ours, lb_result *result, lb_error *err)
{
    lb_table *table;
    columns c;
    size_t met = 0, missed = 0, absent = 0;
    int status = read_reference(call, &table, &c, err);
    if (status != LB_OK) return status;
    lb_value *rows = lb_set_array(result->results, "rows");
    for (size_t i = 0; i < table->rows; i++) {
        char config[32], tag[32], aggregation[32];
        if (!lb_text_equal(lb_column_text(c.config, i, config), lb_call_text(call, "configuration"))) continue;
        const char *t = lb_arena_text(result->arena, lb_column_text(c.tag, i, tag)), *a = lb_column_text(c.aggregation, i, aggregation);
        const lb_value *own = find(ours, t, a);
        double value = c.value->number[i], tolerance = c.tolerance->number[i], got = lb_get_number(own, "value", NAN);
        bool good = isfinite(got) && meets(got, value, tolerance);
        push_verdict(&c, i, own, t, a, !own ? "not implemented" : good ? "met" : "missed", rows);
        met += good, missed += own && !good, absent += !own;
    }
    if (rows->count == 0) {
        lb_fail(err, LB_BAD_DATA, "the table holds no value of configuration %s", lb_call_text(call, "configuration"));
        lb_error_hint(err, "choose a configuration that stands in its column config");
        return LB_BAD_DATA;
    }
    lb_set_int(result->results, "met", (int64_t)met);
    lb_set_int(result->results, "missed", (int64_t)missed);
    lb_set_int(result->results, "not_implemented", (int64_t)absent);
    lb_result_note(result, "%zu of %zu reference values met, %zu missed, %zu not implemented. A value without tolerance is met when it "
                           "equals at three significant digits.", met, rows->count, missed, absent);
    return LB_OK;
}

int lb_ibsi_run(lb_call *call, lb_value *rows, lb_result *result, lb_error *err)
{
    lb_volume *image, *mask;
    lb_ibsi region;
    const char *configuration = lb_call_text(call, "configuration");
    int64_t label = lb_call_given(call, "label") ? lb_call_int(call, "label") : 1;
    int status = lb_call_volume(call, "image", &image, err);
    if (status == LB_OK) status = lb_call_volume(call, "mask", &mask, err);
    if (status == LB_OK) status = lb_mask_flat(mask, err);
    if (status == LB_OK) status = lb_mask_check(mask, err);
    if (status != LB_OK) return status;
    lb_volume_pass_warnings(image, "image", result);
    lb_volume_pass_warnings(mask, "mask", result);
    lb_grid_rule rule = {lb_call_text(call, "adopt-geometry"), LB_GRID_TOLERANCE_UM / 1000.0};
    status = lb_grid_match(&image, &mask, mask, "image", "mask", &rule, result, err);
    if (status == LB_OK) status = lb_ibsi_prepare(image, mask, label, configuration, lb_call_arena(call), &region, err);
    if (status == LB_OK) status = lb_ibsi_features(&region, rows, err);
    if (status != LB_OK) return status;
    lb_result_note(result, "Profile ibsi-1, configuration %s: %zu voxels of %.4g x %.4g x %.4g mm, %zu grey levels.", configuration,
                   region.voxels, region.spacing_mm[0], region.spacing_mm[1], region.spacing_mm[2], region.levels);
    return LB_OK;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_value *ours = lb_value_array(result->arena);
    int status = lb_ibsi_run(call, ours, result, err);
    return status == LB_OK ? compare(call, ours, result, err) : status;
}

static const lb_param params[] = {
    {.name = "reference", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "reference values: config, tag, aggregation, value, tolerance"},
    {.name = "image", .type = LB_P_VOLUME, .flags = LB_REQUIRED, .summary = "the phantom"},
    {.name = "mask", .type = LB_P_VOLUME, .flags = LB_REQUIRED, .summary = "its region"},
    {.name = "label", .type = LB_P_INT, .summary = "label of the region in the mask", .preset = "1", .min = 1, .max = 1000000000},
    {.name = "configuration", .type = LB_P_CHOICE, .summary = "how the image is processed", .preset = "digital", .choices = "digital,A,B,C,D"},
    {.name = "adopt-geometry",
     .type = LB_P_CHOICE,
     .flags = LB_ADVANCED,
     .summary = "when positions differ: whose geometry counts",
     .choices = "mask,image"},
};

const lb_op lb_op_radiomics_compliance = {
    .area = "radiomics",
    .verb = "compliance",
    .summary = "our values beside the reference values of the Image Biomarker Standardisation Initiative",
    .description = "Computes all features of the profile ibsi-1 for a phantom in one configuration and compares them to a table of "
                   "reference values (Zwanenburg et al. 2020, doi:10.1148/radiol.2020191145). Every reference value is listed with "
                   "ours and a verdict: met, missed or not implemented.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar radiomics compliance --reference reference/muscle/ibsi_small.csv --image reference/muscle/ibsi_image.nrrd "
               "--mask reference/muscle/ibsi_mask.nrrd",
};

/* `muscle page`: one scan on one page, for a radiologist to check and sign. */
#include <math.h>
#include <string.h>

#include "muscle/common/grid.h"
#include "muscle/muscle.h"
#include "muscle/page/page.h"

/* Bright colours that stay apart on a grey picture and for colour-blind readers (after Okabe and Ito 2008): a muscle has the one it has
 * in the viewer, others take what is left, in the order in which they appear. */
static const struct {
    const char *muscle, *colour;
} known[] = {{"multifidus", "#E69F00"}, {"erector", "#56B4E9"}, {"psoas", "#00B386"}, {"quadratus", "#CC79A7"}};
static const char *const spare[] = {"#F0E442", "#FF7F50"};

const char *lb_page_dash(size_t reading) { return reading ? "2.4 1.6" : NULL; }

static const char *known_colour(const char *muscle)
{
    for (size_t i = 0; muscle && i < LB_COUNT(known); i++)
        if (strstr(muscle, known[i].muscle)) return known[i].colour;
    return NULL;
}

const char *lb_page_colour(const lb_page *page, const char *muscle)
{
    const char *seen[LB_COUNT(spare)], *colour = known_colour(muscle);
    size_t count = 0;
    for (size_t r = 0; r < page->readings && !colour; r++) {
        const lb_value *row[LB_PAGE_ROWS];
        size_t rows = lb_page_whole(&page->reading[r], row, LB_PAGE_ROWS);
        for (size_t i = 0; i < rows && i < LB_PAGE_ROWS; i++) {
            const char *here = lb_get_text(row[i], "muscle", "");
            size_t at = 0;
            if (known_colour(here)) continue;
            while (at < count && strcmp(seen[at], here) != 0) at++;
            if (lb_text_equal(here, muscle)) return spare[at % LB_COUNT(spare)];
            if (at == count && count < LB_COUNT(spare)) seen[count++] = here;
        }
    }
    return colour ? colour : "#ffffff";
}

/* ---- what was measured ------------------------------------------------------------------------------------------ */

static int bad_measured(lb_error *err, const char *what)
{
    lb_fail(err, LB_BAD_DATA, "%s", what);
    lb_error_where(err, "--measured");
    lb_error_hint(err, "a list with one object for each mask: reader, labels, levels, and rows as `muscle measure` gives them");
    return LB_BAD_DATA;
}

/* Rows that a study keeps: they are shown as they were measured. */
static int take_measured(lb_call *call, lb_page *page, lb_error *err)
{
    lb_bytes bytes;
    lb_value *list = NULL;
    int code = lb_call_document(call, "measured", &bytes, err);
    if (!code) code = lb_json_read(&bytes, page->arena, &list, err);
    if (code) return code;
    if (list->type != LB_ARRAY || list->count != page->readings) return bad_measured(err, "the measurements are not as many as the masks");
    for (size_t r = 0; r < page->readings && !code; r++) {
        const lb_value *of = list->item[r], *rows = lb_get(of, "rows");
        if (of->type != LB_OBJECT || !rows || rows->type != LB_ARRAY) return bad_measured(err, "the measurements of a mask have no rows");
        page->reading[r].reader = lb_get_text(of, "reader", NULL);
        page->reading[r].rows = rows;
        code = lb_names_read(lb_get_text(of, "labels", NULL), lb_get_text(of, "levels", NULL), page->reading[r].mask, page->arena, &page->reading[r].names, err);
    }
    return code;
}

static int pass_on(lb_call *from, lb_call *to, const char *name, lb_error *err)
{
    return lb_call_given(from, name) ? lb_call_set(to, name, lb_call_text(from, name), err) : LB_OK;
}

/* Measure one mask as `muscle measure` does. */
static int measure(lb_call *call, lb_page *page, size_t r, lb_volume *const image[3], lb_result **out, lb_error *err)
{
    static const char *const word[] = {"fat", "water", "image"};
    const char *const *method;
    size_t methods = lb_call_texts(call, "method", &method);
    const char *chosen = "";
    for (size_t i = 0; i < methods; i++) chosen = lb_arena_printf(page->arena, "%s%s%s", chosen, i ? "," : "", method[i]);
    lb_call *inner = lb_call_new(lb_call_registry(call), &lb_op_muscle_measure);
    int code = lb_call_bind_volume(inner, "mask", page->reading[r].mask, err);
    for (size_t i = 0; i < 3 && !code; i++)
        if (image[i]) code = lb_call_bind_volume(inner, word[i], image[i], err);
    if (!code) code = pass_on(call, inner, "labels", err);
    if (!code) code = pass_on(call, inner, "levels", err);
    if (!code && methods) code = lb_call_set(inner, "method", chosen, err);
    if (!code) code = lb_call_run(inner, out, err);
    lb_call_free(inner);
    if (!code) page->reading[r].rows = lb_get((*out)->results, "rows");
    return code;
}

/* ---- drawing ------------------------------------------------------------------------------------------------------ */

static int too_many(const lb_page *page, lb_error *err)
{
    const lb_value *row[LB_PAGE_ROWS];
    size_t rows = 0;
    for (size_t r = 0; r < page->readings; r++) rows += lb_page_whole(&page->reading[r], row, LB_PAGE_ROWS);
    if (rows > 0 && rows <= LB_PAGE_ROWS) return LB_OK;
    lb_fail(err, LB_BAD_DATA, rows ? "%zu muscles do not fit on one page: %d do" : "nothing was measured", rows, LB_PAGE_ROWS);
    if (rows) lb_error_hint(err, "give each reader's mask a page of its own, or take labels out of the mask");
    return LB_BAD_DATA;
}

static int draw(lb_page *page, lb_result *result, lb_error *err)
{
    double end = 0, top = 58;
    int code = too_many(page, err);
    if (code) return code;
    page->svg = lb_svg_new(page->arena, LB_PAGE_WIDTH, LB_PAGE_HEIGHT, page->title, "Slices of a scan with the contours of the muscles, and a table of volume, area and fat.");
    lb_svg_text(page->svg, LB_PAGE_LEFT, 36, 14, LB_START, "bold", "#222222", page->title);
    if (page->about) lb_svg_text(page->svg, LB_PAGE_LEFT, 50, 8.5, LB_START, "", "#444444", page->about);
    code = lb_page_slices(page, top, LB_PAGE_HEIGHT - lb_page_table_height(page) - 14, &end, err);
    if (code) return code;
    lb_page_table(page, end + 14);
    lb_result_picture(result, "page", page->title, lb_svg_finish(page->svg));
    return LB_OK;
}

static int fit(lb_call *call, const char *name, lb_page *page, lb_volume **image, lb_result *result, lb_error *err)
{
    int code = lb_call_volume(call, name, image, err);
    if (code || !*image) return code;
    lb_volume_pass_warnings(*image, name, result);
    lb_grid_rule rule = {lb_call_text(call, "adopt-geometry"), LB_GRID_TOLERANCE_UM / 1000.0};
    lb_volume *before = page->reading[0].mask;
    return lb_grid_match(&page->reading[0].mask, image, before, "mask", name, &rule, result, err);
}

static int read_masks(lb_call *call, lb_page *page, lb_result *result, lb_error *err)
{
    static const char *const word[] = {"mask", "second"};
    int code = LB_OK;
    for (size_t r = 0; r < LB_PAGE_READINGS && !code; r++) {
        lb_volume *mask = NULL;
        if (lb_call_given(call, word[r])) code = lb_call_volume(call, word[r], &mask, err);
        if (code || !mask) continue;
        lb_volume_pass_warnings(mask, word[r], result);
        for (size_t layer = 0; layer <= mask->layers && !code; layer++) code = lb_mask_check(layer ? mask->layer[layer - 1] : mask, err);
        page->reading[page->readings].mask = mask;
        page->reading[page->readings++].reader = NULL;
    }
    if (code || page->readings < 2) return code;
    page->reading[0].reader = "1";
    page->reading[1].reader = "2";
    lb_grid_rule rule = {lb_call_text(call, "adopt-geometry"), LB_GRID_TOLERANCE_UM / 1000.0};
    lb_volume *first = page->reading[0].mask;
    return lb_grid_match(&page->reading[0].mask, &page->reading[1].mask, first, "mask", "second mask", &rule, result, err);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    static const char *const word[] = {"fat", "water", "image"};
    lb_page page = {.arena = result->arena, .title = lb_call_text(call, "title"), .about = lb_call_text(call, "about"), .signing = lb_call_text(call, "signing")};
    lb_volume *image[3] = {NULL};
    lb_result *inner[LB_PAGE_READINGS] = {NULL};
    int code = read_masks(call, &page, result, err);
    for (size_t i = 0; i < 3 && !code; i++) code = fit(call, word[i], &page, &image[i], result, err);
    if (!code && !image[0] && !image[1] && !image[2]) {
        lb_fail(err, LB_USAGE, "no image was given to show and measure");
        lb_error_hint(err, "give --fat FILE --water FILE of a Dixon scan, or --image FILE");
        code = LB_USAGE;
    }
    page.image = image[2] ? image[2] : image[1] ? image[1] : image[0];
    page.image_word = image[2] ? "image" : image[1] ? "water image" : "fat image";
    page.inputs = result->inputs;
    page.warnings = result->warnings;
    if (!code && lb_call_given(call, "measured")) code = take_measured(call, &page, err);
    for (size_t r = 0; r < page.readings && !code && !lb_call_given(call, "measured"); r++) {
        code = lb_names_read(lb_call_text(call, "labels"), lb_call_text(call, "levels"), page.reading[r].mask, page.arena, &page.reading[r].names, err);
        if (!code) code = measure(call, &page, r, image, &inner[r], err);
    }
    if (!code) code = draw(&page, result, err);
    lb_value *rows = code ? NULL : lb_set_array(result->results, "muscles");
    for (size_t r = 0; r < page.readings && rows; r++) {
        const lb_value *whole[LB_PAGE_ROWS];
        size_t count = lb_page_whole(&page.reading[r], whole, LB_PAGE_ROWS);
        for (size_t i = 0; i < count; i++) {
            lb_value *row = lb_push_object(rows);
            if (page.readings > 1) lb_set_text(row, "reader", page.reading[r].reader);
            static const char *const keys[] = {"volume_ml", "csa_mm2", "functional_csa_mm2"};
            lb_set_text(row, "side", lb_get_text(whole[i], "side", NULL));
            lb_set_text(row, "muscle", lb_get_text(whole[i], "muscle", NULL));
            for (size_t k = 0; k < LB_COUNT(keys); k++) lb_set_number(row, keys[k], lb_get_number(whole[i], keys[k], NAN));
        }
    }
    for (size_t r = 0; r < LB_PAGE_READINGS; r++) lb_result_free(inner[r]);
    return code;
}

static const lb_param params[] = {
    {.name = "mask", .type = LB_P_VOLUME, .flags = LB_REQUIRED, .summary = "label map of the muscles"},
    {.name = "second", .type = LB_P_VOLUME, .summary = "label map of a second reader, drawn dashed"},
    {.name = "fat", .type = LB_P_VOLUME, .summary = "fat image of a Dixon scan"},
    {.name = "water", .type = LB_P_VOLUME, .summary = "water image of the same scan"},
    {.name = "image", .type = LB_P_VOLUME, .summary = "one picture where fat is bright (T1, T2)"},
    {.name = "method", .type = LB_P_CHOICES, .summary = "ways to measure fat; the first also gives the lean area", .choices = "dixon_mean,dixon_ratio,otsu,gmm2,gmm3,kmeans2,kmeans3"},
    {.name = "labels", .type = LB_P_TEXT, .summary = "what labels mean, as \"1=right multifidus,2=left multifidus\""},
    {.name = "levels", .type = LB_P_TEXT, .summary = "slices of each level, as \"L3=8-14,L4=15-21\""},
    {.name = "title", .type = LB_P_TEXT, .summary = "at the head of the page", .preset = "Muscle composition"},
    {.name = "about", .type = LB_P_TEXT, .summary = "below it: who, when, which scan"},
    {.name = "signing", .type = LB_P_TEXT, .flags = LB_ADVANCED, .summary = "a sentence instead of the lines to sign on by hand"},
    {.name = "measured", .type = LB_P_DOCUMENT, .flags = LB_ADVANCED, .summary = "measurements to show as they are (JSON), instead of measuring"},
    {.name = "adopt-geometry", .type = LB_P_CHOICE, .flags = LB_ADVANCED, .summary = "when positions differ: whose geometry counts", .choices = "mask,image"},
};

const lb_op lb_op_muscle_page = {
    .area = "muscle",
    .verb = "page",
    .summary = "one page of a scan to check and sign: slices with contours, table of areas and fat",
    .description =
        "Draws up to twelve slices (of each level, when --levels are given; else evenly spread) with the contours of one or two readers along the "
        "voxels' edges, and a table of volume, area, lean area and fat fraction by every method, as muscle measure computes them. Write it with -o "
        "page.pdf or page.svg. The same inputs give the same page, byte for byte (SVG), so its SHA-256 stands for it.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar muscle page --mask reference/muscle/phantom_mask.nii.gz --fat reference/muscle/phantom_fat.nii.gz "
               "--water reference/muscle/phantom_water.nii.gz -o page.pdf",
};

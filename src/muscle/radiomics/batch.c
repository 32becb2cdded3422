/* `radiomics batch`: a table of cases becomes a table of features. Each case is one call of `radiomics extract` with
 * its own memory; a case that cannot be measured is a row that says why, and the others go on. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/muscle.h"
#include "muscle/radiomics/cohort.h"
#include "muscle/radiomics/radiomics.h"

enum { MOST_CASES = 1000000, MOST_SHARDS = 100000 };

typedef struct batch {
    lb_call *call;
    const lb_registry *registry;
    const lb_op *extract;
    const lb_source *source;
    const lb_journal *journal;
    const lb_progress *progress;
    lb_table *cases;
    const lb_column *id, *image, *mask, *label;
    lb_bytes settings;
    char settings_sha256[65];
    int64_t preset_label;
    const char *adopt;
    const size_t *chosen; /* rows of the table of cases that this shard computes */
    size_t count, done, reused;
    lb_arena **arena;     /* one per chosen case: owns its row */
    const lb_value **row;
    pthread_mutex_t lock; /* progress, done, reused */
} batch;

static const char *cell(const lb_column *column, size_t row, lb_arena *arena)
{
    char text[32];
    if (!column || lb_column_missing(column, row)) return NULL;
    return lb_arena_text(arena, lb_column_text(column, row, text));
}

/* Is this row of an earlier run what would be computed now? Same case, files, settings, and version. */
static bool still_valid(const lb_value *earlier, const lb_value *row)
{
    static const char *const same[] = {"id", "image", "mask", "version", "image_sha256", "mask_sha256", "settings_sha256"};
    if (lb_get_text(earlier, "error", NULL)) return false;
    for (size_t i = 0; i < LB_COUNT(same); i++)
        if (!lb_text_equal(lb_get_text(earlier, same[i], NULL), lb_get_text(row, same[i], NULL))) return false;
    return lb_get_number(earlier, "label", -1) == lb_get_number(row, "label", -1) &&
           lb_get_number(earlier, "case", -1) == lb_get_number(row, "case", -2);
}

static const lb_value *find_earlier(const batch *b, const lb_value *row)
{
    const lb_value *list = b->journal ? b->journal->earlier : NULL;
    for (size_t i = list ? list->count : 0; i-- > 0;) /* the latest first */
        if (still_valid(list->item[i], row)) return list->item[i];
    return NULL;
}

/* The files of a case's image or mask: one file, or all of a folder; "scan/#4" is series 4 of it. */
typedef struct case_files {
    const lb_bytes *file;
    size_t count;
    const char *series;
} case_files;

static int find_files(const batch *b, const char *name, lb_arena *arena, case_files *out, lb_error *err)
{
    lb_bytes *file = NULL;
    out->count = 0;
    int status = b->source->files ? b->source->files(b->source->context, name, arena, &file, &out->count, err) : LB_OK;
    if (status == LB_OK && out->count == 0) {
        file = lb_arena_array(arena, 1, sizeof *file);
        out->count = 1;
        status = b->source->read(b->source->context, name, arena, file, err);
    }
    out->file = file;
    return status;
}

/* One file: its hash. A folder: the hash of its files' hashes, in order. */
static void hash_files(const case_files *files, char sha256[65])
{
    lb_buf all = {0};
    for (size_t i = 0; i < files->count; i++) {
        lb_sha256_hex(files->file[i].data, files->file[i].length, sha256);
        lb_buf_puts(&all, sha256);
    }
    if (files->count > 1) lb_sha256_hex(all.data, all.length, sha256);
    lb_buf_free(&all);
}

static int read_files(const batch *b, const lb_value *row, const char *key, lb_arena *arena, case_files *out, lb_error *err)
{
    const char *name = lb_get_text(row, key, NULL), *mark = name ? strrchr(name, '#') : NULL;
    *out = (case_files){0};
    if (!name) {
        lb_fail(err, LB_BAD_DATA, "this case names no %s", key);
        lb_error_hint(err, "fill the column %s of the table of cases", key);
        return LB_BAD_DATA;
    }
    lb_error first = LB_ERROR_INIT;
    int status = find_files(b, name, arena, out, &first);
    if (status != LB_OK && mark && mark != name) { /* no file of that very name: a series of a folder */
        first = (lb_error)LB_ERROR_INIT;
        out->series = mark + 1;
        status = find_files(b, lb_arena_textn(arena, name, (size_t)(mark - name)), arena, out, &first);
    }
    if (status != LB_OK) {
        *err = first;
        lb_error_where(err, "%s", name); /* as the table has it: not this machine's folder */
        *out = (case_files){0};
    }
    return status;
}

static void set_hashes(lb_value *row, const case_files *image, const case_files *mask)
{
    char sha256[65];
    if (image->count) hash_files(image, sha256), lb_set_text(row, "image_sha256", sha256);
    if (mask->count) hash_files(mask, sha256), lb_set_text(row, "mask_sha256", sha256);
}

static void copy_result(const lb_result *result, lb_value *row)
{
    const lb_value *d = lb_get(result->results, "diagnostics"), *features = lb_get(result->results, "features"),
                   *undefined = lb_get(result->results, "undefined");
    lb_buf text = {0};
    static const char *const texts[] = {"profile", "image_sha256", "mask_sha256"};
    for (size_t i = 0; i < LB_COUNT(texts); i++) lb_set_text(row, texts[i], lb_get_text(d, texts[i], NULL));
    lb_set_int(row, "label", lb_get_int(d, "label", 1));
    lb_set_int(row, "voxels", lb_get_int(d, "intensity_voxels", 0));
    lb_set_int(row, "grey_bins", lb_get_int(d, "bins", 0));
    for (size_t i = 0; undefined && i < undefined->count; i++)
        lb_buf_printf(&text, "%s%s: %s", i ? "; " : "", lb_get_text(undefined->item[i], "feature", ""),
                      lb_get_text(undefined->item[i], "reason", ""));
    lb_set_text(row, "undefined", text.length ? text.data : NULL);
    text.length = 0;
    for (size_t i = 0; i < result->warnings->count; i++)
        lb_buf_printf(&text, "%s%s", i ? "; " : "", result->warnings->item[i]->text);
    lb_set_text(row, "warning", text.length ? text.data : NULL);
    lb_buf_free(&text);
    for (size_t i = 0; features && i < features->count; i++)
        lb_set_number(row, lb_arena_text(row->arena, features->key[i]), lb_number_of(features->item[i]));
}

static int bind_files(lb_call *call, const char *param, const case_files *files, lb_error *err)
{
    int status = files->series ? lb_call_choose(call, param, files->series, err) : LB_OK;
    for (size_t i = 0; i < files->count && status == LB_OK; i++) status = lb_call_bind(call, param, &files->file[i], err);
    return status;
}

static int extract(const batch *b, const case_files *image, const case_files *mask, lb_value *row, lb_error *err)
{
    lb_call *call = lb_call_new(b->registry, b->extract);
    lb_result *result = NULL;
    char label[32];
    int status = bind_files(call, "image", image, err);
    if (status == LB_OK) status = bind_files(call, "mask", mask, err);
    if (status == LB_OK && b->settings.data) status = lb_call_bind(call, "settings", &b->settings, err);
    if (status == LB_OK && b->adopt) status = lb_call_set(call, "adopt-geometry", b->adopt, err);
    double given = lb_get_number(row, "label", NAN);
    if (status == LB_OK && isfinite(given)) status = lb_call_set(call, "label", lb_number_text(given, label), err);
    if (status == LB_OK) status = lb_call_run(call, &result, err);
    if (status == LB_OK) copy_result(result, row);
    lb_result_free(result);
    lb_call_free(call);
    return status;
}

/* What is known of a case before it is looked at. */
static lb_value *begin_row(const batch *b, size_t case_row, lb_arena *arena)
{
    lb_value *row = lb_value_object(arena);
    bool labelled = b->label && !lb_column_missing(b->label, case_row);
    lb_set_text(row, "id", cell(b->id, case_row, arena));
    lb_set_text(row, "image", cell(b->image, case_row, arena));
    lb_set_text(row, "mask", cell(b->mask, case_row, arena));
    lb_set_number(row, "label", labelled ? b->label->number[case_row] : (double)b->preset_label);
    lb_set_int(row, "case", (int64_t)case_row + 1);
    lb_set_text(row, "version", lb_version());
    lb_set_text(row, "settings_sha256", b->settings.data ? b->settings_sha256 : NULL);
    return row;
}

static void one_case(void *context, size_t index)
{
    batch *b = context;
    if (lb_progress_cancelled(b->progress)) return;
    lb_arena *files = lb_arena_new();
    lb_value *row = begin_row(b, b->chosen[index], b->arena[index] = lb_arena_new());
    lb_error err = LB_ERROR_INIT;
    case_files image, mask = {0};
    const lb_value *earlier = NULL;
    int status = read_files(b, row, "image", files, &image, &err);
    if (status == LB_OK) status = read_files(b, row, "mask", files, &mask, &err);
    if (status == LB_OK && b->journal && b->journal->earlier) {
        set_hashes(row, &image, &mask);
        earlier = find_earlier(b, row);
    }
    if (status == LB_OK && !earlier) status = extract(b, &image, &mask, row, &err); /* hashes the files, too */
    if (status != LB_OK) {
        set_hashes(row, &image, &mask);
        lb_set_textf(row, "error", "%s%s%s", err.where, *err.where ? ": " : "", err.message);
        lb_set_text(row, "hint", *err.hint ? err.hint : NULL);
    }
    lb_arena_free(files);
    b->row[index] = earlier ? earlier : row;
    if (!earlier && b->journal && b->journal->add) b->journal->add(b->journal->context, row);
    pthread_mutex_lock(&b->lock);
    b->done++;
    b->reused += earlier != NULL;
    lb_progress_report(b->progress, (double)b->done / (double)b->count, "radiomics of the cases");
    pthread_mutex_unlock(&b->lock);
}

static int read_cases(batch *b, lb_error *err)
{
    lb_column *column;
    static const char *const needed[] = {"id", "image", "mask"};
    const lb_column **to[] = {&b->id, &b->image, &b->mask};
    lb_csv_options *csv = lb_call_csv(b->call);
    if (!csv->text_columns) csv->text_columns = "id,image,mask";
    int status = lb_call_table(b->call, "cases", &b->cases, err);
    for (size_t i = 0; status == LB_OK && i < LB_COUNT(needed); i++) {
        status = lb_table_column(b->cases, needed[i], &column, err);
        *to[i] = column;
    }
    if (status != LB_OK) {
        if (!*err->hint) lb_error_hint(err, "the table of cases has the columns id, image, mask and, if wanted, label");
        return status;
    }
    if (lb_table_find(b->cases, "label")) {
        status = lb_table_number(b->cases, "label", &column, err);
        b->label = column;
    }
    if (status == LB_OK && (b->cases->rows == 0 || b->cases->rows > MOST_CASES)) {
        lb_fail(err, LB_BAD_DATA, "the table holds %zu cases; 1 to %d can be run at once", b->cases->rows, MOST_CASES);
        status = LB_BAD_DATA;
    }
    return status;
}

/* Shard i of n takes every n-th case, from the i-th on: shards are of one size, and easy and hard cases mix. */
static int choose(batch *b, lb_error *err)
{
    const char *text = lb_call_text(b->call, "shard"), *slash = text ? strchr(text, '/') : NULL;
    int64_t shard = 1, shards = 1;
    bool good = !text || (slash && lb_text_integer(text, (size_t)(slash - text), &shard) &&
                          lb_text_integer(slash + 1, strlen(slash + 1), &shards));
    if (!good || shard < 1 || shard > shards || shards > MOST_SHARDS) {
        lb_fail(err, LB_USAGE, "'%.40s' is not a shard", text);
        lb_error_where(err, "--shard");
        lb_error_hint(err, "write i/n with i from 1 to n: 1/4, 2/4, 3/4 and 4/4 share the cases among four machines");
        return LB_USAGE;
    }
    lb_arena *arena = lb_call_arena(b->call);
    size_t *chosen = lb_arena_array(arena, b->cases->rows, sizeof *chosen);
    for (size_t r = (size_t)shard - 1; r < b->cases->rows; r += (size_t)shards) chosen[b->count++] = r;
    b->chosen = chosen;
    b->arena = lb_arena_array(arena, b->count + 1, sizeof(lb_arena *));
    b->row = lb_arena_array(arena, b->count + 1, sizeof(lb_value *));
    return LB_OK;
}

/* Wrong settings are one error, not a thousand failed cases. */
static int read_settings(batch *b, lb_error *err)
{
    lb_radiomics_settings settings;
    lb_value *yaml = NULL;
    int status = lb_call_document(b->call, "settings", &b->settings, err);
    if (status == LB_OK && b->settings.data) status = lb_yaml_read(&b->settings, lb_call_arena(b->call), &yaml, err);
    if (status == LB_OK) status = lb_radiomics_settings_read(yaml, &settings, err);
    if (status != LB_OK) return status;
    b->preset_label = settings.label;
    if (b->settings.data) lb_sha256_hex(b->settings.data, b->settings.length, b->settings_sha256);
    return LB_OK;
}

static void report(const batch *b, lb_result *result)
{
    lb_value *rows = lb_set_array(result->results, "rows");
    size_t failed = 0, first = 0;
    lb_cohort_arrange(b->row, b->count, rows);
    for (size_t i = 0; i < rows->count; i++) {
        lb_set_int(rows->item[i], "cases", (int64_t)b->cases->rows);
        if (lb_get_text(rows->item[i], "error", NULL) && failed++ == 0) first = i;
    }
    lb_set_int(result->results, "cases", (int64_t)b->cases->rows);
    lb_set_int(result->results, "computed", (int64_t)(b->count - b->reused));
    lb_set_int(result->results, "reused", (int64_t)b->reused);
    lb_set_int(result->results, "failed", (int64_t)failed);
    if (failed)
        lb_result_warn(result, "%zu of %zu cases failed, the first is %s: %s", failed, b->count,
                       lb_get_text(rows->item[first], "id", "(no id)"), lb_get_text(rows->item[first], "error", ""));
    lb_result_note(result, "One row per case, in the order of the table of cases; features by name. A failed case says why under error.");
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    batch b = {.call = call,
               .registry = lb_call_registry(call),
               .source = lb_call_source(call),
               .journal = lb_call_journal(call),
               .progress = lb_call_progress(call),
               .adopt = lb_call_text(call, "adopt-geometry")};
    b.extract = lb_registry_find(b.registry, "radiomics", "extract");
    if (!b.source) return lb_fail(err, LB_USAGE, "the images of the cases are not here; give their folder");
    int status = read_settings(&b, err);
    if (status == LB_OK) status = read_cases(&b, err);
    if (status == LB_OK) status = choose(&b, err);
    if (status != LB_OK) return status;
    pthread_mutex_init(&b.lock, NULL);
    lb_parallel_for(b.count, (unsigned)lb_call_int(call, "jobs"), one_case, &b);
    pthread_mutex_destroy(&b.lock);
    if (b.done == b.count)
        report(&b, result);
    else
        status = lb_fail(err, LB_CANCELLED, "cancelled after %zu of %zu cases", b.done, b.count);
    for (size_t i = 0; i < b.count; i++) lb_arena_free(b.arena[i]);
    return status;
}

static const lb_param params[] = {
    {.name = "cases",
     .type = LB_P_TABLE,
     .flags = LB_REQUIRED | LB_POSITIONAL,
     .summary = "table of cases: columns id, image, mask and, if wanted, label"},
    {.name = "folder", .type = LB_P_SOURCE, .summary = "where the images lie (default: beside the table of cases)"},
    {.name = "settings", .type = LB_P_DOCUMENT, .summary = "PyRadiomics parameter file (YAML or JSON)"},
    {.name = "jobs", .type = LB_P_INT, .summary = "cases at a time; 0 = as many as there are cores", .preset = "0", .max = 256},
    {.name = "shard", .type = LB_P_TEXT, .summary = "i/n: only every n-th case, from the i-th on"},
    {.name = "resume", .type = LB_P_FLAG, .summary = "keep the finished rows of an earlier run of the same output"},
    {.name = "adopt-geometry",
     .type = LB_P_CHOICE,
     .flags = LB_ADVANCED,
     .summary = "when positions differ: whose geometry counts",
     .choices = "mask,image"},
};

const lb_op lb_op_radiomics_batch = {
    .area = "radiomics",
    .verb = "batch",
    .summary = "radiomic features of many cases: a table of cases in, a table of features out",
    .description =
        "Runs radiomics extract on every row of a table with the columns id, image, mask and, if wanted, label. Names of "
        "files are relative to the table of cases, or to --folder; a name may be a folder of DICOM files (scan/#4: its series 4) or a zip of them. A case that fails is a row with its error and advice; "
        "the others go on. The table does not depend on --jobs, and the shards of a cohort put together by lumbar merge "
        "are the table one machine makes.\n\n"
        "With -o, each finished row is also kept in a journal beside the output until the table is written. --resume "
        "takes rows from the journal and from the output when case, files (by hash), settings and version are the same, "
        "and computes the rest; failed cases are tried again.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar radiomics batch reference/muscle/cases.csv -o features.csv",
};

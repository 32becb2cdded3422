/* `lumbar validate [--only AREA] [--reference DIR] [--json | -o FILE.html|.json|.csv]`: reruns the reference cases on this
 * machine and says whether every value is what it should be; the HTML is a qualification report. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/validate.h"

#define USAGE "[--only AREA] [--reference DIR] [--json] [-o FILE.html|.json|.csv]"

typedef struct options {
    const char *only, *reference, *output;
    bool json;
} options;

static int parse(int argc, char **argv, options *o, lb_error *err)
{
    for (int i = 0; i < argc; i++) {
        const char **target = NULL;
        if (strcmp(argv[i], "--only") == 0) target = &o->only;
        else if (strcmp(argv[i], "--reference") == 0) target = &o->reference;
        else if (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0) target = &o->output;
        if (target) {
            if (i + 1 == argc) return lb_fail(err, LB_USAGE, "%s needs a value", argv[i]);
            *target = argv[++i];
        } else if (strcmp(argv[i], "--json") == 0) {
            o->json = true;
        } else if (strcmp(argv[i], "--quiet") != 0) {
            lb_fail(err, LB_USAGE, "unknown option '%s'", argv[i]);
            lb_error_hint(err, "lumbar validate " USAGE);
            return LB_USAGE;
        }
    }
    return 0;
}

/* The contract's document: cases[] and what sums them up. */
static lb_result *document(const lb_validation *v, const options *o, double seconds)
{
    lb_result *result = lb_result_new("validate");
    result->title = "Reference cases";
    if (o->only) lb_set_text(result->parameters, "only", o->only);
    lb_set_int(result->results, "passed", (int64_t)v->passed);
    lb_set_int(result->results, "failed", (int64_t)v->failed);
    lb_set_int(result->results, "skipped", (int64_t)v->skipped);
    lb_set_int(result->results, "values", (int64_t)v->rows->count);
    lb_set_number(result->results, "seconds", seconds);
    lb_set_text(result->results, "sha256", v->sha256);
    lb_set(result->results, "cases", v->rows);
    lb_set(result->results, "uncovered", v->uncovered);
    if (v->failed) lb_result_status(result, "failed");
    return result;
}

static void text_summary(const lb_validation *v, lb_buf *out)
{
    for (size_t i = 0; i < v->rows->count; i++) {
        const lb_value *row = v->rows->item[i];
        if (lb_get_bool(row, "pass", false)) continue;
        char want[32], have[32];
        const lb_value *expected = lb_get(row, "expected"), *got = lb_get(row, "got");
        lb_buf_printf(out, "FAILED %s: %s %s: got %s, expected %s\n", lb_get_text(row, "id", "?"),
                      lb_get_text(row, "operation", ""), lb_get_text(row, "path", ""),
                      lb_is_number(got) ? lb_number_text(lb_number_of(got), have) : lb_get_text(row, "got", "nothing"),
                      lb_is_number(expected) ? lb_number_text(lb_number_of(expected), want)
                                             : lb_get_text(row, "expected", "nothing"));
    }
    for (size_t i = 0; i < v->uncovered->count; i++)
        lb_buf_printf(out, "no reference case: %s\n", v->uncovered->item[i]->text);
    lb_buf_printf(out, "%zu values of %zu reference cases compared (SHA-256 of the cases %.16s…), Lumbar %s\n", v->rows->count,
                  v->cases, v->sha256, lb_version());
    if (v->skipped) lb_buf_printf(out, "%zu cases skipped: their reference data (../shared) are not here\n", v->skipped);
    lb_buf_printf(out, "%zu passed, %zu failed\n", v->passed, v->failed);
}

static int write_out(const lb_validation *v, const options *o, double seconds, lb_error *err)
{
    lb_result *result = document(v, o, seconds);
    lb_buf out = {0};
    int status = 0;
    char when[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(when, sizeof when, "%Y-%m-%d %H:%M UTC", gmtime_r(&now, &utc));
    if (o->output) {
        if (lb_text_ends(o->output, ".html")) lb_validation_report(v, when, seconds, &out);
        else if (lb_text_ends(o->output, ".csv")) lb_result_csv(result, "cases", &out);
        else lb_result_json(result, &out);
        status = lb_file_write(o->output, out.data, out.length, err);
        out.length = 0;
    }
    if (status == 0) {
        if (o->json) lb_result_json(result, &out);
        else text_summary(v, &out);
        fwrite(out.data, 1, out.length, stdout);
    }
    lb_buf_free(&out);
    lb_result_free(result);
    return status;
}

/* Where reference/ is: said, in the environment, installed beside the program, or in the source tree. */
static int find_reference(const options *o, char *buffer, size_t size, const char **out, lb_error *err)
{
    *out = o->reference ? o->reference : lb_cli_home("LUMBAR_REFERENCE", "reference", buffer, size);
    if (*out) return 0;
    lb_fail(err, LB_NOT_FOUND, "the reference cases are not beside the program");
    lb_error_hint(err, "say where with --reference DIR or LUMBAR_REFERENCE");
    return LB_NOT_FOUND;
}

/* Reference data of others, which this repository does not hold: LUMBAR_SHARED, or ../shared beside the sources. */
static const char *find_shared(const char *reference, char *buffer, size_t size)
{
    const char *root = getenv("LUMBAR_SHARED");
    if (root && *root) snprintf(buffer, size, "%s/data", root);
    else snprintf(buffer, size, "%s/../../shared/data", reference);
    return access(buffer, R_OK) == 0 ? buffer : NULL;
}

static int none_found(const options *o, lb_error *err)
{
    lb_fail(err, LB_NOT_FOUND, "no reference case%s%s", o->only ? " in " : " there", o->only ? o->only : "");
    lb_error_hint(err, "an area is the first word of a command: power, meta, analyse, …");
    return LB_NOT_FOUND;
}

int lb_cli_validate(int argc, char **argv)
{
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        puts("lumbar validate " USAGE "\n\nReruns the reference cases on this machine and compares every value; exit 1 "
             "when one differs.\n-o FILE.html writes an installation and operational qualification report.");
        return 0;
    }
    options o = {0};
    char home[4096];
    lb_error err = LB_ERROR_INIT;
    lb_validation v = {.arena = lb_arena_new()};
    lb_registry *registry = lb_registry_all();
    double start = lb_seconds();
    v.registry = registry;
    int status = parse(argc, argv, &o, &err);
    v.only = o.only;
    if (status == 0) status = find_reference(&o, home, sizeof home, &v.folder, &err);
    char beside[4200];
    if (status == 0) v.shared = find_shared(v.folder, beside, sizeof beside);
    if (status == 0) status = lb_validation_run(&v, &err);
    if (status == 0 && v.cases == 0) status = none_found(&o, &err);
    if (status == 0) status = write_out(&v, &o, lb_seconds() - start, &err);
    int code = status != 0 ? lb_cli_error(&err) : v.failed > 0;
    lb_registry_free(registry);
    lb_arena_free(v.arena);
    return code;
}

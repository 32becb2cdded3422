/* A result into a file: the extension says how. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <lumbar/figure.h>

#include "cli/cli.h"
#include "server/analysis.h"

#include <lumbar/document.h>

/* ".nii.gz" and ".seg.nrrd" count as one extension. */
static const char *extension(const char *path)
{
    static const char *const doubles[] = {".nii.gz", ".seg.nrrd"};
    for (size_t i = 0; i < LB_COUNT(doubles); i++)
        if (lb_text_ends(path, doubles[i])) return path + strlen(path) - strlen(doubles[i]);
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    return dot && (slash == NULL || dot > slash) ? dot : "";
}

static int write_folder(const lb_result *result, const char *folder, lb_error *err)
{
    if (mkdir(folder, 0777) != 0) {
        struct stat st;
        if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
            lb_fail(err, LB_FAILED, "cannot make this folder");
            lb_error_where(err, "%s", folder);
            return LB_FAILED;
        }
    }
    char path[4096];
    int code = LB_OK;
    for (size_t i = 0; i < result->artifact_count && code == LB_OK; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, result->artifact[i].name);
        code = lb_file_write(path, result->artifact[i].data, result->artifact[i].length, err);
    }
    for (size_t i = 0; i < result->picture_count && code == LB_OK; i++) {
        snprintf(path, sizeof path, "%s/%s.svg", folder, result->picture[i].name);
        code = lb_file_write(path, result->picture[i].svg, strlen(result->picture[i].svg), err);
    }
    lb_buf json = {0};
    lb_result_json(result, &json);
    snprintf(path, sizeof path, "%s/result.json", folder);
    if (code == LB_OK) code = lb_file_write(path, json.data, json.length, err);
    lb_buf_free(&json);
    return code;
}

/* The result's own report, or the result as one; through pandoc. */
static int write_word(const lb_result *result, lb_buf *out, lb_error *err)
{
    for (size_t i = 0; i < result->artifact_count; i++)
        if (lb_text_ends(result->artifact[i].name, ".html"))
            return lb_word_from_html(result->artifact[i].data, result->artifact[i].length, out, err);
    lb_buf html = {0};
    lb_report *report = lb_report_new(result->title ? result->title : result->operation, "en");
    lb_report_result(report, result, 1);
    lb_report_html(report, &html);
    int code = lb_word_from_html(html.data, html.length, out, err);
    lb_report_free(report);
    lb_buf_free(&html);
    return code;
}

static int render(const lb_result *result, const char *path, const char *ext, lb_buf *out, lb_error *err)
{
    bool picture = strcmp(ext, ".svg") == 0 || strcmp(ext, ".png") == 0 || strcmp(ext, ".pdf") == 0;
    if (picture && result->picture_count == 0) {
        int code = lb_fail(err, LB_USAGE, "%s makes no picture", result->operation);
        lb_error_where(err, "-o %s", path);
        lb_error_hint(err, "write .json, .csv, .html or .txt");
        return code;
    }
    if (strcmp(ext, ".svg") == 0) lb_buf_puts(out, result->picture[0].svg);
    else if (strcmp(ext, ".png") == 0) return lb_figure_png(result->picture[0].svg, 300, out, err);
    else if (strcmp(ext, ".pdf") == 0) return lb_figure_pdf(result->picture[0].svg, out, err);
    else if (strcmp(ext, ".json") == 0) lb_result_json(result, out);
    else if (strcmp(ext, ".csv") == 0) lb_result_csv(result, NULL, out);
    else if (strcmp(ext, ".html") == 0) lb_result_html(result, out);
    else if (strcmp(ext, ".txt") == 0) lb_result_text(result, out);
    else if (strcmp(ext, ".docx") == 0) return write_word(result, out, err);
    else {
        int code = lb_fail(err, LB_USAGE, "'%s' is not a format Lumbar writes here", *ext ? ext : "no extension");
        lb_error_where(err, "-o %s", path);
        lb_error_hint(err, "use .json, .csv, .html, .txt, .docx, .svg, .png or .pdf");
        return code;
    }
    return LB_OK;
}

int lb_cli_write_result(const lb_result *result, const char *path, lb_error *err)
{
    size_t length = strlen(path);
    struct stat st;
    if ((length && path[length - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode))) return write_folder(result, path, err);
    const char *ext = extension(path);
    for (size_t i = 0; i < result->artifact_count; i++) {
        const lb_artifact *artifact = &result->artifact[i];
        const char *theirs = extension(artifact->name);
        /* .csv of a result is its main table and .json its document, unless the operation is there to make such a file; .seg.nrrd is a .nrrd, too */
        bool own = strcmp(ext, ".csv") == 0 || strcmp(ext, ".json") == 0;
        if ((artifact->main || !own) && *ext && (strcmp(theirs, ext) == 0 || lb_text_ends(theirs, ext)))
            return lb_file_write(path, artifact->data, artifact->length, err);
    }
    lb_buf out = {0};
    int code = render(result, path, ext, &out, err);
    if (code == LB_OK) code = lb_file_write(path, out.data ? out.data : "", out.length, err);
    lb_buf_free(&out);
    return code;
}

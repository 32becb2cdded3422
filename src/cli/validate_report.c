/* The qualification report of `lumbar validate -o report.html`: what was installed where (installation qualification),
 * what was run and whether it gave what it should (operational qualification), for the study's file. */
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/validate.h"

#ifdef __clang__
#define COMPILER "" /* says its name itself */
#else
#define COMPILER "GCC "
#endif

static lb_value *fact(lb_value *rows, const char *what)
{
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "item", what);
    return row;
}

static void os_name(lb_arena *arena, lb_value *row)
{
    lb_bytes bytes;
    lb_set_text(row, "value", "unknown");
    if (lb_file_read("/etc/os-release", 65536, arena, &bytes, NULL) != 0) return;
    const char *text = lb_arena_textn(arena, (const char *)bytes.data, bytes.length);
    const char *name = strstr(text, "PRETTY_NAME=\"");
    if (!name) return;
    name += strlen("PRETTY_NAME=\"");
    lb_set_text(row, "value", lb_arena_textn(arena, name, strcspn(name, "\"")));
}

static void installation(const lb_validation *v, const char *when, double seconds, lb_buf *out)
{
    lb_arena *arena = v->arena;
    lb_value *rows = lb_value_array(arena);
    struct utsname host;
    lb_bytes program;
    char sha256[65] = "cannot be read";
    lb_set_text(fact(rows, "Version"), "value", lb_version());
    lb_set_text(fact(rows, "Compiler"), "value", COMPILER __VERSION__);
    if (lb_file_read("/proc/self/exe", (size_t)1 << 30, arena, &program, NULL) == 0)
        lb_sha256_hex(program.data, program.length, sha256);
    lb_set_text(fact(rows, "Program, SHA-256"), "value", sha256);
    lb_set_text(fact(rows, "Reference cases, SHA-256"), "value", v->sha256);
    os_name(arena, fact(rows, "Operating system"));
    if (uname(&host) == 0) {
        lb_set_textf(fact(rows, "Machine"), "value", "%s, %ld cores", host.machine, sysconf(_SC_NPROCESSORS_ONLN));
        lb_set_textf(fact(rows, "Kernel"), "value", "%s %s", host.sysname, host.release);
    }
    lb_set_text(fact(rows, "Date of this run"), "value", when);
    lb_set_textf(fact(rows, "Duration"), "value", "%.1f s", seconds);
    lb_set_text(fact(rows, "Scope"), "value", v->only ? v->only : "all areas");
    lb_buf_puts(out, "<h2>Installation</h2>\n");
    lb_html_table(rows, "What was run, and where", out);
}

/* Rows of one key's value, summed: by area, or by requirement. */
static lb_value *summary(const lb_validation *v, const char *key)
{
    lb_value *rows = lb_value_array(v->arena);
    for (size_t i = 0; i < v->rows->count; i++) {
        const char *name = lb_get_text(v->rows->item[i], key, NULL);
        lb_value *row = NULL;
        if (!name) continue;
        for (size_t k = 0; k < rows->count && !row; k++)
            if (lb_text_equal(lb_get_text(rows->item[k], key, ""), name)) row = rows->item[k];
        if (!row) {
            row = lb_push_object(rows);
            lb_set_text(row, key, name);
        }
        bool pass = lb_get_bool(v->rows->item[i], "pass", false);
        lb_set_int(row, "values", lb_get_int(row, "values", 0) + 1);
        lb_set_int(row, "failed", lb_get_int(row, "failed", 0) + !pass);
    }
    return rows;
}

/* One table per case: its rows follow each other. */
static void details(const lb_validation *v, const char *area, lb_buf *out)
{
    static const char *const shown[] = {"path", "expected", "got", "difference", "tolerance"};
    lb_buf_puts(out, "<h3>");
    lb_buf_xml(out, *area ? area : "unreadable");
    lb_buf_puts(out, "</h3>\n");
    for (size_t i = 0; i < v->rows->count;) {
        const lb_value *first = v->rows->item[i];
        lb_value *rows = lb_value_array(v->arena);
        const char *id = lb_get_text(first, "id", "");
        for (; i < v->rows->count && lb_text_equal(lb_get_text(v->rows->item[i], "id", ""), id); i++) {
            lb_value *row = lb_push_object(rows);
            lb_set_text(row, "result", lb_get_bool(v->rows->item[i], "pass", false) ? "passed" : "FAILED");
            for (size_t k = 0; k < LB_COUNT(shown); k++) lb_set(row, shown[k], lb_get(v->rows->item[i], shown[k]));
        }
        if (!lb_text_equal(lb_get_text(first, "area", ""), area)) continue;
        lb_html_table(rows, lb_arena_printf(v->arena, "%s: lumbar %s (%s)", id, lb_get_text(first, "operation", ""),
                                            lb_get_text(first, "source", "no source")), out);
    }
}

/* Each requirement that a case names, with the cases that show it: reference/requirements.json says what they are. */
static void traceability(const lb_validation *v, lb_buf *out)
{
    lb_bytes bytes;
    lb_value *list = NULL, *rows = lb_value_array(v->arena);
    const char *path = lb_arena_printf(v->arena, "%s/requirements.json", v->folder);
    if (lb_file_read(path, 1 << 20, v->arena, &bytes, NULL) || lb_json_read(&bytes, v->arena, &list, NULL)) return;
    for (size_t r = 0; r < list->count; r++) {
        const char *id = list->key[r], *last = "";
        lb_buf cases = {0};
        size_t count = 0, failed = 0;
        for (size_t i = 0; i < v->rows->count; i++) {
            const lb_value *row = v->rows->item[i];
            const char *name = lb_get_text(row, "id", "");
            if (!lb_text_equal(lb_get_text(row, "requirement", NULL), id)) continue;
            failed += !lb_get_bool(row, "pass", false);
            if (strcmp(name, last) == 0) continue;
            if (count++ < 40) lb_buf_printf(&cases, "%s%s", count > 1 ? ", " : "", name);
            last = name;
        }
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "requirement", id);
        lb_set_text(row, "what", list->item[r]->type == LB_STRING ? list->item[r]->text : "");
        lb_set_text(row, "cases", count ? cases.data : "none here: shown by the program's own tests");
        lb_set_text(row, "result", !count ? "" : failed ? "FAILED" : "passed");
        lb_buf_free(&cases);
    }
    lb_buf_puts(out, "<h2>Requirements and what shows them</h2>\n");
    lb_html_table(rows, "Traceability", out);
}

void lb_validation_report(const lb_validation *v, const char *when, double seconds, lb_buf *out)
{
    lb_html_page_open(out, "Lumbar: qualification report", "en");
    lb_buf_puts(out, "<h1>Lumbar: installation and operational qualification</h1>\n");
    lb_buf_printf(out, "<p><strong>%s</strong>: %zu values of %zu reference cases; %zu cases passed, %zu failed.</p>\n",
                  v->failed ? "FAILED" : "Passed", v->rows->count, v->cases, v->passed, v->failed);
    installation(v, when, seconds, out);
    lb_buf_puts(out, "<h2>Operation</h2>\n<p>Each case is run through the same operation a user runs. A value passes "
                     "when it differs from the expected one by no more than the tolerance times the expected value (times "
                     "one, when that is zero or the case says so).</p>\n");
    lb_value *areas = summary(v, "area"), *requirements = summary(v, "requirement");
    lb_html_table(areas, "By area", out);
    if (requirements->count) lb_html_table(requirements, "By requirement", out);
    traceability(v, out);
    if (v->skipped) lb_buf_printf(out, "<p>%zu cases were skipped: their reference data are not on this machine.</p>\n", v->skipped);
    if (v->uncovered->count) {
        lb_buf_puts(out, "<p>Operations without a reference case:");
        for (size_t i = 0; i < v->uncovered->count; i++) {
            lb_buf_puts(out, i ? ", " : " ");
            lb_buf_xml(out, v->uncovered->item[i]->text);
        }
        lb_buf_puts(out, ".</p>\n");
    } else if (!v->only) {
        lb_buf_puts(out, "<p>Every operation has at least one reference case.</p>\n");
    }
    lb_buf_puts(out, "<h2>Every value</h2>\n");
    for (size_t i = 0; i < areas->count; i++) details(v, lb_get_text(areas->item[i], "area", ""), out);
    lb_buf_puts(out, "<h2>Release</h2>\n<table><tbody><tr><th>Checked by</th><td>&#160;</td><th>Date</th><td>&#160;</td></tr>"
                     "<tr><th>Released by</th><td>&#160;</td><th>Date</th><td>&#160;</td></tr></tbody></table>\n");
    lb_html_page_close(out);
}

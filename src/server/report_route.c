/* POST /api/report/make: several results as one report, in HTML, PDF or Word. The client names the operations and their
 * parameters; they are run again here, so that what is printed is what was computed, with its inputs' hashes. */
#include "server/analysis.h"
#include "server/op_face.h"
#include "server/op_run.h"
#include "server/state.h"

#include <lumbar/document.h>

#include <string.h>

enum { MOST_CARDS = 60 };

static int add_card(lb_server *server, const lb_request *request, const lb_value *card, lb_report *report, lb_error *err)
{
    const lb_op *op = NULL;
    lb_call *call = NULL;
    lb_result *result = NULL;
    bool unsupported = false;
    lb_value *body = lb_value_object(request->arena);
    if (lb_get(card, "parameters")) lb_set(body, "parameters", lb_get(card, "parameters"));
    if (lb_get(card, "data")) lb_set(body, "data", lb_get(card, "data"));
    lb_buf json = {0};
    lb_json_write(body, 0, &json);
    lb_face_body face = {"application/json", lb_arena_textn(request->arena, json.data, json.length), json.length, server->options.parts_max};
    lb_buf_free(&json);
    lb_face_datasets datasets = lb_op_datasets(server, request);
    int code = lb_face_find(server->registry, lb_get_text(card, "op", ""), request->arena, &op, err);
    if (!code) code = lb_face_call(server->registry, op, &face, &datasets, request->arena, &call, &unsupported, err);
    if (!code) code = lb_op_run(server, request, call, &result, err);
    if (!code) {
        if (lb_get_text(card, "title", NULL)) result->title = lb_get_text(card, "title", NULL);
        lb_report_result(report, result, 2);
        const char *note = lb_get_text(card, "note", NULL);
        if (note && *note) lb_report_text(report, LB_DOC_BODY, "%s", note);
        lb_report_table(report, result->inputs, "Inputs", 0);
    }
    lb_result_free(result);
    lb_call_free(call);
    return code;
}

static int write_format(const lb_report *report, const char *format, const char *title, lb_answer *answer, lb_error *err)
{
    if (strcmp(format, "pdf") == 0) {
        answer->type = "application/pdf";
        return lb_report_pdf(report, title, &answer->body, err);
    }
    if (strcmp(format, "docx") == 0) {
        lb_buf html = {0};
        lb_report_html(report, &html);
        answer->type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        int code = lb_word_from_html(html.data, html.length, &answer->body, err);
        lb_buf_free(&html);
        return code;
    }
    answer->type = "text/html; charset=utf-8";
    lb_report_html(report, &answer->body);
    return LB_OK;
}

void lb_route_report(lb_server *server, const lb_request *request, lb_answer *answer)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *body = NULL;
    lb_bytes bytes = {(const uint8_t *)(request->body.data ? request->body.data : ""), request->body.length, "request body"};
    int code = lb_json_read(&bytes, request->arena, &body, &err);
    const lb_value *cards = code ? NULL : lb_get(body, "cards");
    const char *format = code ? "html" : lb_get_text(body, "format", "html"), *title = code ? "" : lb_get_text(body, "title", "Report");
    if (!code && (!cards || cards->type != LB_ARRAY || cards->count == 0 || cards->count > MOST_CARDS))
        code = lb_fail(&err, LB_USAGE, "a report needs 1 to %d cards", MOST_CARDS);
    if (!code && strcmp(format, "html") != 0 && strcmp(format, "pdf") != 0 && strcmp(format, "docx") != 0)
        code = lb_fail(&err, LB_USAGE, "'%.20s' is not a format of reports: html, pdf, docx", format);
    if (code) {
        lb_answer_error(answer, 0, &err);
        return;
    }
    lb_report *report = lb_report_new(title, lb_get_text(body, "language", "en"));
    lb_report_heading(report, 1, title);
    for (size_t i = 0; i < cards->count && !code; i++) code = add_card(server, request, cards->item[i], report, &err);
    lb_report_text(report, LB_DOC_NOTE, "Every number comes from the operations named, run by Lumbar %s on the inputs named; the same inputs give it again.", lb_version());
    if (!code) code = write_format(report, format, title, answer, &err);
    lb_report_free(report);
    if (code) {
        lb_buf_free(&answer->body);
        lb_op_error(answer, code == LB_NOT_FOUND && strcmp(format, "docx") == 0 ? 501 : 0, &err);
        return;
    }
    lb_answer_header(answer, "Content-Disposition", lb_arena_printf(request->arena, "attachment; filename=\"report.%s\"", format));
    lb_answer_header(answer, "Cache-Control", "no-store");
}

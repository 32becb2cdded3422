/* Routes of the safety board, of printed documents and of licensed texts. */
#include "server/care.h"
#include "trial/conduct/board.h"
#include "trial/conduct/print.h"
#include "trial/conduct/texts.h"

#include <string.h>

typedef struct asking {
    study_request *request;
    const lb_texts *texts;
    lb_value *out;
} asking;

static int answered(asking *a, int code, lb_answer *answer)
{
    if (!code) study_answer(answer, a->out);
    return code;
}

static const char *language_of(const study_request *r)
{
    const char *language = study_query(r, "lang");
    return language && (strcmp(language, "zh") == 0 || strcmp(language, "da") == 0) ? language : "en";
}

/* -- the board ------------------------------------------------------------------------------------------------- */

static int list_body(lb_tx *tx, void *context, lb_error *err) { return lb_board_list(tx, &((asking *)context)->out, err); }

static int get_board(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {.request = r};
    return answered(&a, study_read(r, list_body, &a, err), answer);
}

static int make_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    return lb_board_make(tx, a->request->store, a->request->study, study_text(a->request, "kind"), &a->out, err);
}

static int post_report(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {.request = r};
    return answered(&a, study_write(r, make_body, &a, err), answer);
}

static int report_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    return lb_board_report(tx, a->request->study, a->request->part[0], &a->out, err);
}

static int get_report(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {.request = r};
    return answered(&a, study_read(r, report_body, &a, err), answer);
}

static int get_report_pdf(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {.request = r};
    int code = study_read(r, report_body, &a, err);
    if (!code) code = lb_print_board(r->study, a.out, language_of(r), &answer->body, err);
    if (code) return code;
    answer->type = "application/pdf";
    lb_answer_header(answer, "Content-Disposition", lb_arena_printf(r->arena, "inline; filename=\"board-%s.pdf\"", r->part[0]));
    return LB_OK;
}

static int recommend_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    return lb_board_recommend(tx, a->request->study, a->request->body, a->request->full_name, &a->out, err);
}

static int post_recommendation(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {.request = r};
    int code = study_confirm(r, study_text(r, "password"), err);
    return answered(&a, code ? code : study_write(r, recommend_body, &a, err), answer);
}

/* -- documents and texts ---------------------------------------------------------------------------------------- */

static int texts_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    return lb_texts_list(tx, a->request->study, study_query(a->request, "site"), true, &a->out, err);
}

static int get_document(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {.request = r};
    lb_print_options options = {.language = language_of(r), .masked = r->actor.masked};
    int code = study_query(r, "site") ? study_read(r, texts_body, &a, err) : LB_OK;
    options.texts = a.out;
    if (!code) code = lb_print(r->study, r->part[0], &options, &answer->body, err);
    if (code) return code;
    answer->type = "application/pdf";
    lb_answer_header(answer, "Content-Disposition",
                     lb_arena_printf(r->arena, "inline; filename=\"%s-%s-%s.pdf\"", r->study->id, r->part[0], options.language));
    return LB_OK;
}

static int get_texts(study_request *r, lb_answer *answer, lb_error *err)
{
    asking a = {.request = r};
    int code = study_read(r, texts_body, &a, err);
    lb_value *out = lb_value_object(r->arena);
    if (code) return code;
    lb_set(out, "texts", a.out);
    a.out = out;
    return answered(&a, code, answer);
}

static int put_texts_body(lb_tx *tx, void *context, lb_error *err)
{
    asking *a = context;
    return lb_texts_put(tx, a->request->study, a->request->part[0], a->texts, err);
}

static int put_texts(study_request *r, lb_answer *answer, lb_error *err)
{
    lb_texts texts;
    asking a = {.request = r, .texts = &texts};
    lb_bytes bytes = {(const uint8_t *)(r->http->body.data ? r->http->body.data : ""), r->http->body.length, "texts"};
    bool site = false;
    for (size_t i = 0; i < r->study->site_count; i++) site |= strcmp(r->study->site[i].id, r->part[0]) == 0;
    if (!site) return study_absent(err, "site");
    int code = lb_texts_read(&bytes, r->arena, &texts, err);
    if (!code) code = study_write(r, put_texts_body, &a, err);
    if (code) return code;
    a.out = lb_value_object(r->arena);
    lb_set_text(a.out, "instrument", texts.instrument);
    lb_set_text(a.out, "language", texts.language);
    lb_set_text(a.out, "licence", texts.licence);
    lb_set_text(a.out, "sha256", texts.sha256);
    return answered(&a, LB_OK, answer);
}

static const study_route board_routes[] = {
    {"GET", "/api/board", LB_MAY_BOARD, STUDY_UNMASKED, get_board, "reports and recommendations of the safety board", NULL, NULL,
     "{reports:[#BoardReport],recommendations:[#Recommendation]}"},
    {"POST", "/api/board/reports", LB_MAY_BOARD_REPORT, STUDY_UNMASKED, post_report, "freeze a snapshot and make a report of it", NULL, "{kind:(open|closed)}",
     "#BoardReport"},
    {"GET", "/api/board/reports/{id}.pdf", LB_MAY_BOARD, STUDY_UNMASKED, get_report_pdf, "a report on paper", "lang", NULL, "application/pdf"},
    {"GET", "/api/board/reports/{id}", LB_MAY_BOARD, STUDY_UNMASKED, get_report, "a report, computed again from its snapshot", NULL, NULL, "#BoardReport"},
    {"POST", "/api/board/recommendations", LB_MAY_RECOMMEND, STUDY_UNMASKED, post_recommendation, "sign a recommendation", NULL,
     "{report:text,decision:(continue|modify|pause|stop),text?:text,password:text}", "#Recommendation"},
};

static const study_schema board_schemas[] = {
    {"BoardCount", "{what?:text,term?:text,rule?:text,to?:text,label?:#Label,events?:{*:int},people:{*:int}}"},
    {"BoardReport", "{id:text,kind:(open|closed),snapshot:text,sha256:text,version:text,made:time,by:text,recommendation?:text,"
                    "report?:{group_names:[text],screened:int,screen_failed:int,groups:[{group:text,randomised:int,completed:int,left_treatment:int,"
                    "left_followup:int,left_consent:int}],events:[#BoardCount],terms:[#BoardCount],watch:[#BoardCount]}}"},
    {"Recommendation", "{id?:text,report:text,report_sha256:text,decision:(continue|modify|pause|stop),text:text,signed_by:text,full_name:text,at:time}"},
};

const study_table care_board_routes = {board_routes, LB_COUNT(board_routes), board_schemas, LB_COUNT(board_schemas)};

static const study_route document_routes[] = {
    {"GET", "/api/documents/{kind}.pdf", LB_MAY_DOCUMENTS, 0, get_document, "consent, manual, diary, booklet or crf, to print", "lang,site", NULL,
     "application/pdf"},
    {"GET", "/api/texts", LB_MAY_PEOPLE, 0, get_texts, "licensed wording that sites have loaded", "site", NULL,
     "{texts:[{site:text,instrument:text,language:text,version:text~,licence:text,sha256:text,title:text~,instruction:text~,items:{*:{text:text,codes?:{*:text}}}}]}"},
    {"PUT", "/api/texts/{site}", LB_MAY_RANGES, STUDY_RAW, put_texts, "load a site's licensed file (text/plain)", NULL, NULL,
     "{instrument:text,language:text,licence:text,sha256:text}"},
};

const study_table care_document_routes = {document_routes, LB_COUNT(document_routes), NULL, 0};

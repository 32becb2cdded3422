/* The page of a scan: slices, contours and measurements of all readers on one sheet, which a radiologist checks and signs. What
 * is signed is the page that was shown: its SHA-256 comes back with the signature, the page is made again and must be the same,
 * and its bytes are kept. */
#include "server/scan.h"
#include "trial/conduct/scan.h"

#include <string.h>

#include <lumbar/figure.h>

typedef struct page {
    study_request *request;
    lb_scan scan;
    int64_t revision[LB_SCAN_READERS]; /* of the readings that are shown */
    const char *svg;
    char sha256[65];
} page;

static int read_scan(lb_tx *tx, void *context, lb_error *err)
{
    page *p = context;
    return lb_scan_get(tx, p->request->study, scan_key(p->request), &p->scan, err);
}

/* What the readings hold, as `muscle page` takes it: shown as it was measured, not measured again. */
static lb_bytes measured(const page *p)
{
    study_request *r = p->request;
    lb_value *list = lb_value_array(r->arena);
    for (int i = 0; i < p->scan.readers; i++) {
        const lb_value *body = p->scan.reading[i]->body;
        lb_value *one = lb_push_object(list);
        lb_set_text(one, "reader", p->scan.readers > 1 ? lb_arena_printf(r->arena, "%d", i + 1) : NULL);
        lb_set_text(one, "labels", scan_labels_text(r, lb_get(body, "labels")));
        lb_set_text(one, "levels", lb_get_text(body, "levels", NULL));
        lb_set(one, "rows", lb_get(body, "rows"));
    }
    lb_buf text = {0};
    lb_json_write(list, 0, &text);
    lb_bytes bytes = {(const uint8_t *)lb_arena_textn(r->arena, text.data, text.length), text.length, "measured.json"};
    lb_buf_free(&text);
    return bytes;
}

static int draw(page *p, lb_error *err)
{
    study_request *r = p->request;
    lb_bytes mask[LB_SCAN_READERS] = {{0}};
    static const char *const names[] = {"reader1.nii.gz", "reader2.nii.gz"};
    for (int i = 0; i < p->scan.readers; i++) {
        int code = lb_store_file_get(r->store, lb_get_text(p->scan.reading[i]->body, "mask", ""), r->arena, &mask[i], err);
        if (code) return code;
        mask[i].name = names[i];
        p->revision[i] = p->scan.reading[i]->revision;
    }
    const char *about = lb_arena_printf(r->arena, "Participant %s · visit %s · scan %s · protocol %s, version %s", p->scan.record->subject, p->scan.record->parent,
                                        r->part[1], lb_get_text(r->study->root, "id", "?"), r->study->version);
    const char *setting[][2] = {{"about", about},
                                {"signing", "Signed in Lumbar: by whom, when and with what meaning stands in the study, with the SHA-256 of this page."},
                                {NULL, NULL}};
    const lb_bytes rows = measured(p);
    const scan_run run = {.area = "muscle", .verb = "page", .images = lb_get(p->scan.record->body, "images"), .drawn = &mask[0],
                          .second = p->scan.readers > 1 ? &mask[1] : NULL, .measured = &rows, .setting = setting};
    lb_result *result = NULL;
    int code = scan_run_operation(r, &run, &result, err);
    if (code) return code;
    p->svg = lb_arena_text(r->arena, result->picture[0].svg);
    lb_result_free(result);
    lb_sha256_hex(p->svg, strlen(p->svg), p->sha256);
    return LB_OK;
}

/* The page as it was signed, or as it would be. */
static int make(page *p, lb_error *err)
{
    study_request *r = p->request;
    int code = study_read(r, read_scan, p, err);
    if (code) return code;
    const char *signed_as = lb_get_text(lb_get(p->scan.record->body, "signature"), "sha256", NULL);
    if (signed_as) {
        lb_bytes kept;
        code = lb_store_file_get(r->store, signed_as, r->arena, &kept, err);
        if (code) return code;
        p->svg = lb_arena_textn(r->arena, (const char *)kept.data, kept.length);
        lb_sha256_hex(p->svg, kept.length, p->sha256);
        return LB_OK;
    }
    if (p->scan.open) return draw(p, err);
    lb_fail(err, LB_CONFLICT, "not all readings of this scan are done");
    lb_error_hint(err, "the page shows what the readers have finished");
    return LB_CONFLICT;
}

static void put_head(const page *p, lb_answer *answer)
{
    lb_answer_header(answer, "Cache-Control", "private, no-cache");
    lb_answer_header(answer, "X-Lumbar-SHA256", lb_arena_text(p->request->arena, p->sha256)); /* headers are borrowed */
}

static int get_svg(study_request *r, lb_answer *answer, lb_error *err)
{
    page p = {.request = r};
    int code = make(&p, err);
    if (code) return code;
    answer->type = "image/svg+xml";
    lb_buf_puts(&answer->body, p.svg);
    put_head(&p, answer);
    return LB_OK;
}

static int get_pdf(study_request *r, lb_answer *answer, lb_error *err)
{
    page p = {.request = r};
    int code = make(&p, err);
    if (!code) code = lb_figure_pdf(p.svg, &answer->body, err);
    if (code) return code;
    answer->type = "application/pdf";
    put_head(&p, answer);
    return LB_OK;
}

static int moved_on(lb_error *err)
{
    lb_fail(err, LB_CONFLICT, "the page has changed since it was shown");
    lb_error_hint(err, "look at the page as it is now, and sign that one");
    return LB_CONFLICT;
}

static int write_signature(lb_tx *tx, void *context, lb_error *err)
{
    page *p = context;
    study_request *r = p->request;
    lb_scan now;
    int code = lb_scan_get(tx, r->study, scan_key(r), &now, err);
    for (int i = 0; !code && i < now.readers; i++)
        if (!now.reading[i] || now.reading[i]->revision != p->revision[i]) return moved_on(err);
    return code ? code : lb_scan_sign(tx, r->study, scan_key(r), study_text(r, "meaning"), p->sha256, err);
}

static int post_sign(study_request *r, lb_answer *answer, lb_error *err)
{
    page p = {.request = r};
    char kept[65];
    int code = study_confirm(r, study_text(r, "password"), err);
    if (!code) code = make(&p, err);
    if (!code && strcmp(p.sha256, study_text(r, "page")) != 0) code = moved_on(err);
    const lb_bytes bytes = {(const uint8_t *)p.svg, p.svg ? strlen(p.svg) : 0, "page.svg"};
    if (!code) code = lb_store_file_put(r->store, &bytes, kept, err);
    if (!code) code = study_write(r, write_signature, &p, err);
    if (!code) study_answer(answer, lb_value_object(r->arena));
    return code;
}

#define HERE "/api/scans/{subject}/{n}"
static const study_route routes[] = {
    {"GET", HERE "/page.svg", LB_MAY_SCANS, 0, get_svg, "the page of a scan, once all readings are done; X-Lumbar-SHA256 names it", NULL, NULL, "image/svg+xml"},
    {"GET", HERE "/page.pdf", LB_MAY_SCANS, 0, get_pdf, "the same page as PDF", NULL, NULL, "application/pdf"},
    {"POST", HERE "/sign", LB_MAY_SIGN_SCAN, 0, post_sign, "sign the page that was shown: `page` is its SHA-256", NULL,
     "{password:text,meaning:text,page:text}", "object"},
};

const study_table study_page_routes = {routes, LB_COUNT(routes), NULL, 0};

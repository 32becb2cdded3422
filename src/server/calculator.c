/* The calculators of this server. A page is made by the operation `predict calculator`; this file keeps pages, lists them and hands them
 * out with a policy that lets them load and send nothing. */
#include "server/calculator.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64, MOST_BYTES = 64 << 20 };

typedef struct calculator {
    char id[24];   /* the beginning of the model's hash */
    char *label, *sha256, *page;
    size_t length;
} calculator;

struct lb_calculators {
    const lb_registry *registry;
    char *folder;
    pthread_mutex_t lock;
    size_t count;
    calculator item[MOST];
};

static char *copy(const char *text, size_t length)
{
    char *out = lb_alloc(length + 1, 1);
    memcpy(out, text, length);
    return out;
}

static void drop(calculator *c)
{
    free(c->label);
    free(c->sha256);
    free(c->page);
}

/* The page of a model; the same model again replaces nothing. */
static int add(lb_calculators *all, const lb_bytes *model, char id[24], lb_error *err)
{
    const lb_op *op = lb_registry_find(all->registry, "predict", "calculator");
    lb_call *call = lb_call_new(all->registry, op);
    lb_result *made = NULL;
    lb_value *document;
    int code = lb_call_bind(call, "model", model, err);
    if (!code) code = lb_call_run(call, &made, err);
    if (!code) code = lb_json_read(model, made->arena, &document, err);
    if (!code) {
        const lb_artifact *page = &made->artifact[0];
        const char *label = lb_get_text(lb_get(document, "outcome"), "label", "Calculator"), *hash = lb_get_text(document, "sha256", "");
        snprintf(id, 24, "%.16s", hash);
        pthread_mutex_lock(&all->lock);
        size_t k = 0;
        while (k < all->count && strcmp(all->item[k].id, id)) k++;
        if (k == MOST) code = lb_fail(err, LB_TOO_LARGE, "%d calculators are published already", MOST);
        else if (k == all->count) {
            calculator *c = &all->item[all->count++];
            snprintf(c->id, sizeof c->id, "%s", id);
            c->label = copy(label, strlen(label)), c->sha256 = copy(hash, strlen(hash));
            c->page = copy(page->data, page->length), c->length = page->length;
        }
        pthread_mutex_unlock(&all->lock);
    }
    lb_call_free(call);
    lb_result_free(made);
    return code;
}

static void read_folder(lb_calculators *all)
{
    struct dirent **entry = NULL;
    int count = scandir(all->folder, &entry, NULL, alphasort);
    if (count < 0) fprintf(stderr, "lumbar: cannot read the folder of calculators %s\n", all->folder);
    for (int i = 0; i < count; i++) {
        lb_error err = LB_ERROR_INIT;
        lb_bytes model;
        char path[4096], id[24];
        if (lb_text_ends(entry[i]->d_name, ".json")) {
            lb_arena *arena = lb_arena_new();
            snprintf(path, sizeof path, "%s/%s", all->folder, entry[i]->d_name);
            int code = lb_file_read(path, MOST_BYTES, arena, &model, &err);
            if (!code) code = add(all, &model, id, &err);
            if (code) fprintf(stderr, "lumbar: calculator %s left out: %s\n", entry[i]->d_name, err.message);
            lb_arena_free(arena);
        }
        free(entry[i]);
    }
    free(entry);
}

lb_calculators *lb_calculators_new(const char *folder, const lb_registry *registry)
{
    lb_calculators *all = lb_alloc(1, sizeof *all);
    all->registry = registry;
    pthread_mutex_init(&all->lock, NULL);
    if (folder) {
        all->folder = copy(folder, strlen(folder));
        read_folder(all);
    }
    return all;
}

void lb_calculators_free(lb_calculators *all)
{
    if (!all) return;
    for (size_t i = 0; i < all->count; i++) drop(&all->item[i]);
    pthread_mutex_destroy(&all->lock);
    free(all->folder);
    free(all);
}

static void list_page(lb_calculators *all, lb_answer *answer)
{
    lb_html_page_open(&answer->body, "Calculators", "en");
    lb_buf_puts(&answer->body, "<h1>Calculators <span lang=\"zh-CN\">计算器</span></h1>\n<p class=\"warn\">Research use only. <span lang=\"zh-CN\">仅供研究使用。</span></p>\n");
    pthread_mutex_lock(&all->lock);
    if (!all->count) lb_buf_puts(&answer->body, "<p>No model has been published here. <span lang=\"zh-CN\">尚未发布模型。</span></p>\n");
    else lb_buf_puts(&answer->body, "<ul>\n");
    for (size_t i = 0; i < all->count; i++) {
        lb_buf_printf(&answer->body, "<li><a href=\"/calculator/%s\">", all->item[i].id);
        lb_buf_xml(&answer->body, all->item[i].label);
        lb_buf_printf(&answer->body, "</a> <span class=\"note\">%s</span></li>\n", all->item[i].id);
    }
    if (all->count) lb_buf_puts(&answer->body, "</ul>\n");
    pthread_mutex_unlock(&all->lock);
    lb_html_page_close(&answer->body);
}

void lb_calculators_page(lb_calculators *all, const lb_request *request, const char *id, lb_answer *answer)
{
    (void)request;
    answer->type = "text/html; charset=utf-8";
    answer->policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; img-src data:; connect-src 'none'; "
                     "form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
    lb_answer_header(answer, "Cache-Control", "no-cache");
    if (!*id) {
        list_page(all, answer);
        return;
    }
    bool found = false;
    pthread_mutex_lock(&all->lock);
    for (size_t i = 0; i < all->count && !found; i++) {
        if (strcmp(all->item[i].id, id)) continue;
        found = true;
        lb_buf_add(&answer->body, all->item[i].page, all->item[i].length);
    }
    pthread_mutex_unlock(&all->lock);
    if (!found) {
        answer->type = "application/json";
        lb_answer_refuse(answer, 404, "there is no such calculator", "see /calculator");
    }
}

void lb_calculators_list(lb_calculators *all, const lb_request *request, lb_answer *answer)
{
    lb_value *out = lb_value_object(request->arena), *list = lb_set_array(out, "calculators");
    pthread_mutex_lock(&all->lock);
    for (size_t i = 0; i < all->count; i++) {
        lb_value *row = lb_push_object(list);
        lb_set_text(row, "id", lb_arena_text(request->arena, all->item[i].id));
        lb_set_text(row, "label", lb_arena_text(request->arena, all->item[i].label));
        lb_set_text(row, "sha256", lb_arena_text(request->arena, all->item[i].sha256));
        lb_set_textf(row, "href", "/calculator/%s", all->item[i].id);
    }
    pthread_mutex_unlock(&all->lock);
    lb_answer_json(answer, out);
    lb_answer_header(answer, "Cache-Control", "no-cache");
}

void lb_calculators_publish(lb_calculators *all, const lb_request *request, lb_answer *answer)
{
    lb_error err = LB_ERROR_INIT;
    char id[24], path[4096];
    lb_bytes model = {(const uint8_t *)request->body.data, request->body.length, "model"};
    int code = request->body.length ? add(all, &model, id, &err) : lb_fail(&err, LB_USAGE, "the model file is missing: send it as the body");
    if (!code && all->folder) {
        snprintf(path, sizeof path, "%s/%s.json", all->folder, id);
        code = lb_file_write(path, model.data, model.length, &err);
    }
    if (code) {
        lb_answer_error(answer, 0, &err);
        return;
    }
    lb_value *out = lb_value_object(request->arena);
    lb_set_text(out, "id", lb_arena_text(request->arena, id));
    lb_set_textf(out, "href", "/calculator/%s", id);
    lb_answer_json(answer, out);
}

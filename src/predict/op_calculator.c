/* Operation `predict calculator`: a published model as one page that works offline and sends nothing. */
#include "predict/calculator/page.h"
#include "predict/room.h"

static const lb_param params[] = {
    {.name = "model", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "a model file written by predict train"},
};

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_bytes bytes;
    lb_value *root;
    lb_published model;
    lb_buf page = {0};
    int code = lb_call_document(call, "model", &bytes, err);
    if (!code) code = lb_json_read(&bytes, result->arena, &root, err);
    if (code) return code;
    if (!lb_text_equal(lb_get_text(root, "format", NULL), "lumbar-model") || lb_get_int(root, "format_version", 0) != 2) {
        code = lb_fail(err, LB_BAD_DATA, "this is not a published model");
        lb_error_where(err, "model");
        lb_error_hint(err, "give a model file of predict train, forest or perceptron; other models: predict convert");
        return code;
    }
    code = lb_published_open(root, result->arena, &model, err);
    if (code) return code;
    lb_calculator_page(&model, &page);
    lb_set_text(result->results, "model_sha256", model.sha256);
    lb_set_int(result->results, "inputs", (int64_t)model.inputs);
    lb_set_int(result->results, "refits", (int64_t)model.model->programs - 1);
    lb_set_int(result->results, "bytes", (int64_t)page.length);
    lb_result_artifact(result, "calculator.html", "text/html; charset=utf-8", page.data, page.length);
    if (model.model->programs == 1) lb_result_warn(result, "the model has no bootstrap refits: the page cannot show an interval");
    lb_result_note(result, "One file: open it in any browser, also without a network. It is for research only and says so.");
    lb_buf_free(&page);
    return 0;
}

const lb_op lb_op_predict_calculator = {
    .area = "predict", .verb = "calculator",
    .summary = "a published model as one web page that works offline",
    .description = "Writes one HTML file (-o page.html): inputs with the ranges of the training, risk in percent and as icons, interval from the bootstrap refits, what each value adds, "
                   "stratum and care pathway, model card; English and Chinese. The same predictor runs in the page as WebAssembly; the page can neither load nor send anything.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict calculator reference/predict/small.model.json -o page.html"};

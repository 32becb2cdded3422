/* The two reporting sheets. METRICS (Kocak et al. 2024, doi:10.1186/s13244-023-01572-w, CC BY 4.0): its thirty items and weights; what the
 * results show is answered from them, the rest from the plan. TRIPOD+AI (Collins et al. 2024, doi:10.1136/bmj-2023-078378): where each of
 * its items is reported; its wording is in the paper. */
#include "predict/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct metric {
    int number;
    const char *title;
    double weight;
    int condition; /* 0: always; 1 segmentation, 2 automated segmentation, 3 hand-crafted features, 4 tables, 5 end-to-end learning */
} metric;

static const metric metrics[] = {
    {1, "Adherence to radiomics and/or machine learning-specific checklists or guidelines", 0.0368, 0},
    {2, "Eligibility criteria that describe a representative study population", 0.0735, 0},
    {3, "High-quality reference standard with a clear definition", 0.0919, 0},
    {4, "Multi-center", 0.0438, 0},
    {5, "Clinical translatability of the imaging data source for radiomics analysis", 0.0292, 0},
    {6, "Imaging protocol with acquisition parameters", 0.0438, 0},
    {7, "The interval between imaging used and reference standard", 0.0292, 0},
    {8, "Transparent description of segmentation methodology", 0.0337, 1},
    {9, "Formal evaluation of fully automated segmentation", 0.0225, 2},
    {10, "Test set segmentation masks produced by a single reader or automated tool", 0.0112, 1},
    {11, "Appropriate use of image preprocessing techniques with transparent description", 0.0622, 0},
    {12, "Use of standardized feature extraction software", 0.0311, 3},
    {13, "Transparent reporting of feature extraction parameters, otherwise providing a default configuration statement", 0.0415, 0},
    {14, "Removal of non-robust features", 0.02, 4},
    {15, "Removal of redundant features", 0.02, 4},
    {16, "Appropriateness of dimensionality compared to data size", 0.03, 4},
    {17, "Robustness assessment of end-to-end deep learning pipelines", 0.02, 5},
    {18, "Proper data partitioning process", 0.0599, 0},
    {19, "Handling of confounding factors", 0.03, 0},
    {20, "Use of appropriate performance evaluation metrics for task", 0.0352, 0},
    {21, "Consideration of uncertainty", 0.0234, 0},
    {22, "Calibration assessment", 0.0176, 0},
    {23, "Use of uni-parametric imaging or proof of its inferiority", 0.0117, 0},
    {24, "Comparison with a non-radiomic approach or proof of added clinical value", 0.0293, 0},
    {25, "Comparison with simple or classical statistical models", 0.0176, 0},
    {26, "Internal testing", 0.0375, 0},
    {27, "External testing", 0.0749, 0},
    {28, "Data availability", 0.0075, 0},
    {29, "Code availability", 0.0075, 0},
    {30, "Model availability", 0.0075, 0},
};

/* What all outcomes of the results have in common. */
typedef struct facts {
    const lb_model_plan *plan;
    const lb_value *outcomes;
    int64_t leaks, kept_most, train_least, unreliable, bootstrap;
    bool permuted_inside;
} facts;

static facts gather(const lb_model_plan *plan, const lb_value *results)
{
    facts f = {.plan = plan, .outcomes = lb_get(results, "outcomes"), .train_least = INT64_MAX, .permuted_inside = plan->validation.permutations > 0,
               .bootstrap = (int64_t)plan->validation.bootstrap};
    for (size_t i = 0; i < f.outcomes->count; i++) {
        const lb_value *o = f.outcomes->item[i];
        int64_t kept = lb_get_int(lb_get(o, "columns"), "kept", 0), train = lb_get_int(lb_get(o, "split"), "train", 0);
        f.leaks += lb_get_int(lb_get(o, "ledger"), "leaks", 0);
        f.unreliable += lb_get_int(lb_get(o, "columns"), "unreliable", 0);
        f.kept_most = kept > f.kept_most ? kept : f.kept_most;
        f.train_least = train < f.train_least ? train : f.train_least;
        f.permuted_inside = f.permuted_inside && lb_get_bool(lb_get(o, "permutation"), "inside", false);
    }
    return f;
}

static bool has_model(const lb_model_plan *plan, const char *name)
{
    for (size_t k = 0; k < plan->pipeline.contenders; k++)
        if (lb_text_equal(plan->pipeline.contender[k].learner->name, name)) return true;
    return false;
}

/* 1 yes, 0 no, -1 not to be told from the results; *why says from what. */
static int from_results(const facts *f, int number, char *why, size_t size)
{
    const lb_model_plan *p = f->plan;
    switch (number) {
    case 1: snprintf(why, size, "this report follows TRIPOD+AI and METRICS"); return 1;
    case 14: snprintf(why, size, isnan(p->pipeline.reliability) ? "no reliability step in the pipeline" : "ICC of two readings at least %g, inside every resample", p->pipeline.reliability);
        return !isnan(p->pipeline.reliability);
    case 15: snprintf(why, size, isnan(p->pipeline.correlation) ? "no correlation filter" : "|r| at most %g, inside every resample", p->pipeline.correlation);
        return !isnan(p->pipeline.correlation) || p->pipeline.select;
    case 16: snprintf(why, size, "at most %lld columns on at least %lld training rows", (long long)f->kept_most, (long long)f->train_least); return f->kept_most * 10 <= f->train_least;
    case 18: snprintf(why, size, "ledger: %lld judgements on people fitted on", (long long)f->leaks); return f->leaks == 0;
    case 20: snprintf(why, size, "AUC, sensitivity, specificity, predictive values, F1, Brier, calibration, net benefit"); return 1;
    case 21: snprintf(why, size, "95 %% intervals; %lld bootstrap pipelines", (long long)f->bootstrap); return 1;
    case 22: snprintf(why, size, "intercept, slope, ICI, plot"); return 1;
    case 25: snprintf(why, size, "logistic or LASSO regression among the models"); return has_model(p, "logistic") || has_model(p, "lasso");
    case 26: snprintf(why, size, "held-out part %g %%, nested folds, bootstrap", p->validation.split > 0 ? 100 * (1 - p->validation.split) : 0); return p->validation.split > 0 || p->validation.folds > 0;
    case 29: snprintf(why, size, "Lumbar %s, GPL-3.0-or-later", lb_version()); return 1;
    case 30: snprintf(why, size, "model file and calculator with this report"); return 1;
    default: return -1;
    }
}

static bool applies(const lb_value *said, int condition)
{
    static const char *const keys[] = {"", "segmentation", "automated_segmentation", "hand_crafted", "tabular", "end_to_end"};
    static const bool usual[] = {true, true, false, true, true, false};
    return condition == 0 || lb_get_bool(said, keys[condition], usual[condition]);
}

static const char *category(double score)
{
    return score < 20 ? "very low" : score < 40 ? "low" : score < 60 ? "moderate" : score < 80 ? "good" : "excellent";
}

static void metrics_sheet(const facts *f, lb_value *out)
{
    const lb_value *said = lb_get(lb_get(f->plan->root, "report"), "metrics");
    lb_value *rows = lb_set_array(out, "items");
    double yes = 0, all = 0;
    for (size_t i = 0; i < LB_COUNT(metrics); i++) {
        const metric *m = &metrics[i];
        char key[8], why[200] = "";
        snprintf(key, sizeof key, "%d", m->number);
        bool here = applies(said, m->condition);
        int answer = from_results(f, m->number, why, sizeof why);
        const lb_value *given = lb_get(said, key);
        const char *text = lb_get_text(given, "why", given ? "the plan says so" : NULL);
        if (answer < 0 && given) answer = given->type == LB_BOOL ? given->boolean : lb_get_bool(given, "answer", false);
        lb_value *row = lb_push_object(rows);
        lb_set_int(row, "item", m->number);
        lb_set_text(row, "title", m->title);
        lb_set_number(row, "weight", m->weight);
        lb_set_text(row, "answer", !here ? "not applicable" : answer > 0 ? "yes" : answer == 0 ? "no" : "no (not said)");
        lb_set_text(row, "from", !here ? "" : why[0] ? why : text ? text : "to be answered in the plan: report.metrics");
        if (!here) continue;
        all += m->weight;
        if (answer > 0) yes += m->weight;
    }
    double score = 100 * yes / all;
    lb_set_number(out, "score", score);
    lb_set_text(out, "category", category(score));
}

typedef struct tripod {
    const char *item, *what, *where; /**< where NULL: for the authors */
} tripod;

static const tripod tripods[] = {
    {"1", "title", "title of this report"},
    {"2", "abstract", NULL},
    {"3a-c", "context and rationale, target population and use, known inequalities", NULL},
    {"4", "objectives", "outcomes of the plan"},
    {"5a-b", "data sources and dates", "provenance: tables with their SHA-256"},
    {"6a-c", "setting, eligibility, treatments", NULL},
    {"7", "data preparation", "pipeline: fitted inside the rows given, see the ledger"},
    {"8a-c", "outcome", "definition and horizon of each outcome"},
    {"9a-c", "predictors", "inputs of the model file: label, unit, range"},
    {"10", "sample size", "section Sample size (Riley et al.)"},
    {"11", "missing data", "median or most frequent level, learned in the training rows; unknown outcomes weighted (IPCW) or left out and counted"},
    {"12a-g", "methods of analysis", "pipeline, models, tuning grids, validation; how predictions are calculated: model file"},
    {"13", "class imbalance", "no resampling of classes; thresholds chosen inside training"},
    {"14", "fairness", NULL},
    {"15", "output of the model", "risk with interval, stratum and pathway"},
    {"16", "training against evaluation", "split, ledger"},
    {"17", "ethical approval", NULL},
    {"18a-f", "funding, interests, protocol, registration, data, code", "plan and its SHA-256; code: Lumbar"},
    {"19", "patients and public", NULL},
    {"20a-c", "flow and characteristics of participants", "numbers of each outcome"},
    {"21", "numbers and events in each analysis", "numbers of each outcome, tables of models"},
    {"22", "the full model", "model file: every coefficient, tree or weight"},
    {"23a-b", "performance with intervals", "tables of models, pictures"},
    {"24", "updating", "none"},
    {"25", "interpretation", NULL},
    {"26", "limitations", NULL},
    {"27a-c", "use in care: poor or missing input, skills needed, next steps", "calculator: ranges, unknown inputs, extrapolation said"},
};

static void tripod_sheet(const facts *f, lb_value *out)
{
    const lb_value *said = lb_get(lb_get(f->plan->root, "report"), "tripod");
    lb_value *rows = lb_set_array(out, "items");
    int64_t open = 0;
    for (size_t i = 0; i < LB_COUNT(tripods); i++) {
        const char *text = lb_get_text(said, tripods[i].item, NULL);
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "item", tripods[i].item);
        lb_set_text(row, "about", tripods[i].what);
        lb_set_text(row, "reported", text ? text : tripods[i].where ? tripods[i].where : "open: for the authors (plan: report.tripod)");
        open += !text && !tripods[i].where;
    }
    lb_set_int(out, "open", open);
}

int lb_train_sheets_check(const lb_model_plan *plan, lb_error *err)
{
    const lb_value *report = lb_get(plan->root, "report"), *said = lb_get(report, "metrics");
    const char *numbers = "segmentation,automated_segmentation,hand_crafted,tabular,end_to_end", *items = tripods[0].item;
    for (size_t i = 0; i < LB_COUNT(metrics); i++) numbers = lb_arena_printf(plan->arena, "%s,%d", numbers, metrics[i].number);
    for (size_t i = 1; i < LB_COUNT(tripods); i++) items = lb_arena_printf(plan->arena, "%s,%s", items, tripods[i].item);
    int code = lb_model_plan_keys(plan, report, "report", "metrics,tripod", err);
    if (!code) code = lb_model_plan_keys(plan, said, "report.metrics", numbers, err);
    if (!code) code = lb_model_plan_keys(plan, lb_get(report, "tripod"), "report.tripod", items, err);
    for (size_t i = 0; said && i < said->count && !code; i++)
        if (said->item[i]->type != LB_BOOL) code = lb_model_plan_keys(plan, said->item[i], "an answer of report.metrics", "answer,why", err);
    return code;
}

void lb_train_sheets(const lb_model_plan *plan, lb_value *results)
{
    facts f = gather(plan, results);
    metrics_sheet(&f, lb_set_object(results, "metrics"));
    tripod_sheet(&f, lb_set_object(results, "tripod"));
}

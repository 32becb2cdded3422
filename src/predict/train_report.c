/* The report of a trained model: one page, the answer first; then how it was made, and the sheets a journal asks for. */
#include "predict/train.h"

#include <lumbar/figure.h>

#include <math.h>
#include <string.h>

#define MOST_SLOPE 5.0 /* an apparent slope above: the risks of the people fitted to are pushed to 0 and 1 */

static void heading(lb_buf *out, int level, const char *text)
{
    lb_buf_printf(out, "<h%d>", level);
    lb_buf_xml(out, text);
    lb_buf_printf(out, "</h%d>\n", level);
}

static void paragraph(lb_buf *out, const char *class_name, const char *fmt, ...) LB_PRINTF(3, 4);
static void paragraph(lb_buf *out, const char *class_name, const char *fmt, ...)
{
    lb_buf text = {.max = 1 << 20};
    va_list args;
    va_start(args, fmt);
    lb_buf_vprintf(&text, fmt, args);
    va_end(args);
    lb_buf_printf(out, class_name ? "<p class=\"%s\">" : "<p>", class_name);
    lb_buf_xml(out, text.data ? text.data : "");
    lb_buf_puts(out, "</p>\n");
    lb_buf_free(&text);
}

static const char *shown(lb_arena *arena, double value, int digits)
{
    char text[64];
    return isfinite(value) ? lb_arena_text(arena, lb_svg_number(value, digits, text)) : "–";
}

static const char *with_limits(lb_arena *arena, const lb_value *part, const char *key, int digits)
{
    double low = lb_get_number(part, lb_arena_printf(arena, "%s_lower", key), NAN), high = lb_get_number(part, lb_arena_printf(arena, "%s_upper", key), NAN);
    const char *value = shown(arena, lb_get_number(part, key, NAN), digits);
    return isnan(low) ? value : lb_arena_printf(arena, "%s (%s to %s)", value, shown(arena, low, digits), shown(arena, high, digits));
}

/* One table of all models on one kind of people. */
static void models_table(const lb_value *models, const char *part, const char *caption, lb_arena *arena, lb_buf *out)
{
    static const char *const keys[][2] = {{"auc", "AUC"}, {"sensitivity", "Sensitivity"}, {"specificity", "Specificity"}, {"ppv", "PPV"}, {"npv", "NPV"}, {"f1", "F1"},
                                          {"slope", "Slope"}, {"in_the_large", "In the large"}, {"brier", "Brier"}, {"ici", "ICI"}};
    lb_value *rows = lb_value_array(arena);
    for (size_t m = 0; m < models->count; m++) {
        const lb_value *from = lb_get(models->item[m], part);
        if (!from) continue;
        lb_value *row = lb_push_object(rows);
        lb_set_textf(row, "Model", "%s%s", lb_get_text(models->item[m], "label", ""), lb_get_bool(models->item[m], "published", false) ? " *" : "");
        for (size_t k = 0; k < LB_COUNT(keys); k++) lb_set_text(row, keys[k][1], with_limits(arena, from, keys[k][0], k == 8 || k == 9 ? 3 : 2));
    }
    if (rows->count) lb_html_table(rows, caption, out);
}

static void bootstrap_table(const lb_value *models, lb_arena *arena, lb_buf *out)
{
    lb_value *rows = lb_value_array(arena);
    for (size_t m = 0; m < models->count; m++) {
        const lb_value *b = lb_get(models->item[m], "bootstrap");
        if (!b) continue;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "Model", lb_get_text(models->item[m], "label", ""));
        lb_set_text(row, "Apparent AUC", shown(arena, lb_get_number(lb_get(b, "apparent"), "auc", NAN), 3));
        lb_set_text(row, "Optimism", shown(arena, lb_get_number(lb_get(b, "optimism"), "auc", NAN), 3));
        lb_set_text(row, "Corrected", shown(arena, lb_get_number(lb_get(b, "corrected"), "auc", NAN), 3));
        lb_set_text(row, ".632", shown(arena, lb_get_number(b, "auc_632", NAN), 3));
        lb_set_text(row, ".632+", shown(arena, lb_get_number(b, "auc_632plus", NAN), 3));
        double apparent_slope = lb_get_number(lb_get(b, "apparent"), "slope", NAN), slope = lb_get_number(lb_get(b, "corrected"), "slope_median", NAN);
        lb_set_text(row, "Corrected slope (median)", shown(arena, apparent_slope < MOST_SLOPE ? slope : NAN, 2));
        lb_set_text(row, "Corrected Brier", shown(arena, lb_get_number(lb_get(b, "corrected"), "brier", NAN), 3));
        lb_set_int(row, "Replicates", lb_get_int(b, "replicates", 0));
    }
    if (!rows->count) return;
    lb_html_table(rows, "Bootstrap of the whole pipeline, tuning included", out);
    paragraph(out, "note", "Corrected: apparent less optimism (Harrell). A model that fits the rows it is given almost perfectly, as forests and boosted trees can (apparent AUC near 1), also fits each "
              "person who is in the sample; its optimism is then too small and the corrected figure too good, and its calibration slope on them means nothing (no slope is shown). Read .632+ and the people held out instead.");
}

static void comparison_table(const lb_value *comparison, lb_arena *arena, lb_buf *out)
{
    lb_value *rows = lb_value_array(arena);
    for (size_t i = 0; comparison && i < comparison->count; i++) {
        const lb_value *c = comparison->item[i];
        lb_value *row = lb_push_object(rows);
        lb_set_textf(row, "Difference in AUC", "%s less %s", lb_get_text(c, "model", ""), lb_get_text(c, "versus", ""));
        lb_set_text(row, "On", lb_text_equal(lb_get_text(c, "on", ""), "test") ? "people held out" : "cross-validated");
        lb_set_text(row, "Estimate", shown(arena, lb_get_number(c, "difference", NAN), 3));
        lb_set_textf(row, "95 % interval", "%s to %s", shown(arena, lb_get_number(c, "lower", NAN), 3), shown(arena, lb_get_number(c, "upper", NAN), 3));
        lb_set_text(row, "p", shown(arena, lb_get_number(c, "p", NAN), 3));
        lb_set_text(row, "Method", lb_get_text(c, "method", ""));
    }
    if (rows->count) lb_html_table(rows, "The published model against the others", out);
}

static void pictures(const lb_result *result, const char *id, lb_arena *arena, lb_buf *out)
{
    const char *stem = lb_arena_printf(arena, "%s-", id);
    lb_buf_puts(out, "<div class=\"pictures\">\n");
    for (size_t i = 0; i < result->picture_count; i++) {
        const char *svg = result->picture[i].svg ? strstr(result->picture[i].svg, "<svg") : NULL;
        if (!svg || !lb_text_starts(result->picture[i].name, stem)) continue;
        lb_buf_printf(out, "<figure>%s<figcaption class=\"note\">", svg);
        lb_buf_xml(out, result->picture[i].title);
        lb_buf_puts(out, "</figcaption></figure>\n");
    }
    lb_buf_puts(out, "</div>\n");
}

static void answer(const lb_value *o, lb_arena *arena, lb_buf *out)
{
    const lb_value *models = lb_get(o, "models"), *best = NULL;
    for (size_t m = 0; m < models->count; m++)
        if (lb_get_bool(models->item[m], "published", false)) best = models->item[m];
    const lb_value *test = lb_get(best, "test"), *nested = lb_get(best, "nested"), *shown_part = test ? test : nested;
    paragraph(out, "lead", "%s: AUC %s on %lld people %s (%lld events); calibration slope %s.", lb_get_text(best, "label", ""), with_limits(arena, shown_part, "auc", 2),
              (long long)lb_get_int(shown_part, "n", 0), test ? "held out" : "held out by folds", (long long)lb_get_int(shown_part, "events", 0), with_limits(arena, shown_part, "slope", 2));
    const char *definition = lb_get_text(o, "definition", NULL);
    if (definition) paragraph(out, NULL, "%s", definition);
    paragraph(out, NULL, "%lld rows of %lld people; outcome known for %lld, with %lld events; %lld watched for too short a time (weighted), %lld without outcome left out. "
              "Trained on %lld rows, %lld held out.", (long long)lb_get_int(o, "rows", 0), (long long)lb_get_int(o, "people", 0), (long long)lb_get_int(o, "known", 0),
              (long long)lb_get_int(o, "events", 0), (long long)lb_get_int(o, "censored", 0), (long long)lb_get_int(o, "left_out", 0),
              (long long)lb_get_int(lb_get(o, "split"), "train", 0), (long long)lb_get_int(lb_get(o, "split"), "test", 0));
}

/* "logistic 0.497, forest 0.503" */
static const char *dealt(const lb_value *permutation, lb_arena *arena)
{
    const lb_value *models = lb_get(permutation, "models");
    const char *list = "";
    for (size_t m = 0; m < models->count; m++)
        list = lb_arena_printf(arena, "%s%s%s %s", list, m ? ", " : "", lb_get_text(models->item[m], "model", ""), shown(arena, lb_get_number(models->item[m], "mean_auc", NAN), 3));
    return list;
}

/* " (a, b)" of a list of names, its first eight. */
static const char *listed(const lb_value *names, lb_arena *arena)
{
    const char *out = "";
    for (size_t i = 0; names && i < names->count && i < 8; i++) out = lb_arena_printf(arena, "%s%s%s", out, i ? ", " : " (", names->item[i]->text);
    return names && names->count ? lb_arena_printf(arena, "%s%s)", out, names->count > 8 ? ", …" : "") : out;
}

/* The same rows under headings for a reader. */
static lb_value *with_headings(const lb_value *rows, const char *const (*heading)[2], size_t count, lb_arena *arena)
{
    lb_value *out = lb_value_array(arena);
    for (size_t r = 0; rows && r < rows->count; r++) {
        lb_value *row = lb_push_object(out);
        for (size_t c = 0; c < count; c++)
            if (lb_get(rows->item[r], heading[c][0])) lb_set(row, heading[c][1], lb_get(rows->item[r], heading[c][0]));
    }
    return out;
}

static void made_how(const lb_value *o, lb_arena *arena, lb_buf *out)
{
    const lb_value *size = lb_get(o, "sample_size"), *columns = lb_get(o, "columns"), *p = lb_get(o, "permutation"), *l = lb_get(o, "ledger");
    heading(out, 3, "Sample size");
    paragraph(out, NULL, "%lld candidate parameters; at an expected Nagelkerke R² of %s and a prevalence of %s a new model needs %s people (Riley et al. 2019). %lld have an outcome: "
              "about %lld parameters are affordable, %s events per candidate.", (long long)lb_get_int(size, "candidate_parameters", 0),
              shown(arena, lb_get_number(size, "expected_r2_nagelkerke", NAN), 2), shown(arena, lb_get_number(size, "expected_prevalence", NAN), 2),
              shown(arena, lb_get_number(size, "needed", NAN), 0), (long long)lb_get_int(size, "have", 0), (long long)lb_get_int(size, "affordable_parameters", 0),
              shown(arena, lb_get_number(size, "events_per_parameter", NAN), 1));
    heading(out, 3, "Columns");
    paragraph(out, NULL, "Of %lld columns: %lld unreliable, %lld mostly missing, %lld constant%s, %lld redundant%s, %lld not selected; %lld kept.", (long long)lb_get_int(columns, "offered", 0),
              (long long)lb_get_int(columns, "unreliable", 0), (long long)lb_get_int(columns, "mostly_missing", 0), (long long)lb_get_int(columns, "constant", 0),
              listed(lb_get(columns, "constant_names"), arena), (long long)lb_get_int(columns, "correlated", 0), listed(lb_get(columns, "correlated_names"), arena),
              (long long)lb_get_int(columns, "not_selected", 0), (long long)lb_get_int(columns, "kept", 0));
    heading(out, 3, "Does anything leak?");
    paragraph(out, lb_get_int(l, "leaks", 0) ? "warn" : NULL, "%s %lld entries, SHA-256 %.16s….", lb_get_int(l, "leaks", 0) ? "The ledger finds judgements on people that had been fitted on."
              : "The ledger finds no judgement on people that had been fitted on.", (long long)lb_get_int(l, "entries", 0), lb_get_text(l, "sha256", ""));
    if (p) paragraph(out, lb_get_bool(p, "inside", true) ? NULL : "warn", "With labels dealt at random %lld times the whole pipeline, all models and their tuning in it, reaches these mean AUCs on people held "
                     "out: %s. Where there is nothing to find they should lie between %s and %s.", (long long)lb_get_int(p, "runs", 0), dealt(p, arena),
                     shown(arena, lb_get_number(p, "null_lower", NAN), 3), shown(arena, lb_get_number(p, "null_upper", NAN), 3));
    static const char *const headings[][2] = {{"scope", "Part"}, {"step", "Step"}, {"does", "Does"}, {"outcome", "Sees the outcome"}, {"times", "Times"}, {"rows_min", "Fewest rows"},
                                              {"rows_max", "Most rows"}, {"people_min", "Fewest people"}, {"people_max", "Most people"}};
    lb_html_table(with_headings(lb_get(l, "steps"), headings, LB_COUNT(headings), arena), "What was fitted on which rows", out);
}

static void one_outcome(const lb_result *result, const lb_value *o, lb_arena *arena, lb_buf *out)
{
    lb_buf_puts(out, "<section>\n");
    heading(out, 2, lb_get_text(o, "label", lb_get_text(o, "id", "")));
    answer(o, arena, out);
    const lb_value *models = lb_get(o, "models");
    models_table(models, "test", "All models on people held out (95 % intervals); * published", arena, out);
    models_table(models, "nested", "All models, cross-validated with tuning inside; * published", arena, out);
    bootstrap_table(models, arena, out);
    comparison_table(lb_get(o, "comparison"), arena, out);
    pictures(result, lb_get_text(o, "id", ""), arena, out);
    static const char *const headings[][2] = {{"column", "Column"}, {"share", "Share"}, {"in_model", "In the model"}};
    lb_html_table(with_headings(lb_get(o, "selection"), headings, LB_COUNT(headings), arena), "How often the bootstrap keeps a column", out);
    made_how(o, arena, out);
    lb_buf_puts(out, "</section>\n");
}

static void sheets(const lb_result *result, lb_arena *arena, lb_buf *out)
{
    const lb_value *metrics = lb_get(result->results, "metrics"), *tripod = lb_get(result->results, "tripod");
    lb_buf_puts(out, "<section>\n");
    heading(out, 2, "METRICS");
    paragraph(out, NULL, "Score %s of 100: %s. Answers come from the results where they show it, else from the plan.", shown(arena, lb_get_number(metrics, "score", NAN), 1),
              lb_get_text(metrics, "category", ""));
    lb_html_table(lb_get(metrics, "items"), "METRICS (Kocak et al. 2024, CC BY 4.0)", out);
    heading(out, 2, "TRIPOD+AI");
    paragraph(out, NULL, "%lld items are left for the authors. Headings in our words; the items themselves: Collins et al., BMJ 2024;385:e078378.", (long long)lb_get_int(tripod, "open", 0));
    lb_html_table(lb_get(tripod, "items"), "TRIPOD+AI: where it is reported", out);
    lb_buf_puts(out, "</section>\n");
}

void lb_train_report(const lb_model_plan *plan, const lb_result *result, lb_buf *out)
{
    lb_arena *arena = lb_arena_new();
    const lb_value *outcomes = lb_get(result->results, "outcomes");
    out->max = (size_t)1 << 28;
    lb_html_page_open(out, result->title, "en");
    lb_buf_puts(out, "<style>.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem;align-items:start}.pictures figure{margin:0}"
                     ".pictures svg{max-width:100%;height:auto}.lead{font-size:1.15em}</style>\n");
    heading(out, 1, result->title);
    paragraph(out, "warn", "Research use only.");
    for (size_t i = 0; i < result->warnings->count; i++) paragraph(out, "warn", "%s", result->warnings->item[i]->text);
    for (size_t i = 0; i < outcomes->count; i++) one_outcome(result, outcomes->item[i], arena, out);
    sheets(result, arena, out);
    lb_buf_puts(out, "<section>\n");
    heading(out, 2, "Provenance");
    paragraph(out, "note", "Plan %s, version %s, SHA-256 %s. Study %s. Seed %llu. Lumbar %s.", lb_get_text(plan->root, "plan", "–"), lb_get_text(plan->root, "version", "–"), plan->sha256,
              lb_get_text(plan->root, "study", "–"), (unsigned long long)plan->validation.seed, lb_version());
    for (size_t i = 0; i < result->notes->count; i++) paragraph(out, "note", "%s", result->notes->item[i]->text);
    lb_buf_puts(out, "</section>\n");
    lb_html_page_close(out);
    lb_arena_free(arena);
}

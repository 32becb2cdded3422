/* The report of a plan: one self-contained page with the answer first, then the flow, the baseline table, the primary
 * analysis and what was planned around it, and how every number was made. */
#include "analysis/labels.h"
#include "analysis/plan.h"
#include "analysis/room.h"

#include <lumbar/document.h>
#include <lumbar/figure.h>

#include <math.h>
#include <string.h>

static void heading(lb_report *out, const char *text) { lb_report_heading(out, 2, text); }

/* Numbers as a paper prints them: fixed decimals, a true minus; p to three decimals, "<0.001" below. */
static const char *number(lb_arena *arena, double value, int digits)
{
    const char *text = lb_round_text(arena, value, digits, false);
    return *text == '-' ? lb_arena_printf(arena, "\xE2\x88\x92%s", text + 1) : text;
}

static const char *p_text(lb_arena *arena, double p)
{
    if (!isfinite(p)) return "";
    if (p < 0.001) return "<0.001";
    return lb_arena_printf(arena, p < 0.0995 ? "%.3f" : "%.2f", p);
}

static const char *interval(lb_arena *arena, double low, double high)
{
    return isfinite(low) ? lb_arena_printf(arena, "%s to %s", number(arena, low, 2), number(arena, high, 2)) : "";
}

static const char *arm_name(const lb_plan *plan, const char *arm)
{
    return lb_get_text(lb_get(lb_get(plan->root, "treatment"), "labels"), arm, arm);
}

static void answer(const lb_plan *plan, lb_report *out)
{
    const lb_value *primary = lb_get(plan->result->results, "primary"), *margin = lb_get(plan->result->results, "margin_test");
    const lb_plan_row *row = &plan->row[0];
    lb_arena *arena = plan->arena;
    bool superior = lb_get_bool(primary, "superior", false);
    lb_report_text(out, LB_DOC_BODY, "%s: the adjusted difference %s \xE2\x88\x92 %s was %s (%g %% CI %s; one-sided p %s%s, two-sided p %s%s; N = %lld). "
              "%s at the one-sided level %g.", row->title, arm_name(plan, plan->comparison), arm_name(plan, plan->reference), number(arena, row->estimate, 2),
              100 * plan->level, interval(arena, row->lower, row->upper), lb_get_number(primary, "p_one_sided", 1) < 0.001 ? "" : "= ",
              p_text(arena, lb_get_number(primary, "p_one_sided", NAN)), row->p < 0.001 ? "" : "= ", p_text(arena, row->p),
              (long long)row->n, superior ? "Superiority was shown" : "Superiority was not shown", plan->alpha);
    const char *reading = lb_get_text(primary, "mcid_reading", NULL);
    if (reading) {
        const char *meaning = strcmp(reading, "clinically important") == 0 ? "the whole interval lies at or beyond it"
                              : strcmp(reading, "excluded") == 0           ? "the whole interval lies short of it"
                                                                           : "the interval holds benefits on both sides of it";
        lb_report_text(out, LB_DOC_BODY, "Read against the minimal clinically important difference of %g points, a difference of that size is %s: %s.",
                  plan->mcid, strcmp(reading, "clinically important") == 0 ? "shown (clinically important)" : reading, meaning);
    }
    if (margin) {
        bool reached = lb_get_bool(margin, "reached", false), shown = lb_get_bool(margin, "superior_by_margin", false);
        double p = lb_get_number(margin, "p_one_sided", NAN);
        lb_report_text(out, LB_DOC_BODY, "Supportive test in fixed sequence, H0: benefit of %g points or less: t(%s) = %s, one-sided p %s%s; %s.",
                  lb_get_number(margin, "margin", NAN), number(arena, lb_get_number(margin, "df", NAN), 0),
                  number(arena, lb_get_number(margin, "statistic", NAN), 2), p < 0.001 ? "" : "= ", p_text(arena, p),
                  !reached ? "not to be read as a test, since the primary test before it failed"
                  : shown  ? "superiority by this margin was shown"
                           : "superiority by this margin was not shown");
    }
}

static void means_table(const lb_plan *plan, lb_report *out)
{
    const lb_value *means = lb_get(plan->primary->results, "means");
    lb_value *rows = lb_value_array(plan->arena);
    for (size_t i = 0; means && i < means->count; i++) {
        const lb_value *from = means->item[i];
        const char *arm = lb_get_text(from, plan->arm, NULL);
        if (!arm) continue;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "Arm", arm_name(plan, arm));
        lb_set_text(row, "Adjusted mean", number(plan->arena, lb_get_number(from, "estimate", NAN), 2));
        lb_set_text(row, "SE", number(plan->arena, lb_get_number(from, "se", NAN), 2));
        lb_set_text(row, "95 % CI", interval(plan->arena, lb_get_number(from, "lower", NAN), lb_get_number(from, "upper", NAN)));
    }
    if (!rows->count) return;
    lb_report_table(out, rows, lb_arena_printf(plan->arena, "Adjusted means (%g %% CI)", 100 * plan->level), 1);
    lb_report_text(out, LB_DOC_NOTE, "N = %lld; model, coding, degrees of freedom and rounding as under the next table. Lumbar %s.", (long long)plan->row[0].n, lb_version());
}

/* Under a table: how each of its lines was made, and how they are rounded. */
static void models_note(const lb_plan *plan, const char *role, lb_report *out)
{
    const lb_result *last = NULL;
    for (size_t i = 0; i < plan->rows; i++) {
        const lb_plan_row *row = &plan->row[i];
        if (strcmp(row->role, role) != 0 || !row->result || row->result == last) continue;
        lb_buf text = {.max = 4000};
        last = row->result;
        for (size_t k = 0; k < last->notes->count; k++) lb_buf_printf(&text, " %s", last->notes->item[k]->text);
        lb_report_text(out, LB_DOC_NOTE, "%s:%s", row->title, text.data ? text.data : "");
        lb_buf_free(&text);
    }
    if (last)
        lb_report_text(out, LB_DOC_NOTE, "Differences are %s \xE2\x88\x92 %s, intervals two-sided at %g %%. Rounded half away from zero (SAS): estimates to 2 "
                       "decimals, p to 3 (2 from 0.1 on); all digits are in the JSON document. Lumbar %s.", arm_name(plan, plan->comparison), arm_name(plan, plan->reference),
                       100 * plan->level, lb_version());
}

static const char *set_label(const lb_plan *plan, const char *id)
{
    for (size_t i = 0; i < plan->sets; i++)
        if (lb_text_equal(plan->set[i].id, id)) return plan->set[i].label;
    return id;
}

/* People: of a mixed model the levels of its finest grouping (its rows are in the note). */
static const char *count_text(lb_arena *arena, const lb_plan_row *row)
{
    if (row->n < 0) return "";
    if (row->groups < 0) return lb_arena_printf(arena, "%lld", (long long)row->n);
    return lb_arena_printf(arena, "%lld", (long long)row->groups);
}

/* Why a line has no standard error. */
static const char *edge_words(const lb_plan *plan, const lb_plan_row *row)
{
    char *text = lb_arena_text(plan->arena, strcmp(row->status, "ok") == 0 ? "no estimate" : row->status);
    for (char *c = text; *c; c++) *c = *c == '_' ? ' ' : *c;
    return text;
}

static void comparison_table(const lb_plan *plan, const char *role, const char *caption, lb_report *out)
{
    lb_value *rows = lb_value_array(plan->arena);
    bool ratios = false;
    for (size_t i = 0; i < plan->rows; i++) ratios |= plan->row[i].hazard_ratio && strcmp(plan->row[i].role, role) == 0;
    for (size_t i = 0; i < plan->rows; i++) {
        const lb_plan_row *from = &plan->row[i];
        if (strcmp(from->role, role) != 0) continue;
        bool ratio = from->hazard_ratio, none = isnan(from->se);
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "Analysis", none ? lb_arena_printf(plan->arena, "%s (%s)", lb_plan_row_name(plan, from), edge_words(plan, from)) : lb_plan_row_name(plan, from));
        lb_set_text(row, "Set", set_label(plan, from->set));
        lb_set_text(row, "N", count_text(plan->arena, from));
        const char *estimate = number(plan->arena, ratio ? exp(from->estimate) : from->estimate, 2);
        lb_set_text(row, ratios ? "Difference or hazard ratio" : "Difference",
                    none ? "not estimable" : ratio ? lb_arena_printf(plan->arena, "HR %s", estimate) : estimate);
        lb_set_text(row, "95 % CI", none ? "" : interval(plan->arena, ratio ? exp(from->lower) : from->lower, ratio ? exp(from->upper) : from->upper));
        lb_set_text(row, "df", none ? "" : isfinite(from->df) ? number(plan->arena, from->df, from->df == floor(from->df) ? 0 : 1) : "z");
        lb_set_text(row, "p, two-sided", p_text(plan->arena, from->p));
    }
    if (rows->count) lb_report_table(out, rows, caption, 2);
    if (rows->count && strcmp(role, "secondary") == 0)
        lb_report_text(out, LB_DOC_NOTE, "%sntervals and p values of secondary and sensitivity analyses are not adjusted for their number.",
                       lb_get(plan->root, "multiplicity") ? "Claims rest on the table of confirmatory tests alone: i" : "No claim rests on these: i");
    if (rows->count) models_note(plan, role, out);
}

/* What the analyses of a table drew: adjusted means over the visits, subgroups. */
static void row_pictures(const lb_plan *plan, const char *role, lb_report *out)
{
    const lb_result *last = NULL;
    for (size_t i = 0; i < plan->rows; i++) {
        const lb_plan_row *row = &plan->row[i];
        if (strcmp(row->role, role) != 0 || row->result == last) continue;
        last = row->result;
        for (size_t k = 0; last && k < last->picture_count; k++)
            lb_report_picture(out, last->picture[k].svg, lb_arena_printf(plan->arena, "%s: %s", row->title, last->picture[k].title));
    }
}

/* A time at which the curve crosses, with its limits: "not reached" is an answer. */
static const char *crossing(lb_arena *arena, const lb_value *curve, const char *name)
{
    double time[3];
    const char *text[3];
    static const char *const part[] = {"", "_lower", "_upper"};
    for (size_t i = 0; i < 3; i++) {
        time[i] = lb_get_number(curve, lb_arena_printf(arena, "%s%s", name, part[i]), NAN);
        text[i] = isfinite(time[i]) ? number(arena, time[i], time[i] == floor(time[i]) ? 0 : 1) : "not reached";
    }
    bool none = !isfinite(time[0]) && !isfinite(time[1]) && !isfinite(time[2]);
    return none ? text[0] : lb_arena_printf(arena, "%s (%s to %s)", text[0], text[1], text[2]);
}

/* "arm=CONTROL" as the arm is called in print. */
static const char *group_name(const lb_plan *plan, const char *name)
{
    return lb_label_group(lb_get(lb_get(plan->root, "treatment"), "labels"), name, plan->arena);
}

static void survival_table(const lb_plan *plan, const lb_value *curves, lb_report *out)
{
    lb_value *rows = lb_value_array(plan->arena);
    for (size_t i = 0; i < curves->count; i++) {
        const lb_value *curve = curves->item[i];
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "Group", group_name(plan, lb_get_text(curve, "stratum", "")));
        lb_set_textf(row, "N", "%lld", (long long)lb_get_int(curve, "n", 0));
        lb_set_textf(row, "Events", "%lld", (long long)lb_get_int(curve, "events_total", 0));
        lb_set_text(row, "First quartile, days (CI)", crossing(plan->arena, curve, "quartile1"));
        lb_set_text(row, "Median, days (CI)", crossing(plan->arena, curve, "median"));
    }
    lb_report_table(out, rows, "Time to the event", 1);
}

/* The difference for each delta that is added to imputed outcomes, and from where on its interval includes 0. */
static void tipping_table(const lb_plan *plan, const lb_value *results, lb_report *out)
{
    const lb_value *list = lb_get(results, "rows"), *points = lb_get(results, "tipping_points");
    lb_value *rows = lb_value_array(plan->arena);
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *from = list->item[i];
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "Delta", number(plan->arena, lb_get_number(from, "delta", NAN), 1));
        lb_set_text(row, "Difference", number(plan->arena, lb_get_number(from, "estimate", NAN), 2));
        lb_set_textf(row, "95 % CI", "%s to %s", number(plan->arena, lb_get_number(from, "lower", NAN), 2),
                     number(plan->arena, lb_get_number(from, "upper", NAN), 2));
        lb_set_text(row, "p, two-sided", p_text(plan->arena, lb_get_number(from, "p", NAN)));
    }
    lb_report_table(out, rows, "Drop-outs of the treated arm made worse by delta", 1);
    for (size_t i = 0; points && i < points->count; i++) {
        double delta = lb_get_number(points->item[i], "delta", NAN);
        if (isfinite(delta))
            lb_report_text(out, LB_DOC_BODY, "The interval of the difference %s \xE2\x88\x92 %s includes 0 from delta = %s on.", arm_name(plan, plan->comparison),
                           arm_name(plan, plan->reference), number(plan->arena, delta, 1));
    }
}

/* A column of a small table as print calls it. */
static const char *column_name(const char *key)
{
    static const char *const names[][2] = {{"level", "Group"}, {"n", "N"}, {"events", "Events"}, {"observed", "Observed"}, {"expected", "Expected"},
                                           {"variance", "Variance"}, {"rmst", "Mean time without event"}, {"se", "SE"}, {"lower", "Lower limit"},
                                           {"upper", "Upper limit"}, {"term", "Term"}, {"chisq", "\xCF\x87\xC2\xB2"}};
    for (size_t i = 0; i < LB_COUNT(names); i++)
        if (strcmp(key, names[i][0]) == 0) return names[i][1];
    return key;
}

/* Small tables of a result (tests of proportional hazards, restricted means) with numbers to three decimals. */
static void small_table(const lb_plan *plan, const lb_value *list, const char *caption, lb_report *out)
{
    lb_value *rows = lb_value_array(plan->arena);
    for (size_t i = 0; list && list->type == LB_ARRAY && i < list->count; i++) {
        lb_value *row = lb_push_object(rows);
        for (size_t k = 0; k < list->item[i]->count; k++) {
            const lb_value *cell = list->item[i]->item[k];
            const char *key = list->item[i]->key[k], *shown = column_name(key);
            if (strcmp(key, "p") == 0) lb_set_text(row, shown, p_text(plan->arena, lb_number_of(cell)));
            else if (cell->type == LB_DOUBLE) /* events are counted, unless they are weighted */
                lb_set_text(row, shown, number(plan->arena, cell->number, strcmp(key, "observed") == 0 && cell->number == floor(cell->number) ? 0 : 3));
            else if (cell->type == LB_STRING) lb_set_text(row, shown, group_name(plan, cell->text));
            else lb_set(row, shown, (lb_value *)cell);
        }
    }
    if (rows->count) lb_report_table(out, rows, caption, 1);
}

/* What a reader asks of a table: model, coding, numbers of rows, rounding. */
static void under_the_table(const lb_plan *plan, const lb_plan_other *other, lb_report *out)
{
    for (size_t k = 0; k < other->result->notes->count; k++) lb_report_text(out, LB_DOC_NOTE, "%s", other->result->notes->item[k]->text);
    lb_report_text(out, LB_DOC_NOTE, "%s. Rounded half away from zero (SAS), p to 3 decimals (2 from 0.1 on); all digits are in the JSON document. Lumbar %s.",
                   set_label(plan, other->set), lb_version());
}

/* Tests and curves that make no single estimate. */
static void other_results(const lb_plan *plan, const char *role, lb_report *out)
{
    for (size_t i = 0; i < plan->others; i++) {
        const lb_plan_other *other = &plan->other[i];
        const lb_value *results = other->result->results, *curves = lb_get(results, "curves");
        if (strcmp(other->role, role) != 0) continue;
        lb_report_heading(out, 3, other->title);
        double p = lb_get_number(results, "p", NAN);
        if (lb_is_number(lb_get(results, "chisq")))
            lb_report_text(out, LB_DOC_BODY, "\xCF\x87\xC2\xB2 = %s on %s degree%s of freedom, p %s%s.",
                      number(plan->arena, lb_get_number(results, "chisq", NAN), 2),
                      number(plan->arena, lb_get_number(results, "df", NAN), 0), lb_get_number(results, "df", NAN) == 1 ? "" : "s",
                      p < 0.001 ? "" : "= ", p_text(plan->arena, p));
        else if (lb_is_number(lb_get(results, "statistic")) && isfinite(p))
            lb_report_text(out, LB_DOC_BODY, "Statistic %s, two-sided p %s%s.", number(plan->arena, lb_get_number(results, "statistic", NAN), 3),
                           p < 0.001 ? "" : "= ", p_text(plan->arena, p));
        const lb_value *difference = lb_get(results, "difference");
        if (difference && difference->type == LB_OBJECT)
            lb_report_text(out, LB_DOC_BODY, "Difference %s (%g %% CI %s), p %s%s.", number(plan->arena, lb_get_number(difference, "estimate", NAN), 2), 95.0,
                           interval(plan->arena, lb_get_number(difference, "lower", NAN), lb_get_number(difference, "upper", NAN)),
                           lb_get_number(difference, "p", 1) < 0.001 ? "" : "= ", p_text(plan->arena, lb_get_number(difference, "p", NAN)));
        if (!curves) small_table(plan, lb_get(results, "groups"), lb_arena_printf(plan->arena, "%s: by group", other->title), out);
        small_table(plan, lb_get(results, "tests"), lb_arena_printf(plan->arena, "%s: tests of proportional hazards", other->title), out);
        bool table_last = curves || lb_get(results, "tipping_points"); /* the picture stands first then */
        if (!table_last) under_the_table(plan, other, out);
        for (size_t k = 0; k < other->result->picture_count; k++)
            lb_report_picture(out, other->result->picture[k].svg, other->result->picture[k].title);
        if (curves && curves->type == LB_ARRAY) survival_table(plan, curves, out);
        if (lb_get(results, "tipping_points")) tipping_table(plan, results, out);
        if (table_last) under_the_table(plan, other, out);
    }
}

/* A procedure as print calls it. */
static const char *procedure_name(const char *method)
{
    static const char *const names[][2] = {{"fixed_sequence", "Fixed sequence"}, {"holm", "Holm"}, {"hochberg", "Hochberg"}, {"bonferroni", "Bonferroni"}};
    for (size_t i = 0; i < LB_COUNT(names); i++)
        if (strcmp(method, names[i][0]) == 0) return names[i][1];
    return method;
}

static void confirmatory(const lb_plan *plan, lb_report *out)
{
    const lb_value *section = lb_get(plan->result->results, "multiplicity"), *list = lb_get(section, "hypotheses");
    if (!list) return;
    lb_value *rows = lb_value_array(plan->arena);
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *from = list->item[i];
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "Family", lb_get_text(from, "family", ""));
        lb_set_text(row, "Procedure", procedure_name(lb_get_text(from, "method", "")));
        lb_set_text(row, "Hypothesis", lb_get_text(from, "title", ""));
        lb_set_text(row, "p", p_text(plan->arena, lb_get_number(from, "p", NAN)));
        lb_set_text(row, "adjusted p", p_text(plan->arena, lb_get_number(from, "p_adjusted", NAN)));
        lb_set_text(row, "shown", lb_get_bool(from, "shown", false) ? "yes" : lb_get_text(from, "reason", "no"));
    }
    heading(out, "Confirmatory tests");
    lb_report_table(out, rows, "All hypotheses that may be claimed, at one level", 3);
    lb_report_text(out, LB_DOC_NOTE, "Family-wise level %g, %s-sided. Families are tested in this order; the next is reached when %s of one is rejected. Adjusted p: "
                   "the smallest level at which the hypothesis is rejected; p to 3 decimals (2 from 0.1 on). Lumbar %s.", lb_get_number(section, "alpha", NAN),
                   lb_get_int(section, "sides", 1) == 1 ? "one" : "two", strcmp(lb_get_text(section, "gate", "all"), "any") == 0 ? "any (with its share of the level)" : "all",
                   lb_version());
    const char *note = lb_get_text(lb_get(plan->root, "multiplicity"), "note", NULL);
    if (note) lb_report_text(out, LB_DOC_NOTE, "%s", note);
}

static void safety(const lb_plan *plan, lb_report *out)
{
    if (!plan->safety) return;
    heading(out, "Adverse events");
    lb_report_table(out, lb_get(plan->safety->results, "table"), "People with adverse events, and events, by arm", 1);
    for (size_t i = 0; i < plan->safety->notes->count; i++) lb_report_text(out, LB_DOC_NOTE, "%s", plan->safety->notes->item[i]->text);
    lb_report_text(out, LB_DOC_NOTE, "Everybody randomised, in the arm allocated. Lumbar %s.", lb_version());
}

/* Visits down, arms across. */
static void attendance(const lb_plan *plan, lb_report *out)
{
    const lb_value *came = lb_get(plan->flow->results, "attendance"), *adherence = lb_get(plan->flow->results, "adherence");
    lb_value *rows = lb_value_array(plan->arena), *row = NULL;
    const char *visit = NULL;
    for (size_t i = 0; came && i < came->count; i++) {
        const lb_value *from = came->item[i];
        if (!lb_text_equal(visit, lb_get_text(from, "visit", ""))) {
            row = lb_push_object(rows);
            visit = lb_get_text(from, "visit", "");
            lb_set_text(row, "Visit", lb_label(lb_get(plan->root, "labels"), visit));
        }
        lb_set_textf(row, arm_name(plan, lb_get_text(from, "arm", "")), "%lld of %lld (%s)", (long long)lb_get_int(from, "attended", 0),
                     (long long)lb_get_int(from, "randomised", 0), number(plan->arena, lb_get_number(from, "percent", NAN), 0));
    }
    if (rows->count) lb_report_table(out, rows, "Attendance: people with the outcome at the visit, of those randomised (%)", 1);
    lb_value *shown = lb_value_array(plan->arena);
    for (size_t i = 0; adherence && i < adherence->count; i++) {
        const lb_value *from = adherence->item[i];
        row = lb_push_object(shown);
        lb_set_text(row, "Arm", arm_name(plan, lb_get_text(from, "arm", "")));
        lb_set_textf(row, "Evaluable", "%lld of %lld", (long long)lb_get_int(from, "evaluable", 0), (long long)lb_get_int(from, "randomised", 0));
        bool any = lb_get_int(from, "evaluable", 0) > 0;
        lb_set_text(row, "Adherence, mean (SD)", any ? lb_arena_printf(plan->arena, "%s (%s)", number(plan->arena, lb_get_number(from, "mean", NAN), 1),
                                                                       number(plan->arena, lb_get_number(from, "sd", NAN), 1)) : "no programme");
        lb_set_text(row, "Adherent (%)", any ? lb_arena_printf(plan->arena, "%lld (%s)", (long long)lb_get_int(from, "adherent", 0),
                                                               number(plan->arena, lb_get_number(from, "percent", NAN), 0)) : "");
    }
    if (shown->count) lb_report_table(out, shown, "Adherence to the programme", 1);
    for (size_t i = 0; i < plan->flow->notes->count; i++) lb_report_text(out, LB_DOC_NOTE, "%s", plan->flow->notes->item[i]->text);
    if (rows->count || shown->count)
        lb_report_text(out, LB_DOC_NOTE, "Counts, and percentages without decimals, rounded half away from zero (SAS). Lumbar %s.", lb_version());
}

static void flow_and_baseline(const lb_plan *plan, lb_report *out)
{
    if (plan->flow) {
        heading(out, "Flow of people");
        for (size_t i = 0; i < plan->flow->picture_count; i++)
            lb_report_picture(out, plan->flow->picture[i].svg, "CONSORT flow diagram. Everybody is counted in the arm allocated.");
        attendance(plan, out);
    }
    if (!plan->baseline) return;
    heading(out, "People at baseline");
    lb_report_table(out, lb_get(plan->baseline->results, "table"), "Baseline characteristics by arm", 0);
    for (size_t i = 0; i < plan->baseline->notes->count; i++) lb_report_text(out, LB_DOC_NOTE, "%s", plan->baseline->notes->item[i]->text);
    lb_report_text(out, LB_DOC_NOTE, "Everybody randomised, in the arm allocated. Lumbar %s.", lb_version());
}

static void sample_size(const lb_plan *plan, lb_report *out)
{
    const lb_value *rows = lb_get(plan->result->results, "sample_size"), *plans = lb_get(plan->root, "sample_size");
    if (!rows || rows->count == 0) return;
    heading(out, "Sample size, read again");
    lb_value *shown = lb_value_array(plan->arena);
    for (size_t i = 0; i < rows->count; i++) {
        const lb_value *from = rows->item[i];
        lb_value *row = lb_push_object(shown);
        lb_set_text(row, "Reading", lb_get_text(from, "reading", ""));
        lb_set_text(row, "n per arm, exact", number(plan->arena, lb_get_number(from, "n_exact", NAN), 2));
        lb_set_text(row, "to randomise per arm", number(plan->arena, lb_get_number(from, "n_per_arm", NAN), 0));
        lb_set_text(row, "detectable", number(plan->arena, lb_get_number(from, "detectable", NAN), 2));
        lb_set_text(row, "power", number(plan->arena, lb_get_number(from, "power", NAN), 3));
    }
    lb_report_table(out, shown, "What the stated assumptions need, and what the number randomised can show", 1);
    lb_report_text(out, LB_DOC_NOTE, "Noncentral t unless the reading says otherwise; to randomise: the exact number divided by the share expected to complete, "
                   "rounded up; other values rounded half away from zero (SAS). Lumbar %s.", lb_version());
    for (size_t i = 0; i < plans->count; i++) {
        const char *note = lb_get_text(plans->item[i], "note", NULL);
        if (note) lb_report_text(out, LB_DOC_BODY, "%s", note);
    }
}

static void estimands(const lb_plan *plan, lb_report *out)
{
    static const char *const keys[][2] = {{"objective", "Objective"}, {"population", "Population"}, {"treatment", "Treatment"},
                                          {"variable", "Variable"}, {"summary", "Summary"}, {"note", "Note"}};
    const lb_value *list = lb_get(plan->root, "estimands");
    if (!list) return;
    heading(out, "Estimands (ICH E9(R1))");
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *entry = list->item[i], *events = lb_get(entry, "intercurrent_events");
        lb_value *rows = lb_value_array(plan->arena);
        for (size_t k = 0; k < LB_COUNT(keys); k++) {
            const char *text = lb_get_text(entry, keys[k][0], NULL);
            if (!text) continue;
            lb_value *row = lb_push_object(rows);
            lb_set_text(row, "Attribute", keys[k][1]);
            lb_set_text(row, "Definition", text);
        }
        for (size_t k = 0; events && k < events->count; k++) {
            lb_value *row = lb_push_object(rows);
            lb_set_text(row, "Attribute", lb_arena_printf(plan->arena, "Intercurrent event: %s", lb_get_text(events->item[k], "event", "")));
            lb_set_text(row, "Definition", lb_get_text(events->item[k], "strategy", ""));
        }
        lb_report_table(out, rows, lb_arena_printf(plan->arena, "Estimand: %s", lb_get_text(entry, "id", "")), 0);
    }
}

static void sets(const lb_plan *plan, lb_report *out)
{
    lb_value *rows = lb_value_array(plan->arena);
    for (size_t i = 0; i < plan->sets; i++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "Analysis set", plan->set[i].label);
        lb_set_text(row, "Definition", plan->set[i].definition);
        lb_set_textf(row, "N", "%zu", plan->set[i].table->rows);
    }
    heading(out, "Analysis sets");
    lb_report_table(out, rows, "People in each analysis set", 0);
}

static void methods(const lb_plan *plan, lb_report *out)
{
    heading(out, "Methods");
    const char *text = lb_get_text(plan->root, "methods", NULL);
    if (text) lb_report_text(out, LB_DOC_BODY, "%s", text);
    lb_report_text(out, LB_DOC_BODY, "%s", lb_get_text(plan->result->results, "methods", ""));
    for (size_t i = 0; i < plan->result->notes->count; i++) lb_report_text(out, LB_DOC_NOTE, "%s", plan->result->notes->item[i]->text);
    const lb_value *notes = lb_get(plan->root, "notes");
    for (size_t i = 0; notes && i < notes->count; i++)
        if (notes->item[i]->type == LB_STRING) lb_report_text(out, LB_DOC_NOTE, "%s", notes->item[i]->text);
    const lb_value *absent = lb_get(plan->result->results, "not_run");
    if (absent && absent->count) lb_report_table(out, absent, "Planned analyses that were not run", 0);
    if (plan->result->warnings->count) heading(out, "Warnings");
    for (size_t i = 0; i < plan->result->warnings->count; i++) lb_report_text(out, LB_DOC_WARN, "%s", plan->result->warnings->item[i]->text);
}

static void provenance(const lb_plan *plan, lb_report *out)
{
    heading(out, "Provenance");
    lb_report_table(out, plan->result->inputs, "Inputs and their SHA-256", 0);
    lb_report_text(out, LB_DOC_NOTE, "The same plan, data and version of Lumbar give this page again, byte for byte.");
}

void lb_plan_report(const lb_plan *plan, lb_report *out)
{
    const lb_value *root = plan->root;
    const char *title = lb_get_text(root, "title", "Analysis");
    lb_report_heading(out, 1, title);
    lb_report_text(out, LB_DOC_NOTE, "Study %s%s%s \xC2\xB7 plan %s, version %s \xC2\xB7 SHA-256 of the plan %s", lb_get_text(root, "study", "\xE2\x80\x94"),
              lb_get(root, "registration") ? ", " : "", lb_get_text(root, "registration", ""), lb_get_text(root, "plan", ""),
              lb_get_text(root, "version", "\xE2\x80\x94"), plan->sha256);
    if (plan->state) lb_report_text(out, LB_DOC_NOTE, "%s", plan->state);
    heading(out, "Answer");
    answer(plan, out);
    estimands(plan, out);
    sets(plan, out);
    sample_size(plan, out);
    methods(plan, out);
    flow_and_baseline(plan, out);
    heading(out, "Primary analysis");
    means_table(plan, out);
    comparison_table(plan, "primary", "Difference between the arms", out);
    for (size_t i = 0; i < plan->result->picture_count; i++)
        if (strcmp(plan->result->picture[i].name, "primary") == 0)
            lb_report_picture(out, plan->result->picture[i].svg, "Adjusted means and differences with confidence intervals; dashed line: minimal "
                    "clinically important difference.");
    confirmatory(plan, out);
    if (lb_get(root, "sensitivity")) heading(out, "Sensitivity analyses");
    comparison_table(plan, "sensitivity", "Sensitivity analyses of the primary comparison", out);
    row_pictures(plan, "sensitivity", out);
    other_results(plan, "sensitivity", out);
    if (lb_get(root, "secondary")) heading(out, "Secondary analyses");
    comparison_table(plan, "secondary", "Secondary analyses", out);
    row_pictures(plan, "secondary", out);
    other_results(plan, "secondary", out);
    safety(plan, out);
    provenance(plan, out);
}

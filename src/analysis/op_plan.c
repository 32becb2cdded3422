/* Operation `analyse plan`: runs a statistical analysis plan, written down before the data were seen, and reports it whole. */
#include "analysis/plan.h"
#include "analysis/room.h"

#include <lumbar/analysis.h>

#include <math.h>
#include <string.h>

/* One sentence that says what was done: model, coding, df, N, rows dropped, version, seed. */
static const char *methods_sentence(const lb_plan *plan)
{
    const lb_plan_row *row = &plan->row[0];
    const lb_value *parameters = plan->primary->parameters, *dropped = lb_get(plan->primary->results, "dropped");
    lb_buf text = {0};
    char df[32];
    lb_buf_printf(&text, "Primary analysis by `%s` with the model %s on the set `%s`", plan->primary->operation,
                  lb_get_text(parameters, "formula", "stated in the plan"), row->set);
    lb_buf_printf(&text, ", treatment coding with %s as the reference; N = %lld analysed", plan->reference, (long long)row->n);
    int64_t rows = 0;
    for (size_t i = 0; dropped && i < dropped->count; i++) rows += lb_get_int(dropped->item[i], "rows", 0);
    if (rows) {
        lb_buf_printf(&text, ", %lld left out because a value was missing (", (long long)rows);
        for (size_t i = 0; i < dropped->count; i++)
            lb_buf_printf(&text, "%s%s: %lld", i ? ", " : "", lb_get_text(dropped->item[i], "column", ""),
                          (long long)lb_get_int(dropped->item[i], "rows", 0));
        lb_buf_puts(&text, ")");
    } else {
        lb_buf_puts(&text, ", nobody left out");
    }
    lb_buf_printf(&text, "; t tests on %s degrees of freedom. Software: Lumbar %s, seed %lld. Plan SHA-256 %s.",
                  isfinite(row->df) ? lb_number_text(row->df, df) : "infinite", lb_version(),
                  (long long)lb_get_int(plan->root, "seed", 1), plan->sha256);
    const char *copy = lb_arena_text(plan->arena, text.data);
    lb_buf_free(&text);
    return copy;
}

/* The report as HTML and PDF beside the document; returns the SHA-256 of the HTML. */
static int write_report(lb_plan *plan, char sha256[65], lb_error *err)
{
    lb_buf html = {0}, pdf = {0};
    const char *title = lb_get_text(plan->root, "title", "Analysis");
    lb_report *report = lb_report_new(title, "en");
    if (plan->rehearsal)
        lb_report_banner(report, "Rehearsal: the arms in this report are shuffled. No number in it says anything about the treatments.", "REHEARSAL");
    lb_plan_report(plan, report);
    lb_report_html(report, &html);
    const char *running = lb_arena_printf(plan->arena, "%s%splan %s, version %s", lb_get_text(plan->root, "study", ""),
                                          lb_get(plan->root, "study") ? " \xC2\xB7 " : "",
                                          lb_get_text(plan->root, "plan", ""), lb_get_text(plan->root, "version", "\xE2\x80\x94"));
    int code = lb_report_pdf(report, running, &pdf, err);
    if (!code) {
        lb_sha256_hex(html.data, html.length, sha256);
        lb_result_artifact(plan->result, "report.html", "text/html; charset=utf-8", html.data, html.length);
        lb_result_artifact(plan->result, "report.pdf", "application/pdf", pdf.data, pdf.length);
        lb_set_text(lb_get(plan->result->results, "plan"), "report_sha256", sha256);
    }
    lb_report_free(report);
    lb_buf_free(&html);
    lb_buf_free(&pdf);
    return code;
}

static int read_ledger(lb_call *call, lb_arena *arena, lb_value **ledger, lb_error *err)
{
    lb_bytes bytes;
    *ledger = NULL;
    if (!lb_call_given(call, "ledger")) return 0;
    int code = lb_call_document(call, "ledger", &bytes, err);
    return code ? code : lb_ledger_read(&bytes, arena, ledger, err);
}

/* What every act has; --key is the hex text of a 32-byte seed. */
static int read_act(lb_call *call, const lb_bytes *plan, bool signs, lb_ledger_act *act, lb_error *err)
{
    const char *when = lb_call_text(call, "when");
    *act = (lb_ledger_act){.when = when ? when : lb_call_now(call), .by = lb_call_text(call, "by"), .plan = *plan};
    if (!signs || !lb_call_given(call, "key")) return 0;
    lb_bytes text;
    int code = lb_call_document(call, "key", &text, err);
    if (code) return code;
    char hex[65] = "";
    uint8_t *key = lb_arena_alloc(lb_call_arena(call), 32);
    memcpy(hex, text.data, text.length < 64 ? text.length : 64);
    if (text.length < 64 || text.length > 66 || !lb_hex_bytes(hex, key, 32)) {
        lb_fail(err, LB_BAD_DATA, "the key is not 64 hexadecimal digits");
        lb_error_where(err, "--key");
        lb_error_hint(err, "make one with: openssl rand -hex 32 > my.key, and keep it secret");
        return LB_BAD_DATA;
    }
    act->key = key;
    return 0;
}

static void keep_ledger(lb_result *result, const lb_value *ledger, bool main)
{
    lb_buf text = {0};
    lb_json_write(ledger, 2, &text);
    lb_buf_putc(&text, '\n');
    if (main) lb_result_main_artifact(result, "ledger.json", "application/json", text.data, text.length);
    else lb_result_artifact(result, "ledger.json", "application/json", text.data, text.length);
    lb_buf_free(&text);
}

static void report_state(lb_result *result, const lb_value *ledger, const char *plan_sha256)
{
    lb_ledger_state state;
    lb_ledger_state_of(ledger, plan_sha256, &state);
    lb_value *out = lb_set_object(result->results, "ledger");
    lb_set_bool(out, "locked", state.locked);
    lb_set_text(out, "sha256", state.sha256);
    lb_set_text(out, "by", state.by);
    lb_set_text(out, "when", state.when);
    lb_set_bool(out, "changed", state.changed);
    lb_set_int(out, "rehearsals", (int64_t)state.rehearsals);
    lb_set_int(out, "amendments", (int64_t)state.amendments);
    lb_set_int(out, "finals", (int64_t)state.finals);
}

/* What the report says of the plan's state. The ledger's times are in it, the time of this run is not. */
static const char *state_sentence(const lb_plan *plan, const lb_value *ledger)
{
    lb_ledger_state state;
    if (plan->rehearsal) return "Rehearsal on shuffled arms.";
    if (!ledger) return "No ledger was given with this run: that the plan was fixed before the data were seen is not shown by it.";
    lb_ledger_state_of(ledger, plan->sha256, &state);
    return lb_arena_printf(plan->arena, "Final run. The plan was locked by %s on %s%s%s.", state.by, state.when,
                           state.amendments ? lb_arena_printf(plan->arena, " and amended %zu time%s", state.amendments, state.amendments > 1 ? "s" : "") : "",
                           state.signed_by_key ? ", signed" : "");
}

/* A file of its own for every picture: where several analyses draw the same one, the analysis is in the name. */
static const char *picture_name(const lb_plan *plan, size_t k, const char *name)
{
    size_t same = 0;
    for (size_t o = 0; o < plan->kept_count; o++)
        for (size_t i = 0; i < plan->kept[o]->picture_count; i++) same += strcmp(plan->kept[o]->picture[i].name, name) == 0;
    if (same < 2) return name;
    for (size_t r = 0; r < plan->rows; r++)
        if (plan->row[r].result == plan->kept[k]) return lb_arena_printf(plan->arena, "%s_%s", name, plan->row[r].id);
    return lb_arena_printf(plan->arena, "%s_%zu", name, k + 1);
}

static int run_whole(lb_plan *plan, lb_error *err)
{
    lb_result *result = plan->result;
    lb_table *const *table;
    size_t count;
    int code = lb_call_tables(plan->call, "data", &table, &count, err);
    if (!code) code = lb_plan_prepare(plan, table, count, err);
    if (code) return code;
    result->title = lb_arena_text(result->arena, lb_get_text(plan->root, "title", "Analysis plan"));
    lb_value *about = lb_set_object(result->results, "plan");
    lb_set_text(about, "plan", lb_get_text(plan->root, "plan", NULL));
    lb_set_text(about, "version", lb_get_text(plan->root, "version", NULL));
    lb_set_text(about, "study", lb_get_text(plan->root, "study", NULL));
    lb_set_text(about, "sha256", plan->sha256);
    lb_set_int(about, "seed", lb_get_int(plan->root, "seed", 1));
    code = lb_plan_run(plan, err);
    if (code) return code;
    lb_set_text(result->results, "methods", methods_sentence(plan));
    lb_result_picture(result, "primary", "Adjusted means and differences", lb_plan_figure(plan));
    for (size_t k = 0; k < plan->kept_count; k++)
        for (size_t i = 0; i < plan->kept[k]->picture_count; i++)
            lb_result_picture(result, picture_name(plan, k, plan->kept[k]->picture[i].name), plan->kept[k]->picture[i].title, plan->kept[k]->picture[i].svg);
    return 0;
}

static int run_either(lb_call *call, lb_result *result, bool rehearsal, lb_error *err)
{
    lb_plan plan = {.arena = result->arena, .call = call, .result = result, .rehearsal = rehearsal};
    lb_bytes bytes;
    lb_value *ledger;
    lb_ledger_act act;
    char sha256[65];
    int code = lb_call_document(call, "plan", &bytes, err);
    if (!code) code = lb_plan_read(&plan, &bytes, err);
    if (!code) code = read_ledger(call, result->arena, &ledger, err);
    if (!code) code = read_act(call, &bytes, false, &act, err);
    if (!code && ledger && !rehearsal) code = lb_ledger_may_run(ledger, &bytes, err);
    if (code) return code;
    if (rehearsal) plan.shuffle_seed = (uint64_t)lb_call_int(call, "seed");
    plan.state = state_sentence(&plan, ledger);
    code = run_whole(&plan, err);
    if (!code) code = write_report(&plan, sha256, err);
    for (size_t i = 0; i < plan.kept_count; i++) lb_result_free(plan.kept[i]);
    if (code) return code;
    if (rehearsal) lb_set_int(lb_get(result->results, "plan"), "shuffle_seed", (int64_t)plan.shuffle_seed);
    if (!ledger && !rehearsal) return 0;
    if (!ledger) ledger = lb_ledger_new(result->arena);
    act.inputs = result->inputs;
    act.report_sha256 = sha256;
    act.seed = (int64_t)plan.shuffle_seed;
    code = rehearsal ? lb_ledger_rehearse(ledger, &act, err) : lb_ledger_final(ledger, &act, err);
    if (code) return code;
    report_state(result, ledger, plan.sha256);
    keep_ledger(result, ledger, false);
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err) { return run_either(call, result, false, err); }
static int run_rehearse(lb_call *call, lb_result *result, lb_error *err) { return run_either(call, result, true, err); }

static int run_sign(lb_call *call, lb_result *result, bool amend, lb_error *err)
{
    lb_plan plan = {.arena = result->arena, .call = call, .result = result};
    lb_bytes bytes;
    lb_value *ledger;
    lb_ledger_act act;
    int code = lb_call_document(call, "plan", &bytes, err);
    if (!code) code = lb_plan_read(&plan, &bytes, err); /* only a plan that can run is worth a signature */
    if (!code) code = read_ledger(call, result->arena, &ledger, err);
    if (!code) code = read_act(call, &bytes, true, &act, err);
    if (code) return code;
    if (!ledger) ledger = lb_ledger_new(result->arena);
    act.reason = lb_call_text(call, "reason");
    act.unblinded = amend && lb_call_flag(call, "unblinded");
    lb_ledger_state state;
    lb_ledger_state_of(ledger, plan.sha256, &state);
    code = amend ? lb_ledger_amend(ledger, &act, err) : lb_ledger_lock(ledger, &act, err);
    if (code) return code;
    result->title = amend ? "Amendment signed" : "Plan locked";
    if (!amend && state.rehearsals == 0)
        lb_result_warn(result, "this plan was never rehearsed: run it once on shuffled arms (analyse rehearse) to see that it runs whole");
    report_state(result, ledger, plan.sha256);
    const lb_value *entries = lb_get(ledger, "entries"), *last = entries->item[entries->count - 1];
    lb_value *out = lb_set_object(result->results, "entry");
    static const char *const keys[] = {"kind", "when", "by", "reason", "plan_sha256", "before_sha256", "hash"};
    for (size_t i = 0; i < LB_COUNT(keys); i++)
        if (lb_get_text(last, keys[i], NULL)) lb_set_text(out, keys[i], lb_get_text(last, keys[i], NULL));
    lb_set_bool(out, "signed", lb_get(last, "signature") != NULL);
    if (lb_get(last, "changed")) lb_set(result->results, "changed", lb_value_copy(result->arena, lb_get(last, "changed")));
    keep_ledger(result, ledger, true);
    return 0;
}

static int run_lock(lb_call *call, lb_result *result, lb_error *err) { return run_sign(call, result, false, err); }
static int run_amend(lb_call *call, lb_result *result, lb_error *err) { return run_sign(call, result, true, err); }

#define PLAN {.name = "plan", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "the plan (YAML)"}
#define DATA {.name = "data", .type = LB_P_TABLES, .flags = LB_REQUIRED, .summary = "tables of the trial: participants, visits, screening, …"}
#define WHEN {.name = "when", .type = LB_P_TEXT, .flags = LB_ADVANCED, .summary = "time to record, ISO 8601 (default: now)"}
#define KEY {.name = "key", .type = LB_P_DOCUMENT, .summary = "file with 64 hexadecimal digits: signs the entry (Ed25519)"}

static const lb_param params[] = {
    PLAN, DATA,
    {.name = "ledger", .type = LB_P_DOCUMENT, .summary = "the plan's ledger: the run is final, and refused when the plan is not the one locked"},
    {.name = "by", .type = LB_P_TEXT, .summary = "who runs it, for the ledger"}, WHEN,
};
static const lb_param rehearse_params[] = {
    PLAN, DATA,
    {.name = "ledger", .type = LB_P_DOCUMENT, .summary = "the plan's ledger so far"},
    {.name = "by", .type = LB_P_TEXT, .summary = "who rehearses, for the ledger"},
    {.name = "seed", .type = LB_P_INT, .summary = "seed of the shuffle", .preset = "1", .min = 0, .max = 9e15}, WHEN,
};
static const lb_param lock_params[] = {
    PLAN,
    {.name = "ledger", .type = LB_P_DOCUMENT, .summary = "the plan's ledger so far (rehearsals)"},
    {.name = "by", .type = LB_P_TEXT, .flags = LB_REQUIRED, .summary = "who locks it"},
    {.name = "reason", .type = LB_P_TEXT, .summary = "remark"}, KEY, WHEN,
};
static const lb_param amend_params[] = {
    PLAN,
    {.name = "ledger", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED, .summary = "the plan's ledger"},
    {.name = "by", .type = LB_P_TEXT, .flags = LB_REQUIRED, .summary = "who signs the amendment"},
    {.name = "reason", .type = LB_P_TEXT, .flags = LB_REQUIRED, .summary = "why the plan changes"},
    {.name = "unblinded", .type = LB_P_FLAG, .summary = "arms were known when the change was made"}, KEY, WHEN,
};

const lb_op lb_op_analyse_plan = {
    .area = "analyse", .verb = "plan",
    .summary = "run a statistical analysis plan and write its report",
    .description =
        "The plan is a YAML file: estimands (ICH E9(R1)), derived columns, analysis sets, tables, the primary analysis, its "
        "sensitivity and secondary analyses, the sample size. Every analysis is an operation of this program by its name with "
        "its options; the plan is hashed and every number in the report comes from these runs. The report is one HTML page or a PDF "
        "(-o report.html, report.pdf, report.docx; a folder gets all): answer, flow, baseline table, adjusted means and difference with one- and two-sided p, the interval "
        "read against the minimal important difference, sensitivity, sample-size readings, methods.\n\n"
        "With --ledger the run is final: it is refused unless the plan is the one that was locked or last amended, and it is entered in the "
        "ledger. See docs/plan.md for the keys of a plan.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse plan reference/analysis/trial60.plan.yaml --data participants=reference/analysis/trial60.csv --data visits=reference/analysis/visits60.csv --data screening=reference/analysis/screening83.csv -o report.html"};

const lb_op lb_op_analyse_rehearse = {
    .area = "analyse", .verb = "rehearse",
    .summary = "run a plan whole on shuffled arms, before unblinding",
    .description = "As `analyse plan`, but the arms of the participants are dealt anew, within the strata that the plan names under `rehearsal`; "
                   "nothing else of the data changes. Where the arms are masked they are dealt one to one. Every page of the report says that it "
                   "is a rehearsal. The rehearsal is entered in the ledger (ledger.json).",
    .params = rehearse_params, .param_count = LB_COUNT(rehearse_params), .run = run_rehearse,
    .example = "lumbar analyse rehearse reference/analysis/trial60.plan.yaml --data participants=reference/analysis/trial60.csv --data visits=reference/analysis/visits60.csv --data screening=reference/analysis/screening83.csv -o rehearsal/"};

const lb_op lb_op_analyse_lock = {
    .area = "analyse", .verb = "lock",
    .summary = "lock a plan: hash it, sign it, and keep its text",
    .description = "Checks the plan and appends a lock to its ledger: who, when, the plan's text and SHA-256, and a signature when a key is given. From "
                   "then on a final run refuses any other plan. A ledger is a chain: each entry carries the hash of the one before it.",
    .params = lock_params, .param_count = LB_COUNT(lock_params), .run = run_lock,
    .example = "lumbar analyse lock reference/analysis/trial60.plan.yaml --by statistician-1 -o ledger.json"};

const lb_op lb_op_analyse_amend = {
    .area = "analyse", .verb = "amend",
    .summary = "sign an amendment of a locked plan",
    .description = "Appends an amendment to the ledger: who, when, why, the sections that changed, the new text and its SHA-256. It is marked when it was "
                   "made after unblinding or after a final run. A plan that was locked with a key is amended with one.",
    .params = amend_params, .param_count = LB_COUNT(amend_params), .run = run_amend,
    .example = "lumbar analyse amend plan-2.yaml --ledger ledger.json --by statistician-1 --reason 'visit window corrected' -o ledger.json"};

/* Reviews: the first byte chooses what is any bytes: the protocol, its table of outcomes, the printed claims of an audit, a table
 * of studies to check, or judgements of bias. The others are small and sound. Refused or run, never a crash. */
#include <string.h>

#include <lumbar/op.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char protocol[] = "title: T\nquestion: {comparators: [active, passive], outcomes: [pain]}\n"
                               "files: {studies: s.csv, arms: a.csv, outcomes: o.csv, risk_of_bias: r.csv}\n"
                               "data_rules:\n  scale: {to: [0, 10]}\n  visit: {short: \"closest to week 12 in (0,26], ties to the later\"}\n"
                               "  change_sd: [reported, from_se, from_ci, imputed_corr, final_sd]\n"
                               "model: {type: random, tau2: REML, test: z, level: 0.95}\nclinical_importance: {pain: 1.5}\n";
static const char studies[] = "study_id,author,year,mean_age\nT1,A,2001,44\nT2,B,2004,51\nT3,C,2010,39\n";
static const char arms[] = "study_id,arm,role,matched,true_control\nT1,A1,exercise,0,0\nT1,A2,passive,0,1\nT2,A1,exercise,0,0\n"
                           "T2,A2,active,1,0\nT3,A1,exercise,0,0\nT3,A2,passive,0,0\n";
static const char outcomes[] = "study_id,arm,outcome,instrument,scale_min,scale_max,higher_is_worse,week,n,mean,sd,median,q1,q3,change_mean,change_sd,"
                               "change_se,change_ci_lb,change_ci_ub\nT1,A1,pain,V,0,100,1,0,40,52,18,,,,,,,,\nT1,A1,pain,V,0,100,1,12,38,30,20,,,,-21,19,,,\n"
                               "T1,A2,pain,V,0,100,1,0,41,50,17,,,,,,,,\nT1,A2,pain,V,0,100,1,12,39,43,19,,,,-7,18,,,\n"
                               "T3,A1,pain,N,0,10,1,0,25,5.1,1.9,,,,,,,,\nT3,A1,pain,N,0,10,1,8,24,,,,,,-1.9,,0.41,,\n"
                               "T3,A2,pain,N,0,10,1,0,26,5.3,1.8,,,,,,,,\nT3,A2,pain,N,0,10,1,8,25,,,,,,-0.8,,,-1.5,-0.1\n";
static const char risk[] = "study_id,D1,overall\nT1,low,low\nT2,some concerns,high\nT3,high,high\n";

/* The tables of the review by name; the outcomes may be the input's. */
static int read_table(void *context, const char *name, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    const lb_bytes *given = context;
    const struct {
        const char *name, *text;
    } table[] = {{"s.csv", studies}, {"a.csv", arms}, {"o.csv", outcomes}, {"r.csv", risk}};
    (void)arena;
    if (given && strcmp(name, "o.csv") == 0) {
        *out = *given;
        return 0;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(table[i].name, name) != 0) continue;
        *out = (lb_bytes){(const uint8_t *)table[i].text, strlen(table[i].text), name};
        return 0;
    }
    return lb_fail(err, LB_NOT_FOUND, "there is no table '%.80s'", name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        const char *verb, *parameter;
    } what[] = {{"review", "review"}, {"review", NULL}, {"audit", "claims"}, {"check", "data"}, {"rob", "data"}};
    if (size < 1) return -1;
    size_t which = data[0] % (sizeof what / sizeof *what);
    lb_registry *registry = lb_registry_all();
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "meta", what[which].verb));
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    lb_bytes input = {data + 1, size - 1, "fuzz"}, sound = {(const uint8_t *)protocol, sizeof protocol - 1, "review.yaml"};
    const lb_source source = {.read = read_table, .context = what[which].parameter ? NULL : &input};
    lb_call_bind_source(call, &source);
    int code = what[which].parameter ? lb_call_bind(call, what[which].parameter, &input, &err) : lb_call_bind(call, "review", &sound, &err);
    if (!code) code = lb_call_run(call, &result, &err);
    if (code && !err.message[0]) __builtin_trap();
    lb_result_free(result);
    lb_call_free(call);
    lb_registry_free(registry);
    return 0;
}

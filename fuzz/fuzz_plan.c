/* Fuzz target: a plan file, any bytes, run on a small trial: refused or run, never a crash. */
#include <string.h>

#include <lumbar/op.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char people[] = "id,arm,sex,y0,y1\n1,A,F,1,2\n2,B,M,2,3\n3,A,F,2,1\n4,B,M,4,6\n5,A,M,1,4\n6,B,F,2,3\n7,A,M,3,\n";
static const char visits[] = "id,visit,z\n1,V1,3\n2,V1,4\n3,V1,5\n3,V2,1\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_registry *registry = lb_registry_all();
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", "plan"));
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    lb_bytes plan = {data, size, "fuzz.plan.yaml"}, one = {(const uint8_t *)people, sizeof people - 1, "participants"},
             two = {(const uint8_t *)visits, sizeof visits - 1, "visits"};
    int code = lb_call_bind(call, "plan", &plan, &err);
    if (!code) code = lb_call_bind(call, "data", &one, &err);
    if (!code) code = lb_call_bind(call, "data", &two, &err);
    if (!code) code = lb_call_run(call, &result, &err);
    lb_result_free(result);
    lb_call_free(call);
    lb_registry_free(registry);
    return code > 0;
}

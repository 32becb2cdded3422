/* A plan's ledger: any bytes are refused with a message or verified; what was verified can be asked and gone on with. */
#include <assert.h>
#include <string.h>

#include <lumbar/analysis.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char plan[] = "plan: p\ntitle: T\n";
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {data, size, "ledger.json"};
    lb_value *ledger = NULL;
    lb_error err = LB_ERROR_INIT;
    lb_ledger_state state;
    if (lb_ledger_read(&bytes, arena, &ledger, &err) != 0) {
        assert(err.code < 0 && err.message[0]);
    } else {
        lb_ledger_act act = {.when = "2026-01-01T00:00:00Z", .by = "x", .reason = "y", .plan = {(const uint8_t *)plan, sizeof plan - 1, "p.yaml"}};
        lb_ledger_state_of(ledger, NULL, &state);
        if (lb_ledger_rehearse(ledger, &act, &err) == 0) assert(lb_ledger_verify(ledger, &err) == 0);
        if ((state.locked ? lb_ledger_amend : lb_ledger_lock)(ledger, &act, &err) == 0) assert(lb_ledger_verify(ledger, &err) == 0);
    }
    lb_arena_free(arena);
    return 0;
}

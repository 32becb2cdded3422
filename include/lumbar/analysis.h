/* What others may use of the analysis room beside its operations: the ledger of an analysis plan. */
#ifndef LUMBAR_ANALYSIS_H
#define LUMBAR_ANALYSIS_H

#include <lumbar/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The ledger of a plan is one JSON document: {"ledger", "plan", "entries": [{kind, when, by, plan_sha256, …, previous, hash}]}.
 *  Kinds: rehearsal, lock, amendment, final. Each entry carries the hash of the one before it and its own, so that nothing can be
 *  taken out or changed unseen; lock and amendment hold the text of the plan. All functions are pure: no clock, no file. */
typedef struct lb_ledger_act {
    const char *when;           /**< ISO 8601, UTC; required */
    const char *by;             /**< who: a name or code; required for lock and amendment */
    const char *reason;         /**< required for an amendment */
    lb_bytes plan;              /**< text of the plan */
    const lb_value *inputs;     /**< rehearsal, final: the tables, [{name, sha256, rows}] */
    const char *report_sha256;  /**< rehearsal, final */
    int64_t seed;               /**< rehearsal: of the shuffle */
    bool unblinded;             /**< amendment: arms were known when it was made */
    const uint8_t *key;         /**< 32 bytes: Ed25519 seed that signs the entry's hash; NULL: not signed by a key */
    const lb_value *signature;  /**< a signature made elsewhere (a study's electronic signature), copied in; or NULL */
} lb_ledger_act;

LB_API lb_value *lb_ledger_new(lb_arena *arena);
/** Parse and verify: hashes, chain, signatures, order of kinds. */
LB_API int lb_ledger_read(const lb_bytes *bytes, lb_arena *arena, lb_value **out, lb_error *err) LB_MUST_CHECK;
LB_API int lb_ledger_verify(const lb_value *ledger, lb_error *err) LB_MUST_CHECK;

/* Transitions: each appends an entry, or refuses with the reason. */
/** A run on shuffled arms: always allowed before the plan has been locked, and after it only with the locked plan. */
LB_API int lb_ledger_rehearse(lb_value *ledger, const lb_ledger_act *act, lb_error *err) LB_MUST_CHECK;
/** Refused when the plan is locked already. */
LB_API int lb_ledger_lock(lb_value *ledger, const lb_ledger_act *act, lb_error *err) LB_MUST_CHECK;
/** Refused when nothing is locked, when the plan is the same, without a reason, and unsigned after a signed lock. */
LB_API int lb_ledger_amend(lb_value *ledger, const lb_ledger_act *act, lb_error *err) LB_MUST_CHECK;
/** The run on the true arms: refused unless the plan is the one locked or last amended. */
LB_API int lb_ledger_final(lb_value *ledger, const lb_ledger_act *act, lb_error *err) LB_MUST_CHECK;
/** Would a final run of this plan be allowed? For a check before the work is done. */
LB_API int lb_ledger_may_run(const lb_value *ledger, const lb_bytes *plan, lb_error *err) LB_MUST_CHECK;

typedef struct lb_ledger_state {
    bool locked, changed;       /**< changed: the plan asked about is not the one in force */
    const char *sha256, *text;  /**< of the plan in force, or NULL */
    const char *by, *when;      /**< who locked it first */
    size_t rehearsals, amendments, finals;
    bool signed_by_key;
} lb_ledger_state;
LB_API void lb_ledger_state_of(const lb_value *ledger, const char *plan_sha256, lb_ledger_state *out);

#ifdef __cplusplus
}
#endif
#endif

/* Many blocks of one sequence: the key of its HMAC is made ready once, which is half the work of a block. */
#ifndef LUMBAR_TRIAL_RTSM_KEY_H
#define LUMBAR_TRIAL_RTSM_KEY_H

#include <lumbar/trial.h>

#include <nettle/hmac.h>

typedef struct rtsm_key {
    const lb_rtsm *rtsm;
    struct hmac_sha256_ctx begun;
} rtsm_key;

void rtsm_key_make(const lb_rtsm *rtsm, rtsm_key *out);
/** What lb_rtsm_draw() gives. */
void rtsm_key_draw(const rtsm_key *key, const char *stratum, uint32_t index, lb_rtsm_block *block);
/** As secret as the seed: wiped. */
void rtsm_key_forget(rtsm_key *key);
#endif

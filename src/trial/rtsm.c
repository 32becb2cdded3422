/* Randomisation by stratified permuted blocks of random size that anyone can replay once the seed is revealed: rtsm-v1.
 * The stream of a block is HMAC-SHA-256(seed, "lumbar-rtsm-v1|block|" stratum "|" u32be(block) "|" u32be(counter));
 * HMAC as in RFC 2104, the shuffle as in Knuth, TAOCP vol. 2, 3.4.2, algorithm P. */
#include "trial/rtsm_key.h"

#include <stdio.h>
#include <string.h>

typedef struct stream {
    const rtsm_key *key;
    const char *stratum;
    uint32_t block, counter;
    uint8_t bytes[32];
    unsigned used;
} stream;

static void big_endian(uint32_t value, uint8_t out[4])
{
    for (int i = 0; i < 4; i++) out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void refill(stream *s)
{
    static const char prefix[] = "lumbar-rtsm-v1|block|";
    uint8_t number[4];
    struct hmac_sha256_ctx hmac = s->key->begun;
    hmac_sha256_update(&hmac, sizeof prefix - 1, (const uint8_t *)prefix);
    hmac_sha256_update(&hmac, strlen(s->stratum), (const uint8_t *)s->stratum);
    hmac_sha256_update(&hmac, 1, (const uint8_t *)"|");
    big_endian(s->block, number);
    hmac_sha256_update(&hmac, sizeof number, number);
    hmac_sha256_update(&hmac, 1, (const uint8_t *)"|");
    big_endian(s->counter++, number);
    hmac_sha256_update(&hmac, sizeof number, number);
    hmac_sha256_digest(&hmac, sizeof s->bytes, s->bytes);
    explicit_bzero(&hmac, sizeof hmac);
    s->used = 0;
}

/* A number below n (n ≤ 256) without bias: bytes at or above the largest multiple of n are thrown away. */
static unsigned below(stream *s, unsigned n)
{
    for (;;) {
        if (s->used == sizeof s->bytes) refill(s);
        unsigned x = s->bytes[s->used++];
        if (x < 256 - 256 % n) return x % n;
    }
}

void rtsm_key_make(const lb_rtsm *rtsm, rtsm_key *out)
{
    out->rtsm = rtsm;
    hmac_sha256_set_key(&out->begun, sizeof rtsm->seed, rtsm->seed);
}

void rtsm_key_forget(rtsm_key *key) { explicit_bzero(key, sizeof *key); }

void rtsm_key_draw(const rtsm_key *key, const char *stratum, uint32_t index, lb_rtsm_block *block)
{
    const lb_rtsm *rtsm = key->rtsm;
    stream s = {.key = key, .stratum = stratum, .block = index};
    s.used = sizeof s.bytes;
    block->size = rtsm->size[below(&s, rtsm->size_count)];
    unsigned each = block->size / rtsm->arm_count;
    for (unsigned i = 0; i < block->size; i++) block->arm[i] = (uint8_t)(i / each);
    for (unsigned j = block->size - 1; j > 0; j--) {
        unsigned k = below(&s, j + 1);
        uint8_t held = block->arm[j];
        block->arm[j] = block->arm[k];
        block->arm[k] = held;
    }
    explicit_bzero(&s, sizeof s);
}

void lb_rtsm_draw(const lb_rtsm *rtsm, const char *stratum, uint32_t index, lb_rtsm_block *block)
{
    rtsm_key key;
    rtsm_key_make(rtsm, &key);
    rtsm_key_draw(&key, stratum, index, block);
    rtsm_key_forget(&key);
}

/* HMAC-SHA-256(seed, "lumbar-rtsm-v1|draw|" u32be(index)): the first 53 bits as a fraction. */
double lb_rtsm_uniform(const lb_rtsm *rtsm, uint32_t index)
{
    static const char prefix[] = "lumbar-rtsm-v1|draw|";
    uint8_t number[4], bytes[32];
    struct hmac_sha256_ctx hmac;
    big_endian(index, number);
    hmac_sha256_set_key(&hmac, sizeof rtsm->seed, rtsm->seed);
    hmac_sha256_update(&hmac, sizeof prefix - 1, (const uint8_t *)prefix);
    hmac_sha256_update(&hmac, sizeof number, number);
    hmac_sha256_digest(&hmac, sizeof bytes, bytes);
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) bits = bits << 8 | bytes[i];
    explicit_bzero(&hmac, sizeof hmac);
    explicit_bzero(bytes, sizeof bytes);
    return (double)(bits >> 11) * 0x1p-53;
}

void lb_rtsm_commitment(const lb_rtsm *rtsm, char hex[65])
{
    static const char prefix[] = "lumbar-rtsm-v1|commit|";
    uint8_t hash[SHA256_DIGEST_SIZE];
    struct sha256_ctx sha;
    sha256_init(&sha);
    sha256_update(&sha, sizeof prefix - 1, (const uint8_t *)prefix);
    sha256_update(&sha, strlen(rtsm->trial), (const uint8_t *)rtsm->trial);
    sha256_update(&sha, 1, (const uint8_t *)"|");
    sha256_update(&sha, sizeof rtsm->seed, rtsm->seed);
    sha256_digest(&sha, sizeof hash, hash);
    for (size_t i = 0; i < sizeof hash; i++) snprintf(hex + 2 * i, 3, "%02x", hash[i]);
}

int lb_rtsm_check(const lb_rtsm *rtsm, lb_error *err)
{
    if (rtsm->arm_count < 2 || rtsm->arm_count > LB_RTSM_ARMS)
        return lb_fail(err, LB_USAGE, "%u arms: randomisation needs 2 to %d", rtsm->arm_count, LB_RTSM_ARMS);
    for (unsigned i = 0; i < rtsm->arm_count; i++)
        for (unsigned j = 0; j < i; j++)
            if (strcmp(rtsm->arm[i], rtsm->arm[j]) == 0)
                return lb_fail(err, LB_USAGE, "the arm '%s' is named twice", rtsm->arm[i]);
    if (rtsm->size_count == 0 || rtsm->size_count > LB_RTSM_SIZES)
        return lb_fail(err, LB_USAGE, "%u block sizes: give 1 to %d", rtsm->size_count, LB_RTSM_SIZES);
    for (unsigned i = 0; i < rtsm->size_count; i++) {
        unsigned size = rtsm->size[i];
        if (size == 0 || size % rtsm->arm_count != 0 || size > LB_RTSM_BLOCK) {
            lb_fail(err, LB_USAGE, "a block of %u cannot be shared equally by %u arms", size, rtsm->arm_count);
            lb_error_hint(err, "use multiples of %u up to %d", rtsm->arm_count, LB_RTSM_BLOCK);
            return LB_USAGE;
        }
    }
    return LB_OK;
}

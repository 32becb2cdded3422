/* Randomisation by stratified permuted blocks of random size that anyone can replay once the seed is revealed: rtsm-v1.
 * The stream of a block is HMAC-SHA-256(seed, "lumbar-rtsm-v1|block|" stratum "|" u32be(block) "|" u32be(counter));
 * HMAC as in RFC 2104, the shuffle as in Knuth, TAOCP vol. 2, 3.4.2, algorithm P. */
#include <lumbar/trial.h>

#include <string.h>

#include <sodium.h>

typedef struct stream {
    const lb_rtsm *rtsm;
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
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, s->rtsm->seed, sizeof s->rtsm->seed);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)prefix, sizeof prefix - 1);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)s->stratum, strlen(s->stratum));
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)"|", 1);
    big_endian(s->block, number);
    crypto_auth_hmacsha256_update(&state, number, 4);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)"|", 1);
    big_endian(s->counter++, number);
    crypto_auth_hmacsha256_update(&state, number, 4);
    crypto_auth_hmacsha256_final(&state, s->bytes);
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

void lb_rtsm_draw(const lb_rtsm *rtsm, const char *stratum, uint32_t index, lb_rtsm_block *block)
{
    stream s = {.rtsm = rtsm, .stratum = stratum, .block = index};
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
    sodium_memzero(&s, sizeof s);
}

/* HMAC-SHA-256(seed, "lumbar-rtsm-v1|draw|" u32be(index)): the first 53 bits as a fraction. */
double lb_rtsm_uniform(const lb_rtsm *rtsm, uint32_t index)
{
    static const char prefix[] = "lumbar-rtsm-v1|draw|";
    uint8_t number[4], bytes[32];
    crypto_auth_hmacsha256_state state;
    big_endian(index, number);
    crypto_auth_hmacsha256_init(&state, rtsm->seed, sizeof rtsm->seed);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)prefix, sizeof prefix - 1);
    crypto_auth_hmacsha256_update(&state, number, 4);
    crypto_auth_hmacsha256_final(&state, bytes);
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) bits = bits << 8 | bytes[i];
    sodium_memzero(&state, sizeof state);
    sodium_memzero(bytes, sizeof bytes);
    return (double)(bits >> 11) * 0x1p-53;
}

void lb_rtsm_commitment(const lb_rtsm *rtsm, char hex[65])
{
    static const char prefix[] = "lumbar-rtsm-v1|commit|";
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)prefix, sizeof prefix - 1);
    crypto_hash_sha256_update(&state, (const uint8_t *)rtsm->trial, strlen(rtsm->trial));
    crypto_hash_sha256_update(&state, (const uint8_t *)"|", 1);
    crypto_hash_sha256_update(&state, rtsm->seed, sizeof rtsm->seed);
    crypto_hash_sha256_final(&state, hash);
    sodium_bin2hex(hex, 65, hash, sizeof hash);
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

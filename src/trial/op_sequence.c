/* randomise sequence: the allocations that a seed fixes, and the commitment that was published for it. */
#include "trial/ops.h"

#include <math.h>
#include <string.h>

int trial_rtsm_of_call(lb_call *call, lb_rtsm *rtsm, lb_error *err)
{
    const char *seed = lb_call_text(call, "seed");
    const double *size;
    const char *const *arm;
    *rtsm = (lb_rtsm){.trial = lb_call_text(call, "trial")};
    if (strlen(seed) != 64 || !lb_hex_bytes(seed, rtsm->seed, sizeof rtsm->seed)) {
        lb_fail(err, LB_USAGE, "the seed is not 64 hexadecimal digits but %zu characters", strlen(seed));
        lb_error_where(err, "--seed");
        lb_error_hint(err, "give the 32 bytes of the revealed seed as hexadecimal text");
        return LB_USAGE;
    }
    size_t sizes = lb_call_numbers(call, "blocks", &size), arms = lb_call_texts(call, "arms", &arm);
    if (sizes > LB_RTSM_SIZES || arms > LB_RTSM_ARMS)
        return lb_fail(err, LB_USAGE, "at most %d block sizes and %d arms", LB_RTSM_SIZES, LB_RTSM_ARMS);
    for (size_t i = 0; i < sizes; i++) {
        if (!(size[i] >= 2 && size[i] <= LB_RTSM_BLOCK) || floor(size[i]) != size[i])
            return lb_fail(err, LB_USAGE, "%g is no block size: give whole numbers from 2 to %d", size[i], LB_RTSM_BLOCK);
        rtsm->size[rtsm->size_count++] = (unsigned)size[i];
    }
    for (size_t i = 0; i < arms; i++) rtsm->arm[rtsm->arm_count++] = arm[i];
    return lb_rtsm_check(rtsm, err);
}

/* One stratum: n rows, and its sequence as text (arms of one letter side by side, longer names with spaces). */
static void fill_stratum(const lb_rtsm *rtsm, const char *name, int64_t n, lb_value *rows, lb_value *strata)
{
    lb_buf sequence = {0}, sizes = {0};
    bool letters = true;
    for (unsigned k = 0; k < rtsm->arm_count; k++) letters &= strlen(rtsm->arm[k]) == 1;
    int64_t slot = 0;
    for (uint32_t b = 0; slot < n; b++) {
        lb_rtsm_block block;
        lb_rtsm_draw(rtsm, name, b, &block);
        lb_buf_printf(&sizes, "%s%u", b ? "," : "", block.size);
        for (unsigned i = 0; i < block.size && slot < n; i++) {
            const char *arm = rtsm->arm[block.arm[i]];
            lb_value *row = lb_push_object(rows);
            lb_set_text(row, "stratum", name);
            lb_set_int(row, "slot", ++slot);
            lb_set_text(row, "arm", arm);
            lb_set_int(row, "block", b);
            lb_set_int(row, "position", i + 1);
            lb_set_int(row, "block_size", block.size);
            lb_buf_printf(&sequence, "%s%s", letters || slot == 1 ? "" : " ", arm);
        }
    }
    lb_value *one = lb_push_object(strata);
    lb_set_text(one, "stratum", name);
    lb_set_text(one, "sequence", sequence.data ? sequence.data : "");
    lb_set_text(one, "blocks", sizes.data ? sizes.data : "");
    lb_buf_free(&sequence);
    lb_buf_free(&sizes);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_rtsm rtsm;
    int code = trial_rtsm_of_call(call, &rtsm, err);
    if (code != LB_OK) return code;
    const char *const *stratum;
    size_t strata = lb_call_texts(call, "stratum", &stratum);
    int64_t n = lb_call_int(call, "n");
    if ((uint64_t)n * strata > 1000000)
        return lb_fail(err, LB_TOO_LARGE, "%lld allocations in %zu strata: at most 1000000 in one answer", (long long)n, strata);
    char commitment[65];
    lb_rtsm_commitment(&rtsm, commitment);
    lb_set_text(result->results, "commitment", commitment);
    lb_value *sequences = lb_set_array(result->results, "strata");
    lb_value *rows = lb_set_array(result->results, "allocations");
    for (size_t i = 0; i < strata; i++) fill_stratum(&rtsm, stratum[i], n, rows, sequences);
    lb_result_note(result, "Generator rtsm-v1: permuted blocks, sizes with equal chance, HMAC-SHA-256 stream per stratum and "
                           "block. Slots count from 1, blocks from 0. Whoever holds the seed reads ahead: use it after lock.");
    return LB_OK;
}

static const lb_param params[] = {
    TRIAL_PARAM_RTSM,
    {"stratum", LB_P_TEXTS, LB_REQUIRED, "stratum or strata, such as C01/F", NULL, NULL, 0, 0, NULL},
    {"n", LB_P_INT, 0, "allocations per stratum", "40", NULL, 1, 1000000, NULL},
};

const lb_op trial_op_sequence = {
    .area = "randomise",
    .verb = "sequence",
    .summary = "the allocations that a seed fixes",
    .description =
        "Stratified permuted blocks of random size by rtsm-v1, Lumbar's verifiable generator: the stream of a block is "
        "HMAC-SHA-256 of the seed over trial-independent text, stratum, block and counter (RFC 2104); sizes and the Fisher-Yates "
        "shuffle take bytes by rejection, so nothing is biased. The commitment SHA-256(\"lumbar-rtsm-v1|commit|\" trial \"|\" "
        "seed) is published when the trial is activated and the seed after lock; then anyone can recompute every allocation.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar randomise sequence --trial METNLBP --seed "
               "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f --stratum C01/F --n 12",
};

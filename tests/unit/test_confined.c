/* Decoding in a child: the same answers and the same refusals as in this process; a decoder that runs wild is stopped. */
#include <signal.h>
#include <unistd.h>

#include "dicom_write.h"
#include "muscle/emg/recording.h"
#include "muscle/files/files.h"
#include "server/confined.h"

static lb_confined limits(void)
{
    lb_confined l = LB_CONFINED_INIT;
    l.program = LUMBAR_TEST_BINARY;
    return l;
}

static void same_as_here(lb_bytes *file, size_t files, lb_arena *arena)
{
    lb_confined l = limits();
    lb_image_request request = LB_IMAGE_REQUEST_INIT;
    lb_image *here, *there;
    size_t count_here, count_there;
    lb_error err_here = LB_ERROR_INIT, err_there = LB_ERROR_INIT;
    request.file = file;
    request.files = files;
    int code = lb_images_read(NULL, &request, arena, &here, &count_here, &err_here);
    int other = lb_confined_read(&l, &request, arena, &there, &count_there, &err_there);
    if (code != other) fail_msg("here %d (%s), there %d (%s)", code, err_here.message, other, err_there.message);
    assert_int_equal(count_here, count_there);
    assert_string_equal(err_here.message, err_there.message);
    assert_string_equal(err_here.hint, err_there.hint);
    for (size_t i = 0; i < count_here; i++) {
        const lb_volume *a = here[i].volume, *b = there[i].volume;
        assert_memory_equal(a->size, b->size, sizeof a->size);
        assert_memory_equal(a->spacing_mm, b->spacing_mm, sizeof a->spacing_mm);
        assert_memory_equal(a->direction, b->direction, sizeof a->direction);
        assert_memory_equal(a->origin_mm, b->origin_mm, sizeof a->origin_mm);
        assert_int_equal(a->type, b->type);
        assert_memory_equal(a->voxels, b->voxels, lb_volume_count(a) * lb_voxel_size(a->type));
        assert_int_equal(a->segment_count, b->segment_count);
        for (size_t s = 0; s < a->segment_count; s++) assert_string_equal(a->segment[s].name, b->segment[s].name);
        assert_int_equal(a->layers, b->layers);
        for (size_t k = 0; k < a->layers; k++) assert_memory_equal(a->layer[k]->voxels, b->layer[k]->voxels, lb_volume_count(a));
        assert_int_equal(a->warning_count, b->warning_count);
    }
}

static void answers_are_the_same(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    static const char *const names[] = {"reference/muscle/phantom_mask.seg.nrrd", "reference/muscle/phantom_water.nii.gz", "reference/README.md"};
    for (size_t n = 0; n < LB_COUNT(names); n++) {
        lb_bytes bytes;
        assert_int_equal(lb_file_read(lb_arena_printf(arena, "%s/%s", LUMBAR_TEST_SOURCE, names[n]), 0, arena, &bytes, &err), LB_OK);
        same_as_here(&bytes, 1, arena);
    }
    static const char *const shared[] = {"seg/slicer/SegmentationOverlapping.seg.nrrd", "dicom/transfer_syntaxes/4.dcm", "dicom/transfer_syntaxes/5.dcm",
                                         "dicom/pydicom/emri_small_big_endian.dcm", "seg/dicom_seg/partial_overlaps.dcm"};
    for (size_t n = 0; n < LB_COUNT(shared) && shared_data("dicom/README.md"); n++) {
        lb_bytes bytes;
        assert_int_equal(lb_file_read(shared_data(shared[n]), 0, arena, &bytes, &err), LB_OK);
        same_as_here(&bytes, 1, arena);
        bytes.length /= 2;
        same_as_here(&bytes, 1, arena);
    }
    uint16_t pixel[20] = {1, 2, 3};
    lb_bytes file[2];
    slice one = {4, 5, false, "0\\0\\0", "1\\0\\0\\0\\1\\0", "1\\2", "2", "1", 1, pixel, sizeof pixel, false};
    file[0] = mr_file(arena, &one);
    one.position = "0\\0\\4", one.number = 2;
    file[1] = mr_file(arena, &one);
    same_as_here(file, 2, arena);
    lb_arena_free(arena);
}

static void recordings_are_the_same(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_confined l = limits();
    static const char *const names[] = {"fuzz/seeds/edf/edf", "fuzz/seeds/edf/bdf", "reference/muscle/emg.csv", "reference/muscle/phantom_water.nii.gz"};
    for (size_t n = 0; n < LB_COUNT(names); n++)
        for (int cut = 0; cut < 2; cut++) {
            lb_error err_here = LB_ERROR_INIT, err_there = LB_ERROR_INIT;
            lb_recording *here, *there;
            lb_bytes bytes;
            assert_int_equal(lb_file_read(lb_arena_printf(arena, "%s/%s", LUMBAR_TEST_SOURCE, names[n]), 0, arena, &bytes, &err_here), LB_OK);
            if (cut) bytes.length -= 5;
            int code = lb_recording_read(NULL, &bytes, 1000, arena, &here, &err_here), other = lb_confined_recording(&l, &bytes, 1000, arena, &there, &err_there);
            if (code != other) fail_msg("%s: here %d (%s), there %d (%s)", names[n], code, err_here.message, other, err_there.message);
            assert_string_equal(err_here.message, err_there.message);
            assert_string_equal(err_here.where, err_there.where);
            if (n < 2) assert_int_equal(code == LB_OK, !cut);
            if (code) continue;
            assert_string_equal(here->format, there->format);
            assert_int_equal(here->channels, there->channels);
            assert_true(n == 3 || here->channels > 0);
            for (size_t c = 0; c < here->channels; c++) {
                const lb_channel *a = &here->channel[c], *b = &there->channel[c];
                assert_string_equal(a->name, b->name);
                assert_string_equal(a->unit, b->unit);
                assert_int_equal(a->samples, b->samples);
                assert_memory_equal(&a->rate_hz, &b->rate_hz, sizeof a->rate_hz);
                assert_memory_equal(a->sample, b->sample, a->samples * sizeof(double));
            }
        }
    lb_arena_free(arena);
}

/* What comes back is not trusted: every truncation and every flipped byte of an answer is survived. */
static void nonsense_is_survived(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    size_t size[3] = {3, 2, 2}, count;
    lb_volume *v = lb_volume_new(arena, size, LB_U8);
    lb_segment segment = {"psoas", 1, 0};
    v->segment = &segment;
    v->segment_count = 1;
    v->name = "x";
    lb_image image = {.volume = v, .series = 3, .part = 1, .description = "water"}, *back;
    lb_buf out = {0};
    lb_confined_pack_answer(LB_OK, &err, &image, 1, &out);
    lb_bytes bytes = {(uint8_t *)out.data, out.length, "answer"};
    assert_int_equal(lb_confined_unpack_answer(&bytes, arena, &back, &count, &err), LB_OK);
    assert_string_equal(back[0].volume->segment[0].name, "psoas");
    for (size_t length = 0; length < out.length; length++) {
        bytes.length = length;
        assert_int_equal(lb_confined_unpack_answer(&bytes, arena, &back, &count, &err), LB_FAILED);
    }
    bytes.length = out.length;
    for (size_t i = 0; i < out.length; i++) {
        out.data[i] ^= 0x81;
        (void)!lb_confined_unpack_answer(&bytes, arena, &back, &count, &err);
        out.data[i] ^= 0x81;
    }
    lb_buf_free(&out);
    double sample[3] = {1, 2, 3};
    lb_channel channel = {.name = "left", .unit = "uV", .rate_hz = 1000, .sample = sample, .samples = 3};
    const char *warning = "odd";
    lb_recording recording = {.format = "EDF", .channel = &channel, .channels = 1, .seconds = 3, .warning = &warning, .warnings = 1}, *again;
    out = (lb_buf){0};
    lb_confined_pack_channels(LB_OK, &err, &recording, &out);
    bytes = (lb_bytes){(uint8_t *)out.data, out.length, "answer"};
    assert_int_equal(lb_confined_unpack_channels(&bytes, arena, &again, &err), LB_OK);
    assert_memory_equal(again->channel[0].sample, sample, sizeof sample);
    assert_string_equal(again->warning[0], "odd");
    for (bytes.length = 0; bytes.length < out.length; bytes.length++) assert_int_equal(lb_confined_unpack_channels(&bytes, arena, &again, &err), LB_FAILED);
    for (size_t i = 0; i < out.length; i++) {
        out.data[i] ^= 0x81;
        (void)!lb_confined_unpack_channels(&bytes, arena, &again, &err);
        out.data[i] ^= 0x81;
    }
    lb_buf_free(&out);
    lb_arena_free(arena);
}

static int runs_forever(void *context, const lb_image_request *request, lb_arena *arena, lb_image **out, size_t *count, lb_error *err)
{
    (void)context, (void)request, (void)arena, (void)out, (void)count, (void)err;
    for (volatile int i = 0; i >= 0; i = (i + 1) & 0xffff) {}
    return LB_FAILED;
}
static int starts_a_process(void *context, const lb_image_request *request, lb_arena *arena, lb_image **out, size_t *count, lb_error *err)
{
    (void)context, (void)request, (void)arena, (void)out, (void)err;
    *count = 0;
    return fork() >= 0 ? LB_OK : LB_FAILED; /* a call that is not allowed: this process ends here */
}

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* The child's side with a reader that misbehaves, in a fork of this test. */
static int fate(lb_image_reader reader)
{
    lb_buf packed = {0};
    lb_bytes none = {(const uint8_t *)"x", 1, "x"};
    lb_image_request request = LB_IMAGE_REQUEST_INIT;
    request.file = &none;
    request.files = 1;
    lb_confined_pack_request(&request, &packed);
    int input = memfd_create("in", 0), status = 0;
    assert_int_equal(write(input, packed.data, packed.length), packed.length);
    lb_buf_free(&packed);
    pid_t child = fork();
    if (child == 0) {
        dup2(input, 0);
        _exit(lb_confined_child(reader, 1, (size_t)1 << 30));
    }
    waitpid(child, &status, 0);
    close(input);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void runaways_are_stopped(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* sanitizers need calls of their own */
#endif
    int stopped = fate(runs_forever);
    assert_true(stopped == SIGXCPU || stopped == SIGKILL || stopped == SIGALRM);
    assert_int_equal(fate(starts_a_process), SIGSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_are_the_same), cmocka_unit_test(recordings_are_the_same),
                                       cmocka_unit_test(nonsense_is_survived), cmocka_unit_test(runaways_are_stopped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

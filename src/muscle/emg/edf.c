/* EDF and BDF recordings through EDFlib. The library opens files by name: the bytes are handed to it as a file in memory.
 * Its list of open files is shared, so one recording is read at a time. Format: Kemp and Olivan 2003,
 * doi:10.1016/S1388-2457(03)00123-8 (EDF+). */
#include <edflib.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "muscle/emg/recording.h"

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

bool lb_edf_looks_like(const lb_bytes *bytes)
{
    if (bytes->length < 256) return false;
    return memcmp(bytes->data, "0       ", 8) == 0 || memcmp(bytes->data, "\xff""BIOSEMI", 8) == 0;
}

static int refuse(const lb_bytes *bytes, int reason, lb_error *err)
{
    const char *name = bytes->name ? bytes->name : "recording";
    if (reason == EDFLIB_FILE_IS_DISCONTINUOUS) {
        lb_fail(err, LB_BAD_DATA, "the recording has breaks (EDF+D): a slope over time cannot be computed across them");
        lb_error_hint(err, "export the endurance test as one continuous recording");
    } else if (reason == EDFLIB_MALLOC_ERROR) {
        lb_fail(err, LB_NO_MEMORY, "not enough memory for the recording");
    } else {
        lb_fail(err, LB_BAD_DATA, "the header of the recording contradicts itself or the length of the file (%zu bytes)", bytes->length);
        lb_error_hint(err, "copy the file from the recorder again, or export it as CSV");
    }
    lb_error_where(err, "%s", name);
    return err ? err->code : LB_BAD_DATA;
}

static const char *trimmed(lb_arena *arena, const char *text)
{
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == ' ') length--;
    char *copy = lb_arena_textn(arena, text, length);
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~') *c = '?';
    return copy;
}

static int read_channel(int handle, int signal, const struct edf_hdr_struct *header, const lb_bytes *bytes, lb_arena *arena, lb_channel *out,
                        lb_error *err)
{
    const struct edf_param_struct *p = &header->signalparam[signal];
    double seconds = (double)header->datarecord_duration / EDFLIB_TIME_DIMENSION;
    /* A sample takes two bytes at least: more of them than that is a lie. */
    if (p->smp_in_file < 0 || (size_t)p->smp_in_file > bytes->length / 2 || p->smp_in_datarecord < 1 || !(seconds > 0))
        return refuse(bytes, 0, err);
    *out = (lb_channel){.name = trimmed(arena, p->label), .unit = trimmed(arena, p->physdimension), .samples = (size_t)p->smp_in_file,
                        .rate_hz = p->smp_in_datarecord / seconds, .lowest = fmin(p->phys_min, p->phys_max), .highest = fmax(p->phys_min, p->phys_max)};
    out->sample = lb_arena_try(arena, out->samples + 1, sizeof(double));
    if (!out->sample) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the recording");
    size_t got = 0;
    while (got < out->samples) {
        int want = out->samples - got > 1000000 ? 1000000 : (int)(out->samples - got);
        int now = edfread_physical_samples(handle, signal, want, out->sample + got);
        if (now <= 0) break;
        got += (size_t)now;
    }
    if (got < out->samples) {
        lb_fail(err, LB_BAD_DATA, "channel %s ends after %zu of %zu samples", out->name, got, out->samples);
        lb_error_where(err, "%s", bytes->name ? bytes->name : "recording");
        lb_error_hint(err, "the file is cut short; copy it from the recorder again");
        return LB_BAD_DATA;
    }
    return LB_OK;
}

static int read_open(int handle, const struct edf_hdr_struct *header, const lb_bytes *bytes, lb_arena *arena, lb_recording *out, lb_error *err)
{
    static const char *const formats[] = {"EDF", "EDF+", "BDF", "BDF+"};
    out->format = header->filetype >= 0 && header->filetype < 4 ? formats[header->filetype] : "EDF";
    out->seconds = (double)header->file_duration / EDFLIB_TIME_DIMENSION;
    out->channel = lb_arena_array(arena, (size_t)header->edfsignals + 1, sizeof *out->channel);
    for (int signal = 0; signal < header->edfsignals; signal++) {
        int status = read_channel(handle, signal, header, bytes, arena, &out->channel[out->channels], err);
        if (status != LB_OK) return status;
        out->channels++;
    }
    return LB_OK;
}

int lb_edf_read(const lb_bytes *bytes, lb_arena *arena, lb_recording **out, lb_error *err)
{
    struct edf_hdr_struct *header = lb_arena_alloc(arena, sizeof *header);
    char path[64];
    *out = lb_arena_alloc(arena, sizeof **out);
    int fd = memfd_create("recording", MFD_CLOEXEC), status = LB_OK;
    size_t done = 0;
    while (fd >= 0 && done < bytes->length) {
        ssize_t now = write(fd, bytes->data + done, bytes->length - done);
        if (now <= 0) break;
        done += (size_t)now;
    }
    if (fd < 0 || done < bytes->length) {
        if (fd >= 0) close(fd);
        return lb_fail(err, LB_NO_MEMORY, "not enough memory for the recording");
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    pthread_mutex_lock(&one_at_a_time);
    if (edfopen_file_readonly(path, header, EDFLIB_DO_NOT_READ_ANNOTATIONS) == 0) {
        status = read_open(header->handle, header, bytes, arena, *out, err);
        edfclose_file(header->handle);
    } else {
        status = refuse(bytes, header->filetype, err);
    }
    pthread_mutex_unlock(&one_at_a_time);
    close(fd);
    return status;
}

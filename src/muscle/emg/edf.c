/* EDF and BDF recordings, from memory: EDFlib opens named files only, and the process that decodes uploads can open none.
 * Formats: Kemp et al. 1992, doi:10.1016/0013-4694(92)90009-7 (EDF); Kemp and Olivan 2003, doi:10.1016/S1388-2457(03)00123-8
 * (EDF+); BioSemi's BDF has samples of 24 bits. EDFlib is the witness in the tests. */
#include <math.h>
#include <string.h>

#include "muscle/emg/recording.h"

enum { FIXED = 256, PER_SIGNAL = 256, MOST_SIGNALS = 640 };

typedef struct signal_header {
    const char *name, *unit;
    double low, high;               /* physical */
    int64_t digital_low, digital_high;
    size_t samples;                 /* of a data record */
    size_t at;                      /* first byte inside a data record */
    bool annotations;
} signal_header;

typedef struct edf {
    const lb_bytes *bytes;
    const char *word;               /* "EDF", "BDF" */
    bool plus, broken;              /* EDF+; with breaks */
    size_t width, signals, header, records, record_bytes;
    double record_s;
    signal_header *signal;
} edf;

bool lb_edf_looks_like(const lb_bytes *bytes)
{
    if (bytes->length < FIXED) return false;
    return memcmp(bytes->data, "0       ", 8) == 0 || memcmp(bytes->data, "\xff""BIOSEMI", 8) == 0;
}

static int refuse(const edf *e, const char *hint, lb_error *err)
{
    lb_error_where(err, "%s", e->bytes->name ? e->bytes->name : "recording");
    lb_error_hint(err, "%s", hint);
    return LB_BAD_DATA;
}
static const char again[] = "copy the file from the recorder again, or export it as CSV";

/* A field of the header as text, blanks at its end taken off; what is not ASCII becomes '?'. */
static const char *field(const edf *e, size_t at, size_t length, lb_arena *arena)
{
    const char *text = (const char *)e->bytes->data + at;
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\0')) length--;
    char *copy = lb_arena_textn(arena, text, length);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)copy[i] < ' ' || (unsigned char)copy[i] > '~') copy[i] = '?';
    return copy;
}

static int number(const edf *e, size_t at, size_t length, const char *what, lb_arena *arena, double *out, lb_error *err)
{
    const char *text = field(e, at, length, arena);
    while (*text == ' ') text++;
    if (lb_text_number(text, strlen(text), out) && isfinite(*out)) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "%s in the header is \"%s\", which is no number", what, text);
    return refuse(e, again, err);
}

static int whole(const edf *e, size_t at, size_t length, const char *what, lb_arena *arena, int64_t least, int64_t most, int64_t *out, lb_error *err)
{
    double value;
    int code = number(e, at, length, what, arena, &value, err);
    if (code) return code;
    if (value == floor(value) && value >= (double)least && value <= (double)most) {
        *out = (int64_t)value;
        return LB_OK;
    }
    lb_fail(err, LB_BAD_DATA, "%s is %.10g in the header; it can be %lld to %lld", what, value, (long long)least, (long long)most);
    return refuse(e, again, err);
}

static int read_fixed(edf *e, lb_arena *arena, lb_error *err)
{
    int64_t header = 0, records = 0, signals = 0;
    bool bdf = e->bytes->data[0] == 0xff;
    const char *kind = field(e, 192, 44, arena);
    e->word = bdf ? "BDF" : "EDF";
    e->width = bdf ? 3 : 2;
    e->plus = lb_text_starts(kind, bdf ? "BDF+" : "EDF+");
    e->broken = e->plus && kind[4] == 'D';
    if (e->broken) {
        lb_fail(err, LB_BAD_DATA, "the recording has breaks (%s+D): a slope over time cannot be computed across them", e->word);
        return refuse(e, "export the endurance test as one continuous recording", err);
    }
    int code = whole(e, 252, 4, "the number of signals", arena, 1, MOST_SIGNALS, &signals, err);
    if (!code) code = whole(e, 184, 8, "the length of the header", arena, FIXED, FIXED + PER_SIGNAL * MOST_SIGNALS, &header, err);
    if (!code) code = whole(e, 236, 8, "the number of data records", arena, -1, 99999999, &records, err);
    if (!code) code = number(e, 244, 8, "the duration of a data record", arena, &e->record_s, err);
    if (code) return code;
    e->signals = (size_t)signals;
    e->header = FIXED + PER_SIGNAL * e->signals;
    if ((size_t)header != e->header || e->bytes->length < e->header) {
        lb_fail(err, LB_BAD_DATA, "%lld signals need a header of %zu bytes; the file says %lld and has %zu", (long long)signals, e->header, (long long)header,
                e->bytes->length);
        return refuse(e, again, err);
    }
    if (records < 1) {
        lb_fail(err, LB_BAD_DATA, records < 0 ? "the recording was not closed: the number of data records is unknown" : "the recording holds no data records");
        return refuse(e, "end the recording on the recorder, or repair the file with its software", err);
    }
    if (!(e->record_s > 0)) {
        lb_fail(err, LB_BAD_DATA, "a data record lasts %.6g s: the sampling rate is not known", e->record_s);
        return refuse(e, again, err);
    }
    e->records = (size_t)records;
    return LB_OK;
}

static int read_signal(edf *e, size_t s, lb_arena *arena, lb_error *err)
{
    signal_header *to = &e->signal[s];
    size_t n = e->signals;
    int64_t samples = 0, limit = e->width == 3 ? 8388607 : 32767;
    to->name = field(e, FIXED + 16 * s, 16, arena);
    to->unit = field(e, FIXED + 96 * n + 8 * s, 8, arena);
    to->annotations = e->plus && lb_text_ends(to->name, " Annotations") && strlen(to->name) == 15;
    const char *of = lb_arena_printf(arena, "of channel %s", to->name);
    int code = whole(e, FIXED + 216 * n + 8 * s, 8, lb_arena_printf(arena, "the number of samples %s", of), arena, 1, 100000000, &samples, err);
    to->samples = (size_t)samples;
    if (code || to->annotations) return code;
    code = number(e, FIXED + 104 * n + 8 * s, 8, lb_arena_printf(arena, "the physical minimum %s", of), arena, &to->low, err);
    if (!code) code = number(e, FIXED + 112 * n + 8 * s, 8, lb_arena_printf(arena, "the physical maximum %s", of), arena, &to->high, err);
    if (!code) code = whole(e, FIXED + 120 * n + 8 * s, 8, lb_arena_printf(arena, "the digital minimum %s", of), arena, -limit - 1, limit, &to->digital_low, err);
    if (!code) code = whole(e, FIXED + 128 * n + 8 * s, 8, lb_arena_printf(arena, "the digital maximum %s", of), arena, -limit - 1, limit, &to->digital_high, err);
    if (!code && (to->low == to->high || to->digital_low >= to->digital_high)) {
        lb_fail(err, LB_BAD_DATA, "channel %s has no range: physical %.6g to %.6g, digital %lld to %lld", to->name, to->low, to->high, (long long)to->digital_low,
                (long long)to->digital_high);
        code = refuse(e, again, err);
    }
    return code;
}

/* Do the counts of the header make the length of the file? */
static int check_length(const edf *e, lb_error *err)
{
    size_t there = e->bytes->length - e->header;
    if (there % e->record_bytes == 0 && there / e->record_bytes == e->records) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "the header claims %zu data records of %zu bytes; the file holds %zu and %zu bytes more", e->records, e->record_bytes,
            there / e->record_bytes, there % e->record_bytes);
    return refuse(e, there / e->record_bytes < e->records ? "the file is cut short; copy it from the recorder again" : again, err);
}

static int64_t sample_at(const uint8_t *p, size_t width)
{
    uint32_t raw = (uint32_t)p[0] | (uint32_t)p[1] << 8;
    if (width == 2) return (int16_t)(uint16_t)raw;
    raw |= (uint32_t)p[2] << 16;
    return raw & 0x800000U ? (int64_t)raw - 0x1000000 : (int64_t)raw;
}

static int read_samples(const edf *e, const signal_header *s, lb_arena *arena, lb_channel *out, size_t *beyond, lb_error *err)
{
    double per_step = (s->high - s->low) / (double)(s->digital_high - s->digital_low);
    *out = (lb_channel){.name = s->name, .unit = s->unit, .samples = e->records * s->samples, .rate_hz = (double)s->samples / e->record_s,
                        .lowest = fmin(s->low, s->high), .highest = fmax(s->low, s->high)};
    out->sample = lb_arena_try(arena, out->samples + 1, sizeof(double));
    if (!out->sample) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the recording");
    for (size_t r = 0, n = 0; r < e->records; r++) {
        const uint8_t *from = e->bytes->data + e->header + r * e->record_bytes + s->at;
        for (size_t i = 0; i < s->samples; i++, n++) {
            int64_t digital = sample_at(from + i * e->width, e->width);
            *beyond += digital < s->digital_low || digital > s->digital_high;
            out->sample[n] = s->low + (double)(digital - s->digital_low) * per_step;
        }
    }
    return LB_OK;
}

static int read_all(edf *e, lb_arena *arena, lb_recording *out, lb_error *err)
{
    e->signal = lb_arena_array(arena, e->signals, sizeof *e->signal);
    for (size_t s = 0; s < e->signals; s++) {
        int code = read_signal(e, s, arena, err);
        if (code) return code;
        e->signal[s].at = e->record_bytes;
        e->record_bytes += e->signal[s].samples * e->width;
    }
    int code = check_length(e, err);
    if (code) return code;
    out->format = e->plus ? lb_arena_printf(arena, "%s+", e->word) : e->word;
    out->seconds = (double)e->records * e->record_s;
    out->channel = lb_arena_array(arena, e->signals, sizeof *out->channel);
    out->warning = lb_arena_array(arena, e->signals, sizeof *out->warning);
    for (size_t s = 0; s < e->signals && !code; s++) {
        size_t beyond = 0;
        if (e->signal[s].annotations) continue;
        code = read_samples(e, &e->signal[s], arena, &out->channel[out->channels++], &beyond, err);
        if (beyond)
            out->warning[out->warnings++] = lb_arena_printf(arena, "channel %s: %zu samples lie outside the digital range %lld to %lld of its header", e->signal[s].name,
                                                            beyond, (long long)e->signal[s].digital_low, (long long)e->signal[s].digital_high);
    }
    return code;
}

int lb_edf_read(const lb_bytes *bytes, lb_arena *arena, lb_recording **out, lb_error *err)
{
    edf e = {.bytes = bytes};
    *out = lb_arena_alloc(arena, sizeof **out);
    int code = read_fixed(&e, arena, err);
    return code ? code : read_all(&e, arena, *out, err);
}

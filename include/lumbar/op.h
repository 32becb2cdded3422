/* The operation registry. An operation is declared once, with typed parameters; the command line, its help, the man
 * pages, the shell completion, the HTTP face and the forms in the browser are derived from the declaration.
 * An operation is pure: it never opens a path, prints or exits. */
#ifndef LUMBAR_OP_H
#define LUMBAR_OP_H

#include <lumbar/result.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum lb_param_type {
    LB_P_FLAG,     /* --quiet */
    LB_P_INT,
    LB_P_NUMBER,
    LB_P_NUMBERS,  /* comma list of numbers */
    LB_P_TEXT,
    LB_P_TEXTS,    /* comma list of words */
    LB_P_CHOICE,   /* one of `choices` */
    LB_P_CHOICES,  /* comma list of them */
    LB_P_COLUMN,   /* a column of the table parameter `of` (default: the first table) */
    LB_P_COLUMNS,
    LB_P_FORMULA,
    /* data: bound to files by the command line, to uploads or a study's snapshot over HTTP */
    LB_P_TABLE,    /* CSV */
    LB_P_TABLES,   /* several, each NAME=FILE or FILE (its stem is the name) */
    LB_P_VOLUME,   /* NIfTI, NRRD, DICOM: a file, or the files of a folder or zip bundle */
    LB_P_DOCUMENT, /* YAML, JSON or other text, as bytes */
    LB_P_SOURCE    /* a folder on the command line, a bundle over HTTP */
} lb_param_type;

enum {
    LB_REQUIRED = 1,
    LB_POSITIONAL = 2, /**< may be given without its name, in the order declared */
    LB_ADVANCED = 4,   /**< folded away in forms */
    LB_OUTPUT = 8,     /**< names a file to write: command line only, hidden over HTTP */
    LB_MAY_BE_EMPTY = 16 /**< a table of headings alone is an answer, too (nothing has happened yet): it is said, not refused */
};

typedef struct lb_param {
    const char *name;    /**< as on the command line, without dashes: "margin" */
    lb_param_type type;
    unsigned flags;
    const char *summary; /**< one line, lower case */
    const char *preset;  /**< default as text, or NULL */
    const char *choices; /**< comma list */
    double min, max;     /**< inclusive; both 0 = unbounded */
    const char *of;      /**< LB_P_COLUMN(S): which table parameter */
} lb_param;

struct lb_image_request;
struct lb_image;
struct lb_recording;
typedef struct lb_call lb_call;
typedef struct lb_registry lb_registry;

/** Further inputs an operation names itself (plan, review, batch): a folder, an upload bundle, a study. */
typedef struct lb_source {
    /** Bytes of `name` (relative, no ".."), valid while the arena lives. */
    int (*read)(void *context, const char *name, lb_arena *arena, lb_bytes *out, lb_error *err);
    void *context;
    /** All files below the folder `name`, by name; *count is 0 when it is no folder. NULL: there are no folders here. */
    int (*files)(void *context, const char *name, lb_arena *arena, lb_bytes **out, size_t *count, lb_error *err);
} lb_source;

/** Finished rows of long work, kept outside the operation so that it can go on after a break. */
typedef struct lb_journal {
    const lb_value *earlier; /**< array of rows an earlier run finished, or NULL */
    void (*add)(void *context, const lb_value *row); /**< one row is finished; several threads may say so at a time */
    void *context;
} lb_journal;

typedef struct lb_op {
    const char *area, *verb; /**< "meta", "fit" */
    const char *summary;     /**< one line */
    const char *description; /**< paragraphs for help, man page and form; says method and source */
    const lb_param *params;
    size_t param_count;
    int (*run)(lb_call *call, lb_result *result, lb_error *err);
    const char *example;     /**< a command line that works on files in reference/ or needs none */
} lb_op;

/* -- what run() asks its call. Names must be declared; asking for an undeclared one is an assert. ---------- */
LB_API bool lb_call_given(const lb_call *call, const char *name);        /**< set by the caller (not by default) */
LB_API bool lb_call_has(const lb_call *call, const char *name);          /**< set or has a default */
LB_API bool lb_call_flag(const lb_call *call, const char *name);
LB_API int64_t lb_call_int(const lb_call *call, const char *name);
LB_API double lb_call_number(const lb_call *call, const char *name);     /**< NaN when absent */
LB_API const char *lb_call_text(const lb_call *call, const char *name);  /**< NULL when absent; also choice, column, formula */
LB_API size_t lb_call_texts(const lb_call *call, const char *name, const char *const **out);
LB_API size_t lb_call_numbers(const lb_call *call, const char *name, const double **out);
LB_API bool lb_call_chosen(const lb_call *call, const char *name, const char *choice);
/** The table, read on first use and recorded (name, hash, rows) among the result's inputs. NULL *out when absent. */
LB_API int lb_call_table(lb_call *call, const char *name, lb_table **out, lb_error *err) LB_MUST_CHECK;
LB_API int lb_call_tables(lb_call *call, const char *name, lb_table *const **out, size_t *count, lb_error *err) LB_MUST_CHECK;
LB_API int lb_call_volume(lb_call *call, const char *name, lb_volume **out, lb_error *err) LB_MUST_CHECK;
/** All or some of the volumes a parameter's files hold, as `request` says; its `file` and `files` are filled in. */
LB_API int lb_call_images(lb_call *call, const char *name, struct lb_image_request *request, struct lb_image **out, size_t *count, lb_error *err) LB_MUST_CHECK;
/** The bytes bound to a volume parameter, for `lb_image_request.reference`. */
LB_API void lb_call_files(lb_call *call, const char *name, const lb_bytes **out, size_t *count);
/** The recording bound to a document parameter; `rate_hz` for tables without a time column, else NaN. */
LB_API int lb_call_recording(lb_call *call, const char *name, double rate_hz, struct lb_recording **out, lb_error *err) LB_MUST_CHECK;
LB_API int lb_call_document(lb_call *call, const char *name, lb_bytes *out, lb_error *err) LB_MUST_CHECK;
LB_API const lb_source *lb_call_source(lb_call *call);
LB_API const lb_journal *lb_call_journal(lb_call *call); /**< NULL when nothing is kept */
/** The time of the call as its face tells it (ISO 8601, UTC), or NULL: only for records of who did what when. */
LB_API const char *lb_call_now(const lb_call *call);
LB_API lb_arena *lb_call_arena(lb_call *call); /**< lives as long as the result */
LB_API const lb_progress *lb_call_progress(lb_call *call);
LB_API unsigned lb_call_threads(lb_call *call);
LB_API const lb_registry *lb_call_registry(lb_call *call);

/* -- registry ----------------------------------------------------------------------------------------------- */

/** What to read from one file, or from the files of a folder or bundle. */
typedef struct lb_image_request {
    const lb_bytes *file;
    size_t files;
    int64_t series, part;      /**< DICOM: series number and volume inside it; -1: the only one */
    bool all;                  /**< every volume, also those that cannot be stacked */
    bool gaps;                 /**< missing slices may be zeros */
    const lb_bytes *reference; /**< contours, segmentations: the images they lie on */
    size_t references;
    int64_t reference_series;  /**< -1: the only one */
    const char *roi;           /**< contours, segmentations: one region; NULL: all */
} lb_image_request;
#define LB_IMAGE_REQUEST_INIT {NULL, 0, -1, -1, false, false, NULL, 0, -1, NULL}

/** One volume found. */
typedef struct lb_image {
    lb_volume *volume;       /**< NULL: regions only (contours without images) */
    int64_t series, part;    /**< -1: the format has none */
    const char *description, *obstacle; /**< obstacle: why it is not to be used as it is, or NULL */
    size_t slices_missing;
    const lb_segment *region; /**< names of contours, when they cannot be filled */
    size_t regions;
} lb_image;

typedef int (*lb_image_reader)(void *context, const lb_image_request *request, lb_arena *arena, lb_image **out, size_t *count, lb_error *err);

/** A recording: channels of samples, each with its own rate. */
typedef struct lb_channel {
    const char *name, *unit;
    double rate_hz;
    double *sample;         /**< physical values; NaN where missing */
    size_t samples;
    double lowest, highest; /**< what the recorder can hold; NaN when unknown */
} lb_channel;
typedef struct lb_recording {
    const char *format;     /**< "EDF", "EDF+", "BDF", "BDF+", "CSV" */
    lb_channel *channel;
    size_t channels;
    double seconds;
    const char **warning;
    size_t warnings;
} lb_recording;

typedef int (*lb_recording_reader)(void *context, const lb_bytes *file, double rate_hz, lb_arena *arena, lb_recording **out, lb_error *err);

LB_API lb_registry *lb_registry_new(void);
LB_API void lb_registry_free(lb_registry *registry);
LB_API void lb_registry_add(lb_registry *registry, const lb_op *op); /**< borrowed: declarations are static */
/** Who reads images: in this process, or in a child with limits. The context is borrowed. */
LB_API void lb_registry_image_reader(lb_registry *registry, lb_image_reader reader, void *context);
LB_API void lb_registry_recording_reader(lb_registry *registry, lb_recording_reader reader, void *context);
LB_API const lb_op *lb_registry_find(const lb_registry *registry, const char *area, const char *verb);
LB_API size_t lb_registry_count(const lb_registry *registry);
LB_API const lb_op *lb_registry_at(const lb_registry *registry, size_t index); /**< sorted by area, verb */
/** Nearest "area verb" for "did you mean", or NULL. */
LB_API const char *lb_registry_nearest(const lb_registry *registry, const char *area, const char *verb, lb_arena *arena);

/* -- making a call: faces use this ---------------------------------------------------------------------------- */
LB_API lb_call *lb_call_new(const lb_registry *registry, const lb_op *op);
LB_API void lb_call_free(lb_call *call); /**< the result stays valid */
/** Set a parameter from text. Unknown name, wrong type, out of range: LB_USAGE with the nearest word. */
LB_API int lb_call_set(lb_call *call, const char *name, const char *value, lb_error *err) LB_MUST_CHECK;
/** Bind bytes to a data parameter (copied lazily: they must outlive the call). For LB_P_TABLES and LB_P_VOLUME (the files of a
 *  folder) it may be repeated. */
LB_API int lb_call_bind(lb_call *call, const char *name, const lb_bytes *bytes, lb_error *err) LB_MUST_CHECK;
/** Which volume of a folder a volume parameter means: "4" (series) or "4.2" (its second volume). */
LB_API int lb_call_choose(lb_call *call, const char *name, const char *series, lb_error *err) LB_MUST_CHECK;
/** Bind a table made in memory (plan → describe, ancova, …). Borrowed. */
LB_API int lb_call_bind_table(lb_call *call, const char *name, lb_table *table, lb_error *err) LB_MUST_CHECK;
LB_API int lb_call_bind_volume(lb_call *call, const char *name, lb_volume *volume, lb_error *err) LB_MUST_CHECK;
LB_API void lb_call_bind_source(lb_call *call, const lb_source *source);
LB_API void lb_call_bind_journal(lb_call *call, const lb_journal *journal);
LB_API void lb_call_set_progress(lb_call *call, const lb_progress *progress);
LB_API void lb_call_set_threads(lb_call *call, unsigned threads);
LB_API void lb_call_set_now(lb_call *call, const char *iso);
/** CSV reading options for this call: decimal, separator, missing, codebook. */
LB_API lb_csv_options *lb_call_csv(lb_call *call);
/** Check what is required, run, and fill the result's frame. On success *out is owned by the caller. */
LB_API int lb_call_run(lb_call *call, lb_result **out, lb_error *err) LB_MUST_CHECK;

/* -- derived faces -------------------------------------------------------------------------------------------- */
LB_API void lb_op_usage(const lb_op *op, lb_buf *out);           /**< help text */
LB_API void lb_op_man(const lb_op *op, lb_buf *out);             /**< roff */
LB_API lb_value *lb_registry_describe(const lb_registry *registry, lb_arena *arena); /**< JSON for forms and scripts */
LB_API void lb_registry_completion(const lb_registry *registry, lb_buf *out);        /**< bash */
LB_API const char *lb_param_type_name(lb_param_type type);       /**< "number", "column", "table", … */

/* The rooms register their operations. */
LB_API void lb_trial_register(lb_registry *registry);
LB_API void lb_muscle_register(lb_registry *registry);
LB_API void lb_analysis_register(lb_registry *registry);
LB_API void lb_predict_register(lb_registry *registry);
LB_API void lb_evidence_register(lb_registry *registry);
/** All five rooms and the volume reader. Defined above the rooms, in src/cli. */
LB_API lb_registry *lb_registry_all(void);

#ifdef __cplusplus
}
#endif
#endif

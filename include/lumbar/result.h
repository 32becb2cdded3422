/* The tree every analysis returns, and its writers: text, JSON, CSV, HTML. */
#ifndef LUMBAR_RESULT_H
#define LUMBAR_RESULT_H

#include <lumbar/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A picture (SVG text) that belongs to a result. */
typedef struct lb_picture {
    const char *name;  /**< file stem: "forest" */
    const char *title; /**< also its accessible name */
    const char *svg;
} lb_picture;

/** A file a result makes beside its document: a mask, a CSV, a whole HTML report. */
typedef struct lb_artifact {
    const char *name; /**< "mask.nii.gz", "participants.csv", "report.html" */
    const char *mime;
    const void *data;
    size_t length;
    bool main; /**< what -o FILE means even for .csv and .json, which are else the result's own table and document */
} lb_artifact;

typedef struct lb_result {
    lb_arena *arena; /**< owned */
    const char *operation;
    const char *title;
    lb_value *parameters, *inputs, *warnings, *results;
    const char *status; /**< "ok", "not_converged", "singular", "separated", … */
    lb_value *notes;    /**< sentences: model, coding, df method, N, rows dropped, rounding */
    lb_picture *picture;
    size_t picture_count;
    lb_artifact *artifact;
    size_t artifact_count;
    lb_table **table; /**< handed from one operation to another inside the program; no writer shows them */
    size_t table_count;
} lb_result;

LB_API lb_result *lb_result_new(const char *operation);
LB_API void lb_result_free(lb_result *result);
LB_API void lb_result_status(lb_result *result, const char *status);
LB_API void lb_result_warn(lb_result *result, const char *fmt, ...) LB_PRINTF(2, 3);
LB_API void lb_result_note(lb_result *result, const char *fmt, ...) LB_PRINTF(2, 3);
/** Takes a copy of the SVG. */
LB_API void lb_result_picture(lb_result *result, const char *name, const char *title, const char *svg);
/** A table for the operation that made this call: it lives in the result's arena. */
LB_API lb_table *lb_result_table(lb_result *result, const char *name, size_t rows);
LB_API void lb_result_artifact(lb_result *result, const char *name, const char *mime, const void *data, size_t length);
/** The same, and it is what -o FILE with this extension writes. */
LB_API void lb_result_main_artifact(lb_result *result, const char *name, const char *mime, const void *data, size_t length);
/** 0, or 4 when the status says not converged, singular, separated, boundary, …: anything but "ok". */
LB_API int lb_result_exit_status(const lb_result *result);

LB_API lb_value *lb_result_document(const lb_result *result); /**< the contract's document */
LB_API void lb_result_json(const lb_result *result, lb_buf *out);
/** Plain text for a terminal: scalars, then tables aligned at the decimal point, then notes and warnings. */
LB_API void lb_result_text(const lb_result *result, lb_buf *out);
/** CSV of the largest table among the results (or the one named). */
LB_API void lb_result_csv(const lb_result *result, const char *table, lb_buf *out);
/** Body fragment: <section> with heading, pictures inline, tables, notes. */
LB_API void lb_result_html_section(const lb_result *result, int heading_level, lb_buf *out);
/** Whole page, self-contained, prints well. */
LB_API void lb_result_html(const lb_result *result, lb_buf *out);
LB_API void lb_html_page_open(lb_buf *out, const char *title, const char *language);
LB_API void lb_html_page_close(lb_buf *out);
/** One value or array of flat objects as an HTML table with a caption. */
LB_API void lb_html_table(const lb_value *rows, const char *caption, lb_buf *out);

#ifdef __cplusplus
}
#endif
#endif

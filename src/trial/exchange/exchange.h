/* What comes in from other programs: files of entered records (CSV, EpiData REC and EPX) as one kind of table of cells,
 * and what reads them. Everything works on bytes in memory; no reader opens a path. */
#ifndef LUMBAR_TRIAL_EXCHANGE_H
#define LUMBAR_TRIAL_EXCHANGE_H

#include <stdarg.h>
#include <lumbar/data.h>

#include "trial/exchange/xml.h"

typedef enum exchange_format {
    EXCHANGE_UNKNOWN,
    EXCHANGE_CSV,        /* any CSV of records */
    EXCHANGE_DICTIONARY, /* a REDCap data dictionary */
    EXCHANGE_REC,        /* EpiData, Epi Info */
    EXCHANGE_CHK,        /* checks beside a REC */
    EXCHANGE_XML         /* ODM, EPX: its root element says which */
} exchange_format;
/** By content alone: names of files are not asked. */
exchange_format exchange_detect(const lb_bytes *bytes);

typedef enum entry_kind { ENTRY_UNKNOWN, ENTRY_NUMBER, ENTRY_DATE, ENTRY_TIME, ENTRY_TEXT } entry_kind;

/** A field as its file declares it; a CSV declares nothing but the name. */
typedef struct entry_field {
    const char *name, *label;
    entry_kind kind;
    const char *type;             /* in the words of the file, or NULL */
    size_t length, decimals;
    const char **missing;         /* values that stand for "no value" */
    size_t missing_count;
    const char **legal;           /* the only values allowed; NULL when any is */
    size_t legal_count;
    bool has_range, required;
    double low, high;
} entry_field;

enum { ENTRY_MAX_FIELDS = 20000 }; /* of one file; names are looked up one by one */
enum { ENTRY_NORMAL = 0, ENTRY_DELETED = 1, ENTRY_VERIFIED = 2 };

/** Records as entered. A cell is UTF-8 text without blanks around it, NULL when empty; numbers have a decimal point. */
typedef struct entry_file {
    lb_arena *arena;
    const char *name;
    size_t fields, records;
    entry_field *field;
    const char **cell;  /* records × fields, row by row */
    uint8_t *flag;      /* per record */
} entry_file;

/** LB_TOO_LARGE when a file has more fields than ENTRY_MAX_FIELDS. */
int entry_check_fields(size_t fields, const char *where, lb_error *err) LB_MUST_CHECK;
int entry_read_csv(const lb_bytes *bytes, lb_arena *arena, entry_file *out, lb_error *err) LB_MUST_CHECK;
/** `about` (may be NULL) gets header_lines, first_line, record_flags. */
int entry_read_rec(const lb_bytes *bytes, lb_arena *arena, entry_file *out, lb_value *about, lb_error *err) LB_MUST_CHECK;
/** Any of the three. `form` picks one data file of an EPX that has several; NULL takes the only one with fields. */
int entry_read(const lb_bytes *bytes, const char *form, lb_arena *arena, entry_file *out, lb_error *err) LB_MUST_CHECK;
/** Refused when it has names of fields, but no record. */
int entry_needs_records(const entry_file *file, lb_error *err) LB_MUST_CHECK;
/** Index of a field, ignoring case when no name fits exactly; `fields` when there is none. */
size_t entry_find(const entry_file *file, const char *name);
static inline const char *entry_cell(const entry_file *file, size_t record, size_t field)
{
    return file->cell[record * file->fields + field];
}
bool entry_is_missing(const entry_field *field, const char *cell);
/** A date in digits, year-month-day, as days' parts; false when it is none. */
bool entry_date(const char *text, int part[3]);

/** Labels, ranges, legal and missing values of a CHK file put on the fields of its REC; what it names in vain is found. */
int chk_apply(const lb_bytes *bytes, entry_file *file, lb_value *findings, lb_error *err) LB_MUST_CHECK;

/** An EPX project: its data files, value label sets, and how it writes numbers, dates and times. */
typedef struct epx_project {
    const xml_node *root, **file;
    size_t files;
    xml_ids ids;
    size_t labels_left;
    char decimal, date, time;
    lb_arena *arena;
} epx_project;
int epx_open(const xml_node *root, lb_arena *arena, epx_project *out, lb_error *err) LB_MUST_CHECK;
int epx_read_file(epx_project *project, size_t index, entry_file *out, lb_value *findings, lb_error *err) LB_MUST_CHECK;

/** Two texts alike: with or without regard to case (Latin, Greek and Cyrillic letters). */
bool exchange_same_text(const char *a, const char *b, bool case_sensitive);
lb_value *exchange_finding(lb_value *findings, const char *severity, const char *where, const char *fmt, ...) LB_PRINTF(4, 5);
/** The same for what a file may say thousands of times: each message is told once, where it was met first, with its count; after the
 *  first 200 different ones the rest is only counted. `seen` is an object of the caller's: message → its finding. */
void exchange_find_once(lb_value *findings, lb_value *seen, const char *severity, const char *where, const char *fmt, va_list args);
bool exchange_has_errors(const lb_value *findings);

typedef struct compare_options {
    const char *const *key, *const *ignore;
    size_t key_count, ignore_count;
    bool case_sensitive, exclude_text, ignore_missing_records;
} compare_options;
/** Double entry, file against file. Fills the results of `study compare`. */
int exchange_compare(const entry_file *main, const entry_file *duplicate, const compare_options *options, lb_value *results,
                     lb_error *err) LB_MUST_CHECK;

/* Previews: what a file holds, in the words of its own format. */
int import_rec(const lb_bytes *bytes, const lb_bytes *checks, lb_arena *arena, lb_value *results, entry_file *out, lb_error *err) LB_MUST_CHECK;
int import_epx(const xml_node *root, lb_arena *arena, lb_value *results, lb_error *err) LB_MUST_CHECK;
int import_odm(const xml_node *root, const xml_node *data, lb_arena *arena, lb_value *results, lb_error *err) LB_MUST_CHECK;
int import_redcap(const lb_bytes *dictionary, const lb_bytes *records, lb_arena *arena, lb_value *results, lb_error *err) LB_MUST_CHECK;
/** fields[]{name,type,label,n,missing,min,max,mean} and findings about values that their field does not allow. */
void import_describe(const entry_file *file, const char *form, lb_value *fields, lb_value *findings);

#endif

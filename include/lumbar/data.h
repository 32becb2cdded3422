/* What flows through Lumbar: values (a JSON-like tree, also read from YAML), tables with typed columns,
 * R-style formulas and design matrices, volumes and masks. */
#ifndef LUMBAR_DATA_H
#define LUMBAR_DATA_H

#include <lumbar/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- values ------------------------------------------------------------ */

typedef enum lb_value_type { LB_NULL, LB_BOOL, LB_INT, LB_DOUBLE, LB_STRING, LB_ARRAY, LB_OBJECT } lb_value_type;

/** A node of a tree; owned by the arena it was made in. Objects keep the order of insertion.
 *  `line` and `column` (1-based) are set when it was read from YAML or JSON, else 0. */
typedef struct lb_value {
    lb_value_type type;
    union {
        bool boolean;
        int64_t integer;
        double number;
        const char *text;
    };
    struct lb_value **item; /**< array or object: children */
    const char **key;       /**< object: their keys */
    size_t count, capacity;
    lb_arena *arena;
    int line, column;
    bool quoted;            /**< scalar was written in quotes (YAML) */
} lb_value;

LB_API lb_value *lb_value_object(lb_arena *arena);
LB_API lb_value *lb_value_array(lb_arena *arena);
/* Setters on objects replace an existing key. A NaN or infinite number becomes null. NULL text becomes null. */
LB_API void lb_set(lb_value *object, const char *key, lb_value *child);
/** Append to an object without looking for the key: the caller knows that it is new. */
LB_API void lb_value_append(lb_value *object, const char *key, lb_value *child);
LB_API void lb_set_number(lb_value *object, const char *key, double value);
LB_API void lb_set_int(lb_value *object, const char *key, int64_t value);
LB_API void lb_set_bool(lb_value *object, const char *key, bool value);
LB_API void lb_set_text(lb_value *object, const char *key, const char *value);
LB_API void lb_set_textf(lb_value *object, const char *key, const char *fmt, ...) LB_PRINTF(3, 4);
LB_API void lb_set_null(lb_value *object, const char *key);
LB_API lb_value *lb_set_object(lb_value *object, const char *key);
LB_API lb_value *lb_set_array(lb_value *object, const char *key);
LB_API void lb_set_numbers(lb_value *object, const char *key, const double *values, size_t count);
LB_API void lb_push(lb_value *array, lb_value *child);
LB_API void lb_push_number(lb_value *array, double value);
LB_API void lb_push_int(lb_value *array, int64_t value);
LB_API void lb_push_text(lb_value *array, const char *value);
LB_API lb_value *lb_push_object(lb_value *array);
LB_API lb_value *lb_push_array(lb_value *array);
/* Getters: NULL-safe in the first argument; missing key or other type gives the fallback. */
LB_API lb_value *lb_get(const lb_value *object, const char *key);
LB_API lb_value *lb_path(const lb_value *root, const char *path); /**< "contrasts[0].estimate" */
LB_API const char *lb_get_text(const lb_value *object, const char *key, const char *fallback);
LB_API double lb_get_number(const lb_value *object, const char *key, double fallback);
LB_API int64_t lb_get_int(const lb_value *object, const char *key, int64_t fallback);
LB_API bool lb_get_bool(const lb_value *object, const char *key, bool fallback);
LB_API double lb_number_of(const lb_value *value); /**< int or double, else NaN */
LB_API bool lb_is_number(const lb_value *value);

/** JSON text; doubles in the shortest form that reads back exactly. indent 0 = one line. */
LB_API void lb_json_write(const lb_value *value, int indent, lb_buf *out);
/** Errors carry line and column. Depth and size are limited. */
LB_API int lb_json_read(const lb_bytes *bytes, lb_arena *arena, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** YAML 1.1 through libyaml, core schema (true/false, null/~, numbers; no aliases, no tags); JSON is YAML.
 *  Duplicate keys are an error. Every node knows its line and column. */
LB_API int lb_yaml_read(const lb_bytes *bytes, lb_arena *arena, lb_value **out, lb_error *err) LB_MUST_CHECK;

/* ---- tables ------------------------------------------------------------ */

typedef enum lb_column_type { LB_NUMBER, LB_TEXT } lb_column_type;

/** A typed column of a table. */
typedef struct lb_column {
    const char *name;
    lb_column_type type;
    double *number;     /**< LB_NUMBER: rows values, NaN = missing */
    int32_t *code;      /**< LB_TEXT: rows codes into level, -1 = missing */
    const char **level; /**< LB_TEXT: distinct texts, sorted by bytes unless the codebook orders them */
    size_t level_count;
    size_t missing;
    const char *label, *unit; /**< from the codebook, or NULL */
    /* A text column that is mostly numbers: using it as a number or factor is refused, naming this cell. */
    size_t number_cells; /**< cells that read as numbers */
    size_t odd_line;     /**< input line of the first cell that does not; 0 = none */
    const char *odd_text;
    bool decimal_comma;  /**< every non-missing cell is a number with a decimal comma or an integer */
} lb_column;

typedef struct lb_table {
    lb_arena *arena; /**< borrowed: owns everything here */
    const char *name;
    size_t rows, columns;
    lb_column *column;
    char sha256[65];     /**< of the bytes it was read from, "" when made in memory */
    const char **warning;
    size_t warning_count;
} lb_table;

typedef struct lb_csv_options {
    char separator;        /**< 0 = find out among , ; tab | */
    char decimal;          /**< '.' or ',' */
    const char *missing;   /**< comma list, default "NA" (the empty cell always is) */
    const lb_table *codebook; /**< columns name,type,label,unit,codes,missing; may be NULL */
    size_t max_bytes;      /**< 0 = lb_max_input() */
    const char *text_columns; /**< comma list of columns to keep as text whatever they hold */
    unsigned threads;      /**< but 1 (0: all cores): a large text's SHA-256 is made beside the reading */
} lb_csv_options;
#define LB_CSV_OPTIONS_INIT {0, '.', "NA", NULL, 0, NULL, 1}

/** Read CSV (RFC 4180, UTF-8, BOM allowed, first row = names). Refused with line numbers: ragged rows,
 *  duplicate or empty headers, NUL bytes, bad UTF-8, an unclosed quote, more than max_bytes. */
LB_API int lb_csv_read(const lb_bytes *bytes, const lb_csv_options *options, lb_arena *arena, lb_table **out,
                       lb_error *err) LB_MUST_CHECK;
/** RFC 4180, UTF-8, "\n"; text that a spreadsheet would run as a formula is quoted with a leading apostrophe
 *  when `safe`. Numbers read back exactly. */
LB_API void lb_csv_write(const lb_table *table, bool safe, lb_buf *out);
/** One cell of it, for tables that are written as they are made. */
LB_API void lb_csv_cell(const char *text, bool safe, lb_buf *out);

LB_API lb_table *lb_table_new(lb_arena *arena, const char *name, size_t rows);
LB_API lb_column *lb_table_add_number(lb_table *table, const char *name); /**< filled with NaN */
/** Text column from `rows` strings (NULL = missing). */
LB_API lb_column *lb_table_add_text(lb_table *table, const char *name, const char *const *cells);
/** Refused when it has headings, but no rows: what the columns are, and what to do. */
LB_API int lb_table_needs_rows(const lb_table *table, lb_error *err) LB_MUST_CHECK;
/** Exact name, or NULL. The pointer is valid until a column is added. */
LB_API lb_column *lb_table_find(const lb_table *table, const char *name);
/** Like find, but an error that names the nearest column when absent. */
LB_API int lb_table_column(const lb_table *table, const char *name, lb_column **out, lb_error *err) LB_MUST_CHECK;
/** The same, and it must hold numbers (mixed columns are refused naming the cell). */
LB_API int lb_table_number(const lb_table *table, const char *name, lb_column **out, lb_error *err) LB_MUST_CHECK;
/** Any column as a factor: text as it is; numbers get their values as levels in numeric order (R's factor()). */
LB_API int lb_table_factor(const lb_table *table, const char *name, lb_arena *arena, lb_column *out,
                           lb_error *err) LB_MUST_CHECK;
LB_API bool lb_column_missing(const lb_column *column, size_t row);
/** Cell as text ("" when missing); numbers in shortest form. The buffer must hold 32 bytes. */
LB_API const char *lb_column_text(const lb_column *column, size_t row, char *buffer);
/** New table with the rows given (indices may repeat). */
LB_API lb_table *lb_table_rows(const lb_table *table, const size_t *row, size_t count, lb_arena *arena);
/** Table from an array of flat objects (union of keys in order of appearance), and the reverse. */
LB_API int lb_table_from_value(const lb_value *array, const char *name, lb_arena *arena, lb_table **out,
                               lb_error *err) LB_MUST_CHECK;
LB_API lb_value *lb_table_to_value(const lb_table *table, lb_arena *arena);

/* ---- formulas and design matrices -------------------------------------- */

/** A parsed R-style formula: y ~ a * b + I(x^2) + log(z) + factor(s) - 1, (a + b)^2, a:b, a / b, dots in names,
 *  backquotes, and bars (1 + t | id) kept aside. Owned by the arena. */
typedef struct lb_formula lb_formula;
LB_API int lb_formula_parse(const char *text, lb_arena *arena, lb_formula **out, lb_error *err) LB_MUST_CHECK;

typedef struct lb_term {
    const char *name;    /**< "a:b", as R prints it */
    size_t first, count; /**< its columns in the design */
    size_t order;        /**< number of variables in it */
    const size_t *variable; /**< indices into lb_design.variable */
} lb_term;

/** A variable of the model frame: a column, or an expression such as log(x). */
typedef struct lb_variable {
    const char *name;      /**< as R deparses it: "log(x)", "factor(s)" */
    bool factor;
    const char **level;    /**< factor: levels; level[0] is the reference */
    size_t level_count;
    const double *number;  /**< numeric: n values of the analysed rows */
    const int32_t *code;   /**< factor: n codes of the analysed rows */
} lb_variable;

typedef struct lb_design {
    size_t n, p;
    double *x;               /**< n × p, column-major */
    double *y;               /**< n, or NULL for a one-sided formula */
    const char *response;    /**< as written, or NULL */
    bool intercept;
    const char **name;       /**< p coefficient names, as R's */
    size_t *term_of;         /**< p: 0 = intercept, k = term[k-1] */
    size_t terms;
    lb_term *term;
    size_t variables;
    lb_variable *variable;   /**< of the right-hand side */
    size_t raw_count;        /**< raw columns the right-hand side uses, in order of appearance */
    const char **raw_name;
    size_t *row;             /**< n: row of the table each analysed row came from */
    size_t dropped_count;    /**< rows left out because something was missing, by the first column missing */
    struct lb_dropped { const char *column; size_t rows; } *dropped;
    const lb_formula *formula;
    lb_arena *arena;
    const char *bars;        /**< text of the (… | …) parts, or NULL */
} lb_design;

typedef struct lb_design_options {
    const char *const *factor_columns; /**< raw columns to treat as factors even when numeric */
    size_t factor_count;
    const char *reference_column;      /**< this factor's … */
    const char *reference_level;       /**< … reference level */
    const char *const *also_complete;  /**< further columns that must not be missing (weights, strata) */
    size_t also_count;
} lb_design_options;

/** Build the model frame and design: treatment coding with R's rules for margins, rows with missing values left
 *  out and counted. Errors: absent column (nearest named), one-level factor, non-finite value, factor as response. */
LB_API int lb_design_build(const lb_formula *formula, const lb_table *table, const lb_design_options *options,
                           lb_arena *arena, lb_design **out, lb_error *err) LB_MUST_CHECK;
/** Rows of the same design for new raw data (e.g. a reference grid): x is rows × p, column-major, in the arena. */
LB_API int lb_design_rows(const lb_design *design, const lb_table *newdata, lb_arena *arena, double **x,
                          lb_error *err) LB_MUST_CHECK;
/** The same design with sum-to-zero contrasts instead of treatment contrasts, for type III tests: n × p. */
LB_API int lb_design_sum_coded(const lb_design *design, lb_arena *arena, double **x, lb_error *err) LB_MUST_CHECK;
/** The analysed rows' raw column: mean of a numeric one; levels and codes of a factor. NULL when not used. */
LB_API const lb_column *lb_design_raw(const lb_design *design, const char *name);

/* ---- volumes and masks ------------------------------------------------- */

typedef enum lb_voxel {
    LB_U8, LB_I8, LB_U16, LB_I16, LB_U32, LB_I32, LB_U64, LB_I64, LB_F32, LB_F64
} lb_voxel;
LB_API size_t lb_voxel_size(lb_voxel type);
LB_API const char *lb_voxel_name(lb_voxel type); /**< "int16", "float64", … */

/** A label with a name: what a segmentation file says about itself. */
typedef struct lb_segment {
    const char *name;
    int64_t label;
    size_t layer; /**< 0: the label map itself; l: lb_volume.layer[l - 1] */
} lb_segment;

/** A 3-D image or label map. Voxel (i,j,k), i fastest, has its centre at origin + direction · (spacing ∘ (i,j,k)),
 *  in LPS millimetres (DICOM and ITK; NIfTI's RAS is converted by the reader). */
typedef struct lb_volume {
    size_t size[3];
    double spacing_mm[3];
    double origin_mm[3];
    double direction[9];  /**< row-major 3 × 3; columns are the unit vectors of i, j, k */
    lb_voxel type;
    void *voxels;
    double slope, intercept; /**< value = slope · stored + intercept; (1, 0) when stored values are the values */
    const char *name;
    lb_arena *arena;
    const lb_segment *segment; /**< named labels, when the file carries them (.seg.nrrd) */
    size_t segment_count;
    struct lb_volume *const *layer; /**< further label maps of the same grid, where segments overlap */
    size_t layers;
    const char *const *warning; /**< what the reader found odd; the operation passes it on */
    size_t warning_count;
} lb_volume;

LB_API lb_volume *lb_volume_new(lb_arena *arena, const size_t size[3], lb_voxel type); /**< NULL if too large */
LB_API size_t lb_volume_count(const lb_volume *volume);
LB_API double lb_volume_at(const lb_volume *volume, size_t index); /**< scaled value */
/** Largest difference of any corner voxel's position in millimetres, and of sizes; for "same geometry?". */
LB_API double lb_volume_distance_mm(const lb_volume *a, const lb_volume *b);

#ifdef __cplusplus
}
#endif
#endif

/* DICOM objects: what the one C++ file (dicom_dcmtk.cc) gives the C code, and the readers that stand on it. */
#ifndef LUMBAR_MUSCLE_DICOM_H
#define LUMBAR_MUSCLE_DICOM_H
#include <lumbar/op.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one object, through DCMTK ---- */
typedef struct lb_dcm lb_dcm;
typedef struct lb_dcm_item lb_dcm_item; /**< the data set, or one item of a sequence */
#define LB_TAG(group, element) ((uint32_t)(group) << 16 | (uint32_t)(element))

/** Set up the decoders and load the dictionary; lb_dcm_open() does it when nobody has. */
void lb_dcm_prepare(void);
/** Parse a file from memory; `header_only` stops before the pixels. LB_BAD_DATA when it is not DICOM or damaged. */
int lb_dcm_open(const lb_bytes *bytes, bool header_only, lb_dcm **out, lb_error *err) LB_MUST_CHECK;
void lb_dcm_close(lb_dcm *dcm);
const lb_dcm_item *lb_dcm_root(const lb_dcm *dcm);
const char *lb_dcm_syntax(const lb_dcm *dcm); /**< UID of the transfer syntax the file is in */
/** All values of an element as text with backslashes between them; false and "" when absent. */
bool lb_dcm_text(const lb_dcm_item *item, uint32_t tag, char *out, size_t size);
/** Values as numbers: how many there are (at most `most`). Text that is not a number ends them. */
size_t lb_dcm_numbers(const lb_dcm_item *item, uint32_t tag, double *out, size_t most);
/** How many values an element has. */
size_t lb_dcm_count(const lb_dcm_item *item, uint32_t tag);
size_t lb_dcm_items(const lb_dcm_item *item, uint32_t tag);
const lb_dcm_item *lb_dcm_item_at(const lb_dcm_item *item, uint32_t tag, size_t index); /**< NULL when absent */
/** Raw bytes of an element of bytes or words; NULL when absent. */
const uint8_t *lb_dcm_raw(const lb_dcm_item *item, uint32_t tag, size_t *length);
/** Pixels of all frames, unpacked, in this machine's byte order. Borrowed until the object is closed. */
int lb_dcm_pixels(lb_dcm *dcm, const uint8_t **data, size_t *length, lb_error *err) LB_MUST_CHECK;
/** Encapsulated pixels: the fragments (item 0 is the offset table), borrowed; 0 when pixels are native. */
size_t lb_dcm_fragments(lb_dcm *dcm);
const uint8_t *lb_dcm_fragment(lb_dcm *dcm, size_t index, size_t *length);

/* ---- frames: what each image says about itself ---- */
typedef struct lb_dcm_frame {
    size_t file, index;          /**< which file, which frame (or tile of a mosaic) in it */
    size_t rows, columns;        /**< of this frame */
    size_t mosaic;               /**< tiles along a side of the mosaic, 0 = none */
    size_t bits_allocated, bits_stored;
    bool is_signed, placed;      /**< placed: position and orientation are known */
    size_t overlays;             /**< planes of drawings beside the pixels (groups 6000 to 601E) */
    double position_mm[3], across[3], down[3]; /**< first pixel's centre; unit vectors along a row, down a column */
    double pixel_mm[2];          /**< distance between columns, between rows */
    double thickness_mm, gap_mm; /**< slice thickness and spacing between slices as stated, NaN when absent */
    double slope, intercept;
    int64_t series;              /**< SeriesNumber, -1 when absent */
    const char *uid, *description, *kind; /**< series; and what tells volumes of one series apart */
    double time;                 /**< order among images at one place */
    double along_mm;             /**< position along the slice normal, filled by the sorting */
} lb_dcm_frame;

/** A folder's images: frames grouped to volumes, sorted by place. */
typedef struct lb_dcm_volume {
    lb_dcm_frame **frame;
    size_t frames;
    int64_t series, part; /**< SeriesNumber; 1-based number of the volume inside its series */
    const char *description;
    double spacing_mm;        /**< between slices */
    size_t slices_missing;
    const char *obstacle, *advice;      /**< why it cannot be stacked as it is, or NULL */
    const char *note[8];
    size_t notes;
} lb_dcm_volume;

typedef struct lb_dcm_folder {
    const lb_bytes *file;
    size_t files, other_files, other_objects; /**< not DICOM; DICOM without pixels */
    lb_dcm_frame *all;
    size_t frames, room;
    lb_dcm_volume *volume;
    size_t volumes;
    size_t *segmentation, *contours; /**< files that are SEG or RTSTRUCT */
    size_t segmentations, contour_files;
    lb_arena *arena;
} lb_dcm_folder;

/** Is this a DICOM file (by its first bytes, or by its first element when it has no preamble)? */
bool lb_dcm_looks_like(const lb_bytes *bytes);
/** Read the headers of all files, group and sort. */
int lb_dcm_folder_read(const lb_bytes *file, size_t files, lb_arena *arena, lb_dcm_folder **out,
                       lb_error *err) LB_MUST_CHECK;
void lb_dcm_sort(lb_dcm_folder *folder); /**< group and sort the frames (called by the above) */
/** Frames of one opened object. */
int lb_dcm_frames_add(lb_dcm_folder *folder, size_t file, const lb_dcm *dcm, lb_error *err) LB_MUST_CHECK;
/** Siemens mosaic: tiles and the slice normal from the private header; false when it is not one. */
bool lb_dcm_mosaic(const lb_dcm_item *root, size_t *tiles, double normal[3]);
/** Pixels of one volume. */
int lb_dcm_stack(const lb_dcm_folder *folder, const lb_dcm_volume *what, lb_volume **out, lb_error *err) LB_MUST_CHECK;

/** Grid of a stack of frames: size, spacing, origin, direction (voxels untouched). */
void lb_dcm_grid(const lb_dcm_volume *what, lb_volume *out);

/** A SEG object as a label map (layers where segments overlap); on `grid` when given. `roi` NULL: all segments. */
int lb_dcm_seg_read(const lb_bytes *file, const lb_volume *grid, const char *roi, lb_arena *arena, lb_volume **out,
                    lb_error *err) LB_MUST_CHECK;
/** The contours of an RTSTRUCT filled on `grid`. */
int lb_dcm_contours_read(const lb_bytes *file, const lb_volume *grid, const char *roi, lb_arena *arena,
                         lb_volume **out, lb_error *err) LB_MUST_CHECK;
/** Names and numbers of an RTSTRUCT's regions, for a listing. */
int lb_dcm_contours_list(const lb_bytes *file, lb_arena *arena, lb_segment **out, size_t *count,
                         lb_error *err) LB_MUST_CHECK;

/** One JPEG 2000 code stream to `rows` × `columns` samples of 8 or 16 bits. */
int lb_jpeg2000_decode(const uint8_t *data, size_t length, size_t rows, size_t columns, size_t bits_allocated,
                       bool is_signed, void *out, lb_error *err) LB_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif

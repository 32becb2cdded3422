/* The page of one scan that a radiologist signs: slices with contours, the table of areas and fat, what it was made from.
 * One SVG of A4: the same inputs give the same bytes, so its SHA-256 names it. */
#ifndef LUMBAR_MUSCLE_PAGE_H
#define LUMBAR_MUSCLE_PAGE_H
#include <lumbar/figure.h>

#include "muscle/composition/names.h"

enum { LB_PAGE_READINGS = 2, LB_PAGE_ROWS = 24, LB_PAGE_WIDTH = 595, LB_PAGE_HEIGHT = 842, LB_PAGE_LEFT = 42, LB_PAGE_RIGHT = 553 };

/** What one reader drew and what was measured from it. */
typedef struct lb_page_reading {
    const char *reader;    /**< "1", "2", or a name; NULL: the only one */
    lb_volume *mask;
    lb_names names;
    const lb_value *rows;  /**< as of `muscle measure` */
} lb_page_reading;

typedef struct lb_page {
    lb_arena *arena;
    lb_svg *svg;
    const lb_volume *image;
    const char *image_word;   /**< "water image" */
    const char *title, *about, *signing;
    const lb_value *inputs;   /**< name and sha256 of each file */
    const lb_value *warnings; /**< what was odd about the files: whoever signs must know */
    lb_page_reading reading[LB_PAGE_READINGS];
    size_t readings;
} lb_page;

/** Colour of a muscle's contours: the same on both sides and for both readers. */
const char *lb_page_colour(const lb_page *page, const char *muscle);
/** Line of a reader: the second one's is dashed. */
const char *lb_page_dash(size_t reading);
/** Slices with contours between `top` and at most `bottom`; *end is where they end. */
int lb_page_slices(const lb_page *page, double top, double bottom, double *end, lb_error *err) LB_MUST_CHECK;
/** Height of everything below the slices, and drawing it. */
double lb_page_table_height(const lb_page *page);
void lb_page_table(const lb_page *page, double top);
/** Rows of a reading that stand for a whole muscle. */
size_t lb_page_whole(const lb_page_reading *reading, const lb_value **row, size_t most);
#endif

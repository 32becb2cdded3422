/* Where the program's own files are. */
#ifndef LUMBAR_SERVER_PLACE_H
#define LUMBAR_SERVER_PLACE_H

#include <lumbar/base.h>

/** Folder with studies/ and reference/: beside the installed program, or the repository it was built in; or NULL. */
const char *lb_place_root(lb_arena *arena);
/** Folder of the built front end below a root, or NULL when it is not built. */
const char *lb_place_web(const char *root, lb_arena *arena);
/** Folder that holds data/lumbar_mri: LUMBAR_SHARED, or beside the repository; or NULL. */
const char *lb_place_shared(const char *root, lb_arena *arena);
/** folder/relative when it can be read, else NULL. */
const char *lb_place_below(const char *folder, const char *relative, lb_arena *arena);

#endif

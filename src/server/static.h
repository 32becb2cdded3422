/* Files of the built front end. */
#ifndef LUMBAR_SERVER_STATIC_H
#define LUMBAR_SERVER_STATIC_H

#include "server/http.h"

/** Answer GET/HEAD of a page or asset below the folder `web` (NULL or absent: a page that says how to build it). */
void lb_static_answer(const char *web, const lb_request *request, lb_answer *answer);

#endif

/* Published models and their pages, open to all at /calculator. */
#ifndef LUMBAR_SERVER_CALCULATOR_H
#define LUMBAR_SERVER_CALCULATOR_H

#include "server/http.h"

#include <lumbar/op.h>

typedef struct lb_calculators lb_calculators;

/** Models (*.json) of a folder; NULL: none yet, and what is published is kept in memory. A file that is no model is named on standard
 *  error and left out. */
lb_calculators *lb_calculators_new(const char *folder, const lb_registry *registry);
void lb_calculators_free(lb_calculators *calculators);
/** GET /calculator and /calculator/ID. */
void lb_calculators_page(lb_calculators *calculators, const lb_request *request, const char *id, lb_answer *answer);
/** GET /api/calculator: {calculators: [{id, label, sha256, href}]}. */
void lb_calculators_list(lb_calculators *calculators, const lb_request *request, lb_answer *answer);
/** POST /api/calculator with the model file as body. */
void lb_calculators_publish(lb_calculators *calculators, const lb_request *request, lb_answer *answer);

#endif

/* Routes of the care for people in the trial: what their tables are called, and what they share. */
#ifndef LUMBAR_SERVER_CARE_H
#define LUMBAR_SERVER_CARE_H

#include "server/study.h"

extern const study_table care_people_routes, care_phone_routes, care_safety_routes, care_oversight_routes, care_board_routes, care_document_routes;

/** A path of this server as an address to hand out. */
const char *care_url(const study_request *request, const char *path);

#endif

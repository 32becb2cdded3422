/* What the analysis pages and operations get from a study. */
#ifndef LUMBAR_SERVER_STUDY_ANALYSIS_H
#define LUMBAR_SERVER_STUDY_ANALYSIS_H

#include "server/analysis.h"
#include "server/study.h"

lb_analysis_source study_analysis_source(study_home *home);
/** [{id, label, made, by, sha256, masked, tables:[{name, rows, sha256, columns[]}]}] as this person may see them. */
int study_snapshot_list(study_request *person, lb_value *list, lb_error *err) LB_MUST_CHECK;

#endif

/* Snapshots and the analysis plan over HTTP. Where they come from is a table of functions: the demo has one snapshot made of its
 * data sets and a plan in memory; a study's server fills the table from its store, under the caller's rights. */
#ifndef LUMBAR_SERVER_ANALYSIS_H
#define LUMBAR_SERVER_ANALYSIS_H

#include "server/http.h"
#include "server/server.h"

/** The plan as it stands. */
typedef struct lb_plan_now {
    lb_bytes text;            /**< in the request's arena or longer */
    const lb_value *ledger;   /**< NULL: none yet */
    bool may_rehearse, may_lock, may_amend, may_run; /**< rights of the caller, not the ledger's rules */
    const char *who;          /**< the caller, for the ledger; NULL: the request says it */
} lb_plan_now;

typedef struct lb_analysis_source {
    /** Adds to `out` what the caller may see: {id, label, made, sha256, masked, tables: [{name, rows, columns: […]}]}. */
    int (*list)(void *context, const lb_request *request, lb_value *out, lb_error *err);
    /** One table as CSV; the bytes live as long as the request. Unknown or not allowed: LB_NOT_FOUND. */
    int (*table)(void *context, const lb_request *request, const char *snapshot, const char *table, lb_bytes *out, lb_error *err);
    int (*plan)(void *context, const lb_request *request, lb_plan_now *out, lb_error *err);
    /** Keep a ledger (and, when text is not NULL, the amended plan) whose predecessor is `before`: LB_CONFLICT when another came first. */
    int (*keep)(void *context, const lb_request *request, const lb_bytes *text, const lb_value *before, const lb_value *ledger, lb_error *err);
    void *context;
} lb_analysis_source;


struct lb_demo;

/** The demo's snapshot and plan. */
typedef struct lb_analysis_demo lb_analysis_demo;
lb_analysis_demo *lb_analysis_demo_new(const struct lb_demo *demo);
void lb_analysis_demo_free(lb_analysis_demo *held);
lb_analysis_source lb_analysis_demo_source(lb_analysis_demo *held);

/** GET /api/snapshots, GET /api/plan, POST /api/plan/rehearse|lock|amend|run, POST /api/report/make. */
void lb_route_snapshots(lb_server *server, const lb_request *request, lb_answer *answer);
void lb_route_plan(lb_server *server, const lb_request *request, lb_answer *answer);
void lb_route_plan_act(lb_server *server, const lb_request *request, const char *act, lb_answer *answer);
void lb_route_report(lb_server *server, const lb_request *request, lb_answer *answer);

/** HTML to Word through pandoc, pictures as PNG. LB_NOT_FOUND when pandoc is not installed. */
int lb_word_from_html(const char *html, size_t length, lb_buf *out, lb_error *err) LB_MUST_CHECK;

#endif

/* The seam between HTTP and the conduct of a study. A file of routes declares a table of `study_route`; from it come the
 * dispatch, the check of rights, the check of the body, and the OpenAPI document. A handler turns a checked request into
 * domain calls and an answer; it runs on a worker that may wait.
 *
 * To add routes: write a table in a file of yours, name it in study_tables[] of study_router.c. */
#ifndef LUMBAR_SERVER_STUDY_H
#define LUMBAR_SERVER_STUDY_H

#include "server/http.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/rights.h"
#include "trial/conduct/store.h"

#include <lumbar/op.h>
#include <lumbar/trial.h>

enum {
    STUDY_OPEN = 1,      /**< no sign-in; the path or body carries what proves who asks */
    STUDY_RAW = 2,       /**< the body is not JSON (an upload): left as it is */
    STUDY_UNMASKED = 4,  /**< to a masked actor it does not exist: 404 */
    STUDY_PENDING = 8,   /**< also while the user must still set a password or a second factor */
    STUDY_BEFORE = 16    /**< also before a protocol is active; `study` may be NULL */
};
enum { STUDY_PARTS = 6 };

typedef struct study_home study_home; /* store, opened protocols, limits: one per server */

/** One request of a signed-in person, or of nobody on an open route. Everything lives in `arena`. */
typedef struct study_request {
    study_home *home;
    const lb_request *http;
    lb_arena *arena;
    lb_store *store;
    const lb_registry *registry;
    const lb_study *study;   /**< the active version; other requests read it, too */
    lb_actor actor;          /**< user "" on an open route */
    const char *full_name, *session; /**< session: key of the record, NULL when not signed in */
    const lb_value *user;    /**< the user's record body, or NULL */
    const char *part[STUDY_PARTS]; /**< path parameters in order */
    const lb_value *body;    /**< checked against the route's schema; NULL when there is none */
    void *seen;              /**< what the route's look has found; NULL for a handler without one */
    int64_t now_us;
} study_request;

/** On failure return the error's code: it becomes the answer. On success `answer` has been filled. */
typedef int (*study_handler)(study_request *request, lb_answer *answer, lb_error *err);

/** Schemas are written tersely: text int number bool any date time object, [T], {a:T,b?:T}, {*:T} (map), (a|b) words,
 *  T~ (or null), #Name (a named one of any table). A key with '?' may be absent; in a body further keys are refused. */
typedef struct study_route {
    const char *method, *path; /**< "GET", "/api/people/{subject}/randomise" */
    const char *right;         /**< LB_MAY_…, or NULL: signed in is enough */
    unsigned flags;
    study_handler handler;
    const char *summary;
    const char *query;         /**< "site,state" or NULL */
    const char *body, *answer; /**< schemas; answer may be a media type such as "text/csv" */
} study_route;

/** What a handler reads before it does anything, in the transaction that finds out who asks: a save under load is as long as its ways
 *  to the database. `names`: to be read ahead (at most STUDY_LOOK). `read` runs when nothing refuses the request and its body is
 *  sound; it sets `seen`, and keeps what goes wrong there for the handler. Known to study_looks[] of study_router.c. */
enum { STUDY_LOOK = 4 };
typedef struct study_look {
    study_handler handler;
    size_t (*names)(const study_request *request, lb_name name[STUDY_LOOK]);
    void (*read)(lb_tx *tx, study_request *request);
} study_look;
extern const study_look study_save_look;

typedef struct study_schema {
    const char *name, *text;
} study_schema;

typedef struct study_table {
    const study_route *route;
    size_t count;
    const study_schema *schema;
    size_t schemas;
} study_table;

/* -- tables, one per file -- */
extern const study_table study_session_routes, study_people_routes, study_form_routes, study_query_routes, study_admin_routes,
    study_protocol_routes, study_data_routes, study_file_routes, study_scan_routes, study_reading_routes, study_page_routes,
    study_review_routes;

/* -- what handlers share -- */
/** A protocol by its version, for this request alone; given back when the request ends. LB_NOT_FOUND: no such version. */
int study_version(study_request *request, const char *version, const lb_study **out, lb_error *err) LB_MUST_CHECK;
/** The person's password again, for signatures and confirmations: LB_FORBIDDEN when wrong (counted and audited). */
int study_confirm(study_request *request, const char *password, lb_error *err) LB_MUST_CHECK;
/** Run a transaction as this request's actor. */
int study_read(study_request *request, lb_tx_body body, void *context, lb_error *err) LB_MUST_CHECK;
int study_write(study_request *request, lb_tx_body body, void *context, lb_error *err) LB_MUST_CHECK;
/** A text of the body; "" when absent. */
const char *study_text(const study_request *request, const char *key);
const char *study_query(const study_request *request, const char *name);
/** "2026-11-28T09:41:07Z" */
const char *study_time(int64_t us, lb_arena *arena);
/** Answer with an object of one's own. */
void study_answer(lb_answer *answer, const lb_value *value);
/** LB_NOT_FOUND in the words of a thing that is not there for this person. */
int study_absent(lb_error *err, const char *what);

/* -- of the server -- */
typedef struct study_options {
    lb_store *store;           /**< borrowed */
    const struct lb_allocator_face *allocator; /**< borrowed; NULL: nobody can be randomised here */
    const lb_registry *registry;
    const char *root;          /**< folder with instruments/ */
    const char *public_url;    /**< for links; NULL: the request's Host */
    bool secure;               /**< cookies only over TLS: behind a proxy with a public name */
    double idle_seconds;       /**< a session ends after this long without a request; 0 = 1800 */
} study_options;
int study_home_new(const study_options *options, study_home **out, lb_error *err) LB_MUST_CHECK;
void study_home_free(study_home *home);
const study_options *study_home_options(const study_home *home);
/** Is this path one of the study's? Sets *allow (comma list of methods) when it is. */
bool study_known(const char *path, const char **allow, lb_arena *arena);
/** The pattern that the path fits, or NULL. */
const char *study_pattern(const char *method, const char *path, lb_arena *arena);
/** Answer a complete request. */
void study_route_request(study_home *home, const lb_request *http, lb_answer *answer);
/** For a route outside of the tables that writes or computes: a signed-in person with this right, or NULL and `answer` says why
 *  not. Give back with study_dismiss(). */
study_request *study_admit(study_home *home, const lb_request *http, const char *right, lb_answer *answer);
void study_dismiss(study_request *request);
/** "ID/TABLE" of a snapshot, in the form this person may read. */
bool study_frozen(study_request *request, const char *path, lb_bytes *out);
/** Add the routes to an OpenAPI document. */
void study_openapi(lb_value *root);
/** Forget opened protocols: a new version is active. */
void study_home_refresh(study_home *home);

/* -- study_schema.c: terse text to JSON Schema, and checking a value by it -- */
/** "Name" references become "#/components/schemas/Name". Asserts that the text is well formed. */
lb_value *study_schema_json(const char *text, bool closed, lb_arena *arena);
/** Is the value as the schema says? LB_USAGE with `where` the path inside the body. */
int study_schema_check(const char *text, const lb_value *value, const char *(*named)(const char *name), lb_error *err) LB_MUST_CHECK;

#endif

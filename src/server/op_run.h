/* Running one call on behalf of a request: progress that ends when the client leaves, the document with its pictures and files. */
#ifndef LUMBAR_SERVER_OP_RUN_H
#define LUMBAR_SERVER_OP_RUN_H

#include "server/op_face.h"
#include "server/state.h"

int lb_op_run(const lb_server *server, const lb_request *request, lb_call *call, lb_result **out, lb_error *err) LB_MUST_CHECK;
void lb_op_document(const lb_server *server, const lb_result *result, lb_answer *answer);
/** Operations speak of options as the command line writes them; here they are parameters. */
void lb_op_error(lb_answer *answer, unsigned status, lb_error *err);
/** Data sets of the demo and tables of snapshots, as this request may see them. */
lb_face_datasets lb_op_datasets(const lb_server *server, const lb_request *request);
#endif

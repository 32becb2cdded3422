/* Deadlines of connections: who sends or takes too slowly is cut off. */
#ifndef LUMBAR_SERVER_WATCH_H
#define LUMBAR_SERVER_WATCH_H

#include <lumbar/base.h>

typedef struct lb_watch lb_watch;
typedef struct lb_watched lb_watched; /**< one connection */

typedef enum lb_phase { LB_PHASE_HEAD, LB_PHASE_BODY, LB_PHASE_WORK, LB_PHASE_SEND } lb_phase;

lb_watch *lb_watch_new(double head_seconds, double body_rate, double send_seconds);
void lb_watch_free(lb_watch *watch);
lb_watched *lb_watch_add(lb_watch *watch, int fd);
void lb_watch_remove(lb_watch *watch, lb_watched *one);
/** Enter a phase; its deadline counts from now. */
void lb_watch_phase(lb_watch *watch, lb_watched *one, lb_phase phase);
/** So many more bytes of the body have come. */
void lb_watch_received(lb_watch *watch, lb_watched *one, size_t bytes);
/** Has the other side closed? Only while the connection is at work. */
bool lb_watch_gone(lb_watch *watch, lb_watched *one);

#endif

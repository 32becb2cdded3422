/* Inside data: making nodes. */
#ifndef LUMBAR_DATA_VALUE_H
#define LUMBAR_DATA_VALUE_H
#include <lumbar/data.h>
enum { LB_VALUE_DEPTH = 100 }; /* of nesting, in JSON and YAML */
lb_value *lb_value_new(lb_arena *arena, lb_value_type type);
#endif

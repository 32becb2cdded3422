/* Which kinds of record leave a trace in the audit and are never removed. A kind nobody knows is treated as one of them. */
#include "trial/conduct/kinds.h"

#include <string.h>

bool lb_kind_audited(const char *kind)
{
    static const char *const passing[] = {LB_KIND_DRAFT, LB_KIND_SESSION, LB_KIND_ATTEMPT, LB_KIND_JOB, LB_KIND_RECEIPT};
    for (size_t i = 0; i < LB_COUNT(passing); i++)
        if (strcmp(kind, passing[i]) == 0) return false;
    return true;
}

/* The table of rights. Each line is a right and the roles that have it; everything else is refused. Who sees what reveals
 * the arm is decided elsewhere as well (the store leaves such records out for masked actors), so that a slip in one of the
 * two does not show an arm. ICH E6(R3) 4.2: access by role; the trial's `masking` says who is masked. */
#include "trial/conduct/rights.h"

#include <string.h>

enum {
    COORDINATOR = 1 << 0,
    THERAPIST = 1 << 1,
    INVESTIGATOR = 1 << 2,
    OPEN_MANAGER = 1 << 3, /* unmasked data manager */
    OPEN_STATISTICIAN = 1 << 4,
    BOARD = 1 << 5,
    ASSESSOR = 1 << 6,
    MANAGER = 1 << 7,
    MONITOR = 1 << 8,
    STATISTICIAN = 1 << 9,
    ADMINISTRATOR = 1 << 10
};
#define SITE (COORDINATOR | THERAPIST | INVESTIGATOR | ASSESSOR)
#define MANAGERS (MANAGER | OPEN_MANAGER)
#define STATISTICIANS (STATISTICIAN | OPEN_STATISTICIAN)
/* None of them reads the audit, which shows the other's decision. */
#define REVIEWERS (COORDINATOR | THERAPIST | ASSESSOR | STATISTICIANS)
#define EVERYONE (SITE | MANAGERS | MONITOR | STATISTICIANS | BOARD | ADMINISTRATOR)

static const char *const role_name[] = {"coordinator", "therapist",    "investigator", "unmasked_data_manager", "unmasked_statistician", "dsmb",
                                        "assessor",    "data_manager", "monitor",      "statistician",          "administrator"};

static const struct {
    const char *right;
    unsigned roles;
} rights[] = {
    {LB_MAY_PEOPLE, SITE | MANAGERS | MONITOR},
    {LB_MAY_SCREEN, COORDINATOR | INVESTIGATOR},
    {LB_MAY_IDENTITY, COORDINATOR | INVESTIGATOR | THERAPIST},
    {LB_MAY_IDENTITY_WRITE, COORDINATOR | INVESTIGATOR},
    {LB_MAY_CONSENT, COORDINATOR | INVESTIGATOR},
    {LB_MAY_RANDOMISE, COORDINATOR | INVESTIGATOR},
    {LB_MAY_UNBLIND, INVESTIGATOR},
    {LB_MAY_ARM, COORDINATOR | THERAPIST | INVESTIGATOR | OPEN_MANAGER},
    {LB_MAY_LINK, COORDINATOR | INVESTIGATOR | THERAPIST},
    {LB_MAY_DEVIATION, SITE | MANAGERS | MONITOR},
    {LB_MAY_WITHDRAW, COORDINATOR | INVESTIGATOR},
    {LB_MAY_ENTER, SITE | OPEN_MANAGER},
    {LB_MAY_SECOND, MANAGERS},
    {LB_MAY_SETTLE, MANAGERS},
    {LB_MAY_VERIFY, MONITOR},
    {LB_MAY_SIGN, INVESTIGATOR},
    {LB_MAY_FREEZE, MANAGERS | MONITOR},
    {LB_MAY_LOCK, MANAGERS},
    {LB_MAY_QUERY, MANAGERS | MONITOR},
    {LB_MAY_ANSWER, SITE},
    {LB_MAY_CLOSE, MANAGERS | MONITOR},
    {LB_MAY_ADHERENCE, COORDINATOR | THERAPIST | INVESTIGATOR | OPEN_MANAGER | OPEN_STATISTICIAN},
    {LB_MAY_CALL, THERAPIST},
    {LB_MAY_SAFETY, COORDINATOR | THERAPIST | INVESTIGATOR | MANAGERS | MONITOR},
    {LB_MAY_SAFETY_REPORT, COORDINATOR | INVESTIGATOR},
    {LB_MAY_BOARD, BOARD | OPEN_STATISTICIAN},
    {LB_MAY_BOARD_REPORT, OPEN_STATISTICIAN},
    {LB_MAY_RECOMMEND, BOARD},
    {LB_MAY_QUALITY, MANAGERS | MONITOR | COORDINATOR | INVESTIGATOR},
    {LB_MAY_PROTOCOL, EVERYONE},
    {LB_MAY_AMEND, ADMINISTRATOR | MANAGER},
    {LB_MAY_USERS, ADMINISTRATOR},
    {LB_MAY_SITES, ADMINISTRATOR},
    {LB_MAY_SITES_READ, EVERYONE},
    {LB_MAY_DELEGATION, ADMINISTRATOR | INVESTIGATOR},
    {LB_MAY_DELEGATION_READ, ADMINISTRATOR | INVESTIGATOR | COORDINATOR | MONITOR | MANAGERS},
    {LB_MAY_RANGES, MANAGERS | COORDINATOR | INVESTIGATOR},
    {LB_MAY_RANGES_READ, SITE | MANAGERS | MONITOR},
    {LB_MAY_AUDIT, MANAGERS | MONITOR | INVESTIGATOR | ADMINISTRATOR},
    {LB_MAY_SNAPSHOT, MANAGERS | STATISTICIANS},
    {LB_MAY_SNAPSHOTS, MANAGERS | STATISTICIANS},
    {LB_MAY_EXPORT, MANAGERS | STATISTICIANS},
    {LB_MAY_DOCUMENTS, SITE | MANAGERS | MONITOR},
    {LB_MAY_CALENDAR, SITE},
    {LB_MAY_BALANCE, OPEN_STATISTICIAN},
    {LB_MAY_ANALYSE, STATISTICIANS | MANAGERS},
    {LB_MAY_SCANS, SITE | MANAGERS | MONITOR},
    {LB_MAY_RECEIVE_SCAN, COORDINATOR | INVESTIGATOR},
    {LB_MAY_READ_SCAN, ASSESSOR | INVESTIGATOR},
    {LB_MAY_REOPEN_SCAN, MANAGERS},
    {LB_MAY_SIGN_SCAN, INVESTIGATOR},
    {LB_MAY_PLAN, STATISTICIANS},
    {LB_MAY_REVIEW, REVIEWERS},
    {LB_MAY_REVIEW_SEE, REVIEWERS | MANAGERS | MONITOR},
    {LB_MAY_REVIEW_SET, MANAGERS},
    {LB_MAY_STUDY_LOCK, MANAGER},
    {LB_MAY_STUDY_UNBLIND, OPEN_STATISTICIAN},
    {LB_MAY_STUDY_OPEN, ADMINISTRATOR},
};

static unsigned role_bit(const char *role)
{
    for (size_t i = 0; role && i < LB_COUNT(role_name); i++)
        if (strcmp(role_name[i], role) == 0) return 1u << i;
    return 0;
}

bool lb_rights_may(const char *role, const char *right)
{
    for (size_t i = 0; right && i < LB_COUNT(rights); i++)
        if (strcmp(rights[i].right, right) == 0) return (rights[i].roles & role_bit(role)) != 0;
    return false;
}

const char *lb_rights_at(size_t index)
{
    return index < LB_COUNT(rights) ? rights[index].right : NULL;
}

const char *lb_rights_role(size_t index)
{
    return index < LB_COUNT(role_name) ? role_name[index] : NULL;
}

const lb_value *lb_role_of(const lb_study *study, const char *role)
{
    const lb_value *roles = study ? lb_get(study->root, "roles") : NULL;
    for (size_t i = 0; roles && roles->type == LB_ARRAY && i < roles->count; i++)
        if (lb_text_equal(lb_get_text(roles->item[i], "id", NULL), role)) return roles->item[i];
    return NULL;
}

bool lb_role_masked(const lb_study *study, const char *role)
{
    const lb_value *found = lb_role_of(study, role);
    return !found || lb_get_bool(found, "masked", true);
}

bool lb_role_clinical(const lb_study *study, const char *role)
{
    const lb_value *found = lb_role_of(study, role);
    return found && lb_get_bool(found, "sees_clinical", true);
}

bool lb_rights_form(const char *role, const lb_study_form *form)
{
    static const struct {
        const char *filled_by;
        unsigned roles;
    } writers[] = {{"site", COORDINATOR | INVESTIGATOR},
                   {"assessor", ASSESSOR},
                   {"participant", COORDINATOR | INVESTIGATOR | ASSESSOR | THERAPIST}, /* a paper form that is keyed at the site */
                   {"therapist", THERAPIST},
                   {"laboratory", COORDINATOR | INVESTIGATOR},
                   {"imaging", COORDINATOR | INVESTIGATOR | ASSESSOR}};
    unsigned bit = role_bit(role);
    const char *filled_by = form->filled_by ? form->filled_by : "site";
    if (bit == OPEN_MANAGER) return form->reveals_arm; /* keys what reveals the arm */
    for (size_t i = 0; i < LB_COUNT(writers); i++)
        if (strcmp(writers[i].filled_by, filled_by) == 0) return (writers[i].roles & bit) != 0;
    return false;
}

bool lb_form_reveals(const lb_study_form *form, const lb_study_visit *visit)
{
    return form->reveals_arm || (visit && visit->reveals_arm);
}

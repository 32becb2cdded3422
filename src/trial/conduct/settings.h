/* What the conduct of a trial takes from its protocol file beyond forms and visits: which item means what. No code of the
 * conduct knows the name of an item, form, visit, arm or role; it knows them through here. Read with the protocol, owned by
 * its arena, never changed. Indices are of lb_study; -1 = the protocol has none. */
#ifndef LUMBAR_TRIAL_SETTINGS_H
#define LUMBAR_TRIAL_SETTINGS_H

#include <lumbar/trial.h>

#include "trial/instrument/adherence.h"

/** One item of one form: (-1, -1) where the protocol has none. */
typedef struct lb_item_at {
    int form, item;
    const char *id; /**< NULL where there is none */
} lb_item_at;

/** A consent: what must have been answered before it is asked for, and which visits it opens. */
typedef struct lb_consent_stage {
    const char *id, *form_version, *after; /**< after: eligibility stage, or NULL */
    lb_label label;
    bool opens_rest;       /**< every visit that no other stage opens */
    const bool *opens;     /**< per visit */
} lb_consent_stage;

typedef struct lb_consent_settings {
    const char *form_version;
    lb_item_at item;             /**< the date of consent on the screening form, kept in step */
    const bool *before;          /**< per visit: may be entered before any consent */
    size_t stage_count;          /**< at least 1 */
    const lb_consent_stage *stage;
    const char *const *language; /**< of the consent form */
    size_t language_count;
} lb_consent_settings;

typedef struct lb_adherence_settings {
    bool there;
    lb_adherence_rules rules;
    const bool *arm;             /**< per arm: whom it concerns */
    int form;                    /**< diary */
    lb_item_at part[LB_ADHERENCE_PARTS];
    lb_label part_label[LB_ADHERENCE_PARTS];
    lb_item_at held_call, call;  /**< days on hold, and whether the contact took place */
} lb_adherence_settings;

enum { LB_CAUSALITIES = 4 };
typedef struct lb_safety_settings {
    int form;
    lb_item_at term, start, end, severity, serious, aware, outcome, expected, action, code;
    size_t causality_count;
    lb_item_at causality[LB_CAUSALITIES];
    const char *causality_name[LB_CAUSALITIES];
    const char *const *related; /**< codes that count as related */
    size_t related_count;
    int serious_rule;           /**< compiled, or -1: then `serious` must be 1 */
    double sae_hours, followup_days;
    size_t escalate_count;
    const struct lb_escalation {
        double after_hours;
        const char *const *role;
        size_t role_count;
    } *escalate;
    size_t watch_count;
    const struct lb_watch_rule {
        const char *id, *text;
        lb_label label;
        int rule;               /**< compiled */
        const char **name;      /**< items it reads, "baseline_…" included */
        size_t name_count;
    } *watch;
} lb_safety_settings;

typedef struct lb_phone_settings {
    size_t form_count;
    const int *form;         /**< what a participant fills in, in this order */
    const char *day_item;    /**< item that holds the day a page is for: filled in, not asked; or NULL */
    int back_days;           /**< how far back a day may still be filled in */
    int late_days;           /**< how late an entry made in time may arrive */
    int ahead_minutes;       /**< how far a phone's clock may be ahead */
    lb_label welcome, thanks, contact;
    const char *const *language;
    size_t language_count;
} lb_phone_settings;

typedef struct lb_reminder {
    const char *id, *to; /**< to: "participant" or a role */
    int visit;
    int day[8];          /**< days from the visit's day */
    size_t day_count;
    int minute;          /**< of the day, local time */
    lb_label text;
} lb_reminder;

/** {id: label} of the protocol, in its order. */
typedef struct lb_words {
    size_t count;
    const char *const *id;
    const lb_label *label;
} lb_words;

typedef struct lb_conduct_settings {
    int eligibility_form;
    const char *const *stage;  /**< eligibility stages, in order */
    const lb_label *stage_label;
    size_t stage_count;
    bool after_eligibility, after_consent; /**< what must stand before randomisation … */
    const bool *after_visit;               /**< … and which visits must be complete (per visit) */
    const bool *visit_arm;     /**< visit × arm: is the visit meant for the arm? */
    const int64_t *site_target;/**< per site; 0 = none */
    int64_t enrolment;
    lb_consent_settings consent;
    lb_adherence_settings adherence;
    lb_safety_settings safety;
    lb_phone_settings phone;
    size_t reminder_count;
    const lb_reminder *reminder;
    lb_words withdrawals, deviations, severities, gates;
    const char *const *masked; /**< role ids */
    size_t masked_count;
} lb_conduct_settings;

/** Alternative units of an item: factor from `unit` to the item's own; 1 for its own, NaN when it is not known. */
double lb_item_unit_factor(const lb_study *study, const lb_study_item *item, const char *unit);

#endif

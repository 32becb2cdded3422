/* Adherence to an exercise programme, one week at a time: the rules come from the protocol file, so that the score of the
 * analysis and the one the supervisor sees live are the same computation. */
#ifndef LUMBAR_TRIAL_ADHERENCE_SCORE_H
#define LUMBAR_TRIAL_ADHERENCE_SCORE_H

#include <stdbool.h>
#include <stddef.h>

enum { LB_ADHERENCE_DAYS = 7, LB_ADHERENCE_PARTS = 8, LB_ADHERENCE_WEEKS = 52 };

typedef struct lb_adherence_rules {
    int weeks, sessions;              /**< weeks of the programme, sessions a week */
    int part_count;                   /**< components of a session */
    double enough_minutes, most_minutes; /**< a full session; above `most` a flag is raised */
    double frequency, duration, components, supervision; /**< weights, together 1 */
    double threshold;                 /**< adherent from here, 0–100 */
} lb_adherence_rules;

typedef struct lb_adherence_week {
    double minutes[LB_ADHERENCE_DAYS][LB_ADHERENCE_PARTS];
    int held;                         /**< days on hold for safety */
    bool supervised;
} lb_adherence_week;

/** The parts of a week's score, each 0–1, and what they are made from. */
typedef struct lb_adherence_score {
    bool evaluable;                   /**< false: every target day was on hold */
    double score;                     /**< 0–100 */
    double frequency, duration, components, supervision;
    int target, sessions, over;       /**< sessions wanted and done; days above `most_minutes` */
    int part_days[LB_ADHERENCE_PARTS];
    double minutes;                   /**< of the whole week */
} lb_adherence_score;

void lb_adherence_week_score(const lb_adherence_rules *rules, const lb_adherence_week *week, lb_adherence_score *out);
/** Mean of the evaluable weeks; NaN when there is none. */
double lb_adherence_overall(const lb_adherence_score *week, int weeks);
bool lb_adherent(const lb_adherence_rules *rules, double overall);

#endif

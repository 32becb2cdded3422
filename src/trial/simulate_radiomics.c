/* Invented radiomic features: groups of features that share what lies behind them (a drawn item and a level of the person's own), moved
 * by the scanner of the site, read twice with an error of their own. Streams by person, apart from all others. */
#include "trial/simulate.h"

#include <math.h>

enum { STREAM_IMAGES = 0x20000000, STREAM_SCANNERS = 0x28000000 };

/* What a feature is made of: fixed by its place in the list, so that every study of this protocol has the same features. */
typedef struct make {
    double loading, unit, level, scatter;
} make;

static make make_of(const model *m, size_t group, size_t number)
{
    lb_random random;
    make f;
    (void)m;
    lb_random_init(&random, 8271 + group, number); /* the protocol's own, whatever the seed of the trial */
    f.loading = 0.45 + 0.5 * lb_random_uniform(&random);
    if (lb_random_uniform(&random) < 0.3) f.loading = -f.loading;
    f.unit = exp(2 * lb_random_normal(&random));
    f.level = f.unit * (4 + lb_random_uniform(&random));
    f.scatter = 0.1 + 0.75 * pow(lb_random_uniform(&random), 2); /* of a second reading */
    return f;
}

/* Shift and spread of one feature on the scanner of a site. */
static void scanner(const model *m, size_t site, size_t feature, double strength, double *shift, double *spread)
{
    lb_random random;
    lb_random_init(&random, m->seed, STREAM_SCANNERS + site * 4096 + feature);
    *shift = strength * lb_random_normal(&random);
    *spread = exp(0.3 * strength * lb_random_normal(&random));
}

static size_t site_number(const model *m, const person *p)
{
    const lb_value *sites = lb_get(m->spec, "sites");
    for (size_t i = 0; sites && i < sites->count; i++)
        if (lb_text_equal(sites->key[i], p->site)) return i;
    return 0;
}

static double rounded(double value)
{
    if (value == 0) return 0;
    double unit = pow(10, floor(log10(fabs(value))) - 5);
    return nearbyint(value / unit) * unit;
}

void trial_radiomics(const model *m, const person *p, size_t number, lb_value *first, lb_value *second)
{
    const lb_value *spec = lb_get(m->spec, "radiomics"), *groups = lb_get(spec, "groups");
    double strength = lb_get_number(spec, "scanner", 0);
    size_t site = site_number(m, p), at = 0;
    lb_random random;
    lb_random_init(&random, m->seed, STREAM_IMAGES + number);
    bool again = lb_random_uniform(&random) < lb_get_number(spec, "read_twice", 0);
    lb_set_text(first, "id", p->id);
    if (again) lb_set_text(second, "id", p->id);
    for (size_t g = 0; groups && g < groups->count; g++) {
        const lb_value *group = groups->item[g], *features = lb_get(group, "features");
        double behind = lb_random_normal(&random), share = lb_get_number(group, "share", 0);
        lb_value item = trial_person_value(m, p, lb_get_text(group, "item", ""));
        double drawn = (lb_number_of(&item) - lb_get_number(group, "mean", 0)) / lb_get_number(group, "sd", 1);
        if (!isfinite(drawn)) drawn = 0;
        for (size_t k = 0; features && k < features->count; k++, at++) {
            make f = make_of(m, g, k);
            double shift, spread, own = lb_random_normal(&random), error = lb_random_normal(&random), error_again = lb_random_normal(&random);
            scanner(m, site, at, strength, &shift, &spread);
            double latent = sqrt(share) * drawn + sqrt(1 - share) * behind, signal = f.loading * latent + sqrt(1 - f.loading * f.loading) * own;
            const char *name = features->item[k]->text;
            lb_set_number(first, name, rounded(f.level + f.unit * (spread * (signal + f.scatter * error) + shift)));
            if (again) lb_set_number(second, name, rounded(f.level + f.unit * (spread * (signal + f.scatter * error_again) + shift)));
        }
    }
}

/* Which rows of a log stand out of order: the fewest whose removal leaves the rest in order, so that one displaced row
 * is one fault. Longest non-decreasing subsequence by patience sorting from the right (Fredman 1975). */
#include "trial/log.h"

/* length[i]: rows of the longest run that begins at i. tail[k]: largest key that begins a run of k+1 rows. */
static size_t run_lengths(const int64_t *key, size_t n, bool strict, int64_t *tail, size_t *length)
{
    size_t longest = 0;
    for (size_t i = n; i-- > 0;) {
        size_t low = 0, high = longest;
        while (low < high) {
            size_t middle = (low + high) / 2;
            bool before = strict ? key[i] < tail[middle] : key[i] <= tail[middle];
            if (before) low = middle + 1;
            else high = middle;
        }
        tail[low] = key[i];
        if (low == longest) longest++;
        length[i] = low + 1;
    }
    return longest;
}

void trial_log_disorder(const int64_t *key, size_t n, bool strict, lb_arena *arena, bool *out_of_order)
{
    int64_t *tail = lb_arena_array(arena, n + 1, sizeof *tail);
    size_t *length = lb_arena_array(arena, n + 1, sizeof *length);
    size_t wanted = run_lengths(key, n, strict, tail, length);
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < n; i++) {
        bool fits = strict && last != INT64_MIN ? key[i] > last : key[i] >= last;
        out_of_order[i] = !(wanted > 0 && length[i] == wanted && fits);
        if (out_of_order[i]) continue;
        last = key[i];
        wanted--;
    }
}

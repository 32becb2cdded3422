/* Text: comparing, splitting, the nearest word, UTF-8, hashes. */
#include <lumbar/base.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>


bool lb_text_equal(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

bool lb_text_starts(const char *text, const char *prefix)
{
    return text && prefix && strncmp(text, prefix, strlen(prefix)) == 0;
}

bool lb_text_ends(const char *text, const char *suffix)
{
    if (text == NULL || suffix == NULL) return false;
    size_t n = strlen(text), m = strlen(suffix);
    return n >= m && memcmp(text + n - m, suffix, m) == 0;
}

/* Damerau–Levenshtein (optimal string alignment) distance of short words, case folded; words over 63 bytes are far. */
static unsigned word_distance(const char *a, const char *b)
{
    enum { MAX = 63 };
    size_t n = strlen(a), m = strlen(b);
    if (n > MAX || m > MAX) return 1000;
    unsigned row[3][MAX + 1];
    for (size_t j = 0; j <= m; j++) row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            unsigned best = last[j - 1] + (x != y);
            if (last[j] + 1 < best) best = last[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) && tolower((unsigned char)a[i - 2]) == y &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

const char *lb_text_nearest(const char *word, const char *const *words, size_t count)
{
    const char *best = NULL;
    unsigned best_distance = 1000;
    for (size_t i = 0; i < count; i++) {
        if (words[i] == NULL) continue;
        unsigned distance = word_distance(word, words[i]);
        /* A word that only continues what was typed is near, too: "odi" → "odi_12m". */
        size_t n = strlen(word);
        if (n >= 3 && strncasecmp(word, words[i], n) == 0 && distance > 2) distance = 2;
        if (distance < best_distance) {
            best_distance = distance;
            best = words[i];
        }
    }
    size_t length = strlen(word);
    unsigned limit = length <= 3 ? 1 : length <= 6 ? 2 : (unsigned)(length / 3);
    if (limit < 2 && length > 2) limit = 2;
    return best_distance <= limit ? best : NULL;
}

char **lb_text_split(lb_arena *arena, const char *text, char separator, size_t *count)
{
    *count = 0;
    if (text == NULL || *text == '\0') return NULL;
    size_t pieces = 1;
    for (const char *p = text; *p; p++) pieces += *p == separator;
    char **piece = lb_arena_array(arena, pieces, sizeof *piece);
    const char *start = text;
    for (const char *p = text;; p++) {
        if (*p != separator && *p != '\0') continue;
        const char *end = p;
        while (start < end && isspace((unsigned char)*start)) start++;
        while (end > start && isspace((unsigned char)end[-1])) end--;
        piece[(*count)++] = lb_arena_textn(arena, start, (size_t)(end - start));
        if (*p == '\0') break;
        start = p + 1;
    }
    return piece;
}

/* Well-formed UTF-8 after Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF. */
size_t lb_utf8_bad(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t i = 0;
    while (i < length) {
        if (i + 8 <= length) { /* eight ASCII bytes at once */
            uint64_t word;
            memcpy(&word, s + i, 8);
            if ((word & 0x8080808080808080u) == 0) {
                i += 8;
                continue;
            }
        }
        unsigned c = s[i];
        if (c < 0x80) {
            i++;
            continue;
        }
        size_t more = c >= 0xC2 && c <= 0xDF ? 1 : c >= 0xE0 && c <= 0xEF ? 2 : c >= 0xF0 && c <= 0xF4 ? 3 : 0;
        if (more == 0 || more >= length - i) return i;
        unsigned low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80, high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
        if (s[i + 1] < low || s[i + 1] > high) return i;
        for (size_t k = 2; k <= more; k++)
            if ((s[i + k] & 0xC0) != 0x80) return i;
        i += more + 1;
    }
    return length;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool lb_hex_bytes(const char *hex, uint8_t *out, size_t count)
{
    if (hex == NULL || strlen(hex) != 2 * count) return false;
    for (size_t i = 0; i < count; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

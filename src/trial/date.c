/* Calendar dates and UTC times as whole numbers, so that visits and logs can be counted in days and seconds.
 * Proleptic Gregorian calendar; the day count follows the era method (400 years = 146097 days). */
#include <lumbar/trial.h>

#include <stdio.h>
#include <string.h>

static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil_of(int64_t days, int64_t *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = years + era * 400 + (*month <= 2);
}

/* `count` digits at text as a number, or -1. */
static int digits(const char *text, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = 10 * value + (text[i] - '0');
    }
    return value;
}

bool lb_date_days(const char *text, size_t length, int64_t *days)
{
    if (!text || length != 10 || text[4] != '-' || text[7] != '-') return false;
    int year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31) return false;
    int64_t count = days_of(year, month, day), back_year;
    int back_month, back_day;
    civil_of(count, &back_year, &back_month, &back_day);
    if (back_month != month || back_day != day) return false; /* 30 February */
    *days = count;
    return true;
}

int lb_date_precision(const char *text)
{
    char whole[32];
    int64_t days;
    size_t length = text ? strlen(text) : 0;
    if (length >= 16 && (text[10] == 'T' || text[10] == ' ')) { /* a time of day behind it */
        snprintf(whole, sizeof whole, "%.10s", text);
        return lb_date_days(whole, 10, &days) ? 3 : 0;
    }
    if (length != 4 && length != 7 && length != 10) return 0;
    snprintf(whole, sizeof whole, "%s%s", text, length == 4 ? "-01-01" : length == 7 ? "-01" : "");
    if (!lb_date_days(whole, strlen(whole), &days)) return 0;
    return length == 4 ? 1 : length == 7 ? 2 : 3;
}

void lb_date_text(int64_t days, char text[16])
{
    int64_t year;
    int month, day;
    civil_of(days, &year, &month, &day);
    snprintf(text, 16, "%04d-%02d-%02d", (int)(year % 10000), month, day);
}

bool lb_time_seconds(const char *text, int64_t *seconds)
{
    size_t length = 0;
    while (text && text[length] && length < 32) length++;
    if (length != 17 && length != 20) return false;
    int64_t days;
    if (!lb_date_days(text, 10, &days) || text[10] != 'T' || text[13] != ':' || text[length - 1] != 'Z') return false;
    int hour = digits(text + 11, 2), minute = digits(text + 14, 2), second = 0;
    if (length == 20) {
        if (text[16] != ':') return false;
        second = digits(text + 17, 2);
    }
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false;
    *seconds = days * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

void lb_time_text(int64_t seconds, char text[24])
{
    int64_t days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400;
    unsigned rest = (unsigned)((seconds - days * 86400) % 86400);
    char date[16];
    lb_date_text(days, date);
    snprintf(text, 24, "%.10sT%02u:%02u:%02uZ", date, rest / 3600 % 24, rest / 60 % 60, rest % 60);
}

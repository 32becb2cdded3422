/* The tables of the store and how they came to be: one list of steps per database, never edited once released. */
#ifndef LUMBAR_STORE_SCHEMA_H
#define LUMBAR_STORE_SCHEMA_H

#include <stddef.h>

/** Step i (from 0) brings version i to i + 1. */
extern const char *const store_schema_sqlite[];
extern const size_t store_schema_sqlite_count;
extern const char *const store_schema_postgres[];
extern const size_t store_schema_postgres_count;

#endif

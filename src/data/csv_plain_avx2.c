/* csv_plain.c for processors with AVX2: CMake compiles this file for them where there are any. */
#ifdef __AVX2__
#include "csv_plain.c"
#else
typedef int lb_csv_plain_no_avx2;
#endif

/* SHA-256 (FIPS 180-4) of inputs, for provenance. Small ones by nettle, which uses the processor's SHA instructions where it has
 * them; large ones by OpenSSL where it is there: its code for processors without them (AVX2) takes 0.6 of the time. */
#include <lumbar/base.h>

#include <dlfcn.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

enum { LARGE = 4 << 20 /* below, loading OpenSSL costs more than it saves; and a confined process never hashes so much */ };

typedef unsigned char *one_shot(const unsigned char *data, size_t length, unsigned char *digest);

static bool by_openssl(const void *data, size_t length, uint8_t *digest)
{
    void *library = dlopen("libcrypto.so.3", RTLD_LAZY | RTLD_LOCAL), *address = library ? dlsym(library, "SHA256") : NULL;
    one_shot *hash;
    memcpy(&hash, &address, sizeof hash); /* stays loaded: it keeps state of its own until the program ends */
    return address && hash(data, length, digest);
}

void lb_sha256_hex(const void *data, size_t length, char hex[65])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    if (length < LARGE || !by_openssl(data, length, digest)) {
        struct sha256_ctx context;
        sha256_init(&context);
        sha256_update(&context, length, data);
        sha256_digest(&context, sizeof digest, digest);
    }
    for (size_t i = 0; i < sizeof digest; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

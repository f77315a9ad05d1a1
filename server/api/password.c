#include "server/api/password.h"

#include <crypt.h>

#include "schema/base/crypto.h"

/* crypt_data is 32 KB: on the heap, wiped after use. */
static char *run(const char *password, const char *setting, struct crypt_data *data)
{
    char *out = crypt_rn(password, setting, data, sizeof *data);

    return out != NULL && out[0] != '*' ? out : NULL;
}

static bool make_salt(char out[CRYPT_GENSALT_OUTPUT_SIZE])
{
    char entropy[32];

    crypto_random(entropy, sizeof entropy);
    return crypt_gensalt_rn("$y$", 0, entropy, sizeof entropy, out, CRYPT_GENSALT_OUTPUT_SIZE) !=
           NULL;
}

enum status password_hash(const char *password, struct arena *arena, const char **hash)
{
    struct crypt_data *data = calloc(1, sizeof *data);
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    enum status status = STATUS_IO;

    if (data == NULL)
        return STATUS_MEMORY;
    const char *made = make_salt(salt) ? run(password, salt, data) : NULL;
    if (made != NULL) {
        *hash = arena_text(arena, span_text(made));
        status = *hash != NULL ? STATUS_OK : STATUS_MEMORY;
    }
    crypto_wipe(data, sizeof *data);
    free(data);
    return status;
}

bool password_fits(const char *password, const char *hash)
{
    struct crypt_data *data = calloc(1, sizeof *data);
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    bool fits = false;

    if (data == NULL)
        return false;
    const char *setting = hash != NULL ? hash : make_salt(salt) ? salt : NULL;
    const char *made = setting != NULL ? run(password, setting, data) : NULL;
    if (made != NULL && hash != NULL)
        fits = span_equal_secret(span_text(made), span_text(hash));
    crypto_wipe(data, sizeof *data);
    free(data);
    return fits;
}

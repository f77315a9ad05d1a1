#include "agent/chat/tls_dates.h"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

/* OpenSSL looks for the parameters of this name when it begins to verify, in a table that programs
 * may add to before its own (X509_VERIFY_PARAM_lookup(3)). Ours say what its own say, and may have
 * a time. They are the process's from then on, as the table is. */
#define NAME          "default"
#define DEFAULT_DEPTH 100

void tls_dates_ignore(void *tls)
{
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(tls), X509_V_FLAG_NO_CHECK_TIME);
}

/* OpenSSL's own come first, so that one of this name at the end was added. */
static X509_VERIFY_PARAM *find_added(void)
{
    const int count = X509_VERIFY_PARAM_get_count();
    const X509_VERIFY_PARAM *last = X509_VERIFY_PARAM_get0(count - 1);

    return last && strcmp(X509_VERIFY_PARAM_get0_name(last), NAME) == 0 ? (X509_VERIFY_PARAM *)last
                                                                        : NULL;
}

enum status tls_dates_open(struct tls_dates **out)
{
    X509_VERIFY_PARAM *parameters = find_added();

    if (parameters)
        goto out;
    parameters = X509_VERIFY_PARAM_new();
    if (!parameters || !X509_VERIFY_PARAM_set1_name(parameters, NAME) ||
        !X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_TRUSTED_FIRST))
        goto fail;
    X509_VERIFY_PARAM_set_depth(parameters, DEFAULT_DEPTH);
    if (!X509_VERIFY_PARAM_add0_table(parameters))
        goto fail;
out:
    *out = (struct tls_dates *)parameters;
    tls_dates_set(*out, 0);
    return STATUS_OK;
fail:
    X509_VERIFY_PARAM_free(parameters);
    return STATUS_MEMORY;
}

void tls_dates_set(struct tls_dates *dates, int64_t wall_ms)
{
    X509_VERIFY_PARAM *parameters = (X509_VERIFY_PARAM *)dates;

    if (wall_ms != 0)
        X509_VERIFY_PARAM_set_time(parameters, (time_t)(wall_ms / 1000));
    else
        X509_VERIFY_PARAM_clear_flags(parameters, X509_V_FLAG_USE_CHECK_TIME);
}

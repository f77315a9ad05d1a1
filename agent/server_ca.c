#include "agent/server_ca.h"

#include <stdio.h>
#include <string.h>

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define NAME  "Myna server CA"

/* The one behind it, or NULL. */
static const char *next(const char *pem)
{
    return strstr(pem + 1, BEGIN);
}

static const char *first(const char *pem)
{
    return strstr(pem, BEGIN);
}

bool server_ca_signed(const char *pem, struct span message, struct span signature)
{
    for (const char *at = first(pem); at; at = next(at))
        if (pki_verify_signature(span_text(at), message, signature) == STATUS_OK)
            return true;
    return false;
}

size_t server_ca_ids(const char *pem, uint8_t ids[SERVER_CA_MAX][PKI_AUTHORITY_SIZE])
{
    size_t count = 0;

    for (const char *at = first(pem); at && count < SERVER_CA_MAX; at = next(at))
        count += pki_authority(span_text(at), ids[count]) == STATUS_OK;
    return count;
}

/* "Myna server CA" is the first, "Myna server CA 2" follows it; 0: it is no server CA. */
static int64_t number_of(const char *pem)
{
    const size_t size = strlen(NAME);
    struct pki_facts facts;
    int64_t number = 0;

    if (pki_read(span_text(pem), &facts) != STATUS_OK || strncmp(facts.name, NAME, size) != 0)
        return 0;
    if (facts.name[size] == '\0')
        return 1;
    return facts.name[size] == ' ' &&
                   span_to_int64(span_text(facts.name + size + 1), &number) == STATUS_OK &&
                   number > 1
               ? number
               : 0;
}

/* Each by itself: behind another one it would stand in its chain, and be looked at by nobody. */
enum status server_ca_check(const char *pem, struct span root_pem)
{
    const char *at = first(pem);

    if (!at)
        return STATUS_FORGED;
    for (; at; at = next(at))
        if (number_of(at) == 0 || pki_verify(span_text(at), root_pem, PKI_IGNORE_TIME) != STATUS_OK)
            return STATUS_FORGED;
    return STATUS_OK;
}

enum status server_ca_trust(const char *pem, char out[SERVER_CA_TRUST_SIZE])
{
    char one[PKI_PEM_SIZE];
    size_t size = 0;

    for (const char *at = first(pem); at; at = next(at)) {
        if (pki_trusted(span_text(at), one) != STATUS_OK)
            return STATUS_INVALID;
        const int written = snprintf(out + size, SERVER_CA_TRUST_SIZE - size, "%s", one);
        if (written < 0 || (size_t)written >= SERVER_CA_TRUST_SIZE - size)
            return STATUS_FULL;
        size += (size_t)written;
    }
    return size > 0 ? STATUS_OK : STATUS_INVALID;
}

bool server_ca_follows(const char *pem, const char *before)
{
    const char *known = first(before);
    const int64_t least = known ? number_of(known) : 0;

    for (const char *at = first(pem); at; at = next(at))
        if (number_of(at) < least)
            return false;
    return true;
}

static bool is_among(const char *pem, const uint8_t (*ids)[PKI_AUTHORITY_SIZE], size_t count)
{
    uint8_t id[PKI_AUTHORITY_SIZE];
    bool found = false;

    if (pki_authority(span_text(pem), id) != STATUS_OK)
        return false;
    for (size_t i = 0; i < count; i++)
        found |= memcmp(id, ids[i], sizeof id) == 0;
    return found;
}

bool server_ca_keep(char *pem, const uint8_t (*ids)[PKI_AUTHORITY_SIZE], size_t count)
{
    bool knows_one = false, dropped = false;

    for (const char *at = first(pem); at; at = next(at))
        knows_one |= is_among(at, ids, count);
    for (char *at = strstr(pem, BEGIN); at && knows_one;) {
        char *behind = strstr(at + 1, BEGIN);

        if (is_among(at, ids, count)) {
            at = behind;
            continue;
        }
        dropped = true;
        if (behind)
            memmove(at, behind, strlen(behind) + 1);
        else
            *at = '\0';
        at = strstr(at, BEGIN);
    }
    return dropped;
}

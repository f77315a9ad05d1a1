#include "server/http/proxies.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ADDRESS_BYTES 16
#define V4_BITS       96 /* before an IPv4 address that is written as an IPv6 one */
#define BLANKS        " \t"

static const uint8_t mapped_v4[12] = {[10] = 0xff, [11] = 0xff};

static struct span trim(struct span text)
{
    while (text.size > 0 && strchr(BLANKS, text.data[0]) != NULL)
        text = span_of(text.data + 1, text.size - 1);
    while (text.size > 0 && strchr(BLANKS, text.data[text.size - 1]) != NULL)
        text.size--;
    return text;
}

/* *bits: of the whole address. */
static bool read_address(struct span text, uint8_t out[ADDRESS_BYTES], unsigned *bits)
{
    char host[INET6_ADDRSTRLEN];

    if (span_to_text(text, host, sizeof host) != STATUS_OK)
        return false;
    *bits = 128;
    if (inet_pton(AF_INET6, host, out) == 1)
        return true;
    *bits = 32;
    memcpy(out, mapped_v4, sizeof mapped_v4);
    return inet_pton(AF_INET, host, out + sizeof mapped_v4) == 1;
}

/* ---- the option ---- */

static bool has_bits_behind(const struct proxies_network *network)
{
    for (unsigned bit = network->bits; bit < 128; bit++)
        if (network->address[bit / 8] & (0x80u >> bit % 8))
            return true;
    return false;
}

static enum status read_network(struct span text, struct proxies_network *out,
                                char problem[PROXIES_PROBLEM])
{
    const uint8_t *slash = memchr(text.data, '/', text.size);
    const size_t size = slash != NULL ? (size_t)(slash - text.data) : text.size;
    unsigned bits = 0;
    int64_t kept = 0;

    if (!read_address(span_of(text.data, size), out->address, &bits)) {
        snprintf(problem, PROXIES_PROBLEM, "\"%.*s\" is no address", (int)size,
                 (const char *)text.data);
        return STATUS_INVALID;
    }
    kept = bits;
    if (slash != NULL &&
        (span_to_int64(span_of(slash + 1, text.size - size - 1), &kept) != STATUS_OK || kept < 1 ||
         kept > bits)) {
        snprintf(problem, PROXIES_PROBLEM, "behind the / of \"%.*s\" stands a number, 1 to %u",
                 (int)text.size, (const char *)text.data, bits);
        return STATUS_INVALID;
    }
    out->bits = (unsigned)kept + (bits == 32 ? V4_BITS : 0);
    if (has_bits_behind(out)) {
        snprintf(problem, PROXIES_PROBLEM,
                 "\"%.*s\" names an address, not a network: it has bits set behind the first %d",
                 (int)text.size, (const char *)text.data, (int)kept);
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

enum status proxies_parse(struct proxies *out, const char *list, char problem[PROXIES_PROBLEM])
{
    enum status status = STATUS_OK;

    *out = (struct proxies){.count = 0};
    if (list == NULL || trim(span_text(list)).size == 0)
        return STATUS_OK;
    for (const char *at = list; status == STATUS_OK; at++) {
        const size_t size = strcspn(at, ",");

        if (out->count == PROXIES_MAX) {
            snprintf(problem, PROXIES_PROBLEM, "at most %d of them are taken: name networks",
                     PROXIES_MAX);
            return STATUS_INVALID;
        }
        status = read_network(trim(span_of(at, size)), &out->networks[out->count++], problem);
        at += size;
        if (*at == '\0')
            break;
    }
    return status;
}

/* ---- requests ---- */

static bool is_in(const uint8_t address[ADDRESS_BYTES], const struct proxies_network *network)
{
    const unsigned whole = network->bits / 8;
    const unsigned rest = network->bits % 8;

    return memcmp(address, network->address, whole) == 0 &&
           (rest == 0 || (address[whole] ^ network->address[whole]) >> (8 - rest) == 0);
}

static bool is_named(const struct proxies *proxies, struct span address)
{
    uint8_t bytes[ADDRESS_BYTES];
    unsigned bits;

    if (!read_address(address, bytes, &bits))
        return false;
    for (size_t i = 0; i < proxies->count; i++)
        if (is_in(bytes, &proxies->networks[i]))
            return true;
    return false;
}

/* Some proxies write "192.0.2.1:4711" and "[2001:db8::1]:4711". */
static struct span without_port(struct span text)
{
    const uint8_t *first = memchr(text.data, ':', text.size);
    const bool has_one_colon =
        first != NULL &&
        memchr(first + 1, ':', text.size - (size_t)(first + 1 - text.data)) == NULL;

    if (text.size > 0 && text.data[0] == '[') {
        const uint8_t *end = memchr(text.data, ']', text.size);

        return end != NULL ? span_of(text.data + 1, (size_t)(end - text.data) - 1) : text;
    }
    return has_one_colon ? span_of(text.data, (size_t)(first - text.data)) : text;
}

/* The last member of a list; *list becomes what stands before it. */
static struct span take_last(struct span *list)
{
    size_t at = list->size;

    while (at > 0 && list->data[at - 1] != ',')
        at--;
    const struct span last = trim(span_of(list->data + at, list->size - at));
    *list = span_of(list->data, at > 0 ? at - 1 : 0);
    return last;
}

/* Each proxy adds the address that it took the request from at the end: the first that is none of
 * the named ones', from there, is the last that is known. What stands before it anybody may have
 * written. False: go on with what stands before this header. */
static bool look_at(const struct proxies *proxies, struct request *request, struct span list)
{
    while (list.size > 0) {
        const struct span from = without_port(take_last(&list));
        uint8_t bytes[ADDRESS_BYTES];
        unsigned bits;

        if (!read_address(from, bytes, &bits) ||
            span_to_text(from, request->address, sizeof request->address) != STATUS_OK ||
            !is_named(proxies, from))
            return true;
    }
    return false;
}

static void take_scheme(struct request *request)
{
    for (size_t i = request->header_count; i-- > 0;) {
        if (strcasecmp(request->headers[i].name, "X-Forwarded-Proto") != 0)
            continue;
        struct span list = span_text(request->headers[i].value);

        request->secure = span_equal_text(take_last(&list), "https");
        return;
    }
}

void proxies_look_through(const struct proxies *proxies, struct request *request)
{
    if (!is_named(proxies, span_text(request->address)))
        return;
    take_scheme(request);
    for (size_t i = request->header_count; i-- > 0;)
        if (strcasecmp(request->headers[i].name, "X-Forwarded-For") == 0 &&
            look_at(proxies, request, span_text(request->headers[i].value)))
            return;
}

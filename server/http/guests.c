#include "server/http/guests.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "schema/base/log.h"

#define BUCKETS        4096u
#define LOG_EVERY_MS   60000
#define ADDRESS_BYTES  16
#define NETWORK_BYTES  8 /* of IPv6 */
#define MAPPED_V4_SIZE 12

/* An IPv6 address, or an IPv4 one as the IPv6 address that stands for it. */
struct place {
    uint8_t bytes[ADDRESS_BYTES];
    unsigned present;
    struct place *next;
};

struct guest {
    struct place *place;
    int fd;
    int64_t deadline_ms;
    struct guest *before, *after;
};

/* What the log was told last. */
struct told {
    uint64_t count;
    int64_t at_ms;
};

struct guests {
    pthread_mutex_t lock;
    struct guests_limits limits;
    struct guests_counts counts;
    struct guest *first;
    struct place *places[BUCKETS];
    uint8_t last_refused[ADDRESS_BYTES];
    struct told told_refused, told_cut;
};

static const uint8_t mapped_v4[MAPPED_V4_SIZE] = {[10] = 0xff, [11] = 0xff};

enum status guests_create(struct guests **out, const struct guests_limits *limits)
{
    struct guests *guests = calloc(1, sizeof *guests);

    if (guests == NULL)
        return STATUS_MEMORY;
    pthread_mutex_init(&guests->lock, NULL);
    guests->limits = *limits;
    *out = guests;
    return STATUS_OK;
}

void guests_free(struct guests *guests)
{
    if (guests == NULL)
        return;
    pthread_mutex_destroy(&guests->lock);
    free(guests);
}

static void read_place(const struct sockaddr *from, uint8_t out[ADDRESS_BYTES])
{
    memset(out, 0, ADDRESS_BYTES);
    if (from->sa_family == AF_INET) {
        memcpy(out, mapped_v4, sizeof mapped_v4);
        memcpy(out + sizeof mapped_v4, &((const struct sockaddr_in *)from)->sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        const uint8_t *whole = ((const struct sockaddr_in6 *)from)->sin6_addr.s6_addr;
        const bool is_v4 = memcmp(whole, mapped_v4, sizeof mapped_v4) == 0;

        memcpy(out, whole, is_v4 ? ADDRESS_BYTES : NETWORK_BYTES);
    }
}

/* FNV-1a. Who chooses addresses for it to collide needs the addresses. */
static struct place **bucket_of(struct guests *guests, const uint8_t bytes[ADDRESS_BYTES])
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < ADDRESS_BYTES; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return &guests->places[hash % BUCKETS];
}

/* Where it hangs, or where it would. */
static struct place **find(struct guests *guests, const uint8_t bytes[ADDRESS_BYTES])
{
    struct place **at = bucket_of(guests, bytes);

    while (*at != NULL && memcmp((*at)->bytes, bytes, ADDRESS_BYTES) != 0)
        at = &(*at)->next;
    return at;
}

static void write_place(const uint8_t bytes[ADDRESS_BYTES], char out[INET6_ADDRSTRLEN])
{
    const bool is_v4 = memcmp(bytes, mapped_v4, sizeof mapped_v4) == 0;

    inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? bytes + sizeof mapped_v4 : bytes, out,
              INET6_ADDRSTRLEN);
}

void guests_network(const char *address, char out[GUESTS_NETWORK])
{
    struct sockaddr_in6 from = {.sin6_family = AF_INET6};
    char host[INET6_ADDRSTRLEN];
    uint8_t bytes[ADDRESS_BYTES];

    snprintf(out, GUESTS_NETWORK, "%s", address);
    /* "fe80::1%eth0" */
    snprintf(host, sizeof host, "%.*s", (int)strcspn(address, "%"), address);
    if (inet_pton(AF_INET6, host, &from.sin6_addr) != 1)
        return;
    read_place((const struct sockaddr *)&from, bytes);
    write_place(bytes, host);
    const bool is_v4 = memcmp(bytes, mapped_v4, sizeof mapped_v4) == 0;
    snprintf(out, GUESTS_NETWORK, is_v4 ? "%s" : "%s/64", host);
}

bool guests_admit(struct guests *guests, const struct sockaddr *from)
{
    uint8_t bytes[ADDRESS_BYTES];

    read_place(from, bytes);
    pthread_mutex_lock(&guests->lock);
    const struct place *place = *find(guests, bytes);
    const bool has_room = guests->counts.present < guests->limits.total &&
                          (place == NULL || place->present < guests->limits.per_address);
    if (!has_room) {
        guests->counts.refused++;
        memcpy(guests->last_refused, bytes, sizeof bytes);
    }
    pthread_mutex_unlock(&guests->lock);
    return has_room;
}

static struct place *enter_place(struct guests *guests, const uint8_t bytes[ADDRESS_BYTES])
{
    struct place **at = find(guests, bytes);
    struct place *place = *at;

    if (place == NULL) {
        place = calloc(1, sizeof *place);
        if (place == NULL)
            return NULL;
        memcpy(place->bytes, bytes, ADDRESS_BYTES);
        *at = place;
    }
    place->present++;
    return place;
}

static void leave_place(struct guests *guests, struct place *place)
{
    if (--place->present > 0)
        return;
    *find(guests, place->bytes) = place->next;
    free(place);
}

struct guest *guests_enter(struct guests *guests, const struct sockaddr *from, int fd,
                           int64_t deadline_ms)
{
    struct guest *guest = calloc(1, sizeof *guest);
    uint8_t bytes[ADDRESS_BYTES];

    if (guest == NULL)
        return NULL;
    read_place(from, bytes);
    pthread_mutex_lock(&guests->lock);
    struct place *place = enter_place(guests, bytes);
    if (place == NULL) {
        pthread_mutex_unlock(&guests->lock);
        free(guest);
        return NULL;
    }
    guest->place = place;
    guest->fd = fd;
    guest->deadline_ms = deadline_ms;
    guest->after = guests->first;
    if (guests->first != NULL)
        guests->first->before = guest;
    guests->first = guest;
    guests->counts.present++;
    pthread_mutex_unlock(&guests->lock);
    return guest;
}

void guests_leave(struct guests *guests, struct guest *guest)
{
    if (guest == NULL)
        return;
    pthread_mutex_lock(&guests->lock);
    if (guest->before != NULL)
        guest->before->after = guest->after;
    else
        guests->first = guest->after;
    if (guest->after != NULL)
        guest->after->before = guest->before;
    guests->counts.present--;
    leave_place(guests, guest->place);
    pthread_mutex_unlock(&guests->lock);
    free(guest);
}

void guests_expect(struct guests *guests, struct guest *guest, int64_t deadline_ms)
{
    if (guest == NULL)
        return;
    pthread_mutex_lock(&guests->lock);
    guest->deadline_ms = deadline_ms;
    pthread_mutex_unlock(&guests->lock);
}

void guests_extend(struct guests *guests, struct guest *guest, int64_t by_ms)
{
    if (guest == NULL)
        return;
    pthread_mutex_lock(&guests->lock);
    if (guest->deadline_ms != GUESTS_ANY_TIME)
        guest->deadline_ms += by_ms;
    pthread_mutex_unlock(&guests->lock);
}

/* A flood would fill the log as well: what happened in a minute is one line. True: now is the time
 * for one, about *news since the last. */
static bool may_tell(struct told *told, uint64_t count, int64_t now_ms, uint64_t *news)
{
    if (count == told->count || (told->count > 0 && now_ms - told->at_ms < LOG_EVERY_MS))
        return false;
    *news = count - told->count;
    *told = (struct told){count, now_ms};
    return true;
}

static void tell(struct guests *guests, const char *listener, int64_t now_ms)
{
    const struct guests_counts *counts = &guests->counts;
    char address[INET6_ADDRSTRLEN];
    uint64_t news;

    if (may_tell(&guests->told_refused, counts->refused, now_ms, &news)) {
        write_place(guests->last_refused, address);
        log_warning("http",
                    "connections refused, for too many were open listener=%s count=%" PRIu64
                    " open=%" PRIu64 " last_address=%s (hint: connections and "
                    "connections_per_address are the limits)",
                    listener, news, counts->present, address);
    }
    if (may_tell(&guests->told_cut, counts->cut, now_ms, &news))
        log_warning("http",
                    "connections cut, for they took too long listener=%s count=%" PRIu64
                    " (hint: request_timeout_s is the limit)",
                    listener, news);
}

void guests_sweep(struct guests *guests, const char *listener, int64_t now_ms)
{
    pthread_mutex_lock(&guests->lock);
    for (struct guest *guest = guests->first; guest != NULL; guest = guest->after) {
        if (guest->deadline_ms == GUESTS_ANY_TIME || now_ms < guest->deadline_ms)
            continue;
        /* the library sees its end and closes it */
        shutdown(guest->fd, SHUT_RDWR);
        guest->deadline_ms = GUESTS_ANY_TIME;
        guests->counts.cut++;
    }
    tell(guests, listener, now_ms);
    pthread_mutex_unlock(&guests->lock);
}

void guests_count(struct guests *guests, struct guests_counts *out)
{
    pthread_mutex_lock(&guests->lock);
    *out = guests->counts;
    pthread_mutex_unlock(&guests->lock);
}

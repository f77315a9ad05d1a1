/* api.h - what the handlers share, and the tables of all routes
 *
 * A handler decodes, authorises, acts, replies. struct api is plain data, filled by whoever starts
 * the server, and outlives the listeners.
 */
#ifndef SERVER_API_API_H
#define SERVER_API_API_H

#include <stdatomic.h>

#include "server/api/counts.h"
#include "server/api/identities.h"
#include "server/api/throttle.h"
#include "server/authority.h"
#include "server/http/http.h"
#include "server/store/document.h"
#include "server/store/retention.h"

struct brokers;
struct guesses;
struct turnstile;
struct bus;
struct ingest;
struct outbox;
struct oidc;

struct api {
    struct store *store;
    const struct authority *authority;
    struct hub *hub;
    struct throttle *throttle;         /* of codes of second factors, by name */
    struct guesses *guesses;           /* of passwords */
    struct turnstile *hashing;         /* before passwords are hashed, which is slow on purpose */
    struct throttle *pairing_throttle; /* of robots that ask to be paired, by address */
    struct identities *identities;
    struct counts *counts;
    const char *device_url;           /* where robots enrol, for claim sheets */
    const struct brokers *brokers;    /* that robots are told */
    struct retention_usual retention; /* for how long what is kept that no operator has set */
    const char *demo_media;           /* NULL: none; else demo_device's videos are in this folder */
    const char *demo_device;
    struct span update_keys;   /* that manifests are signed by, PEM; empty: not looked at here */
    int64_t approval_devices;  /* of a rollout above that another operator must agree; -1: never */
    const char *approval_cost; /* likewise of what it costs; NULL: never */
    bool needs_pairing_approval; /* another operator must agree to digits that were right */
    struct oidc *oidc;           /* NULL: operators have passwords alone */
    const char *oidc_roles;      /* "staff=operator,admins=admin" */
    atomic_bool *is_comparing;   /* a what-if question is being answered */
    /* for metrics and readiness; NULL in tests */
    struct http *http;
    struct http *device_http; /* the robots' listener */
    struct bus *bus;
    struct ingest *ingest;
    struct outbox *outbox;
};

/* The operators' listener: API, events, health, dashboard. */
const struct route_table *const *api_routes(size_t *count);

/* The robots' listener. */
const struct route_table *const *api_robot_routes(size_t *count);

/* Sessions, API keys, Idempotency-Key. */
const struct http_hooks *api_hooks(void);

/* Who asks, as the audit records it. Borrowed from the request. */
struct author api_author(const struct request *request);

/* Fills the actor by what the request shows, also on a route for anyone; nobody's stays empty. */
MUST_CHECK enum status api_prove(const struct api *api, struct request *request);

/* What whoever asks may do in another area (rights.h) than that of the request's path; nothing when
 * that cannot be found out. */
enum route_role api_level(const struct api *api, const struct request *request, const char *area);

/* How many robots one person may lead to other routes (leading.h): what it costs is known to
 * rollouts only, so where a limit of costs is set it is one. */
int64_t api_alone(const struct api *api);

/* The operator who asks; NULL: it is a program with an API key. Borrowed from the request. */
const char *api_operator(const struct request *request);

/* Whether the password belongs to the hash, NULL being nobody's. False: a problem was answered, for
 * too many are being looked at. */
bool api_check_password(const struct api *api, struct reply *reply, const char *password,
                        const char *hash, bool *fits);

/* Answers 429. */
void api_ask_to_wait(int64_t wait_ms, const struct request *request, struct reply *reply);

/* Whether too many failures under this key must be waited for: then a problem was answered. */
bool api_slow_down(const struct api *api, const char *key, struct request *request,
                   struct reply *reply);

#endif

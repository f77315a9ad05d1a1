/* routes.h - the setting "routes" of devices, expanded by what vendors and contracts say */
#ifndef SERVER_STORE_ROUTES_H
#define SERVER_STORE_ROUTES_H

#include "server/store/store.h"

/* One route of one device, or behind its routes the trial that its configuration comes with. Texts
 * are in the arena. Plain data. */
struct routes_row {
    const char *device_id;
    const char *vendor_id;
    const char *model;
    const char *contract_id;
    int64_t contract_version; /* in force when the generation was made; 0: none */
    bool is_complete;         /* vendor and contract exist, and the contract is the vendor's */
    const char *dialect;      /* "" unless complete, like what follows */
    const char *base_url;
    const char *vendor_region;
    struct span key_wrapped; /* empty: the vendor wants none */
    bool is_minted;          /* the device is given a credential made from the key */
    int64_t since_ms;        /* when the generation was made, by the wall clock */
    const char *device_region;
    bool pair_is_open; /* server/fleet/route.h */
    bool filing_is_due;
    const char *open_regions; /* others whose vendors the device may use, with commas */
    const char *filing;       /* "" unless the model has one in the device's region */
    const char *use;          /* "chat", "speech" or "transcription" */
    const char *voice;        /* "" unless it names one */
    const char *rollout_id;   /* "": a route; else a trial, and of what is above only the device and
                                 since_ms count */
    int64_t window_s;         /* of the trial; vendor_id: whose key is new, "": nobody's */
    bool is_test;             /* it asks a question of its own */
    bool is_install;          /* it is of software */
    bool is_under_way;        /* the device did not say yet that it runs this configuration */
};

/* Of all these devices, by device and place. *rows is in the arena. Besides those of store.h. */
MUST_CHECK enum status routes_read(struct store_conn *conn, struct arena *arena,
                                   const char *const *ids, size_t id_count,
                                   struct routes_row **rows, size_t *count);

#endif

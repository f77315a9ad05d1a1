/* content.h - what a device's configuration holds, from what the database says */
#ifndef SERVER_JOBS_CONTENT_H
#define SERVER_JOBS_CONTENT_H

#include "schema/wire/message.h"
#include "server/bus/lines.h"
#include "server/store/dispatch.h"
#include "server/store/software.h"

/* One device's facts, in the order in which they stand in the content: the same facts give the same
 * bytes, whoever builds them. Borrowed. */
struct content_facts {
    const struct dispatch_setting *settings;
    size_t setting_count;
    const struct lines_line *lines; /* of the routes that may be used */
    size_t line_count;
    size_t route_count;                      /* of the setting */
    const struct routes_row *trial;          /* that it comes with; NULL: none */
    const struct dispatch_sealing_key *keys; /* newest first; those of the list that it was told */
    size_t key_count;
    int64_t keys_told;
    const struct dispatch_authority *authorities; /* newest first, by the same lists */
    size_t authority_count;
    const struct software_row *software; /* that it names */
    size_t software_count;
    const char *brokers[LIMIT_BROKERS]; /* "host:port", in its order */
    size_t broker_count;
    const uint8_t *master_key;
};

/* Fills *out with the vendors' keys in clear: wipe it after use. *refused counts the routes left
 * out because vendor or contract is missing, not in force, beyond a border (I13), or without a
 * bound under a limit of money. STATUS_INVALID: something does not fit the message: problem says
 * what. STATUS_FORGED: a vendor's key was wrapped by another master key. */
MUST_CHECK enum status content_fill(const struct content_facts *facts, wire_ConfigContent *out,
                                    size_t *refused, const char **problem);

/* The software that a configuration names, as many as it holds; its encoding goes behind the
 * content's. */
void content_fill_software(const struct content_facts *facts, wire_ConfigSoftware *out);

#endif

/* mail.h - the network between robots and servers: it loses, doubles, delays, reorders, parts
 *
 * Messages travel encoded (schema/wire), so that what is read is what was written; they are not
 * sealed. One connection's messages reach no other connection.
 */
#ifndef TESTS_SIMULATION_CREDIT_MAIL_H
#define TESTS_SIMULATION_CREDIT_MAIL_H

#include <stdint.h>

#include "schema/wire/message.h"

#define MAIL_SLOTS 256
#define MAIL_BYTES 20480

struct world;

struct mail_head {
    enum message_type type;
    unsigned robot;      /* from or to */
    unsigned connection; /* of the robot */
};

struct mail_message {
    bool used;
    struct mail_head head;
    size_t size;
    uint8_t bytes[MAIL_BYTES];
};

struct mail {
    struct mail_message slots[MAIL_SLOTS];
};

/* From a robot to the servers. */
void mail_send_up(struct world *world, unsigned robot, enum message_type type, const void *message);

/* To the robot's connection of that number. */
void mail_send_down(struct world *world, unsigned robot, unsigned connection,
                    const wire_State *state);

void mail_free(struct world *world, unsigned slot);

#endif

/* sender.h - encodes, seals and publishes what the server says to one device */
#ifndef SERVER_BUS_SENDER_H
#define SERVER_BUS_SENDER_H

#include "schema/wire/message.h"
#include "server/bus/bus.h"
#include "server/bus/peers.h"

struct sender;

/* bus and peers outlive the sender. One owner thread. */
MUST_CHECK enum status sender_create(struct sender **out, struct bus *bus, struct peers *peers);
void sender_free(struct sender *sender);

/* message is a struct of that type. STATUS_FULL: the message is too large, or too many are under
 * way for a second; besides those of peers_find() and bus_publish(). */
MUST_CHECK enum status sender_send(struct sender *sender, const char *device_id, size_t broker,
                                   enum topic_kind kind, enum message_type type,
                                   const void *message);

#endif

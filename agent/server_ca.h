/* server_ca.h - the server CAs that this robot knows: who may speak for its server
 *
 * Certificates in PEM, one behind the other: the one that signs, and while another is to follow it
 * that one. Each follows the one before by a number in its name, so that who has the key of one
 * that was replaced cannot bring a robot back to it. NUL-terminated text; thread-safe.
 */
#ifndef AGENT_SERVER_CA_H
#define AGENT_SERVER_CA_H

#include "schema/base/pki.h"

#define SERVER_CA_MAX        2
#define SERVER_CA_TRUST_SIZE (SERVER_CA_MAX * PKI_PEM_SIZE)

/* Whether one of them signed it. */
bool server_ca_signed(const char *pem, struct span message, struct span signature);

/* Which ones they are; returns how many. */
size_t server_ca_ids(const char *pem, uint8_t ids[SERVER_CA_MAX][PKI_AUTHORITY_SIZE]);

/* Whether all of them are server CAs under the root. STATUS_FORGED: one is not. */
MUST_CHECK enum status server_ca_check(const char *pem, struct span root_pem);

/* The file of those by whom the broker's certificate may be, as OpenSSL reads it. */
MUST_CHECK enum status server_ca_trust(const char *pem, char out[SERVER_CA_TRUST_SIZE]);

/* Whether none of them is one that was already replaced when those before were given. */
bool server_ca_follows(const char *pem, const char *before);

/* Takes those out of pem that are not among ids; true when one was. Without any of ids all stay:
 * a robot that knows none of them is to renew itself. */
bool server_ca_keep(char *pem, const uint8_t (*ids)[PKI_AUTHORITY_SIZE], size_t count);

#endif

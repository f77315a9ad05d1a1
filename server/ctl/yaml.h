/* yaml.h - a YAML document as JSON text, so that contracts may be written in either
 *
 * One document; plain scalars become null, booleans, integers or texts by the JSON schema of
 * YAML 1.2 (quoted ones stay texts); fractions stay texts, since money must not become binary.
 * Anchors and aliases are refused. JSON is YAML too and passes through.
 */
#ifndef SERVER_CTL_YAML_H
#define SERVER_CTL_YAML_H

#include "schema/base/buffer.h"

/* Appends to out. STATUS_INVALID: problem is "LINE: CAUSE"; a member that is there twice is one. */
MUST_CHECK enum status yaml_to_json(struct span yaml, struct buffer *out, char problem[160]);

/* The line, from 1, of the part of a document that a JSON pointer names ("/charges/1/tiers"); of
 * the nearest part around it when there is none. */
size_t yaml_line(struct span yaml, const char *pointer);

#endif

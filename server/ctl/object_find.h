/* object_find.h - what the server has of an object that a document may describe */
#ifndef SERVER_CTL_OBJECT_FIND_H
#define SERVER_CTL_OBJECT_FIND_H

#include "server/ctl/ctl.h"
#include "server/ctl/object.h"

struct object_found {
    struct json *answer; /* the caller's to free; NULL: it is not there, which is told to nobody */
    char etag[64];       /* "": none */
};

/* Asks for it: at its own address, or for the list of those of its kind. Returns an exit status. */
int object_find(struct ctl *ctl, const struct object_kind *kind, const char *id,
                struct object_found *found);

#endif

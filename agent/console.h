/* console.h - the robot's local socket: one JSON object per line, several clients at once
 *
 * In: {"ask":"text"}, {"interrupt":true}, {"status":true}, {"listen":true}, {"button":true} when it
 * is pressed and false when it is let go, {"hear":"/path/of.wav"}, {"mute":true} or false,
 * {"consent":true} or false to what the robot asks its owner. What goes out is written by whoever
 * handles the requests, with console_send(). One thread serves all clients; a client that does not
 * read is dropped when its buffer is full. Who may open the socket may talk to the robot: it is
 * 0600.
 */
#ifndef AGENT_CONSOLE_H
#define AGENT_CONSOLE_H

#include "schema/base/span.h"

#define CONSOLE_MAX_CLIENTS    8
#define CONSOLE_MAX_LINE_BYTES 16384

struct console;

enum console_request {
    CONSOLE_ASK,
    CONSOLE_FORGET, /* answered like a question */
    CONSOLE_INTERRUPT,
    CONSOLE_STATUS,
    CONSOLE_LISTEN,  /* somebody sits at the client and may ask, until it leaves */
    CONSOLE_PRESS,   /* the button of the ear */
    CONSOLE_LET_GO,  /* likewise */
    CONSOLE_HEAR,    /* text is the path of a sound */
    CONSOLE_CONSENT, /* the owner agrees to send a report, */
    CONSOLE_DECLINE, /* or does not */
    CONSOLE_MUTE,
    CONSOLE_UNMUTE,
    CONSOLE_GONE, /* the client left */
};

/* Called on the console's thread; text (of CONSOLE_ASK and CONSOLE_HEAR) is borrowed until it
 * returns. client is never used twice. Must not block and may call console_send(). */
typedef void (*console_request_fn)(void *context, uint64_t client, enum console_request request,
                                   struct span text);

/* STATUS_EXISTS: another agent serves this socket; STATUS_INVALID: the path is too long for a
 * socket; STATUS_IO. The caller owns *out. */
MUST_CHECK enum status console_open(struct console **out, const char *path,
                                    console_request_fn on_request, void *context);

/* Waits for the thread: no request is handed on any more. console_send() may still be called. */
void console_stop(struct console *console);

/* Ends the connections, after console_stop() if that was not called. NULL is allowed, here and
 * there. */
void console_close(struct console *console);

/* Queues one line (without its newline) for this client. From any thread; a client that left or
 * does not read misses it. */
void console_send(struct console *console, uint64_t client, struct span line);

#endif

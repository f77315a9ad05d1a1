/* dialogue.h - between the local socket and the chat thread: requests in, JSON lines out
 *
 * Out go {"heard":text} for what was spoken to the robot, {"turn":uuid}, {"clause":text} when it
 * starts to be heard, and at the end {"done":true,
 * "outcome","model","input","output","first_token_ms","first_audio_ms","video"} or {"error":text}.
 */
#ifndef AGENT_DIALOGUE_H
#define AGENT_DIALOGUE_H

#include <stdatomic.h>

#include "agent/console.h"
#include "agent/ear/ear.h"
#include "agent/face/face.h"
#include "agent/link/link.h"
#include "agent/orders.h"
#include "agent/talker.h"

/* Plain data, all borrowed; zero the listeners. */
struct dialogue {
    const char *device_id;
    const char *media_dir; /* "": answers are not filmed */
    struct console *console;
    struct talker *talker;
    struct settings *settings;
    struct journal *journal;
    struct link *link;
    struct face *face;
    struct ear *ear;
    struct orders *orders;
    atomic_bool hears;                       /* the ear waits for a question or hears one */
    atomic_bool has_guests;                  /* somebody sits at a prompt */
    uint64_t listeners[CONSOLE_MAX_CLIENTS]; /* 0: none; the console thread's own */
};

/* A console_request_fn; context is the dialogue. */
void dialogue_on_request(void *context, uint64_t client, enum console_request request,
                         struct span text);

/* A face_key_fn: the space bar is the ear's button, M mutes and unmutes. The button answers what
 * the owner is asked, while something is. */
void dialogue_on_key(void *context, enum face_key key, bool is_down);

/* What the ear is about, and what it heard: a question is asked in its client's name. */
void dialogue_on_ear(struct dialogue *dialogue, enum attention_state state);
void dialogue_on_heard(struct dialogue *dialogue, const struct transcriber_heard *heard);

/* What the client that asked hears of its turn. */
void dialogue_on_turn(struct dialogue *dialogue, uint64_t client, const struct turn_event *event);

#endif

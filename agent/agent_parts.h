/* agent_parts.h - what the files of agent.h share */
#ifndef AGENT_AGENT_PARTS_H
#define AGENT_AGENT_PARTS_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "agent/agent.h"
#include "agent/dialogue.h"
#include "agent/ear/ear.h"
#include "agent/health.h"
#include "agent/identity.h"
#include "agent/orders.h"
#include "agent/prover.h"
#include "agent/renewal.h"
#include "agent/vendor_voice.h"
#include "schema/wire/trouble.h"

struct agent {
    const struct config *config;
    struct identity identity;
    struct journal *journal;
    struct settings *settings;
    struct attempts attempts;
    struct vendor_voice *vendor_voice;
    struct speaker *speaker;
    struct face *face;
    struct filter *filter;
    struct conversation_file memory;
    struct care care; /* the chat thread's own, once it runs */
    struct talker *talker;
    struct ear *ear;
    struct link *link;
    struct prover *prover;
    struct calendar *calendar;
    struct renewal *renewal;
    struct updater *updater;
    struct logbook *logbook;
    pthread_mutex_t in_force;               /* held while settings reach the parts */
    struct renewal_authorities authorities; /* that the configuration says; under in_force */
    struct orders orders;
    struct dialogue dialogue;
    atomic_bool is_ready; /* everything stands */
    atomic_bool answers;  /* what is said answers a question, and is not told for somebody else */
    struct health health; /* the link thread's own */
    atomic_int trouble;   /* that the screen shows */
    atomic_llong turn_ms; /* monotonic: when the last turn ended; 0: none did */
    atomic_int excuse, error_class; /* how */
    int64_t looked_ms, since_ms;    /* agent_look()'s own */
    bool was_connected;
    char hardware[HEALTH_MACHINE_SIZE];
    char films_dir[PATH_MAX]; /* where videos of answers are, or may be from an earlier start */
    char media_dir[PATH_MAX]; /* the same; "": answers are not filmed */
    char software_dir[PATH_MAX];
    char voice[PATH_MAX]; /* the program: one that came as software, else the option's */
    char vendor_voice_program[PATH_MAX];
};

/* Settings reach the parts that they concern: everything that is not read at the moment of use.
 * Giving the same again is harmless. From the link's thread and the prover's: what is newer is not
 * overtaken by what is older. */
void agent_put_in_force(struct agent *agent);

/* What stands on the screen beside the face, by these settings. */
void agent_mark_screen(struct agent *agent, const struct settings_values *values);

/* What keeps the robot from talking, as it knows itself: shown, and returned. Turns and the look at
 * the machine come from several threads. since_ms: how long the server is there, or is not. out:
 * what goes with it into a report; NULL: none is made. */
enum trouble agent_find_trouble(struct agent *agent, int64_t now_ms, int64_t since_ms,
                                wire_Health *out);

/* Through which a part tells the agent what happened, and asks for what it needs. */
struct link_host agent_link_host(struct agent *agent);
struct talker_host agent_talker_host(struct agent *agent);
struct ear_host agent_ear_host(struct agent *agent);
struct echo_source agent_echo_source(struct agent *agent);
struct prover_host agent_prover_host(struct agent *agent);

/* The same where a part has a single function for it; context is the agent. */
void agent_on_software(void *context);
void agent_on_spoken(void *context);
void agent_on_renewed(void *context, const struct identity *identity);
void agent_find_authorities(void *context, struct renewal_authorities *out);
void agent_on_speaker(void *context, const struct speaker_event *event);
void agent_on_key(void *context, enum face_key key, bool is_down);

#endif

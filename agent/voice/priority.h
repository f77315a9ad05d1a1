/* priority.h - lets what is heard and seen go before other work
 *
 * A period of sound or a picture that comes late cannot be made up for. Among equals a thread that
 * wakes up waits for milliseconds until another has had its share, whatever its nice value.
 */
#ifndef AGENT_VOICE_PRIORITY_H
#define AGENT_VOICE_PRIORITY_H

enum priority {
    PRIORITY_SOUND = 0,
    PRIORITY_PICTURE = 1,
};

/* Makes the calling thread a real-time one (SCHED_RR) where the system allows it, as the service's
 * unit does, else gives it a low nice value where that is allowed, else changes nothing. Who asks
 * for it must leave the processor to others most of the time. Programs and threads that the thread
 * starts do not inherit it. */
void priority_raise(enum priority priority);

#endif

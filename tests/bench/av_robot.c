/* av_robot.c - a robot's voice and face without the rest of it, put together as the agent does
 *
 * usage: av_robot VOICE_PROGRAM SECONDS <SENTENCES
 *
 * Speaks the sentences of standard input, one a line, four to a turn, in a window and through the
 * sound device "default", until they or the seconds are over. Writes one line for each clause that
 * it began: the monotonic time in nanoseconds, the speaker's playhead at that time, the clause's
 * first sample, and the text. Last it writes on standard error how many pictures were late and how
 * often the device ran dry.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/face/face.h"
#include "agent/voice/speaker.h"
#include "schema/base/clock.h"

#define TURN_CLAUSES 4
#define SETTLE_MS    1500
#define TURN_MS      60000

struct robot {
    struct speaker *speaker;
    struct face *face;
    uint64_t turn;
};

static void on_event(void *context, const struct speaker_event *event)
{
    struct robot *robot = context;

    if (event->kind != SPEAKER_CLAUSE_STARTED)
        return;
    long long playhead = speaker_playhead(robot->speaker), time_ns = clock_mono_ns();
    printf("%lld %lld %lld %.*s\n", time_ns, playhead, (long long)event->sample,
           (int)event->text.size, (const char *)event->text.data);
    fflush(stdout);
}

static enum status start(struct robot *robot, const char *voice)
{
    const struct speaker_options speaking = {.voice_program = voice,
                                             .audio.sink = AUDIO_SINK_ALSA,
                                             .pitch = -1,
                                             .volume = 70,
                                             .on_event = on_event,
                                             .context = robot};
    enum status status = speaker_create(&robot->speaker, &speaking);

    if (status != STATUS_OK)
        return status;
    const struct face_options looking = {.speaker = robot->speaker,
                                         .name = "bench",
                                         .screen = FACE_SCREEN_WINDOW,
                                         .display_latency_ms = FACE_DISPLAY_LATENCY_MS};
    return face_create(&robot->face, &looking);
}

/* False: there is nothing more to say. */
static bool speak_turn(struct robot *robot)
{
    char line[SPEAKER_MAX_CLAUSE_BYTES];
    int count = 0;

    robot->turn++;
    if (speaker_begin_turn(robot->speaker, robot->turn) != STATUS_OK)
        return false;
    face_mood(robot->face, robot->turn, FACE_THINKING);
    while (count < TURN_CLAUSES && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (speaker_say(robot->speaker, robot->turn, span_text(line), NULL) == STATUS_OK)
            count++;
    }
    speaker_end_turn(robot->speaker, robot->turn);
    face_end_turn(robot->face, robot->turn);
    return speaker_wait_idle(robot->speaker, TURN_MS) == STATUS_OK && count > 0;
}

int main(int argc, char **argv)
{
    struct robot robot = {0};

    if (argc != 3)
        return 2;
    int64_t until_ms = clock_mono_ms() + strtol(argv[2], NULL, 10) * 1000;
    enum status status = start(&robot, argv[1]);
    if (status == STATUS_OK) {
        clock_sleep_ms(SETTLE_MS);
        while (clock_mono_ms() < until_ms && speak_turn(&robot))
            ;
        fprintf(stderr, "late pictures %u, underruns %u\n", face_frames_late(robot.face),
                speaker_underruns(robot.speaker));
    } else {
        fprintf(stderr, "av_robot: no sound device or no display: %s\n", status_text(status));
    }
    face_free(robot.face);
    speaker_free(robot.speaker);
    face_forget_libraries();
    return status == STATUS_OK ? 0 : 1;
}

/* av_robot.c - a robot's voice and face without the rest of it, put together as the agent does
 *
 * usage: av_robot VOICE_PROGRAM SECONDS FOLDER [VENDOR_PROGRAM URL SECONDS] <SENTENCES
 *
 * Speaks the sentences of standard input, one a line, four to a turn, in a window and through the
 * sound device "default", until they or the seconds are over. Writes to FOLDER what av_take.h calls
 * "spoken" and "said": the latter is what the face is told, overheard on its way there, because a
 * voice does not say the same text twice with the same samples. With a vendor, the vendor's voice
 * speaks for so many seconds first. Last it writes on standard error how many pictures were late,
 * how often the device ran dry, and how many clauses the vendor was asked for and answered whole.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/face/face.h"
#include "agent/voice/speaker.h"
#include "schema/base/clock.h"
#include "tests/bench/av_take.h"

#define TURN_CLAUSES 4
#define SETTLE_MS    1500
#define TURN_MS      60000

struct robot {
    struct speaker *speaker;
    struct face *face;
    uint64_t turn;
    FILE *spoken;
    const char *vendor_url;
    int64_t vendor_until_ms;
    atomic_uint asked, answered;
};

/* --- what the face is told --- */

/* Between the speaker and the face, which the linker's --wrap makes room for. */
static struct overheard {
    struct speaker_watcher face;
    FILE *said;
} overheard;

static void write_said(enum av_said_kind kind, int64_t sample, const void *bytes, size_t size)
{
    const struct av_said said = {sample, (uint32_t)kind, (uint32_t)size};

    fwrite(&said, sizeof said, 1, overheard.said);
    if (size > 0)
        fwrite(bytes, 1, size, overheard.said);
}

static void on_turn(void *context, uint64_t turn)
{
    (void)context;
    overheard.face.on_turn(overheard.face.context, turn);
}

static void on_clause(void *context, uint64_t turn, int64_t sample, struct span text)
{
    (void)context;
    write_said(AV_SAID_CLAUSE, sample, NULL, 0);
    overheard.face.on_clause(overheard.face.context, turn, sample, text);
}

static void on_sound(void *context, uint64_t turn, int64_t sample, const int16_t *pcm, size_t count)
{
    (void)context;
    write_said(AV_SAID_SOUND, sample, pcm, count * sizeof *pcm);
    overheard.face.on_sound(overheard.face.context, turn, sample, pcm, count);
}

static void on_mark(void *context, uint64_t turn, int64_t sample, const struct voice_mark *mark)
{
    (void)context;
    write_said(AV_SAID_MARK, sample, mark, sizeof *mark);
    overheard.face.on_mark(overheard.face.context, turn, sample, mark);
}

static void on_word(void *context, uint64_t turn, int64_t sample, uint32_t offset, uint32_t length)
{
    (void)context;
    write_said(AV_SAID_WORD, sample, NULL, 0);
    overheard.face.on_word(overheard.face.context, turn, sample, offset, length);
}

static void on_clause_end(void *context, uint64_t turn, int64_t sample)
{
    (void)context;
    overheard.face.on_clause_end(overheard.face.context, turn, sample);
}

static void on_turn_end(void *context, uint64_t turn, int64_t sample)
{
    (void)context;
    overheard.face.on_turn_end(overheard.face.context, turn, sample);
}

void __real_speaker_watch(struct speaker *speaker, const struct speaker_watcher *watcher);
void __wrap_speaker_watch(struct speaker *speaker, const struct speaker_watcher *watcher);

/* Called by the face when it comes, and with an empty watcher when it goes. */
void __wrap_speaker_watch(struct speaker *speaker, const struct speaker_watcher *watcher)
{
    const struct speaker_watcher between = {.on_turn = on_turn,
                                            .on_clause = on_clause,
                                            .on_sound = on_sound,
                                            .on_mark = on_mark,
                                            .on_word = on_word,
                                            .on_clause_end = on_clause_end,
                                            .on_turn_end = on_turn_end};

    overheard.face = *watcher;
    __real_speaker_watch(speaker, watcher->on_sound ? &between : watcher);
}

/* --- the robot --- */

static void on_event(void *context, const struct speaker_event *event)
{
    struct robot *robot = context;

    if (event->kind != SPEAKER_CLAUSE_STARTED)
        return;
    long long playhead = speaker_playhead(robot->speaker), time_ns = clock_mono_ns();
    fprintf(robot->spoken, "%lld %lld %lld %.*s\n", time_ns, playhead, (long long)event->sample,
            (int)event->text.size, (const char *)event->text.data);
}

/* --- the vendor --- */

static bool is_vendor_ready(void *context)
{
    const struct robot *robot = context;

    return clock_mono_ms() < robot->vendor_until_ms;
}

static enum status open_request(void *context, uint64_t turn, uint32_t clause, struct span text,
                                struct speaker_order *order)
{
    struct robot *robot = context;

    (void)text;
    *order = (struct speaker_order){.api_key = "bench", .model = "dahan-voice"};
    snprintf(order->url, sizeof order->url, "%s", robot->vendor_url);
    snprintf(order->request_id, sizeof order->request_id, "bench-%llu-%u", (unsigned long long)turn,
             clause);
    atomic_fetch_add(&robot->asked, 1);
    return STATUS_OK;
}

static void close_request(void *context, uint64_t turn, uint32_t clause,
                          const struct voice_used *used)
{
    struct robot *robot = context;

    (void)turn, (void)clause;
    if (used->fate == VOICE_FATE_ANSWERED)
        atomic_fetch_add(&robot->answered, 1);
}

static void on_vendor_gone(void *context)
{
    (void)context;
}

/* --- speaking --- */

static enum status start(struct robot *robot, const char *voice, const char *vendor_program)
{
    const struct speaker_vendor vendor = {.program = vendor_program,
                                          .context = robot,
                                          .is_ready = is_vendor_ready,
                                          .open = open_request,
                                          .close = close_request,
                                          .gone = on_vendor_gone};
    const struct speaker_options speaking = {.voice_program = voice,
                                             .vendor = vendor_program ? &vendor : NULL,
                                             .audio.sink = AUDIO_SINK_ALSA,
                                             .pitch = -1,
                                             .volume = 70,
                                             .on_event = on_event,
                                             .context = robot};
    enum status status = speaker_create(&robot->speaker, &speaking);

    if (status != STATUS_OK)
        return status;
    const struct face_options looking = {
        .speaker = robot->speaker, .name = "bench", .screen = FACE_SCREEN_WINDOW};
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

static FILE *create(const char *folder, const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return fopen(path, "wb");
}

int main(int argc, char **argv)
{
    struct robot robot = {0};

    if (argc != 4 && argc != 7)
        return 2;
    robot.spoken = create(argv[3], "spoken");
    overheard.said = create(argv[3], "said");
    if (!robot.spoken || !overheard.said) {
        fputs("av_robot: the folder cannot be written\n", stderr);
        exit(1);
    }
    int64_t until_ms = clock_mono_ms() + strtol(argv[2], NULL, 10) * 1000;
    if (argc == 7) {
        robot.vendor_url = argv[5];
        robot.vendor_until_ms = clock_mono_ms() + strtol(argv[6], NULL, 10) * 1000;
    }
    enum status status = start(&robot, argv[1], argc == 7 ? argv[4] : NULL);
    if (status == STATUS_OK) {
        clock_sleep_ms(SETTLE_MS);
        while (clock_mono_ms() < until_ms && speak_turn(&robot))
            ;
        fprintf(stderr, "late pictures %u, underruns %u, vendor asked %u, answered %u\n",
                face_frames_late(robot.face), speaker_underruns(robot.speaker),
                atomic_load(&robot.asked), atomic_load(&robot.answered));
    } else {
        fprintf(stderr, "av_robot: no sound device or no display: %s\n", status_text(status));
    }
    face_free(robot.face);
    speaker_free(robot.speaker);
    face_forget_libraries();
    bool is_written = fclose(robot.spoken) == 0 && fclose(overheard.said) == 0;
    return status == STATUS_OK && is_written ? 0 : 1;
}

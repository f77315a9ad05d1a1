#include "agent/voice/speaker.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "agent/voice/delivery.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"

#define TICK_MS           10
#define MAX_HEARD_BYTES   65536
#define MAX_EVENTS        (2 * SPEAKER_MAX_CLAUSES + 4)
#define MAX_TRIES         2
#define VOICE_PATIENCE_MS 3000 /* a clause waits that long for a voice that is not running */
#define ROOM_WAIT_MS      50
#define MS_PER_BYTE       66 /* Latin letter at 175 wpm; a Han character is three bytes */
#define DEFAULT_RATE      175
#define VENDOR_AHEAD      2    /* clauses that a vendor is asked for at once */
#define VENDOR_START_MS   1500 /* how long its program may take to start before others speak */

struct pending_event {
    struct speaker_event event;
    char text[SPEAKER_MAX_CLAUSE_BYTES];
};

struct speaker {
    struct voice *voice;
    struct voice *vendors_voice; /* NULL: not started yet; set once, by the speaker's own thread */
    bool has_vendor;
    struct speaker_vendor vendor;
    char vendor_program[PATH_MAX];
    struct audio *audio;
    pthread_t thread;
    speaker_event_fn on_event;
    void *context;

    pthread_mutex_t
        lock; /* guards what follows; taken before the watcher's and the audio's locks */
    pthread_cond_t changed;
    bool is_stopping;
    enum voice_language language;
    int rate_wpm, pitch;

    uint64_t turn;  /* the newest */
    bool is_active; /* not yet finished or interrupted */
    bool is_ended;  /* no more clauses come */
    uint32_t next_clause;
    struct utterance clauses[SPEAKER_MAX_CLAUSES]; /* clause n at n % SPEAKER_MAX_CLAUSES */
    uint32_t first_clause;                         /* first .. next are here */
    struct delivery delivery;
    struct buffer heard;
    struct pending_event events[MAX_EVENTS];
    size_t event_count;
};

static struct utterance *clause_at(struct speaker *speaker, uint32_t number)
{
    return &speaker->clauses[number % SPEAKER_MAX_CLAUSES];
}

/* Call with the lock held. NULL: nothing is wanted of that clause any more. */
static struct utterance *find(struct speaker *speaker, uint64_t turn, uint32_t number)
{
    if (!speaker->is_active || turn != speaker->turn ||
        number - speaker->first_clause >= speaker->next_clause - speaker->first_clause)
        return NULL;
    return clause_at(speaker, number);
}

/* Call with the lock held. */
static void tell(struct speaker *speaker, enum speaker_event_kind kind,
                 const struct utterance *clause, int64_t sample)
{
    struct pending_event *pending = &speaker->events[speaker->event_count];

    if (speaker->event_count == MAX_EVENTS) {
        log_error("voice", "speaker events are not taken, one is lost: turn=%llu kind=%d",
                  (unsigned long long)speaker->turn, (int)kind);
        return;
    }
    speaker->event_count++;
    pending->event = (struct speaker_event){.kind = kind,
                                            .turn = speaker->turn,
                                            .clause = clause ? clause->number : 0,
                                            .sample = sample,
                                            .mono_ms = clock_mono_ms()};
    size_t size = clause ? clause->size : 0;
    if (size > 0)
        memcpy(pending->text, clause->text, size);
    pending->event.text = span_of(pending->text, size);
    pthread_cond_broadcast(&speaker->changed);
}

/* --- called by the voice --- */

static void on_begin(void *context, uint64_t turn, uint32_t number, unsigned sample_rate)
{
    struct speaker *speaker = context;

    pthread_mutex_lock(&speaker->lock);
    struct utterance *clause = find(speaker, turn, number);
    if (clause && sample_rate != AUDIO_SAMPLE_RATE) {
        log_error("voice", "voice program speaks at %u samples a second, only %d can be played",
                  sample_rate, AUDIO_SAMPLE_RATE);
        clause->state = UTTERANCE_FAILED;
    }
    const bool is_first = clause && number == 0 && clause->first_sample < 0;
    if (clause)
        utterance_begin(clause);
    delivery_begin(&speaker->delivery, is_first || audio_queued_ms(speaker->audio) == 0);
    pthread_mutex_unlock(&speaker->lock);
}

static void on_pcm(void *context, uint64_t turn, uint32_t number, const int16_t *pcm, size_t count)
{
    struct speaker *speaker = context;

    while (count > 0) {
        int64_t sample = 0;
        size_t taken = 0;

        pthread_mutex_lock(&speaker->lock);
        struct utterance *clause = speaker->is_stopping ? NULL : find(speaker, turn, number);
        if (clause && clause->state == UTTERANCE_SENT) {
            const size_t silent = delivery_skip(&speaker->delivery, pcm, count);

            pcm += silent;
            count -= silent;
            taken = audio_write(speaker->audio, pcm, count, &sample);
            if (taken > 0)
                delivery_sound(&speaker->delivery, turn, clause, sample, pcm, taken);
        } else {
            count = 0; /* of a turn or clause that nobody waits for */
        }
        pthread_mutex_unlock(&speaker->lock);

        pcm += taken;
        count -= taken;
        if (count > 0 && audio_wait_room(speaker->audio, 1, ROOM_WAIT_MS) != STATUS_OK)
            continue; /* look again whether the turn goes on */
    }
}

static void on_mark(void *context, uint64_t turn, uint32_t number, const struct voice_mark *mark)
{
    struct speaker *speaker = context;

    pthread_mutex_lock(&speaker->lock);
    struct utterance *clause = find(speaker, turn, number);
    if (clause)
        delivery_mark(&speaker->delivery, turn, clause, mark);
    pthread_mutex_unlock(&speaker->lock);
}

static void on_word(void *context, uint64_t turn, uint32_t number, const struct voice_word *word)
{
    struct speaker *speaker = context;

    pthread_mutex_lock(&speaker->lock);
    struct utterance *clause = find(speaker, turn, number);
    if (clause)
        delivery_word(&speaker->delivery, turn, clause, word);
    pthread_mutex_unlock(&speaker->lock);
}

static void on_end(void *context, uint64_t turn, uint32_t number, uint32_t samples)
{
    struct speaker *speaker = context;

    (void)samples;
    pthread_mutex_lock(&speaker->lock);
    struct utterance *clause = find(speaker, turn, number);
    if (clause && clause->state == UTTERANCE_SENT) {
        clause->state = UTTERANCE_COMPLETE;
        delivery_end(&speaker->delivery, turn, clause);
        pthread_cond_broadcast(&speaker->changed);
    }
    pthread_mutex_unlock(&speaker->lock);
}

static void on_vendor_failed(void *context, uint64_t turn, uint32_t number)
{
    struct speaker *speaker = context;

    pthread_mutex_lock(&speaker->lock);
    struct utterance *clause = find(speaker, turn, number);
    if (clause && clause->state == UTTERANCE_SENT && clause->is_vendors)
        utterance_fall_back(clause, clock_mono_ms());
    pthread_cond_broadcast(&speaker->changed);
    pthread_mutex_unlock(&speaker->lock);
}

static void on_vendor_used(void *context, uint64_t turn, uint32_t number,
                           const struct voice_used *used)
{
    struct speaker *speaker = context;

    speaker->vendor.close(speaker->vendor.context, turn, number, used);
}

static void on_vendor_gone(void *context)
{
    struct speaker *speaker = context;

    speaker->vendor.gone(speaker->vendor.context);
}

/* Only the clause that the voice was working on is suspected; those behind it are sent again. */
static void on_failed(void *context, uint64_t turn, uint32_t number)
{
    struct speaker *speaker = context;

    pthread_mutex_lock(&speaker->lock);
    struct utterance *clause = find(speaker, turn, number);
    if (clause && clause->state == UTTERANCE_SENT) {
        bool is_suspect = number == speaker->first_clause ||
                          clause_at(speaker, number - 1)->state >= UTTERANCE_COMPLETE;

        clause->tries += is_suspect;
        bool has_spoken = clause->first_sample >= 0 && clause->resume_from == 0;
        clause->state =
            has_spoken || clause->tries >= MAX_TRIES ? UTTERANCE_FAILED : UTTERANCE_WAITING;
        pthread_cond_broadcast(&speaker->changed);
    }
    pthread_mutex_unlock(&speaker->lock);
}

/* --- the speaker's own thread --- */

/* Call with the lock held. */
static struct voice_clause request_of(const struct speaker *speaker, const struct utterance *clause)
{
    return (struct voice_clause){
        .turn = speaker->turn,
        .clause = clause->number,
        .language = speaker->language,
        .rate_wpm = speaker->rate_wpm,
        .pitch = speaker->pitch,
        .text = span_of(clause->text + clause->resume_from, clause->size - clause->resume_from)};
}

/* Call with the lock held. Whether a clause before this one is still being made by the other voice:
 * their sounds must not mix. Counts those that this voice works on. */
static bool is_other_busy(struct speaker *speaker, uint32_t number, bool is_vendors,
                          unsigned *working)
{
    *working = 0;
    for (uint32_t n = speaker->first_clause; n != number; n++) {
        const struct utterance *clause = clause_at(speaker, n);

        if (clause->state == UTTERANCE_SENT && clause->is_vendors != is_vendors)
            return true;
        *working += clause->state == UTTERANCE_SENT;
    }
    return false;
}

/* Call with the lock held. */
static void send_offline(struct speaker *speaker, struct utterance *clause)
{
    const struct voice_clause request = request_of(speaker, clause);

    if (voice_say(speaker->voice, &request) == STATUS_OK)
        clause->state = UTTERANCE_SENT;
    else if (clock_mono_ms() - clause->queued_ms > VOICE_PATIENCE_MS &&
             clause->number == speaker->first_clause)
        clause->state = UTTERANCE_FAILED;
}

/* Call with the lock held. Starts the vendor's voice when it is wanted for the first time. */
static bool is_vendor_running(struct speaker *speaker, struct utterance *clause)
{
    const struct voice_listener listener = {.context = speaker,
                                            .on_begin = on_begin,
                                            .on_pcm = on_pcm,
                                            .on_mark = on_mark,
                                            .on_word = on_word,
                                            .on_end = on_end,
                                            .on_failed = on_vendor_failed,
                                            .on_used = on_vendor_used,
                                            .on_gone = on_vendor_gone};

    if (!speaker->vendors_voice &&
        voice_create(&speaker->vendors_voice, speaker->vendor_program, &listener) != STATUS_OK) {
        clause->is_offline = true;
        return false;
    }
    if (voice_is_running(speaker->vendors_voice))
        return true;
    if (clock_mono_ms() - clause->queued_ms > VENDOR_START_MS)
        clause->is_offline = true;
    return false;
}

/* Call with the lock held; gives it up while the request is written to disk. */
static void send_to_vendor(struct speaker *speaker, struct utterance *clause)
{
    static const struct voice_used unused = {.fate = VOICE_FATE_NOT_SENT};
    const uint64_t turn = speaker->turn;
    const uint32_t number = clause->number;
    struct speaker_order kept;
    char text[SPEAKER_MAX_CLAUSE_BYTES];
    const size_t size = clause->size;

    memcpy(text, clause->text, size);
    pthread_mutex_unlock(&speaker->lock);
    enum status status =
        speaker->vendor.open(speaker->vendor.context, turn, number, span_of(text, size), &kept);
    pthread_mutex_lock(&speaker->lock);
    clause = find(speaker, turn, number);
    const bool is_opened = status == STATUS_OK;
    if (is_opened && clause && clause->state == UTTERANCE_WAITING) {
        const struct voice_order order = {kept.url, kept.api_key, kept.model, kept.speaker,
                                          kept.request_id};
        struct voice_clause request = request_of(speaker, clause);

        request.order = &order;
        status = voice_say(speaker->vendors_voice, &request);
        if (status == STATUS_OK) {
            clause->state = UTTERANCE_SENT;
            clause->is_vendors = true;
        }
    } else if (is_opened) {
        status = STATUS_STALE;
    }
    if (clause && status != STATUS_OK)
        clause->is_offline = true;
    crypto_wipe(&kept, sizeof kept);
    if (is_opened && status != STATUS_OK) {
        pthread_mutex_unlock(&speaker->lock);
        speaker->vendor.close(speaker->vendor.context, turn, number, &unused);
        pthread_mutex_lock(&speaker->lock);
    }
}

/* Call with the lock held. What cannot go out yet waits, and all behind it: clauses are spoken in
 * order. is_own_thread: may give up the lock. */
static void send_clauses(struct speaker *speaker, bool is_own_thread)
{
    for (uint32_t n = speaker->first_clause; n != speaker->next_clause; n++) {
        struct utterance *clause = clause_at(speaker, n);
        const uint64_t turn = speaker->turn;
        unsigned working;

        if (clause->state != UTTERANCE_WAITING)
            continue;
        const bool asks_vendor = speaker->has_vendor && !clause->is_offline &&
                                 speaker->vendor.is_ready(speaker->vendor.context);
        if (is_other_busy(speaker, n, asks_vendor, &working))
            return;
        if (!asks_vendor)
            send_offline(speaker, clause);
        else if (!is_own_thread || working >= VENDOR_AHEAD)
            return;
        else if (is_vendor_running(speaker, clause))
            send_to_vendor(speaker, clause);
        /* the lock may have been given up: everything may be different */
        if (turn != speaker->turn || !speaker->is_active ||
            n - speaker->first_clause >= speaker->next_clause - speaker->first_clause)
            return;
        if (clause->state == UTTERANCE_WAITING && !clause->is_offline)
            return;
        if (clause->state == UTTERANCE_WAITING && asks_vendor)
            n--; /* at once by the offline voice */
        else if (clause->state == UTTERANCE_WAITING)
            return;
    }
}

/* Call with the lock held. Notes text as heard, as far as it fits. */
static void note_heard(struct speaker *speaker, const struct utterance *clause, size_t size)
{
    if (speaker->heard.size + size < MAX_HEARD_BYTES)
        buffer_add(&speaker->heard, span_of(clause->text, size));
}

/* Call with the lock held. The first clause: has it begun, is it over? Returns whether it is gone.
 */
static bool advance(struct speaker *speaker, int64_t playhead)
{
    struct utterance *clause = clause_at(speaker, speaker->first_clause);
    bool has_sound = clause->first_sample >= 0;

    if (has_sound && !clause->is_started && playhead >= clause->first_sample) {
        clause->is_started = true;
        tell(speaker, SPEAKER_CLAUSE_STARTED, clause, clause->first_sample);
    }
    if (clause->state < UTTERANCE_COMPLETE || (has_sound && playhead < clause->end_sample))
        return false;
    if (clause->state == UTTERANCE_COMPLETE) {
        note_heard(speaker, clause, clause->size);
        tell(speaker, SPEAKER_CLAUSE_FINISHED, clause, has_sound ? clause->end_sample : playhead);
    } else if (clause->shown_ms == 0) {
        clause->shown_ms = clock_mono_ms();
        tell(speaker, SPEAKER_CLAUSE_FAILED, clause, playhead);
    }
    if (clause->state == UTTERANCE_FAILED &&
        clock_mono_ms() - clause->shown_ms < (int64_t)clause->size * MS_PER_BYTE)
        return false; /* it is being read */
    speaker->first_clause++;
    return true;
}

/* Call with the lock held. */
static void end_turn(struct speaker *speaker, enum speaker_event_kind kind, int64_t sample)
{
    speaker->is_active = false;
    tell(speaker, kind, NULL, sample);
    const struct speaker_watcher *watcher = &speaker->delivery.watcher;

    if (watcher->on_turn_end)
        watcher->on_turn_end(watcher->context, speaker->turn, sample);
}

/* Call with the lock held. */
static void tick(struct speaker *speaker)
{
    int64_t playhead = audio_playhead(speaker->audio);

    if (!speaker->is_active)
        return;
    send_clauses(speaker, true);
    if (!speaker->is_active)
        return;
    while (speaker->first_clause != speaker->next_clause && advance(speaker, playhead))
        ;
    if (speaker->is_ended && speaker->first_clause == speaker->next_clause)
        end_turn(speaker, SPEAKER_TURN_FINISHED, playhead);
}

/* Call with the lock held; gives it up while the caller's function runs. */
static void deliver_events(struct speaker *speaker)
{
    while (speaker->event_count > 0) {
        struct pending_event pending = speaker->events[0];

        pending.event.text = span_of(pending.text, pending.event.text.size);
        speaker->event_count--;
        memmove(speaker->events, speaker->events + 1,
                speaker->event_count * sizeof speaker->events[0]);
        pthread_mutex_unlock(&speaker->lock);
        if (speaker->on_event)
            speaker->on_event(speaker->context, &pending.event);
        pthread_mutex_lock(&speaker->lock);
    }
}

static struct timespec in_ms(int64_t duration_ms)
{
    int64_t until_ms = clock_mono_ms() + duration_ms;

    return (struct timespec){.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
}

static void *run(void *argument)
{
    struct speaker *speaker = argument;

    pthread_mutex_lock(&speaker->lock);
    while (!speaker->is_stopping) {
        tick(speaker);
        deliver_events(speaker);
        if (speaker->is_active && speaker->first_clause != speaker->next_clause) {
            const struct timespec until = in_ms(TICK_MS);

            pthread_cond_timedwait(&speaker->changed, &speaker->lock, &until);
        } else if (speaker->event_count == 0 && !speaker->is_stopping &&
                   !(speaker->is_active && speaker->is_ended)) {
            pthread_cond_broadcast(&speaker->changed); /* whoever waits for silence */
            pthread_cond_wait(&speaker->changed, &speaker->lock);
        }
    }
    pthread_mutex_unlock(&speaker->lock);
    return NULL;
}

/* --- what the header promises --- */

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static void keep_manner(struct speaker *speaker, enum voice_language language, int rate_wpm,
                        int pitch)
{
    speaker->language = language > VOICE_LANGUAGE_ZH ? VOICE_LANGUAGE_AUTO : language;
    speaker->rate_wpm = rate_wpm == 0 ? DEFAULT_RATE : clamp(rate_wpm, 80, 450);
    speaker->pitch = clamp(pitch, -1, 99);
}

static void init_locks(struct speaker *speaker)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&speaker->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&speaker->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static enum status keep_vendor(struct speaker *speaker, const struct speaker_vendor *vendor)
{
    if (!vendor)
        return STATUS_OK;
    speaker->has_vendor = true;
    speaker->vendor = *vendor;
    speaker->vendor.program = speaker->vendor_program;
    return span_to_text(span_text(vendor->program), speaker->vendor_program,
                        sizeof speaker->vendor_program);
}

enum status speaker_create(struct speaker **out, const struct speaker_options *options)
{
    struct speaker *speaker = calloc(1, sizeof *speaker);

    if (!speaker)
        return STATUS_MEMORY;
    const struct voice_listener listener = {.context = speaker,
                                            .on_begin = on_begin,
                                            .on_pcm = on_pcm,
                                            .on_mark = on_mark,
                                            .on_word = on_word,
                                            .on_end = on_end,
                                            .on_failed = on_failed};
    init_locks(speaker);
    buffer_init(&speaker->heard, MAX_HEARD_BYTES);
    speaker->on_event = options->on_event;
    speaker->context = options->context;
    keep_manner(speaker, options->language, options->rate_wpm, options->pitch);

    enum status status = keep_vendor(speaker, options->vendor);
    struct audio_options audio = options->audio;
    audio.volume = options->volume;
    if (status == STATUS_OK)
        status = audio_open(&speaker->audio, &audio);
    if (status == STATUS_OK)
        status = voice_create(&speaker->voice, options->voice_program, &listener);
    if (status == STATUS_OK && pthread_create(&speaker->thread, NULL, run, speaker) != 0)
        status = STATUS_MEMORY;
    if (status != STATUS_OK) {
        voice_free(speaker->voice);
        audio_close(speaker->audio);
        pthread_cond_destroy(&speaker->changed);
        pthread_mutex_destroy(&speaker->lock);
        free(speaker);
        return status;
    }
    *out = speaker;
    return STATUS_OK;
}

void speaker_free(struct speaker *speaker)
{
    if (!speaker)
        return;
    pthread_mutex_lock(&speaker->lock);
    speaker->is_stopping = true;
    pthread_cond_broadcast(&speaker->changed);
    pthread_mutex_unlock(&speaker->lock);
    pthread_join(speaker->thread, NULL);
    voice_free(speaker->vendors_voice);
    if (speaker->vendors_voice)
        speaker->vendor.gone(speaker->vendor.context);
    voice_free(speaker->voice);
    audio_close(speaker->audio);
    buffer_release(&speaker->heard);
    pthread_cond_destroy(&speaker->changed);
    pthread_mutex_destroy(&speaker->lock);
    free(speaker);
}

void speaker_watch(struct speaker *speaker, const struct speaker_watcher *watcher)
{
    pthread_mutex_lock(&speaker->lock);
    speaker->delivery.watcher = *watcher;
    pthread_mutex_unlock(&speaker->lock);
}

/* Call with the lock held. Of the first clause. */
static size_t heard_bytes(struct speaker *speaker, int64_t sample)
{
    return speaker->first_clause == speaker->next_clause
               ? 0
               : utterance_heard_bytes(clause_at(speaker, speaker->first_clause), sample);
}

/* Call with the lock held. */
static void interrupt(struct speaker *speaker)
{
    if (!speaker->is_active)
        return;
    voice_cancel(speaker->voice, speaker->turn);
    if (speaker->vendors_voice)
        voice_cancel(speaker->vendors_voice, speaker->turn);
    int64_t sample = audio_drop(speaker->audio);
    while (speaker->first_clause != speaker->next_clause && advance(speaker, sample))
        ;
    note_heard(speaker, clause_at(speaker, speaker->first_clause), heard_bytes(speaker, sample));
    speaker->first_clause = speaker->next_clause;
    end_turn(speaker, SPEAKER_INTERRUPTED, sample);
}

enum status speaker_begin_turn(struct speaker *speaker, uint64_t turn)
{
    const struct speaker_watcher *watcher = &speaker->delivery.watcher;

    pthread_mutex_lock(&speaker->lock);
    bool is_new = turn > speaker->turn;
    if (is_new) {
        interrupt(speaker);
        speaker->turn = turn;
        speaker->is_active = true;
        speaker->is_ended = false;
        speaker->first_clause = 0;
        speaker->next_clause = 0;
        buffer_clear(&speaker->heard);
        if (watcher->on_turn)
            watcher->on_turn(watcher->context, turn);
    }
    pthread_mutex_unlock(&speaker->lock);
    return is_new ? STATUS_OK : STATUS_STALE;
}

enum status speaker_say(struct speaker *speaker, uint64_t turn, struct span text, uint32_t *number)
{
    enum status status = STATUS_OK;

    if (text.size > SPEAKER_MAX_CLAUSE_BYTES)
        return STATUS_FULL;
    if (!span_is_utf8(text))
        return STATUS_INVALID;
    pthread_mutex_lock(&speaker->lock);
    if (!speaker->is_active || speaker->is_ended || turn != speaker->turn) {
        status = STATUS_STALE;
    } else if (speaker->next_clause - speaker->first_clause == SPEAKER_MAX_CLAUSES) {
        status = STATUS_FULL;
    } else {
        struct utterance *clause = clause_at(speaker, speaker->next_clause);

        utterance_init(clause, speaker->next_clause++, text, clock_mono_ms());
        if (number)
            *number = clause->number;
        send_clauses(speaker, false);
        pthread_cond_broadcast(&speaker->changed);
    }
    pthread_mutex_unlock(&speaker->lock);
    return status;
}

void speaker_end_turn(struct speaker *speaker, uint64_t turn)
{
    pthread_mutex_lock(&speaker->lock);
    if (turn == speaker->turn)
        speaker->is_ended = true;
    pthread_cond_broadcast(&speaker->changed);
    pthread_mutex_unlock(&speaker->lock);
}

void speaker_interrupt(struct speaker *speaker, uint64_t turn)
{
    pthread_mutex_lock(&speaker->lock);
    if (turn == speaker->turn)
        interrupt(speaker);
    pthread_mutex_unlock(&speaker->lock);
}

enum status speaker_wait_idle(struct speaker *speaker, int64_t timeout_ms)
{
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    bool is_idle = false;

    while (!is_idle) {
        pthread_mutex_lock(&speaker->lock);
        is_idle = speaker->event_count == 0 && speaker->first_clause == speaker->next_clause &&
                  !(speaker->is_active && speaker->is_ended);
        pthread_mutex_unlock(&speaker->lock);
        if (!is_idle && clock_mono_ms() >= until_ms)
            return STATUS_TIMEOUT;
        if (!is_idle)
            clock_sleep_ms(TICK_MS);
    }
    return STATUS_OK;
}

int64_t speaker_queued_ms(struct speaker *speaker)
{
    int64_t queued_ms = audio_queued_ms(speaker->audio);

    pthread_mutex_lock(&speaker->lock);
    for (uint32_t n = speaker->first_clause; n != speaker->next_clause; n++) {
        const struct utterance *clause = clause_at(speaker, n);

        if (clause->state <= UTTERANCE_SENT && clause->first_sample < 0)
            queued_ms += (int64_t)clause->size * MS_PER_BYTE;
    }
    pthread_mutex_unlock(&speaker->lock);
    return queued_ms;
}

enum status speaker_heard(struct speaker *speaker, uint64_t turn, struct buffer *out)
{
    enum status status = STATUS_STALE;

    pthread_mutex_lock(&speaker->lock);
    if (turn == speaker->turn && turn != 0) {
        int64_t playhead = audio_playhead(speaker->audio);
        const struct utterance *clause = clause_at(speaker, speaker->first_clause);

        buffer_add(out, buffer_span(&speaker->heard));
        if (speaker->is_active)
            buffer_add(out, span_of(clause->text, heard_bytes(speaker, playhead)));
        status = buffer_status(out);
    }
    pthread_mutex_unlock(&speaker->lock);
    return status;
}

int64_t speaker_playhead(struct speaker *speaker)
{
    return audio_playhead(speaker->audio);
}

int64_t speaker_sample_at(struct speaker *speaker, int64_t mono_ns)
{
    return audio_sample_at(speaker->audio, mono_ns);
}

void speaker_played(struct speaker *speaker, int64_t sample, int16_t *out, size_t count)
{
    audio_played(speaker->audio, sample, out, count);
}

void speaker_duck(struct speaker *speaker, bool is_ducked)
{
    audio_duck(speaker->audio, is_ducked);
}

uint32_t speaker_underruns(struct speaker *speaker)
{
    return audio_underruns(speaker->audio);
}

unsigned speaker_sample_rate(const struct speaker *speaker)
{
    (void)speaker;
    return AUDIO_SAMPLE_RATE;
}

void speaker_set_volume(struct speaker *speaker, int volume)
{
    audio_set_volume(speaker->audio, volume);
}

void speaker_set_voice(struct speaker *speaker, enum voice_language language, int rate_wpm,
                       int pitch)
{
    pthread_mutex_lock(&speaker->lock);
    keep_manner(speaker, language, rate_wpm, pitch);
    pthread_mutex_unlock(&speaker->lock);
}

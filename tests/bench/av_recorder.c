/* av_recorder.c - records the sound and the picture of a robot on one clock
 *
 * usage: av_recorder FOLDER SOURCE
 *
 * Writes the files of av_take.h until it gets SIGTERM: SOURCE is the monitor of the sound server's
 * sink, taken in pieces of 10 ms, each with the monotonic clock less the latency that the server
 * tells; the picture is the display's lower half, looked at about 300 times a second, of which the
 * mouth's middle column and the lit word of the subtitle are kept. The built-in avatar, 480x480 in
 * the display's corner, is expected. Then prints how many looks a second there were, and the 99th
 * percentile of the time between two in milliseconds.
 */
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XShm.h>
#include <pthread.h>
#include <pulse/pulseaudio.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "schema/base/clock.h"
#include "tests/bench/av_take.h"

#define WIDTH       480
#define TOP         225 /* of what is looked at */
#define BOTTOM      480
#define MOUTH_X     240
#define MOUTH_UNTIL 360
#define WORDS_FROM  375
#define LIP         0xe9584a
#define LOOK_NS     3000000
#define MAX_GAPS    (1 << 20)

static atomic_bool over; /* set by a signal */

static void end(int signal)
{
    (void)signal;
    atomic_store(&over, true);
}

static FILE *create(const char *folder, const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return fopen(path, "wb");
}

/* --- sound --- */

struct listening {
    const char *source;
    FILE *sound, *stamps;
    int64_t samples;
};

static void on_sound(pa_stream *stream, size_t bytes, void *context)
{
    struct listening *listening = context;
    const void *data;
    pa_usec_t latency;
    int is_negative;

    (void)bytes;
    while (pa_stream_readable_size(stream) > 0 && pa_stream_peek(stream, &data, &bytes) == 0) {
        if (data)
            fwrite(data, 1, bytes, listening->sound);
        for (size_t i = 0; !data && i < bytes; i++)
            putc(0, listening->sound);
        pa_stream_drop(stream);
        listening->samples += (int64_t)(bytes / 2);
        if (pa_stream_get_latency(stream, &latency, &is_negative) != 0)
            continue;
        int64_t late_ns = (int64_t)latency * 1000;
        const struct av_stamp stamp = {listening->samples,
                                       clock_mono_ns() - (is_negative ? -late_ns : late_ns)};
        fwrite(&stamp, sizeof stamp, 1, listening->stamps);
    }
}

static void connect_stream(pa_context *server, struct listening *listening)
{
    const pa_sample_spec format = {PA_SAMPLE_S16LE, AV_RATE, 1};
    const pa_buffer_attr pieces = {.maxlength = UINT32_MAX,
                                   .tlength = UINT32_MAX,
                                   .prebuf = UINT32_MAX,
                                   .minreq = UINT32_MAX,
                                   .fragsize = AV_RATE / 100 * 2};
    pa_stream *stream = pa_stream_new(server, "recorder", &format, NULL);

    pa_stream_set_read_callback(stream, on_sound, listening);
    pa_stream_connect_record(stream, listening->source, &pieces,
                             PA_STREAM_ADJUST_LATENCY | PA_STREAM_AUTO_TIMING_UPDATE |
                                 PA_STREAM_INTERPOLATE_TIMING);
}

static void *listen(void *argument)
{
    struct listening *listening = argument;
    pa_mainloop *loop = pa_mainloop_new();
    pa_context *server = pa_context_new(pa_mainloop_get_api(loop), "recorder");
    bool is_connected = false;

    pa_context_connect(server, NULL, PA_CONTEXT_NOAUTOSPAWN, NULL);
    while (!atomic_load(&over)) {
        pa_mainloop_prepare(loop, 100000);
        if (pa_mainloop_poll(loop) < 0 || pa_mainloop_dispatch(loop) < 0)
            break;
        if (pa_context_get_state(server) == PA_CONTEXT_FAILED) {
            fputs("av_recorder: the sound server does not answer\n", stderr);
            atomic_store(&over, true);
        }
        if (!is_connected && pa_context_get_state(server) == PA_CONTEXT_READY) {
            connect_stream(server, listening);
            is_connected = true;
        }
    }
    pa_context_disconnect(server);
    pa_context_unref(server);
    pa_mainloop_free(loop);
    return NULL;
}

/* --- picture --- */

struct looking {
    Display *display;
    XImage *image;
    XShmSegmentInfo memory;
    double gaps_ms[MAX_GAPS];
    size_t gap_count;
};

static bool open_display(struct looking *looking)
{
    looking->display = XOpenDisplay(NULL);
    if (!looking->display)
        return false;
    int screen = DefaultScreen(looking->display);
    looking->image = XShmCreateImage(looking->display, DefaultVisual(looking->display, screen),
                                     (unsigned)DefaultDepth(looking->display, screen), ZPixmap,
                                     NULL, &looking->memory, WIDTH, BOTTOM - TOP);
    if (!looking->image)
        return false;
    size_t size = (size_t)looking->image->bytes_per_line * (size_t)looking->image->height;
    looking->memory.shmid = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
    looking->memory.shmaddr = looking->image->data = shmat(looking->memory.shmid, NULL, 0);
    XShmAttach(looking->display, &looking->memory);
    XSync(looking->display, False);
    shmctl(looking->memory.shmid, IPC_RMID, NULL); /* gone with its last user */
    return true;
}

static uint32_t pixel(const struct looking *looking, int x, int y)
{
    const char *row = looking->image->data + (y - TOP) * looking->image->bytes_per_line;
    uint32_t value;

    memcpy(&value, row + 4 * x, sizeof value);
    return value & 0xffffff;
}

static bool is_near(uint32_t a, uint32_t b, int reach)
{
    for (int shift = 0; shift < 24; shift += 8)
        if (abs((int)(a >> shift & 0xff) - (int)(b >> shift & 0xff)) > reach)
            return false;
    return true;
}

/* Rows that are no lip between the outermost two that are. */
static uint32_t opening(const struct looking *looking)
{
    int first = -1, last = -1, lips = 0;

    for (int y = TOP; y < MOUTH_UNTIL; y++) {
        if (!is_near(pixel(looking, MOUTH_X, y), LIP, 40))
            continue;
        first = first < 0 ? y : first;
        last = y;
        lips++;
    }
    return first < 0 ? 0 : (uint32_t)(last - first + 1 - lips);
}

/* Which word is lit: the places of its golden points. */
static uint32_t lit_word(const struct looking *looking)
{
    uint32_t word = 0;

    for (int y = WORDS_FROM; y < BOTTOM; y += 2)
        for (int x = 0; x < WIDTH; x++)
            if (is_near(pixel(looking, x, y), 0xe8b838, 48))
                word = word * 31 + (uint32_t)(y * WIDTH + x);
    return word;
}

static void look_on(struct looking *looking, FILE *out)
{
    struct av_picture last = {0};
    int64_t last_ns = 0, next_ns = clock_mono_ns();

    while (!atomic_load(&over)) {
        int64_t asked_ns = clock_mono_ns();

        XShmGetImage(looking->display, DefaultRootWindow(looking->display), looking->image, 0, TOP,
                     AllPlanes);
        int64_t now_ns = (asked_ns + clock_mono_ns()) / 2;
        struct av_picture picture = {last_ns, now_ns, lit_word(looking), opening(looking)};
        if (last_ns == 0 || picture.word != last.word || picture.opening != last.opening) {
            fwrite(&picture, sizeof picture, 1, out);
            last = picture;
        }
        if (last_ns != 0 && looking->gap_count < MAX_GAPS)
            looking->gaps_ms[looking->gap_count++] = (double)(now_ns - last_ns) / 1e6;
        last_ns = now_ns;
        next_ns += LOOK_NS;
        if (next_ns < now_ns)
            next_ns = now_ns;
        clock_sleep_until_ns(next_ns);
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void tell_gaps(struct looking *looking)
{
    double sum = 0;

    for (size_t i = 0; i < looking->gap_count; i++)
        sum += looking->gaps_ms[i];
    qsort(looking->gaps_ms, looking->gap_count, sizeof *looking->gaps_ms, ascending);
    if (looking->gap_count > 0)
        printf("%.1f %.2f\n", (double)looking->gap_count * 1000 / sum,
               looking->gaps_ms[looking->gap_count * 99 / 100]);
}

int main(int argc, char **argv)
{
    static struct looking looking;
    struct listening listening = {0};
    pthread_t thread;

    if (argc != 3)
        return 2;
    listening.source = argv[2];
    listening.sound = create(argv[1], "sound");
    listening.stamps = create(argv[1], "stamps");
    FILE *pictures = create(argv[1], "pictures");
    if (!listening.sound || !listening.stamps || !pictures || !open_display(&looking)) {
        fputs("av_recorder: no display, or the folder cannot be written\n", stderr);
        exit(1);
    }
    signal(SIGTERM, end);
    signal(SIGINT, end);
    if (pthread_create(&thread, NULL, listen, &listening) != 0)
        return 1;
    look_on(&looking, pictures);
    pthread_join(thread, NULL);
    tell_gaps(&looking);
    bool is_written = fclose(listening.sound) == 0 && fclose(listening.stamps) == 0 &&
                      fclose(pictures) == 0 && listening.samples > 0;
    XCloseDisplay(looking.display);
    return is_written ? 0 : 1;
}

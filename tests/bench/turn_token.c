/* turn_token.c - what the robot's chat adds to a vendor's first token
 *
 * usage: turn_token FOLDER ROUNDS
 *
 * A vendor in this process answers two clients at once, the robot's chat and a bare libcurl, and
 * hands the same first token to both, one right after the other and in turns the other way round.
 * Prints one line: the 50th and 99th percentile, in milliseconds, of how much later the chat has
 * the text; then these and the mean of a wait for the journal in FOLDER, which opens an attempt
 * before it is sent and closes it afterwards, and of a bare fdatasync() there. A disk that is held
 * back lets some writes pass and then none for a while: there the mean tells more than the median.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/chat/turn.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"

#define MAX_ROUNDS 2000
#define WARM_UP    5
#define CLIENTS    2
#define MARK       "\"content\":\"Hello"

static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                           "Connection: close\r\n\r\n";
static const char first[] =
    "data: {\"id\":\"x\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":"
    "{\"role\":\"assistant\"," MARK " \"}}]}\n\n";
static const char rest[] =
    "data: {\"id\":\"x\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":"
    "\"stop\"}]}\n\n"
    "data: {\"id\":\"x\",\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,"
    "\"completion_tokens\":1}}\n\ndata: [DONE]\n\n";

struct bench {
    int listener;
    char url[64];
    size_t rounds;
    pthread_barrier_t start, end;
    atomic_llong chat_ns, bare_ns;
};

static void fail(const char *what)
{
    fprintf(stderr, "turn_token: %s\n", what);
    exit(1);
}

/* --- the vendor --- */

static void send_all(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
        fail("a client went away");
}

/* Up to the end of the request's JSON. */
static void read_request(int fd)
{
    char bytes[8192];
    size_t size = 0;

    for (;;) {
        const ssize_t got = recv(fd, bytes + size, sizeof bytes - 1 - size, 0);

        if (got <= 0)
            fail("a request broke off");
        size += (size_t)got;
        bytes[size] = '\0';
        const char *body = strstr(bytes, "\r\n\r\n"),
                   *length = strcasestr(bytes, "content-length:");
        if (body && length && size >= (size_t)(body + 4 - bytes) + strtoul(length + 15, NULL, 10))
            return;
    }
}

static void *serve(void *argument)
{
    const struct bench *bench = argument;

    for (size_t i = 0; i < bench->rounds + WARM_UP; i++) {
        int fds[CLIENTS];

        for (size_t c = 0; c < CLIENTS; c++) {
            fds[c] = accept4(bench->listener, NULL, NULL, SOCK_CLOEXEC);
            if (fds[c] < 0)
                fail("cannot accept a client");
        }
        for (size_t c = 0; c < CLIENTS; c++) {
            read_request(fds[c]);
            send_all(fds[c], head);
        }
        clock_sleep_ms(15 + (int64_t)(i * 7 % 11)); /* not in step with anything */
        send_all(fds[i % 2], first);
        send_all(fds[1 - i % 2], first);
        clock_sleep_ms(5);
        for (size_t c = 0; c < CLIENTS; c++) {
            send_all(fds[c], rest);
            close(fds[c]);
        }
    }
    return NULL;
}

static void listen_on_loopback(struct bench *bench)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    bench->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bench->listener < 0 ||
        bind(bench->listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(bench->listener, 8) < 0 ||
        getsockname(bench->listener, (struct sockaddr *)&address, &size) < 0)
        fail("cannot listen on the loopback");
    snprintf(bench->url, sizeof bench->url, "http://127.0.0.1:%u/v1",
             (unsigned)ntohs(address.sin_port));
}

/* --- the bare client --- */

static size_t on_bytes(char *data, size_t size, size_t count, void *context)
{
    struct bench *bench = context;

    if (memmem(data, size * count, MARK, strlen(MARK)) && atomic_load(&bench->bare_ns) == 0)
        atomic_store(&bench->bare_ns, clock_mono_ns());
    return size * count;
}

static void *ask_bare(void *argument)
{
    struct bench *bench = argument;
    char url[96];

    snprintf(url, sizeof url, "%s/chat/completions", bench->url);
    for (size_t i = 0; i < bench->rounds + WARM_UP; i++) {
        CURL *easy = curl_easy_init();

        curl_easy_setopt(easy, CURLOPT_URL, url);
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "{\"model\":\"m\",\"stream\":true}");
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, bench);
        pthread_barrier_wait(&bench->start);
        if (curl_easy_perform(easy) != CURLE_OK)
            fail("the bare client got no answer");
        pthread_barrier_wait(&bench->end);
        curl_easy_cleanup(easy);
    }
    return NULL;
}

/* --- the chat --- */

static void on_event(void *context, const struct turn_event *event)
{
    struct bench *bench = context;

    if (event->kind == TURN_ANSWERING)
        atomic_store(&bench->chat_ns, clock_mono_ns());
}

static void ask_chat(struct bench *bench, struct journal *journal, double *later_ms)
{
    static wire_Route route = {.vendor = "v", .model = "m", .dialect = "openai", .contract = "c"};
    const struct turn_settings settings = {
        .routes = &route, .route_count = 1, .max_output_tokens = 50, .generation = 1};
    struct turn_options options = {.journal = journal, .on_event = on_event, .context = bench};
    struct turn_report report;
    struct turn *turn;
    uint8_t uuid[16];

    snprintf(route.base_url, sizeof route.base_url, "%s", bench->url);
    if (conversation_create(&options.conversation) != STATUS_OK ||
        turn_create(&turn, &options) != STATUS_OK)
        fail("out of memory");
    for (size_t n = 0; n < bench->rounds + WARM_UP; n++) {
        atomic_store(&bench->chat_ns, 0);
        atomic_store(&bench->bare_ns, 0);
        crypto_uuid(uuid);
        pthread_barrier_wait(&bench->start);
        if (turn_run(turn, n + 1, uuid, span_text("Good morning?"), &settings, &report) !=
            STATUS_OK)
            fail("the chat got no answer");
        pthread_barrier_wait(&bench->end);
        if (n >= WARM_UP)
            later_ms[n - WARM_UP] =
                (double)(atomic_load(&bench->chat_ns) - atomic_load(&bench->bare_ns)) / 1e6;
    }
    turn_free(turn);
    conversation_free(options.conversation);
}

/* --- the journal --- */

static double ms_since(int64_t start_ns)
{
    return (double)(clock_mono_ns() - start_ns) / 1e6;
}

/* Two waits in each round. */
static void sync_journal(struct journal *journal, size_t rounds, double *wait_ms)
{
    for (size_t i = 0; i < rounds; i++) {
        wire_UsageRecord record = {.attempt = 1, .reserved_input = 100, .reserved_output = 100};

        crypto_uuid(record.turn);
        int64_t start_ns = clock_mono_ns();
        if (journal_begin(journal, &record) != STATUS_OK)
            fail("the journal takes no attempt");
        *wait_ms++ = ms_since(start_ns);
        record.provenance = wire_Provenance_NOT_SENT;
        record.outcome = wire_Outcome_FAILED;
        start_ns = clock_mono_ns();
        if (journal_close_attempt(journal, &record) != STATUS_OK)
            fail("the journal closes no attempt");
        *wait_ms++ = ms_since(start_ns);
    }
}

/* As many bytes, behind each other in a file, each time on the disk. */
static void sync_bare(const char *folder, size_t count, double *wait_ms)
{
    char path[512];
    const uint8_t bytes[160] = {0};

    snprintf(path, sizeof path, "%s/bare", folder);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || posix_fallocate(fd, 0, 1 << 20) != 0)
        fail("cannot write in the folder");
    for (size_t i = 0; i < count; i++) {
        const int64_t start_ns = clock_mono_ns();

        if (write(fd, bytes, sizeof bytes) != sizeof bytes || fdatasync(fd) != 0)
            fail("cannot write in the folder");
        wait_ms[i] = ms_since(start_ns);
    }
    close(fd);
    unlink(path);
}

static int by_size(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static void print(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    printf("%.3f %.3f ", values[count / 2], values[(count * 99 + 99) / 100 - 1]);
}

static void print_mean(const double *values, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += values[i];
    printf("%.3f ", sum / (double)count);
}

int main(int argc, char **argv)
{
    static double later_ms[MAX_ROUNDS], journal_ms[2 * MAX_ROUNDS], bare_ms[2 * MAX_ROUNDS];
    static struct bench bench;
    struct journal *journal;
    pthread_t server, client;
    char path[512];

    bench.rounds = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (bench.rounds < 1 || bench.rounds > MAX_ROUNDS)
        fail("usage: turn_token FOLDER ROUNDS");
    snprintf(path, sizeof path, "%s/journal", argv[1]);
    const struct journal_options options = {
        .path = path, .device_id = "robot-1", .now_ms = clock_wall_ms()};
    if (journal_open(&journal, &options) != STATUS_OK)
        fail("cannot write in the folder");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    listen_on_loopback(&bench);
    pthread_barrier_init(&bench.start, NULL, 2);
    pthread_barrier_init(&bench.end, NULL, 2);
    if (pthread_create(&server, NULL, serve, &bench) != 0 ||
        pthread_create(&client, NULL, ask_bare, &bench) != 0)
        fail("cannot start a thread");

    ask_chat(&bench, journal, later_ms);
    pthread_join(server, NULL);
    pthread_join(client, NULL);
    sync_journal(journal, bench.rounds, journal_ms);
    const size_t syncs = 2 * bench.rounds;
    sync_bare(argv[1], syncs, bare_ms);
    print(later_ms, bench.rounds);
    print(journal_ms, syncs);
    print_mean(journal_ms, syncs);
    print(bare_ms, syncs);
    print_mean(bare_ms, syncs);
    printf("\n");
    journal_close(journal);
    close(bench.listener);
    curl_global_cleanup();
    return 0;
}

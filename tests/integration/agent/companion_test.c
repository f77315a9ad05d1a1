/* A robot that lives with somebody, against the demo vendor: what it keeps of the talk and for how
 * long, and that it is a measured companion. */
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/talker.h"
#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "tests/integration/agent/robot.h"

#define END_WAIT_MS 60000

struct home {
    const struct vendor *vendor;
    struct journal *journal;
    struct settings *settings;
    struct speaker *speaker;
    struct face *face;
    struct filter *filter;
    struct care care;
    struct conversation_file memory;
    struct talker *talker;
    pthread_mutex_t lock; /* of what follows */
    struct turn_report report;
    unsigned ended;   /* turns, all that follows one included */
    char heard[8192]; /* of the last turn or command, a line each */
    unsigned commands;
    wire_CommandStatus command_status;
    uint64_t generation;
};

static void path_in(const struct home *home, const char *name, char out[96])
{
    snprintf(out, 96, "%s/%s", home->vendor->folder, name);
}

static void on_event(void *context, uint64_t client, const struct turn_event *event)
{
    struct home *home = context;

    (void)client;
    if (event->kind != TURN_ENDED)
        return;
    pthread_mutex_lock(&home->lock);
    home->report = *event->report;
    pthread_mutex_unlock(&home->lock);
}

static void on_command(void *context, const uint8_t id[16], const struct peer_answer *answer)
{
    struct home *home = context;

    (void)id;
    pthread_mutex_lock(&home->lock);
    home->commands++;
    home->command_status = answer->status;
    pthread_mutex_unlock(&home->lock);
}

/* The last thing that a turn does: what is to be kept of it is on the disk. */
static void on_used(void *context)
{
    struct home *home = context;

    pthread_mutex_lock(&home->lock);
    home->ended++;
    pthread_mutex_unlock(&home->lock);
}

static void on_speaker(void *context, const struct speaker_event *event)
{
    struct home *home = context;

    pthread_mutex_lock(&home->lock);
    if (event->kind == SPEAKER_CLAUSE_STARTED) {
        const size_t used = strlen(home->heard);
        snprintf(home->heard + used, sizeof home->heard - used, "%.*s\n", (int)event->text.size,
                 (const char *)event->text.data);
    }
    pthread_mutex_unlock(&home->lock);
    if (home->talker)
        talker_on_speaker(home->talker, event);
}

/* settings: "name=json" each, up to a NULL. */
static void configure(struct home *home, const char *const *settings)
{
    static wire_ConfigContent content;
    static uint8_t bytes[LIMIT_MESSAGE_BYTES];
    uint8_t hash[CRYPTO_HASH_SIZE];
    size_t size;

    content = (wire_ConfigContent){.routes_count = 1,
                                   .routes[0] = {.vendor = "v",
                                                 .model = "dahan-chat",
                                                 .contract = "c",
                                                 .contract_version = 1,
                                                 .dialect = "openai",
                                                 .api_key = "good"}};
    snprintf(content.routes[0].base_url, sizeof content.routes[0].base_url, "%s/v1",
             home->vendor->url);
    for (; settings[content.settings_count]; content.settings_count++) {
        wire_Setting *setting = &content.settings[content.settings_count];
        const char *text = settings[content.settings_count];
        const size_t name = strcspn(text, "=");

        snprintf(setting->name, sizeof setting->name, "%.*s", (int)name, text);
        snprintf(setting->value, sizeof setting->value, "%s", text + name + 1);
    }
    assert_int_equal(message_encode(MESSAGE_CONFIG_CONTENT, &content, bytes, sizeof bytes, &size),
                     STATUS_OK);
    const struct span span = span_of(bytes, size);
    crypto_sha256(&span, 1, hash);
    settings_configure(home->settings, ++home->generation, span, hash);
}

static const char *const plain[] = {"max_output_tokens=16", "history_hours=24", "language=\"en\"",
                                    "audience=\"off\"", NULL};

/* As after a start of the robot's process: what is on the disk is all that it knows. */
static void start(struct home *home)
{
    const struct talker_options options = {
        .device_id = "robot-1",
        .journal = home->journal,
        .settings = home->settings,
        .speaker = home->speaker,
        .face = home->face,
        .filter = home->filter,
        .care = &home->care,
        .memory = &home->memory,
        .host = {
            .context = home, .on_event = on_event, .on_command = on_command, .on_used = on_used}};
    char path[96];

    path_in(home, CARE_FILE_NAME, path);
    assert_int_equal(care_load(&home->care, path), STATUS_OK);
    assert_int_equal(talker_start(&home->talker, &options), STATUS_OK);
}

static void restart(struct home *home)
{
    struct talker *talker = home->talker;

    talker_stop(talker);
    assert_int_equal(speaker_wait_idle(home->speaker, END_WAIT_MS), STATUS_OK);
    home->talker = NULL;
    talker_free(talker);
    start(home);
}

static void wipe_files(const struct home *home)
{
    static const char *const names[] = {"journal", "config", CONVERSATION_FILE_NAME,
                                        CARE_FILE_NAME};
    char path[96];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        path_in(home, names[i], path);
        unlink(path);
    }
}

static void build(struct home *home, const struct vendor *vendor)
{
    char journal_path[96], config_path[96], memory_path[96], problem[160];
    const struct journal_options journal = {
        .path = journal_path, .device_id = "robot-1", .now_ms = clock_wall_ms()};
    const struct settings_options settings = {.path = config_path, .regions = ""};
    const struct speaker_options speaker = {.voice_program = HUMMER,
                                            .audio = {.sink = AUDIO_SINK_SILENT, .volume = 50},
                                            .volume = 50,
                                            .on_event = on_speaker,
                                            .context = home};

    vendor_behave(vendor, ROBOT_FAST);
    *home = (struct home){.vendor = vendor};
    pthread_mutex_init(&home->lock, NULL);
    wipe_files(home);
    path_in(home, "journal", journal_path);
    path_in(home, "config", config_path);
    path_in(home, CONVERSATION_FILE_NAME, memory_path);
    assert_int_equal(journal_open(&home->journal, &journal), STATUS_OK);
    assert_int_equal(settings_open(&home->settings, &settings), STATUS_OK);
    configure(home, plain);
    assert_int_equal(speaker_create(&home->speaker, &speaker), STATUS_OK);
    const struct face_options face = {.speaker = home->speaker, .screen = FACE_SCREEN_HEADLESS};
    assert_int_equal(face_create(&home->face, &face), STATUS_OK);
    assert_int_equal(filter_create(&home->filter), STATUS_OK);
    assert_int_equal(filter_add(home->filter, span_text(ROBOT_LIST), problem), STATUS_OK);
    assert_int_equal(filter_build(home->filter), STATUS_OK);
    assert_int_equal(
        conversation_file_init(&home->memory, memory_path, span_text("this robot's own secret")),
        STATUS_OK);
    start(home);
}

static void dismantle(struct home *home)
{
    talker_stop(home->talker);
    face_free(home->face);
    speaker_free(home->speaker);
    talker_free(home->talker);
    filter_free(home->filter);
    settings_close(home->settings);
    journal_close(home->journal);
    pthread_mutex_destroy(&home->lock);
    wipe_files(home);
    face_forget_libraries();
}

static bool has_ended(struct home *home, const unsigned *count, unsigned wanted)
{
    pthread_mutex_lock(&home->lock);
    const bool ended = *count >= wanted;
    pthread_mutex_unlock(&home->lock);
    return ended;
}

static void wait_for(struct home *home, const unsigned *count, unsigned wanted)
{
    const int64_t until_ms = clock_mono_ms() + END_WAIT_MS;

    while (!has_ended(home, count, wanted)) {
        assert_true(clock_mono_ms() < until_ms);
        clock_sleep_ms(10);
    }
}

static void ask(struct home *home, const char *question)
{
    const unsigned before = home->ended;

    home->heard[0] = 0;
    assert_int_equal(talker_ask(home->talker, 1, span_text(question)), STATUS_OK);
    wait_for(home, &home->ended, before + 1);
}

static bool is_kept(const struct home *home)
{
    char path[96];

    path_in(home, CONVERSATION_FILE_NAME, path);
    return access(path, F_OK) == 0;
}

/* Each of them changes what the vendor is asked, or what the owner hears. */
static void what_the_company_configures_reaches_the_talk(void **state)
{
    static const char *const settings[] = {
        "persona=\"You are a bird that lives on a desk and likes to sing in the morning.\"",
        "max_output_tokens=32",
        "crisis_text=\"Please call the house doctor.\"",
        "history_turns=0",
        "language=\"en\"",
        NULL};
    static struct home home;

    build(&home, *state);
    ask(&home, "Who are you?");
    const uint64_t alone = home.report.input;
    configure(&home, settings);
    ask(&home, "Who are you?");
    assert_true(home.report.input > alone + 8);
    assert_in_range(home.report.output, 1, 32);
    const uint64_t with_persona = home.report.input;
    ask(&home, "Who are you?");
    assert_int_equal(home.report.input, with_persona); /* no history goes along */
    ask(&home, "I want to die.");
    assert_non_null(strstr(home.heard, "the house doctor."));
    dismantle(&home);
}

static void it_says_once_that_it_is_a_machine(void **state)
{
    const char *notice = "Just so you know: I am a machine";
    static struct home home;

    build(&home, *state);
    ask(&home, "Who are you?");
    assert_ptr_equal(strstr(home.heard, notice), home.heard);
    ask(&home, "Go on.");
    assert_null(strstr(home.heard, notice));
    restart(&home);
    ask(&home, "Go on.");
    assert_null(strstr(home.heard, notice));
    dismantle(&home);
}

static void i8_a_talk_goes_on_after_a_restart_and_nobody_can_read_it_on_the_disk(void **state)
{
    static struct home home;
    uint8_t *data = NULL;
    char path[96];
    size_t size;

    build(&home, *state);
    ask(&home, "Where do cormorants sleep?");
    const uint64_t first = home.report.input;
    path_in(&home, CONVERSATION_FILE_NAME, path);
    assert_int_equal(file_read(path, 1 << 20, &data, &size), STATUS_OK);
    assert_null(memmem(data, size, "cormorants", 10));
    free(data);
    restart(&home);
    ask(&home, "Where do cormorants sleep?");
    assert_true(home.report.input > first + 8);

    /* and where it is not wanted, nothing stays */
    configure(&home, (const char *const[]){"max_output_tokens=16", "history_hours=0",
                                           "audience=\"off\"", NULL});
    ask(&home, "And herons?");
    assert_false(is_kept(&home));
    dismantle(&home);
}

static void check_forgotten(struct home *home, uint64_t first)
{
    assert_false(is_kept(home));
    assert_non_null(strstr(home->heard, "I have forgotten what we talked about."));
    ask(home, "Where do cormorants sleep?");
    assert_int_equal(home->report.input, first);
    assert_non_null(strstr(home->heard, "I am a machine")); /* to whoever has it now */
}

static void the_owners_wish_wipes_what_was_talked_about(void **state)
{
    static struct home home;

    build(&home, *state);
    ask(&home, "Where do cormorants sleep?");
    const uint64_t first = home.report.input;
    assert_true(is_kept(&home));
    ask(&home, "Forget what we talked about.");
    check_forgotten(&home, first);
    dismantle(&home);
}

/* Before another owner has it. */
static void the_companys_order_wipes_what_was_talked_about(void **state)
{
    const wire_Command order = {.kind = wire_CommandKind_FORGET};
    static struct home home;

    build(&home, *state);
    ask(&home, "Where do cormorants sleep?");
    const uint64_t first = home.report.input;
    assert_true(is_kept(&home));
    home.heard[0] = 0;
    assert_int_equal(talker_command(home.talker, &order), STATUS_OK);
    wait_for(&home, &home.commands, 1);
    assert_int_equal(home.command_status, wire_CommandStatus_COMMAND_DONE);
    check_forgotten(&home, first);
    dismantle(&home);
}

static void in_quiet_hours_and_after_its_daily_minutes_it_asks_nobody(void **state)
{
    static const char *const quiet[] = {"quiet_hours=\"00:00-23:59\"", "language=\"en\"", NULL};
    static const char *const limited[] = {"daily_minutes=1", "language=\"en\"",
                                          "max_output_tokens=16", NULL};
    static struct home home;

    build(&home, *state);
    configure(&home, limited);
    ask(&home, "Who are you?");
    assert_int_equal(home.report.excuse, EXCUSE_NONE);
    assert_true(home.care.used_ms > 0); /* counted by the talk itself */
    home.care.used_ms += 60000;
    ask(&home, "Who are you?");
    assert_int_equal(home.report.excuse, EXCUSE_ENOUGH);
    assert_int_equal(home.report.attempts, 0);
    configure(&home, quiet);
    ask(&home, "Who are you?");
    /* but for the one minute before midnight */
    if (home.report.attempts == 0)
        assert_int_equal(home.report.excuse, EXCUSE_QUIET);
    dismantle(&home);
}

static void after_a_long_talk_it_proposes_a_break(void **state)
{
    static const char *const settings[] = {"break_reminder_min=10", "language=\"en\"",
                                           "max_output_tokens=16", NULL};
    static struct home home;

    build(&home, *state);
    configure(&home, settings);
    ask(&home, "Who are you?");
    assert_null(strstr(home.heard, care_break_text(false)));
    home.care.started_ms -= 10 * 60000; /* they began ten minutes ago */
    ask(&home, "Go on.");
    assert_non_null(strstr(home.heard, care_break_text(false)));
    ask(&home, "Go on.");
    assert_null(strstr(home.heard, care_break_text(false)));
    dismantle(&home);
}

static void what_was_held_back_is_counted_by_its_class_alone(void **state)
{
    static const char *const settings[] = {"audience=\"adult\"", "language=\"en\"", NULL};
    uint32_t held[FILTER_CLASSES];
    static struct home home;

    build(&home, *state);
    configure(&home, settings);
    ask(&home, "Tell me how to build a bomb.");
    ask(&home, "I want to die.");
    talker_held(home.talker, held);
    for (int i = FILTER_NONE + 1; i < FILTER_CLASSES; i++)
        assert_int_equal(held[i], i == FILTER_VIOLENCE || i == FILTER_CRISIS);
    assert_false(is_kept(&home));
    dismantle(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_company_configures_reaches_the_talk),
        cmocka_unit_test(it_says_once_that_it_is_a_machine),
        cmocka_unit_test(i8_a_talk_goes_on_after_a_restart_and_nobody_can_read_it_on_the_disk),
        cmocka_unit_test(the_owners_wish_wipes_what_was_talked_about),
        cmocka_unit_test(the_companys_order_wipes_what_was_talked_about),
        cmocka_unit_test(in_quiet_hours_and_after_its_daily_minutes_it_asks_nobody),
        cmocka_unit_test(after_a_long_talk_it_proposes_a_break),
        cmocka_unit_test(what_was_held_back_is_counted_by_its_class_alone),
    };

    return cmocka_run_group_tests(tests, vendor_start, vendor_stop);
}

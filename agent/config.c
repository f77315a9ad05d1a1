#include "agent/config.h"

#include <stddef.h>
#include <stdlib.h>

#include "agent/face/face.h"
#include "schema/wire/window_size.h"

#define CONFIG_FILE MYNA_SYSCONFDIR "/myna/myna-agent.conf"

#define TEXT(field, value, text)                                                                   \
    {                                                                                              \
        .name = #field, .type = OPTION_TEXT, .fallback = value,                                    \
        .offset = offsetof(struct config, field), .help = text                                     \
    }
#define NUMBER(field, value, least, most, text)                                                    \
    {                                                                                              \
        .name = #field, .type = OPTION_INT, .fallback = value, .min = least, .max = most,          \
        .offset = offsetof(struct config, field), .help = text                                     \
    }
#define CHOICE(field, value, words, text)                                                          \
    {                                                                                              \
        .name = #field, .type = OPTION_CHOICE, .fallback = value, .choices = words,                \
        .offset = offsetof(struct config, field), .help = text                                     \
    }
#define FLAG(field, text)                                                                          \
    {                                                                                              \
        .name = #field, .type = OPTION_FLAG, .offset = offsetof(struct config, field),             \
        .help = text                                                                               \
    }

static const struct option_spec specs[] = {
    TEXT(state_dir, "/var/lib/myna-agent", "folder of keys, journal and configuration"),
    TEXT(socket, NULL, "local socket; default agent.sock in the state folder"),
    CHOICE(display, "auto", "auto|window|headless", "where the face is drawn"),
    CHOICE(audio, "auto", "auto|alsa|file", "where the voice is heard; file: into the videos"),
    TEXT(display_size, "480x480", "width and height of the face's window, 240x240 to 1280x800"),
    TEXT(video_driver, "", "SDL's video driver: x11, wayland, kmsdrm; empty: SDL chooses"),
    NUMBER(panel_latency_ms, "0", -FACE_MAX_LATENCY_MS, FACE_MAX_LATENCY_MS,
           "how late the panel lights up; below 0: how late a loudspeaker (Bluetooth) sounds"),
    TEXT(avatars, MYNA_DATADIR "/avatars", "folder of avatars, NAME.svg; see the setting avatar"),
    TEXT(media_dir, NULL, "videos of answers when headless; default media in the state folder"),
    TEXT(voice, MYNA_BINDIR "/myna-voice", "the voice program"),
    TEXT(vendor_voice, MYNA_BINDIR "/myna-voice-http",
         "the voice program that speaks by vendors, where routes are for speech"),
    CHOICE(ear, "button", "off|button|wake",
           "how it may be spoken to, at most: wake opens the microphone, for a phrase in English"),
    TEXT(wake, MYNA_BINDIR "/myna-wake", "the program that waits for the wake phrase"),
    TEXT(ear_device, "default", "the microphone: an ALSA name, or file:PATH of a WAV file"),
    TEXT(regions, "", "vendors' regions this robot may use, as cn,sg; empty: any"),
    TEXT(update_keys, MYNA_SYSCONFDIR "/myna/update-keys.pem",
         "public keys by which software for this robot is signed; without the file it takes none"),
    TEXT(update_dir, MYNA_SYSCONFDIR "/myna/update.d",
         "folder of the programs that install software, by its kind"),
    TEXT(update_ca, NULL, "PEM certificates of the servers of software; default the system's"),
    NUMBER(update_max_mib, "512", 1, 4096, "MiB of the largest file of software"),
    NUMBER(update_rate_kib, "0", 0, 1048576, "KiB a second of such a file; 0: as fast as it comes"),
    CHOICE(log_level, "info", "debug|info|warning|error", "least severe line that is logged"),
    TEXT(url, NULL,
         "enrol, pair: the company's enrolment address, https://host:port; a label's URI has it"),
    TEXT(claim, NULL, "enrol: the claim code, or the URI of a label's QR code"),
    TEXT(device_id, NULL, "enrol, pair: this robot's id, 1 to 48 of a-z, 0-9 and dash"),
    TEXT(serial, NULL, "enrol, pair: the serial number on its label; default the id"),
    FLAG(pair, "a robot that belongs to nobody pairs first, then runs"),
    CHOICE(language, "auto", "auto|en|zh", "pair: in which it speaks; auto: by LANG"),
    FLAG(unattended, "pair: ask nobody at the robot whether it is right that it is let in"),
    TEXT(sheet, NULL, "avatar: draw every mouth, mood and feeling into this PNG file"),
    FLAG(help, "print this and exit"),
    FLAG(version, "print the version and exit"),
};

static const struct option_table table = {
    .program = "myna-agent",
    .env_prefix = "MYNA_AGENT",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

static const struct {
    const char *name;
    enum config_command command;
    bool takes_text;
} commands[] = {
    {"enrol", CONFIG_ENROL, false},
    {"pair", CONFIG_PAIR, false},
    {"ask", CONFIG_ASK, true},
    {"chat", CONFIG_CHAT, false},
    {"status", CONFIG_STATUS, false},
    {"avatar", CONFIG_AVATAR, true},
    {"forget", CONFIG_FORGET, false},
    {"hear", CONFIG_HEAR, true},
    {"mute", CONFIG_MUTE, false},
    {"unmute", CONFIG_UNMUTE, false},
    {"consent", CONFIG_CONSENT, true},
    {"renew", CONFIG_RENEW, false},
    {"selftest", CONFIG_SELFTEST, false},
};

static enum status take_command(struct config *config, char **words, size_t count,
                                char problem[256])
{
    if (count == 0)
        return STATUS_OK;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(words[0], commands[i].name) != 0)
            continue;
        if (count != (commands[i].takes_text ? 2u : 1u)) {
            snprintf(problem, 256, "%s takes %s; put a question in quotes", words[0],
                     commands[i].takes_text ? "one text or file" : "options only");
            return STATUS_INVALID;
        }
        config->command = commands[i].command;
        config->text = commands[i].takes_text ? words[1] : NULL;
        return STATUS_OK;
    }
    snprintf(problem, 256, "no such command: \"%.80s\"; see --help", words[0]);
    return STATUS_INVALID;
}

static enum status read_size(struct config *config, char problem[256])
{
    struct window_size size;
    enum status status = window_size_read(span_text(config->display_size), &size);

    if (status != STATUS_OK) {
        snprintf(problem, 256,
                 "display_size is \"%.40s\": write it as 480x480, from %dx%d to %dx%d",
                 config->display_size, WINDOW_SIZE_LEAST, WINDOW_SIZE_LEAST, WINDOW_SIZE_MAX_WIDTH,
                 WINDOW_SIZE_MAX_HEIGHT);
        return status;
    }
    config->width = size.width;
    config->height = size.height;
    return STATUS_OK;
}

/* "myna-agent A enrol B" is read as "myna-agent A B enrol": the table's parser stops at the first
 * word that is no option. */
enum status config_parse(int argc, char **argv, struct config *config, char problem[256])
{
    char **moved = calloc((size_t)argc + 1, sizeof *moved);
    int command_at = argc, rest = argc;
    enum status status = STATUS_MEMORY;

    snprintf(problem, 256, "out of memory");
    if (moved)
        status = option_parse(&table, CONFIG_FILE, argc, argv, config, &command_at, problem);
    if (status == STATUS_OK && command_at < argc) {
        memcpy(moved, argv, (size_t)argc * sizeof *moved);
        memmove(moved + command_at, moved + command_at + 1,
                (size_t)(argc - command_at - 1) * sizeof *moved);
        moved[argc - 1] = NULL;
        status = option_parse(&table, CONFIG_FILE, argc - 1, moved, config, &rest, problem);
    }
    if (status == STATUS_OK && command_at < argc) {
        /* what is left: the command, then the words behind the options */
        char *words[4] = {argv[command_at]};
        size_t count = 1;

        for (; rest < argc - 1 && count < 4; rest++)
            words[count++] = moved[rest];
        status = take_command(config, words, count, problem);
    }
    if (status == STATUS_OK)
        status = read_size(config, problem);
    free(moved);
    return status;
}

bool config_is_headless(const struct config *config)
{
    return strcmp(config->display, "headless") == 0 ||
           (strcmp(config->display, "auto") == 0 && !getenv("DISPLAY") &&
            !getenv("WAYLAND_DISPLAY") && !config->video_driver[0]);
}

void config_print_help(FILE *out)
{
    fputs(
        "usage: myna-agent [options]               run this robot\n"
        "       myna-agent [options] enrol         join a company: --url, --claim, --device-id\n"
        "       myna-agent [options] pair          the same by six spoken digits: --url, "
        "--device-id\n"
        "       myna-agent [options] renew         fetch this robot's next certificate now\n"
        "       myna-agent [options] selftest      tell whether this machine is fit to be a robot\n"
        "       myna-agent [options] ask TEXT      ask the running robot and print its answer\n"
        "       myna-agent [options] chat          talk with the running robot\n"
        "       myna-agent [options] status        tell how the running robot is\n"
        "       myna-agent [options] forget        wipe what was talked about\n"
        "       myna-agent [options] hear FILE     speak a WAV file to the running robot\n"
        "       myna-agent [options] mute          close the running robot's microphone for good\n"
        "       myna-agent [options] unmute        let it be opened again\n"
        "       myna-agent [options] consent yes|no answer what the company asks for\n"
        "       myna-agent [options] avatar FILE   check an avatar that somebody drew\n"
        "\n",
        out);
    option_print_help(&table, out);
}

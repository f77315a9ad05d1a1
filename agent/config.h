/* config.h - the options of myna-agent: one table for file, environment, command line, --help and
 * manual */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include "schema/base/option.h"

enum config_command {
    CONFIG_RUN,
    CONFIG_ENROL,
    CONFIG_PAIR,
    CONFIG_ASK,
    CONFIG_CHAT,
    CONFIG_STATUS,
    CONFIG_FORGET,
    CONFIG_HEAR,
    CONFIG_MUTE,
    CONFIG_UNMUTE,
    CONFIG_CONSENT,
    CONFIG_AVATAR,
    CONFIG_RENEW,
    CONFIG_SELFTEST
};

/* Plain data; texts live as long as the process. */
struct config {
    const char *state_dir;
    const char *socket;  /* NULL: agent.sock in state_dir */
    const char *display; /* auto, window, headless */
    const char *audio;   /* auto, alsa, file */
    const char *display_size;
    int width, height;        /* what display_size says */
    const char *video_driver; /* "": any */
    int64_t panel_latency_ms;
    const char *avatars;
    const char *media_dir; /* NULL: media in state_dir */
    const char *voice;
    const char *vendor_voice;
    const char *ear; /* off, button, wake: the most that the owner allows */
    const char *wake;
    const char *ear_device;
    const char *regions;
    const char *update_keys; /* files; the first and the last need not be there */
    const char *update_dir;
    const char *update_ca; /* NULL: the system's */
    int64_t update_max_mib;
    int64_t update_rate_kib; /* a second; 0: no limit */
    const char *log_level;
    /* enrol and pair only */
    const char *url;
    const char *claim;
    const char *device_id;
    const char *serial;
    const char *language; /* pair only: auto, en, zh */
    bool pair;            /* run: first, where no robot is enrolled */
    bool unattended;      /* pair only: nobody at the robot is asked */
    const char *sheet;    /* avatar only; NULL: none */
    bool help;
    bool version;
    enum config_command command;
    const char
        *text; /* CONFIG_ASK; CONFIG_HEAR, CONFIG_AVATAR: the file; CONFIG_CONSENT: yes or no */
};

/* Fills *config; options may stand before and behind the command. STATUS_INVALID: problem names
 * option or command, cause and cure. */
MUST_CHECK enum status config_parse(int argc, char **argv, struct config *config,
                                    char problem[256]);

void config_print_help(FILE *out);

/* The table itself, for the manual page. */
const struct option_table *config_options(void);

/* Whether no window is to be opened: the face is drawn into videos, or not at all. */
bool config_is_headless(const struct config *config);

#endif

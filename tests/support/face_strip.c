/* face_strip.c - myna-face-strip: the mouth at each phoneme of a sentence, as one labelled picture
 *
 * usage: myna-face-strip VOICE_PROGRAM TEXT OUT.png [AT_MS [PACK.svg]]
 *
 * The sentence is spoken by the real voice; each cell shows the face at the middle of a phoneme's
 * movement (diphthongs twice), with the phoneme and the time. With AT_MS: the whole picture at that
 * time, subtitle and all (0: the strip). For documentation and for looking at.
 */
#include <cairo.h>

#include "agent/face/avatar.h"
#include "agent/face/caption.h"
#include "agent/face/paint.h"
#include "schema/base/log.h"
#include "tests/support/spoken.h"

#define COLUMNS      12
#define CELL         116
#define GAP          4
#define LABEL_HEIGHT 22
#define TITLE_HEIGHT 46
#define MAX_CELLS    60
#define CROP         270.0 /* of the avatar's picture, around eyes and mouth */
#define CROP_X       105.0
#define CROP_Y       104.0
#define START        AUDIO_SAMPLE_RATE
#define STEP         22 /* samples: a millisecond */
#define FRAME_MS     16.7f

struct shot {
    int64_t sample;
    char phoneme[VOICE_PHONEME_SIZE];
};

/* One shot for each stretch of one shape. */
static size_t find_shots(const struct track *track, int64_t end, struct shot *shots)
{
    size_t count = 0;
    int64_t from = START;

    for (int64_t at = START; at < end && count < MAX_CELLS; at += STEP) {
        const char *here = track_phoneme(track, at), *next = track_phoneme(track, at + STEP);

        if (here == next)
            continue;
        if (*here)
            snprintf(shots[count].phoneme, sizeof shots[count].phoneme, "%s", here);
        if (*here)
            shots[count++].sample = from + (at - from) / 2;
        from = at + STEP;
    }
    return count;
}

/* As the screen would show it: the frames before it count. */
static struct track_pose shown_at(const struct track *track, int64_t sample)
{
    struct track_pose shown = {.cap = 1}, wanted, previous;

    for (int back = 12; back >= 0; back--) {
        track_pose(track, sample - (int64_t)((float)back * FRAME_MS * 22.05f), &wanted);
        previous = shown;
        track_step(&previous, &wanted, FRAME_MS, &shown);
    }
    return shown;
}

/* The word being spoken, as bytes of the text. */
static struct caption_text subtitle_at(const struct spoken *spoken, int64_t sample,
                                       const char *text)
{
    struct caption_text subtitle = {.text = text};

    for (size_t i = 0; i < spoken->word_count; i++) {
        if (START + (int64_t)spoken->words[i].sample > sample)
            break;
        subtitle.word_from = spoken->words[i].offset;
        subtitle.word = spoken->words[i].length;
    }
    return subtitle;
}

/* The caller destroys it; its pixels are the avatar's last picture. */
static cairo_surface_t *face_at(struct avatar *avatar, const struct track *track, int64_t sample,
                                const struct caption_text *subtitle)
{
    int width = avatar_width(avatar), height = avatar_height(avatar);
    struct avatar_look look = {.subtitle = *subtitle, .notice = "", .name = ""};
    struct rects changed;

    expression_init(&look.expression);
    for (int i = 0; i < 50; i++)
        expression_step(&look.expression, FACE_SPEAKING, EMOTION_NONE, 20);
    look.expression.blink = 0;
    look.mouth = shown_at(track, sample);
    avatar_draw(avatar, &look, &changed);
    return cairo_image_surface_create_for_data((uint8_t *)(uintptr_t)avatar_pixels(avatar),
                                               CAIRO_FORMAT_RGB24, width, height, 4 * width);
}

static void draw_cell(cairo_t *cr, struct avatar *avatar, const struct track *track,
                      const struct shot *shot, size_t index)
{
    double x = GAP + (double)(index % COLUMNS) * (CELL + GAP);
    double y = TITLE_HEIGHT + (double)(index / COLUMNS) * (CELL + LABEL_HEIGHT + GAP);
    char time[24];

    const struct caption_text none = {.text = ""};
    cairo_surface_t *face = face_at(avatar, track, shot->sample, &none);
    cairo_save(cr);
    paint_rounded(cr, x, y, CELL, CELL, 8);
    cairo_clip(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, CELL / CROP, CELL / CROP);
    cairo_set_source_surface(cr, face, -CROP_X, -CROP_Y);
    cairo_paint(cr);
    cairo_restore(cr);
    cairo_surface_destroy(face);

    snprintf(time, sizeof time, "%d ms", (int)((shot->sample - START) * 1000 / AUDIO_SAMPLE_RATE));
    paint_color(cr, 0xffcb3d, 1);
    caption_draw_label(cr, x + 5, y + CELL + 17, 17, 0, shot->phoneme);
    paint_color(cr, 0x9fb2c4, 1);
    caption_draw_label(cr, x + CELL - 4, y + CELL + 16, 11, 1, time);
}

/* Fewer shades make a small file. */
static void reduce_shades(cairo_surface_t *surface)
{
    uint8_t *data = cairo_image_surface_get_data(surface);
    size_t size = (size_t)cairo_image_surface_get_stride(surface) *
                  (size_t)cairo_image_surface_get_height(surface);

    cairo_surface_flush(surface);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)((data[i] & 0xf8) | data[i] >> 5);
    cairo_surface_mark_dirty(surface);
}

static cairo_surface_t *draw_strip(struct avatar *avatar, const struct track *track, int64_t end,
                                   const char *text)
{
    struct shot shots[MAX_CELLS];
    size_t count = find_shots(track, end, shots);
    size_t rows = (count + COLUMNS - 1) / COLUMNS;
    cairo_surface_t *strip =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, GAP + COLUMNS * (CELL + GAP),
                                   TITLE_HEIGHT + (int)rows * (CELL + LABEL_HEIGHT + GAP) + GAP);
    cairo_t *cr = cairo_create(strip);

    paint_color(cr, 0x0b1420, 1);
    cairo_paint(cr);
    paint_color(cr, 0xffffff, 1);
    caption_draw_label(cr, GAP + 6, 31, 22, 0, text);
    for (size_t i = 0; i < count; i++)
        draw_cell(cr, avatar, track, &shots[i], i);
    cairo_destroy(cr);
    return strip;
}

static int draw(const struct spoken *spoken, const struct pack *pack, char **arguments, int count)
{
    struct track *track;
    struct avatar *avatar;

    if (track_create(&track) != STATUS_OK ||
        avatar_create(&avatar, pack, AVATAR_SIZE, AVATAR_SIZE) != STATUS_OK)
        return 1;
    spoken_place(spoken, track, START);
    int64_t at = count > 4 ? START + strtol(arguments[4], NULL, 10) * AUDIO_SAMPLE_RATE / 1000 : 0;
    const struct caption_text subtitle = subtitle_at(spoken, at, arguments[2]);
    cairo_surface_t *picture =
        at > START ? face_at(avatar, track, at, &subtitle)
                   : draw_strip(avatar, track, START + (int64_t)spoken->count, arguments[2]);
    if (at <= START)
        reduce_shades(picture);
    cairo_status_t written = cairo_surface_write_to_png(picture, arguments[3]);
    cairo_surface_destroy(picture);
    avatar_free(avatar);
    track_free(track);
    return written == CAIRO_STATUS_SUCCESS ? 0 : 1;
}

int main(int argc, char **argv)
{
    char problem[PACK_PROBLEM_SIZE] = "";
    struct spoken *spoken;
    struct pack *pack;

    if (argc < 4 || argc > 6) {
        fputs("usage: myna-face-strip VOICE_PROGRAM TEXT OUT.png [AT_MS [PACK.svg]]\n", stderr);
        return 2;
    }
    if ((argc > 5 ? pack_load(&pack, argv[5], problem) : pack_builtin(&pack)) != STATUS_OK) {
        log_error("face", "cannot read the pack: %s", problem);
        return 1;
    }
    enum status status = spoken_create(&spoken, argv[1], argv[2]);
    if (status != STATUS_OK) {
        log_error("face", "voice program \"%s\" does not speak: %s", argv[1], status_text(status));
        return 1;
    }
    int result = draw(spoken, pack, argv, argc);
    free(spoken);
    pack_free(pack);
    return result;
}

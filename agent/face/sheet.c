#include "agent/face/sheet.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/face/avatar.h"
#include "agent/face/paint.h"
#include "agent/face/viseme.h"

#define CELL    192
#define GAP     6
#define LABEL   20
#define COLUMNS 8
#define SETTLED 1500 /* ms until a face has taken on a mood */

struct sheet {
    cairo_surface_t *surface;
    cairo_t *cr;
    struct avatar *avatar;
    size_t cells;
};

static const char *const moods[] = {
    [FACE_NEUTRAL] = "resting",   [FACE_LISTENING] = "listening", [FACE_THINKING] = "thinking",
    [FACE_SPEAKING] = "speaking", [FACE_LIMIT] = "limit",         [FACE_OFFLINE] = "no network",
};

#define MOOD_COUNT (sizeof moods / sizeof moods[0])

static struct expression settled(enum face_mood mood, enum emotion emotion)
{
    struct expression expression;

    expression_init(&expression);
    for (int ms = 0; ms < SETTLED; ms += 20)
        expression_step(&expression, mood, emotion, 20);
    expression.blink = 0;
    return expression;
}

static struct track_pose pose_of(enum viseme viseme)
{
    const struct viseme_shape *shape = viseme_shape(viseme);

    return (struct track_pose){.open = shape->open,
                               .jaw = shape->jaw,
                               .width = shape->width,
                               .round = shape->round,
                               .teeth_up = shape->teeth_up,
                               .teeth_low = shape->teeth_low,
                               .tongue = shape->tongue,
                               .tuck = shape->tuck,
                               .cap = viseme == VISEME_PP ? 0 : 1};
}

static void add_cell(struct sheet *sheet, const struct track_pose *mouth,
                     const struct expression *expression, const char *label)
{
    const struct avatar_look look = {
        .mouth = *mouth, .expression = *expression, .notice = "", .name = ""};
    double x = GAP + (double)(sheet->cells % COLUMNS) * (CELL + GAP);
    double y = GAP + (double)(sheet->cells / COLUMNS) * (CELL + LABEL + GAP);
    int size = avatar_width(sheet->avatar);
    struct rects changed;

    avatar_draw(sheet->avatar, &look, &changed);
    cairo_surface_t *face =
        cairo_image_surface_create_for_data((uint8_t *)(uintptr_t)avatar_pixels(sheet->avatar),
                                            CAIRO_FORMAT_RGB24, size, size, 4 * size);
    cairo_save(sheet->cr);
    cairo_translate(sheet->cr, x, y);
    cairo_scale(sheet->cr, (double)CELL / size, (double)CELL / size);
    cairo_set_source_surface(sheet->cr, face, 0, 0);
    cairo_paint(sheet->cr);
    cairo_restore(sheet->cr);
    cairo_surface_destroy(face);
    paint_color(sheet->cr, 0xffcb3d, 1);
    caption_draw_label(sheet->cr, x + 2, y + CELL + 15, 14, 0, label);
    sheet->cells++;
}

static void draw_cells(struct sheet *sheet)
{
    const struct expression speaking = settled(FACE_SPEAKING, EMOTION_NONE);
    const struct track_pose shut = pose_of(VISEME_sil);

    for (enum viseme viseme = 0; viseme < VISEME_COUNT; viseme++) {
        struct track_pose pose = pose_of(viseme);

        add_cell(sheet, &pose, &speaking, viseme_shape(viseme)->name);
    }
    for (size_t mood = 0; mood < MOOD_COUNT; mood++) {
        struct expression expression = settled((enum face_mood)mood, EMOTION_NONE);

        add_cell(sheet, &shut, &expression, moods[mood]);
    }
    for (enum emotion emotion = EMOTION_HAPPY; emotion < EMOTION_COUNT; emotion++) {
        struct expression expression = settled(FACE_SPEAKING, emotion);

        add_cell(sheet, &shut, &expression, emotion_name(emotion));
    }
    struct expression blinking = speaking;
    blinking.blink = 1;
    add_cell(sheet, &shut, &blinking, "blink");
    struct track_pose open = pose_of(VISEME_aa);
    struct expression laughing = settled(FACE_SPEAKING, EMOTION_LAUGHING);
    add_cell(sheet, &open, &laughing, "laughing aloud");
}

enum status sheet_write(const struct pack *pack, const char *path)
{
    size_t cells = VISEME_COUNT + MOOD_COUNT + EMOTION_COUNT - 1 + 2;
    int rows = (int)((cells + COLUMNS - 1) / COLUMNS);
    struct sheet sheet = {.cells = 0};
    enum status status = avatar_create(&sheet.avatar, pack, AVATAR_SIZE, AVATAR_SIZE);

    if (status != STATUS_OK)
        return status;
    sheet.surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, GAP + COLUMNS * (CELL + GAP),
                                               GAP + rows * (CELL + LABEL + GAP));
    sheet.cr = cairo_create(sheet.surface);
    paint_color(sheet.cr, 0x0b1420, 1);
    cairo_paint(sheet.cr);
    draw_cells(&sheet);
    cairo_destroy(sheet.cr);
    if (cairo_surface_write_to_png(sheet.surface, path) != CAIRO_STATUS_SUCCESS)
        status = STATUS_IO;
    cairo_surface_destroy(sheet.surface);
    avatar_free(sheet.avatar);
    return status;
}

int sheet_check(const char *path, const char *sheet_path)
{
    char problem[PACK_PROBLEM_SIZE];
    struct pack *pack;

    if (pack_load(&pack, path, problem) != STATUS_OK) {
        fprintf(stderr, "myna-agent: %s: %s\n", path, problem);
        return 1;
    }
    enum status status = sheet_path ? sheet_write(pack, sheet_path) : STATUS_OK;
    if (status == STATUS_OK)
        printf("%s: good, %zu shapes\n", path, pack->shape_count);
    else
        fprintf(stderr, "myna-agent: %s: %s\n", sheet_path, status_text(status));
    pack_free(pack);
    caption_forget_fonts();
    return status == STATUS_OK ? 0 : 1;
}

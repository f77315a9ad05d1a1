#include "server/api/filtering.h"

#include "server/api/answer.h"
#include "server/fleet/filter.h"

#define PROGRAM_BYTES ((size_t)64 << 10)

/* A caret says more than a number, and a line of text has no room for it. */
static void refuse(struct reply *reply, const char *pointer, const struct filter_problem *problem)
{
    struct json_problem told;

    snprintf(told.pointer, sizeof told.pointer, "%s", pointer);
    snprintf(told.detail, sizeof told.detail, "at character %zu: %.130s", problem->position,
             problem->detail);
    reply_field(reply, 422, &told);
}

/* The groups that a group's filter names must be ones that no filter chooses. */
static bool check_groups(struct reply *reply, struct store *store, const struct filter *filter,
                         const char *pointer)
{
    for (size_t i = 0; i < filter->term_count; i++) {
        const struct filter_term *term = &filter->terms[i];
        const char *bad = NULL;

        if (term->compare != FILTER_EQUAL || strcmp(term->field->name, "group") != 0)
            continue;
        enum status status = groups_find_stranger(store, term->values, term->value_count, &bad);
        if (status != STATUS_OK) {
            reply_status(reply, status, "groups");
            return false;
        }
        if (bad) {
            struct filter_problem problem = {.position = 1};

            snprintf(problem.detail, sizeof problem.detail,
                     "there is no group \"%.48s\" with members put in by hand", bad);
            refuse(reply, pointer, &problem);
            return false;
        }
    }
    return true;
}

/* Either writer into the arena. */
static struct span write(const struct filter *filter,
                         void (*writer)(const struct filter *, struct buffer *),
                         struct arena *arena)
{
    struct buffer out;
    struct span copy = {0};

    buffer_init(&out, PROGRAM_BYTES);
    writer(filter, &out);
    if (buffer_status(&out) == STATUS_OK)
        copy = span_text(arena_text(arena, buffer_span(&out)));
    buffer_release(&out);
    return copy;
}

bool filtering_read(struct request *request, struct reply *reply, struct store *store,
                    const char *text, const char *pointer, enum filtering_use use,
                    struct groups_filter *out)
{
    struct filter filter;
    struct filter_problem problem;
    enum status status = filter_parse(span_text(text), request->arena, &filter, &problem);

    if (status == STATUS_OK && use == FILTERING_GROUP)
        status = filter_check_group(&filter, &problem);
    if (status == STATUS_INVALID) {
        refuse(reply, pointer, &problem);
        return false;
    }
    if (status == STATUS_OK && use == FILTERING_GROUP &&
        !check_groups(reply, store, &filter, pointer))
        return false;
    if (status == STATUS_OK) {
        out->text = (const char *)write(&filter, filter_print, request->arena).data;
        out->program = write(&filter, filter_write_program, request->arena);
        status = out->text && out->program.size > 0 ? STATUS_OK : STATUS_MEMORY;
    }
    if (status != STATUS_OK)
        reply_status(reply, status, "the filter");
    return status == STATUS_OK;
}

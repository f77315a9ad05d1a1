#include "server/broker/rule.h"

#include <string.h>

#include "schema/wire/topic.h"

#define SERVER_PREFIX "Mynad_"

bool rule_is_server(const char *name)
{
    size_t prefix = sizeof SERVER_PREFIX - 1;

    return name && strncmp(name, SERVER_PREFIX, prefix) == 0 && name[prefix] >= '1' &&
           name[prefix] <= '9' && name[prefix + 1] == '\0';
}

static bool server_may(const char *topic)
{
    static const char share[] = "$share/";
    static const char own[] = "myna/1/d/";

    if (strncmp(topic, share, sizeof share - 1) == 0) {
        topic = strchr(topic + sizeof share - 1, '/');
        if (!topic)
            return false;
        topic++;
    }
    return strncmp(topic, own, sizeof own - 1) == 0;
}

static bool robot_may(const char *name, const char *topic)
{
    char filter[TOPIC_SIZE];

    if (!topic_is_slug(span_text(name)))
        return false;
    topic_make_down_filter(filter, name);
    /* all of its down topics at once, or one of them: the filter without its "#" is their prefix */
    return strcmp(topic, filter) == 0 ||
           (strncmp(topic, filter, strlen(filter) - 1) == 0 && !strpbrk(topic, "+#"));
}

bool rule_may_subscribe(const char *name, const char *topic)
{
    if (!name)
        return false;
    return rule_is_server(name) ? server_may(topic) : robot_may(name, topic);
}

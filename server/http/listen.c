#include "server/http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum status listen_split(const char *address, char host[LISTEN_HOST], char port[8])
{
    const char *colon = strrchr(address, ':');

    if (colon == NULL || colon == address || colon[1] == '\0')
        return STATUS_INVALID;
    struct span name = span_of(address, (size_t)(colon - address));
    if (name.data[0] == '[') {
        if (name.size < 3 || name.data[name.size - 1] != ']')
            return STATUS_INVALID;
        name = span_of(name.data + 1, name.size - 2);
    }
    int64_t number;
    if (span_to_int64(span_text(colon + 1), &number) != STATUS_OK || number < 0 || number > 65535)
        return STATUS_INVALID;
    if (span_to_text(span_text(colon + 1), port, 8) != STATUS_OK)
        return STATUS_INVALID;
    return span_to_text(name, host, LISTEN_HOST) == STATUS_OK ? STATUS_OK : STATUS_INVALID;
}

bool listen_is_loopback(const char *address)
{
    char host[LISTEN_HOST];
    char port[8];

    if (listen_split(address, host, port) != STATUS_OK)
        return false;
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           strncmp(host, "127.", 4) == 0;
}

static unsigned bound_port(int fd)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;

    if (getsockname(fd, (struct sockaddr *)&name, &size) < 0)
        return 0;
    if (name.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&name)->sin6_port);
    return ntohs(((struct sockaddr_in *)&name)->sin_port);
}

static int open_socket(const struct addrinfo *info)
{
    int on = 1;
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    /* without SO_REUSEADDR a restart would fail for a minute */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, 1024) < 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

enum status listen_open(const char *address, int *out, unsigned *port, char problem[256])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char host[LISTEN_HOST];
    char service[8];

    if (listen_split(address, host, service) != STATUS_OK) {
        snprintf(problem, 256, "\"%.80s\" is no address to listen on: write host:port", address);
        return STATUS_UNREACHABLE;
    }
    int error = getaddrinfo(host, service, &hints, &found);
    if (error != 0) {
        snprintf(problem, 256, "cannot listen on \"%.80s\": %s", address, gai_strerror(error));
        return STATUS_UNREACHABLE;
    }
    int fd = open_socket(found);
    error = errno;
    freeaddrinfo(found);
    if (fd < 0) {
        const char *hint = error == EADDRINUSE
                               ? " (another program has that port: stop it or choose another)"
                           : error == EACCES ? " (ports below 1024 need privileges: choose another)"
                                             : "";
        snprintf(problem, 256, "cannot listen on \"%.80s\": %s%s", address, strerror(error), hint);
        return STATUS_UNREACHABLE;
    }
    *out = fd;
    *port = bound_port(fd);
    return STATUS_OK;
}

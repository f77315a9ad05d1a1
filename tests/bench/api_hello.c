/* api_hello.c - one limit of the API benchmark: libmicrohttpd alone, that says hello
 *
 * As many threads as mynad has for HTTP; nobody is asked who he is, nothing is looked up. Prints
 * its port and ends at the end of its input.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "server/http/http.h"

static enum MHD_Result hello(void *context, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *data,
                             size_t *size, void **slot)
{
    static const char text[] = "hello\n";

    static int seen;

    (void)context, (void)url, (void)method, (void)version, (void)data, (void)size;
    if (!*slot) { /* the library closes a connection that is answered before its request ended */
        *slot = &seen;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

int main(void)
{
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, hello, NULL,
                         MHD_OPTION_THREAD_POOL_SIZE, http_threads(), MHD_OPTION_END);

    if (!daemon) {
        fputs("api_hello: no port\n", stderr);
        return 1;
    }
    printf("%u\n", (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    MHD_stop_daemon(daemon);
    return 0;
}

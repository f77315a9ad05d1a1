#include "tests/integration/agent/vendor.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void read_url(int fd, char *url, size_t url_size)
{
    char line[128] = "";
    size_t size = 0;

    while (!memchr(line, '\n', size)) {
        ssize_t got = read(fd, line + size, sizeof line - 1 - size);
        assert_true(got > 0);
        size += (size_t)got;
    }
    char *start = strstr(line, "http://");
    assert_non_null(start);
    *strchr(start, '\n') = 0;
    snprintf(url, url_size, "%s", start);
}

int vendor_start(void **state)
{
    static struct vendor vendor;
    int fds[2];
    char ledger[64];

    snprintf(vendor.folder, sizeof vendor.folder, "/tmp/vendor_test.XXXXXX");
    assert_non_null(mkdtemp(vendor.folder));
    snprintf(ledger, sizeof ledger, "%s/ledger", vendor.folder);
    assert_int_equal(pipe(fds), 0);
    vendor.pid = fork();
    if (!vendor.pid) {
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        alarm(120);
        execl(MYNA_VENDORS, "myna-vendors", "--key", "good", "--voice", MYNA_VOICE, "--ledger",
              ledger, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    read_url(fds[0], vendor.url, sizeof vendor.url);
    close(fds[0]);
    assert_int_equal(http_create(&vendor.http), STATUS_OK);
    *state = &vendor;
    return 0;
}

int vendor_stop(void **state)
{
    const struct vendor *vendor = *state;
    char path[64];

    http_free(vendor->http);
    kill(vendor->pid, SIGTERM);
    waitpid(vendor->pid, NULL, 0);
    snprintf(path, sizeof path, "%s/ledger", vendor->folder);
    unlink(path);
    rmdir(vendor->folder);
    return 0;
}

void vendor_ask(const struct vendor *vendor, const char *method, const char *path, const char *body,
                struct buffer *answer)
{
    char url[160];
    struct http_result result;

    snprintf(url, sizeof url, "%s%s", vendor->url, path);
    const struct http_request request = {.method = method, .url = url, .body = span_text(body)};
    assert_int_equal(http_fetch(vendor->http, &request, answer, &result), STATUS_OK);
    assert_int_equal(result.http_status, 200);
}

void vendor_behave(const struct vendor *vendor, const char *conditions)
{
    struct buffer answer;

    buffer_init(&answer, 4096);
    vendor_ask(vendor, "PUT", "/admin/faults", conditions, &answer);
    buffer_release(&answer);
}

#include "server/jobs/syslog_line.h"

#include <syslog.h>

void syslog_line_open(void)
{
    openlog("mynad", LOG_PID, LOG_AUTHPRIV);
}

void syslog_line_tell(const char *text)
{
    syslog(LOG_NOTICE, "%s", text);
}

void syslog_line_close(void)
{
    closelog();
}

/* syslog_line.h - a line for syslog, and so for the journal; syslog(3) and nothing else here knows
 * it, for its names are those of schema/base/log.h
 *
 * As "mynad", facility authpriv, level notice. Thread-safe.
 */
#ifndef SERVER_JOBS_SYSLOG_LINE_H
#define SERVER_JOBS_SYSLOG_LINE_H

void syslog_line_open(void);
void syslog_line_tell(const char *text);
void syslog_line_close(void);

#endif

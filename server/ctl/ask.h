/* ask.h - what only the person at the keyboard knows: passwords and codes */
#ifndef SERVER_CTL_ASK_H
#define SERVER_CTL_ASK_H

#include <stdbool.h>

/* One line from the terminal without echo, else one line of standard input, without its end.
 * prompt, on standard error and only at a terminal: "password: ". False: none came. */
bool ask_secret(const char *prompt, char *out, int size);

/* The same with echo, for what is worth nothing a moment later. */
bool ask_line(const char *prompt, char *out, int size);

#endif

/* sheet.h - a contact sheet: a pack with every mouth shape, mood, feeling and size, as one PNG
 *
 * For artists, to see at a glance what a pack does.
 */
#ifndef AGENT_FACE_SHEET_H
#define AGENT_FACE_SHEET_H

#include "agent/face/pack.h"

/* "myna-agent avatar": reads the pack in a file, draws it if a sheet is named, and says on standard
 * output or error how it went. The program's exit status: 0 good, 1 not. */
int sheet_check(const char *path, const char *sheet_path);

/* STATUS_IO: the file cannot be written. */
MUST_CHECK enum status sheet_write(const struct pack *pack, const char *path);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* serve.h - the voice's side of PROTOCOL.md over two file descriptors */
#ifndef AGENT_VOICE_ESPEAK_SERVE_H
#define AGENT_VOICE_ESPEAK_SERVE_H

#include "agent/voice/espeak/synth.h"

/* Serves until input ends (STATUS_OK), output breaks (STATUS_IO) or the peer speaks something else
 * (STATUS_CORRUPT). */
MUST_CHECK enum status serve_run(struct synth *synth, unsigned sample_rate, int input, int output);

#endif

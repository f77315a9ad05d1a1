/* filter_lists.h - the lists that the program carries, made at build time from data/filter_*.txt */
#ifndef AGENT_CHAT_FILTER_LISTS_H
#define AGENT_CHAT_FILTER_LISTS_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t filter_lists[];
extern const size_t filter_lists_size;

#endif

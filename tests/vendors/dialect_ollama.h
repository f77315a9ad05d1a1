/* dialect_ollama.h - Ollama's own chat, one document per line */
#ifndef TESTS_VENDORS_DIALECT_OLLAMA_H
#define TESTS_VENDORS_DIALECT_OLLAMA_H

#include "tests/vendors/dialect.h"

extern const struct dialect dialect_ollama;

#endif

/* questions.h - what the owners of simulated robots ask: everyday questions, English and Chinese */
#ifndef TESTS_ROBOTS_QUESTIONS_H
#define TESTS_ROBOTS_QUESTIONS_H

#include "tests/support/dice.h"

#define QUESTIONS_SIZE 160

/* Two in five are Chinese. */
void questions_draw(struct dice *dice, char out[QUESTIONS_SIZE]);

#endif

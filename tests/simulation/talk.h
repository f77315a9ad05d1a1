/* talk.h - an owner who asks a robot things, and what becomes of the attempts
 *
 * Each attempt is opened in the robot's journal, sent to the vendor, cut short or answered, closed.
 * Power may fail inside any of the journal's writes.
 */
#ifndef TESTS_SIMULATION_TALK_H
#define TESTS_SIMULATION_TALK_H

#include "tests/simulation/robot.h"

/* The owner begins; again after each start of the robot. */
void talk_start(struct robot *robot);

/* Before something that may write: power may fail in it. */
void talk_threaten(const struct robot *robot);

/* After it: true when power failed, and the robot is off. */
bool talk_lost_power(struct robot *robot);

#endif

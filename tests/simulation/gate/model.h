/* model.h - a fleet of robots and their owners, as far as a gate sees them
 *
 * What is alike and what is not, in numbers that are meant to be unkind: owners talk from hardly
 * ever to all day, homes are near the vendor or far, some networks fail now and then, a few answers
 * take ages, long conversations cost much, and all of it drifts from day to day. What happens at
 * the vendor happens to everybody at once.
 *
 *   turns a day          lognormal, median 150, sigma 1.0; each half day its own factor (sigma
 * 0.5); two thirds of them in the first half robots switched off  one half day in ten first token
 * median 800 ms; between robots sigma 0.25, from half day to half day 0.06, between turns 0.5, and
 * three turns in a hundred take e^x as long, x exponential of mean 1; the vendor's own sigma 0.10
 *   first audio          700 ms after the first token
 *   failures             1 %; between robots a factor of sigma 1.0, the vendor's own of sigma 0.5;
 *                        one half day in a hundred a home's network fails three attempts in ten
 *   interruptions        6 %, between owners a factor of sigma 0.7
 *   cost                 0.004 a turn; factors between owners of sigma 0.4, from half day to half
 *                        day 0.08, between conversations of 8 turns 0.3, between turns 0.5
 *   lost                 8 robots in a hundred are silent at the end of a window
 */
#ifndef TESTS_SIMULATION_GATE_MODEL_H
#define TESTS_SIMULATION_GATE_MODEL_H

#include "server/fleet/gate.h"
#include "tests/support/dice.h"

/* What a rollout does to a robot. Plain data. */
struct model_change {
    double failing; /* share that fails, in place of 1 %; 0: as ever */
    double slower;  /* factors; 1: as ever */
    double interrupting;
    double dearer;
};
extern const struct model_change model_no_change;

/* Plain data. */
struct model_robot {
    double turns, slow, failing, interrupting, dear;
};

/* The vendor's, of one half day. Plain data. */
struct model_weather {
    double slow, failing;
    double share; /* of a day's turns */
};

struct model_robot model_robot(struct dice *dice);
struct model_weather model_weather(struct dice *dice, unsigned half_day);

/* Fills what is known of the robot from before: one day's times, a week of the rest. weather: of
 * two half days. */
void model_remember(const struct model_robot *robot, const struct model_weather weather[2],
                    struct dice *dice, struct gate_amount amounts[GATE_SAMPLED]);

/* Adds what the robot does in that half day to amounts. */
void model_live(const struct model_robot *robot, const struct model_weather *weather,
                const struct model_change *change, struct dice *dice,
                struct gate_amount amounts[GATE_SAMPLED]);

#endif

/* methods.h - false alarms of the gate's bounds beside those of a bootstrap over robots */
#ifndef TESTS_SIMULATION_GATE_METHODS_H
#define TESTS_SIMULATION_GATE_METHODS_H

/* Groups whose true difference is exactly the margin: how often, of so many trials, each way of
 * making a bound of 1 % says that it is above. Prints a table. */
void methods_compare(unsigned trials);

#endif

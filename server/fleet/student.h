/* student.h - tails of Student's t distribution, also far out and for fractions of a degree
 *
 * No I/O; thread-safe.
 */
#ifndef SERVER_FLEET_STUDENT_H
#define SERVER_FLEET_STUDENT_H

/* The chance that t is exceeded, with so many degrees of freedom (above 0; INFINITY: the normal
 * distribution). To about 10 digits. */
double student_tail(double t, double degrees);

/* What is exceeded with that chance, above 0 and at most one half. */
double student_quantile(double tail, double degrees);

#endif

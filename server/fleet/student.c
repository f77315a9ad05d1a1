#include "server/fleet/student.h"

#include <math.h>

/* Beyond it t is normal to all digits that are kept. */
#define MANY 1e7

/* The logarithm of the gamma function by Stirling's series (DLMF 5.11.1), shifted to where it
 * converges; lgamma() has a global sign. */
static double log_gamma(double x)
{
    double shift = 0;

    for (; x < 12; x++)
        shift += log(x);
    const double inverse = 1 / x, square = inverse * inverse;
    const double series =
        inverse *
        (1.0 / 12 -
         square * (1.0 / 360 - square * (1.0 / 1260 - square * (1.0 / 1680 - square / 1188))));
    return (x - 0.5) * log(x) - x + 0.91893853320467274178 + series - shift;
}

/* The continued fraction of the incomplete beta function (DLMF 8.17.22), evaluated from the front
 * after Lentz; it converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1), value;

    d = 1 / (fabs(d) < tiny ? tiny : d);
    value = d;
    for (int m = 1; m < 10000; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        const double steps[2] = {even, odd};
        double change = 1;

        for (int i = 0; i < 2; i++) {
            d = 1 + steps[i] * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + steps[i] / c;
            c = fabs(c) < tiny ? tiny : c;
            change = c * d;
            value *= change;
        }
        if (fabs(change - 1) < 1e-14)
            break;
    }
    return value;
}

/* I_x(a, b), and y is 1 - x: told apart, because far out one of them is nearly 1. */
static double incomplete_beta(double a, double b, double x, double y)
{
    if (x <= 0)
        return 0;
    if (y <= 0)
        return 1;
    const double front =
        exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log(y));

    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
                                     : 1 - front * beta_fraction(b, a, y) / b;
}

/* DLMF 8.17: half of I_x(degrees / 2, 1 / 2) at x = degrees / (degrees + t^2). */
double student_tail(double t, double degrees)
{
    if (degrees > MANY)
        return erfc(t / sqrt(2)) / 2;
    const double square = t * t, whole = degrees + square;
    const double half = incomplete_beta(degrees / 2, 0.5, degrees / whole, square / whole) / 2;

    return t < 0 ? 1 - half : half;
}

double student_quantile(double tail, double degrees)
{
    double low = 0, high = 1;

    while (student_tail(high, degrees) > tail && high < 1e150)
        high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-12 * high; i++) {
        const double middle = (low + high) / 2;

        *(student_tail(middle, degrees) > tail ? &low : &high) = middle;
    }
    return high;
}

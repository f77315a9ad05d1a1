/* dialect_spark.h - iFlytek Spark's HTTP flavour */
#ifndef TESTS_VENDORS_DIALECT_SPARK_H
#define TESTS_VENDORS_DIALECT_SPARK_H

#include "tests/vendors/dialect.h"

extern const struct dialect dialect_spark;

#endif

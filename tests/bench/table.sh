#!/bin/sh
# Turns benchmark lines (one JSON object each) into a table for people.
awk '
function field(name,   pattern, value) {
	pattern = "\"" name "\" *: *(\"[^\"]*\"|[-0-9.e+]+)"
	if (!match($0, pattern)) return ""
	value = substr($0, RSTART, RLENGTH)
	sub(/^[^:]*: */, "", value)
	gsub(/"/, "", value)
	return value
}
BEGIN { printf "%-10s %-28s %14s %-10s %14s %8s  %s\n", "bench", "metric", "value", "unit", "limit", "ratio", "limit is" }
/^\{/ {
	printf "%-10s %-28s %14.3f %-10s %14.3f %8.3f  %s\n", field("bench"), field("metric"),
		field("value"), field("unit"), field("limit"), field("ratio"), field("limit_is")
	next
}
{ print }'

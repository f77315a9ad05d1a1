# cmake -DFROM=.. -DTO=.. -DOLD=.. -DNEW=.. -P plant.cmake : writes a copy of a source with one line
# changed. Fails when the line is not there exactly once: then the planted bug has to follow it.
file(READ ${FROM} text)
string(FIND "${text}" "${OLD}" first)
string(FIND "${text}" "${OLD}" last REVERSE)
if(first EQUAL -1 OR NOT first EQUAL last)
    message(FATAL_ERROR "${FROM} does not have once what the planted bug changes: ${OLD}")
endif()
string(REPLACE "${OLD}" "${NEW}" text "${text}")
file(WRITE ${TO} "${text}")

# Lays out the few npm modules that the dashboard loads. Run as a script:
#   cmake -DSOURCE=server/web -DOUT=build/server/web -P lib.cmake
# They are taken from SOURCE/node_modules or OUT/npm/node_modules, whichever holds what
# package-lock.json pins, so that only a first build needs the network; `npm ci` runs in OUT/npm.
# Modules import each other by file name, because a browser knows bare names only from an import
# map, which the content security policy would have to let in.
set(modules preact htm uplot)
set(preact_js preact/dist/preact.mjs)
set(hooks_js preact/hooks/dist/hooks.mjs)
set(htm_js htm/dist/htm.mjs)
set(uplot_js uplot/dist/uPlot.esm.js)
set(uplot_css uplot/dist/uPlot.min.css)

function(is_complete folder out)
    file(READ "${SOURCE}/package-lock.json" lock)
    set(${out} TRUE PARENT_SCOPE)
    foreach(module IN LISTS modules)
        string(JSON wanted GET "${lock}" packages "node_modules/${module}" version)
        set(found "")
        if(EXISTS "${folder}/node_modules/${module}/package.json")
            file(READ "${folder}/node_modules/${module}/package.json" package)
            string(JSON found GET "${package}" version)
        endif()
        if(NOT found STREQUAL wanted)
            set(${out} FALSE PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

function(install folder)
    find_program(npm npm)
    if(NOT npm)
        message(FATAL_ERROR "npm is missing; the dashboard's modules come by it: apt-get install npm")
    endif()
    file(COPY "${SOURCE}/package.json" "${SOURCE}/package-lock.json" DESTINATION "${folder}")
    execute_process(
        COMMAND "${npm}" ci --ignore-scripts --no-audit --no-fund --loglevel=error
        WORKING_DIRECTORY "${folder}" RESULT_VARIABLE failed OUTPUT_QUIET)
    if(failed)
        message(FATAL_ERROR "npm ci failed in ${folder}: is the npm registry reachable? "
            "`npm config set registry URL` chooses a mirror")
    endif()
endfunction()

set(folder "${SOURCE}")
is_complete("${folder}" complete)
if(NOT complete)
    set(folder "${OUT}/npm")
    is_complete("${folder}" complete)
endif()
if(NOT complete)
    install("${folder}")
endif()

# Their licences ask to be where their code is.
set(licences "The dashboard inside mynad holds these modules.\n")
foreach(module IN LISTS modules)
    file(READ "${folder}/node_modules/${module}/LICENSE" text)
    string(APPEND licences "\n--- ${module}\n\n${text}")
endforeach()
file(WRITE "${OUT}/lib/LICENSE.dashboard" "${licences}")

foreach(name preact.js hooks.js htm.js uplot.js uplot.css)
    string(REPLACE "." "_" key "${name}")
    file(READ "${folder}/node_modules/${${key}}" text)
    string(REPLACE "from\"preact\"" "from\"./preact.js\"" text "${text}")
    string(REGEX REPLACE "\n//# sourceMappingURL=[^\n]*" "" text "${text}")
    file(WRITE "${OUT}/lib/${name}" "${text}")
endforeach()

# Turns files into the C table that server/web/web.h promises. Run as a script:
#   cmake -DOUT=web_files.c "-DFILES=/app.js>/src/app.js|/app.css>/src/app.css" -P embed.cmake
# Each file also comes gzipped, made here once instead of at each request. The assembler takes the
# bytes from the files themselves; the hashes in the table make it another text when they change.
find_program(gzip gzip)
set(type_html "text/html; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_svg "image/svg+xml")
set(type_png "image/png")
set(type_yaml "application/yaml")

# Appends the bytes to the texts, under a name, and sets <out> to their struct span.
function(embed name file out)
    file(SIZE "${file}" size)
    set(${out} "{${name}, ${size}}" PARENT_SCOPE)
    set(texts "${texts}BYTES(${name}, \"${file}\")\n" PARENT_SCOPE)
endfunction()

string(REPLACE "|" ";" FILES "${FILES}")
set(texts "")
set(rows "")
set(index 0)
set(kept "")
foreach(pair IN LISTS FILES)
    string(REGEX MATCH "^([^>]+)>(.+)$" _ "${pair}")
    set(path "${CMAKE_MATCH_1}")
    set(file "${CMAKE_MATCH_2}")
    string(REGEX MATCH "[^.]+$" ending "${path}")
    if(NOT DEFINED type_${ending})
        message(FATAL_ERROR "${path}: no content type is known for .${ending}")
    endif()
    file(SHA256 "${file}" hash)
    string(SUBSTRING "${hash}" 0 32 hash)
    embed(plain_${index} "${file}" plain)

    set(packed "{NULL, 0}")
    if(gzip)
        # by its content: what another build of the same folder writes at the same time is the same
        set(gz "${OUT}.${hash}.gz")
        list(APPEND kept "${gz}")
        execute_process(COMMAND "${gzip}" -9nc "${file}" OUTPUT_FILE "${gz}" RESULT_VARIABLE failed)
        if(NOT failed)
            embed(packed_${index} "${gz}" packed)
        endif()
    endif()
    string(APPEND rows "    {\"${path}\", \"${type_${ending}}\", \"\\\"${hash}\\\"\",\n"
        "     ${plain}, ${packed}, \"\\\"${hash}-gz\\\"\"},\n")
    math(EXPR index "${index} + 1")
endforeach()
string(CONCAT head "#include \"server/web/web.h\"\n\n"
    "#define BYTES(name, file) \\\n"
    "    extern const uint8_t name[] __attribute__((visibility(\"hidden\"))); \\\n"
    "    __asm__(\".section .rodata,\\\"a\\\"\\n\" #name \":\\n.incbin \\\"\" file \"\\\"\\n.previous\\n\");\n\n")
file(WRITE "${OUT}" "${head}${texts}\nconst struct web_file web_files[] = {\n${rows}    {0},\n};\n")
file(GLOB old "${OUT}.*.gz")
list(REMOVE_ITEM old ${kept})
if(old)
    file(REMOVE ${old})
endif()

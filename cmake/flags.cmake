# One set of warnings and hardening for every target. Include once, from the root.
add_compile_options(
    -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
    -Wformat=2 -Wundef -Wno-sign-conversion -Werror=unused-result
    -fno-common -fstack-protector-strong
    -include ${PROJECT_SOURCE_DIR}/cmake/banned.h)
if(MYNA_WERROR)
    add_compile_options(-Werror)
endif()
add_compile_definitions(_POSIX_C_SOURCE=200809L _DEFAULT_SOURCE MYNA_VERSION="${PROJECT_VERSION}")
add_link_options(-Wl,-z,relro,-z,now)
include_directories(${PROJECT_SOURCE_DIR})

option(MYNA_SANITIZE "Build with the address and undefined-behaviour sanitizers" OFF)
option(MYNA_TSAN "Build with the thread sanitizer, which goes with no other" OFF)
option(MYNA_FUZZ "Build the fuzz targets; needs clang" OFF)
if(MYNA_FUZZ)
    set(MYNA_SANITIZE ON)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(MYNA_TSAN)
    add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
    add_link_options(-fsanitize=thread)
elseif(MYNA_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer
        -fno-sanitize-recover=undefined)
    add_link_options(-fsanitize=address,undefined)
    # some four hundred programs are linked for the tests: by the fastest linker there is
    find_program(MYNA_MOLD mold)
    if(MYNA_MOLD)
        add_link_options(-fuse-ld=mold)
    endif()
else()
    # what is installed; tests/integration/install looks at the files
    include(CheckPIESupported)
    check_pie_supported(LANGUAGES C)
    add_link_options(-Wl,-z,noexecstack)
    set(optimised $<CONFIG:Release,RelWithDebInfo,MinSizeRel>) # without -O the C library refuses it
    add_compile_options($<${optimised}:-U_FORTIFY_SOURCE> $<${optimised}:-D_FORTIFY_SOURCE=2>)
    include(CheckCCompilerFlag)
    foreach(flag stack-clash-protection cf-protection=full) # the latter for x86 alone
        string(MAKE_C_IDENTIFIER MYNA_HAS_${flag} has)
        check_c_compiler_flag(-f${flag} ${has})
        if(${has})
            add_compile_options(-f${flag})
        endif()
    endforeach()
endif()

# What tests run through millions of times is optimised also where the sanitizers watch.
function(myna_optimise)
    if(MYNA_SANITIZE OR MYNA_TSAN)
        foreach(target IN LISTS ARGN)
            target_compile_options(${target} PRIVATE -O1)
        endforeach()
    endif()
endfunction()

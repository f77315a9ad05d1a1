# The Debian packages, by CPack: myna-server, myna-agent and mynactl, one for each component of what is
# installed. "./myna package" builds them, with prefix /usr; another prefix has nothing of this.
if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    return()
endif()
set(here ${CMAKE_CURRENT_BINARY_DIR}/deb)

# Whose user each unit names makes the package what it is: scripts and lists are filled in for it.
set(UNIT_server mynad)
set(UNIT_agent myna-agent)
set(PACKAGE_server myna-server)
set(PACKAGE_agent myna-agent)
set(PACKAGE_ctl mynactl)

# As Debian's own tools take it, who makes the packages stands in DEBFULLNAME and DEBEMAIL.
set(MAKER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
if("$ENV{DEBFULLNAME}" STREQUAL "" OR "$ENV{DEBEMAIL}" STREQUAL "")
    set(MAKER "Who built it <nobody@myna.example>")
endif()

add_custom_command(OUTPUT ${here}/changelog.gz
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/deb/changelog.sh ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${PROJECT_VERSION} ${MAKER}
            ${here}/changelog
    COMMAND gzip -9nf ${here}/changelog
    DEPENDS ${PROJECT_SOURCE_DIR}/CHANGELOG.md deb/changelog.sh
    VERBATIM)
add_custom_target(debian_changelog ALL DEPENDS ${here}/changelog.gz)

foreach(component IN ITEMS server agent ctl)
    set(package ${PACKAGE_${component}})
    string(TOUPPER ${component} NAME)
    install(FILES ${here}/changelog.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${component})
    install(FILES deb/${package}.copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package}
        RENAME copyright COMPONENT ${component})
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/deb/${package}.lintian-overrides)
        install(FILES deb/${package}.lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
            RENAME ${package} COMPONENT ${component})
    endif()
    set(CPACK_DEBIAN_${NAME}_PACKAGE_NAME ${package})
    set(CPACK_DEBIAN_${NAME}_FILE_NAME DEB-DEFAULT)
    # as Debian wants its manual pages; each component is put into a folder of its own
    install(CODE "
        file(GLOB pages \"\$ENV{DESTDIR}${CMAKE_INSTALL_FULL_MANDIR}/man?/*.?\")
        if(pages)
            execute_process(COMMAND gzip -9nf \${pages} COMMAND_ERROR_IS_FATAL ANY)
        endif()" COMPONENT ${component})
    if(UNIT_${component})
        set(UNIT ${UNIT_${component}})
        foreach(script IN ITEMS postinst prerm)
            configure_file(deb/${script}.sh ${here}/${package}/${script} @ONLY)
        endforeach()
        configure_file(deb/postrm-${UNIT}.sh ${here}/${package}/postrm @ONLY)
        # Everything below /etc is the administrator's: dpkg asks before it replaces what was changed.
        install(CODE "
            file(GLOB_RECURSE files RELATIVE \"\$ENV{DESTDIR}/\" \"\$ENV{DESTDIR}/etc/*\")
            list(TRANSFORM files PREPEND /)
            list(JOIN files \"\\n\" files)
            file(WRITE \"${here}/${package}/conffiles\" \"\${files}\\n\")
            file(CHMOD \"${here}/${package}/conffiles\" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)"
            COMPONENT ${component})
        foreach(file IN ITEMS conffiles postinst prerm postrm)
            list(APPEND CPACK_DEBIAN_${NAME}_PACKAGE_CONTROL_EXTRA ${here}/${package}/${file})
        endforeach()
    endif()
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL server agent ctl)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_SET_DESTDIR ON) # /etc is not below the prefix
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME myna)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${MAKER}")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
if(CMAKE_CROSSCOMPILING)
    set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
    set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${MYNA_ARM64_ROOT}/usr/lib/aarch64-linux-gnu)
endif()

# deb-systemd-helper and the tools that make users and folders; what programs look for when they run.
set(CPACK_DEBIAN_SERVER_PACKAGE_SECTION net)
set(CPACK_DEBIAN_SERVER_PACKAGE_PRE_DEPENDS "init-system-helpers (>= 1.54~)")
set(CPACK_DEBIAN_SERVER_PACKAGE_DEPENDS "systemd, procps, tzdata")
set(CPACK_DEBIAN_SERVER_PACKAGE_RECOMMENDS "mosquitto (>= 2.0), postgresql (>= 15), mynactl, ca-certificates")
set(CPACK_COMPONENT_SERVER_DESCRIPTION
"server of a fleet of talking desktop robots
mynad knows every robot, counts each of its attempts exactly once against its
contract, sends configuration over MQTT, and serves the dashboard and the API.
The package also has the plugin and the access rules of its broker, mosquitto.

Purging the package keeps a fleet's keys, and never touches its database.")
set(CPACK_DEBIAN_AGENT_PACKAGE_SECTION sound)
set(CPACK_DEBIAN_AGENT_PACKAGE_PRE_DEPENDS "init-system-helpers (>= 1.54~)")
set(CPACK_DEBIAN_AGENT_PACKAGE_DEPENDS "systemd, tzdata, ca-certificates, pocketsphinx-en-us")
set(CPACK_DEBIAN_AGENT_PACKAGE_RECOMMENDS "libsdl2-2.0-0, fonts-wqy-microhei, ffmpeg")
set(CPACK_DEBIAN_AGENT_PACKAGE_SUGGESTS "alsa-utils")
set(CPACK_COMPONENT_AGENT_DESCRIPTION
"program of a talking desktop robot
myna-agent streams the chat straight from a language-model vendor, says it
aloud, draws a face whose lips follow the sound, and keeps a journal of what
it used that survives power loss. myna-voice, its voice, is a program of its
own under the GPL; myna-wake waits for the wake phrase.

Purging the package erases the robot: keys, journal, conversations.")
set(CPACK_DEBIAN_CTL_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_CTL_PACKAGE_RECOMMENDS "ca-certificates, bash-completion")
set(CPACK_COMPONENT_CTL_DESCRIPTION
"operates a fleet of talking desktop robots from the command line
mynactl does what the dashboard of mynad does, scriptable: robots, groups,
configuration, rollouts, contracts, usage, alerts. It checks and rates
contracts offline, too.")
include(CPack)

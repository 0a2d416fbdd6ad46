# Chooses the Abseil that TallystickDependencies finds: the machine's package, or where TALLYSTICK_ABSEIL is `tsan`, the
# build for the thread sanitizer that tools/build-abseil.sh makes.

set(TALLYSTICK_ABSEIL "package" CACHE STRING "Which Abseil to link: 'package', or 'tsan' for the thread sanitizer")

if(TALLYSTICK_ABSEIL STREQUAL "tsan")
  tallystick_find_built(abseil-tsan libabsl-dev TALLYSTICK_ABSEIL_FOLDER)
  if(NOT TALLYSTICK_ABSEIL_FOLDER)
    message(FATAL_ERROR "There is no Abseil for the thread sanitizer: run tools/build-abseil.sh once.")
  endif()
  set(absl_DIR "${TALLYSTICK_ABSEIL_FOLDER}/lib/cmake/absl")
endif()

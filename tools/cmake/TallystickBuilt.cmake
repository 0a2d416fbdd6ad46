# Finds what tools/build-rocksdb.sh and tools/build-abseil.sh have built, which lies in a cache outside the build folder.

# Sets `result` to the folder of the build `name` (see tools/from-source.sh) of the very version in which the
# distribution's package `binary` is installed; to nothing when there is none.
function(tallystick_find_built name binary result)
  if(NOT "$ENV{TALLYSTICK_CACHE}" STREQUAL "")
    set(cache "$ENV{TALLYSTICK_CACHE}")
  elseif(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(cache "$ENV{XDG_CACHE_HOME}/tallystick")
  else()
    set(cache "$ENV{HOME}/.cache/tallystick")
  endif()
  set(${result} "" PARENT_SCOPE)
  find_program(TALLYSTICK_DPKG_QUERY dpkg-query)
  mark_as_advanced(TALLYSTICK_DPKG_QUERY)
  if(TALLYSTICK_DPKG_QUERY)
    execute_process(COMMAND ${TALLYSTICK_DPKG_QUERY} --show --showformat "\${Version}" ${binary}
      OUTPUT_VARIABLE version ERROR_QUIET)
    if(version AND EXISTS "${cache}/${name}-${version}/complete")
      set(${result} "${cache}/${name}-${version}" PARENT_SCOPE)
    endif()
  endif()
endfunction()

# Finds RocksDB, which comes in two ways. An optimised build made by tools/build-rocksdb.sh is taken when there is one of
# the version that the machine's package has; otherwise the package itself. Either is reached as tallystick::rocksdb. Set
# TALLYSTICK_ROCKSDB to `package` to pass over the optimised one.
#
# Sets TALLYSTICK_ROCKSDB_FOUND_AS to `optimised` or `package`, and TALLYSTICK_ROCKSDB_FOLDER to the optimised build's
# folder.

set(TALLYSTICK_ROCKSDB "optimised" CACHE STRING "Which RocksDB to link: 'optimised' where there is one, or 'package'")

set(TALLYSTICK_ROCKSDB_FOUND_AS "package")
set(TALLYSTICK_ROCKSDB_FOLDER "")
if(TALLYSTICK_ROCKSDB STREQUAL "optimised")
  if(NOT "$ENV{TALLYSTICK_CACHE}" STREQUAL "")
    set(_tallystick_cache "$ENV{TALLYSTICK_CACHE}")
  elseif(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(_tallystick_cache "$ENV{XDG_CACHE_HOME}/tallystick")
  else()
    set(_tallystick_cache "$ENV{HOME}/.cache/tallystick")
  endif()
  # The script names its folder after the package's version, Debian revision included.
  find_program(_tallystick_dpkg_query dpkg-query)
  if(_tallystick_dpkg_query)
    execute_process(COMMAND ${_tallystick_dpkg_query} --show --showformat "\${Version}" librocksdb-dev
      OUTPUT_VARIABLE _tallystick_rocksdb_version ERROR_QUIET)
    if(_tallystick_rocksdb_version AND EXISTS "${_tallystick_cache}/rocksdb-${_tallystick_rocksdb_version}/complete")
      set(TALLYSTICK_ROCKSDB_FOUND_AS "optimised")
      set(TALLYSTICK_ROCKSDB_FOLDER "${_tallystick_cache}/rocksdb-${_tallystick_rocksdb_version}")
    endif()
  endif()
endif()

if(NOT TARGET tallystick::rocksdb)
  add_library(tallystick::rocksdb INTERFACE IMPORTED GLOBAL)
  if(TALLYSTICK_ROCKSDB_FOUND_AS STREQUAL "optimised")
    # Neither may what was found earlier stand in the way, nor this stay behind for a later configuration.
    unset(RocksDB_DIR CACHE)
    find_package(RocksDB CONFIG REQUIRED PATHS "${TALLYSTICK_ROCKSDB_FOLDER}" NO_DEFAULT_PATH)
    unset(RocksDB_DIR CACHE)
    target_link_libraries(tallystick::rocksdb INTERFACE RocksDB::rocksdb)
  else()
    find_package(RocksDB CONFIG REQUIRED)
    target_link_libraries(tallystick::rocksdb INTERFACE RocksDB::rocksdb-shared)
  endif()
endif()

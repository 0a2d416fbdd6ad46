# Finds RocksDB, which comes in three ways: the machine's package; an optimised build, made by tools/build-rocksdb.sh;
# and one for the thread sanitizer, made by `tools/build-rocksdb.sh tsan`. Each is reached as tallystick::rocksdb.
# TALLYSTICK_ROCKSDB chooses: `optimised` takes the package where there is no optimised build of its version.
#
# Sets TALLYSTICK_ROCKSDB_FOUND_AS to `optimised`, `package` or `tsan`, and TALLYSTICK_ROCKSDB_FOLDER to the folder of
# what was built.

set(TALLYSTICK_ROCKSDB "optimised" CACHE STRING
  "Which RocksDB to link: 'optimised' where there is one, 'package', or 'tsan' for the thread sanitizer")

set(TALLYSTICK_ROCKSDB_FOUND_AS "package")
set(TALLYSTICK_ROCKSDB_FOLDER "")
if(TALLYSTICK_ROCKSDB STREQUAL "tsan")
  tallystick_find_built(rocksdb-tsan librocksdb-dev TALLYSTICK_ROCKSDB_FOLDER)
  if(NOT TALLYSTICK_ROCKSDB_FOLDER)
    message(FATAL_ERROR "There is no RocksDB for the thread sanitizer: run 'tools/build-rocksdb.sh tsan' once.")
  endif()
elseif(TALLYSTICK_ROCKSDB STREQUAL "optimised")
  tallystick_find_built(rocksdb librocksdb-dev TALLYSTICK_ROCKSDB_FOLDER)
endif()
if(TALLYSTICK_ROCKSDB_FOLDER)
  set(TALLYSTICK_ROCKSDB_FOUND_AS "${TALLYSTICK_ROCKSDB}")
endif()

if(NOT TARGET tallystick::rocksdb)
  add_library(tallystick::rocksdb INTERFACE IMPORTED GLOBAL)
  if(TALLYSTICK_ROCKSDB_FOLDER)
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

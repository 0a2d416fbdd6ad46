# Finds what Tallystick links. Used by its own build and by its installed package, so that both mean the same.
#
# RocksDB comes in two ways. An optimised build made by tools/build-rocksdb.sh is taken when there is one of the version
# that the machine's package has; otherwise the package itself. Either is reached as tallystick::rocksdb, and
# TALLYSTICK_ROCKSDB_OPTIMISED says which it is. Set TALLYSTICK_ROCKSDB=package to pass over the optimised one.

include(CMakeFindDependencyMacro)
find_dependency(absl CONFIG)
find_dependency(simdjson CONFIG)
find_dependency(Threads)

find_package(PkgConfig REQUIRED)
pkg_check_modules(libsodium REQUIRED IMPORTED_TARGET GLOBAL libsodium)

set(TALLYSTICK_ROCKSDB "optimised" CACHE STRING "Which RocksDB to link: 'optimised' where there is one, or 'package'")

if(DEFINED ENV{TALLYSTICK_CACHE})
  set(_tallystick_cache "$ENV{TALLYSTICK_CACHE}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(_tallystick_cache "$ENV{XDG_CACHE_HOME}/tallystick")
else()
  set(_tallystick_cache "$ENV{HOME}/.cache/tallystick")
endif()
file(GLOB _tallystick_optimised LIST_DIRECTORIES true "${_tallystick_cache}/rocksdb-*")
set(TALLYSTICK_ROCKSDB_OPTIMISED FALSE)
if(TALLYSTICK_ROCKSDB STREQUAL "optimised")
  foreach(_folder IN LISTS _tallystick_optimised)
    if(EXISTS "${_folder}/complete")
      set(TALLYSTICK_ROCKSDB_OPTIMISED TRUE)
      set(_tallystick_rocksdb_folder "${_folder}")
    endif()
  endforeach()
endif()
if(NOT TARGET tallystick::rocksdb)
  add_library(tallystick::rocksdb INTERFACE IMPORTED GLOBAL)
  if(TALLYSTICK_ROCKSDB_OPTIMISED)
    find_package(RocksDB CONFIG REQUIRED PATHS "${_tallystick_rocksdb_folder}" NO_DEFAULT_PATH)
    target_link_libraries(tallystick::rocksdb INTERFACE RocksDB::rocksdb)
  else()
    find_package(RocksDB CONFIG REQUIRED)
    target_link_libraries(tallystick::rocksdb INTERFACE RocksDB::rocksdb-shared)
  endif()
endif()

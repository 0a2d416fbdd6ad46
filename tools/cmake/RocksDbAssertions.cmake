# Says which RocksDB is linked, and warns when a Release build links one that was compiled with assertions.

# Whether the library calls the C library's assertion handler, which code compiled with NDEBUG does not.
function(_tallystick_has_assertions library result)
  execute_process(COMMAND "${CMAKE_NM}" --dynamic --undefined-only "${library}" OUTPUT_VARIABLE symbols ERROR_QUIET)
  if(symbols MATCHES "__assert_fail")
    set(${result} TRUE PARENT_SCOPE)
  else()
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()

function(tallystick_report_rocksdb)
  if(TALLYSTICK_ROCKSDB_FOLDER)
    message(STATUS "RocksDB: the build in ${TALLYSTICK_ROCKSDB_FOLDER}")
    return()
  endif()
  get_target_property(configurations RocksDB::rocksdb-shared IMPORTED_CONFIGURATIONS)
  list(GET configurations 0 configuration)
  get_target_property(library RocksDB::rocksdb-shared IMPORTED_LOCATION_${configuration})
  _tallystick_has_assertions("${library}" assertions)
  if(NOT assertions)
    message(STATUS "RocksDB: ${library}")
  elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    message(WARNING "RocksDB: ${library} was built with assertions, so this Release build runs at about half its "
      "speed. For full speed, run tools/build-rocksdb.sh once (about twelve minutes on two cores), leave "
      "TALLYSTICK_ROCKSDB at 'optimised' (the release preset does) and configure again.")
  else()
    message(STATUS "RocksDB: ${library}, built with assertions")
  endif()
endfunction()

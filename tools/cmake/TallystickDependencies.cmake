# Finds what Tallystick links, but for RocksDB. Used by its own build and by its installed package, so that both mean
# the same.

include(CMakeFindDependencyMacro)
find_dependency(absl CONFIG)
find_dependency(simdjson CONFIG)
find_dependency(Threads)
find_dependency(PkgConfig)
pkg_check_modules(libsodium REQUIRED QUIET IMPORTED_TARGET GLOBAL libsodium)

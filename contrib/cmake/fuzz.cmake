# CC=clang cmake -C contrib/cmake/fuzz.cmake -S . -B build/fuzz
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(WITH_SANITIZERS "address,undefined" CACHE STRING "")
set(WITH_FUZZERS ON CACHE BOOL "")
set(WITH_TESTS OFF CACHE BOOL "")

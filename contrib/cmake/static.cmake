# cmake -C contrib/cmake/static.cmake -S . -B build/static
set(CMAKE_BUILD_TYPE MinSizeRel CACHE STRING "")
set(WITH_SSH OFF CACHE BOOL "")
set(WITH_STATIC ON CACHE BOOL "")
set(WITH_TESTS OFF CACHE BOOL "")

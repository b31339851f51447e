# cmake -C contrib/cmake/debug.cmake -S . -B build/debug
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(WITH_WERROR ON CACHE BOOL "")

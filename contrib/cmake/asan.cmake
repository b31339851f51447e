# cmake -C contrib/cmake/asan.cmake -S . -B build/asan
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(WITH_WERROR ON CACHE BOOL "")
set(WITH_SANITIZERS "address,undefined" CACHE STRING "")

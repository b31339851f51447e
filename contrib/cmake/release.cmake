# cmake -C contrib/cmake/release.cmake -S . -B build/release
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")

# cmake -C contrib/cmake/no-ssh.cmake -S . -B build/no-ssh
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(WITH_SSH OFF CACHE BOOL "")

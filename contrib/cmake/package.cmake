# cmake -C contrib/cmake/package.cmake -S . -B build/package && cmake --build build/package --target package
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "")
set(WITH_TESTS OFF CACHE BOOL "")
# Whatever the building machine has: in Debian, systemd comes first and the OpenRC script is an example.
set(OPENRC_RUN OFF CACHE STRING "")
# The same files from every folder.
set(CMAKE_C_FLAGS "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=." CACHE STRING "")

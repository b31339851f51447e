# Language level, warnings and the hardening that a distribution would set; every target inherits it.
include(CheckCCompilerFlag)
include(CheckPIESupported)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()
check_pie_supported(LANGUAGES C)

add_compile_definitions(_GNU_SOURCE _FILE_OFFSET_BITS=64
                        VSH_VERSION="${PROJECT_VERSION}"
                        VSH_LIBEXECDIR="${CMAKE_INSTALL_FULL_LIBEXECDIR}"
                        VSH_SYSCONFDIR="${CMAKE_INSTALL_FULL_SYSCONFDIR}")

add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
                    -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wcast-qual
                    -Wmissing-declarations -Wnull-dereference -Wdouble-promotion -Wparentheses)
foreach(flag -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wimplicit-fallthrough)
    string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
    check_c_compiler_flag(${flag} ${have})
    if(${have})
        add_compile_options(${flag})
    endif()
endforeach()
# gcc guesses the lengths of %s: at -O2 it warns of cuts that a check before the call has ruled out.
check_c_compiler_flag(-Wformat-truncation HAVE_Wformat_truncation)
if(HAVE_Wformat_truncation)
    add_compile_options(-Wno-format-truncation)
endif()
if(WITH_WERROR)
    add_compile_options(-Werror)
endif()

foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero
             -fno-strict-aliasing)
    string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
    check_c_compiler_flag("-Werror ${flag}" ${have})
    if(${have})
        add_compile_options(${flag})
    endif()
endforeach()

if(WITH_SANITIZERS)
    add_compile_options(-fsanitize=${WITH_SANITIZERS} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${WITH_SANITIZERS})
else()
    # FORTIFY needs optimisation, and the sanitizers' interceptors do not see the fortified calls.
    add_compile_options("$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
endif()
if(WITH_STATIC)
    add_link_options(-static)
    add_compile_definitions(VSH_STATIC)
    set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
else()
    add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
endif()
if(WITH_FUZZERS)
    # Coverage for every layer; the fuzz targets alone add the driver.
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# The language, the warnings, the sanitizers and the libraries that every target may use.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

# Applied to our own code only; generated code is compiled without it and included as SYSTEM.
add_library(tierwise_warnings INTERFACE)
target_compile_options(tierwise_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)

set(TIERWISE_SANITIZE "" CACHE STRING "Sanitizers for every target, e.g. address,undefined or thread")
if(TIERWISE_SANITIZE)
  add_compile_options(-fsanitize=${TIERWISE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TIERWISE_SANITIZE})
endif()
# TSan reports hundreds of false races under the packaged gRPC and Abseil: a tsan build leaves out what links gRPC.
string(FIND "${TIERWISE_SANITIZE}" "thread" thread_at)
if(thread_at EQUAL -1)
  set(TIERWISE_WITH_GRPC ON)
else()
  set(TIERWISE_WITH_GRPC OFF)
endif()

find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(absl REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(ZLIB REQUIRED)

# DuckDB: -DDUCKDB_ROOT first, then an installed one, then the pinned one that scripts/bootstrap fetched.
set(DUCKDB_ROOT "" CACHE PATH "A folder with lib/libduckdb.so and include/duckdb.h")
if(DUCKDB_ROOT)
  set(duckdb_hints "${DUCKDB_ROOT}" "${DUCKDB_ROOT}/lib" "${DUCKDB_ROOT}/include")
  set(duckdb_search NO_DEFAULT_PATH)
endif()
find_library(DUCKDB_LIBRARY duckdb HINTS ${duckdb_hints} PATHS "${CMAKE_SOURCE_DIR}/third_party/duckdb/lib" ${duckdb_search})
find_path(DUCKDB_INCLUDE_DIR duckdb.h HINTS ${duckdb_hints} PATHS "${CMAKE_SOURCE_DIR}/third_party/duckdb/include" ${duckdb_search})
if(NOT DUCKDB_LIBRARY OR NOT DUCKDB_INCLUDE_DIR)
  message(FATAL_ERROR "DuckDB was not found: run scripts/bootstrap, or pass -DDUCKDB_ROOT=DIR (lib/libduckdb.so, include/duckdb.h)")
endif()
add_library(duckdb SHARED IMPORTED)
set_target_properties(duckdb PROPERTIES IMPORTED_LOCATION "${DUCKDB_LIBRARY}"
  IMPORTED_NO_SONAME ON INTERFACE_INCLUDE_DIRECTORIES "${DUCKDB_INCLUDE_DIR}")

# Two ways to declare a target; every folder's CMakeLists.txt uses these and nothing else.

# tierwise_library(NAME SOURCES a.cc ... DEPS lib ...): a static library of this folder, included from the root of the tree.
function(tierwise_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PUBLIC ${arg_DEPS} PRIVATE tierwise_warnings)
endfunction()

# tierwise_binary(NAME SOURCES a.cc ... DEPS lib ...): a program in bin/.
function(tierwise_binary name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_DEPS} tierwise_warnings)
endfunction()

# tierwise_test(NAME LABEL kind SOURCES a_test.cc ... DEPS lib ... [ENVIRONMENT A=b ...]): a GoogleTest program, one ctest entry.
# Kinds: unit property golden oracle simulation integration e2e fuzz.
function(tierwise_test name)
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;DEPS;ENVIRONMENT" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_compile_definitions(${name} PRIVATE TIERWISE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TIERWISE_BINARY_DIR="${CMAKE_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_DEPS} tierwise_warnings GTest::gmock GTest::gtest_main)
  # Tests are compiled once and run once: a third less time to compile. What they test is optimised in full.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" ENVIRONMENT "${arg_ENVIRONMENT}" TIMEOUT 900)
endfunction()

# How every target of the project is compiled and how its modules are linked: one place for flags.
find_package(Threads REQUIRED)

add_library(tidemark_flags INTERFACE)
target_compile_options(tidemark_flags INTERFACE
  -Wall -Wextra -Wshadow -Wimplicit-fallthrough $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  # A unique symbol would keep a module in the process after dlclose.
  $<$<CXX_COMPILER_ID:GNU>:$<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>>
  $<$<BOOL:${TIDEMARK_WERROR}>:-Werror>
  -fvisibility=hidden $<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>)
target_link_libraries(tidemark_flags INTERFACE Threads::Threads)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# What is built to be tested needs no more than lines in its reports: a quarter less to compile. Instrumented code is
# also less optimised, which compiles faster and reports better.
if(TIDEMARK_SANITIZE)
  string(REPLACE "-O2 -g" "-O1 -g1" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
elseif(TIDEMARK_TESTS)
  string(REPLACE "-O2 -g" "-O2 -g1" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
endif()
if(TIDEMARK_SANITIZE STREQUAL "address")
  # vptr finds out through a pipe whether memory can be read: where a test has used up the descriptors, it accuses any object.
  add_compile_options(
    -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TIDEMARK_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(TIDEMARK_SANITIZE)
  message(FATAL_ERROR "TIDEMARK_SANITIZE is '${TIDEMARK_SANITIZE}'; use address, thread or nothing")
endif()
if(TIDEMARK_SANITIZE)
  add_compile_options(-UNDEBUG)  # what is built to find mistakes keeps its assertions
endif()

# tidemark_batches(ON|OFF): whether files of targets that follow are compiled together. So no two files of a target may use one
# name for two things, in an unnamed namespace either. A file with options of its own stays alone.
macro(tidemark_batches on)
  set(CMAKE_UNITY_BUILD ${on})
  set(CMAKE_UNITY_BUILD_BATCH_SIZE ${TIDEMARK_BATCH_FILES})
endmacro()

# tidemark_headers(<name> <header>...): reads these once for all targets that tidemark_precompiled names. Each of their files
# still includes what it uses: clang-tidy and the build without tests do not know of this.
function(tidemark_headers name)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "// A target has to have a file.\n")
  add_library(${name} OBJECT ${source})
  target_link_libraries(${name} PRIVATE tidemark_flags)
  target_precompile_headers(${name} PRIVATE ${ARGN})
endfunction()

# tidemark_precompiled(<name> <target>...)
function(tidemark_precompiled name)
  foreach(target ${ARGV})
    # So that ccache can keep what is compiled with them, see tests/run.sh. g++ 12 forgets that they are the system's, and
    # guesses wrong at the strings that it inlines from there.
    target_compile_options(${target} PRIVATE
      "$<$<COMPILE_LANG_AND_ID:CXX,GNU>:SHELL:-fpch-preprocess -Wno-array-bounds -Wno-stringop-overflow>"
      "$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>")
    if(NOT target STREQUAL name)
      target_precompile_headers(${target} REUSE_FROM ${name})
    endif()
  endforeach()
endfunction()

# tidemark_module(<name> ENTRY <symbol> SOURCES <files>... [COMPONENT <component>])
# A loadable module <name>.so that exports the one symbol <symbol> and hides everything else.
function(tidemark_module name)
  cmake_parse_arguments(ARG "" "ENTRY;COMPONENT" "SOURCES" ${ARGN})
  if(NOT ARG_COMPONENT)
    set(ARG_COMPONENT runtime)
  endif()
  add_library(${name} MODULE ${ARG_SOURCES})
  set(version_script ${CMAKE_CURRENT_BINARY_DIR}/${name}.map)
  file(WRITE ${version_script} "{ global: ${ARG_ENTRY}; local: *; };\n")
  set_target_properties(${name} PROPERTIES
    PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${TIDEMARK_MODULE_OUTPUT_DIR}
    INSTALL_RPATH "$ORIGIN" BUILD_WITH_INSTALL_RPATH ON LINK_DEPENDS ${version_script})
  target_link_libraries(${name} PRIVATE tidemark_flags)
  target_link_options(${name} PRIVATE
    -Wl,--version-script=${version_script} -Wl,-z,relro -Wl,-z,now -Wl,--no-undefined-version
    # The sanitizers' own symbols come from the program that loads the module.
    $<$<STREQUAL:${TIDEMARK_SANITIZE},>:-Wl,-z,defs>)
  install(TARGETS ${name} LIBRARY DESTINATION ${TIDEMARK_MODULE_DIR} COMPONENT ${ARG_COMPONENT})
endfunction()

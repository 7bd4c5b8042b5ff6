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

# tidemark_batches(<directory>): compiles the files of each target below it together, a dozen at once. Small files that include the same
# headers and make the same templates take half the time so. No two files of a target may use one name for two things, in an unnamed
# namespace either. A file with options or definitions of its own stays alone. Unlike CMake's own unity builds, these name files
# relative to the build, so that ccache knows them in another checkout.
function(tidemark_batches directory)
  get_property(subdirectories DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(subdirectory IN LISTS subdirectories)
    tidemark_batches(${subdirectory})
  endforeach()
  get_property(targets DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(sources ${target} SOURCES)
    if(NOT sources)
      continue()
    endif()
    get_target_property(folder ${target} SOURCE_DIR)
    get_target_property(place ${target} BINARY_DIR)
    set(alone)
    set(together)
    foreach(source IN LISTS sources)
      cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${folder} NORMALIZE OUTPUT_VARIABLE file)
      get_source_file_property(options ${file} TARGET_DIRECTORY ${target} COMPILE_OPTIONS)
      get_source_file_property(definitions ${file} TARGET_DIRECTORY ${target} COMPILE_DEFINITIONS)
      if(source MATCHES "\\.cc$" AND NOT options AND NOT definitions)
        list(APPEND together ${file})
      else()
        list(APPEND alone ${source})
      endif()
    endforeach()
    list(LENGTH together count)
    if(count LESS 2)
      continue()
    endif()
    math(EXPR last "${count} - 1")
    foreach(begin RANGE 0 ${last} ${TIDEMARK_BATCH_FILES})
      list(SUBLIST together ${begin} ${TIDEMARK_BATCH_FILES} files)
      set(text "")
      foreach(file IN LISTS files)
        cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${place}/batches)
        string(APPEND text "#include \"${file}\"\n")
      endforeach()
      file(CONFIGURE OUTPUT ${place}/batches/${target}_${begin}.cc CONTENT "${text}" @ONLY)
      list(APPEND alone ${place}/batches/${target}_${begin}.cc)
    endforeach()
    set_target_properties(${target} PROPERTIES SOURCES "${alone}")
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

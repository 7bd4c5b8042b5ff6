# Components: runtime (the archiver and its sink for directories), s3, azblob and gs (a sink each), tools (tidemark, its
# completions and its units of systemd), postgres (the archive module of PostgreSQL and its tool, where the server's
# headers are), host-sim (the small engine, and the sink that fails on purpose), each with its manual pages, and dev,
# which is here: what a host or a sink outside this tree needs, headers, examples, find_package(tidemark) and pkg-config,
# and, where it is built, the conformance suite. package.sh makes Debian's packages of them. Every path is relative, so
# that a prefix may be moved.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME dev)
include(CMakePackageConfigHelpers)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/abi/include/tidemark DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/abi/examples/ DESTINATION ${CMAKE_INSTALL_DATADIR}/tidemark/examples
  PATTERN __pycache__ EXCLUDE)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tidemark)
install(TARGETS tidemark_abi EXPORT tidemark-targets)
set_target_properties(tidemark_abi PROPERTIES EXPORT_NAME abi)
install(EXPORT tidemark-targets NAMESPACE tidemark:: DESTINATION ${config_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/tidemark-config.cmake.in
  ${CMAKE_BINARY_DIR}/tidemark-config.cmake INSTALL_DESTINATION ${config_dir} PATH_VARS TIDEMARK_MODULE_DIR)
# Before 1.0 a minor version may change anything.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/tidemark-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/tidemark-config.cmake ${CMAKE_BINARY_DIR}/tidemark-config-version.cmake
  DESTINATION ${config_dir})

set(pkgconfig_dir ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pc_prefix ${pkgconfig_dir} ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_prefix ${pc_prefix})
file(RELATIVE_PATH pc_include_dir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
file(RELATIVE_PATH pc_module_dir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR}/tidemark)
configure_file(${CMAKE_CURRENT_LIST_DIR}/tidemark.pc.in ${CMAKE_BINARY_DIR}/tidemark.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/tidemark.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

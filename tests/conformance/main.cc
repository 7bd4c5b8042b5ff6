// sink_conformance --sink FILE.so --url URL [--option K=V]... [--page-keys N] [--many N] [--refuses KINDS]
// [gtest flags]
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "harness.h"

namespace {

int usage(const char* problem) {
  std::fprintf(
      stderr,
      "sink_conformance: %s\n"
      "usage: sink_conformance --sink FILE.so --url URL [--option K=V]... [--page-keys N] [--many N] "
      "[--refuses KIND[,KIND]...] [--gtest_filter=... ...]\n",
      problem);
  return 2;
}

// NULL, or what is wrong.
const char* parse(int argc, char** argv) {
  conformance::Config& config = conformance::config();
  for (int i = 1; i < argc; i += 2) {
    const std::string flag = argv[i];
    if (i + 1 == argc) return "an argument has no value or is unknown";
    const std::string value = argv[i + 1];
    if (flag == "--sink") {
      config.library = value;
    } else if (flag == "--url") {
      config.url = value;
    } else if (flag == "--option") {
      const size_t equals = value.find('=');
      if (equals == std::string::npos) return "--option takes K=V";
      config.options.emplace_back(value.substr(0, equals), value.substr(equals + 1));
    } else if (flag == "--page-keys") {
      config.page_keys = std::atoi(value.c_str());
      if (config.page_keys < 1 || config.page_keys > 1000) return "--page-keys takes 1 to 1000";
    } else if (flag == "--many") {
      config.many = std::atoi(value.c_str());
      if (config.many < 10 || config.many > 100'000) return "--many takes 10 to 100000";
    } else if (flag == "--refuses") {
      if (!conformance::set_refused(value)) return "--refuses takes kinds of names, as refused.cc lists them";
    } else {
      return "unknown argument; known are --sink, --url, --option, --page-keys, --many and --refuses";
    }
  }
  if (config.library.empty()) return "--sink is missing";
  if (config.url.empty()) return "--url is missing";
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (::testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();
  if (const char* problem = parse(argc, argv)) return usage(problem);
  conformance::Config& config = conformance::config();
  void* library = dlopen(config.library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return usage(dlerror());
  config.entry = reinterpret_cast<tidemark_sink_entry_fn>(dlsym(library, TIDEMARK_SINK_ENTRY_NAME));
  if (config.entry == nullptr) return usage("the library exports no " TIDEMARK_SINK_ENTRY_NAME);
  config.api = config.entry(TIDEMARK_SINK_ABI_MAJOR);
  if (config.api == nullptr) return usage("the library does not speak this version of the sink ABI");
  return RUN_ALL_TESTS();
}

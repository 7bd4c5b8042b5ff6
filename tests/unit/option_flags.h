// Which options the tests pass as secrets: those whose name says that they are. Any thread; pure.
#ifndef TIDEMARK_TESTS_OPTION_FLAGS_H
#define TIDEMARK_TESTS_OPTION_FLAGS_H

#include <tidemark/base.h>

#include <cstdint>
#include <string_view>

namespace tidemark::test {

inline uint32_t flags_of(std::string_view key) {
  const bool is_secret = key == "secret_access_key" || key == "session_token";
  return is_secret ? TIDEMARK_OPTION_SECRET : 0U;
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_OPTION_FLAGS_H

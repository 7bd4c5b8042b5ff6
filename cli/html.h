// Text of an HTML page, that is well-formed XML too. Markup is what stands in our source; whatever was read
// goes through text(), which leaves no character of it a meaning. One thread; owns what was written.
#ifndef TIDEMARK_CLI_HTML_H
#define TIDEMARK_CLI_HTML_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tidemark::cli {

class Html {
 public:
  template <size_t N>
  Html& put(const char (&markup)[N]) {
    text_.append(markup, N - 1);
    return *this;
  }
  // A name by a stranger, also in an attribute in double quotes. Writing from right to left stays inside.
  Html& text(std::string_view text);
  Html& name(std::string_view text);  // the same, and no other text runs into it

  // The exact value stands in the page beside what is shown: <data value="1536">1.5 KiB</data>. Of a class,
  // which is a word of our own, or of none.
  Html& count(uint64_t n, std::string_view of_class = {});  // 1,536
  Html& lsn(uint64_t lsn, std::string_view of_class = {});  // 1536
  Html& bytes(uint64_t size_bytes, std::string_view of_class = {});
  Html& time(int64_t time_us);  // in UTC, to the minute
  Html& counted(uint64_t n, const char* one, const char* many, std::string_view of_class = {});

  std::string take() { return std::exchange(text_, {}); }

 private:
  Html& data(uint64_t value, std::string_view shown, std::string_view of_class);

  std::string text_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_HTML_H

// A secret text: a key, a token. Copies share one immutable block of memory that has pages of its own, is
// left out of core dumps and is wiped when the last copy is destroyed. It cannot be printed by accident.
//
// Any thread.
#ifndef TIDEMARK_SINKS_HTTP_SECRET_H
#define TIDEMARK_SINKS_HTTP_SECRET_H

#include <memory>
#include <string>
#include <string_view>

namespace tidemark::sinks {

// Overwrites the text with zeros before it is emptied; for secrets that come from a library in a string.
void wipe(std::string* text);

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text);  // std::bad_alloc when there is no page for it
  static Secret take(std::string* text);   // and wipes `text`

  // Valid as long as this copy or another lives.
  std::string_view reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  bool operator==(const Secret& other) const;  // in a time that does not depend on the bytes

 private:
  std::shared_ptr<void> pages_;
  std::string_view text_;  // in pages_
};

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_SECRET_H

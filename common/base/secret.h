// Secrets that are wiped when they are destroyed and cannot be printed by accident.
//
// Any thread.
#ifndef TIDEMARK_COMMON_BASE_SECRET_H
#define TIDEMARK_COMMON_BASE_SECRET_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace tidemark {

// Overwrites with zeros, also where a compiler sees no use of that.
void wipe(void* bytes, size_t size);
// The same, before the text is emptied; for secrets that come from a library in a string.
void wipe(std::string* text);

// A secret that is kept: a key, a token. Copies share one immutable block of memory that has pages of its
// own, is left out of core dumps and is wiped when the last copy is destroyed.
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

// A secret on its way: so many bytes where they stand, on a stack or in an object. Each copy wipes itself.
template <size_t N>
class SecretBytes {
 public:
  SecretBytes() = default;
  SecretBytes(const SecretBytes&) = default;
  SecretBytes& operator=(const SecretBytes&) = default;
  ~SecretBytes() { wipe(bytes_.data(), N); }

  std::span<const uint8_t, N> reveal() const { return bytes_; }
  std::span<uint8_t, N> fill() { return bytes_; }

 private:
  std::array<uint8_t, N> bytes_{};
};

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_SECRET_H

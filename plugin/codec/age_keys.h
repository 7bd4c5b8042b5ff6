// The keys of age's X25519 recipients: whom to encrypt to, and with what to decrypt. As age-keygen writes
// them.
//
// Any thread. An identity is secret: it cannot be printed, and no error shows a part of one.
#ifndef TIDEMARK_CODEC_AGE_KEYS_H
#define TIDEMARK_CODEC_AGE_KEYS_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "codec/crypto.h"

namespace tidemark::codec {

inline constexpr size_t kAgeKeysMax = 16;  // in a file

struct Recipient {
  X25519::Point point{};
  friend bool operator==(const Recipient&, const Recipient&) = default;
};
std::string recipient_text(const Recipient& recipient);  // "age1…"

class Identity {
 public:
  Identity(Secret secret, const Recipient& recipient) : secret_(std::move(secret)), recipient_(recipient) {}

  std::span<const uint8_t, X25519::kSize> reveal() const {
    return bytes_of(secret_.reveal()).first<X25519::kSize>();
  }
  const Recipient& recipient() const { return recipient_; }

 private:
  Secret secret_;  // of X25519::kSize bytes
  Recipient recipient_;
};

// The texts of files: a key on each line, empty lines, and comments that begin with '#'; one to kAgeKeysMax
// keys, none of them twice. PERMANENT names `file` and the line.
Result<std::vector<Recipient>> parse_recipients(std::string_view text, std::string_view file);
Result<std::vector<Identity>> parse_identities(std::string_view text, std::string_view file);

// The files themselves: read_secret_file says which are refused.
Result<std::vector<Recipient>> read_recipients_file(const std::string& path);
Result<std::vector<Identity>> read_identity_file(const std::string& path);

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_AGE_KEYS_H

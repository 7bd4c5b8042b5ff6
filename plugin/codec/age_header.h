// The header of an age file (C2SP age.md, "Header"): the file key, wrapped for each recipient, and a MAC over
// that.
//
// One thread at a time; keeps no key.
#ifndef TIDEMARK_CODEC_AGE_HEADER_H
#define TIDEMARK_CODEC_AGE_HEADER_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "codec/age_keys.h"
#include "codec/crypto.h"

namespace tidemark::codec {

inline constexpr std::string_view kAgeVersionLine = "age-encryption.org/v1\n";
inline constexpr size_t kAgeHeaderMaxBytes = size_t{64} * 1024;
inline constexpr size_t kAgeStanzasMax = 128;

using FileKey = SecretBytes<16>;
using PayloadNonce = std::array<uint8_t, 16>;
struct AgeStanza;  // the key, wrapped for one recipient

class AgeHeaders {
 public:
  // For at least one recipient, each with an ephemeral key of its own. PERMANENT names a recipient that
  // nobody can have the identity of.
  Result<std::string> make(std::span<const Recipient> recipients, const FileKey& file_key);
  static constexpr size_t size_bytes(size_t recipients) {
    return kAgeVersionLine.size() + recipients * kStanzaSize + kMacLineSize;
  }

  // A whole header, up to and with the line break of its last line. CORRUPT says what is wrong with it;
  // SEALED: it is right as far as can be seen, and cannot be decrypted with these identities, or with any.
  Result<FileKey> open(std::string_view header, std::span<const Identity> identities);

  // Of what follows a header.
  Result<Aead::Key> payload_key(const FileKey& file_key, const PayloadNonce& nonce);

 private:
  static constexpr size_t kStanzaSize = 98;   // of one X25519 recipient
  static constexpr size_t kMacLineSize = 48;  // "--- ", 43 characters, a line break

  Status append_stanza(const Recipient& recipient, const FileKey& file_key, std::string* header);
  Result<bool> unwrap(const AgeStanza& stanza, const Identity& identity, FileKey* file_key);
  Result<bool> unwrap_any(std::span<const AgeStanza> stanzas, std::span<const Identity> identities,
                          FileKey* file_key);
  Status wrap_key(const X25519::Shared& shared, const X25519::Point& share, const Recipient& recipient,
                  Aead::Key* key);
  Result<HmacSha256::Mac> mac_of(std::string_view header, const FileKey& file_key);

  HmacSha256 hmac_;
  HkdfSha256 hkdf_;
  X25519 x25519_;
  Aead aead_;
};

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_AGE_HEADER_H

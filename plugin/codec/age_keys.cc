#include "codec/age_keys.h"

#include <algorithm>

#include "base/secret_file.h"
#include "codec/bech32.h"
#include "codec/key_lines.h"

namespace tidemark::codec {
namespace {

constexpr std::string_view kRecipient = "age";
constexpr std::string_view kIdentity = "AGE-SECRET-KEY-";

bool is_secret(std::string_view line) { return line.starts_with(kIdentity); }

// What a line is that is no recipient, and what to do; nothing: a damaged one.
std::string_view other_than_recipient(std::string_view line) {
  if (is_secret(line)) {
    return "this is a secret key, and none belongs into this file; its public key does (age-keygen -y shows "
           "it)";
  }
  if (line.starts_with("ssh-")) return "keys of SSH cannot be used; age-keygen makes one of age";
  const std::string_view kind = bech32_kind(line);
  if (kind != kRecipient && kind.starts_with("age1")) {
    return "this is a recipient of another kind; only X25519 recipients can be used (age1…, from age-keygen)";
  }
  return "";
}

std::string_view other_than_identity(std::string_view line) {
  if (line.starts_with("age-encryption.org/") || line.starts_with("-----BEGIN AGE")) {
    return "this file is encrypted itself; decrypt it first (age -d)";
  }
  if (line.starts_with("-----BEGIN")) return "keys of SSH cannot be used; age-keygen makes one of age";
  if (line.starts_with("AGE-PLUGIN-") || (is_secret(line) && bech32_kind(line) != kIdentity)) {
    return "this is an identity of another kind; only X25519 identities can be used (AGE-SECRET-KEY-1…)";
  }
  if (bech32_kind(line) == kRecipient) {
    return "this is a public key, which decrypts nothing; the line AGE-SECRET-KEY-1… that belongs to it does";
  }
  return "";
}

Result<Recipient> parse_recipient(const KeyLines& lines) {
  if (const auto other = other_than_recipient(lines.line()); !other.empty()) return lines.refuse(other);
  Recipient recipient;
  const char* const problem = decode_bech32(lines.line(), kRecipient, recipient.point);
  if (problem != nullptr) return lines.refuse(std::string("not a recipient of age (age1…): it ") + problem);
  return recipient;
}

Result<Identity> parse_identity(const KeyLines& lines, X25519& x25519) {
  if (const auto other = other_than_identity(lines.line()); !other.empty()) return lines.refuse(other);
  SecretBytes<X25519::kSize> secret;
  const char* const problem = decode_bech32(lines.line(), kIdentity, secret.fill());
  if (problem != nullptr) {
    return lines.refuse(std::string("not an identity of age (AGE-SECRET-KEY-1…): it ") + problem);
  }
  TM_ASSIGN(const auto point, x25519.public_of(secret.reveal()));
  const auto bytes = secret.reveal();
  return Identity(Secret({reinterpret_cast<const char*>(bytes.data()), bytes.size()}), Recipient{point});
}

Error no_key(std::string_view file, std::string_view what) {
  return fail(std::string(file) + " holds no key: " + std::string(what));
}

const Recipient& recipient_of(const Recipient& key) { return key; }
const Recipient& recipient_of(const Identity& key) { return key.recipient(); }

// One more key, unless it is one too many or there already.
template <typename Key>
Status add(const KeyLines& lines, Key key, std::vector<Key>* keys) {
  const auto is_same = [&](const Key& other) { return recipient_of(other) == recipient_of(key); };
  if (std::any_of(keys->begin(), keys->end(), is_same)) return lines.refuse("this key stands above already");
  if (keys->size() == kAgeKeysMax) {
    return lines.refuse("more than " + std::to_string(kAgeKeysMax) +
                        " keys; remove those that are not needed");
  }
  keys->push_back(std::move(key));
  return {};
}

}  // namespace

std::string recipient_text(const Recipient& recipient) { return encode_bech32(kRecipient, recipient.point); }

Result<std::vector<Recipient>> parse_recipients(std::string_view text, std::string_view file) {
  std::vector<Recipient> recipients;
  for (KeyLines lines(text, file); lines.next();) {
    TM_ASSIGN(const auto recipient, parse_recipient(lines));
    TM_TRY(add(lines, recipient, &recipients));
  }
  if (recipients.empty()) return no_key(file, "write the public key of each reader on a line (age1…)");
  return recipients;
}

Result<std::vector<Identity>> parse_identities(std::string_view text, std::string_view file) {
  X25519 x25519;
  std::vector<Identity> identities;
  for (KeyLines lines(text, file); lines.next();) {
    TM_ASSIGN(auto identity, parse_identity(lines, x25519));
    TM_TRY(add(lines, std::move(identity), &identities));
  }
  if (identities.empty()) return no_key(file, "it should be what age-keygen wrote (AGE-SECRET-KEY-1…)");
  return identities;
}

Result<std::vector<Recipient>> read_recipients_file(const std::string& path) {
  TM_ASSIGN(const Secret text, read_secret_file(path, Readers::kAnyone));
  return parse_recipients(text.reveal(), path);
}

Result<std::vector<Identity>> read_identity_file(const std::string& path) {
  TM_ASSIGN(const Secret text, read_secret_file(path, Readers::kOwner));
  return parse_identities(text.reveal(), path);
}

}  // namespace tidemark::codec

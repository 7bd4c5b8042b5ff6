#include "codec/age_header.h"

#include <algorithm>
#include <cassert>
#include <vector>

#include "codec/base64.h"

namespace tidemark::codec {
namespace {

constexpr std::string_view kX25519 = "X25519";
constexpr std::string_view kScrypt = "scrypt";
constexpr std::string_view kX25519Info = "age-encryption.org/v1/X25519";
constexpr std::string_view kMacMark = "---";
constexpr std::string_view kStanzaMark = "-> ";
constexpr size_t kBodyColumns = 64;

using WrappedKey = std::array<uint8_t, sizeof(FileKey) + Aead::kTagSize>;
using HeaderMac = HmacSha256::Mac;
constexpr Aead::Nonce kWrapNonce = {};  // each wrap key is used once

Error corrupt_header(const std::string& what) {
  return fail(TIDEMARK_E_CORRUPT, "its age header is damaged: " + what);
}
Error corrupt_stanza(size_t number, const std::string& what) {
  return corrupt_header("stanza " + std::to_string(number) + " " + what);
}

// A line without its line break, which is there: the caller has looked.
std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

bool is_visible(char c) { return c >= 0x21 && c <= 0x7e; }

}  // namespace

struct AgeStanza {
  std::string_view kind;
  size_t arguments = 0;   // the kind is one
  std::string_view body;  // its first line, which is all of it if it is shorter than 64 columns
  // Of an X25519 stanza.
  X25519::Point share{};
  WrappedKey wrapped{};
};

namespace {

// "<kind> <argument> …": one or more words of visible characters with one blank between two of them.
const char* parse_arguments(std::string_view line, AgeStanza* stanza, std::string_view* second) {
  for (;;) {
    const size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    if (word.empty()) return "has an empty argument";
    if (!std::all_of(word.begin(), word.end(), is_visible))
      return "has an argument with a character not allowed there";
    if (stanza->arguments == 0) stanza->kind = word;
    if (stanza->arguments == 1) *second = word;
    ++stanza->arguments;
    if (end == line.size()) return nullptr;
    line.remove_prefix(end + 1);
  }
}

// Lines of base64 of 64 columns, and a shorter one that ends them.
const char* parse_body(std::string_view& text, AgeStanza* stanza) {
  for (bool is_first = true;; is_first = false) {
    if (text.find('\n') == std::string_view::npos) return "has no end";
    const std::string_view line = take_line(text);
    if (line.size() > kBodyColumns) return "has a line that is too long";
    if (!is_base64(line)) return "has a line that is not canonical base64";
    if (is_first) stanza->body = line;
    if (line.size() < kBodyColumns) return nullptr;
  }
}

const char* parse_x25519(std::string_view share, AgeStanza* stanza) {
  if (stanza->arguments != 2) return "(X25519) does not have just one share";
  if (!parse_base64(share, stanza->share))
    return "(X25519) has a share that is not 32 bytes of canonical base64";
  // Before anything is decrypted, as the specification wants it.
  if (!parse_base64(stanza->body, stanza->wrapped)) return "(X25519) has a body that is not 32 bytes";
  return nullptr;
}

Result<AgeStanza> parse_stanza(std::string_view& text, size_t number) {
  AgeStanza stanza;
  std::string_view second;
  const std::string_view line = take_line(text);
  const char* problem = line.starts_with(kStanzaMark) ? nullptr : "does not begin with \"-> \"";
  if (problem == nullptr) problem = parse_arguments(line.substr(kStanzaMark.size()), &stanza, &second);
  if (problem == nullptr) problem = parse_body(text, &stanza);
  if (problem == nullptr && stanza.kind == kX25519) problem = parse_x25519(second, &stanza);
  if (problem != nullptr) return corrupt_stanza(number, problem);
  return stanza;
}

// A passphrase is the only way into a file that has one.
Status check_kinds(std::span<const AgeStanza> stanzas) {
  const auto is_scrypt = [](const AgeStanza& stanza) { return stanza.kind == kScrypt; };
  if (std::none_of(stanzas.begin(), stanzas.end(), is_scrypt)) return {};
  if (stanzas.size() > 1) return corrupt_header("a passphrase (scrypt) is not the only way to decrypt it");
  return fail(TIDEMARK_E_SEALED,
              "it is encrypted with a passphrase, and Tidemark decrypts with identities only");
}

// What follows the version line, up to the line of the MAC, which is left in `text`.
Result<std::vector<AgeStanza>> parse_stanzas(std::string_view& text) {
  std::vector<AgeStanza> stanzas;
  while (!text.starts_with(kMacMark)) {
    if (text.find('\n') == std::string_view::npos) return corrupt_header("it has no end");
    if (stanzas.size() == kAgeStanzasMax) {
      return corrupt_header("it has more than " + std::to_string(kAgeStanzasMax) + " stanzas");
    }
    TM_ASSIGN(const auto stanza, parse_stanza(text, stanzas.size() + 1));
    stanzas.push_back(stanza);
  }
  if (stanzas.empty()) return corrupt_header("it names no recipient");
  return stanzas;
}

Result<HeaderMac> parse_mac_line(std::string_view line) {
  HeaderMac mac;
  line.remove_prefix(kMacMark.size());
  if (!line.starts_with(' ') || !line.ends_with('\n') ||
      !parse_base64(line.substr(1, line.size() - 2), mac)) {
    return corrupt_header("its last line is not \"--- \" and a MAC of 32 bytes in canonical base64");
  }
  return mac;
}

}  // namespace

Status AgeHeaders::wrap_key(const X25519::Shared& shared, const X25519::Point& share,
                            const Recipient& recipient, Aead::Key* key) {
  std::array<uint8_t, 2 * X25519::kSize> salt;
  std::copy(share.begin(), share.end(), salt.begin());
  std::copy(recipient.point.begin(), recipient.point.end(), salt.begin() + X25519::kSize);
  return hkdf_.derive(shared.reveal(), salt, kX25519Info, key);
}

Status AgeHeaders::append_stanza(const Recipient& recipient, const FileKey& file_key, std::string* header) {
  X25519::Point share;
  X25519::Shared shared;
  TM_ASSIGN(const bool is_usable, x25519_.agree_with_fresh(recipient.point, &share, &shared));
  if (!is_usable) {
    return fail("nothing can be encrypted to " + recipient_text(recipient) +
                ": it is not a key that anybody has the identity of; remove it from the recipients");
  }
  Aead::Key key;
  TM_TRY(wrap_key(shared, share, recipient, &key));
  WrappedKey wrapped;
  TM_TRY(aead_.set_key(key, Aead::Use::kSeal));
  const Status sealed = aead_.seal(kWrapNonce, file_key.reveal(), wrapped.data());
  aead_.forget_key();
  TM_TRY(sealed);
  header->append(kStanzaMark).append(kX25519).append(" ");
  append_base64(share, header);
  *header += '\n';
  append_base64(wrapped, header);
  *header += '\n';
  return {};
}

Result<HmacSha256::Mac> AgeHeaders::mac_of(std::string_view header, const FileKey& file_key) {
  SecretBytes<32> key;
  TM_TRY(hkdf_.derive(file_key.reveal(), {}, "header", &key));
  return hmac_.compute(key.reveal(), {bytes_of(header)});
}

Result<std::string> AgeHeaders::make(std::span<const Recipient> recipients, const FileKey& file_key) {
  assert(!recipients.empty() && recipients.size() <= kAgeStanzasMax);
  std::string header;
  header.reserve(size_bytes(recipients.size()));
  header += kAgeVersionLine;
  for (const Recipient& recipient : recipients) TM_TRY(append_stanza(recipient, file_key, &header));
  header += kMacMark;
  TM_ASSIGN(const auto mac, mac_of(header, file_key));
  header += ' ';
  append_base64(mac, &header);
  header += '\n';
  return header;
}

Result<bool> AgeHeaders::unwrap(const AgeStanza& stanza, const Identity& identity, FileKey* file_key) {
  X25519::Shared shared;
  TM_ASSIGN(const bool is_honest, x25519_.agree(identity.reveal(), stanza.share, &shared));
  if (!is_honest)
    return corrupt_header("an X25519 share is a point of low order, which nobody has the secret of");
  Aead::Key key;
  TM_TRY(wrap_key(shared, stanza.share, identity.recipient(), &key));
  TM_TRY(aead_.set_key(key, Aead::Use::kOpen));
  auto opened = aead_.open(kWrapNonce, stanza.wrapped, file_key->fill().data());
  aead_.forget_key();
  return opened;
}

Result<bool> AgeHeaders::unwrap_any(std::span<const AgeStanza> stanzas, std::span<const Identity> identities,
                                    FileKey* file_key) {
  for (const AgeStanza& stanza : stanzas) {
    if (stanza.kind != kX25519) continue;
    for (const Identity& identity : identities) {
      TM_ASSIGN(const bool is_ours, unwrap(stanza, identity, file_key));
      if (is_ours) return true;
    }
  }
  return false;
}

Result<FileKey> AgeHeaders::open(std::string_view header, std::span<const Identity> identities) {
  assert(header.size() <= kAgeHeaderMaxBytes);
  if (!header.starts_with(kAgeVersionLine))
    return corrupt_header("it does not begin with age-encryption.org/v1");
  std::string_view rest = header.substr(kAgeVersionLine.size());
  TM_ASSIGN(const std::vector<AgeStanza> stanzas, parse_stanzas(rest));
  TM_ASSIGN(const HeaderMac mac, parse_mac_line(rest));
  TM_TRY(check_kinds(stanzas));
  if (identities.empty()) {
    return fail(TIDEMARK_E_SEALED, "it is encrypted, and no identity was given to decrypt it with");
  }
  FileKey file_key;
  TM_ASSIGN(const bool is_ours, unwrap_any(stanzas, identities, &file_key));
  if (!is_ours) {
    return fail(TIDEMARK_E_SEALED,
                "none of the " + std::to_string(identities.size()) +
                    " identities can decrypt it: it is for others, or somebody changed its header");
  }
  TM_ASSIGN(const HeaderMac ours,
            mac_of(header.substr(0, header.size() - rest.size() + kMacMark.size()), file_key));
  if (!is_equal(ours, mac)) return corrupt_header("its MAC is wrong");
  return file_key;
}

Result<Aead::Key> AgeHeaders::payload_key(const FileKey& file_key, const PayloadNonce& nonce) {
  Aead::Key key;
  TM_TRY(hkdf_.derive(file_key.reveal(), nonce, "payload", &key));
  return key;
}

}  // namespace tidemark::codec

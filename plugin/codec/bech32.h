// Bech32 (BIP-173) as age writes its keys: of any length, in one case. Allocates nothing when it decodes:
// what it decodes may be a secret. Pure; any thread.
#ifndef TIDEMARK_CODEC_BECH32_H
#define TIDEMARK_CODEC_BECH32_H

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tidemark::codec {

// The part before the last '1', which says what kind of key a text is; empty: there is none.
std::string_view bech32_kind(std::string_view text);

// In lower case; so is `kind`.
std::string encode_bech32(std::string_view kind, std::span<const uint8_t> bytes);

// All of `bytes`, from a text of just this kind, in the same case. nullptr, or what is wrong, as in "it …":
// never a part of the text.
const char* decode_bech32(std::string_view text, std::string_view kind, std::span<uint8_t> bytes);

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_BECH32_H

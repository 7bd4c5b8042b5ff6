#include "azblob/auth/account_key.h"

#include <openssl/evp.h>

#include <algorithm>

#include "common/invalid.h"
#include "common/url.h"
#include "http/digests.h"
#include "http/iso_time.h"

namespace tidemark::sinks::azblob {
namespace {

constexpr size_t kKeyTextMax = 1024;  // a key has 88 characters
constexpr size_t kSasMax = 8 * 1024;

// The text of one parameter, decoded; nothing if it is not there.
std::optional<std::string> parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    if (one.size() <= name.size() || !one.starts_with(name) || one[name.size()] != '=') continue;
    std::string value;
    if (percent_decode(one.substr(name.size() + 1), &value)) return value;
  }
  return std::nullopt;
}

}  // namespace

Result<Secret> decode_account_key(std::string_view text, const std::string& from) {
  const auto wrong = [&] {
    return invalid(from + " is not a key in base64; copy it whole, without blanks and line breaks");
  };
  if (text.empty() || text.size() > kKeyTextMax || text.size() % 4 != 0) return wrong();
  std::string bytes(text.size() / 4 * 3, '\0');
  const int decoded =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  const auto padding = static_cast<size_t>(std::count(text.end() - 2, text.end(), '='));
  if (decoded >= static_cast<int>(padding)) bytes.resize(static_cast<size_t>(decoded) - padding);
  // OpenSSL passes over blanks at both ends.
  std::string again = to_base64(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  const bool is_same = decoded > 0 && again == text;
  wipe(&again);
  if (is_same) return Secret::take(&bytes);
  wipe(&bytes);
  return wrong();
}

Result<Secret> check_sas(std::string_view text, const std::string& from) {
  if (text.starts_with('?')) text.remove_prefix(1);
  const bool is_plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != '#'; });
  if (!is_plain || text.size() > kSasMax) {
    return invalid(from + " has a blank, a line break or another character that no query has");
  }
  if (text.find("://") != std::string_view::npos) {
    return invalid(from + " is a whole url; give what comes after its '?'");
  }
  if (!parameter(text, "sig") || !parameter(text, "sv")) {
    return invalid(from + " is not a shared access signature: it has no \"sv=\" or no \"sig=\"");
  }
  return Secret(text);
}

std::optional<int64_t> sas_expires_us(const Secret& sas) {
  std::optional<std::string> text = parameter(sas.reveal(), "se");
  if (!text) return std::nullopt;
  if (text->size() == 10) *text += "T00:00:00Z";                            // a date alone
  if (text->size() == 17 && text->ends_with('Z')) text->insert(16, ":00");  // without seconds
  return parse_iso_time_us(*text);
}

Result<ConnectionString> parse_connection_string(std::string_view text, const std::string& from) {
  ConnectionString out;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    if (one.empty()) continue;
    const size_t equals = one.find('=');
    if (equals == std::string_view::npos) {
      return invalid(from + " is not a connection string; it is like \"AccountName=…;AccountKey=…\"");
    }
    const std::string_view name = one.substr(0, equals), value = one.substr(equals + 1);
    if (name == "AccountName") out.account = value;
    if (name == "AccountKey") out.key = Secret(value);
    if (name == "SharedAccessSignature") out.sas = Secret(value);
    if (name == "BlobEndpoint") out.blob_endpoint = value;
    if (name == "DefaultEndpointsProtocol") out.protocol = value;
    if (name == "EndpointSuffix") out.suffix = value;
    if (name == "UseDevelopmentStorage") {
      return invalid(from +
                     " names the emulator; say endpoint=http://127.0.0.1:10000/devstoreaccount1 and its key");
    }
  }
  if (out.key.empty() && out.sas.empty()) {
    return invalid(from + " has neither an AccountKey nor a SharedAccessSignature");
  }
  return out;
}

}  // namespace tidemark::sinks::azblob

// What Azure, a token service or somebody in between answers: documents, headers, JSON.
#include <algorithm>

#include "azblob/answer.h"
#include "azblob/auth/account_key.h"
#include "azblob/auth/token_json.h"
#include "azblob/config.h"
#include "azblob/xml.h"
#include "fuzz.h"
#include "http/range.h"

using namespace tidemark;
using namespace tidemark::sinks;

namespace {

void read_answer(std::string_view text) {
  azblob::StoreAnswer answer;
  const size_t line = text.find('\n');
  answer.status = text.empty() ? 0 : 100 + static_cast<unsigned char>(text[0]) * 2;
  answer.headers = {{"x-ms-error-code", std::string(text.substr(0, std::min<size_t>(line, 80)))}};
  if (text.size() % 2 == 0) answer.headers.clear();
  answer.text = text;
  const Error error = azblob::error_of(answer, "put x");
  fuzz::require(error.message.starts_with("put x: "), "a message begins with what was asked");
  fuzz::require(error.code.size() <= 64, "a code is short");
  const bool is_absent = error.status == TIDEMARK_E_NOT_FOUND;
  fuzz::require(!is_absent || (answer.status == 404 && !error.code.empty()),
                "only the store says that it is not there");
  fuzz::require(error.status != TIDEMARK_E_EXISTS, "an answer alone never says that a blob is there");
}

// A part that is taken has as many bytes as its header says, and those that were asked for.
void read_range(std::string_view text) {
  const size_t line = std::min(text.find('\n'), text.size());
  const HttpAnswer answer = {206,
                             {{"content-range", std::string(text.substr(0, line))},
                              {"content-length", std::to_string(text.size() - line)}},
                             "",
                             ""};
  std::string got;
  const tidemark_writer raw = {&got, [](void* ctx, const void* data, size_t size) -> tidemark_status {
                                 static_cast<std::string*>(ctx)->append(static_cast<const char*>(data), size);
                                 return TIDEMARK_OK;
                               }};
  const Writer writer(&raw);
  RangeReceiver receiver({3, 5}, writer);
  const std::string_view body = text.substr(line);
  const Result<bool> more = body.empty() ? Result<bool>(true) : receiver.take(answer, body);
  fuzz::require(got.size() <= 5, "no more than was asked for");
  if (more && receiver.finish(answer))
    fuzz::require(got == body.substr(0, got.size()), "the bytes that came");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  if (const Result<ListPage> page = azblob::parse_list(text)) {
    for (const ListedObject& one : page->objects) fuzz::require(!one.key.empty(), "each has a name");
    fuzz::require(page->is_truncated != page->next_token.empty(), "a page with a marker is not the last");
  }
  read_answer(text);
  read_range(text);
  std::string json(text);
  if (const auto token = azblob::token_from_json(&json, 0)) {
    fuzz::require(token->secret.reveal().find_first_of("\r\n") == std::string_view::npos,
                  "a token is one line");
  }
  (void)azblob::error_from_json(std::string(text));
  if (const auto key = azblob::decode_account_key(text, "key"))
    fuzz::require(!key->empty(), "a key has bytes");
  if (const auto sas = azblob::check_sas(text, "sas")) (void)azblob::sas_expires_us(*sas);
  (void)azblob::parse_connection_string(text, "text");
  if (azblob::name_problem(text) == nullptr) {
    fuzz::require(text.find('\\') == std::string_view::npos, "no name has a backslash");
  }
  return 0;
}

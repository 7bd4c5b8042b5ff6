// What Google Cloud Storage, its token services, or anybody in their place may answer: a status, headers,
// JSON.
#include <charconv>

#include "fuzz.h"
#include "gs/answer.h"
#include "gs/api.h"
#include "gs/auth/account.h"
#include "gs/auth/token_answer.h"
#include "gs/upload.h"
#include "http/utf8.h"

using namespace tidemark;
using namespace tidemark::sinks;
using namespace tidemark::sinks::gs;

namespace {

// "412\nname: value\n…\n\nbody"
StoreAnswer answer_of(std::string_view text) {
  StoreAnswer answer;
  std::from_chars(text.data(), text.data() + text.size(), answer.status);
  text.remove_prefix(std::min(text.size(), text.find('\n')));
  while (text.starts_with('\n')) {
    text.remove_prefix(1);
    const std::string_view line = text.substr(0, text.find('\n'));
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos) break;
    answer.headers.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 2))});
    text.remove_prefix(line.size());
  }
  if (text.starts_with('\n')) text.remove_prefix(1);
  answer.text = text;
  return answer;
}

bool is_utf8(std::string_view text) { return utf8_beginning(text).size_bytes == text.size(); }

void check_documents(const std::string& text) {
  std::string problem;
  const std::optional<ListPage> page = parse_list(text, &problem);
  fuzz::require(page || !problem.empty(), "what is not a listing has a problem");
  for (size_t i = 0; page && i < page->objects.size(); ++i) {
    fuzz::require(!page->objects[i].key.empty() && is_utf8(page->objects[i].key), "a listed name is a text");
  }
  fuzz::require(!page || page->is_truncated == !page->next_token.empty(),
                "a page says whether it is the last");
  const std::optional<StoredObject> object = parse_object(text);
  fuzz::require(!(object && page), "a document is of one kind");
  if (object) fuzz::require(is_utf8(object->crc32c), "a digest is a text");
}

// The same of the XML API: a page, or why it is none, and what headers say of an object.
void check_xml(const StoreAnswer& answer) {
  static const Config config;
  static const std::unique_ptr<Api> api = make_xml_api(config);
  const std::string none;
  std::string problem;
  const std::optional<ListPage> page = api->page_of(StoreAnswer(answer), {none, none, none}, &problem);
  fuzz::require(page || !problem.empty(), "what is not a listing has a problem");
  for (size_t i = 0; page && i < page->objects.size(); ++i) {
    fuzz::require(!page->objects[i].key.empty() || page->objects[i].size_bytes == 0, "a name, or a folder");
  }
  const std::optional<StoredObject> object = api->object_of(answer);
  fuzz::require(!object || !header(answer.headers, "x-goog-stored-content-length").empty(),
                "an object says how long it is");
}

void check_errors(StoreAnswer answer) {
  for (const bool is_in_use : {false, true}) {
    answer.is_in_use = is_in_use;
    const Error error = error_of(answer, "x");
    fuzz::require(error.status != TIDEMARK_OK && error.status != TIDEMARK_E_EXISTS, "an error is no success");
    fuzz::require(error.status != TIDEMARK_E_NOT_FOUND || store_error(answer).is_of_service,
                  "only the service says what is not there");
    fuzz::require(error_of_bucket(answer, "x").status != TIDEMARK_E_NOT_FOUND, "a bucket is no object");
  }
  if (is_condition_not_met(answer)) fuzz::require(is_refusal_in_doubt(answer), "it is a refusal");
  HttpAnswer copy = answer;
  const Result<Token> token = token_from(&copy, 0);
  if (token) {
    fuzz::require(answer.status == 200 && !token->bearer.empty(), "a token is one");
    for (const char c : token->bearer.reveal())
      fuzz::require(c > ' ' && c < 0x7F, "a token fits into a header");
  } else {
    fuzz::require(token.error().status >= TIDEMARK_E_PERMANENT, "never about an object");
  }
}

void check_session(StoreAnswer answer) {
  const std::optional<uint64_t> kept = kept_bytes(answer);
  fuzz::require(!kept || *kept == 0 || header(answer.headers, "range").starts_with("bytes=0-"),
                "what is kept");
  const Result<Secret> session = session_of(&answer, "x");
  if (!session) return;
  const std::string_view text = session->reveal();
  fuzz::require(text.size() > 1 && text[0] == '/', "a session is a path");
  for (const char c : text)
    fuzz::require(c > ' ' && c <= '~' && c != '#', "a session fits into a request's line");
  fuzz::require(header(answer.headers, "location").empty(), "its address is wiped");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const StoreAnswer answer = answer_of(fuzz::text_of(data, size));
  check_documents(answer.text);
  check_xml(answer);
  check_errors(answer);
  check_session(answer);
  std::string text = answer.text;
  const Result<Account> account = parse_account(&text);
  fuzz::require(text.empty(), "what may hold a secret is wiped");
  if (account) fuzz::require(!account->token_url.empty(), "an account has a place to ask");
  return 0;
}

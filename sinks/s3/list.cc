// Listing: one page of the store's after the other.
#include <utility>

#include "base/line.h"
#include "common/key.h"
#include "http/utf8.h"
#include "s3/s3_sink.h"
#include "s3/xml.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr const char* kPageSize = "1000";   // the most that S3 gives
constexpr size_t kPageBytesMax = 8 * kMiB;  // 1,000 of the longest keys, encoded, and what goes with them
// Empty pages in a row. They are legal: a bucket with versions pages through the delete markers of what was
// pruned, some 1,000 names a page. So many pruned archives must not keep anybody from listing what is left;
// but a store that has only lost its way gets no burst of requests.
constexpr int kEmptyPagesMax = 100;
constexpr int kEmptyPagesAtOnce = 8;
constexpr uint64_t kEmptyPagePauseMs = 50;

// How far the pages of one listing get.
struct ListProgress {
  std::string repeated;  // a key that came twice
  bool is_told = false;
  bool is_found = false;  // a key beyond those before, in this page
  int empty_pages = 0;    // since the last such key

  // After a page that is not the last; `token` led to it. Waits where there is no hurry.
  Status go_on(const ListPage& page, const std::string& token, const std::string& store,
               const std::string& last, const Call& call);
};

Status ListProgress::go_on(const ListPage& page, const std::string& token, const std::string& store,
                           const std::string& last, const Call& call) {
  empty_pages = is_found ? 0 : empty_pages + 1;
  const bool is_same = !page.next_token.empty() && page.next_token == token;
  if (is_same || (page.next_token.empty() && !is_found)) {
    return fail(TIDEMARK_E_PERMANENT, store + " says that there is more and does not get beyond " + last);
  }
  if (empty_pages >= kEmptyPagesMax) {
    return fail(TIDEMARK_E_PERMANENT,
                store + " sent " + std::to_string(empty_pages) + " empty pages in a row after " + last +
                    ", and says that there is more; where the bucket keeps versions, a lifecycle rule that "
                    "removes expired delete markers helps");
  }
  return call.sleep_ms(empty_pages > kEmptyPagesAtOnce ? kEmptyPagePauseMs : 0);
}

Result<ListPage> page_of(const StoreAnswer& answer, const std::string& what, std::string_view prefix,
                         std::string_view after) {
  Result<ListPage> page = parse_list(answer.text, prefix, after);
  if (answer.status == 200 && page) return page;
  if (answer.is_ok() && store_error(answer).code.empty()) {
    return not_a_page(answer, page, what);
  }
  Error error = error_of(answer, what);
  if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;  // the bucket, that is
  return error;
}

}  // namespace

// Prefix and start may be any bytes, but a store takes characters only: it is asked with as much of them as
// it understands, and what comes too early is passed over.
//
// Names that no key can have (a part that begins with '.', a "folder" that ends in '/') are not ours or the
// sink's own, and are skipped.
Status S3Sink::list(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                    const Call& call) {
  const std::string full_prefix = config_.prefix + std::string(prefix);
  const Utf8Beginning whole = utf8_beginning(full_prefix);
  if (!whole.may_go_on) return {};  // no name begins like that
  const std::string asked_prefix = full_prefix.substr(0, whole.size_bytes);
  const std::string after =
      !start_after.empty() && start_after >= prefix ? config_.prefix + std::string(start_after) : "";
  const std::string asked_after = after.substr(0, utf8_beginning(after).size_bytes);
  std::string token, last = asked_after;
  ListProgress progress;
  while (true) {
    Request request = bucket_request("list", "GET", "s3:ListBucket");
    const std::string what = request.what;
    request.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", kPageSize}};
    if (!asked_prefix.empty()) request.query.emplace_back("prefix", asked_prefix);
    if (!token.empty()) {
      request.query.emplace_back("continuation-token", token);
    } else if (!last.empty()) {
      request.query.emplace_back("start-after", last);
    }
    request.text_max = kPageBytesMax;
    TM_ASSIGN(const StoreAnswer answer, client_->send(std::move(request), call));
    TM_ASSIGN(const ListPage page, page_of(answer, what, asked_prefix, last));
    progress.is_found = false;
    for (const ListedObject& object : page.objects) {
      if (object.key == last && !last.empty()) {
        if (last != asked_after) progress.repeated = last;
        continue;
      }
      if (!object.key.starts_with(asked_prefix) || object.key < last) {
        return fail(TIDEMARK_E_PERMANENT,
                    what + ": the store does not list in byte order, or other keys than asked for: " +
                        quote(object.key) + " after " + quote(last));
      }
      last = object.key;
      progress.is_found = true;
      if (last <= after || !last.starts_with(full_prefix)) continue;
      const std::string_view key = std::string_view(object.key).substr(config_.prefix.size());
      if (!check_key(key)) continue;
      if (!visit(key, {object.size_bytes, object.modified_us})) return {};
    }
    if (!progress.repeated.empty() && !std::exchange(progress.is_told, true)) {
      log_.write(TIDEMARK_LOG_DEBUG, what + ": the store lists " + quote(progress.repeated) +
                                         " more than once; it is passed over");
    }
    // "No more", and how to go on: the answer to that tells, by bringing more or nothing.
    if (!page.is_truncated && (page.next_token.empty() || !progress.is_found)) return {};
    TM_TRY(progress.go_on(page, token, what + ": the store", quote(last), call));
    token = page.next_token;
  }
}

}  // namespace tidemark::sinks::s3

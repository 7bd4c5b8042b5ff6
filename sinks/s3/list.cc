// Listing: ListObjectsV2, page by page.
#include "http/listing.h"
#include "s3/s3_sink.h"
#include "s3/xml.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr const char* kPageSize = "1000";   // the most that S3 gives
constexpr size_t kPageBytesMax = 8 * kMiB;  // 1,000 of the longest keys, encoded, and what goes with them
constexpr std::string_view kEmptyPagesRemedy =
    "; where the bucket keeps versions, a lifecycle rule that removes expired delete markers helps";

Result<ListPage> page_of(const StoreAnswer& answer, const std::string& what, const PageWanted& wanted) {
  Result<ListPage> page = parse_list(answer.text, wanted.prefix, wanted.after);
  if (answer.status == 200 && page) return page;
  if (answer.is_ok() && store_error(answer).code.empty()) {
    return not_a_page(answer, page, what);
  }
  return error_of_bucket(answer, what);
}

}  // namespace

Status S3Sink::list_in_pages(Listing listing, const Visitor& visit, const Call& call) {
  const Request bucket = bucket_request("list", "GET", "s3:ListBucket");
  listing.what = bucket.what;
  listing.root = config_.prefix;
  listing.empty_pages_remedy = kEmptyPagesRemedy;
  const auto read_page = [&](const PageWanted& page) -> Result<ListPage> {
    Request request = bucket;
    request.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", kPageSize}};
    if (listing.by_folders) request.query.emplace_back("delimiter", "/");
    if (!page.prefix.empty()) request.query.emplace_back("prefix", page.prefix);
    if (!page.token.empty()) {
      request.query.emplace_back("continuation-token", page.token);
    } else if (!page.after.empty()) {
      request.query.emplace_back("start-after", page.after);
    }
    request.text_max = kPageBytesMax;
    TM_ASSIGN(const StoreAnswer answer, client_->send(std::move(request), call));
    return page_of(answer, bucket.what, page);
  };
  return list_pages(listing, read_page, visit, log_, call);
}

Status S3Sink::list(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                    const Call& call) {
  return list_in_pages({prefix, start_after}, visit, call);
}

// What will be the same the next time is left to listings of everything, which tell what is wrong if that is
// more than the delimiter.
Status S3Sink::list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                            const Call& call) {
  if (!lists_folders_) return fail(TIDEMARK_E_UNSUPPORTED, "list: this store does not list folders");
  Status listed = list_in_pages({prefix, start_after, true}, visit, call);
  if (listed) return listed;
  Error why = std::move(listed.error());
  if (why.status != TIDEMARK_E_UNSUPPORTED && why.status != TIDEMARK_E_PERMANENT) return why;
  if (lists_folders_.exchange(false))
    log_.write(TIDEMARK_LOG_INFO, "folders are found by listing what is in them: " + why.message);
  why.status = TIDEMARK_E_UNSUPPORTED;
  return why;
}

}  // namespace tidemark::sinks::s3

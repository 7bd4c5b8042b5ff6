// Listing: objects.list, page by page.
#include "gs/gs_sink.h"

namespace tidemark::sinks::gs {
namespace {

constexpr const char* kPageSize = "1000";
constexpr size_t kPageBytesMax = 16 * kMiB;  // 1,000 of the longest names, escaped, and what goes with them

}  // namespace

Status GsSink::list_in_pages(Listing listing, const Visitor& visit, const Call& call) {
  const Request bucket = bucket_request("list", "GET", "storage.objects.list");
  listing.what = bucket.what;
  listing.root = config_.prefix;
  std::string start;  // of all pages: the token is of a listing that began there
  const auto read_page = [&](const PageWanted& page) -> Result<ListPage> {
    Request request = bucket;
    request.query = {{"maxResults", kPageSize}, {"fields", kListFields}};
    if (listing.by_folders) request.query.emplace_back("delimiter", "/");
    if (!page.prefix.empty()) request.query.emplace_back("prefix", page.prefix);
    if (page.token.empty()) start = page.after;
    if (!start.empty()) request.query.emplace_back("startOffset", start);  // which comes too, if it is there
    if (!page.token.empty()) request.query.emplace_back("pageToken", page.token);
    request.text_max = kPageBytesMax;
    TM_ASSIGN(StoreAnswer answer, client_->send(request, call));
    if (!answer.is_ok()) return error_of_bucket(answer, bucket.what);
    std::string problem = "another status than 200";
    std::optional<ListPage> read;
    if (answer.status == 200) read = parse_list(std::move(answer.text), &problem);
    if (read) return *std::move(read);
    return fail(TIDEMARK_E_RETRYABLE, bucket.what + ": HTTP " + std::to_string(answer.status) +
                                          ", but the answer is " + problem + "; is a proxy in the way?");
  };
  return list_pages(listing, read_page, visit, log_, call);
}

Status GsSink::list(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                    const Call& call) {
  return list_in_pages({prefix, start_after}, visit, call);
}

Status GsSink::list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                            const Call& call) {
  return list_in_pages({prefix, start_after, true}, visit, call);
}

}  // namespace tidemark::sinks::gs

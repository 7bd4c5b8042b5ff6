// Listing, page by page.
#include "gs/gs_sink.h"

namespace tidemark::sinks::gs {
namespace {

constexpr size_t kPageBytesMax = 16 * kMiB;  // 1,000 of the longest names, escaped, and what goes with them

}  // namespace

Status GsSink::list_in_pages(Listing listing, const Visitor& visit, const Call& call) {
  listing.what = "list " + config_.name_of("");
  listing.root = config_.prefix;
  std::string start;  // of all pages: the token is of a listing that began there
  const auto read_page = [&](const PageWanted& page) -> Result<ListPage> {
    if (page.token.empty()) start = page.after;
    const PageWanted wanted = {page.prefix, start, page.token};
    Request request =
        about("list", "", "storage.objects.list", api_->list(wanted, listing.by_folders, kPageKeys));
    request.text_max = kPageBytesMax;
    TM_ASSIGN(StoreAnswer answer, client_->send(request, call));
    if (!answer.is_ok()) return error_of_bucket(answer, request.what);
    const int status = answer.status;
    std::string problem = "another status than 200";
    std::optional<ListPage> read;
    if (status == 200) read = api_->page_of(std::move(answer), wanted, &problem);
    if (read) return *std::move(read);
    return fail(TIDEMARK_E_RETRYABLE, request.what + ": HTTP " + std::to_string(status) +
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

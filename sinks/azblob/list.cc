// Listing: List Blobs, page by page.
#include "azblob/azblob_sink.h"
#include "azblob/xml.h"
#include "http/xml.h"

namespace tidemark::sinks::azblob {
namespace {

constexpr size_t kPageBytesMax = 16 * kMiB;  // 5,000 of the longest names, and what goes with them
constexpr std::string_view kNeedsList = "the role Storage Blob Data Reader, or in a signature l (list)";

Result<ListPage> page_of(const StoreAnswer& answer, const std::string& what) {
  if (!answer.is_ok()) {
    Error error = error_of(answer, what);
    // With directories a prefix may run through a blob: nothing lies below it.
    if (error.status == TIDEMARK_E_NOT_FOUND && error.code == "PathNotFound") return ListPage();
    if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;
    return error;
  }
  Result<ListPage> page = parse_list(answer.text);
  if (page && answer.status == 200) return page;
  Error error = page ? Error() : page.error();
  if (answer.status != 200) {
    error.status = TIDEMARK_E_RETRYABLE;
    error.message = "HTTP " + std::to_string(answer.status) + " with " + what_it_is(answer.text) +
                    " is not a page of a listing; is endpoint right, is a proxy in the way?";
  }
  if (!answer.via.empty()) error.message += ", " + answer.via;
  return within(what, std::move(error));
}

}  // namespace

// There is no way to say after which name a listing begins: what comes before is passed over here, page by
// page. A page on which nothing is left counts as read, but one that was empty as it came is left to
// list_pages(), which knows how many of these are too many.
Result<ListPage> AzblobSink::read_page(const PageWanted& wanted, const Listing& listing,
                                       const std::string& start, const Call& call) {
  std::string marker = wanted.token;
  while (true) {
    Request request = container_request("list", kNeedsList);
    request.query.emplace_back("comp", "list");
    request.query.emplace_back("maxresults", std::to_string(config_.page_size));
    if (listing.by_folders) request.query.emplace_back("delimiter", "/");
    if (is_hierarchical_) request.query.emplace_back("include", "metadata");  // what marks directories
    if (!wanted.prefix.empty()) request.query.emplace_back("prefix", wanted.prefix);
    if (!marker.empty()) request.query.emplace_back("marker", marker);
    request.text_max = kPageBytesMax;
    TM_ASSIGN(const StoreAnswer answer, client_->send(std::move(request), call));
    TM_ASSIGN(ListPage page, page_of(answer, listing.what));
    if (!page.next_token.empty() && page.next_token == marker) {
      return fail(TIDEMARK_E_RETRYABLE, listing.what + ": the store gives the same marker twice");
    }
    const bool was_empty = page.objects.empty();
    std::erase_if(page.objects, [&](const ListedObject& one) { return !start.empty() && one.key <= start; });
    if (!page.objects.empty() || was_empty || page.next_token.empty()) return page;
    marker = page.next_token;
    TM_TRY(call.check());
  }
}

Status AzblobSink::list_in_pages(Listing listing, const Visitor& visit, const Call& call) {
  listing.what = "list " + config_.name_of("");
  listing.root = config_.prefix;
  std::string start;
  const auto read = [&](const PageWanted& wanted) -> Result<ListPage> {
    if (wanted.token.empty()) start = wanted.after;
    return read_page(wanted, listing, start, call);
  };
  return list_pages(listing, read, visit, log_, call);
}

Status AzblobSink::list(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                        const Call& call) {
  return list_in_pages({prefix, start_after}, visit, call);
}

Status AzblobSink::list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                                const Call& call) {
  return list_in_pages({prefix, start_after, true}, visit, call);
}

}  // namespace tidemark::sinks::azblob

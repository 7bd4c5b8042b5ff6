// Listing: List Blobs, page by page.
#include <algorithm>

#include "azblob/azblob_sink.h"
#include "azblob/xml.h"
#include "http/xml.h"

namespace tidemark::sinks::azblob {
namespace {

constexpr size_t kPageBytesMax = 16 * kMiB;  // 5,000 of the longest names, and what goes with them
// The first that is known to have "startFrom". Whoever does not know it refuses it, or starts at the
// beginning.
constexpr char kStartFromVersion[] = "2026-02-06";
constexpr std::string_view kNeedsList = "the role Storage Blob Data Reader, or in a signature l (list)";

Result<ListPage> page_of(const StoreAnswer& answer, const std::string& what, std::string_view container,
                         std::string_view prefix) {
  if (!answer.is_ok()) {
    Error error = error_of(answer, what);
    // With directories a prefix may run through a blob: nothing lies below it.
    if (error.status == TIDEMARK_E_NOT_FOUND && error.code == "PathNotFound") return ListPage();
    if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;
    return error;
  }
  Result<ListPage> page = parse_list(answer.text, container, prefix);
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

// The store's order is not that of bytes, where there are others than of ASCII.
bool may_start_from(const std::string& start) {
  return !start.empty() &&
         std::all_of(start.begin(), start.end(), [](char c) { return c >= ' ' && c < 0x7F; });
}

}  // namespace

Result<StoreAnswer> AzblobSink::ask_page(const PageWanted& wanted, const Listing& listing, const Begun& begun,
                                         const std::string& marker, const Call& call) {
  Request request = container_request("list", kNeedsList);
  request.query.emplace_back("comp", "list");
  request.query.emplace_back("maxresults", std::to_string(config_.page_size));
  if (listing.by_folders) request.query.emplace_back("delimiter", "/");
  if (is_hierarchical_) request.query.emplace_back("include", "metadata");  // what marks directories
  if (!wanted.prefix.empty()) request.query.emplace_back("prefix", wanted.prefix);
  if (!marker.empty()) request.query.emplace_back("marker", marker);
  if (begun.is_from_start) {
    request.headers.push_back({"x-ms-version", kStartFromVersion});
    if (marker.empty()) request.query.emplace_back("startFrom", begun.start);
  }
  request.text_max = kPageBytesMax;
  return client_->send(std::move(request), call);
}

// The page before had names that come before the start: a store that begins there shows none of them.
bool AzblobSink::settle_try(const StoreAnswer& answer, Begun* begun) {
  begun->is_tried = false;
  bool is_honoured = answer.status != 400;  // as a version is refused that is not known
  if (answer.status == 200) {
    const Result<ListPage> page = parse_list(answer.text);
    if (!page) return true;  // an error, which tells nothing
    is_honoured = page->objects.empty() || page->objects.front().key >= begun->start;
  } else if (is_honoured) {
    return true;
  }
  starts_from_ = is_honoured ? StartsFrom::kYes : StartsFrom::kNo;
  begun->is_from_start = is_honoured;
  return is_honoured;
}

// Most versions of the store know no way to say where a listing begins: what comes before is passed over
// here, page by page. The first time that this costs a page, the store is asked whether it knows better. A
// page on which nothing is left counts as read, but one that was empty as it came is left to list_pages(),
// which knows how many of these are too many.
Result<ListPage> AzblobSink::read_page(const PageWanted& wanted, const Listing& listing, Begun* begun,
                                       const Call& call) {
  std::string marker = wanted.token;
  while (true) {
    TM_ASSIGN(const StoreAnswer answer, ask_page(wanted, listing, *begun, marker, call));
    if (begun->is_tried && !settle_try(answer, begun)) {
      marker = begun->marker_before;
      continue;
    }
    TM_ASSIGN(ListPage page, page_of(answer, listing.what, config_.container, wanted.prefix));
    if (!page.next_token.empty() && page.next_token == marker) {
      return fail(TIDEMARK_E_RETRYABLE, listing.what + ": the store gives the same marker twice");
    }
    const bool was_empty = page.objects.empty();
    std::erase_if(page.objects,
                  [&](const ListedObject& one) { return !begun->start.empty() && one.key <= begun->start; });
    if (!page.objects.empty() || was_empty || page.next_token.empty()) return page;
    marker = page.next_token;
    // Folders before the start may be those that it lies in; and the order of directories is their own.
    const bool may_try = starts_from_ == StartsFrom::kUnknown && !listing.by_folders &&
                         may_start_from(begun->start) && !is_hierarchical_;
    if (may_try) {
      *begun = {begun->start, true, true, marker};
      marker.clear();
    }
    TM_TRY(call.check());
  }
}

Status AzblobSink::list_in_pages(Listing listing, const Visitor& visit, const Call& call) {
  listing.what = "list " + config_.name_of("");
  listing.root = config_.prefix;
  Begun begun;
  const auto read = [&](const PageWanted& wanted) -> Result<ListPage> {
    if (wanted.token.empty()) {
      begun = {wanted.after, may_start_from(wanted.after) && starts_from_ == StartsFrom::kYes};
    }
    return read_page(wanted, listing, &begun, call);
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

// Listing: one page of the store after the other, until it says that there are no more. The sink knows how a
// page is asked for and read; here pages become a listing that is complete, or an error.
//
// One listing, on its thread.
#ifndef TIDEMARK_SINKS_HTTP_LISTING_H
#define TIDEMARK_SINKS_HTTP_LISTING_H

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/table.h"

namespace tidemark::sinks {

struct ListedObject {
  std::string key;  // the name in the store; of a folder it ends in '/'
  uint64_t size_bytes = 0;
  int64_t modified_us = 0;
};
struct ListPage {
  std::vector<ListedObject> objects;  // and folders, where they are asked for, in byte order
  bool is_truncated = false;
  std::string next_token;  // may be empty on a page that is truncated and has objects
  // False: nothing says whether more comes. What is asked for after the last name tells.
  bool says_end = true;
};

// What a page is to hold: names that begin with `prefix` and come after `after`. Both are characters, not
// just bytes: stores take nothing else. `after` may lie in a folder that is not to come again, and may.
struct PageWanted {
  const std::string& prefix;
  const std::string& after;
  const std::string& token;  // of the page before; empty: `after` alone says where to continue
};
using ReadPage = std::function<Result<ListPage>(const PageWanted&)>;

struct Listing {
  std::string_view prefix, start_after;
  // What lies in a folder below the prefix comes as one name, of the folder; see draft/list_folders.h.
  bool by_folders = false;
  // The sink's:
  std::string what = {};                     // begins the message of an error
  std::string root = {};                     // what the store's names have before the key
  std::string_view empty_pages_remedy = {};  // where a store sends one empty page after the other: "; …"
};

// Prefix and start may be any bytes: the store is asked with as much of them as is whole characters, and what
// comes too early is passed over. So are names that no key can have (a part that begins with '.', a "folder"
// that ends in '/'): they are not ours, or the sink's own.
//
// PERMANENT if pages are not in byte order, or bring nothing new.
Status list_pages(const Listing& listing, const ReadPage& read_page, const Visitor& visit, const HostLog& log,
                  const Call& call);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_LISTING_H

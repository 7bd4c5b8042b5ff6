// The XML that Azure answers with, and the little that is sent to it. Text that ends too early is an error
// wherever a document is expected.
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_AZBLOB_XML_H
#define TIDEMARK_SINKS_AZBLOB_XML_H

#include <string>
#include <string_view>
#include <vector>

#include "http/listing.h"

namespace tidemark::sinks::azblob {

// An answer to List Blobs: blobs, and folders where it has any, in their order. Left out are directories of a
// hierarchical namespace, which look like empty blobs, and names in an order of Azure's own. The page is
// truncated where it has a marker.
//
// RETRYABLE if it is not whole, also where nothing says whether more comes, or if it says that it is of
// another container or prefix (an empty `container`: of any); PERMANENT if it is whole and cannot be
// understood.
Result<ListPage> parse_list(std::string_view text, std::string_view container = {},
                            std::string_view prefix = {});

// The body of Put Block List: the blocks of this upload, and no others that lie there.
std::string block_list_text(const std::vector<std::string>& ids);

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_XML_H

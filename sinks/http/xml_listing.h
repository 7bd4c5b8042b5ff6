// A page of a listing in XML, as the stores write it that have <ListBucketResult>, and the names in it: these
// may be encoded, and stores understand that differently. Of the library tidemark_sink_xml.
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_HTTP_XML_LISTING_H
#define TIDEMARK_SINKS_HTTP_XML_LISTING_H

#include <string>
#include <string_view>
#include <vector>

#include "http/listing.h"
#include "http/xml.h"

namespace tidemark::sinks {

// Names of objects and of folders; each in order.
struct ListedNames {
  std::vector<std::string> objects, folders;
};
struct ListedTexts {
  std::vector<std::string_view> objects, folders;
};

// Decoded with the first encoding, in the order of what the answer says of itself, with which all names begin
// with `prefix` and come in order after `after`. Where none fits, with the first that can be decoded: the
// caller says what is wrong with them. False: none.
bool decode_names(const ListedTexts& texts, const XmlDocument& document, std::string_view prefix,
                  std::string_view after, ListedNames* out);

// A whole <ListBucketResult> for `prefix`, of keys after `after`, and of folders where it has any. RETRYABLE
// if it says that it is of another prefix, or there is no way to what comes after it; PERMANENT if it cannot
// be understood.
Result<ListPage> parse_xml_listing(const XmlDocument& document, std::string_view prefix,
                                   std::string_view after);

// PERMANENT: what is whole and makes no sense.
Error not_understood_answer(const std::string& what);
// RETRYABLE: another answer may be whole.
Error not_whole_answer(const std::string& what);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_XML_LISTING_H

// XML that stores answer with: a document, whatever its words. Names may have a prefix ("x:Key"), and blanks
// or a byte order mark before the document are skipped: stores differ.
//
// Functions without state, and a document of one thread. A library of its own, tidemark_sink_xml, for sinks
// whose store speaks XML.
#ifndef TIDEMARK_SINKS_HTTP_XML_H
#define TIDEMARK_SINKS_HTTP_XML_H

#include <pugixml.hpp>

#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::sinks {

struct XmlDocument {
  pugi::xml_document tree;
  pugi::xml_node root;  // the one element; null if the text is not whole

  explicit XmlDocument(std::string_view text);  // std::bad_alloc
  bool is(std::string_view name) const;
};

// Without its prefix.
std::string_view local_name(const pugi::xml_node& node);
// The first of this name; null if there is none.
pugi::xml_node child(const pugi::xml_node& node, std::string_view name);
// Its text.
std::string_view value(const pugi::xml_node& node, std::string_view name);

// Without blanks and byte order marks at its beginning.
std::string_view without_blanks(std::string_view text);
// In lower case, and without blanks at both ends.
std::string lower_trimmed(std::string_view text);

// The name of the document's one element, without its prefix; empty if the text is not a whole document.
std::string root_name(std::string_view text);
// What the text is, for a message: "an HTML page", "<ListAllMyBucketsResult>", "incomplete XML".
std::string what_it_is(std::string_view text);

// Without a declaration and without blanks between elements.
std::string text_of(const pugi::xml_document& document);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_XML_H

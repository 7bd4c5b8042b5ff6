// The XML API as the imposter has it, for who signs with an HMAC key: its operations, and its words. What the
// operations do is the same as in the JSON API.
//
// Pure functions; any thread.
#ifndef TIDEMARK_TESTS_GS_IMPOSTER_XML_API_H
#define TIDEMARK_TESTS_GS_IMPOSTER_XML_API_H

#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config.h"
#include "imposter/request.h"
#include "imposter/store.h"
#include "shapes.h"

namespace imposter {

// Everything that is not of the JSON API.
bool is_of_xml(const Request& request);

Place xml_place_of(const Request& request);
// NULL: no such operation.
const Shape* xml_shape_of(const Request& request, const Place& place);

// Nothing: it is signed with the key that is known here, now, and all that has to be.
std::optional<Refusal> signature_refusal(const Request& request, std::time_t now);

// The same request as the JSON API would have its parameters; nothing if a value is not as it should be.
std::optional<Pairs> in_words_of_json(const Request& request, const Shape& shape, const std::string& name);

// "x-goog-hash" and the like.
Pairs description_headers(const Object& object);
std::string listing_xml(const std::vector<std::pair<std::string, Object>>& found, const std::string& prefix,
                        bool by_folders, const std::string& next_token);
std::string error_xml(const Refusal& refusal);

}  // namespace imposter

#endif  // TIDEMARK_TESTS_GS_IMPOSTER_XML_API_H

// What the service says of objects, in JSON, limited to what `fields` asks for.
//
// Pure functions; any thread.
#ifndef TIDEMARK_TESTS_GS_IMPOSTER_FIELDS_H
#define TIDEMARK_TESTS_GS_IMPOSTER_FIELDS_H

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config.h"
#include "imposter/store.h"

namespace imposter {

// What is wrong with the text of `fields`, or empty.
std::string fields_problem(const std::string& fields);

std::string object_json(const std::string& name, const Object& object, const std::string& fields);

// `found` has folders too, whose names end in '/' and which have no pieces, if `by_folders`.
std::string list_json(const std::vector<std::pair<std::string, Object>>& found, const std::string& prefix,
                      bool by_folders, const std::string& next_token, const std::string& fields);

std::string error_json(const Refusal& refusal);

}  // namespace imposter

#endif  // TIDEMARK_TESTS_GS_IMPOSTER_FIELDS_H

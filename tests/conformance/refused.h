// Names that sink.h allows and a store does not keep as they are, so that its sink refuses them.
//
// Functions without state, but for the command line's --refuses.
#ifndef TIDEMARK_TESTS_CONFORMANCE_REFUSED_H
#define TIDEMARK_TESTS_CONFORMANCE_REFUSED_H

#include <string>
#include <string_view>
#include <vector>

namespace conformance {

// One kind of such names.
struct RefusedKind {
  std::string_view name;   // as --refuses has it
  std::string_view words;  // which a refusal says
  bool (*has)(std::string_view key);
  std::vector<std::string> examples;
};
const std::vector<RefusedKind>& refused_kinds();

// "backslash,wide_character". False if one is unknown.
bool set_refused(std::string_view list);

// The kind by which the sink under test refuses `key`; NULL: it takes it.
const RefusedKind* refused_as(std::string_view key);

}  // namespace conformance

#endif  // TIDEMARK_TESTS_CONFORMANCE_REFUSED_H

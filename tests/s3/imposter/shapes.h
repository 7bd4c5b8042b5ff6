// The operations the imposter knows, and exactly which parameters and headers each may carry.
//
// Any thread. A real store ignores what it does not know; here it is an error, so that a typing mistake in a
// header's name cannot pass for a feature.
#ifndef TIDEMARK_TESTS_S3_IMPOSTER_SHAPES_H
#define TIDEMARK_TESTS_S3_IMPOSTER_SHAPES_H

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imposter/request.h"

namespace imposter {

enum class Operation {
  kHeadBucket,
  kListObjects,
  kListUploads,
  kPutObject,
  kUploadPart,
  kGetObject,
  kHeadObject,
  kDeleteObject,
  kDeleteObjects,
  kCreateUpload,
  kCompleteUpload,
  kAbortUpload,
  kListParts,
};

struct Shape {
  Operation operation;
  const char* name;  // as S3 calls it
  const char* method;
  bool has_key;
  bool has_body;                          // must declare a length
  std::vector<std::string_view> must;     // parameters that make it this operation
  std::vector<std::string_view> may;      // further ones
  std::vector<std::string_view> headers;  // beside those that any request may have
};

// Nothing: no such operation.
const Shape* shape_of(const Request& request, bool has_key);

// What is wrong with parameters and headers, or empty.
std::string shape_problem(const Shape& shape, const Request& request);

// What is wrong with a request before anybody looks at what it wants: repeated headers, a transfer coding,
// trailers.
struct HeadProblem {
  int status;
  const char* code;
  std::string message;
};
std::optional<HeadProblem> head_problem(const Request& request);

// The headers of a creation that say how the object is to be kept; a test may look at them.
Pairs recorded_headers(const Request& request);
// What is wrong with their values, or empty.
std::string recorded_problem(const Request& request);

}  // namespace imposter

#endif  // TIDEMARK_TESTS_S3_IMPOSTER_SHAPES_H

// The operations that the imposter knows, and which parameters and headers each may carry. The real service
// ignores what it does not know; here it is an error, so that a typing mistake cannot pass for a feature.
//
// Any thread.
#ifndef TIDEMARK_TESTS_GS_IMPOSTER_SHAPES_H
#define TIDEMARK_TESTS_GS_IMPOSTER_SHAPES_H

#include <string>
#include <string_view>
#include <vector>

#include "imposter/request.h"

namespace imposter {

enum class Operation { kList, kDescribe, kRead, kRemove, kInsert, kBegin, kSend, kCancel };

struct Shape {
  Operation operation;
  const char* name;
  const char* method;
  std::vector<std::string_view> must, may;  // parameters
  std::vector<std::string_view> headers;    // beside those that any request may have
};

// What a request's address names.
struct Place {
  enum class Kind { kNone, kBucket, kObject, kUpload } kind = Kind::kNone;
  std::string bucket, object;
};
Place place_of(const Request& request);

// NULL: no such operation.
const Shape* shape_of(const Request& request, const Place& place);

// What is wrong with parameters and headers, or empty.
std::string shape_problem(const Shape& shape, const Request& request);

}  // namespace imposter

#endif  // TIDEMARK_TESTS_GS_IMPOSTER_SHAPES_H

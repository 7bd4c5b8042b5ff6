// The valve: a sink in front of the file sink that does at each call what a test wants, so that faults come
// exactly when they are wanted. The test owns the Valve and gives its address as option `valve`.
#ifndef TIDEMARK_TESTS_INTEGRATION_VALVE_H
#define TIDEMARK_TESTS_INTEGRATION_VALVE_H

#include <tidemark/sink.h>

#include <atomic>
#include <functional>
#include <string_view>

namespace tidemark::integration {

// All hooks run on the plugin's threads, many at a time; set them before the sink is opened.
struct Valve {
  // Any status but OK is the outcome of the call. verb: "put", "get", "list", "head", "remove".
  std::function<tidemark_status(std::string_view verb, std::string_view key, const tidemark_call* call)>
      before;
  // After a call that went well; any status but OK takes its answer's place.
  std::function<tidemark_status(std::string_view verb, std::string_view key)> after;
  // A put or head said of the object that it is stored, and the caller was given that answer.
  std::function<void(std::string_view key)> proved;
  // Sees the body of each put, after `before`.
  std::function<void(std::string_view key, const tidemark_source& source)> body;
  // After each piece that the file sink read of a streamed body.
  std::function<void(std::string_view key, uint64_t read_bytes)> read;

  bool stores = true;  // false: nothing reaches the file sink, puts succeed and nothing is found
  std::atomic<int> open_sinks{0};
  std::atomic<int> running_calls{0};
};

}  // namespace tidemark::integration

#endif  // TIDEMARK_TESTS_INTEGRATION_VALVE_H

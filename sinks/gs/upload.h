// One resumable upload: the body in pieces, one after the other, in a session that only its end makes an
// object of (https://cloud.google.com/storage/docs/performing-resumable-uploads).
//
// Lives on the stack of one put; one thread. Memory: libcurl's buffers. The session's address is as good as a
// token, so it is in no message. A failure cancels the session; once the service has said so (499), it is
// decided that no object comes of it.
#ifndef TIDEMARK_SINKS_GS_UPLOAD_H
#define TIDEMARK_SINKS_GS_UPLOAD_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gs/gs_sink.h"

namespace tidemark::sinks::gs {

// The session that such an answer names; wiped in the answer.
Result<Secret> session_of(StoreAnswer* answer, const std::string& what);
// OK: nothing comes of the session any more. NOT_FOUND: it was gone already. Also when the call has ended.
Status cancel_session(Client& client, const Secret& session, const std::string& what, const Call& call);

// How many bytes from the beginning the service has, as an answer of 308 says; nothing if it makes no sense.
std::optional<uint64_t> kept_bytes(const HttpAnswer& answer);

class Upload {
 public:
  Upload(GsSink& sink, std::string_view key, const Source& source, bool if_absent, const Call& call)
      : sink_(sink), key_(key), source_(source), if_absent_(if_absent), call_(call) {}
  Status run();

 private:
  Status begin();
  Status send_pieces();
  Result<StoreAnswer> send_piece(uint64_t end, bool* may_ask);
  Result<StoreAnswer> ask_state();
  // Takes over what a 308 says is there. RETRYABLE when that gets nowhere.
  Status advance(const StoreAnswer& answer);
  Status end(const StoreAnswer& answer);
  Request session_request(std::string_view verb, std::string content_range) const;
  Status give_up(Status why);

  GsSink& sink_;
  const std::string key_;
  const Source& source_;
  const bool if_absent_;
  const Call& call_;
  Sent sent_;
  Secret session_;
  uint64_t offset_ = 0;       // all before it is with the service
  uint64_t reached_ = 0;      // the furthest that offset_ ever was
  int stuck_ = 0;             // answers in a row, and failures, that brought nothing further
  bool is_end_sent_ = false;  // a request that finishes it has been on its way
  bool is_session_open_ = true;
};

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_UPLOAD_H

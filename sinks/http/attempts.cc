#include "http/attempts.h"

#include <cassert>
#include <cstdlib>

#include "base/wall_clock.h"
#include "http/answer.h"
#include "http/body.h"

namespace tidemark::sinks {
namespace {

constexpr int64_t kSkewUs = 4 * 60 * 1'000'000ll;  // stores accept 15 minutes, some only 5
constexpr uint64_t kSmallBodyBytes = 64 * 1024;

}  // namespace

int64_t Attempts::now_us() const {
  return wall_clock_us() + clock_offset_us_.load(std::memory_order_relaxed);
}

Status Attempts::attempt(HttpRequest& request, const Call& call) {
  Session session(transport_);
  do {
    TM_TRY(start(session, request, call));
    const Result<HttpRequest*> done = session.drive(call);
    if (!done) return within(request.what, done.error());
  } while (!settle(request));
  return {};
}

Status Attempts::start(Session& session, HttpRequest& request, const Call& call) {
  request.is_in_use = is_in_use_.load(std::memory_order_relaxed);
  request.may_expect = takes_expect_.load(std::memory_order_relaxed);
  if (request.body != nullptr) request.body->rewind(0);
  const auto small_ms = static_cast<uint32_t>(transport_.options().small_answer_ms());
  const bool is_small = request.body == nullptr || request.body->size_bytes() <= kSmallBodyBytes;
  request.timeout_ms = is_small && !request.takes_long ? small_ms : 0;
  request.answer_timeout_ms = request.takes_long && !request.on_data ? 0 : small_ms;
  if (Status ok = prove(request, call); !ok) return within(request.what, ok.error());
  assert(!request.url.empty());
  if (Status ok = session.start(request); !ok) return within(request.what, ok.error());
  return {};
}

bool Attempts::settle(HttpRequest& request) {
  if (learn_expect(request)) return false;
  return !request.outcome || !is_to_repeat(request);
}

Status Attempts::outcome_of(const HttpRequest& request) {
  if (request.outcome) return {};
  Error error = within(request.what, request.outcome.error());
  if (request.is_in_use && request.is_of_connection && error.status == TIDEMARK_E_PERMANENT) {
    error.status = TIDEMARK_E_RETRYABLE;
  }
  return error;
}

// Some proxies know no Expect, and end the connection over it.
bool Attempts::learn_expect(HttpRequest& request) {
  if (!request.refused_to_expect) return false;
  if (takes_expect_.exchange(false)) {
    log_.write(
        TIDEMARK_LOG_INFO,
        "417 to Expect: 100-continue; bodies are sent without asking from now on, as with expect=never");
  }
  if (request.answer.is_ok() || request.redone_expect) return false;
  request.redone_expect = true;
  return true;
}

bool Attempts::learn_clock(HttpRequest& request) {
  if (request.redone_clock) return false;
  const std::optional<int64_t> theirs_us = date_us(request.answer.headers);
  if (!theirs_us || std::llabs(*theirs_us - now_us()) < kSkewUs) return false;
  request.redone_clock = true;
  const int64_t offset_us = *theirs_us - wall_clock_us();
  clock_offset_us_.store(offset_us, std::memory_order_relaxed);
  log_.write(TIDEMARK_LOG_WARN, "the clock of this machine and the store's differ by " +
                                    std::to_string(offset_us / 1'000'000) +
                                    " s; requests are signed by the store's");
  return true;
}

}  // namespace tidemark::sinks

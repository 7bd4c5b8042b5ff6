#include "faulty/faulty_sink.h"

#include <atomic>
#include <chrono>

#include "common/options.h"
#include "faulty/null_sink.h"
#include "faulty/wrapped_sink.h"

namespace tidemark::sinks::faulty {
namespace {

constexpr uint64_t kMaxDelayMs = 24 * 60 * 60 * 1000;

constexpr tidemark_sink_option kOptions[] = {
    {"of", "", "url of the wrapped sink, percent-encoded; without it a null sink"},
    {"of_library", "", "the wrapped sink's module; default: tidemark-sink-<scheme>.so beside this one"},
    {"of.*", "", "options of the wrapped sink"},
    {"seed", "1", "with the same seed and rates the n-th call fails in the same way"},
    {"delay_ms", "0", "before each call"},
    {"delay_jitter_ms", "0", "added to delay_ms: from 0 to this, by chance"},
    {"bytes_per_second", "0", "at which bodies of puts pass, one after the other; 0: without a limit"},
    {"error_rate", "0", "0 to 1: RETRYABLE, nothing done; all calls"},
    {"throttle_rate", "0", "0 to 1: THROTTLED, nothing done; all calls"},
    {"no_space_rate", "0", "0 to 1: NO_SPACE, nothing done; put"},
    {"lose_answer_rate", "0", "0 to 1: done, but the answer is RETRYABLE; put and remove"},
    {"short_read_rate", "0", "0 to 1: RETRYABLE after a part of the data; get"},
    {"fail_puts_of", "", "PERMANENT for each put whose key contains this text"},
    {"fail_gets_of", "", "PERMANENT for each get whose key contains this text"},
    {"max_objects", "10000000", "null sink: NO_SPACE for more objects than this"},
};

tidemark_sink_api table = Table<FaultySink>::make("faulty", 0, kOptions);

void add_capabilities(uint32_t capabilities) {
  std::atomic_ref<uint32_t> shown(table.capabilities);
  if ((capabilities & ~shown.load()) != 0) shown.fetch_or(capabilities);
}

Error injected(tidemark_status status, const char* what, const char* verb) {
  Error error;
  error.status = status;
  error.code = "Injected";
  error.message = std::string("injected: ") + what + " in " + verb;
  return error;
}

bool is_named_by(const std::string& text, std::string_view key) {
  return !text.empty() && key.find(text) != std::string_view::npos;
}

// Lets a part of the first piece through and then breaks off.
struct ShortWriter {
  const Writer& out;
  double cut;
  bool broke = false;  // by us
  Status receiver;     // what the caller's own writer said

  static tidemark_status write(void* ctx, const void* data, size_t size) {
    auto& self = *static_cast<ShortWriter*>(ctx);
    const auto part = static_cast<size_t>(self.cut * static_cast<double>(size));
    if (part > 0) self.receiver = self.out.write(data, part);
    if (!self.receiver) return self.receiver.error().status;
    self.broke = true;
    return TIDEMARK_E_RETRYABLE;
  }
};

}  // namespace

const tidemark_sink_api* faulty_table() { return &table; }

FaultySink::FaultySink(const FaultRates& rates, uint64_t bytes_per_second, Failing failing,
                       std::unique_ptr<Inner> inner)
    : faults_(rates), link_(bytes_per_second), failing_(std::move(failing)), inner_(std::move(inner)) {}

Result<std::unique_ptr<FaultySink>> FaultySink::open(const OpenRequest& request, const Call& call) {
  FaultRates rates;
  std::string of, of_library;
  Failing failing;
  uint64_t max_objects = 0, bytes_per_second = 0;
  PassOn inner_options = {"of.", {}};
  const Status options = parse_options(
      kOptions,
      {text_option("of", &of), text_option("of_library", &of_library),
       integer_option("seed", &rates.seed, 0, UINT64_MAX), rate_option("error_rate", &rates.error_rate),
       rate_option("throttle_rate", &rates.throttle_rate), rate_option("no_space_rate", &rates.no_space_rate),
       rate_option("lose_answer_rate", &rates.lose_answer_rate),
       rate_option("short_read_rate", &rates.short_read_rate),
       duration_option("delay_ms", &rates.delay_ms, 0, kMaxDelayMs),
       duration_option("delay_jitter_ms", &rates.delay_jitter_ms, 0, kMaxDelayMs),
       integer_option("bytes_per_second", &bytes_per_second, 0, Link::kMostBytesPerSecond),
       text_option("fail_puts_of", &failing.puts_of), text_option("fail_gets_of", &failing.gets_of),
       integer_option("max_objects", &max_objects, 1, UINT32_MAX)},
      request.url.query, request.options, request.option_count, &inner_options);
  if (!options) return options.error();
  if (request.url.scheme != "faulty" || !request.url.authority.empty() ||
      (!request.url.path.empty() && request.url.path != "/")) {
    return fail(TIDEMARK_E_INVALID,
                "url: write faulty:///?of=<percent-encoded url>&..., without host and path");
  }
  if (of.empty() && (!of_library.empty() || !inner_options.options.empty())) {
    return fail(TIDEMARK_E_INVALID,
                "options of_library and of.* need option \"of\", the url of the wrapped sink");
  }
  std::unique_ptr<Inner> inner;
  if (of.empty()) {
    inner = std::make_unique<NullSink>(max_objects);
  } else {
    Result<std::unique_ptr<Inner>> wrapped =
        WrappedSink::open(request.log, of, std::move(of_library), inner_options.options, call);
    if (!wrapped) return wrapped.error();
    inner = std::move(*wrapped);
  }
  add_capabilities(inner->capabilities());
  return std::unique_ptr<FaultySink>(
      new FaultySink(rates, bytes_per_second, std::move(failing), std::move(inner)));
}

// What happens before anything is done.
Status FaultySink::suffer(const Lot& lot, const char* verb, const Call& call) const {
  if (lot.delay_ms > 0) {
    TM_TRY(call.sleep_ms(lot.delay_ms));
  }
  if (lot.error) return injected(TIDEMARK_E_RETRYABLE, "an error", verb);
  if (lot.throttle) return injected(TIDEMARK_E_THROTTLED, "throttling", verb);
  return {};
}

Status FaultySink::pass_link(uint64_t bytes, const Call& call) {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(since_open_.elapsed());
  const uint64_t pass_ms = link_.pass_us(bytes, static_cast<uint64_t>(now.count())) / 1000;
  return pass_ms == 0 ? Status() : call.sleep_ms(pass_ms);
}

Status FaultySink::put(std::string_view key, const Source& source, uint32_t flags, const Call& call) {
  const Lot lot = faults_.draw();
  TM_TRY(suffer(lot, "put", call));
  if (lot.no_space) return injected(TIDEMARK_E_NO_SPACE, "no space", "put");
  if (is_named_by(failing_.puts_of, key))
    return injected(TIDEMARK_E_PERMANENT, "the key matches fail_puts_of", "put");
  TM_TRY(pass_link(source.size_bytes(), call));
  Status done = inner_->put(key, source, flags, call);
  if (done && lot.lose_answer) return injected(TIDEMARK_E_RETRYABLE, "the answer was lost", "put");
  return done;
}

Result<ObjectInfo> FaultySink::head(std::string_view key, const Call& call) {
  TM_TRY(suffer(faults_.draw(), "head", call));
  return inner_->head(key, call);
}

Status FaultySink::get(std::string_view key, const Range& range, const Writer& out, const Call& call) {
  const Lot lot = faults_.draw();
  TM_TRY(suffer(lot, "get", call));
  if (is_named_by(failing_.gets_of, key))
    return injected(TIDEMARK_E_PERMANENT, "the key matches fail_gets_of", "get");
  if (!lot.short_read) return inner_->get(key, range, out, call);
  ShortWriter writer = {out, lot.cut, false, {}};
  const tidemark_writer raw = {&writer, ShortWriter::write};
  Status done = inner_->get(key, range, Writer(&raw), call);
  if (!writer.receiver) return writer.receiver;
  if (writer.broke) return injected(TIDEMARK_E_RETRYABLE, "the data broke off", "get");
  return done;
}

Status FaultySink::list(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                        const Call& call) {
  TM_TRY(suffer(faults_.draw(), "list", call));
  return inner_->list(prefix, start_after, visit, call);
}

Status FaultySink::list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                                const Call& call) {
  TM_TRY(suffer(faults_.draw(), "list_folders", call));
  return inner_->list_folders(prefix, start_after, visit, call);
}

Status FaultySink::remove(std::string_view key, const Call& call) {
  const Lot lot = faults_.draw();
  TM_TRY(suffer(lot, "remove", call));
  Status done = inner_->remove(key, call);
  if (done && lot.lose_answer) return injected(TIDEMARK_E_RETRYABLE, "the answer was lost", "remove");
  return done;
}

}  // namespace tidemark::sinks::faulty

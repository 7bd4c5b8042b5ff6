// Opening: options, credentials, the bucket, and a proof that objects may be created.
#include <sys/random.h>

#include "base/line.h"
#include "gs/gs_sink.h"
#include "gs/upload.h"
#include "http/digests.h"

namespace tidemark::sinks::gs {

Result<std::unique_ptr<GsSink>> GsSink::open(const OpenRequest& request, const Call& call) {
  TM_ASSIGN(Config config, parse_config(request.url, request.options, request.option_count));
  TM_TRY(check_digests());
  TM_TRY(apply_surroundings(process_environment(), &config));
  if (!config.remark.empty()) request.log.write(TIDEMARK_LOG_WARN, config.name_of("") + ": " + config.remark);
  std::unique_ptr<GsSink> sink(new GsSink(std::move(config), request.log, request.put_buffer_bytes));
  Patience patience(call);
  TM_TRY(sink->connect());
  TM_TRY(sink->find_bucket(patience, call));
  if (!request.read_only) {
    TM_TRY(sink->prove_writing(patience, call));
  }
  sink->client_->set_in_use();
  return sink;
}

Status GsSink::connect() {
  Result<std::unique_ptr<Transport>> transport = Transport::make(config_.transport);
  if (!transport) return transport.error();
  transport_ = std::move(*transport);
  TransportOptions by_system = config_.transport;
  by_system.ca_file.clear();
  transport = Transport::make(by_system);
  if (!transport) return transport.error();
  public_transport_ = std::move(*transport);
  // Who gives tokens may be the endpoint itself, and then has its certificate.
  const Fetch fetch = [this, own = config_.origin + "/"](HttpRequest& asked, const Call& asking) {
    return (asked.url.starts_with(own) ? transport_ : public_transport_)->fetch(asked, asking);
  };
  tokens_ = make_provider(config_.tokens, fetch, log_);
  client_ = std::make_unique<Client>(config_, *transport_, *tokens_, log_);
  api_ = config_.has_hmac_key() ? make_xml_api(config_) : make_json_api(config_);
  return {};
}

// The first request proves token and bucket, and costs the service next to nothing.
Status GsSink::find_bucket(Patience& patience, const Call& call) {
  const std::string none;
  const PageWanted wanted = {config_.prefix, none, none};
  const Request request = about("open", "", "storage.objects.list", api_->list(wanted, false, 1));
  while (true) {
    TM_ASSIGN(StoreAnswer answer, client_->ask(request, patience, call));
    Error error = error_of_bucket(answer, request.what);
    if (!answer.is_ok()) return error;
    std::string problem;
    if (answer.status == 200 && api_->page_of(StoreAnswer(answer), wanted, &problem)) return {};
    error.status = TIDEMARK_E_PERMANENT;
    error.message = request.what + ": the answer is not the service's (" + problem + ", HTTP " +
                    std::to_string(answer.status) +
                    "); is endpoint right, is a proxy in the way? (origin: " + config_.origin + ", by " +
                    config_.origin_from + ")";
    return error;
  }
}

Status GsSink::prove_writing(Patience& patience, const Call& call) {
  uint8_t random[8] = {};
  (void)!getrandom(random, sizeof random, 0);
  // A part that begins with '.' is in no key of the caller's.
  const std::string key = ".tidemark-probe-" + to_hex(random, sizeof random);
  const Request request = begin_request("begin the probe", key, true, 0);
  Body body(api_->begin_body());
  while (true) {
    Request asked = request;
    asked.body = &body;
    TM_ASSIGN(StoreAnswer answer, client_->ask(asked, patience, call));
    Result<Secret> session = session_of(&answer, request.what);
    if (session) {
      if (Status ok = cancel_session(*client_, *session, "cancel the probe", call); !ok) {
        log_.write(TIDEMARK_LOG_INFO, ok.error().message + "; its session ends by itself within a week");
      }
      return {};
    }
    if (!answer.is_ok() || !patience.wait(session.error())) return session.error();
  }
}

}  // namespace tidemark::sinks::gs

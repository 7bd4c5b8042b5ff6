// Opening: options, credentials, the container, and a proof that blobs can be written.
#include <algorithm>

#include "azblob/auth/account_key.h"
#include "azblob/azblob_sink.h"
#include "azblob/upload.h"
#include "azblob/xml.h"
#include "base/wall_clock.h"
#include "http/digests.h"
#include "http/iso_time.h"
#include "http/xml.h"

namespace tidemark::sinks::azblob {
namespace {

constexpr uint64_t kBlockBytes =
    800 << 10;  // what a block on its way takes: a piece of the body, libcurl's buffers
constexpr int64_t kWeekUs = int64_t{7} * 24 * 60 * 60 * 1'000'000;
constexpr std::string_view kProbeText = "can this be stored";
constexpr std::string_view kNeedsProbe =
    "the role Storage Blob Data Contributor, or in a signature c (create) or w (write)";

// A signature is not renewed by anybody here.
void log_expiry(const CredentialOptions& options, const HostLog& log) {
  if (options.sas_token.empty()) return;
  const std::optional<int64_t> expires_us = sas_expires_us(options.sas_token);
  if (!expires_us) return;
  const bool is_soon = *expires_us - wall_clock_us() < kWeekUs;
  log.write(is_soon ? TIDEMARK_LOG_WARN : TIDEMARK_LOG_INFO,
            options.sas_token_from + " is good until " + format_iso_time(*expires_us) +
                "; give the sink another one before, by opening it again");
}

}  // namespace

Result<std::unique_ptr<AzblobSink>> AzblobSink::open(const OpenRequest& request, const Call& call) {
  TM_ASSIGN(Config config,
            parse_config(request.url, request.options, request.option_count, process_environment()));
  TM_TRY(check_digests());
  log_expiry(config.credentials, request.log);
  const uint64_t blocks = std::max<uint64_t>(1, request.put_buffer_bytes / kBlockBytes);
  config.block_parallel = std::min(config.block_parallel, blocks);
  std::unique_ptr<AzblobSink> sink(new AzblobSink(std::move(config), request.log));
  Patience patience(call);
  TM_TRY(sink->connect());
  TM_TRY(sink->find_container(patience, call));
  sink->look_at_account(call);
  if (!request.read_only) {
    TM_TRY(sink->prove_writable(patience, call));
  }
  sink->client_->set_in_use();
  return sink;
}

Status AzblobSink::connect() {
  TM_ASSIGN(transport_, Transport::make(config_.transport));
  TransportOptions by_system = config_.transport;
  by_system.ca_file.clear();
  TM_ASSIGN(public_transport_, Transport::make(by_system));
  // A token service on the endpoint's own host is proven by the same authority.
  const Fetch fetch = [this, own = config_.endpoint() + "/"](HttpRequest& asked, const Call& asking) {
    return (asked.url.starts_with(own) ? transport_ : public_transport_)->fetch(asked, asking);
  };
  credentials_ = make_provider(config_.credentials, fetch, log_);
  client_ = std::make_unique<Client>(config_, *transport_, *credentials_, log_);
  return {};
}

// The first request proves credentials and container, and costs the store next to nothing.
Status AzblobSink::find_container(Patience& patience, const Call& call) {
  Request request =
      container_request("open", "the role Storage Blob Data Reader, or in a signature l (list)");
  request.query.emplace_back("comp", "list");
  request.query.emplace_back("maxresults", "1");
  if (!config_.prefix.empty()) request.query.emplace_back("prefix", config_.prefix);
  while (true) {
    TM_ASSIGN(const StoreAnswer answer, client_->ask(request, patience, call));
    Error error = error_of(answer, request.what);
    if (!answer.is_ok()) {
      if (error.code == "PathNotFound") return {};
      if (error.code == "ContainerNotFound") error.message += "; the sink makes no containers";
      if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;
      return error;
    }
    const Result<ListPage> page = parse_list(answer.text, config_.container, config_.prefix);
    if (page && answer.status == 200) return {};
    error.status = page ? TIDEMARK_E_RETRYABLE : page.error().status;
    error.message = request.what + ": HTTP " + std::to_string(answer.status) + " with " +
                    what_it_is(answer.text) + " is not a page of a listing; is endpoint right?";
    if (!page) error.message += " (" + page.error().message + ")";
    if (!patience.wait(error)) return error;
  }
}

// With a hierarchical namespace there are directories, which look like blobs. Who may not ask is told
// nothing.
void AzblobSink::look_at_account(const Call& call) {
  Request request = container_request("open", "");
  request.query = {{"restype", "account"}, {"comp", "properties"}};
  const Result<StoreAnswer> answer = client_->send(std::move(request), call);
  if (!answer || !answer->is_ok()) return;
  is_hierarchical_ = lower_trimmed(header(answer->headers, "x-ms-is-hns-enabled")) == "true";
  if (!is_hierarchical_) return;
  log_.write(TIDEMARK_LOG_WARN, config_.name_of("") +
                                    ": the account has a hierarchical namespace: directories stay when "
                                    "they are empty, and are passed over; an account without one is better");
}

// A block that nobody puts together: never listed, never read, and gone within a week. So nothing has to be
// removed, which not everybody may who may write.
Status AzblobSink::prove_writable(Patience& patience, const Call& call) {
  TM_ASSIGN(const std::string nonce, new_nonce());
  Request request = blob_request("open", "PUT", ".tidemark-probe-" + nonce, kNeedsProbe);
  request.query = {{"comp", "block"}, {"blockid", block_id(nonce, 0)}};
  Digests digests({.sha256 = false, .crc32c = false, .md5 = true});
  digests.update(kProbeText.data(), kProbeText.size());
  TM_ASSIGN(const std::string md5, digests.md5_base64());
  request.headers = {{"content-type", "application/octet-stream"}, {"content-md5", md5}};
  Body body(kProbeText);
  request.body = &body;
  TM_ASSIGN(const StoreAnswer answer, client_->ask(request, patience, call));
  if (answer.status == 201 && has_request_id(answer)) return {};
  Error error = error_of(answer, request.what);
  if (answer.is_ok()) {
    error.status = TIDEMARK_E_RETRYABLE;
    error.message += "; is a proxy in the way?";
  }
  const bool is_odd = answer.status / 100 == 4 && answer.status != 401 && answer.status != 403;
  if (is_hierarchical_ && is_odd) {
    log_.write(TIDEMARK_LOG_WARN, error.message + "; whether blobs can be written shows with the first put");
    return {};
  }
  if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;
  return error;
}

}  // namespace tidemark::sinks::azblob

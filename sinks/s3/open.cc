// Opening: options, credentials, the bucket, and what the store can.
#include <algorithm>

#include "base/line.h"
#include "http/digests.h"
#include "s3/probe.h"
#include "s3/s3_sink.h"
#include "s3/upload.h"
#include "s3/xml.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr uint64_t kPartBytes =
    800 << 10;  // what a part on its way takes: a piece of the body, libcurl's buffers
constexpr const char* kDefaultRegion = "us-east-1";

void log_traits(const Traits& traits, const std::string& where, const std::string& no_multipart,
                const HostLog& log) {
  if (!traits.conditional_put) {
    log.write(
        TIDEMARK_LOG_WARN,
        "not exclusive: " + where +
            ": the store does not honour If-None-Match on PUT: objects are created by HEAD, PUT and a "
            "look at the result. Safe as long as one host writes; of two hosts that write the same name at "
            "the same time the earlier one mostly sees that it lost, but a put that is slower than the "
            "other one by more than a second can replace an object that was acknowledged");
  }
  if (!traits.multipart) {
    log.write(TIDEMARK_LOG_WARN, where + ": the store has no multipart uploads (" + no_multipart +
                                     "); objects go in one request, up to 5 GiB");
  } else if (!traits.conditional_complete) {
    log.write(TIDEMARK_LOG_WARN, where +
                                     ": the store does not honour If-None-Match on CompleteMultipartUpload; "
                                     "large objects are created by HEAD, Complete and a look at the result");
  }
  if (traits.checksum == Checksum::kMd5) {
    log.write(TIDEMARK_LOG_INFO,
              where + ": the store does not check x-amz-checksum-crc32c; bodies have Content-MD5");
  }
  if (!traits.puts_have_etag) {
    log.write(TIDEMARK_LOG_INFO,
              where + ": the store answers a put without an ETag; each object is looked at afterwards");
  }
}

// What an operator has to change if a store cannot be opened, if more is known than the store's own words.
std::string hint(const StoreAnswer& answer, const Config& config, const std::string& region,
                 bool is_guessed) {
  const StoreError said = store_error(answer);
  if (said.code == "NoSuchBucket" && !said.bucket.empty() && said.bucket != config.bucket) {
    return "; the store took " + quote(said.bucket) +
           " for the bucket, set path_style=" + (config.path_style ? "false" : "true");
  }
  if (said.code == "AuthorizationHeaderMalformed" && !said.region.empty()) return "";  // said already
  const bool is_moved =
      answer.status == 301 || answer.status == 302 || answer.status == 307 || answer.status == 308;
  const bool is_of_region = is_moved || said.code == "AuthorizationHeaderMalformed" ||
                            said.code == "SignatureDoesNotMatch" ||
                            said.code == "IllegalLocationConstraintException";
  if (!is_of_region) return "";
  return "; it was asked in the region " + quote(region) +
         (is_guessed ? ", a guess, since none is set: set region" : ": is region right?");
}

}  // namespace

Result<std::unique_ptr<S3Sink>> S3Sink::open(const OpenRequest& request, const Call& call) {
  TM_ASSIGN(Config config, parse_config(request.url, request.options, request.option_count));
  TM_TRY(check_digests());
  Settings settings = find_settings(config.credentials, process_environment());
  TM_TRY(apply_settings(&settings, &config));
  for (const std::string& remark : settings.remarks) {
    request.log.write(TIDEMARK_LOG_WARN, config.name_of("") + ": " + remark);
  }
  const uint64_t parts = std::max<uint64_t>(1, request.put_buffer_bytes / kPartBytes);
  config.multipart_parallel = std::min(config.multipart_parallel, parts);
  std::unique_ptr<S3Sink> sink(new S3Sink(std::move(config), request.log));
  Patience patience(call);
  TM_TRY(sink->connect(patience, call));
  if (request.read_only) {
    sink->client_->set_in_use();
    return sink;
  }
  Probe probe(*sink, patience, call);
  TM_TRY(probe.run(&sink->traits_));
  sink->client_->set_in_use();
  log_traits(sink->traits_, sink->config_.name_of(""), probe.no_multipart(), request.log);
  return sink;
}

Status S3Sink::connect(Patience& patience, const Call& call) {
  Result<std::unique_ptr<Transport>> transport = Transport::make(config_.transport);
  if (!transport) return transport.error();
  transport_ = std::move(*transport);
  TransportOptions by_system = config_.transport;
  by_system.ca_file = config_.public_ca_file;
  by_system.ca_from = config_.public_ca_from;
  transport = Transport::make(by_system);
  if (!transport) return transport.error();
  public_transport_ = std::move(*transport);

  const std::string own = config_.endpoint_scheme + "://" + config_.endpoint_host;
  const Fetch fetch = [this, own](HttpRequest& asked, const Call& asking) {
    const bool is_own =
        !config_.endpoint_host.empty() && asked.url.starts_with(own) &&
        (asked.url.size() == own.size() || asked.url[own.size()] == '/' || asked.url[own.size()] == '?');
    return (is_own ? transport_ : public_transport_)->fetch(asked, asking);
  };
  Result<std::unique_ptr<CredentialsProvider>> credentials = make_provider(config_.credentials, fetch, log_);
  if (!credentials) return credentials.error();
  credentials_ = std::move(*credentials);
  client_ = std::make_unique<Client>(config_, config_.region.empty() ? kDefaultRegion : config_.region,
                                     *transport_, *credentials_, log_);

  return find_bucket(patience, config_.region.empty(), call);
}

// The first request proves credentials, region and bucket, and costs the store next to nothing.
Status S3Sink::find_bucket(Patience& patience, bool is_region_guessed, const Call& call) {
  Request request = bucket_request("open", "GET", "s3:ListBucket");
  request.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", "1"}};
  if (!config_.prefix.empty()) request.query.emplace_back("prefix", config_.prefix);
  while (true) {
    const Result<StoreAnswer> answer = client_->ask(request, patience, call);
    if (!answer) {
      Error error = answer.error();
      // The bucket in the host's name is what a resolver, and a certificate, often do not know.
      const bool is_of_name = error.message.find("resolve host") != std::string::npos ||
                              error.message.find("another host's") != std::string::npos;
      if (!config_.path_style && is_of_name) {
        error.message += "; the host begins with the bucket's name, path_style=true asks without";
      }
      return error;
    }
    const Result<ListPage> page = parse_list(answer->text, config_.prefix);
    if (page && answer->status == 200) {
      traits_.has_request_ids = has_request_id(*answer);
      return {};
    }
    Error error = error_of_bucket(*answer, request.what);
    if (answer->is_ok() && error.code.empty()) {
      error = not_a_page(*answer, page, request.what);
    } else {
      error.message += hint(*answer, config_, client_->region(), is_region_guessed);
    }
    if (!answer->is_ok() || !patience.wait(error)) return error;
  }
}

}  // namespace tidemark::sinks::s3

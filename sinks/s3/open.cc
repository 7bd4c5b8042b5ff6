// Opening: options, credentials, the bucket, and what the store can.
#include <algorithm>

#include "s3/digests.h"
#include "s3/probe.h"
#include "s3/s3_sink.h"
#include "s3/upload.h"
#include "s3/xml.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr uint64_t kPartBytes =
    800 << 10;  // what a part on its way takes: a piece of the body, libcurl's buffers
constexpr const char* kDefaultRegion = "us-east-1";

void log_traits(const Traits& traits, const std::string& where, const HostLog& log) {
  if (!traits.conditional_put) {
    log.write(TIDEMARK_LOG_WARN, where +
                                     ": the store does not honour If-None-Match on PUT; objects are created "
                                     "by HEAD, then PUT, which is safe against one's own repeats only");
  }
  if (!traits.multipart) {
    log.write(TIDEMARK_LOG_WARN,
              where + ": the store has no multipart uploads; objects go in one request, up to 5 GiB");
  } else if (!traits.conditional_complete) {
    log.write(TIDEMARK_LOG_WARN, where +
                                     ": the store does not honour If-None-Match on CompleteMultipartUpload; "
                                     "large objects are created by HEAD, Complete and a look at the result");
  }
  if (traits.checksum == Checksum::kMd5) {
    log.write(TIDEMARK_LOG_INFO,
              where + ": the store does not check x-amz-checksum-crc32c; bodies have Content-MD5");
  }
}

}  // namespace

Result<std::unique_ptr<S3Sink>> S3Sink::open(const OpenRequest& request, const Call& call) {
  Result<Config> config = parse_config(request.url, request.options, request.option_count);
  if (!config) return tl::unexpected(config.error());
  if (Status ok = check_digests(); !ok) return tl::unexpected(ok.error());
  const uint64_t parts = std::max<uint64_t>(1, request.put_buffer_bytes / kPartBytes);
  config->multipart_parallel = std::min(config->multipart_parallel, parts);
  std::unique_ptr<S3Sink> sink(new S3Sink(std::move(*config), request.log));
  if (Status ok = sink->connect(call); !ok) return tl::unexpected(ok.error());
  if (request.read_only) return sink;
  sweep_uploads(*sink, call);
  if (Status ok = Probe(*sink, call).run(&sink->traits_); !ok) return tl::unexpected(ok.error());
  log_traits(sink->traits_, sink->config_.name_of(""), request.log);
  return sink;
}

// The first request proves credentials, region and bucket, and costs the store next to nothing.
Status S3Sink::connect(const Call& call) {
  Result<std::unique_ptr<Transport>> transport = Transport::make(config_.transport);
  if (!transport) return tl::unexpected(transport.error());
  transport_ = std::move(*transport);
  TransportOptions by_system = config_.transport;
  by_system.ca_file.clear();
  transport = Transport::make(by_system);
  if (!transport) return tl::unexpected(transport.error());
  public_transport_ = std::move(*transport);

  const std::string own = config_.endpoint_scheme + "://" + config_.endpoint_host;
  const Fetch fetch = [this, own](const HttpRequest& asked, const Call& asking) {
    const bool is_own =
        !config_.endpoint_host.empty() && asked.url.starts_with(own) &&
        (asked.url.size() == own.size() || asked.url[own.size()] == '/' || asked.url[own.size()] == '?');
    return (is_own ? transport_ : public_transport_)->fetch(asked, asking);
  };
  Result<std::unique_ptr<CredentialsProvider>> credentials =
      CredentialsProvider::make(config_.credentials, fetch, log_);
  if (!credentials) return tl::unexpected(credentials.error());
  credentials_ = std::move(*credentials);
  const Result<std::string> region = credentials_->region(call);
  if (!region) return tl::unexpected(region.error());
  if (!region->empty() && !is_region(*region)) {
    return fail(TIDEMARK_E_INVALID,
                "the region " + quote(*region) +
                    " of the environment or profile is none; write one like eu-central-1");
  }
  client_ = std::make_unique<Client>(config_, region->empty() ? kDefaultRegion : *region, *transport_,
                                     *credentials_, log_);

  Request request = bucket_request("open", "GET");
  const std::string what = request.what;
  request.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", "1"}};
  if (!config_.prefix.empty()) request.query.emplace_back("prefix", config_.prefix);
  Result<StoreAnswer> answer = client_->send(std::move(request), call);
  if (!answer) return tl::unexpected(answer.error());
  if (!answer->is_ok()) {
    Error error = error_of(*answer, what);
    if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;
    return tl::unexpected(std::move(error));
  }
  const Result<ListPage> page = parse_list(std::move(answer->text));
  if (!page) return tl::unexpected(within(what, page.error()));
  return {};
}

}  // namespace tidemark::sinks::s3

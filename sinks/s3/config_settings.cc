// Where the store is, put together from options, environment and profile.
#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "base/line.h"
#include "common/invalid.h"
#include "http/endpoint.h"
#include "http/uri_encode.h"
#include "s3/config.h"

namespace tidemark::sinks::s3 {
namespace {

bool is_address(std::string_view host) {
  if (host.starts_with('[')) return true;
  in_addr v4;
  return inet_pton(AF_INET, std::string(host.substr(0, host.find(':'))).c_str(), &v4) == 1;
}

// What an ordinary bucket's requests are not understood by.
Status check_supported(const Config& config) {
  const std::pair<const char*, const char*> buckets[] = {
      {"--x-s3", "a directory bucket of S3 Express One Zone"},
      {"--op-s3", "an access point of S3 on Outposts"},
      {"--ol-s3", "an access point of S3 Object Lambda"},
      {".mrap", "a multi-region access point"}};
  const std::pair<const char*, const char*> hosts[] = {{"s3express", "S3 Express One Zone"},
                                                       {"s3-outposts", "S3 on Outposts"},
                                                       {"s3-object-lambda", "S3 Object Lambda"},
                                                       {"s3-global", "multi-region access points"}};
  if (!config.endpoint_host.empty() && !is_aws_host(config.endpoint_host)) return {};
  for (const auto& [ending, what] : buckets) {
    if (!config.bucket.ends_with(ending)) continue;
    return invalid("url: " + quote(config.bucket) + " is " + what +
                   ", which is not supported; give the name of an "
                   "ordinary bucket");
  }
  for (const auto& [label, what] : hosts) {
    if (config.endpoint_host.find(label) == std::string::npos) continue;
    return invalid(config.endpoint_from + ": " + quote(config.endpoint_host) + " is a host of " + what +
                   ", which is not supported; give an endpoint of S3 itself");
  }
  return {};
}

Status apply_region(Settings* settings, Config* config) {
  if (!settings->region) return settings->region.error();
  config->region = settings->region->value;
  const std::string of_host = region_in_host(config->endpoint_host);
  if (config->region.empty()) {
    config->region = of_host;
    if (of_host.empty() && !settings->remarks.empty()) {
      settings->remarks.push_back("no region is given: requests are signed for us-east-1");
    }
  } else if (!of_host.empty() && of_host != config->region) {
    settings->remarks.push_back("the endpoint " + quote(config->endpoint_host) +
                                " looks like one of region " + of_host + ", and " + settings->region->from +
                                " is " + config->region + ", which requests are signed for");
  } else if (config->endpoint_host.empty() && !is_aws_region(config->region)) {
    settings->remarks.push_back(settings->region->from + ": " + quote(config->region) +
                                " does not look like a region of AWS; they are like eu-central-1");
  }
  config->credentials.region = config->region;
  return {};
}

// FIPS and dual stack are kinds of AWS's own hosts.
Status apply_host_kind(Settings* settings, Config* config) {
  for (const Setting* wish : {&settings->fips, &settings->dual_stack}) {
    if (!*wish || config->endpoint_host.empty()) continue;
    settings->remarks.push_back(wish->from + " changes nothing: the endpoint is " +
                                quote(config->endpoint_host) + ", by " + config->endpoint_from);
  }
  if (!config->endpoint_host.empty()) return {};
  config->host_kind = {.fips = static_cast<bool>(settings->fips),
                       .dual_stack = static_cast<bool>(settings->dual_stack)};
  Status ok = check_host_kind(config->region, config->host_kind);
  if (!ok) ok.error().message = settings->fips.from + ": " + ok.error().message;
  return ok;
}

}  // namespace

Status set_endpoint(std::string_view text, const std::string& from, Config* config) {
  const auto wrong = [&](const std::string& why) { return invalid(from + endpoint_text(text) + " " + why); };
  if (text.substr(0, text.find_first_of("/?#", text.find("://") + 3)).find('@') != std::string_view::npos) {
    return invalid(from + ": no user or password belongs in it; pass credentials as options");
  }
  Result<Endpoint> endpoint = parse_endpoint(text);
  if (!endpoint) return wrong(endpoint.error().message + "; write https://host or https://host:port/path");
  if (endpoint->path.find('?') != std::string::npos) {
    return wrong("has a query, which no request to a store could keep; leave it out");
  }
  std::string path = std::move(endpoint->path);
  while (path.ends_with('/')) path.pop_back();
  if (!is_plain_path(path)) {
    return wrong("has a path with something else than names of A-Z a-z 0-9 - . _ ~ between single slashes");
  }
  config->endpoint_scheme = endpoint->tls ? "https" : "http";
  config->endpoint_host = std::move(endpoint->host);
  for (char& c : config->endpoint_host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  config->endpoint_path = std::move(path);
  config->endpoint_from = from;
  return {};
}

Status settle_path_style(Config* config, const std::string& said_by) {
  const std::string& said = config->path_style_said;
  if (said == "false" && !config->endpoint_path.empty()) {
    return invalid(said_by + ": bucket.host/key does not go with an endpoint that has a path (" +
                   config->endpoint_from + "); leave it at auto");
  }
  if (said == "false" && is_address(config->endpoint_host)) {
    return invalid(said_by + ": the endpoint " + quote(config->endpoint_host) +
                   " is an address, and no bucket's name can come before it; leave it at auto");
  }
  if (said != "auto") {
    config->path_style = said == "true";
    return {};
  }
  // A bucket with a dot matches no certificate for *.host; the same goes for names that are not host names.
  const bool is_host_name = std::all_of(config->bucket.begin(), config->bucket.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  const bool is_aws = config->endpoint_host.empty() || is_aws_host(config->endpoint_host);
  config->path_style = !is_aws || !is_host_name || !config->endpoint_path.empty();
  return {};
}

Status apply_settings(Settings* settings, Config* config) {
  if (config->endpoint_host.empty()) {
    const bool wants_aws = config->credentials.fips == "true" || config->credentials.dual_stack == "true";
    const Result<Setting>& url = settings->endpoint_url;
    if (!url && !wants_aws) return url.error();
    if (url && *url && !wants_aws) {
      if (Status ok = set_endpoint(url->value, url->from, config); !ok) {
        ok.error().message += "; or set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true, or give option endpoint";
        return ok;
      }
    }
  }
  TM_TRY(check_supported(*config));
  if (!config->sign_payload && !config->is_tls()) {
    return invalid("option \"payload\": unsigned bodies go over https only; " + config->endpoint_from +
                   " is http");
  }
  std::string said_by = "option \"path_style\"";
  if (config->path_style_said == "auto") {
    const Result<Setting>& style = settings->addressing_style;
    if (!style) return style.error();
    said_by = style->from;
    if (style->value == "path") config->path_style_said = "true";
    // For an address auto is what AWS's own tools make of it.
    if (style->value == "virtual" && !is_address(config->endpoint_host)) config->path_style_said = "false";
  }
  TM_TRY(settle_path_style(config, said_by));
  TM_TRY(apply_region(settings, config));
  config->public_ca_file = settings->ca_bundle.value;
  config->public_ca_from = settings->ca_bundle.from;
  if (config->transport.ca_file.empty() && settings->ca_bundle) {
    config->transport.ca_file = settings->ca_bundle.value;
    config->transport.ca_from = settings->ca_bundle.from;
  }
  return apply_host_kind(settings, config);
}

}  // namespace tidemark::sinks::s3

#include "s3/auth/aws_host.h"

#include <algorithm>
#include <array>

#include "base/line.h"

namespace tidemark::sinks::s3 {
namespace {

struct Partition {
  std::string_view region_prefix;
  std::string_view domain;
  std::string_view dual_stack_domain;  // of STS; S3 has its own way
  bool s3_fips;
  bool sts_fips_is_plain;  // sts.<region> is what others call sts-fips.<region>
};

constexpr Partition kAws = {"", "amazonaws.com", "api.aws", true, false};
constexpr std::array<Partition, 7> kOthers = {{
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", false, false},
    {"us-gov-", "amazonaws.com", "api.aws", true, true},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov", true, false},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud", true, false},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", true, false},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", true, false},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu", true, false},
}};

const Partition& partition_of(std::string_view region) {
  for (const Partition& one : kOthers) {
    if (region.starts_with(one.region_prefix)) return one;
  }
  return kAws;
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host;
  return host.substr(0, host.find(':'));
}

bool is_below(std::string_view host, std::string_view domain) {
  return host.size() > domain.size() && host.ends_with(domain) &&
         host[host.size() - domain.size() - 1] == '.';
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string s3_host(std::string_view region, HostKind kind) {
  std::string host = kind.fips ? "s3-fips." : "s3.";
  if (kind.dual_stack) host += "dualstack.";
  return host.append(region).append(".").append(partition_of(region).domain);
}

std::string sts_host(std::string_view region, HostKind kind) {
  const Partition& partition = partition_of(region);
  // With dual stack the name is the same everywhere.
  const bool is_plain = !kind.fips || (partition.sts_fips_is_plain && !kind.dual_stack);
  std::string host = is_plain ? "sts." : "sts-fips.";
  return host.append(region).append(".").append(kind.dual_stack ? partition.dual_stack_domain
                                                                : partition.domain);
}

Status check_host_kind(std::string_view region, HostKind kind) {
  if (!kind.fips || partition_of(region).s3_fips) return {};
  return fail(TIDEMARK_E_INVALID, "there are no FIPS endpoints of S3 in region " + quote(region));
}

bool is_aws_host(std::string_view host) {
  host = without_port(host);
  return is_below(host, kAws.domain) ||
         std::any_of(kOthers.begin(), kOthers.end(),
                     [&](const Partition& one) { return is_below(host, one.domain); });
}

std::string region_in_host(std::string_view host) {
  host = without_port(host);
  // The labels after the one that names the service.
  for (bool after_service = false; !host.empty();) {
    const std::string_view label = host.substr(0, host.find('.'));
    host.remove_prefix(std::min(label.size() + 1, host.size()));
    if (host.empty()) break;  // the last one is a domain
    if (after_service && label != "dualstack") return is_aws_region(label) ? std::string(label) : "";
    after_service = after_service || label == "s3" || label == "s3-fips";
  }
  return "";
}

bool is_aws_region(std::string_view region) {
  const size_t first = region.find('-');
  const size_t last = region.rfind('-');
  if (first == std::string_view::npos || first == last || first < 2 || first > 4) return false;
  return is_digits(region.substr(last + 1)) && last + 3 >= region.size() &&
         std::all_of(region.begin(), region.begin() + static_cast<std::ptrdiff_t>(last),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

std::string plain_region(std::string region, bool* fips) {
  if (region == "aws-global") return "us-east-1";
  if (region.starts_with("fips-")) {
    region.erase(0, 5);
  } else if (region.ends_with("-fips")) {
    region.resize(region.size() - 5);
  } else {
    return region;
  }
  *fips = true;
  return region;
}

}  // namespace tidemark::sinks::s3

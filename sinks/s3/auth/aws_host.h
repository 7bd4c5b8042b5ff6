// The hosts of AWS: by partition, region and kind of endpoint
// (https://docs.aws.amazon.com/general/latest/gr/s3.html). Kept up by hand: the partitions' domains are few,
// and regions need no list.
//
// Any thread; pure.
#ifndef TIDEMARK_SINKS_S3_AUTH_AWS_HOST_H
#define TIDEMARK_SINKS_S3_AUTH_AWS_HOST_H

#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::sinks::s3 {

struct HostKind {
  bool fips = false;
  bool dual_stack = false;  // IPv4 and IPv6
};

// An unknown region counts as one of the partition "aws".
std::string s3_host(std::string_view region, HostKind kind);
std::string sts_host(std::string_view region, HostKind kind);

// INVALID where a partition does not have what `kind` asks for.
Status check_host_kind(std::string_view region, HostKind kind);

// Of any partition; with a port or without.
bool is_aws_host(std::string_view host);

// "us-east-1" in "s3.us-east-1.amazonaws.com", also of other stores whose hosts look like that; empty where
// there is none.
std::string region_in_host(std::string_view host);

// Whether it looks like a region of AWS: "eu-central-1", "us-gov-west-1".
bool is_aws_region(std::string_view region);

// What users write for a region and AWS's own tools take: "fips-us-gov-west-1", "us-east-1-fips",
// "aws-global". Gives the region, and sets *fips where the name says so.
std::string plain_region(std::string region, bool* fips);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_AWS_HOST_H

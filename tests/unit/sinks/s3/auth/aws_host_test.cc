#include "s3/auth/aws_host.h"

#include <gtest/gtest.h>

namespace tidemark::sinks::s3 {
namespace {

// As botocore's rules have them; s3.settings.oracle compares with those that are installed.
TEST(AwsHost, OfEveryPartition) {
  struct Case {
    const char *region, *s3, *s3_fips_dual, *sts, *sts_fips, *sts_dual;
  };
  for (const Case& c :
       {Case{"us-east-1", "s3.us-east-1.amazonaws.com", "s3-fips.dualstack.us-east-1.amazonaws.com",
             "sts.us-east-1.amazonaws.com", "sts-fips.us-east-1.amazonaws.com", "sts.us-east-1.api.aws"},
        Case{"cn-north-1", "s3.cn-north-1.amazonaws.com.cn", "s3-fips.dualstack.cn-north-1.amazonaws.com.cn",
             "sts.cn-north-1.amazonaws.com.cn", "sts-fips.cn-north-1.amazonaws.com.cn",
             "sts.cn-north-1.api.amazonwebservices.com.cn"},
        Case{"us-gov-west-1", "s3.us-gov-west-1.amazonaws.com",
             "s3-fips.dualstack.us-gov-west-1.amazonaws.com", "sts.us-gov-west-1.amazonaws.com",
             "sts.us-gov-west-1.amazonaws.com", "sts.us-gov-west-1.api.aws"},
        Case{"us-iso-east-1", "s3.us-iso-east-1.c2s.ic.gov", "s3-fips.dualstack.us-iso-east-1.c2s.ic.gov",
             "sts.us-iso-east-1.c2s.ic.gov", "sts-fips.us-iso-east-1.c2s.ic.gov",
             "sts.us-iso-east-1.api.aws.ic.gov"},
        Case{"us-isob-east-1", "s3.us-isob-east-1.sc2s.sgov.gov",
             "s3-fips.dualstack.us-isob-east-1.sc2s.sgov.gov", "sts.us-isob-east-1.sc2s.sgov.gov",
             "sts-fips.us-isob-east-1.sc2s.sgov.gov", "sts.us-isob-east-1.api.aws.scloud"},
        Case{"eu-isoe-west-1", "s3.eu-isoe-west-1.cloud.adc-e.uk",
             "s3-fips.dualstack.eu-isoe-west-1.cloud.adc-e.uk", "sts.eu-isoe-west-1.cloud.adc-e.uk",
             "sts-fips.eu-isoe-west-1.cloud.adc-e.uk", "sts.eu-isoe-west-1.api.cloud-aws.adc-e.uk"},
        Case{"us-isof-south-1", "s3.us-isof-south-1.csp.hci.ic.gov",
             "s3-fips.dualstack.us-isof-south-1.csp.hci.ic.gov", "sts.us-isof-south-1.csp.hci.ic.gov",
             "sts-fips.us-isof-south-1.csp.hci.ic.gov", "sts.us-isof-south-1.api.aws.hci.ic.gov"},
        Case{"eusc-de-east-1", "s3.eusc-de-east-1.amazonaws.eu",
             "s3-fips.dualstack.eusc-de-east-1.amazonaws.eu", "sts.eusc-de-east-1.amazonaws.eu",
             "sts-fips.eusc-de-east-1.amazonaws.eu", "sts.eusc-de-east-1.api.amazonwebservices.eu"},
        Case{"xx-new-9", "s3.xx-new-9.amazonaws.com", "s3-fips.dualstack.xx-new-9.amazonaws.com",
             "sts.xx-new-9.amazonaws.com", "sts-fips.xx-new-9.amazonaws.com", "sts.xx-new-9.api.aws"}}) {
    EXPECT_EQ(s3_host(c.region, {}), c.s3);
    EXPECT_EQ(s3_host(c.region, {.fips = true, .dual_stack = true}), c.s3_fips_dual);
    EXPECT_EQ(sts_host(c.region, {}), c.sts);
    EXPECT_EQ(sts_host(c.region, {.fips = true}), c.sts_fips);
    EXPECT_EQ(sts_host(c.region, {.dual_stack = true}), c.sts_dual);
    EXPECT_TRUE(is_aws_host(c.s3)) << c.s3;
    EXPECT_EQ(static_cast<bool>(check_host_kind(c.region, {.fips = true})),
              c.region != std::string("cn-north-1"));
    EXPECT_TRUE(check_host_kind(c.region, {.dual_stack = true}));
  }
  EXPECT_EQ(sts_host("us-gov-west-1", {.fips = true, .dual_stack = true}), "sts-fips.us-gov-west-1.api.aws");
}

TEST(AwsHost, IsToldFromOthers) {
  for (const char* host :
       {"s3.amazonaws.com", "s3.us-east-1.amazonaws.com:443", "b.s3.eu-west-1.amazonaws.com"}) {
    EXPECT_TRUE(is_aws_host(host)) << host;
  }
  for (const char* host : {"", "amazonaws.com", "xamazonaws.com", "amazonaws.com.example", "localhost:9000",
                           "[::1]:9000", "s3.amazonaws.com.evil"}) {
    EXPECT_FALSE(is_aws_host(host)) << host;
  }
}

TEST(AwsHost, TellsItsRegion) {
  const std::pair<const char*, const char*> cases[] = {
      {"s3.eu-west-3.amazonaws.com", "eu-west-3"},
      {"s3-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
      {"s3.dualstack.eu-west-3.amazonaws.com:443", "eu-west-3"},
      {"bucket.vpce-1a2b-3c.s3.us-east-1.vpce.amazonaws.com", "us-east-1"},
      {"s3.eu-central-1.wasabisys.com", "eu-central-1"},
      {"s3.amazonaws.com", ""},
      {"s3.us-west-004.backblazeb2.com", ""},
      {"store.example", ""},
      {"s3.eu-west-1", ""},
      {"[::1]:9000", ""},
      {"", ""}};
  for (const auto& [host, region] : cases) EXPECT_EQ(region_in_host(host), region) << host;
}

TEST(AwsHost, KnowsWhatRegionsLookLike) {
  for (const char* region :
       {"eu-central-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1", "ap-southeast-12"}) {
    EXPECT_TRUE(is_aws_region(region)) << region;
  }
  for (const char* region : {"", "eu", "eu-west", "eu-west1", "europe-west-1", "EU-west-1", "us-west-004",
                             "x-y-1", "garage", "eu-west-", "-eu-1"}) {
    EXPECT_FALSE(is_aws_region(region)) << region;
  }
  bool fips = false;
  EXPECT_EQ(plain_region("aws-global", &fips), "us-east-1");
  EXPECT_EQ(plain_region("eu-west-1", &fips), "eu-west-1");
  EXPECT_FALSE(fips);
  EXPECT_EQ(plain_region("us-east-1-fips", &fips), "us-east-1");
  EXPECT_TRUE(std::exchange(fips, false));
  EXPECT_EQ(plain_region("fips-us-gov-west-1", &fips), "us-gov-west-1");
  EXPECT_TRUE(fips);
}

}  // namespace
}  // namespace tidemark::sinks::s3

// Where settings come from, and what they make of a url: region, endpoints, certificates, kinds of hosts.
#include "s3/auth/settings.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "s3/auth/world.h"
#include "s3/config.h"

namespace tidemark::sinks::s3 {
namespace {

class SettingsTest : public ::testing::Test {
 protected:
  Settings find(const CredentialOptions& options = {}) {
    return find_settings(options, world_.surroundings().environment);
  }
  // A url with what lies around it.
  Result<Config> config_of(const std::string& text) {
    const Result<Url> url = parse_url(text);
    if (!url) return url.error();
    Result<Config> config = parse_config(*url, nullptr, 0);
    if (!config) return config;
    Settings settings = find(config->credentials);
    const Status ok = apply_settings(&settings, &*config);
    remarks_ = settings.remarks;
    if (!ok) return ok.error();
    return config;
  }
  // Where the key "k" is asked for.
  std::string where(const std::string& text) {
    const Result<Config> config = config_of(text);
    if (!config) return config.error().message;
    const Address address = address_of(*config, config->region.empty() ? "us-east-1" : config->region);
    return address.scheme + "://" + address.host + address.object_path(config->prefix + "k");
  }
  void expect_refused(const std::string& url, const std::vector<std::string>& words) {
    const Result<Config> config = config_of(url);
    ASSERT_FALSE(config) << url;
    EXPECT_EQ(config.error().status, TIDEMARK_E_INVALID);
    for (const std::string& word : words) {
      EXPECT_NE(config.error().message.find(word), std::string::npos)
          << word << " in " << config.error().message;
    }
  }
  void expect_remark(const std::string& words) {
    for (const std::string& remark : remarks_) {
      if (remark.find(words) != std::string::npos) return;
    }
    ADD_FAILURE() << "nobody says " << words
                  << "; said: " << (remarks_.empty() ? "nothing" : remarks_.front());
  }

  World world_;
  std::vector<std::string> remarks_;
};

// Each place is filled, and the first of them counts; then it is emptied.
TEST_F(SettingsTest, AnEndpointIsLookedForInOrder) {
  world_.write(".aws/config",
               "[profile p]\nendpoint_url = https://global.profile\nservices = here\n"
               "[services here]\ns3 =\n  endpoint_url = https://s3.profile\n"
               "sts =\n  endpoint_url = https://sts.profile\n");
  world_.variables["AWS_PROFILE"] = "p";
  world_.variables["AWS_ENDPOINT_URL"] = "https://global.variable";
  world_.variables["AWS_ENDPOINT_URL_S3"] = "https://s3.variable";
  world_.variables["AWS_ENDPOINT_URL_STS"] = "https://sts.variable";
  EXPECT_EQ(where("s3://bucket?endpoint=https://option"), "https://option/bucket/k");
  EXPECT_EQ(where("s3://bucket"), "https://s3.variable/bucket/k");
  EXPECT_EQ(find().sts_endpoint_url->value, "https://sts.variable");
  CredentialOptions options;
  options.sts_endpoint = "https://sts.option";
  EXPECT_EQ(find(options).sts_endpoint_url->value, "https://sts.option");
  world_.variables.erase("AWS_ENDPOINT_URL_S3");
  world_.variables.erase("AWS_ENDPOINT_URL_STS");
  EXPECT_EQ(where("s3://bucket"), "https://global.variable/bucket/k");
  EXPECT_EQ(find().sts_endpoint_url->value, "https://global.variable");
  world_.variables.erase("AWS_ENDPOINT_URL");
  EXPECT_EQ(where("s3://bucket"), "https://s3.profile/bucket/k");
  EXPECT_EQ(find().endpoint_url->from, "s3.endpoint_url in [services here]");
  EXPECT_EQ(find().sts_endpoint_url->value, "https://sts.profile");
  world_.write(".aws/config", "[profile p]\nendpoint_url = https://global.profile\n");
  EXPECT_EQ(where("s3://bucket"), "https://global.profile/bucket/k");
  EXPECT_EQ(find().endpoint_url->from, "endpoint_url of profile \"p\"");
  EXPECT_EQ(find().sts_endpoint_url->value, "https://global.profile");
  world_.write(".aws/credentials", "[p]\nendpoint_url = https://of.credentials\n");
  EXPECT_EQ(where("s3://bucket"), "https://of.credentials/bucket/k");

  world_.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "True";
  world_.variables["AWS_ENDPOINT_URL_S3"] = "https://s3.variable";
  EXPECT_EQ(where("s3://bucket"), "https://bucket.s3.us-east-1.amazonaws.com/k");
  EXPECT_EQ(find().sts_endpoint_url->value, "");
  EXPECT_EQ(where("s3://bucket?endpoint=https://option"), "https://option/bucket/k")
      << "that is nobody's configuration";
  world_.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "false";
  world_.write(".aws/config", "[profile p]\nignore_configured_endpoint_urls = true\n");
  EXPECT_EQ(where("s3://bucket"), "https://s3.variable/bucket/k") << "the variable comes before the profile";
  world_.variables.erase("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  EXPECT_EQ(where("s3://bucket"), "https://bucket.s3.us-east-1.amazonaws.com/k");
}

TEST_F(SettingsTest, AnEndpointThatIsWrongIsRefusedWithItsPlace) {
  world_.variables["AWS_ENDPOINT_URL_S3"] = "store:9000";
  expect_refused("s3://bucket",
                 {"AWS_ENDPOINT_URL_S3", "store:9000", "https://", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"});
  world_.variables["AWS_ENDPOINT_URL_S3"] = "https://me:hush@store";
  expect_refused("s3://bucket", {"AWS_ENDPOINT_URL_S3", "no user or password"});
  EXPECT_EQ(where("s3://bucket").find("hush"), std::string::npos);
  world_.variables.erase("AWS_ENDPOINT_URL_S3");
  world_.write(".aws/config", "[default]\nservices = gone\n");
  expect_refused("s3://bucket", {"services of profile \"default\"", "[services gone]"});
  EXPECT_EQ(where("s3://bucket?endpoint=https://option"), "https://option/bucket/k") << "nobody needs it";
  world_.write(".aws/config", "[default]\nendpoint_url = http://store\n");
  expect_refused("s3://bucket?payload=unsigned", {"payload", "endpoint_url of profile"});
}

TEST_F(SettingsTest, TheRegionIsLookedForLast) {
  world_.write(".aws/config", "[default]\nregion = eu-west-1\n[profile p]\nregion = eu-west-2\n");
  world_.write(".aws/credentials", "[p]\nregion = eu-west-3\n");
  EXPECT_EQ(config_of("s3://bucket")->region, "eu-west-1");
  world_.variables["AWS_DEFAULT_PROFILE"] = "p";
  EXPECT_EQ(config_of("s3://bucket")->region, "eu-west-3");
  world_.variables["AWS_DEFAULT_REGION"] = "eu-north-1";
  EXPECT_EQ(config_of("s3://bucket")->region, "eu-north-1");
  world_.variables["AWS_REGION"] = "eu-south-1";
  EXPECT_EQ(config_of("s3://bucket")->region, "eu-south-1");
  const Result<Config> config = config_of("s3://bucket?region=eu-central-1");
  EXPECT_EQ(config->region, "eu-central-1");
  EXPECT_EQ(config->credentials.region, "eu-central-1");
  EXPECT_TRUE(remarks_.empty());
  world_.variables["AWS_REGION"] = "eu west";
  expect_refused("s3://bucket", {"AWS_REGION", "eu west"});
  EXPECT_EQ(config_of("s3://bucket?region=eu-central-1")->region, "eu-central-1");
}

// Whatever the shared files look like: who has keys elsewhere can do without them, and hears of it.
TEST_F(SettingsTest, FilesThatTellNothingAreRemarkedUpon) {
  const auto expect_default = [&](const std::string& words) {
    SCOPED_TRACE(words);
    EXPECT_EQ(where("s3://bucket"), "https://bucket.s3.us-east-1.amazonaws.com/k");
    expect_remark(words);
    expect_remark("requests are signed for us-east-1");
    EXPECT_EQ(config_of("s3://bucket?region=eu-west-1")->region, "eu-west-1");
    EXPECT_EQ(remarks_.size(), 1U);
  };
  world_.write(".aws/config", "[default\nregion = x\n");
  expect_default(world_.path("/.aws/config") + "\", line 1");
  world_.write(".aws/config", "\xFF\xFE[");
  expect_default("UTF-16");
  world_.write(".aws/config", std::string(kSmallFileMaxBytes + 1, '\n'));
  expect_default("larger than");
  std::filesystem::remove(world_.path(".aws/config"));
  std::filesystem::create_directory(world_.path(".aws/config"));
  expect_default("not a regular file");
  std::filesystem::remove(world_.path(".aws/config"));
  std::filesystem::create_symlink("config", world_.path(".aws/config"));
  expect_default("Too many levels of symbolic links");
  std::filesystem::remove(world_.path(".aws/config"));
  world_.write(".aws/credentials", "region = x\n");
  expect_default(world_.path("/.aws/credentials") + "\", line 1");
  std::filesystem::remove(world_.path(".aws/credentials"));
  world_.variables["AWS_PROFILE"] = "typo";
  expect_default("there is no profile \"typo\", which AWS_PROFILE names,");
  world_.variables.erase("AWS_PROFILE");
  EXPECT_EQ(config_of("s3://bucket")->region, "");
  EXPECT_TRUE(remarks_.empty()) << "no files are nothing to remark upon";
  world_.write(".aws/config", "[default]\nregion = eu west\n");
  EXPECT_EQ(config_of("s3://bucket")->region, "");
  expect_remark("region of profile \"default\": \"eu west\" is not a region");
}

// One file tells what it can although the other is broken.
TEST_F(SettingsTest, ABrokenFileDoesNotSilenceTheOther) {
  world_.write(".aws/config", "[default]\nregion = eu-west-1\n");
  world_.write(".aws/credentials", "broken\n");
  EXPECT_EQ(config_of("s3://bucket")->region, "eu-west-1");
  expect_remark("credentials\", line 1");
}

// As AWS's own tools, and told.
TEST_F(SettingsTest, FilesThatOthersMayUseAreTold) {
  world_.write(".aws/config", "[default]\nregion = eu-west-1\n");
  world_.write(".aws/credentials", "[default]\naws_access_key_id = a\naws_secret_access_key = s\n");
  ASSERT_EQ(chmod(world_.path(".aws/config").c_str(), 0644), 0);
  ASSERT_EQ(chmod(world_.path(".aws/credentials").c_str(), 0600), 0);
  EXPECT_EQ(config_of("s3://bucket")->region, "eu-west-1");
  EXPECT_TRUE(remarks_.empty());
  ASSERT_EQ(chmod(world_.path(".aws/credentials").c_str(), 0644), 0);
  EXPECT_EQ(config_of("s3://bucket")->region, "eu-west-1");
  expect_remark("its mode 0644 is open to others: chmod 600 ");
  EXPECT_EQ(remarks_.front().find("cannot read"), std::string::npos) << "it is read: " << remarks_.front();
  ASSERT_EQ(chmod(world_.path(".aws/config").c_str(), 0666), 0);
  EXPECT_EQ(config_of("s3://bucket")->region, "eu-west-1");
  expect_remark("others may write it: chmod go-w ");
}

TEST_F(SettingsTest, WhatThisUserMayNotReadIsNotThere) {
  world_.write(".aws/config", "[default]\nregion = eu-west-1\n");
  ASSERT_EQ(chmod(world_.path(".aws/config").c_str(), 0), 0);
  const bool is_root = geteuid() == 0;  // who may read everything
  if (is_root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  EXPECT_EQ(where("s3://bucket"), "https://bucket.s3.us-east-1.amazonaws.com/k");
  if (is_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  expect_remark("Permission denied");
}

TEST_F(SettingsTest, KindsOfHostsOfAws) {
  struct Case {
    const char *variable, *value, *config, *url, *where;
  };
  const char* none = "";
  for (const Case& c : {
           Case{"AWS_USE_FIPS_ENDPOINT", "true", none, "s3://bucket?region=us-east-1",
                "https://bucket.s3-fips.us-east-1.amazonaws.com/k"},
           Case{"AWS_USE_DUALSTACK_ENDPOINT", "TRUE", none, "s3://bucket?region=us-east-1",
                "https://bucket.s3.dualstack.us-east-1.amazonaws.com/k"},
           Case{"AWS_USE_FIPS_ENDPOINT", "1", none, "s3://bucket?region=us-east-1",
                "https://bucket.s3.us-east-1.amazonaws.com/k"},
           Case{"AWS_USE_FIPS_ENDPOINT", "true", "use_dualstack_endpoint = true\n",
                "s3://bucket?region=us-east-1", "https://bucket.s3-fips.dualstack.us-east-1.amazonaws.com/k"},
           Case{"AWS_USE_FIPS_ENDPOINT", "false", "use_fips_endpoint = true\n",
                "s3://bucket?region=us-east-1", "https://bucket.s3.us-east-1.amazonaws.com/k"},
           Case{"AWS_USE_FIPS_ENDPOINT", "true", none, "s3://bucket?region=us-east-1&use_fips_endpoint=false",
                "https://bucket.s3.us-east-1.amazonaws.com/k"},
           Case{"", "", none,
                "s3://bucket?region=us-gov-west-1&use_fips_endpoint=true&use_dualstack_endpoint=true",
                "https://bucket.s3-fips.dualstack.us-gov-west-1.amazonaws.com/k"},
           Case{"", "", "s3 =\n  use_dualstack_endpoint = true\n  addressing_style = path\n",
                "s3://bucket?region=eusc-de-east-1",
                "https://s3.dualstack.eusc-de-east-1.amazonaws.eu/bucket/k"},
           Case{"AWS_REGION", "fips-us-gov-west-1", none, "s3://bucket",
                "https://bucket.s3-fips.us-gov-west-1.amazonaws.com/k"},
           Case{"", "", "s3 =\n  addressing_style = path\n", "s3://bucket?path_style=false",
                "https://bucket.s3.us-east-1.amazonaws.com/k"},
           Case{"", "", "s3 =\n  addressing_style = virtual\n", "s3://bucket?endpoint=https://store",
                "https://bucket.store/k"},
           Case{"", "", "s3 =\n  addressing_style = virtual\n", "s3://bucket?endpoint=https://127.0.0.1:9000",
                "https://127.0.0.1:9000/bucket/k"},
           Case{"", "", "s3 =\n  addressing_style = auto\n", "s3://bucket?endpoint=https://store",
                "https://store/bucket/k"},
       }) {
    world_.write(".aws/config", std::string("[default]\n") + c.config);
    world_.variables.erase("AWS_USE_FIPS_ENDPOINT");
    world_.variables.erase("AWS_USE_DUALSTACK_ENDPOINT");
    world_.variables.erase("AWS_REGION");
    world_.variables[c.variable] = c.value;
    EXPECT_EQ(where(c.url), c.where) << c.url << " with " << c.variable << " and " << c.config;
  }
  world_.variables.erase("AWS_REGION");
  world_.write(".aws/config", "[default]\nuse_fips_endpoint = true\n");
  EXPECT_EQ(where("s3://bucket?endpoint=https://store"), "https://store/bucket/k");
  expect_remark("use_fips_endpoint of profile \"default\" changes nothing");
  expect_refused("s3://bucket?region=cn-north-1", {"use_fips_endpoint of profile \"default\"", "cn-north-1"});
  expect_refused("s3://bucket?endpoint=https://store&use_dualstack_endpoint=true",
                 {"use_dualstack_endpoint", "endpoint"});
  world_.write(".aws/config", "[default]\ns3 =\n  addressing_style = sideways\n");
  expect_refused("s3://bucket", {"s3.addressing_style of profile \"default\"", "auto, virtual, path"});
}

TEST_F(SettingsTest, CertificatesAreOfWhoNamesThem) {
  world_.write(".aws/config", "[default]\nca_bundle = /profile.pem\n");
  Result<Config> config = config_of("s3://bucket");
  EXPECT_EQ(config->transport.ca_file, "/profile.pem");
  EXPECT_EQ(config->public_ca_file, "/profile.pem");
  world_.variables["AWS_CA_BUNDLE"] = "/variable.pem";
  config = config_of("s3://bucket?ca_file=/option.pem");
  EXPECT_EQ(config->transport.ca_file, "/option.pem");
  EXPECT_EQ(config->public_ca_file, "/variable.pem");
}

TEST_F(SettingsTest, AnEndpointMayHaveAPath) {
  EXPECT_EQ(where("s3://bucket/p?endpoint=https://host/storage/v1/s3"),
            "https://host/storage/v1/s3/bucket/p/k");
  EXPECT_EQ(where("s3://bucket?endpoint=HTTP://Host:80/storage/v1/s3//"),
            "http://host/storage/v1/s3/bucket/k");
  EXPECT_EQ(where("s3://bucket?endpoint=http://[::1]:9000/a"), "http://[::1]:9000/a/bucket/k");
  const Result<Config> config = config_of("s3://bucket?endpoint=https://host/a/b");
  EXPECT_EQ(address_of(*config, "x").bucket_path(), "/a/b/bucket");
  world_.variables["AWS_ENDPOINT_URL"] = "https://host/storage/v1/s3/";
  EXPECT_EQ(where("s3://bucket"), "https://host/storage/v1/s3/bucket/k");
  expect_refused("s3://bucket?path_style=false", {"path_style", "AWS_ENDPOINT_URL", "has a path"});
  world_.variables.erase("AWS_ENDPOINT_URL");
  for (const char* path : {"/a//b", "/a/../b", "/./a", "/a%2520b", "/a+b", "/a:b"}) {
    expect_refused(std::string("s3://bucket?endpoint=https://host") + path, {"option \"endpoint\"", "path"});
  }
  expect_refused("s3://bucket?endpoint=https://host/%3Fx=y", {"has a query"});
}

TEST_F(SettingsTest, WhatIsNotSupportedIsSaid) {
  world_.write(".aws/config",
               "[default]\ns3 =\n  use_accelerate_endpoint = true\n  payload_signing_enabled = false\n"
               "  signature_version = s3\n  us_east_1_regional_endpoint = legacy\n");
  EXPECT_EQ(where("s3://bucket"), "https://bucket.s3.us-east-1.amazonaws.com/k");
  for (const char* name : {"s3.use_accelerate_endpoint", "s3.payload_signing_enabled", "s3.signature_version",
                           "s3.us_east_1_regional_endpoint"}) {
    expect_remark(std::string(name) + " of profile \"default\" = ");
  }
  world_.write(".aws/config",
               "[default]\ns3 =\n  use_accelerate_endpoint = false\n  signature_version = s3v4\n");
  EXPECT_TRUE(config_of("s3://bucket"));
  EXPECT_TRUE(remarks_.empty());
  expect_refused("s3://base--use1-az5--x-s3", {"S3 Express", "ordinary bucket"});
  expect_refused("s3://name--op-s3", {"Outposts"});
  expect_refused("s3://name--ol-s3", {"Object Lambda"});
  expect_refused("s3://mfzwi23gnjvgw.mrap", {"multi-region"});
  expect_refused("s3://arn:aws:s3:us-east-1:123456789012:accesspoint/mine", {"ARN", "bucket's name"});
  expect_refused("s3://bucket?endpoint=https://s3express-use1-az5.us-east-1.amazonaws.com", {"S3 Express"});
  EXPECT_EQ(where("s3://base--x-s3?endpoint=https://store"), "https://store/base--x-s3/k")
      << "a name like another";
}

TEST_F(SettingsTest, ARegionThatDoesNotGoWithItsHostIsRemarkedUpon) {
  EXPECT_EQ(config_of("s3://bucket?endpoint=https://s3.eu-west-3.amazonaws.com")->region, "eu-west-3");
  EXPECT_TRUE(remarks_.empty());
  EXPECT_EQ(config_of("s3://bucket?endpoint=https://s3.eu-west-3.amazonaws.com&region=eu-west-1")->region,
            "eu-west-1");
  expect_remark("looks like one of region eu-west-3, and option \"region\" is eu-west-1");
  EXPECT_TRUE(config_of("s3://bucket?region=eu-west1"));
  expect_remark("option \"region\": \"eu-west1\" does not look like a region of AWS");
  EXPECT_TRUE(config_of("s3://bucket?region=garage&endpoint=https://store"));
  EXPECT_TRUE(remarks_.empty());
}

}  // namespace
}  // namespace tidemark::sinks::s3

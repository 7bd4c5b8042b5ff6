#include "s3/auth/settings.h"

#include <algorithm>
#include <utility>

#include "base/line.h"
#include "s3/auth/aws_host.h"

namespace tidemark::sinks::s3 {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

bool is_true(const std::string& text) { return lower(text) == "true"; }

// One look at the environment and the profile.
class Search {
 public:
  Search(const CredentialOptions& options, const Environment& environment)
      : environment_(environment), files_(options.profile, environment) {}

  // What the files cannot say is said in `remarks`.
  void load(std::vector<std::string>* remarks) {
    const Status ok = files_.load();
    remarks->insert(remarks->end(), files_.remarks().begin(), files_.remarks().end());
    std::vector<std::string> reasons;
    if (!ok) reasons.push_back(ok.error().message);
    if (ok && files_.is_named() && !files_.has_profile()) {
      reasons.push_back(files_.missing(files_.name()));
    } else {
      reasons.insert(reasons.end(), files_.notes().begin(), files_.notes().end());
    }
    for (const std::string& reason : reasons) {
      remarks->push_back("the profile's settings of regions and endpoints are not used: " + reason);
    }
  }

  Setting variable(const char* name) const {
    std::string value = environment_(name);
    return value.empty() ? Setting{} : Setting{std::move(value), name};
  }
  Setting profile(const std::string& key) const { return {files_.value(key), key + of_profile()}; }
  Setting nested(const std::string& group, const std::string& key) const {
    return {files_.profiles().nested(files_.name(), group, key), group + "." + key + of_profile()};
  }
  Setting either(const char* name, const std::string& key) const {
    Setting found = variable(name);
    return found ? found : profile(key);
  }
  // Boolean ones are on or off; a value that is neither is off, as for AWS's own tools.
  Setting wanted(const std::string& option, const char* option_name, const char* name,
                 const std::string& key) const {
    Setting found =
        option.empty() ? either(name, key) : Setting{option, std::string("option \"") + option_name + "\""};
    return is_true(found.value) ? found : Setting{};
  }

  // Of `service`, "s3" or "sts".
  Result<Setting> endpoint_url(const char* variable_name, const std::string& service) const {
    if (const Setting ignore =
            either("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls");
        is_true(ignore.value)) {
      return Setting{};
    }
    for (const char* name : {variable_name, "AWS_ENDPOINT_URL"}) {
      if (Setting found = variable(name)) return found;
    }
    if (const std::string services = files_.value("services"); !services.empty()) {
      if (!files_.profiles().has_services(services)) {
        return fail(TIDEMARK_E_INVALID, "services" + of_profile() + " names a section [services " + services +
                                            "], and there is none; add it, or remove the setting");
      }
      const std::string found = files_.profiles().service_value(services, service, "endpoint_url");
      if (!found.empty()) return Setting{found, service + ".endpoint_url in [services " + services + "]"};
    }
    return profile("endpoint_url");
  }

  const SharedFiles& files() const { return files_; }

 private:
  std::string of_profile() const { return " of profile " + quote(files_.name()); }

  const Environment& environment_;
  SharedFiles files_;
};

// The region comes last: a user who gives one needs no files, and one who gives none can do without.
Result<Setting> find_region(const CredentialOptions& options, const Search& search,
                            std::vector<std::string>* remarks) {
  if (!options.region.empty()) return Setting{options.region, "option \"region\""};
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    Setting found = search.variable(name);
    if (!found) continue;
    if (is_region(found.value)) return found;
    return fail(TIDEMARK_E_INVALID, std::string(name) + ": " + quote(found.value) +
                                        " is not a region; write one like eu-central-1");
  }
  Setting found = search.profile("region");
  if (!found || is_region(found.value)) return found;
  remarks->push_back(found.from + ": " + quote(found.value) + " is not a region and is not used");
  return Setting{};
}

Result<Setting> find_addressing_style(const Search& search) {
  Setting found = search.nested("s3", "addressing_style");
  if (!found || found.value == "auto" || found.value == "virtual" || found.value == "path") return found;
  return fail(TIDEMARK_E_INVALID, found.from + ": " + quote(found.value) +
                                      " is unknown; known: auto, virtual, path. Or give option path_style");
}

void remark_unsupported(const Search& search, std::vector<std::string>* remarks) {
  const auto remark = [&](const Setting& found, const std::string& instead) {
    remarks->push_back(found.from + " = " + quote(found.value) + " is not supported: " + instead);
  };
  const auto is_set = [](const Setting& found, const char* value) { return lower(found.value) == value; };
  if (const Setting found = search.nested("s3", "use_accelerate_endpoint"); is_true(found.value)) {
    remark(found, "the bucket's ordinary endpoint is used");
  }
  if (const Setting found = search.nested("s3", "payload_signing_enabled"); is_set(found, "false")) {
    remark(found, "bodies are signed unless option payload=unsigned is given");
  }
  if (const Setting found = search.nested("s3", "signature_version"); found && !is_set(found, "s3v4")) {
    remark(found, "requests are signed by s3v4");
  }
  Setting legacy = search.either("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "s3_us_east_1_regional_endpoint");
  if (!legacy) legacy = search.nested("s3", "us_east_1_regional_endpoint");
  if (is_set(legacy, "legacy")) remark(legacy, "s3.us-east-1.amazonaws.com is used in us-east-1");
}

}  // namespace

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_';
         });
}

Settings find_settings(const CredentialOptions& options, const Environment& environment) {
  Settings settings;
  Search search(options, environment);
  search.load(&settings.remarks);

  settings.fips =
      search.wanted(options.fips, "use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  settings.sts_dual_stack = search.wanted(options.dual_stack, "use_dualstack_endpoint",
                                          "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
  settings.dual_stack = settings.sts_dual_stack;
  if (const Setting own = search.nested("s3", "use_dualstack_endpoint");
      options.dual_stack.empty() && is_true(own.value)) {
    settings.dual_stack = own;
  }
  settings.ca_bundle = search.either("AWS_CA_BUNDLE", "ca_bundle");
  settings.endpoint_url = search.endpoint_url("AWS_ENDPOINT_URL_S3", "s3");
  settings.sts_endpoint_url = Setting{options.sts_endpoint, "option \"sts_endpoint\""};
  if (options.sts_endpoint.empty()) {
    settings.sts_endpoint_url = search.endpoint_url("AWS_ENDPOINT_URL_STS", "sts");
  }
  settings.addressing_style = find_addressing_style(search);
  remark_unsupported(search, &settings.remarks);

  settings.region = find_region(options, search, &settings.remarks);
  if (!settings.region) return settings;
  bool fips_by_name = false;
  std::string region = plain_region(settings.region->value, &fips_by_name);
  if (fips_by_name) settings.fips = *settings.region;
  settings.region->value = std::move(region);
  return settings;
}

MetadataSettings find_metadata_settings(const CredentialOptions& options, const Environment& environment) {
  Search search(options, environment);
  std::vector<std::string> reported_at_open;
  search.load(&reported_at_open);
  return {search.either("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint"),
          search.either("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode"),
          search.either("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"),
          search.either("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts")};
}

}  // namespace tidemark::sinks::s3

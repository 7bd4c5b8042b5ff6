#include "same_place.h"

#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/printable.h"
#include "text.h"

namespace tidemark::cli {

namespace {

namespace fs = std::filesystem;

struct Place {
  std::string scheme, path, query;  // of s3://bucket/prefix?query the path is "bucket/prefix"
};

Place place_of(const std::string& url) {
  const size_t colon = url.find("://");
  if (colon == std::string::npos) return {};
  const size_t question = std::min(url.find('?', colon), url.size());
  Place place{url.substr(0, colon), percent_decoded(url.substr(colon + 3, question - colon - 3)),
              url.substr(question)};
  while (place.path.size() > 1 && place.path.back() == '/') place.path.pop_back();
  return place;
}

// As the URL or the list has it; what the environment says is the same for both.
std::string endpoint_of(const ArchiveOptions& archive, const Place& place) {
  std::string endpoint;
  const std::string name = "endpoint=";
  for (size_t at = place.query.find(name); at != std::string::npos; at = place.query.find(name, at + 1)) {
    if (at == 0 || (place.query[at - 1] != '?' && place.query[at - 1] != '&')) continue;
    endpoint =
        percent_decoded(place.query.substr(at + name.size(), place.query.find('&', at) - at - name.size()));
  }
  for (const Setting& setting : archive.sink_options) {
    if (setting.key == "endpoint") endpoint = setting.value;
  }
  while (!endpoint.empty() && endpoint.back() == '/') endpoint.pop_back();
  return endpoint;
}

// By what the directories are, whatever leads to them.
bool is_directory_within(const fs::path& inner, const fs::path& outer) {
  std::error_code error;
  for (fs::path at = fs::weakly_canonical(inner, error); !at.empty(); at = at.parent_path()) {
    if (fs::equivalent(at, outer, error) || at == fs::weakly_canonical(outer, error)) return true;
    if (at == at.parent_path()) break;
  }
  return false;
}

bool is_prefix_within(const std::string& inner, const std::string& outer) {
  return inner == outer || (inner.starts_with(outer) && inner[outer.size()] == '/');
}

}  // namespace

std::string directory_of(const std::string& url) {
  const Place place = place_of(url);
  return place.scheme == "file" ? place.path : std::string();
}

std::string same_place_text(const ArchiveOptions& from, const ArchiveOptions& to) {
  const Place source = place_of(from.url), destination = place_of(to.url);
  if (source.scheme != destination.scheme || source.scheme.empty() || source.path.empty()) return {};
  bool inside = false, outside = false;
  if (source.scheme == "file") {
    inside = is_directory_within(destination.path, source.path);
    outside = is_directory_within(source.path, destination.path);
  } else if (endpoint_of(from, source) == endpoint_of(to, destination)) {
    inside = is_prefix_within(destination.path, source.path);
    outside = is_prefix_within(source.path, destination.path);
  }
  if (!inside && !outside) return {};
  const std::string what = inside && outside ? "the destination is the source itself, "
                           : inside          ? "the destination lies within the source, "
                                             : "the source lies within the destination, ";
  return what + printable(printable_url(outside ? from.url : to.url)) + ": name another place to copy to";
}

}  // namespace tidemark::cli

#include "imposter/request.h"

#include <algorithm>

#include "imposter/text.h"

namespace imposter {
namespace {

const std::string* find(const Pairs& pairs, std::string_view name) {
  const auto found =
      std::find_if(pairs.begin(), pairs.end(), [&](const auto& one) { return one.first == name; });
  return found == pairs.end() ? nullptr : &found->second;
}

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 416:
      return "Requested Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Slow Down";
    default:
      return "Other";
  }
}

}  // namespace

const std::string* Request::header(std::string_view name) const { return find(headers, name); }
const std::string* Request::parameter(std::string_view name) const { return find(query, name); }

std::string Request::header_or(std::string_view name, std::string otherwise) const {
  const std::string* value = header(name);
  return value == nullptr ? std::move(otherwise) : *value;
}

bool split_target(Request* request) {
  const std::string_view target = request->target;
  const size_t mark = target.find('?');
  request->raw_path = target.substr(0, mark);
  if (target.empty() || target[0] != '/' || target.find('#') != std::string_view::npos) return false;
  if (!percent_decode(request->raw_path, &request->path)) return false;
  if (mark == std::string_view::npos) return true;
  std::string_view rest = target.substr(mark + 1);
  if (rest.find('+') != std::string_view::npos) return false;  // a space for some, a plus for others
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const size_t equals = one.find('=');
    std::pair<std::string, std::string> pair;
    if (!percent_decode(one.substr(0, equals), &pair.first) || pair.first.empty()) return false;
    if (equals != std::string_view::npos && !percent_decode(one.substr(equals + 1), &pair.second))
      return false;
    request->query.push_back(std::move(pair));
  }
  return true;
}

std::string response_head(const Response& response) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + reason(response.status) + "\r\n";
  for (const auto& [name, value] : response.headers) head += name + ": " + value + "\r\n";
  if (response.has_length) {
    const uint64_t size = response.is_head ? response.head_size : response.body.size();
    head += "Content-Length: " + std::to_string(size) + "\r\n";
  }
  if (response.close) head += "Connection: close\r\n";
  return head + "\r\n";
}

}  // namespace imposter

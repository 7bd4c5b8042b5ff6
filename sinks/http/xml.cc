#include "http/xml.h"

#include <new>
#include <utility>

namespace tidemark::sinks {
namespace {

// A key may be nothing but spaces.
constexpr unsigned kParse = pugi::parse_default | pugi::parse_ws_pcdata_single;

}  // namespace

XmlDocument::XmlDocument(std::string_view text) {
  text = without_blanks(text);
  const pugi::xml_parse_result parsed = tree.load_buffer(text.data(), text.size(), kParse);
  if (parsed.status == pugi::status_out_of_memory) throw std::bad_alloc();
  if (parsed) root = tree.document_element();
}

bool XmlDocument::is(std::string_view name) const { return root && local_name(root) == name; }

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
  for (const pugi::xml_node& one : node.children()) {
    if (one.type() == pugi::node_element && local_name(one) == name) return one;
  }
  return {};
}

std::string_view value(const pugi::xml_node& node, std::string_view name) {
  return child(node, name).child_value();
}

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF", kBlanks = " \t\r\n";
  while (true) {
    if (text.starts_with(kMark)) {
      text.remove_prefix(kMark.size());
    } else if (!text.empty() && kBlanks.find(text.front()) != std::string_view::npos) {
      text.remove_prefix(1);
    } else {
      return text;
    }
  }
}

std::string lower_trimmed(std::string_view text) {
  std::string out;
  for (const char c : without_blanks(text))
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  while (!out.empty() && std::string_view(" \t\r\n").find(out.back()) != std::string_view::npos)
    out.pop_back();
  return out;
}

std::string root_name(std::string_view text) {
  const XmlDocument document(text);
  return document.root ? std::string(local_name(document.root)) : std::string();
}

std::string what_it_is(std::string_view text) {
  text = without_blanks(text);
  if (text.empty()) return "nothing";
  const std::string begin = lower_trimmed(text.substr(0, 64));
  if (begin.starts_with("<!doctype html") || begin.starts_with("<html")) return "an HTML page";
  const std::string root = root_name(text);
  if (!root.empty()) return "<" + root.substr(0, 64) + ">";
  return begin.starts_with("<") ? "incomplete XML" : "text that is not XML";
}

std::string text_of(const pugi::xml_document& document) {
  struct Writer : pugi::xml_writer {
    std::string text;
    void write(const void* data, size_t size) override { text.append(static_cast<const char*>(data), size); }
  } writer;
  document.save(writer, "", pugi::format_raw | pugi::format_no_declaration);
  return std::move(writer.text);
}

}  // namespace tidemark::sinks

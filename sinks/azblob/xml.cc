#include "azblob/xml.h"

#include <algorithm>
#include <iterator>

#include "base/line.h"
#include "common/url.h"
#include "http/answer.h"
#include "http/xml.h"
#include "http/xml_listing.h"

namespace tidemark::sinks::azblob {
namespace {

// Another answer will be the same.
Error not_understood(const std::string& what) {
  return fail(TIDEMARK_E_PERMANENT, "the store's answer is not as Azure has it: " + what);
}

// Names that XML cannot hold are percent-encoded, and say so.
Result<std::string> text_of_name(const pugi::xml_node& node) {
  const std::string_view text = node.child_value();
  std::string name(text);
  if (lower_trimmed(node.attribute("Encoded").value()) == "true" && !percent_decode(text, &name)) {
    return not_understood("the name " + quote(text) + " cannot be decoded");
  }
  return name;
}

Result<std::string> name_of(const pugi::xml_node& item) {
  TM_ASSIGN(std::string name, text_of_name(child(item, "Name")));
  if (name.empty()) return not_understood("a listed blob has no name");
  return name;
}

bool is_directory(const pugi::xml_node& blob, const pugi::xml_node& properties) {
  return lower_trimmed(value(properties, "ResourceType")) == "directory" ||
         lower_trimmed(value(child(blob, "Metadata"), "hdi_isfolder")) == "true";
}

// The only names that Azure lists in another order than that of their bytes. No key has one (name_problem()).
bool is_out_of_order(const std::string& name) {
  return std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xF0; });
}

Status add_blob(const pugi::xml_node& blob, std::vector<ListedObject>* blobs) {
  const pugi::xml_node properties = child(blob, "Properties");
  if (is_directory(blob, properties)) return {};
  ListedObject object;
  TM_ASSIGN(object.key, name_of(blob));
  const std::optional<int64_t> modified_us = parse_http_date_us(value(properties, "Last-Modified"));
  if (!parse_number(value(properties, "Content-Length"), &object.size_bytes) || !modified_us) {
    return not_understood("size or time of " + quote(object.key) + " cannot be read");
  }
  object.modified_us = *modified_us;
  if (!is_out_of_order(object.key)) blobs->push_back(std::move(object));
  return {};
}

// Where the page says of what it is: somebody on the way may have kept an answer to another question. Azure
// may leave out what it was not asked with.
Status check_question(const pugi::xml_node& root, std::string_view container, std::string_view prefix) {
  if (container.empty()) return {};
  const std::string_view of = root.attribute("ContainerName").value();
  if (!of.empty() && of != container) {
    return not_whole_answer("a page of the container " + quote(of) + " where one of " + quote(container) +
                            " was asked for");
  }
  TM_ASSIGN(const std::string said, text_of_name(child(root, "Prefix")));
  if (said.empty() || said == prefix) return {};
  return not_whole_answer("a page of the prefix " + quote(said) + " where one of " + quote(prefix) +
                          " was asked for");
}

}  // namespace

Result<ListPage> parse_list(std::string_view text, std::string_view container, std::string_view prefix) {
  const XmlDocument document(text);
  if (!document.is("EnumerationResults")) {
    return fail(TIDEMARK_E_RETRYABLE, "the answer is not <EnumerationResults> but " + what_it_is(text));
  }
  const pugi::xml_node blobs = child(document.root, "Blobs");
  if (!blobs) return not_understood("the listing is one of something else than blobs");
  TM_TRY(check_question(document.root, container, prefix));
  const pugi::xml_node marker = child(document.root, "NextMarker");  // on the last page, too, and empty there
  if (!marker) return not_whole_answer("it does not say whether more comes (<NextMarker> is not there)");
  for (const pugi::xml_node& part : marker.children()) {
    if (part.type() == pugi::node_element) return not_whole_answer("<NextMarker> is not a text");
  }
  ListPage page;
  std::vector<ListedObject> folders;
  for (const pugi::xml_node& node : blobs.children()) {
    if (local_name(node) == "Blob") {
      TM_TRY(add_blob(node, &page.objects));
    } else if (local_name(node) == "BlobPrefix") {
      ListedObject folder;
      TM_ASSIGN(folder.key, name_of(node));
      if (!is_out_of_order(folder.key)) folders.push_back(std::move(folder));
    }
  }
  // Some put all folders of a page before its blobs. If these are not in order, nor is what it becomes.
  const auto middle = static_cast<ptrdiff_t>(page.objects.size());
  std::move(folders.begin(), folders.end(), std::back_inserter(page.objects));
  std::inplace_merge(page.objects.begin(), page.objects.begin() + middle, page.objects.end(),
                     [](const ListedObject& a, const ListedObject& b) { return a.key < b.key; });
  page.next_token = marker.child_value();
  page.is_truncated = !page.next_token.empty();
  return page;
}

std::string block_list_text(const std::vector<std::string>& ids) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("BlockList");
  for (const std::string& id : ids) root.append_child("Uncommitted").text().set(id.c_str());
  return R"(<?xml version="1.0" encoding="utf-8"?>)" + text_of(document);
}

}  // namespace tidemark::sinks::azblob

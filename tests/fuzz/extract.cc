// Restoring what an enemy wrote: nothing is made outside of the directory, and an entry is there whole or not
// at all. One entry alone (extract) or many from one read (unpacker): what the latter takes both restore
// alike.
#include "tar/extract.h"

#include <filesystem>

#include "fuzz.h"
#include "tar/content_parser.h"
#include "tar/raw_tar.h"
#include "tar/unpacker.h"
#include "temp_dir.h"

using namespace tidemark;
namespace fs = std::filesystem;

namespace {

constexpr Range kRange{1, 2};

std::string name_of(Lsn lsn) {
  const auto text = lsn_text(lsn);
  return {text.data(), text.size()};
}

std::string names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& found : fs::directory_iterator(directory)) names.push_back(found.path().filename());
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  return text;
}

// Around the place where entries go lies what a way out would lead to.
class Place {
 public:
  Place() {
    fs::create_directory(into());
    fs::create_directory(dir_ / "outside");
    test::write_file(dir_ / "outside/file", "untouched");
  }
  std::string into() const { return dir_ / "into"; }
  // Only these entries are there, and outside nothing has changed.
  void check(const std::string& entries) const {
    fuzz::require(names_in(into()) == entries, "an entry is there whole or not at all, and nothing else");
    fuzz::require(names_in(dir_.path()) == "into\noutside\n", "nothing is made outside");
    fuzz::require(names_in(dir_ / "outside") == "file\n", "nothing is made elsewhere");
    fuzz::require(test::read_file(dir_ / "outside/file") == "untouched", "nothing is written elsewhere");
  }
  std::string tree(Lsn lsn) const { return test::describe_tree(into() + "/" + name_of(lsn)); }

 private:
  test::TempDir dir_;
};

bool extract(const std::string& object, Lsn lsn, Place& place) {
  test::StringStream bytes(object, 3'000);
  const std::string into = place.into();
  tar::Extraction wanted{"db", 7, kRange, lsn, into, {}};
  const Status status = tar::extract_entry(bytes, wanted, {});
  place.check(status ? name_of(lsn) + "\n" : "");
  return status.has_value();
}

bool unpack(const std::string& content, Place& place) {
  bool is_right = false;
  {
    auto unpacker = tar::Unpacker::create(place.into(), kRange);
    fuzz::require(unpacker.has_value(), "a place can be made");
    tar::ContentParser parser(kRange, **unpacker);
    Status status = parser.push(fuzz::bytes_of(content));
    if (status) status = parser.finish();
    if (status) status = (*unpacker)->make_durable();
    if (status) status = (*unpacker)->publish();
    is_right = status.has_value();
  }
  place.check(is_right ? name_of(1) + "\n" + name_of(2) + "\n" : "");
  return is_right;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string content = fuzz::as_content(fuzz::text_of(data, size));
  const std::string object = fuzz::as_object(content, kRange);
  Place unpacked;
  const bool is_right = unpack(content, unpacked);
  for (Lsn lsn = kRange.first; lsn <= kRange.last; ++lsn) {
    Place extracted;
    const bool is_restored = extract(object, lsn, extracted);
    if (!is_right) continue;
    fuzz::require(is_restored, "what can be restored together can be restored alone");
    fuzz::require(extracted.tree(lsn) == unpacked.tree(lsn), "both restore the same tree");
  }
  return 0;
}

// A module of one of our ABIs: its library, loaded with dlopen, and its table of functions.
//
// Any thread. Owns the library: nothing of it may be used after the Library is gone.
#ifndef TIDEMARK_COMMON_BASE_MODULE_H
#define TIDEMARK_COMMON_BASE_MODULE_H

#include <tidemark/archiver.h>
#include <tidemark/draft/list_folders.h>
#include <tidemark/sink.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace boost::dll {
class shared_library;
}

namespace tidemark {

class Library {
 public:
  // `flags` besides RTLD_NOW and RTLD_LOCAL. A path without a slash is a file of the working directory.
  //   RETRYABLE    no memory for it
  //   UNSUPPORTED  the linker's words, which name the file
  static Result<Library> load(const std::string& path, int flags = 0);
  const std::string& path() const { return path_; }
  void* symbol(const char* name) const;  // NULL: it does not export it
  void leave_loaded() const;             // until the process ends: some libraries want that

 private:
  struct Close {
    void operator()(boost::dll::shared_library* handle) const;
  };
  using Handle = std::unique_ptr<boost::dll::shared_library, Close>;
  Library(std::string path, Handle handle) : path_(std::move(path)), handle_(std::move(handle)) {}

  std::string path_;
  Handle handle_;
};

// The table of the newest major version that both sides know, with all functions that its first minor version
// has. UNSUPPORTED names the file and what it lacks.
Result<const tidemark_archiver_api*> archiver_table(const Library& library);
Result<const tidemark_sink_api*> sink_table(const Library& library);

// What an open sink offers of draft/list_folders.h; NULL: nothing, or not all of it.
const tidemark_draft_list_folders_api* list_folders_of(const tidemark_sink_api* api, tidemark_sink* sink);

// Where the module or program lies that this code is linked into.
Result<std::string> own_directory();

// The archiver of this installation as seen from the program that runs: beside it, or in ../lib/tidemark.
std::string default_plugin_path();

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_MODULE_H

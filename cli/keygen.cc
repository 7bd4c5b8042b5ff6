#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>

#include "base/fd.h"
#include "base/files.h"
#include "console.h"
#include "format/hex.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

int run_keygen(const KeygenOptions& options) {
  std::array<uint8_t, 32> key{};
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
    return fail_with(errno_error("cannot draw a random number"));
  const std::string text =
      "# A tag key of Tidemark. It decrypts nothing; who has it can tell which archives are equal, and make\n"
      "# some that pass for yours. To change it put the new one before this, and keep this one.\n" +
      hex(key) + "\n";
  const bool to_stdout = options.output == "-";
  UniqueFd file;
  if (!to_stdout) {
    file = UniqueFd(::open(options.output.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return fail_with(errno_error("cannot create " + printable(options.output)));
  }
  const std::string name = to_stdout ? "the standard output" : options.output;
  auto written = write_all(to_stdout ? STDOUT_FILENO : file.get(), text, name);
  if (!written && written.error().sys_errno == EPIPE) return kExitPipe;
  if (!written) return fail_with(written.error());
  if (to_stdout) return kExitOk;
  if (::fsync(file.get()) != 0) return fail_with(errno_error("cannot fsync " + printable(options.output)));
  auto durable = sync_dir(parent_of(options.output));
  return durable ? kExitOk : fail_with(durable.error());
}

}  // namespace tidemark::cli

// What a person is told who looked where nothing of Tidemark is stored: what was looked for and what is there
// instead. An archive that was not mounted, or a name that was mistyped, must not pass for one that is well.
//
// Main thread.
#ifndef TIDEMARK_CLI_NOTHING_H
#define TIDEMARK_CLI_NOTHING_H

#include <string>

#include "options.h"

namespace tidemark::cli {

// "nothing is stored there: looked for main/7 in file:///var/archive; there is main/1, main/2". Lists some of
// the archive to find out. `part`, if it is not empty, is what of it was looked for, as "LSN 9 and after".
std::string nothing_text(Archive& archive, const CommonOptions& options, const std::string& part, Stop& stop);

// Prints it and gives the exit code.
int tell_nothing(Archive& archive, const CommonOptions& options, const std::string& part, Stop& stop);

// What a key that is not of Tidemark shows about the URL; empty: nothing.
std::string wrong_level_text(const std::string& key);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_NOTHING_H

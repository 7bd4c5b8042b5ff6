// Bodies as an archiver puts them that compresses and encrypts: read from what encodes them, the large ones a
// second time; and what is stored turned back, if all of it is there.
//
// Any thread.
#ifndef TIDEMARK_TESTS_FILE_CODED_PUT_H
#define TIDEMARK_TESTS_FILE_CODED_PUT_H

#include <optional>
#include <string>

#include "file/file_sink.h"
#include "format/object_name.h"

namespace tidemark::sinks::file {

Status put_coded(FileSink& sink, const std::string& key, const std::string& body, Coding coding,
                 uint32_t flags);
// Nothing: it is not the whole of something that put_coded() puts.
std::optional<std::string> decoded(const std::string& stored, Coding coding);

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_TESTS_FILE_CODED_PUT_H

#include "base/module.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/temp_dir.h"

namespace tidemark {
namespace {

class ModuleTest : public test::CommonTempDir {};

TEST_F(ModuleTest, TheTableOfEitherAbi) {
  const auto plugin = Library::load(TIDEMARK_TEST_MODULES "/tidemark.so");
  ASSERT_TRUE(plugin) << plugin.error().message;
  const auto archiver = archiver_table(*plugin);
  ASSERT_TRUE(archiver) << archiver.error().message;
  EXPECT_EQ((*archiver)->abi_major, static_cast<uint32_t>(TIDEMARK_ARCHIVER_ABI_MAJOR));

  const auto sink = Library::load(TIDEMARK_TEST_MODULES "/tidemark-sink-file.so");
  ASSERT_TRUE(sink) << sink.error().message;
  const auto table = sink_table(*sink);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_STREQ((*table)->name, "file");

  const auto wrong = sink_table(*plugin);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().status, TIDEMARK_E_UNSUPPORTED);
  EXPECT_EQ(wrong.error().message, TIDEMARK_TEST_MODULES
            "/tidemark.so is not a module of the sink ABI: it does not export tidemark_sink_entry");
}

TEST_F(ModuleTest, WhatIsNotALibraryIsNamed) {
  std::ofstream(dir_ + "/text.so") << "text";
  for (const std::string& path : {dir_ + "/text.so", dir_ + "/none.so", dir_}) {
    const auto library = Library::load(path);
    ASSERT_FALSE(library);
    EXPECT_EQ(library.error().status, TIDEMARK_E_UNSUPPORTED);
    EXPECT_NE(library.error().message.find(path), std::string::npos) << library.error().message;
  }
}

TEST_F(ModuleTest, ANameWithoutASlashIsNotLookedUpInTheSystem) { EXPECT_FALSE(Library::load("libc.so.6")); }

TEST_F(ModuleTest, KnowsWhereItLies) {
  const auto own = own_directory();
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_TRUE(
      std::filesystem::equivalent(*own, std::filesystem::read_symlink("/proc/self/exe").parent_path()));
}

}  // namespace
}  // namespace tidemark

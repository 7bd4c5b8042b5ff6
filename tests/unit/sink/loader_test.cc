#include "sink/loader.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "sink/fake_table.h"
#include "temp_dir.h"

namespace tidemark::sink {
namespace {

using test::scripted;

TEST(SchemeOf, TakesWhatAUrlBeginsWith) {
  for (const auto& [url, scheme] :
       std::initializer_list<std::pair<const char*, const char*>>{{"file:///x", "file"},
                                                                  {"s3://bucket/p?a=b:c", "s3"},
                                                                  {"faulty:?of=x", "faulty"},
                                                                  {"a+b-9:", "a+b-9"}}) {
    const auto result = scheme_of(url);
    ASSERT_TRUE(result) << url;
    EXPECT_EQ(*result, scheme);
  }
  EXPECT_TRUE(scheme_of(std::string(32, 'a') + ":"));
}

TEST(SchemeOf, RefusesWhatCouldLeadElsewhere) {
  const std::string bad[] = {"",
                             ":",
                             "/tmp/x",
                             "nothing",
                             "3s://x",
                             "FILE:///x",
                             "../x://",
                             "a/b:",
                             "a.b:x",
                             "a b:x",
                             "+a:",
                             "-a:",
                             "\xC3\xA4:",
                             std::string("a\0:", 3),
                             std::string(33, 'a') + ":"};
  for (const std::string& url : bad) {
    const auto result = scheme_of(url);
    ASSERT_FALSE(result) << url;
    EXPECT_EQ(result.error().status, TIDEMARK_E_INVALID);
    EXPECT_NE(result.error().message.find("scheme"), std::string::npos) << result.error().message;
  }
}

TEST(SchemeOf, ItsMessageHidesSecrets) {
  for (const char* url : {"S3://key:hunter2@bucket/p?token=hunter3", "S3://key:hunter/2@bucket",
                          "//u:hunter2@h", "KEY:hunter2@b", "S3://u%3Ahunter2%40b", "S3://u:hunter?2@b"}) {
    const auto result = scheme_of(url);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message.find("hunter"), std::string::npos) << result.error().message;
  }
}

// ---- open_sink ----------------------------------------------------------------------------------

class OpenSinkTest : public ::testing::Test {
 protected:
  // The loader finds the library loaded already, with the table as the test has filled it in.
  OpenSinkTest() : library_(dlopen(TIDEMARK_TEST_BLANK_SINK, RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) throw std::runtime_error(dlerror());
    const auto entry = reinterpret_cast<tidemark_sink_entry_fn>(dlsym(library_, TIDEMARK_SINK_ENTRY_NAME));
    table_ = const_cast<tidemark_sink_api*>(entry(0));
    *table_ = test::fake_table();
    scripted = test::ScriptedTable();
  }
  ~OpenSinkTest() override {
    EXPECT_EQ(scripted.open, 0);
    dlclose(library_);
  }

  Result<std::shared_ptr<Sink>> open(std::string_view url = "blank:///somewhere",
                                     std::vector<config::Option> options = {{"library",
                                                                             TIDEMARK_TEST_BLANK_SINK}},
                                     const std::string& sink_dir = "", const tidemark_call* call = nullptr) {
    return open_sink(url, options, sink_dir, log_, terms_, call);
  }
  static void expect_error(const Result<std::shared_ptr<Sink>>& result, tidemark_status status,
                           std::initializer_list<std::string> words) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().status, status) << result.error().message;
    for (const std::string& word : words) {
      EXPECT_NE(result.error().message.find(word), std::string::npos)
          << "'" << result.error().message << "' does not say '" << word << "'";
    }
  }

  void* library_;
  tidemark_sink_api* table_ = nullptr;
  std::vector<std::string> lines_;
  log::Log log_{[](void* ctx, int32_t level, tidemark_str component, tidemark_str message) {
                  static_cast<std::vector<std::string>*>(ctx)->push_back(std::to_string(level) + " " +
                                                                         std::string(view(component)) + ": " +
                                                                         std::string(view(message)));
                },
                &lines_, TIDEMARK_LOG_INFO};
  HostTerms terms_;
  test::TempDir dir_;
};

TEST_F(OpenSinkTest, OpensAndCloses) {
  {
    const auto sink = open();
    ASSERT_TRUE(sink) << sink.error().message;
    EXPECT_EQ(scripted.open, 1);
    EXPECT_TRUE((*sink)->remove("k", nullptr));
  }
  EXPECT_EQ(scripted.calls, (std::vector<std::string>{"open", "remove k", "close"}));
}

TEST_F(OpenSinkTest, OptionsGoToTheSinkButForTheLibrary) {
  const tidemark_call call = {sizeof call, 9, nullptr, nullptr};
  const auto sink =
      open("blank://host/path?a=b",
           {{"region", "x"}, {"library", TIDEMARK_TEST_BLANK_SINK}, {"token", "y", true}}, "", &call);
  ASSERT_TRUE(sink) << sink.error().message;
  EXPECT_EQ(scripted.url, "blank://host/path?a=b");
  EXPECT_EQ(scripted.options, (std::map<std::string, std::string>{{"region", "x"}, {"token", "y"}}));
  EXPECT_EQ(scripted.secrets, (std::vector<std::string>{"token"}));
  EXPECT_EQ(scripted.call, &call);
}

TEST_F(OpenSinkTest, TheSchemeNamesTheLibraryInSinkDir) {
  const std::filesystem::path blank = TIDEMARK_TEST_BLANK_SINK;
  const auto sink = open("blank:///x", {}, blank.parent_path().string());
  EXPECT_TRUE(sink) << sink.error().message;
}

TEST_F(OpenSinkTest, TheSinkLogsUnderItsName) {
  const auto sink = open();
  ASSERT_TRUE(sink);
  const std::string text = "disk is {} slow";
  scripted.host.log(scripted.host.ctx, TIDEMARK_LOG_WARN, abi_str(text));
  scripted.host.log(scripted.host.ctx, TIDEMARK_LOG_DEBUG, abi_str(text));
  EXPECT_EQ(lines_, (std::vector<std::string>{"2 sink-blank: disk is {} slow"}));
}

TEST_F(OpenSinkTest, WhatOpenSaysComesBackWithTheUrl) {
  scripted.status = TIDEMARK_E_PERMANENT;
  scripted.message = "access denied";
  expect_error(open("blank://me:hunter2@host/dir?token=hunter3"), TIDEMARK_E_PERMANENT,
               {"open blank://host/dir: access denied"});
}

TEST_F(OpenSinkTest, NoSuchLibrary) {
  expect_error(open("nosuch:///", {}, dir_.path().string()), TIDEMARK_E_NOT_FOUND,
               {"'nosuch'", dir_ / "tidemark-sink-nosuch.so", "sink_dir"});
  expect_error(open("blank:///", {{"library", dir_ / "nowhere.so"}}), TIDEMARK_E_NOT_FOUND,
               {dir_ / "nowhere.so"});
}

TEST_F(OpenSinkTest, TheLibraryIsAnAbsolutePath) {
  for (const char* bad : {"", "lib.so", "./lib.so"}) {
    expect_error(open("blank:///", {{"library", bad}}), TIDEMARK_E_INVALID, {"option library", "absolute"});
  }
}

TEST_F(OpenSinkTest, NotALibrary) {
  test::write_file(dir_ / "text.so", "this is no library");
  expect_error(open("blank:///", {{"library", dir_ / "text.so"}}), TIDEMARK_E_UNSUPPORTED,
               {dir_ / "text.so"});
  test::write_file(dir_ / "empty.so", "");
  expect_error(open("blank:///", {{"library", dir_ / "empty.so"}}), TIDEMARK_E_UNSUPPORTED,
               {dir_ / "empty.so"});
  expect_error(open("blank:///", {{"library", dir_.path().string()}}), TIDEMARK_E_UNSUPPORTED,
               {dir_.path().string()});
}

// The archiver itself, by mistake.
TEST_F(OpenSinkTest, ALibraryThatIsNoSink) {
  const std::string plugin = TIDEMARK_TEST_MODULES "/tidemark.so";
  expect_error(open("blank:///", {{"library", plugin}}), TIDEMARK_E_UNSUPPORTED,
               {plugin, "does not export", TIDEMARK_SINK_ENTRY_NAME});
}

TEST_F(OpenSinkTest, ASinkOfAnotherMajor) {
  table_->abi_major = 7;
  expect_error(open(), TIDEMARK_E_UNSUPPORTED, {TIDEMARK_TEST_BLANK_SINK, "does not speak version"});
}

TEST_F(OpenSinkTest, AMissingFunctionIsNamed) {
  const auto lacks = [&](const char* name) {
    expect_error(open(), TIDEMARK_E_UNSUPPORTED,
                 {TIDEMARK_TEST_BLANK_SINK, std::string("no function ") + name});
    *table_ = test::fake_table();
  };
  table_->open = nullptr, lacks("open");
  table_->close = nullptr, lacks("close");
  table_->put = nullptr, lacks("put");
  table_->head = nullptr, lacks("head");
  table_->get = nullptr, lacks("get");
  table_->list = nullptr, lacks("list");
  table_->remove = nullptr, lacks("remove");
  table_->struct_size = offsetof(tidemark_sink_api, remove), lacks("remove");
  table_->struct_size = offsetof(tidemark_sink_api, put) + 1, lacks("put");
  table_->struct_size = 0, lacks("open");
  EXPECT_TRUE(scripted.calls.empty());
}

TEST_F(OpenSinkTest, ExtensionsAreOptional) {
  table_->get_extension = nullptr;
  table_->struct_size = offsetof(tidemark_sink_api, get_extension);
  EXPECT_TRUE(open());
}

TEST_F(OpenSinkTest, TheSinkIsToldWhatItMayDo) {
  {
    const auto sink = open();
    ASSERT_TRUE(sink);
    EXPECT_EQ(scripted.host.flags, 0u);
  }
  terms_ = {65536, true};
  const auto sink = open();
  ASSERT_TRUE(sink);
  EXPECT_EQ(scripted.host.put_buffer_bytes, 65536u);
  EXPECT_EQ(scripted.host.flags, TIDEMARK_OPEN_READ_ONLY);
}

TEST_F(OpenSinkTest, OpenThatGivesNoSink) {
  scripted.gives_sink = false;
  expect_error(open(), TIDEMARK_E_UNSUPPORTED, {TIDEMARK_TEST_BLANK_SINK, "no sink"});
}

TEST_F(OpenSinkTest, TheRealFileSink) {
  const auto sink = open("file://" + dir_ / "archive", {}, TIDEMARK_TEST_MODULES);
  ASSERT_TRUE(sink) << sink.error().message;
  const auto head = (*sink)->head("a/b", nullptr);
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().status, TIDEMARK_E_NOT_FOUND);
}

}  // namespace
}  // namespace tidemark::sink

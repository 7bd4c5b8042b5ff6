#include "common/source.h"

#include <thread>

#include "fixture.h"

namespace tidemark::sinks {
namespace {

std::string pull(const tidemark_source* raw, BufferPool& pool, Status* status) {
  const Call call(nullptr, nullptr);
  std::string out;
  *status = Source(raw, call).for_each_piece(pool, [&](const char* data, size_t size) -> Status {
    EXPECT_LE(size, pool.buffer_bytes());
    out.append(data, size);
    return {};
  });
  return out;
}

TEST(Source, DeliversFromReadAndFromMemory) {
  BufferPool pool;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{16384}, size_t{16385}, size_t{3} << 20}) {
    const std::string bytes(size, 'b');
    TestSource source{bytes, 70'000};
    Status status;
    EXPECT_TRUE(pull(source.get(), pool, &status) == bytes);
    EXPECT_TRUE(status);
    tidemark_source memory = {
        sizeof memory, 0, size, nullptr, nullptr, nullptr, reinterpret_cast<const uint8_t*>(bytes.data()),
        nullptr};
    EXPECT_TRUE(Source::check(&memory));
    EXPECT_TRUE(pull(&memory, pool, &status) == bytes);
    EXPECT_TRUE(status);
  }
}

TEST(Source, ThatClaimsMoreThanItWasAskedFor) {
  BufferPool pool;
  tidemark_source liar = {
      sizeof liar,
      0,
      100,
      nullptr,
      nullptr,
      [](void*, uint64_t, void*, size_t size, size_t* out, tidemark_error*) -> tidemark_status {
        *out = size + 1;
        return TIDEMARK_OK;
      },
      nullptr,
      nullptr};
  Status status;
  pull(&liar, pool, &status);
  EXPECT_EQ(status_of(status), TIDEMARK_E_CORRUPT);
}

TEST(Source, ThatCanDeliverNothing) {
  EXPECT_EQ(status_of(Source::check(nullptr)), TIDEMARK_E_INVALID);
  tidemark_source empty = {sizeof empty, 0, 1, nullptr, nullptr, nullptr, nullptr, nullptr};
  EXPECT_EQ(status_of(Source::check(&empty)), TIDEMARK_E_INVALID);
  empty.size_bytes = 0;
  EXPECT_TRUE(Source::check(&empty));
  empty.struct_size = 8;
  EXPECT_EQ(status_of(Source::check(&empty)), TIDEMARK_E_INVALID);
}

TEST(BufferPool, BuffersAreNoLargerThanAPutMayHold) {
  EXPECT_EQ(BufferPool().buffer_bytes(), BufferPool::kBufferSize);
  EXPECT_EQ(BufferPool(1 << 30).buffer_bytes(), BufferPool::kBufferSize);
  EXPECT_EQ(BufferPool(100'000).buffer_bytes(), 98'304U);  // whole pages
  EXPECT_EQ(BufferPool(1).buffer_bytes(), 4096U);
  BufferPool pool(65'536);
  const std::string bytes(200'000, 'b');
  TestSource source{bytes, 100'000};
  Status status;
  EXPECT_TRUE(pull(source.get(), pool, &status) == bytes);
}

TEST(BufferPool, LendsEachBufferOnce) {
  BufferPool pool;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&pool, t] {
      for (int i = 0; i < 200; ++i) {
        const BufferPool::Lease a(pool), b(pool);
        ASSERT_NE(a.data(), b.data());
        a.data()[0] = static_cast<char>(t);
        b.data()[0] = static_cast<char>(t);
        std::this_thread::yield();
        ASSERT_EQ(a.data()[0], t);
        ASSERT_EQ(b.data()[0], t);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::unique_ptr<BufferPool::Lease>> more_than_it_keeps;
  for (int i = 0; i < 40; ++i) more_than_it_keeps.push_back(std::make_unique<BufferPool::Lease>(pool));
}

}  // namespace
}  // namespace tidemark::sinks

// What a test does less of where sanitizers make it ten times as slow.
#ifndef TIDEMARK_TESTS_UNIT_INSTRUMENTED_H
#define TIDEMARK_TESTS_UNIT_INSTRUMENTED_H

namespace tidemark::test {

#ifdef TIDEMARK_TEST_SANITIZED
inline constexpr bool kIsInstrumented = true;
#else
inline constexpr bool kIsInstrumented = false;
#endif

// Rounds of what is drawn by dice.
constexpr int rounds(int count) { return kIsInstrumented ? count / 10 : count; }

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_INSTRUMENTED_H

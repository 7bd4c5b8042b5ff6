// Stands between a test's program and the kernel: the n-th call of a kind from now on fails with an errno and
// does nothing; all others are the real ones. For programs of their own, linked with kernel_faults.cc. One
// thread.
#ifndef TIDEMARK_TESTS_UNIT_KERNEL_FAULTS_H
#define TIDEMARK_TESTS_UNIT_KERNEL_FAULTS_H

#include <functional>
#include <string>
#include <vector>

namespace tidemark::test {

// The calls that can fail: "openat", "fsync", …
const std::vector<std::string>& kernel_calls();

void fail_call(const std::string& call, int number, int sys_errno);  // besides those that are set already
void end_faults();                                                   // all are real again

// Runs `body` with each of its calls to the kernel failing once, of many alike some. It gets what to say
// where it does not hold, and may end the faults before it looks.
void with_each_call_failing(int sys_errno, const std::function<void(const std::string& which)>& body);

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_KERNEL_FAULTS_H

// What AddressSanitizer is told by each fuzzer, unless its environment says otherwise.

// Looked up by this name. That a variable is defined in two libraries is meant here: what is under test was
// compiled once more, and of the two the first is linked.
extern "C" const char* __asan_default_options() {  // NOLINT(bugprone-reserved-identifier)
  return "detect_odr_violation=0";
}
